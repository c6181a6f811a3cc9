import { describe, expect, it } from 'vitest';
import { macFormat, macLast, macParse } from './mac';

describe('macParse', () => {
	it.each([
		'00:1d:d1:00:00:0a',
		'00-1D-D1-00-00-0A',
		'001d.d100.000a',
		'001DD100000A',
		' 0:1d:d1:0:0:a ',
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

describe('macLast', () => {
	it('counts by the increment', () => {
		expect(macLast(0x001dd1000000n, 48, 1000, 2)).toBe(0x001dd10007cen);
	});

	it("stays inside the manufacturer's block", () => {
		expect(macLast(0x001dd1ffffffn, 48, 1, 1)).toBe(0x001dd1ffffffn);
		expect(macLast(0x001dd1ffffffn, 48, 2, 1)).toBeUndefined();
	});
});

describe('macFormat', () => {
	it('pads to the width', () => {
		expect(macFormat(1n, 48)).toBe('00:00:00:00:00:01');
		expect(macFormat(1n, 64)).toBe('00:00:00:00:00:00:00:01');
	});
});
