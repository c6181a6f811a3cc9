import { ArrowDown, ArrowsVertical, ArrowUp } from '@carbon/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useRowHeight } from '../../settings/preferences';
import { ScrollBox } from '../ScrollBox';
import { Row } from './Row';
import type { Column, RowAction, Selection } from './types';
import { useRoving } from './useRoving';

interface ResourceTableProps<T> {
	/** What the table lists; its accessible name. */
	label: string;
	columns: Column<T>[];
	/** undefined: not loaded yet. */
	rows: T[] | undefined;
	rowId: (row: T) => string;
	/** How a row is called in labels. */
	rowName: (row: T) => string;
	actions?: RowAction<T>[];
	sort?: string;
	onSort?: (sort: string) => void;
	selection?: Selection;
	selectable?: (row: T) => boolean;
	selectLabel?: string;
	selectAllLabel?: string;
	/** Shown in place of rows when there are none. */
	empty: ReactNode;
	/** Old rows are shown while new ones are on their way. */
	busy?: boolean;
	/** Grows with its rows instead of scrolling within the page. */
	plain?: boolean;
}

const skeletonRows = Array.from({ length: 8 }, (_, index) => index);

/** A table of one page of a list; the server filters, sorts and pages. */
export function ResourceTable<T>(props: ResourceTableProps<T>) {
	const { label, columns, rows, rowId, rowName, actions, selection, selectable, plain } = props;
	const { t } = useTranslation();
	const [height] = useRowHeight();
	const ids = rows?.map(rowId) ?? [];
	const { active, onFocus, onKeyDown } = useRoving(ids);
	const width = columns.length + (actions ? 1 : 0) + (selection ? 1 : 0);

	const table = (
		<table
			className={`grid grid--${height}`}
			aria-label={label}
			aria-busy={props.busy || rows === undefined}
		>
			<thead>
				<tr>
					{selection && (
						<th className="check" scope="col">
							<SelectAll
								label={props.selectAllLabel ?? ''}
								ids={rows?.filter((row) => selectable?.(row) ?? true).map(rowId) ?? []}
								selection={selection}
							/>
						</th>
					)}
					{columns.map((column) => (
						<Heading key={column.key} column={column} sort={props.sort} onSort={props.onSort} />
					))}
					{actions && (
						<th className="actions" scope="col">
							<span className="hidden-text">{t('common.actions')}</span>
						</th>
					)}
				</tr>
			</thead>
			<tbody className={props.busy ? 'busy' : undefined} onFocus={onFocus} onKeyDown={onKeyDown}>
				{rows === undefined && <Skeleton width={width} />}
				{rows?.length === 0 && (
					<tr className="grid__empty">
						<td colSpan={width}>{props.empty}</td>
					</tr>
				)}
				{rows?.map((row) => {
					const id = rowId(row);
					const may = selection !== undefined && (selectable?.(row) ?? true);
					return (
						<Row
							key={id}
							row={row}
							id={id}
							name={rowName(row)}
							columns={columns}
							actions={actions}
							active={id === active}
							selectable={selection !== undefined}
							selected={may ? selection?.selected.has(id) : undefined}
							onSelect={selection?.toggle}
							selectLabel={props.selectLabel ?? ''}
						/>
					);
				})}
			</tbody>
		</table>
	);

	return (
		<ScrollBox label={label} size={plain ? 'plain' : undefined}>
			{table}
		</ScrollBox>
	);
}

interface HeadingProps<T> {
	column: Column<T>;
	sort?: string;
	onSort?: (sort: string) => void;
}

function Heading<T>({ column, sort, onSort }: HeadingProps<T>) {
	const { t } = useTranslation();
	const key = column.sort;
	if (!key || !onSort) {
		return (
			<th scope="col" className={column.className}>
				{column.title}
			</th>
		);
	}
	const up = sort === key;
	const down = sort === `-${key}`;
	const Icon = up ? ArrowUp : down ? ArrowDown : ArrowsVertical;
	return (
		<th
			scope="col"
			className={column.className}
			aria-sort={up ? 'ascending' : down ? 'descending' : 'none'}
		>
			<button
				type="button"
				className="grid__sort"
				title={t('common.sortBy', { column: column.title })}
				onClick={() => onSort(down ? key : `-${key}`)}
			>
				{column.title}
				<Icon size={16} />
			</button>
		</th>
	);
}

interface SelectAllProps {
	label: string;
	ids: string[];
	selection: Selection;
}

function SelectAll({ label, ids, selection }: SelectAllProps) {
	const count = ids.filter((id) => selection.selected.has(id)).length;
	const all = ids.length > 0 && count === ids.length;
	return (
		<input
			type="checkbox"
			aria-label={label}
			disabled={ids.length === 0}
			checked={all}
			ref={(box) => {
				if (box) box.indeterminate = count > 0 && !all;
			}}
			onChange={() => selection.toggle(ids, !all)}
		/>
	);
}

function Skeleton({ width }: { width: number }) {
	return skeletonRows.map((index) => (
		<tr key={index}>
			{Array.from({ length: width }, (_, cell) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: the cells of a placeholder have no other identity
				<td key={cell}>
					<span className="skeleton" />
				</td>
			))}
		</tr>
	));
}
