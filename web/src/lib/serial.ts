const separators = /[\s:.-]/g;
const whole = /^[0-9A-F]{32}$/;

/** A serial number, or a part of one, in any spelling: colons, spaces, case and 0x fall away. */
export function serialTidy(text: string): string {
	return text.trim().replace(/^0x/i, '').replace(separators, '').toUpperCase();
}

/** Serial numbers out of pasted text, one a line or separated by commas; what is none is named. */
export function serialList(text: string): { serials: string[]; wrong: string[] } {
	const serials = new Set<string>();
	const wrong: string[] = [];
	for (const piece of text.split(/[\n\r,;]+/)) {
		if (piece.trim() === '') continue;
		const serial = serialTidy(piece);
		if (whole.test(serial)) serials.add(serial);
		else wrong.push(piece.trim());
	}
	return { serials: [...serials], wrong };
}

/** Four groups of eight digits, which the eye can compare. */
export function serialGroups(serial: string): string {
	return (serial.match(/.{1,8}/g) ?? []).join(' ');
}
