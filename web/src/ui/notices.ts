import { useSyncExternalStore } from 'react';
import { announce } from './announce';

export type NoticeKind = 'success' | 'info' | 'warning' | 'error';

export interface NoticeEntry {
	id: number;
	kind: NoticeKind;
	title: string;
	text?: string;
}

let entries: NoticeEntry[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function set(next: NoticeEntry[]) {
	entries = next;
	for (const listener of listeners) listener();
}

/** Shows a notice above the page until it is dismissed or the user goes elsewhere. */
export function notify(kind: NoticeKind, title: string, text?: string) {
	set([...entries.slice(-2), { id: nextId++, kind, title, text }]);
	announce(text ? `${title} ${text}` : title);
}

export function dismiss(id: number) {
	set(entries.filter((entry) => entry.id !== id));
}

export function dismissAll() {
	if (entries.length > 0) set([]);
}

export function useNotices(): NoticeEntry[] {
	return useSyncExternalStore(
		(listener) => {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
		() => entries,
	);
}
