import { ShoppingCart } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Batch } from '../api/types';
import { useMe } from '../session/me';
import { useProfileChoice } from '../session/profile';
import { EmptyState } from '../ui/EmptyState';
import { ListFrame } from '../ui/table/ListFrame';
import { TableTools } from '../ui/table/TableTools';
import { useShownColumns } from '../ui/table/useShownColumns';
import { useTitle } from '../ui/useTitle';
import { BatchFilters } from './BatchFilters';
import { batchColumns } from './columns';
import { batchesParams, batchesQuery, defaultLimit } from './queries';
import { type BatchesSearch, batchSorts } from './search';
import { useBatchActions } from './useBatchActions';

const route = getRouteApi('/session/app/batches');
const rowId = (batch: Batch) => String(batch.id);
const rowName = (batch: Batch) => batch.name;

export function BatchesPage() {
	const { t } = useTranslation();
	useTitle(t('batches.title'));
	const me = useMe();
	const search = route.useSearch();
	const navigate = route.useNavigate();
	const [profile] = useProfileChoice();
	const query = useQuery(batchesQuery(search, profile?.id));
	const { actions, dialog } = useBatchActions();
	const mayOrder = me.rights.includes('order');
	const all = search.all === true || profile === undefined;
	const instance = me.rights.includes('operate') || me.role === 'auditor';
	const columns = useMemo(
		() => batchColumns(t, { profile: all, organization: instance }),
		[t, all, instance],
	);
	const shown = useShownColumns('batches', columns);

	const change = useCallback(
		(next: Partial<BatchesSearch>) =>
			void navigate({
				search: (now) => ({ ...now, cursor: undefined, page: undefined, ...next }),
				replace: true,
			}),
		[navigate],
	);
	const filtered = [
		search.id,
		search.status,
		search.name,
		search.from,
		search.to,
		search.min,
		search.max,
	].some((value) => value !== undefined);

	return (
		<div className="page page--list">
			<div className="page__head">
				<h1>{t('batches.title')}</h1>
				{mayOrder && (
					<Button renderIcon={ShoppingCart} onClick={() => void navigate({ to: '/batches/new' })}>
						{t('batches.newOrder')}
					</Button>
				)}
			</div>
			<ListFrame
				label={t('batches.table')}
				query={query}
				columns={shown}
				rowId={rowId}
				rowName={rowName}
				actions={actions}
				sort={search.sort ?? '-id'}
				onSort={(sort) => change({ sort: batchSorts.find((one) => one === sort) })}
				filters={
					<BatchFilters search={search} onChange={change} hasProfile={profile !== undefined} />
				}
				tools={
					<TableTools
						table="batches"
						columns={columns}
						fetchPage={(cursor, limit) =>
							got(
								api.GET('/batches', {
									params: { query: { ...batchesParams(search, profile?.id), cursor, limit } },
								}),
							)
						}
					/>
				}
				filtered={filtered}
				onClear={() => void navigate({ search: { all: search.all }, replace: true })}
				empty={
					<EmptyState
						title={t('batches.empty')}
						action={mayOrder && <Link to="/batches/new">{t('batches.firstOrder')}</Link>}
					>
						{t(mayOrder ? 'batches.emptyText' : 'batches.emptyNoOrder')}
					</EmptyState>
				}
				search={search}
				limit={search.limit ?? defaultLimit}
				onPage={(next) => void navigate({ search: (now) => ({ ...now, ...next }) })}
			/>
			{dialog}
		</div>
	);
}
