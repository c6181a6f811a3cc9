import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { apiBase } from '../api/client';
import type { Batch, Dashboard, Page } from '../api/types';
import { isLoggedOut } from '../session/activity';

/**
 * One stream of events keeps every list of batches current.  While it is broken, the lists are
 * asked for every five seconds instead; when it comes back, everything is asked for once, since
 * events may have been missed.
 */
export type LiveState = 'live' | 'polling' | 'down';

const pollMs = 5000;
const retryMs = 10_000;

let state: LiveState = 'polling';
const listeners = new Set<() => void>();

function setState(next: LiveState) {
	if (next === state) return;
	state = next;
	for (const listener of listeners) listener();
}

export function useLive(): LiveState {
	return useSyncExternalStore(
		(listener) => {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
		() => state,
	);
}

function inPlace(batches: Batch[], batch: Batch): Batch[] | undefined {
	return batches.some((item) => item.id === batch.id)
		? batches.map((item) => (item.id === batch.id ? batch : item))
		: undefined;
}

/** Writing an answer makes it fresh; one that was to be asked for again still is afterwards. */
function patchAll<T>(client: QueryClient, key: string, patch: (data: T) => T | undefined) {
	for (const query of client.getQueryCache().findAll({ queryKey: [key] })) {
		const { data, isInvalidated, dataUpdatedAt } = query.state;
		const patched = data && patch(data as T);
		if (!patched) continue;
		client.setQueryData(query.queryKey, patched, { updatedAt: dataUpdatedAt });
		if (isInvalidated) query.invalidate();
	}
}

/** Puts a batch into every cached answer that shows it; true when its status is news. */
export function patchBatch(client: QueryClient, batch: Batch): boolean {
	const before = client.getQueryData<Batch>(['batch', batch.id]);
	let seen = before?.status;
	for (const [, page] of client.getQueriesData<Page<Batch>>({ queryKey: ['batches'] })) {
		seen ??= page?.items.find((item) => item.id === batch.id)?.status;
	}
	client.setQueryData(['batch', batch.id], batch);
	patchAll<Page<Batch>>(client, 'batches', (page) => {
		const items = inPlace(page.items, batch);
		return items && { ...page, items };
	});
	patchAll<Dashboard>(client, 'dashboard', (figures) => {
		const running = inPlace(figures.running, batch);
		return running && { ...figures, running };
	});
	return seen !== batch.status;
}

/** Queries whose answers depend on what batches do. */
const dependent = ['batches', 'dashboard', 'me', 'certificates', 'profile'];

function refreshLater(client: QueryClient): (batchId: number) => void {
	let waiting = false;
	return (batchId) => {
		void client.invalidateQueries({ queryKey: ['batch', batchId] });
		if (waiting) return;
		waiting = true;
		setTimeout(() => {
			waiting = false;
			for (const key of dependent) void client.invalidateQueries({ queryKey: [key] });
		}, 500);
	};
}

export function liveStart(client: QueryClient): () => void {
	const refresh = refreshLater(client);
	let source: EventSource | undefined;
	let retry: ReturnType<typeof setTimeout> | undefined;
	let broken = false;

	const poll = setInterval(() => {
		if (state === 'live' || document.hidden || isLoggedOut()) return;
		for (const key of ['batches', 'batch', 'dashboard']) {
			void client.invalidateQueries({ queryKey: [key] });
		}
	}, pollMs);

	function open() {
		source = new EventSource(`${apiBase}/events`);
		source.onopen = () => {
			setState('live');
			if (broken) void client.invalidateQueries();
			broken = false;
		};
		source.addEventListener('batch', (event) => {
			const batch = JSON.parse((event as MessageEvent<string>).data) as Batch;
			if (patchBatch(client, batch)) refresh(batch.id);
		});
		source.onerror = () => {
			broken = true;
			// Whether the portal is down altogether, the lists will tell.
			if (state === 'live') setState(navigator.onLine ? 'polling' : 'down');
			// A refusal closes the stream for good; the browser tries again by itself only otherwise.
			if (source?.readyState === EventSource.CLOSED) {
				source.close();
				retry = setTimeout(open, retryMs);
			}
		};
	}

	// The state of the lists tells whether the portal answers at all.
	const unsubscribe = client.getQueryCache().subscribe((event) => {
		if (state === 'live' || event.type !== 'updated') return;
		if (event.action.type === 'error') {
			const { error } = event.action;
			if (error instanceof Error && 'status' in error && error.status === 0) setState('down');
		} else if (event.action.type === 'success' && state === 'down') setState('polling');
	});

	open();
	return () => {
		source?.close();
		clearTimeout(retry);
		clearInterval(poll);
		unsubscribe();
		setState('polling');
	};
}
