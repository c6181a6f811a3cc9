import { Button } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { QuotaEntry } from '../api/types';
import { formatNumber, formatTime } from '../lib/format';
import { profileQuery } from '../profiles/queries';
import { useRight } from '../session/me';
import { BackLink } from '../ui/BackLink';
import { EmptyState } from '../ui/EmptyState';
import { ListFrame } from '../ui/table/ListFrame';
import type { Column } from '../ui/table/types';
import { useTitle } from '../ui/useTitle';
import { defaultLimit, ledgerQuery } from './queries';
import { TopUpDialog } from './TopUpDialog';

const route = getRouteApi('/session/app/admin/organizations/$organizationId/quota/$profileId');
const rowId = (entry: QuotaEntry) => String(entry.id);

function signed(value: number): string {
	if (value === 0) return '';
	return value > 0 ? `+${formatNumber(value)}` : formatNumber(value);
}

function ledgerColumns(t: TFunction): Column<QuotaEntry>[] {
	const figure = (key: 'allocated' | 'ordered' | 'issued'): Column<QuotaEntry> => ({
		key,
		title: t(`admin.${key}`),
		className: 'number',
		cell: (entry) => signed(entry[key]),
	});
	return [
		{
			key: 'time',
			title: t('admin.time'),
			className: 'nowrap',
			cell: (entry) => formatTime(entry.time),
		},
		{ key: 'kind', title: t('admin.kind'), cell: (entry) => t(`admin.kinds.${entry.kind}`) },
		figure('allocated'),
		figure('ordered'),
		figure('issued'),
		{
			key: 'batch',
			title: t('admin.batch'),
			cell: (entry, tabIndex) =>
				entry.batch_id && (
					<Link
						to="/batches/$batchId"
						params={{ batchId: String(entry.batch_id) }}
						tabIndex={tabIndex}
					>
						{entry.batch_id}
					</Link>
				),
		},
		{ key: 'reason', title: t('admin.reason'), className: 'wrap', cell: (entry) => entry.reason },
		{ key: 'by', title: t('admin.by'), cell: (entry) => entry.user },
	];
}

/** Every change of a quota, with who made it and why. */
export function LedgerPage() {
	const { t } = useTranslation();
	const { organizationId, profileId } = route.useParams();
	const search = route.useSearch();
	const navigate = route.useNavigate();
	const operates = useRight('operate');
	const [topping, setTopping] = useState(false);
	const { data: profile } = useQuery(profileQuery(Number(profileId)));
	const query = useQuery(ledgerQuery(Number(organizationId), Number(profileId), search));
	const columns = useMemo(() => ledgerColumns(t), [t]);
	const name = profile?.name ?? profileId;
	const title = t('admin.ledgerTitle', { profile: name });
	useTitle(title);
	return (
		<>
			<BackLink to={`/admin/organizations/${organizationId}`}>
				{t('admin.backOrganization')}
			</BackLink>
			<div className="page__head">
				<h1>{title}</h1>
				{operates && (
					<Button size="md" onClick={() => setTopping(true)}>
						{t('admin.topUp')}
					</Button>
				)}
			</div>
			<ListFrame
				label={title}
				query={query}
				columns={columns}
				rowId={rowId}
				rowName={rowId}
				filtered={false}
				empty={<EmptyState title={t('admin.ledgerEmpty')}>{t('admin.ledgerEmptyText')}</EmptyState>}
				search={search}
				limit={search.limit ?? defaultLimit}
				onPage={(next) => void navigate({ search: (now) => ({ ...now, ...next }) })}
			/>
			{topping && (
				<TopUpDialog
					organizationId={Number(organizationId)}
					profile={{ id: Number(profileId), name }}
					onClose={() => setTopping(false)}
				/>
			)}
		</>
	);
}
