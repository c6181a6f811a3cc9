import { Add, type CarbonIconType } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Page } from '../../api/types';
import { ListFrame } from './ListFrame';
import type { Column, RowAction } from './types';
import type { LocalPage } from './useLocalPage';

interface ListPanelProps<T> {
	title: string;
	text: string;
	/** What adds to the list; without `onAdd` one may not. */
	add?: string;
	onAdd?: () => void;
	/** It is being added right now. */
	adding?: boolean;
	addIcon?: CarbonIconType;
	query: UseQueryResult<Page<T>, Error>;
	columns: Column<T>[];
	rowId: (row: T) => string;
	rowName: (row: T) => string;
	actions?: RowAction<T>[];
	empty: ReactNode;
	page: LocalPage;
	/** Dialogs. */
	children?: ReactNode;
}

/** A list that is one panel of a page: its pages are the panel's matter, not the address's. */
export function ListPanel<T>(props: ListPanelProps<T>) {
	const { title, text, add, onAdd, adding, addIcon = Add, page, children, ...list } = props;
	const [search, setSearch] = page;
	return (
		<section className="panel">
			<div className="panel__head">
				<h2>{title}</h2>
				{onAdd && (
					<Button size="md" kind="tertiary" renderIcon={addIcon} disabled={adding} onClick={onAdd}>
						{add}
					</Button>
				)}
			</div>
			<p className="quiet">{text}</p>
			<ListFrame
				plain
				label={title}
				filtered={false}
				search={search}
				limit={search.limit}
				onPage={setSearch}
				{...list}
			/>
			{children}
		</section>
	);
}
