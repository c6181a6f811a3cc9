import type { TFunction } from 'i18next';
import type { Packaging, Profile, ProfileInput } from '../api/types';
import { explain, type ProblemTexts } from '../csv/explain';
import { inputCheck, isAddress } from '../lib/input';
import { macFormat, macParse, macRun } from '../lib/mac';
import { type Kind, makesKeys, methodOf } from './kinds';

/** What the wizard's tabs ask for; one set of fields, so that a change of tab loses nothing. */
export interface OrderFields {
	name: string;
	size: string;
	password: string;
	mode: '' | 'modern' | 'compatible';
	packaging: '' | Packaging;
	inputs: Record<string, string>;
	generator: string;
	increment: string;
	/** Ids of further profiles that the same devices get certificates from. */
	also: number[];
}

export interface OrderContext {
	kind: Kind;
	profile: Profile;
	prefixes: string[];
	texts: ProblemTexts;
}

export const sizeMax = 1_000_000;
export const incrementMax = 0xffffff;

// Control, surrogate and bidirectional characters: what a name looks like is what it is.
const hidden = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const printable = /^[\x20-\x7e]*$/;

export function orderDefaults(profile: Profile): OrderFields {
	return {
		name: '',
		size: '1',
		password: '',
		mode: '',
		packaging: '',
		inputs: Object.fromEntries(profile.inputs.map((input) => [input.name, input.default ?? ''])),
		generator: 'none',
		increment: '1',
		also: [],
	};
}

/** The inputs of a profile that a tab asks for. */
export function inputsFor(profile: Profile, kind: Kind): ProfileInput[] {
	const method = methodOf(kind);
	return profile.inputs.filter((input) => !input.methods || input.methods.includes(method));
}

/** The input that a generator can count up; forms have at most one. */
export function countedInput(profile: Profile): ProfileInput | undefined {
	return inputsFor(profile, 'form').find((input) =>
		input.generators.some((generator) => (generator as string) !== 'none'),
	);
}

export function wholeNumber(text: string, max: number): number | undefined {
	const value = Number(text);
	const whole = /^\d+$/.test(text.trim()) && value >= 1 && value <= max;
	return whole ? value : undefined;
}

type Errors = Record<string, string>;

function passwordError(t: TFunction, password: string, min: number): string | undefined {
	if (password.length < min) return t('order.passwordShort', { count: min });
	if (password.length > 128) return t('order.passwordLong');
	return printable.test(password) ? undefined : t('order.passwordAscii');
}

/** The last value of a run, for showing it while one types. */
export function runOf(fields: OrderFields, { profile, prefixes }: OrderContext) {
	const input = countedInput(profile);
	const size = wholeNumber(fields.size, sizeMax);
	const increment = wholeNumber(fields.increment, incrementMax);
	if (!input || !isAddress(input) || fields.generator === 'none') return undefined;
	const first = macParse(fields.inputs[input.name] ?? '');
	if (!first.ok || size === undefined || increment === undefined) return undefined;
	const run = macRun(first.value, first.bits, size, increment, prefixes);
	if (run.ok) {
		return { ok: true as const, first: first.text, last: macFormat(run.last, first.bits) };
	}
	return { ok: false as const, problem: run.problem, prefix: run.prefix };
}

function formErrors(t: TFunction, fields: OrderFields, context: OrderContext): Errors {
	const errors: Errors = {};
	const size = wholeNumber(fields.size, sizeMax);
	if (size === undefined) errors.size = t('order.sizeError');
	const counts = fields.generator !== 'none';
	if (size !== undefined && size > 1 && !counts) errors.generator = t('order.generatorError');
	if (counts && wholeNumber(fields.increment, incrementMax) === undefined) {
		errors.increment = t('order.incrementError');
	}
	const run = runOf(fields, context);
	if (run && !run.ok) {
		errors.size =
			run.problem === 'block'
				? t('order.runBlock', { prefix: run.prefix ?? '' })
				: t('order.runOverflow');
	}
	return errors;
}

/** By field name, what is wrong with what was typed for a tab. */
export function orderErrors(t: TFunction, fields: OrderFields, context: OrderContext): Errors {
	const { kind, profile, prefixes, texts } = context;
	const errors: Errors = {};
	const name = fields.name.trim();
	if (name === '' || [...name].length > 200 || hidden.test(name))
		errors.name = t('order.nameError');
	if (makesKeys(kind)) {
		const wrong = passwordError(t, fields.password, profile.pkcs12.password_min_length);
		if (wrong) errors.password = wrong;
	}
	if (kind === 'form') Object.assign(errors, formErrors(t, fields, context));
	if (kind === 'single' && fields.size.trim() !== '1') errors.size = t('order.sizeOne');
	if (kind === 'csv') return errors;
	for (const input of inputsFor(profile, kind)) {
		const value = fields.inputs[input.name] ?? '';
		// What a form leaves out, each request may hold; the server knows.
		if (kind === 'csrs' && value.trim() === '') continue;
		const result = inputCheck(input, value, prefixes);
		if (!result.ok) errors[`inputs.${input.name}`] = explain(result.problem, texts);
	}
	return errors;
}
