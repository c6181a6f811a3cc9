import { useMemo } from 'react';
import { useSwitchedColumns } from '../../settings/preferences';
import type { Column } from './types';

export function isShown<T>(column: Column<T>, switched: ReadonlySet<string>): boolean {
	return column.fixed === true || switched.has(column.key) === (column.extra === true);
}

/** The columns of a table as the user wants them. */
export function useShownColumns<T>(table: string, columns: Column<T>[]): Column<T>[] {
	const [switched] = useSwitchedColumns(table);
	const key = [...switched].join(',');
	return useMemo(() => {
		const set = new Set(key.split(','));
		return columns.filter((column) => isShown(column, set));
	}, [columns, key]);
}
