import { expect, it } from 'vitest';
import { csvCell, csvText } from './csv-write';

it('defuses formulas', () => {
	for (const cell of ['=1+1', '+1', '-1', '@x', '\tx']) expect(csvCell(cell)).toContain(`'${cell}`);
	expect(csvCell('00:1D')).toBe('00:1D');
});

it('quotes separators and quotes', () => {
	expect(csvText([['a,b', 'say "x"', 3, null]])).toBe('"a,b","say ""x""",3,\r\n');
});
