import { Export, Information } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { apiBase } from '../api/client';
import type { AuditEntry } from '../api/types';
import { formatTime } from '../lib/format';
import { searchWrite } from '../lib/search';
import { useMe } from '../session/me';
import { Dialog } from '../ui/Dialog';
import { EmptyState } from '../ui/EmptyState';
import { Fact, Facts } from '../ui/Facts';
import { FilterText } from '../ui/FilterText';
import type { Column, RowAction } from '../ui/table/types';
import { AdminList } from './AdminList';
import { auditParams, auditQuery } from './queries';
import type { AuditSearch } from './search';

const route = getRouteApi('/session/app/admin/audit');
const rowId = (entry: AuditEntry) => entry.id;
const rowName = (entry: AuditEntry) => `${entry.action} ${entry.object}`;

function auditColumns(t: TFunction, instance: boolean): Column<AuditEntry>[] {
	const organization: Column<AuditEntry> = {
		key: 'organization',
		title: t('admin.organization'),
		className: 'clip',
		cell: (entry) => entry.organization?.name ?? t('admin.instance'),
	};
	return [
		{
			key: 'time',
			title: t('admin.time'),
			className: 'nowrap',
			cell: (entry) => formatTime(entry.time),
		},
		{ key: 'user', title: t('admin.user'), className: 'nowrap', cell: (entry) => entry.user },
		{ key: 'action', title: t('admin.action'), className: 'mono', cell: (entry) => entry.action },
		{ key: 'object', title: t('admin.object'), className: 'clip', cell: (entry) => entry.object },
		...(instance ? [organization] : []),
		{
			key: 'address',
			title: t('admin.address'),
			className: 'mono',
			cell: (entry) => entry.address,
		},
	];
}

/** Who did what, when and from where. */
export function AuditPage() {
	const { t } = useTranslation();
	const search = route.useSearch();
	const navigate = route.useNavigate();
	const query = useQuery(auditQuery(search));
	const [shown, setShown] = useState<AuditEntry>();
	const instance = useMe().organization === null;
	const columns = useMemo(() => auditColumns(t, instance), [t, instance]);
	const actions = useMemo<RowAction<AuditEntry>[]>(
		() => [
			{
				key: 'details',
				label: t('admin.details'),
				icon: Information,
				shown: () => true,
				run: setShown,
			},
		],
		[t],
	);
	const change = (next: Partial<AuditSearch>) =>
		void navigate({
			search: (now) => ({ ...now, cursor: undefined, page: undefined, ...next }),
			replace: true,
		});
	const field = (key: 'user' | 'action' | 'object') => (
		<FilterText
			search={key === 'user'}
			label={t(`admin.${key}`)}
			placeholder={key === 'action' ? t('admin.actionHint') : undefined}
			value={search[key] ?? ''}
			onChange={(text) => change({ [key]: text || undefined })}
		/>
	);

	return (
		<AdminList
			title={t('admin.audit')}
			query={query}
			columns={columns}
			rowId={rowId}
			rowName={rowName}
			actions={actions}
			filters={
				<>
					{field('user')}
					{field('action')}
					{field('object')}
					<FilterText
						label={t('admin.fromDate')}
						type="date"
						value={search.from ?? ''}
						onChange={(text) => change({ from: text || undefined })}
					/>
					<FilterText
						label={t('admin.toDate')}
						type="date"
						value={search.to ?? ''}
						onChange={(text) => change({ to: text || undefined })}
					/>
				</>
			}
			tools={
				<a
					className="tool"
					href={`${apiBase}/audit.csv${searchWrite(auditParams(search))}`}
					download
				>
					{t('admin.exportAll')}
					<Export size={16} />
				</a>
			}
			filtered={Object.values(auditParams(search)).some((value) => value !== undefined)}
			onClear={() => void navigate({ search: {}, replace: true })}
			empty={<EmptyState title={t('admin.auditEmpty')}>{t('admin.auditEmptyText')}</EmptyState>}
			search={search}
			onPage={(next) => void navigate({ search: (now) => ({ ...now, ...next }) })}
		>
			{shown && <EntryDialog entry={shown} onClose={() => setShown(undefined)} />}
		</AdminList>
	);
}

function EntryDialog({ entry, onClose }: { entry: AuditEntry; onClose: () => void }) {
	const { t } = useTranslation();
	return (
		<Dialog
			title={t('admin.entry')}
			label={`${entry.action} · ${entry.object}`}
			onClose={onClose}
			footer={<Button onClick={onClose}>{t('common.close')}</Button>}
		>
			<Facts>
				<Fact name={t('admin.seq')}>{entry.seq ?? t('admin.unsealed')}</Fact>
				<Fact name={t('admin.time')}>{formatTime(entry.time)}</Fact>
				<Fact name={t('admin.user')}>{entry.user}</Fact>
				<Fact name={t('admin.address')}>
					<code>{entry.address}</code>
				</Fact>
				<Fact name={t('admin.organization')}>
					{entry.organization?.name ?? t('admin.instance')}
				</Fact>
				<Fact name={t('common.requestId')}>
					<code>{entry.request_id}</code>
				</Fact>
				{Object.entries(entry.detail).map(([name, value]) => (
					<Fact key={name} name={name}>
						<code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
					</Fact>
				))}
			</Facts>
		</Dialog>
	);
}
