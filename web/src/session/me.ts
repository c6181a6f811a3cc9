import { type QueryClient, queryOptions, useSuspenseQuery } from '@tanstack/react-query';
import { api, got } from '../api/client';
import { isStatus } from '../api/problem';
import type { Me, Right } from '../api/types';
import { keep, kept } from '../lib/storage';
import { noteLoggedIn } from './activity';

export const meQuery = queryOptions({
	queryKey: ['me'],
	queryFn: async ({ signal }) => {
		const me = await got(api.GET('/me', { signal }));
		noteLoggedIn();
		keep('session', '1');
		return me;
	},
	staleTime: 60_000,
});

/** Who is logged in; for pages below the guard, where somebody is. */
export function useMe(): Me {
	return useSuspenseQuery(meQuery).data;
}

export function useRight(right: Right): boolean {
	return useMe().rights.includes(right);
}

/** Nobody is logged in: undefined.  Any other failure is thrown. */
export async function meOrNobody(client: QueryClient): Promise<Me | undefined> {
	try {
		return await client.ensureQueryData(meQuery);
	} catch (error) {
		if (isStatus(error, 401)) {
			keep('session', null);
			return undefined;
		}
		throw error;
	}
}

/**
 * Has this browser never logged in, or logged out?  Its first visit need not ask who it is, which
 * browsers report as an error on the console.
 */
export function neverLoggedIn(): boolean {
	return kept('session') === null && kept('fresh', sessionStorage) === null;
}
