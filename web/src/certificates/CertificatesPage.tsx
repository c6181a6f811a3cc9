import { CloseOutline, Copy, Information, Unlocked } from '@carbon/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Certificate } from '../api/types';
import { useLive } from '../live/live';
import { useRight } from '../session/me';
import { useProfileChoice } from '../session/profile';
import { announce } from '../ui/announce';
import { copyText } from '../ui/copy';
import { EmptyState } from '../ui/EmptyState';
import { ListFrame } from '../ui/table/ListFrame';
import { TableTools } from '../ui/table/TableTools';
import type { RowAction } from '../ui/table/types';
import { useShownColumns } from '../ui/table/useShownColumns';
import { useTitle } from '../ui/useTitle';
import { CertificateFilters } from './CertificateFilters';
import { certificateColumns } from './columns';
import {
	certificatesParams,
	certificatesQuery,
	countMatching,
	defaultLimit,
	revocationFilter,
} from './queries';
import { ReleaseDialog } from './ReleaseDialog';
import { RevokeListDialog } from './RevokeListDialog';
import { type Matching, RevokeMatchingDialog } from './RevokeMatchingDialog';
import { RevokeSerialsDialog } from './RevokeSerialsDialog';
import { SelectionBar } from './SelectionBar';
import { SerialListDialog } from './SerialListDialog';
import { type CertificatesSearch, certificateSorts } from './search';
import { useSelection } from './useSelection';

const route = getRouteApi('/session/app/certificates');
const rowId = (certificate: Certificate) => certificate.serial_number;
const rowName = (certificate: Certificate) => certificate.name;
const held = (certificate: Certificate) =>
	certificate.status === 'revoked' && certificate.revocation_reason === 'certificate_hold';
const revocable = (certificate: Certificate) => certificate.status === 'issued';

export function CertificatesPage() {
	const { t } = useTranslation();
	useTitle(t('certificates.title'));
	const search = route.useSearch();
	const navigate = route.useNavigate();
	const [profile] = useProfileChoice();
	const mayRevoke = useRight('revoke');
	const down = useLive() === 'down';
	const query = useQuery(certificatesQuery(search, profile?.id));
	const selection = useSelection();
	const [revoking, setRevoking] = useState<string[]>();
	const [matching, setMatching] = useState<Matching>();
	const [revokingAll, setRevokingAll] = useState(false);
	const [releasing, setReleasing] = useState<string>();
	const [listRevoking, setListRevoking] = useState(false);
	const [listing, setListing] = useState(false);
	const columns = useMemo(() => certificateColumns(t), [t]);
	const shown = useShownColumns('certificates', columns);
	const total = query.data?.total;

	const change = useCallback(
		(next: Partial<CertificatesSearch>) => {
			setMatching(undefined);
			void navigate({
				search: (now) => ({ ...now, cursor: undefined, page: undefined, ...next }),
				replace: true,
			});
		},
		[navigate],
	);

	const actions = useMemo<RowAction<Certificate>[]>(
		() => [
			{
				key: 'details',
				label: t('certificates.details'),
				icon: Information,
				shown: () => true,
				run: ({ serial_number }) =>
					void navigate({ to: '/certificates/$serial', params: { serial: serial_number } }),
			},
			{
				key: 'copy',
				label: t('certificates.copySerial'),
				icon: Copy,
				shown: () => true,
				run: ({ serial_number }) => void copyText(t, serial_number),
			},
			{
				key: 'revoke',
				label: t('certificates.revoke'),
				icon: CloseOutline,
				tone: 'danger',
				shown: (certificate) => mayRevoke && revocable(certificate),
				run: ({ serial_number }) => setRevoking([serial_number]),
				disabled: down,
			},
			{
				key: 'release',
				label: t('revoke.release'),
				icon: Unlocked,
				shown: (certificate) => mayRevoke && held(certificate),
				run: ({ serial_number }) => setReleasing(serial_number),
				disabled: down,
			},
		],
		[t, navigate, mayRevoke, down],
	);

	const filtered = [
		search.batch,
		search.name,
		search.subject,
		search.serial,
		search.status,
		search.from,
		search.to,
		search.current,
	].some((value) => value !== undefined);

	return (
		<div className="page page--list">
			<h1>{t('certificates.title')}</h1>
			<ListFrame
				label={t('certificates.table')}
				query={query}
				columns={shown}
				rowId={rowId}
				rowName={rowName}
				actions={actions}
				sort={search.sort ?? '-created_at'}
				onSort={(sort) => change({ sort: certificateSorts.find((one) => one === sort) })}
				selection={mayRevoke ? selection : undefined}
				selectable={revocable}
				selectLabel={t('certificates.select')}
				selectAllLabel={t('certificates.selectPage')}
				filters={
					<CertificateFilters
						search={search}
						onChange={change}
						hasProfile={profile !== undefined}
					/>
				}
				selectionBar={
					(matching || selection.selected.size > 0) && (
						<SelectionBar
							count={matching?.count ?? selection.selected.size}
							all={matching !== undefined}
							matching={query.data?.next_cursor || (search.page ?? 1) > 1 ? total : undefined}
							onSelectAll={async () => {
								const filter = revocationFilter(search, profile?.id);
								const count = await countMatching(filter);
								setMatching({ filter, count });
								announce(t('certificates.selectedAll', { count }));
							}}
							onRevoke={() =>
								matching ? setRevokingAll(true) : setRevoking([...selection.selected])
							}
							onClear={() => {
								setMatching(undefined);
								selection.clear();
							}}
						/>
					)
				}
				tools={
					<>
						{mayRevoke && (
							<>
								<button type="button" className="tool" onClick={() => setListing(true)}>
									{t('certificates.byList')}
								</button>
								<button type="button" className="tool" onClick={() => setListRevoking(true)}>
									{t('revoke.listButton')}
								</button>
							</>
						)}
						<TableTools
							table="certificates"
							columns={columns}
							fetchPage={(cursor, limit) =>
								got(
									api.GET('/certificates', {
										params: {
											query: { ...certificatesParams(search, profile?.id), cursor, limit },
										},
									}),
								)
							}
						/>
					</>
				}
				filtered={filtered}
				onClear={() => void navigate({ search: {}, replace: true })}
				empty={
					<EmptyState title={t('certificates.empty')}>{t('certificates.emptyText')}</EmptyState>
				}
				search={search}
				limit={search.limit ?? defaultLimit}
				onPage={(next) => void navigate({ search: (now) => ({ ...now, ...next }) })}
			/>
			{revoking && (
				<RevokeSerialsDialog
					serials={revoking}
					onDone={selection.clear}
					onClose={() => setRevoking(undefined)}
				/>
			)}
			{revokingAll && matching && (
				<RevokeMatchingDialog
					matching={matching}
					onDone={() => {
						setMatching(undefined);
						selection.clear();
					}}
					onClose={() => setRevokingAll(false)}
				/>
			)}
			{releasing && <ReleaseDialog serial={releasing} onClose={() => setReleasing(undefined)} />}
			{listRevoking && <RevokeListDialog onClose={() => setListRevoking(false)} />}
			{listing && (
				<SerialListDialog
					onSelect={(serials) => selection.toggle(serials, true)}
					onClose={() => setListing(false)}
				/>
			)}
		</div>
	);
}
