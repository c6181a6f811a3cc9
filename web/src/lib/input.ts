import type { ProfileInput } from '../api/types';
import { macHasPrefix, macParse } from './mac';

/** One value of a device, judged by the profile's descriptor as the server will. */
export type InputProblem =
	| { key: 'missing' }
	| { key: 'scientific' | 'macDigits' | 'macLength' | 'multicast' | 'zero'; value: string }
	| { key: 'prefix'; value: string; prefixes: string }
	| { key: 'decimal' | 'hex' | 'dnsName' | 'ipAddress'; value: string }
	| { key: 'choice'; value: string; choices: string }
	| { key: 'tooLong'; max: number }
	| { key: 'pattern'; value: string; message: string | null };

export type InputResult = { ok: true; value: string } | { ok: false; problem: InputProblem };

export type InputRule = Pick<
	ProfileInput,
	'name' | 'required' | 'pattern' | 'message' | 'default' | 'max_length'
> & { type: string; choices?: string[] };

const macProblems = {
	scientific: 'scientific',
	digits: 'macDigits',
	length: 'macLength',
	multicast: 'multicast',
	zero: 'zero',
} as const;

const hostName =
	/^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

// Digits and separators of either kind; how they may stand together, the server knows.
const ipAddress = /^(\d{1,3}(\.\d{1,3}){3}|(?=.*:)[0-9a-f:.]+)$/i;

export function isAddress(rule: { type: string }): boolean {
	return rule.type === 'mac' || rule.type === 'eui64';
}

function refuse(problem: InputProblem): InputResult {
	return { ok: false, problem };
}

function address(rule: InputRule, text: string, prefixes: readonly string[]): InputResult {
	const mac = macParse(text);
	if (!mac.ok) return refuse({ key: macProblems[mac.problem], value: text });
	if (mac.bits !== (rule.type === 'eui64' ? 64 : 48)) {
		return refuse({ key: 'macLength', value: text });
	}
	if (prefixes.length > 0 && !prefixes.some((prefix) => macHasPrefix(mac.text, prefix))) {
		return refuse({ key: 'prefix', value: mac.text, prefixes: prefixes.join(', ') });
	}
	return { ok: true, value: mac.text };
}

/** Some profiles take several names or addresses, separated by commas. */
function each(text: string, good: (one: string) => boolean): boolean {
	return text.split(',').every((one) => good(one.trim()));
}

/** The normal form of a value by its type; the pattern is for the caller. */
function typed(rule: InputRule, text: string, prefixes: readonly string[]): InputResult {
	if (isAddress(rule)) return address(rule, text, prefixes);
	switch (rule.type) {
		case 'decimal':
			return /^\d+$/.test(text)
				? { ok: true, value: text }
				: refuse({ key: 'decimal', value: text });
		case 'hex': {
			const digits = text.replace(/[\s:-]/g, '').toUpperCase();
			return /^[0-9A-F]+$/.test(digits)
				? { ok: true, value: digits }
				: refuse({ key: 'hex', value: text });
		}
		case 'dns_name':
			return each(text, (one) => hostName.test(one.replace(/(?<=.)\.$/, '')))
				? { ok: true, value: text.toLowerCase() }
				: refuse({ key: 'dnsName', value: text });
		case 'ip_address':
			return each(text, (one) => ipAddress.test(one))
				? { ok: true, value: text }
				: refuse({ key: 'ipAddress', value: text });
		case 'choice': {
			const choices = rule.choices ?? [];
			const found = choices.find((choice) => choice.toLowerCase() === text.toLowerCase());
			return found !== undefined
				? { ok: true, value: found }
				: refuse({ key: 'choice', value: text, choices: choices.join(', ') });
		}
		default:
			return { ok: true, value: text };
	}
}

const patterns = new Map<string, RegExp | null>();

/** The server's pattern, where this browser can read it; otherwise the server alone judges. */
function compiled(pattern: string): RegExp | null {
	let found = patterns.get(pattern);
	if (found === undefined) {
		try {
			// A POSIX class would be read here too, but as another set of characters.
			found = pattern.includes('[[:') ? null : new RegExp(`^(?:${pattern})$`, 'u');
		} catch {
			found = null;
		}
		patterns.set(pattern, found);
	}
	return found;
}

export function inputCheck(
	rule: InputRule,
	raw: string,
	prefixes: readonly string[] = [],
): InputResult {
	const text = raw.trim() || (rule.default ?? '');
	if (text === '') return rule.required ? refuse({ key: 'missing' }) : { ok: true, value: '' };
	const result = typed(rule, text, prefixes);
	if (!result.ok) return result;
	const max = rule.max_length ?? 1024;
	if (result.value.length > max) return refuse({ key: 'tooLong', max });
	if (rule.pattern && compiled(rule.pattern)?.test(result.value) === false) {
		return refuse({ key: 'pattern', value: text, message: rule.message });
	}
	return result;
}
