import { describe, expect, it } from 'vitest';
import { type InputRule, inputCheck } from './input';

function rule(change: Partial<InputRule>): InputRule {
	return {
		name: 'x',
		type: 'text',
		required: true,
		pattern: null,
		message: null,
		default: null,
		max_length: null,
		...change,
	};
}

const mac = rule({ type: 'mac', pattern: '^([0-9A-F]{2}:){5}[0-9A-F]{2}$' });

describe('inputCheck', () => {
	it('brings addresses into normal form before the pattern', () => {
		expect(inputCheck(mac, '00-1d-d1-00-00-0a')).toEqual({ ok: true, value: '00:1D:D1:00:00:0A' });
	});

	it('keeps to the blocks of the organization', () => {
		expect(inputCheck(mac, '001dd100000a', ['00:1D:D1'])).toMatchObject({ ok: true });
		expect(inputCheck(mac, '0021dd00000a', ['00:1D:D1'])).toMatchObject({
			problem: { key: 'prefix', prefixes: '00:1D:D1' },
		});
	});

	it('tells EUI-48 from EUI-64', () => {
		const eui64 = rule({ type: 'eui64' });
		expect(inputCheck(eui64, '00:1D:D1:FF:FE:00:00:0A')).toMatchObject({ ok: true });
		expect(inputCheck(eui64, '00:1D:D1:00:00:0A')).toMatchObject({ problem: { key: 'macLength' } });
		expect(inputCheck(mac, '00:1D:D1:FF:FE:00:00:0A')).toMatchObject({
			problem: { key: 'macLength' },
		});
	});

	it('knows required, optional and default values', () => {
		expect(inputCheck(rule({}), '  ')).toMatchObject({ problem: { key: 'missing' } });
		expect(inputCheck(rule({ required: false }), '')).toEqual({ ok: true, value: '' });
		expect(inputCheck(rule({ default: 'CM-1' }), '')).toEqual({ ok: true, value: 'CM-1' });
	});

	it('judges by pattern and length, and leaves patterns it cannot read to the server', () => {
		const sn = rule({ pattern: 'SN[0-9]+', message: 'SN and digits', max_length: 6 });
		expect(inputCheck(sn, 'SN12')).toMatchObject({ ok: true });
		expect(inputCheck(sn, 'xSN12')).toMatchObject({
			problem: { key: 'pattern', message: 'SN and digits' },
		});
		expect(inputCheck(sn, 'SN12345')).toMatchObject({ problem: { key: 'tooLong', max: 6 } });
		for (const pattern of ['[[:digit:]]+', '(']) {
			expect(inputCheck(rule({ pattern }), 'x')).toMatchObject({ ok: true });
		}
	});

	it('takes one of a choice', () => {
		const color = rule({ type: 'choice', choices: ['red', 'blue'] });
		expect(inputCheck(color, 'Red')).toEqual({ ok: true, value: 'red' });
		expect(inputCheck(color, 'green')).toMatchObject({ problem: { choices: 'red, blue' } });
	});

	it.each([
		['decimal', '0042', '0042'],
		['hex', 'ab:cd', 'ABCD'],
		['dns_name', 'Device.Example', 'device.example'],
		['ip_address', '192.0.2.1', '192.0.2.1'],
		['ip_address', '2001:db8::1', '2001:db8::1'],
	])('takes a %s', (type, raw, value) => {
		expect(inputCheck(rule({ type }), raw)).toEqual({ ok: true, value });
	});

	it.each([
		['decimal', '4.2'],
		['hex', 'xyz'],
		['dns_name', '-a-'],
		['ip_address', '192.0.2'],
		['choice', 'red'],
	])('refuses a %s that is none', (type, raw) => {
		expect(inputCheck(rule({ type }), raw)).toMatchObject({ ok: false });
	});
});
