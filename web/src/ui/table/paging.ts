/**
 * Cursors lead forwards only, so the way back is remembered here: the cursor of each page that was
 * left, by the cursor of the page it led to.  A deep link without that memory goes back to the start.
 */
const before = new Map<string, string | undefined>();

export interface PageSearch {
	cursor?: string;
	page?: number;
	limit?: number;
}

interface Paging {
	page: number;
	first: PageSearch;
	previous: PageSearch;
	next: (cursor: string) => PageSearch;
}

export function paging({ cursor, page = 1 }: PageSearch): Paging {
	const first: PageSearch = { cursor: undefined, page: undefined };
	const known = cursor !== undefined && before.has(cursor);
	return {
		page,
		first,
		previous: known && page > 2 ? { cursor: before.get(cursor), page: page - 1 } : first,
		next: (to) => {
			before.set(to, cursor);
			return { cursor: to, page: page + 1 };
		},
	};
}
