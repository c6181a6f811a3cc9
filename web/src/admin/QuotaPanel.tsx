import { AddAlt, List, SubtractAlt } from '@carbon/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Organization, QuotaLine } from '../api/types';
import { formatDate, formatNumber } from '../lib/format';
import { useRight } from '../session/me';
import { ActDialog } from '../ui/ActDialog';
import { EmptyState } from '../ui/EmptyState';
import { ListPanel } from '../ui/table/ListPanel';
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

function withdraw(organization_id: number, profile_id: number) {
	return got(
		api.DELETE('/organizations/{organization_id}/grants/{profile_id}', {
			params: { path: { organization_id, profile_id } },
		}),
	);
}

/** Which profiles an organization may order, and how many are left. */
export function QuotaPanel({ organization }: { organization: Organization }) {
	const { t } = useTranslation();
	const navigate = useNavigate();
	const operates = useRight('operate');
	const page = useLocalPage(50);
	const query = useQuery(quotaQuery(organization.id, page[0]));
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
		<ListPanel
			title={t('admin.quota')}
			text={t('admin.quotaText')}
			add={t('admin.grant')}
			onAdd={operates ? () => setGranting(true) : undefined}
			query={query}
			columns={columns}
			rowId={rowId}
			rowName={rowName}
			actions={actions}
			empty={<EmptyState title={t('admin.quotaEmpty')}>{t('admin.quotaEmptyText')}</EmptyState>}
			page={page}
		>
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
				<ActDialog
					title={t('admin.withdrawTitle', { name: withdrawing.profile.name })}
					label={organization.name}
					act={() => withdraw(organization.id, withdrawing.profile.id)}
					done={t('admin.withdrawDone', { name: withdrawing.profile.name })}
					changes={['organization']}
					onClose={() => setWithdrawing(undefined)}
				>
					{t('admin.withdrawText')}
				</ActDialog>
			)}
		</ListPanel>
	);
}
