import type { ComponentType, ReactNode } from 'react';
import type { Tone } from '../IconButton';

export interface Column<T> {
	key: string;
	title: string;
	/** The server's sort key, where it can sort by this column. */
	sort?: string;
	/** May not be hidden. */
	fixed?: boolean;
	/** Shown only when asked for. */
	extra?: boolean;
	className?: string;
	/** `tabIndex` is for the controls of the cell: only one row takes part in the Tab order. */
	cell: (row: T, tabIndex: number) => ReactNode;
	/** What an export writes; columns without it are left out. */
	text?: (row: T) => string | number | null;
}

export interface RowAction<T> {
	key: string;
	label: string;
	icon: ComponentType<{ size?: number }>;
	tone?: Tone;
	shown: (row: T) => boolean;
	run: (row: T) => void;
	disabled?: boolean;
}

export interface Selection {
	selected: ReadonlySet<string>;
	/** Rows that may be selected; others show no checkbox. */
	toggle: (ids: string[], on: boolean) => void;
}
