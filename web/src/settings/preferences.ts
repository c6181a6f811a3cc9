import { useSyncExternalStore } from 'react';
import { type DateForm, formatConfigure } from '../lib/format';
import { keep, kept } from '../lib/storage';

/** Choices of this browser. */
export const dateForms = ['local', 'utc', 'iso'] as const;
export const rowHeights = ['compact', 'normal', 'tall'] as const;
export type RowHeight = (typeof rowHeights)[number];

const listeners = new Set<() => void>();

function subscribe(listener: () => void) {
	listeners.add(listener);
	return () => {
		listeners.delete(listener);
	};
}

function write(key: string, value: string | null) {
	keep(key, value);
	for (const listener of listeners) listener();
}

function dateForm(): DateForm {
	const value = kept('dates');
	return dateForms.find((form) => form === value) ?? 'local';
}

export function preferencesStart() {
	formatConfigure({ dates: dateForm() });
}

export function useDateForm(): [DateForm, (form: DateForm) => void] {
	const form = useSyncExternalStore(subscribe, dateForm);
	return [
		form,
		(next) => {
			formatConfigure({ dates: next });
			write('dates', next === 'local' ? null : next);
		},
	];
}

export function useShortcutsOn(): boolean {
	return useSyncExternalStore(subscribe, () => kept('shortcuts') !== 'off');
}

export function shortcutsSet(on: boolean) {
	write('shortcuts', on ? null : 'off');
}

export function useRowHeight(): [RowHeight, (height: RowHeight) => void] {
	const height = useSyncExternalStore(subscribe, () => {
		const value = kept('rows');
		return rowHeights.find((one) => one === value) ?? 'normal';
	});
	return [height, (next) => write('rows', next === 'normal' ? null : next)];
}

/** Columns of a table that the user has switched from how they are at first. */
export function useSwitchedColumns(table: string): [ReadonlySet<string>, (key: string) => void] {
	const text = useSyncExternalStore(subscribe, () => kept(`columns.${table}`) ?? '');
	const switched = new Set(text.split(',').filter(Boolean));
	return [
		switched,
		(key) => {
			const next = new Set(switched);
			if (!next.delete(key)) next.add(key);
			write(`columns.${table}`, next.size > 0 ? [...next].join(',') : null);
		},
	];
}
