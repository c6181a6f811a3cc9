/**
 * Hardware addresses as people write them: colons, hyphens, dots or nothing between the digits,
 * any case.  A parsed address is a BigInt of 48 or 64 bits.
 */
export type MacProblem = 'scientific' | 'digits' | 'length' | 'multicast' | 'zero';

export type MacResult =
	| { ok: true; value: bigint; bits: 48 | 64; text: string }
	| { ok: false; problem: MacProblem };

const scientific = /^\d[\d.,]*E[+-]?\d{1,3}$/i;
const pairs = /^[0-9a-f]{2}([:.-])(?:[0-9a-f]{2}\1)*[0-9a-f]{2}$/i;
const quads = /^[0-9a-f]{4}(?:\.[0-9a-f]{4})+$/i;
const bare = /^[0-9a-f]+$/i;
// What pasting leaves around a value besides blanks: zero-width space, byte order mark.
const around = /^[\s\u200b\ufeff]+|[\s\u200b\ufeff]+$/g;

/** Reads a MAC in any spelling; says what is wrong with one that is none. */
export function macParse(input: string): MacResult {
	const text = input.replace(around, '');
	const plain = bare.test(text) || pairs.test(text) || quads.test(text);
	const digits = plain ? text.replace(/[:.-]/g, '') : '';
	if (digits.length !== 12 && digits.length !== 16) {
		// A spreadsheet turns 001234567E10 into 1.2E+05: the digits are gone, guessing is no help.
		if (scientific.test(text)) return { ok: false, problem: 'scientific' };
		return { ok: false, problem: plain ? 'length' : 'digits' };
	}
	const value = BigInt(`0x${digits}`);
	if (value === 0n) return { ok: false, problem: 'zero' };
	if ((Number.parseInt(digits.slice(0, 2), 16) & 1) === 1) {
		return { ok: false, problem: 'multicast' };
	}
	const bits = digits.length === 12 ? 48 : 64;
	return { ok: true, value, bits, text: macFormat(value, bits) };
}

/** Upper-case octets with colons. */
export function macFormat(value: bigint, bits: 48 | 64): string {
	const digits = value
		.toString(16)
		.toUpperCase()
		.padStart(bits / 4, '0');
	return (digits.match(/../g) ?? []).join(':');
}

/** Does the address begin with the digits of a prefix such as `00:1A:2B` or `00:1A:2B:C`? */
export function macHasPrefix(text: string, prefix: string): boolean {
	const digits = (of: string) => of.replace(/[:.-]/g, '').toUpperCase();
	return digits(text).startsWith(digits(prefix));
}

export type MacRun =
	| { ok: true; last: bigint }
	| { ok: false; problem: 'overflow' | 'block'; prefix?: string };

/**
 * The last of `count` addresses, `increment` apart.  A run stays inside the block of the
 * organization that its first address is in: what comes after it is somebody else's.
 */
export function macRun(
	first: bigint,
	bits: 48 | 64,
	count: number,
	increment: number,
	prefixes: readonly string[],
): MacRun {
	const last = first + BigInt(count - 1) * BigInt(increment);
	if (last >> BigInt(bits) !== 0n) return { ok: false, problem: 'overflow' };
	const prefix = prefixes.find((one) => macHasPrefix(macFormat(first, bits), one));
	if (prefix !== undefined && !macHasPrefix(macFormat(last, bits), prefix)) {
		return { ok: false, problem: 'block', prefix };
	}
	return { ok: true, last };
}
