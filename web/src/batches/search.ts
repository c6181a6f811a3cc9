import { z } from 'zod';
import type { BatchStatus } from '../api/types';
import { searchDay, searchFlag, searchId, searchPaging, searchText } from '../lib/search';

export const batchStatuses = [
	'pending_approval',
	'pending_creation',
	'pending_issue',
	'preparing_download',
	'ready_for_download',
	'downloaded',
	'issued_partly',
	'failed',
	'rejected',
	'revoked',
	'expired',
] as const satisfies readonly BatchStatus[];

export const batchSorts = [
	'id',
	'-id',
	'created_at',
	'-created_at',
	'size',
	'-size',
	'name',
	'-name',
	'status',
	'-status',
] as const;
export type BatchSort = (typeof batchSorts)[number];

export const batchesSearch = z.object({
	/** Of all profiles; without it those of the current one. */
	all: searchFlag,
	id: searchId,
	status: z.enum(batchStatuses).optional().catch(undefined),
	name: searchText,
	from: searchDay,
	to: searchDay,
	min: searchId,
	max: searchId,
	sort: z.enum(batchSorts).optional().catch(undefined),
	...searchPaging,
});
export type BatchesSearch = z.infer<typeof batchesSearch>;
export type BatchFilter = Omit<BatchesSearch, 'cursor' | 'page' | 'limit' | 'sort' | 'all'>;
