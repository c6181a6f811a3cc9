import { describe, expect, it } from 'vitest';
import { jsonLines, lineOf, syntaxLine } from './json-lines';

const text = `{
  "id": 7,
  "validity": { "days": -1 },
  "extensions": [
    { "type": "keyUsage",
      "usages": ["a", "b]\\"}"] },
    { "type": "other" }
  ],
  "inputs": []
}`;

describe('jsonLines', () => {
	const lines = jsonLines(text);

	it('knows where members and elements begin', () => {
		const found = [
			'',
			'id',
			'validity.days',
			'extensions[0].usages[1]',
			'extensions[1].type',
			'inputs',
		];
		expect(found.map((path) => lines.get(path))).toEqual([1, 2, 3, 6, 7, 9]);
	});

	it('takes what holds a member that is missing', () => {
		expect(lineOf(lines, 'extensions[1].value.OID')).toBe(7);
		expect(lineOf(lines, 'validity.until')).toBe(3);
		expect(lineOf(lines, 'extensions[9].type')).toBe(4);
		expect(lineOf(lines, 'name')).toBe(1);
		expect(lineOf(lines, '')).toBe(1);
	});
});

describe('syntaxLine', () => {
	it('reads the words of both kinds of browsers', () => {
		expect(syntaxLine(text, 'Expected x at position 5 (line 2 column 3)')).toBe(2);
		expect(syntaxLine(text, 'Unexpected token at position 15')).toBe(3);
		expect(syntaxLine(text, 'The string did not match')).toBeUndefined();
	});
});
