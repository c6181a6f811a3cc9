import { QueryClient } from '@tanstack/react-query';
import { expect, it } from 'vitest';
import type { Batch, Page } from '../api/types';
import { patchBatch } from './live';

const batch = (id: number, status: Batch['status']) => ({ id, status }) as Batch;

it('a list that is to be asked for again still is after an event', () => {
	const client = new QueryClient();
	const list = (key: string, ...items: Batch[]) => {
		client.setQueryData<Page<Batch>>(['batches', key], { items, next_cursor: null });
		return () => client.getQueryCache().find({ queryKey: ['batches', key] })?.state;
	};
	const without = list('without', batch(1, 'downloaded'));
	const having = list('having', batch(2, 'pending_issue'));
	void client.invalidateQueries({ queryKey: ['batches'] });
	patchBatch(client, batch(2, 'ready_for_download'));
	expect(without()?.isInvalidated).toBe(true);
	expect(having()?.isInvalidated).toBe(true);
	expect((having()?.data as Page<Batch> | undefined)?.items[0]?.status).toBe('ready_for_download');
});

it('tells whether a status is news', () => {
	const client = new QueryClient();
	expect(patchBatch(client, batch(2, 'pending_issue'))).toBe(true);
	expect(patchBatch(client, batch(2, 'pending_issue'))).toBe(false);
	expect(patchBatch(client, batch(2, 'ready_for_download'))).toBe(true);
});
