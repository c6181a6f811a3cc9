import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Page } from '../../api/types';
import { EmptyState } from '../EmptyState';
import { Notice } from '../Notice';
import { ProblemNotice } from '../ProblemNotice';
import { Pager } from './Pager';
import { type PageSearch, paging } from './paging';
import { ResourceTable } from './ResourceTable';
import type { Column, RowAction, Selection } from './types';

interface ListFrameProps<T> {
	label: string;
	query: UseQueryResult<Page<T>, Error>;
	columns: Column<T>[];
	rowId: (row: T) => string;
	rowName: (row: T) => string;
	actions?: RowAction<T>[];
	sort?: string;
	onSort?: (sort: string) => void;
	selection?: Selection;
	selectable?: (row: T) => boolean;
	selectLabel?: string;
	selectAllLabel?: string;
	filters?: ReactNode;
	/** Above the rows, at the right: what can be done with the list as a whole. */
	tools?: ReactNode;
	/** Takes the place of the result count while rows are selected. */
	selectionBar?: ReactNode;
	/** With filters on, an empty list says that nothing matches, and offers this. */
	filtered: boolean;
	onClear?: () => void;
	empty: ReactNode;
	search: PageSearch;
	limit: number;
	onPage: (change: PageSearch) => void;
	plain?: boolean;
}

/** Filters, result count, table and pager of a list, in all the states a list can be in. */
export function ListFrame<T>(props: ListFrameProps<T>) {
	const { query, search, limit, onPage } = props;
	const { t } = useTranslation();
	const { data, error, isPlaceholderData, refetch } = query;
	const { page, first, previous, next } = paging(search);
	const total = data?.total;

	return (
		<div className="resource">
			{props.filters}
			{props.selectionBar || (!props.plain && <CountBar total={total} tools={props.tools} />)}
			{error && data && (
				<Notice
					kind="warning"
					title={t('common.stale')}
					action={
						<button type="button" className="link-btn" onClick={() => void refetch()}>
							{t('common.tryAgain')}
						</button>
					}
				/>
			)}
			{error && !data ? (
				<div className="grid__group">
					<ProblemNotice error={error} onRetry={() => void refetch()} />
				</div>
			) : (
				<ResourceTable
					label={props.label}
					columns={props.columns}
					rows={data?.items}
					rowId={props.rowId}
					rowName={props.rowName}
					actions={props.actions}
					sort={props.sort}
					onSort={props.onSort}
					selection={props.selection}
					selectable={props.selectable}
					selectLabel={props.selectLabel}
					selectAllLabel={props.selectAllLabel}
					busy={isPlaceholderData}
					plain={props.plain}
					empty={
						props.filtered ? (
							<EmptyState
								title={t('common.nothingMatches')}
								action={
									props.onClear && (
										<button type="button" className="link-btn" onClick={props.onClear}>
											{t('common.clearFilters')}
										</button>
									)
								}
							/>
						) : (
							props.empty
						)
					}
				/>
			)}
			{(!props.plain || page > 1 || data?.next_cursor) && (
				<Pager
					count={data?.items.length ?? 0}
					total={total}
					page={page}
					limit={limit}
					hasNext={Boolean(data?.next_cursor)}
					onFirst={() => onPage(first)}
					onPrevious={() => onPage(previous)}
					onNext={() => data?.next_cursor && onPage(next(data.next_cursor))}
					onLimit={(size) => onPage({ ...first, limit: size })}
				/>
			)}
		</div>
	);
}

function CountBar({ total, tools }: { total: number | undefined; tools: ReactNode }) {
	const { t } = useTranslation();
	return (
		<div className="bar">
			<span className="bar__note">
				{total === undefined ? '\u00a0' : t('common.results', { count: total })}
			</span>
			<div className="row no-print">{tools}</div>
		</div>
	);
}
