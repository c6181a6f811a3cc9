import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, got } from '../api/client';
import { dayEnd, dayStart } from '../lib/format';
import type { BatchesSearch } from './search';

export const defaultLimit = 50;

/** What the server is asked for a list of batches; `limit` rows from `cursor` on. */
export function batchesParams(search: BatchesSearch, profileId: number | undefined) {
	return {
		id: search.id,
		status: search.status,
		name: search.name?.trim() || undefined,
		from: search.from && dayStart(search.from),
		to: search.to && dayEnd(search.to),
		min_size: search.min,
		max_size: search.max,
		sort: search.sort,
		profile_id: search.all ? undefined : profileId,
	};
}

export function batchesQuery(search: BatchesSearch, profileId: number | undefined) {
	const query = {
		...batchesParams(search, profileId),
		cursor: search.cursor,
		limit: search.limit ?? defaultLimit,
	};
	return queryOptions({
		queryKey: ['batches', query],
		queryFn: ({ signal }) => got(api.GET('/batches', { params: { query }, signal })),
		placeholderData: keepPreviousData,
	});
}

export function batchQuery(id: number) {
	return queryOptions({
		queryKey: ['batch', id],
		queryFn: ({ signal }) =>
			got(api.GET('/batches/{batch_id}', { params: { path: { batch_id: id } }, signal })),
	});
}

export function historyQuery(id: number) {
	return queryOptions({
		queryKey: ['batch', id, 'history'],
		queryFn: ({ signal }) =>
			got(api.GET('/batches/{batch_id}/history', { params: { path: { batch_id: id } }, signal })),
	});
}

export type ItemResult = 'all' | 'succeeded' | 'failed';

export function itemsQuery(
	id: number,
	result: ItemResult,
	cursor: string | undefined,
	limit: number,
) {
	const query = { result: result === 'all' ? undefined : result, cursor, limit };
	return queryOptions({
		queryKey: ['batch', id, 'items', query],
		queryFn: ({ signal }) =>
			got(
				api.GET('/batches/{batch_id}/items', {
					params: { path: { batch_id: id }, query },
					signal,
				}),
			),
		placeholderData: keepPreviousData,
	});
}
