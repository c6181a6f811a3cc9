import { useMemo } from 'react';
import { useHiddenColumns } from '../../settings/preferences';
import type { Column } from './types';

/** The columns of a table without those that the user has hidden. */
export function useShownColumns<T>(table: string, columns: Column<T>[]): Column<T>[] {
	const [hidden] = useHiddenColumns(table);
	const key = [...hidden].join(',');
	return useMemo(() => {
		const off = new Set(key.split(','));
		return columns.filter((column) => column.fixed || !off.has(column.key));
	}, [columns, key]);
}
