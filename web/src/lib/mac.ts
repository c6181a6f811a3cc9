/**
 * Hardware addresses as people write them: colons, hyphens, dots or nothing between the digits,
 * any case.  A parsed address is a BigInt of 48 or 64 bits.
 */
export type MacProblem = 'scientific' | 'digits' | 'length' | 'multicast' | 'zero';

export type MacResult =
	| { ok: true; value: bigint; bits: 48 | 64; text: string }
	| { ok: false; problem: MacProblem };

const scientific = /^\d+([.,]\d+)?E\+?\d+$/i;
const separated = /^[0-9a-f]{1,2}([:-])(?:[0-9a-f]{1,2}\1)+[0-9a-f]{1,2}$/i;
const dotted = /^[0-9a-f]{4}(\.[0-9a-f]{4})+$/i;
const bare = /^[0-9a-f]+$/i;

function digitsOf(text: string): string | undefined {
	if (bare.test(text)) return text;
	if (dotted.test(text)) return text.replaceAll('.', '');
	if (separated.test(text)) {
		return text
			.split(/[:-]/)
			.map((octet) => octet.padStart(2, '0'))
			.join('');
	}
	return undefined;
}

/** Reads a MAC in any spelling; says what is wrong with one that is none. */
export function macParse(input: string): MacResult {
	const text = input.trim();
	// A spreadsheet turns 0012E4000000 into 1.2E+05: the digits are gone, guessing is no help.
	if (scientific.test(text) && !/^[0-9a-f]{12}$/i.test(text)) {
		return { ok: false, problem: 'scientific' };
	}
	const digits = digitsOf(text);
	if (digits === undefined) return { ok: false, problem: 'digits' };
	if (digits.length !== 12 && digits.length !== 16) return { ok: false, problem: 'length' };
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

/**
 * The last address of `count` addresses, `increment` apart; undefined where the block would run
 * past the manufacturer's part (the upper 24 bits), since that would be someone else's address.
 */
export function macLast(
	first: bigint,
	bits: 48 | 64,
	count: number,
	increment: number,
): bigint | undefined {
	const last = first + BigInt(count - 1) * BigInt(increment);
	const block = BigInt(bits - 24);
	return last >> block === first >> block ? last : undefined;
}
