import { QueryClient } from '@tanstack/react-query';
import { ApiProblem } from './api/problem';

const tries = 3;

/** Only failures that may pass are tried again; a refusal stays one. */
export const queryClient = new QueryClient({
	defaultOptions: {
		queries: {
			staleTime: 10_000,
			retry: (failures, error) => error instanceof ApiProblem && error.passing && failures < tries,
			retryDelay: (failure) => Math.min(500 * 2 ** failure, 4000),
			// The browser's guess of being offline is wrong on closed networks.
			networkMode: 'always',
		},
		mutations: { retry: false, networkMode: 'always' },
	},
});
