import Papa from 'papaparse';

/** One record of a CSV and the physical line, from 1, on which it begins. */
export interface CsvRecord {
	line: number;
	cells: string[];
}

const quote = 34;
const lf = 10;
const cr = 13;
const delimiters = [',', ';', '\t'] as const;

/** The delimiter of a header line: the one it holds most of, outside of quotes. */
export function csvDelimiter(header: string): string {
	const bare = header.replace(/"[^"]*"/g, '');
	let best: string = delimiters[0];
	for (const one of delimiters) {
		if (bare.split(one).length > bare.split(best).length) best = one;
	}
	return best;
}

function linesIn(cells: readonly string[]): number {
	let lines = 1;
	for (const cell of cells) {
		if (!cell.includes('\n') && !cell.includes('\r')) continue;
		lines += cell.split(/\r\n|\n|\r/).length - 1;
	}
	return lines;
}

/**
 * Cuts text that arrives in pieces into records.  papaparse reads whole records only, so a piece is
 * held back after its last line end outside of quotes; memory stays that of one piece.
 */
export class CsvReader {
	private rest = '';
	/** How much of `rest` has been looked at, and whether that ended inside quotes. */
	private scanned = 0;
	private quoted = false;
	private line = 1;
	private delimiter: string | undefined;
	private readonly onRecord: (record: CsvRecord) => void;

	constructor(onRecord: (record: CsvRecord) => void) {
		this.onRecord = onRecord;
	}

	push(text: string) {
		this.rest += text;
		const cut = this.lastLineEnd();
		if (cut === 0) return;
		this.parse(this.rest.slice(0, cut));
		this.rest = this.rest.slice(cut);
		this.scanned -= cut;
	}

	/** Where the last whole record of `rest` ends; 0 when none does. */
	private lastLineEnd(): number {
		const text = this.rest;
		let end = 0;
		for (; this.scanned < text.length; this.scanned++) {
			const code = text.charCodeAt(this.scanned);
			if (code === quote) this.quoted = !this.quoted;
			else if (!this.quoted && code === lf) end = this.scanned + 1;
			else if (!this.quoted && code === cr) {
				// At the very end it may be half of a CRLF: looked at again with the next piece.
				if (this.scanned + 1 === text.length) break;
				if (text.charCodeAt(this.scanned + 1) !== lf) end = this.scanned + 1;
			}
		}
		return end;
	}

	end() {
		if (this.rest !== '') this.parse(this.rest);
		this.rest = '';
	}

	private parse(text: string) {
		const ended = /[\r\n]$/.test(text);
		const unified = text.replace(/\r\n?/g, '\n');
		this.delimiter ??= csvDelimiter(unified.split('\n', 1)[0] ?? '');
		const { data } = Papa.parse<string[]>(unified, {
			delimiter: this.delimiter,
			newline: '\n',
			skipEmptyLines: false,
		});
		// After the last line end papaparse reports one more, empty, record.
		if (ended) data.pop();
		for (const cells of data) {
			this.onRecord({ line: this.line, cells });
			this.line += linesIn(cells);
		}
	}
}

export function isBlank(cells: readonly string[]): boolean {
	return cells.every((cell) => cell.trim() === '');
}
