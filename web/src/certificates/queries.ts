import { keepPreviousData, type QueryClient, queryOptions } from '@tanstack/react-query';
import { api, got } from '../api/client';
import type { components } from '../api/schema';
import { dayEnd, dayStart } from '../lib/format';
import { serialTidy } from '../lib/serial';
import type { CertificatesSearch } from './search';

export const defaultLimit = 50;

export function certificatesParams(search: CertificatesSearch, profileId: number | undefined) {
	return {
		batch_id: search.batch,
		name: search.name?.trim() || undefined,
		subject: search.subject?.trim() || undefined,
		serial_number: (search.serial && serialTidy(search.serial)) || undefined,
		status: search.status,
		from: search.from && dayStart(search.from),
		to: search.to && dayEnd(search.to),
		sort: search.sort,
		profile_id: search.current ? profileId : undefined,
	};
}

export type CertificateFilter = components['schemas']['CertificateFilter'];

/** The same filters for a revocation; only what stands can be revoked. */
export function revocationFilter(
	search: CertificatesSearch,
	profileId: number | undefined,
): CertificateFilter {
	const { sort: _, ...filter } = certificatesParams(search, profileId);
	return { ...filter, status: 'issued' };
}

/** How many a filter would revoke now; changes nothing. */
export async function countMatching(filter: CertificateFilter): Promise<number> {
	const answer = await got(
		api.POST('/certificates/revoke', {
			params: { query: { dry_run: true } },
			body: { filter, reason: 'unspecified' },
		}),
	);
	return answer.revoked;
}

/** What a revocation or a release changes. */
export function refreshCertificates(client: QueryClient) {
	for (const key of ['certificates', 'batches', 'batch', 'dashboard', 'profile']) {
		void client.invalidateQueries({ queryKey: [key] });
	}
}

export function certificatesQuery(search: CertificatesSearch, profileId: number | undefined) {
	const query = {
		...certificatesParams(search, profileId),
		cursor: search.cursor,
		limit: search.limit ?? defaultLimit,
	};
	return queryOptions({
		queryKey: ['certificates', query],
		queryFn: ({ signal }) => got(api.GET('/certificates', { params: { query }, signal })),
		placeholderData: keepPreviousData,
	});
}

export function certificateQuery(serial: string) {
	return queryOptions({
		queryKey: ['certificates', 'one', serial],
		queryFn: ({ signal }) =>
			got(
				api.GET('/certificates/{serial_number}', {
					params: { path: { serial_number: serial } },
					signal,
				}),
			),
	});
}

export function pemQuery(serial: string) {
	return queryOptions({
		queryKey: ['pem', serial],
		queryFn: ({ signal }) =>
			got(
				api.GET('/certificates/{serial_number}.pem', {
					params: { path: { serial_number: serial } },
					parseAs: 'text',
					signal,
				}),
			),
		staleTime: Number.POSITIVE_INFINITY,
	});
}
