import { Add, AddAlt, List, SubtractAlt } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Organization, QuotaLine } from '../api/types';
import { formatDate, formatNumber } from '../lib/format';
import { useRight } from '../session/me';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { EmptyState } from '../ui/EmptyState';
import { notify } from '../ui/notices';
import { ListFrame } from '../ui/table/ListFrame';
import type { Column, RowAction } from '../ui/table/types';
import { useLocalPage } from '../ui/table/useLocalPage';
import { GrantDialog } from './GrantDialog';
import { quotaQuery } from './queries';
import { StateTag } from './StateTag';
import { TopUpDialog } from './TopUpDialog';

const rowId = (line: QuotaLine) => String(line.profile.id);
const rowName = (line: QuotaLine) => line.profile.name;

function quotaColumns(t: TFunction): Column<QuotaLine>[] {
	const figure = (key: 'allocated' | 'ordered' | 'issued' | 'available'): Column<QuotaLine> => ({
		key,
		title: t(`admin.${key}`),
		className: 'number',
		cell: (line) => formatNumber(line[key]),
	});
	return [
		{
			key: 'profile',
			title: t('admin.profile'),
			cell: (line, tabIndex) => (
				<Link
					to="/profiles/$profileId"
					params={{ profileId: String(line.profile.id) }}
					tabIndex={tabIndex}
				>
					{line.profile.name}
				</Link>
			),
		},
		figure('allocated'),
		figure('ordered'),
		figure('issued'),
		figure('available'),
		{
			key: 'granted',
			title: t('admin.granted'),
			className: 'nowrap',
			cell: (line) =>
				line.withdrawn_at ? (
					<StateTag
						good={false}
					>{`${t('admin.withdrawn')} ${formatDate(line.withdrawn_at)}`}</StateTag>
				) : (
					formatDate(line.granted_at)
				),
		},
	];
}

/** Which profiles an organization may order, and how many are left. */
export function QuotaPanel({ organization }: { organization: Organization }) {
	const { t } = useTranslation();
	const navigate = useNavigate();
	const operates = useRight('operate');
	const [search, setSearch] = useLocalPage(50);
	const query = useQuery(quotaQuery(organization.id, search));
	const [granting, setGranting] = useState(false);
	const [topping, setTopping] = useState<QuotaLine>();
	const [withdrawing, setWithdrawing] = useState<QuotaLine>();
	const columns = useMemo(() => quotaColumns(t), [t]);
	const actions = useMemo<RowAction<QuotaLine>[]>(
		() => [
			{
				key: 'ledger',
				label: t('admin.ledger'),
				icon: List,
				shown: () => true,
				run: (line) =>
					void navigate({
						to: '/admin/organizations/$organizationId/quota/$profileId',
						params: {
							organizationId: String(organization.id),
							profileId: String(line.profile.id),
						},
					}),
			},
			{
				key: 'top-up',
				label: t('admin.topUp'),
				icon: AddAlt,
				tone: 'go',
				shown: (line) => operates && line.withdrawn_at === null,
				run: setTopping,
			},
			{
				key: 'withdraw',
				label: t('admin.withdraw'),
				icon: SubtractAlt,
				tone: 'danger',
				shown: (line) => operates && line.withdrawn_at === null,
				run: setWithdrawing,
			},
		],
		[t, navigate, operates, organization.id],
	);
	const granted = query.data?.items
		.filter((line) => line.withdrawn_at === null)
		.map((line) => line.profile.id);

	return (
		<section className="panel">
			<div className="panel__head">
				<h2>{t('admin.quota')}</h2>
				{operates && (
					<Button size="md" renderIcon={Add} onClick={() => setGranting(true)}>
						{t('admin.grant')}
					</Button>
				)}
			</div>
			<p className="quiet">{t('admin.quotaText')}</p>
			<ListFrame
				plain
				label={t('admin.quota')}
				query={query}
				columns={columns}
				rowId={rowId}
				rowName={rowName}
				actions={actions}
				filtered={false}
				empty={<EmptyState title={t('admin.quotaEmpty')}>{t('admin.quotaEmptyText')}</EmptyState>}
				search={search}
				limit={search.limit}
				onPage={setSearch}
			/>
			{granting && (
				<GrantDialog
					organization={organization}
					granted={granted ?? []}
					onClose={() => setGranting(false)}
				/>
			)}
			{topping && (
				<TopUpDialog
					organizationId={organization.id}
					profile={topping.profile}
					onClose={() => setTopping(undefined)}
				/>
			)}
			{withdrawing && (
				<WithdrawDialog
					organization={organization}
					line={withdrawing}
					onClose={() => setWithdrawing(undefined)}
				/>
			)}
		</section>
	);
}

interface WithdrawDialogProps {
	organization: Organization;
	line: QuotaLine;
	onClose: () => void;
}

function WithdrawDialog({ organization, line, onClose }: WithdrawDialogProps) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const withdraw = useMutation({
		mutationFn: () =>
			got(
				api.DELETE('/organizations/{organization_id}/grants/{profile_id}', {
					params: { path: { organization_id: organization.id, profile_id: line.profile.id } },
				}),
			),
		onSuccess: () => {
			onClose();
			notify('success', t('admin.withdrawDone', { name: line.profile.name }));
			void client.invalidateQueries({ queryKey: ['organization', organization.id] });
		},
	});
	return (
		<ConfirmDialog
			danger
			title={t('admin.withdrawTitle', { name: line.profile.name })}
			label={organization.name}
			pending={withdraw.isPending}
			error={withdraw.error}
			onConfirm={() => withdraw.mutate()}
			onClose={onClose}
		>
			<p>{t('admin.withdrawText')}</p>
		</ConfirmDialog>
	);
}
