import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, got } from '../api/client';
import type { PageSearch } from '../ui/table/paging';

export function ecosystemsQuery({ cursor, limit }: PageSearch) {
	return queryOptions({
		queryKey: ['ecosystems', cursor, limit],
		queryFn: ({ signal }) =>
			got(api.GET('/ecosystems', { params: { query: { cursor, limit } }, signal })),
		placeholderData: keepPreviousData,
	});
}
