import { useState } from 'react';
import type { PageSearch } from './paging';

export type LocalPage = [PageSearch & { limit: number }, (change: PageSearch) => void];

/** Paging of a list inside a page, which needs no place in the address. */
export function useLocalPage(limit: number): LocalPage {
	const [search, setSearch] = useState<PageSearch & { limit: number }>({ limit });
	return [
		search,
		(change) => setSearch((now) => ({ ...now, ...change, limit: change.limit ?? now.limit })),
	];
}
