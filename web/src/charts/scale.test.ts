import { expect, it } from 'vitest';
import { labelStep, niceTop } from './scale';

it('ends an axis on a round number that four steps divide', () => {
	for (const [largest, top] of [
		[0, 4],
		[4, 4],
		[7, 8],
		[37, 40],
		[41, 80],
		[120, 200],
		[499, 500],
		[810, 1000],
	]) {
		expect(niceTop(largest ?? 0), String(largest)).toBe(top);
		expect(niceTop(largest ?? 0) % 4).toBe(0);
	}
});

it('leaves out labels that would not fit', () => {
	expect(labelStep(30, 600, 60)).toBe(3);
	expect(labelStep(5, 600, 60)).toBe(1);
	expect(labelStep(24, 40, 60)).toBe(24);
});
