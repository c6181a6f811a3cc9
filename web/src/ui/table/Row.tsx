import { memo } from 'react';
import { IconButton } from '../IconButton';
import type { Column, RowAction } from './types';

interface RowProps<T> {
	row: T;
	id: string;
	name: string;
	columns: Column<T>[];
	actions?: RowAction<T>[];
	active: boolean;
	/** undefined: this row cannot be selected. */
	selected?: boolean;
	selectable: boolean;
	onSelect?: (ids: string[], on: boolean) => void;
	selectLabel: string;
}

function RowInner<T>(props: RowProps<T>) {
	const { row, id, name, columns, actions, active, selected, selectable, onSelect } = props;
	const tabIndex = active ? 0 : -1;
	return (
		<tr data-row={id} aria-selected={selectable ? selected === true : undefined}>
			{selectable && (
				<td className="check">
					{selected !== undefined && (
						<input
							type="checkbox"
							data-ctl
							tabIndex={tabIndex}
							aria-label={`${props.selectLabel} ${name}`}
							checked={selected}
							onChange={(event) => onSelect?.([id], event.target.checked)}
						/>
					)}
				</td>
			)}
			{columns.map((column) => (
				<td key={column.key} className={column.className}>
					{column.cell(row, tabIndex)}
				</td>
			))}
			{actions && (
				<td className="actions">
					<span className="actions__set">
						{actions
							.filter((action) => action.shown(row))
							.map((action) => (
								<IconButton
									key={action.key}
									label={action.label}
									icon={action.icon}
									tone={action.tone}
									disabled={action.disabled}
									tabIndex={tabIndex}
									onClick={() => action.run(row)}
								/>
							))}
					</span>
				</td>
			)}
		</tr>
	);
}

/** Only the rows that change are drawn again: a page may hold a thousand. */
export const Row = memo(RowInner) as typeof RowInner;
