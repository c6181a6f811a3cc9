import { describe, expect, it } from 'vitest';
import type { CsvRules } from './check';
import { csvBad, csvCheck, csvGood } from './check-file';
import { CsvReader, type CsvRecord, csvDelimiter } from './records';

const rules: CsvRules = {
	inputs: [
		{
			name: 'mac_address',
			type: 'mac',
			required: true,
			pattern: null,
			message: null,
			default: null,
			max_length: null,
		},
	],
	prefixes: ['00:1D:D1'],
};

function file(...parts: (string | Uint8Array<ArrayBuffer>)[]): Blob {
	return new Blob(parts, { type: 'text/csv' });
}

function utf16(text: string, little: boolean): Uint8Array<ArrayBuffer> {
	const bytes = new Uint8Array(text.length * 2);
	for (let at = 0; at < text.length; at++) {
		const code = text.charCodeAt(at);
		bytes[at * 2 + (little ? 0 : 1)] = code & 0xff;
		bytes[at * 2 + (little ? 1 : 0)] = code >> 8;
	}
	return bytes;
}

describe('CsvReader', () => {
	function read(...pieces: string[]): CsvRecord[] {
		const records: CsvRecord[] = [];
		const reader = new CsvReader((record) => records.push(record));
		for (const piece of pieces) reader.push(piece);
		reader.end();
		return records;
	}

	it('counts physical lines through quoted line ends and any line end', () => {
		expect(
			read('a;b\r\n"x\r\ny";1\n\nz;2\rw;3').map(({ line, cells }) => [line, cells[0]]),
		).toEqual([
			[1, 'a'],
			[2, 'x\ny'],
			[4, ''],
			[5, 'z'],
			[6, 'w'],
		]);
	});

	it('gives the same records however the text is cut', () => {
		const text = 'a,b\r\n"1,""\r\n2",x\r\n3,y';
		const whole = read(text);
		for (let at = 1; at < text.length; at++) {
			expect(read(text.slice(0, at), text.slice(at))).toEqual(whole);
		}
	});

	it('finds the delimiter outside of quotes', () => {
		expect(csvDelimiter('mac_address;"a,b,c";x')).toBe(';');
		expect(csvDelimiter('mac_address\tnote')).toBe('\t');
		expect(csvDelimiter('mac_address')).toBe(',');
	});
});

describe('csvCheck', () => {
	it('passes a good file', async () => {
		const report = await csvCheck(
			file('mac_address\r\n001dd1000001\r\n00-1D-D1-00-00-02\r\n'),
			rules,
		);
		expect(report).toMatchObject({ rows: 2, rowsWrong: 0, header: { problems: [], unknown: [] } });
	});

	it('reads marks, semicolons and columns in any case and order', async () => {
		const report = await csvCheck(
			file('\ufeffNote;MAC_Address\n"a; b";00-1d-d1-01-00-00\n'),
			rules,
		);
		expect(report).toMatchObject({ rows: 1, rowsWrong: 0, header: { unknown: ['Note'] } });
	});

	it.each([true, false])('reads UTF-16 with its mark, little end first: %s', async (little) => {
		const report = await csvCheck(
			file(utf16('\ufeffmac_address\r\n00:1D:D1:00:00:01\r\n', little)),
			rules,
		);
		expect(report).toMatchObject({ rows: 1, rowsWrong: 0 });
	});

	it('names every bad row by its line', async () => {
		const text = [
			'mac_address',
			'00:1D:D1:02:00:00',
			'1.23E+11',
			'',
			'00:1D:D1:02:00',
			'001dd1020000',
			'01:1D:D1:00:00:01',
			'00:1D:D1:02:00:0G',
			'00:99:99:02:00:00',
		].join('\n');
		const report = await csvCheck(file(text), rules);
		expect(report.rows).toBe(7);
		expect(report.wrong.map(({ line, problems }) => [line, problems[0]?.key])).toEqual([
			[3, 'scientific'],
			[5, 'macLength'],
			[6, 'duplicate'],
			[7, 'multicast'],
			[8, 'macDigits'],
			[9, 'prefix'],
		]);
		expect(report.wrong[2]?.problems[0]).toMatchObject({ line: 2, value: '00:1D:D1:02:00:00' });
	});

	it('refuses wrong headers and unreadable files', async () => {
		expect(await csvCheck(file('serial\n1\n'), rules)).toMatchObject({
			header: { problems: [{ key: 'columnMissing', column: 'mac_address' }] },
		});
		expect(await csvCheck(file('mac_address,MAC_ADDRESS\n1,2\n'), rules)).toMatchObject({
			header: { problems: [{ key: 'columnTwice' }] },
		});
		expect(await csvCheck(file(''), rules)).toMatchObject({
			header: { problems: [{ key: 'empty' }] },
		});
		expect(await csvCheck(file('mac_address\n'), rules)).toMatchObject({
			problem: { key: 'noRows' },
		});
		expect(await csvCheck(file(new Uint8Array([0x61, 0xe9, 0x0a])), rules)).toMatchObject({
			problem: { key: 'encoding' },
		});
	});
});

describe('splitting', () => {
	const mixed = file('mac_address;note\n001dd1000001;"a,b"\nbad;=1+1\n');

	it('keeps the good rows as they were', async () => {
		expect(await (await csvGood(mixed, rules)).text()).toBe(
			'mac_address,note\r\n001dd1000001,"a,b"\r\n',
		);
	});

	it('gives bad rows back with line and reason, safe for spreadsheets', async () => {
		const bad = await csvBad(mixed, rules, ['line', 'problem'], () => 'no address');
		expect(await bad.text()).toBe('mac_address,note,line,problem\r\nbad,"\'=1+1",3,no address\r\n');
	});
});
