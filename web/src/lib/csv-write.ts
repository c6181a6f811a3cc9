const formula = /^[=+\-@\t\r]/;

/** A cell that no spreadsheet takes for a formula and no reader splits. */
export function csvCell(value: string | number | null | undefined): string {
	if (value === null || value === undefined) return '';
	if (typeof value === 'number') return String(value);
	const safe = formula.test(value) ? `'${value}` : value;
	return /[",\r\n;']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csvText(rows: Iterable<readonly (string | number | null | undefined)[]>): string {
	let text = '';
	for (const row of rows) text += `${row.map(csvCell).join(',')}\r\n`;
	return text;
}
