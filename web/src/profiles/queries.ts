import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, got } from '../api/client';
import type { ProfilesSearch } from './search';

export const defaultLimit = 50;

export function profilesQuery(search: ProfilesSearch) {
	const query = {
		name: search.name?.trim() || undefined,
		ecosystem: search.ecosystem,
		sort: search.sort,
		cursor: search.cursor,
		limit: search.limit ?? defaultLimit,
	};
	return queryOptions({
		queryKey: ['profiles', query],
		queryFn: ({ signal }) => got(api.GET('/profiles', { params: { query }, signal })),
		placeholderData: keepPreviousData,
	});
}

/** A profile with its quota: asked for again whenever an order may have changed that. */
export function profileQuery(id: number) {
	return queryOptions({
		queryKey: ['profile', id],
		queryFn: ({ signal }) =>
			got(api.GET('/profiles/{profile_id}', { params: { path: { profile_id: id } }, signal })),
		staleTime: 30_000,
	});
}

/** The document of a version; for operators and auditors. */
export function documentQuery(id: number, version: number) {
	return queryOptions({
		queryKey: ['profile', id, 'version', version],
		queryFn: ({ signal }) =>
			got(
				api.GET('/profiles/{profile_id}/versions/{version}', {
					params: { path: { profile_id: id, version } },
					signal,
				}),
			),
	});
}
