import './zod-csp';
import { expect, it } from 'vitest';
import { z } from 'zod';
import {
	searchDay,
	searchFlag,
	searchId,
	searchParse,
	searchPath,
	searchText,
	searchWrite,
} from './search';

const schema = z.object({
	serial: searchText,
	id: searchId,
	from: searchDay,
	all: searchFlag,
	next: searchPath,
});

it('keeps digits with an E as text', () => {
	expect(schema.parse(searchParse('?serial=6E11'))).toEqual({ serial: '6E11' });
});

it('drops what does not fit', () => {
	expect(schema.parse(searchParse('?id=x&from=1.2.2026&all=no&next=//evil.example'))).toEqual({});
	expect(schema.parse(searchParse('?next=https://evil.example'))).toEqual({});
});

it('reads back what it writes', () => {
	const search = { serial: 'a b&c', id: 7, from: '2026-11-24', all: true, next: '/batches?x=1' };
	expect(schema.parse(searchParse(searchWrite(search)))).toEqual(search);
	expect(searchWrite({ id: undefined, serial: '' })).toBe('');
});
