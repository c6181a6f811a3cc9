import { Add } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Page } from '../api/types';
import { ListFrame } from '../ui/table/ListFrame';
import type { PageSearch } from '../ui/table/paging';
import type { Column, RowAction } from '../ui/table/types';
import { useTitle } from '../ui/useTitle';
import { defaultLimit } from './queries';

interface AdminListProps<T> {
	title: string;
	/** What adds to the list; without `onAdd` one may not. */
	add?: string;
	onAdd?: () => void;
	query: UseQueryResult<Page<T>, Error>;
	columns: Column<T>[];
	rowId: (row: T) => string;
	rowName: (row: T) => string;
	actions?: RowAction<T>[];
	filters?: ReactNode;
	tools?: ReactNode;
	filtered?: boolean;
	onClear?: () => void;
	empty: ReactNode;
	search: PageSearch;
	onPage: (change: PageSearch) => void;
	/** Dialogs. */
	children?: ReactNode;
}

/** A list that is a page of the administration. */
export function AdminList<T>(props: AdminListProps<T>) {
	const { title, add, onAdd, filters, filtered = false, children, ...list } = props;
	const { t } = useTranslation();
	useTitle(title);
	return (
		<>
			<div className="page__head">
				<h1>{title}</h1>
				{onAdd && (
					<Button size="md" renderIcon={Add} onClick={onAdd}>
						{add}
					</Button>
				)}
			</div>
			<ListFrame
				label={title}
				filtered={filtered}
				filters={
					filters && (
						<search className="filters no-print" aria-label={t('admin.filters')}>
							{filters}
						</search>
					)
				}
				limit={list.search.limit ?? defaultLimit}
				{...list}
			/>
			{children}
		</>
	);
}
