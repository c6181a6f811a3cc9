import type { TFunction } from 'i18next';
import { describe, expect, it } from 'vitest';
import type { Profile } from '../api/types';
import { inputProblems } from '../i18n/en/order';
import { type OrderFields, orderDefaults, orderErrors, runOf } from './fields';
import { orderOf } from './payload';
import { sortErrors } from './server-errors';

const profile = {
	id: 51,
	inputs: [
		{
			name: 'mac_address',
			title: 'MAC Address',
			type: 'mac',
			required: true,
			pattern: null,
			message: null,
			default: null,
			methods: ['form', 'single', 'csr', 'csv'],
			generators: ['mac'],
		},
	],
	pkcs12: { mode: 'modern', iterations: 10000, password_min_length: 8 },
} as unknown as Profile;

const t = ((key: string) => key) as unknown as TFunction;
const prefixes = ['00:1D:D1'];

function fields(change: Partial<OrderFields> = {}): OrderFields {
	return {
		...orderDefaults(profile),
		name: 'Line 4',
		password: 'correct horse',
		inputs: { mac_address: '00-1d-d1-00-00-01' },
		...change,
	};
}

function errors(kind: 'form' | 'single' | 'csrs' | 'csv', change: Partial<OrderFields> = {}) {
	return orderErrors(t, fields(change), { kind, profile, prefixes, texts: inputProblems });
}

describe('orderErrors', () => {
	it('passes what is right', () => {
		for (const kind of ['form', 'single', 'csrs', 'csv'] as const) expect(errors(kind)).toEqual({});
		expect(errors('form', { size: '500', generator: 'mac', increment: '2' })).toEqual({});
	});

	it('names what is wrong', () => {
		expect(errors('csv', { name: ' ', password: 'short' })).toEqual({
			name: 'order.nameError',
			password: 'order.passwordShort',
		});
		expect(errors('csv', { name: 'a\u202eb' })).toHaveProperty('name');
		expect(errors('csv', { password: 'pässwörter' })).toEqual({ password: 'order.passwordAscii' });
		expect(errors('form', { size: '2' })).toEqual({ generator: 'order.generatorError' });
		expect(errors('form', { size: '1.5' })).toHaveProperty('size');
		expect(errors('form', { size: '2', generator: 'mac', increment: '0' })).toEqual({
			increment: 'order.incrementError',
		});
		expect(errors('single', { size: '2' })).toEqual({ size: 'order.sizeOne' });
		expect(errors('single', { inputs: {} })).toHaveProperty(['inputs.mac_address']);
	});

	it('asks for no password and no values where the requests bring them', () => {
		expect(errors('csrs', { password: '', inputs: {} })).toEqual({});
	});
});

describe('runOf', () => {
	const context = { kind: 'form', profile, prefixes, texts: inputProblems } as const;

	it('shows the last address', () => {
		const change = { size: '3', generator: 'mac', increment: '16' };
		expect(runOf(fields(change), { ...context })).toEqual({
			ok: true,
			first: '00:1D:D1:00:00:01',
			last: '00:1D:D1:00:00:21',
		});
		const beyond = { size: '3', generator: 'mac', increment: '16000000' };
		expect(runOf(fields(beyond), { ...context })).toMatchObject({ ok: false, prefix: '00:1D:D1' });
	});
});

describe('orderOf', () => {
	it('makes what the contract takes', () => {
		expect(orderOf('form', profile, fields({ size: '5', generator: 'mac' }))).toEqual({
			method: 'form',
			profile_id: 51,
			name: 'Line 4',
			size: 5,
			pkcs12_password: 'correct horse',
			inputs: { mac_address: '00-1d-d1-00-00-01' },
			generator: { input: 'mac_address', increment: 1 },
		});
		expect(orderOf('form', profile, fields())).not.toHaveProperty('generator');
		expect(orderOf('csrs', profile, fields())).not.toHaveProperty('pkcs12_password');
		expect(orderOf('csv', profile, fields())).not.toHaveProperty('inputs');
		expect(orderOf('csv', profile, fields())).not.toHaveProperty('packaging');
		expect(orderOf('csv', profile, fields({ packaging: 'factory_flat' }))).toMatchObject({
			packaging: 'factory_flat',
		});
	});

	it('names all profiles of a paired order; requests are for one alone', () => {
		const paired = fields({ also: [47, 801] });
		expect(orderOf('csv', profile, paired)).toMatchObject({ profile_ids: [51, 47, 801] });
		expect(orderOf('csv', profile, paired)).not.toHaveProperty('profile_id');
		expect(orderOf('csrs', profile, paired)).toMatchObject({ profile_id: 51 });
		expect(orderOf('csrs', profile, paired)).not.toHaveProperty('profile_ids');
	});
});

it('sorts errors of the server to fields and lines', () => {
	const line = { line: 4, field: 'mac_address', message: 'no' };
	const other = { field: 'profile_id', message: 'no such profile' };
	expect(
		sortErrors(
			[
				{ field: 'pkcs12_password', message: 'short' },
				{ field: 'inputs.mac_address', message: 'taken' },
				line,
				other,
			],
			profile,
		),
	).toEqual({ fields: { password: 'short', 'inputs.mac_address': 'taken' }, rest: [line, other] });
});
