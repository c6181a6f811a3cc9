import { expect, it } from 'vitest';
import { paging } from './paging';

it('walks forwards and back', () => {
	const second = paging({}).next('b');
	expect(second).toEqual({ cursor: 'b', page: 2 });
	const third = paging(second).next('c');
	expect(paging(third).previous).toEqual({ cursor: 'b', page: 2 });
	expect(paging(second).previous).toEqual({ cursor: undefined, page: undefined });
});

it('goes to the start from a page it does not know the way to', () => {
	expect(paging({ cursor: 'zzz', page: 9 }).previous).toEqual({
		cursor: undefined,
		page: undefined,
	});
});
