import { describe, expect, it } from 'vitest';
import { macFormat, macHasPrefix, macParse, macRun } from './mac';

describe('macParse', () => {
	it.each([
		'00:1d:d1:00:00:0a',
		'00-1D-D1-00-00-0A',
		'001d.d100.000a',
		'001DD100000A',
		'00.1D.D1.00.00.0A',
		' 00:1d:d1:00:00:0a\u00a0',
		'\ufeff001DD100000A\u200b',
	])('reads %s', (text) => {
		expect(macParse(text)).toMatchObject({ ok: true, bits: 48, text: '00:1D:D1:00:00:0A' });
	});

	it('reads EUI-64', () => {
		expect(macParse('00:1D:D1:FF:FE:00:00:0A')).toMatchObject({ ok: true, bits: 64 });
	});

	it.each([
		['1.23E+11', 'scientific'],
		['1,23457E+11', 'scientific'],
		['00:1D:D1:00:00', 'length'],
		['00:1D:D1:00:00:0G', 'digits'],
		['00:1D-D1:00:00:01', 'digits'],
		['0:1d:d1:0:0:a', 'digits'],
		['1E+11', 'scientific'],
		['01:1D:D1:00:00:01', 'multicast'],
		['00:00:00:00:00:00', 'zero'],
		['', 'digits'],
	])('refuses %s as %s', (text, problem) => {
		expect(macParse(text)).toEqual({ ok: false, problem });
	});

	it('takes twelve digits that only look like a number with an exponent', () => {
		expect(macParse('001234567E10')).toMatchObject({ ok: true, text: '00:12:34:56:7E:10' });
	});
});

describe('macRun', () => {
	const block = ['00:1A:2B', '00:1D:D1'];

	it('counts by the increment', () => {
		expect(macRun(0x001dd1000000n, 48, 1000, 2, block)).toEqual({
			ok: true,
			last: 0x001dd10007cen,
		});
	});

	it('stays inside the block of the first address', () => {
		expect(macRun(0x001dd1ffffffn, 48, 1, 1, block)).toMatchObject({ ok: true });
		expect(macRun(0x001dd1ffffffn, 48, 2, 1, block)).toEqual({
			ok: false,
			problem: 'block',
			prefix: '00:1D:D1',
		});
		expect(macRun(0x001dd1ffffffn, 48, 2, 1, [])).toMatchObject({ ok: true });
	});

	it('stays inside the number range', () => {
		expect(macRun(0xfeffffffffffn, 48, 0x2000000, 0x100000, [])).toEqual({
			ok: false,
			problem: 'overflow',
		});
	});
});

describe('macHasPrefix', () => {
	it('takes prefixes of 24, 28 and 36 bits', () => {
		expect(macHasPrefix('00:1A:2B:C0:00:00', '00:1A:2B')).toBe(true);
		expect(macHasPrefix('00:1A:2B:C0:00:00', '00:1a:2b:c')).toBe(true);
		expect(macHasPrefix('00:1A:2B:D0:00:00', '00:1A:2B:C')).toBe(false);
	});
});

describe('macFormat', () => {
	it('pads to the width', () => {
		expect(macFormat(1n, 48)).toBe('00:00:00:00:00:01');
		expect(macFormat(1n, 64)).toBe('00:00:00:00:00:00:00:01');
	});
});
