import { type FocusEvent, type KeyboardEvent, useState } from 'react';

const controls = 'a[href], button:not([disabled]), input:not([disabled])';

interface Roving {
	/** The row whose controls take part in the Tab order. */
	active: string | undefined;
	onFocus: (event: FocusEvent<HTMLElement>) => void;
	onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
}

function controlsOf(row: Element | null | undefined): HTMLElement[] {
	return row ? [...row.querySelectorAll<HTMLElement>(controls)] : [];
}

function focusIn(row: Element | null | undefined, index: number): boolean {
	const all = controlsOf(row);
	const target = all[Math.min(index, all.length - 1)];
	target?.focus();
	target?.scrollIntoView({ block: 'nearest' });
	return target !== undefined;
}

/**
 * Arrow keys move between rows and along the controls of a row; Home and End go to the first and
 * the last row.  Tab then leaves the table after the controls of one row instead of all of them.
 */
export function useRoving(ids: string[]): Roving {
	const [current, setCurrent] = useState<string>();
	const active = current !== undefined && ids.includes(current) ? current : ids[0];

	return {
		active,
		onFocus: (event) => {
			const row = event.target.closest<HTMLElement>('tr[data-row]');
			if (row?.dataset.row !== undefined) setCurrent(row.dataset.row);
		},
		onKeyDown: (event) => {
			if (event.altKey || event.ctrlKey || event.metaKey) return;
			const control = event.target as HTMLElement;
			const row = control.closest('tr[data-row]');
			if (!row) return;
			const index = controlsOf(row).indexOf(control);
			const rows = row.parentElement?.querySelectorAll('tr[data-row]');
			let moved = false;
			if (event.key === 'ArrowDown') moved = focusIn(row.nextElementSibling, index);
			else if (event.key === 'ArrowUp') moved = focusIn(row.previousElementSibling, index);
			else if (event.key === 'ArrowRight') moved = focusIn(row, index + 1);
			else if (event.key === 'ArrowLeft') moved = focusIn(row, Math.max(0, index - 1));
			else if (event.key === 'Home') moved = focusIn(rows?.[0], index);
			else if (event.key === 'End') moved = focusIn(rows?.[rows.length - 1], index);
			if (moved) event.preventDefault();
		},
	};
}
