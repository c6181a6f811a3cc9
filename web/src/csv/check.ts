import { type InputProblem, type InputRule, inputCheck, isAddress } from '../lib/input';
import { type CsvRecord, isBlank } from './records';

/** What the browser can say about a CSV before it is sent; the server judges again. */
export interface CsvRules {
	inputs: InputRule[];
	prefixes: string[];
}

export type CsvProblem =
	| (InputProblem & { column: string })
	| { key: 'duplicate'; column: string; value: string; line: number }
	| { key: 'cells'; column: string; got: number; want: number };

export interface CsvRow {
	line: number;
	cells: string[];
	problems: CsvProblem[];
}

export type HeaderProblem =
	| { key: 'empty' }
	| { key: 'columnMissing'; column: string; found: string }
	| { key: 'columnTwice'; column: string };

export interface CsvHeader {
	/** As written, in the order of the file. */
	columns: string[];
	unknown: string[];
	problems: HeaderProblem[];
}

export const rowsMax = 1_000_000;
export const bytesMax = 256 * 1024 * 1024;

function tidy(name: string): string {
	return name.trim().toLowerCase();
}

/** Columns come in any order and case; an unknown one is a warning, a missing or double one an error. */
export function headerCheck(cells: string[], rules: CsvRules): CsvHeader {
	const names = cells.map(tidy);
	const known = new Set(rules.inputs.map((input) => input.name));
	const problems: HeaderProblem[] = [];
	for (const input of rules.inputs) {
		const count = names.filter((name) => name === input.name).length;
		if (count > 1) problems.push({ key: 'columnTwice', column: input.name });
		if (count === 0 && input.required && !input.default) {
			problems.push({ key: 'columnMissing', column: input.name, found: cells.join(', ') });
		}
	}
	return {
		columns: cells.map((cell) => cell.trim()),
		unknown: cells.map((cell) => cell.trim()).filter((cell) => cell && !known.has(tidy(cell))),
		problems,
	};
}

/** Judges the rows of one file, in order; remembers the addresses for duplicates. */
export class RowChecker {
	private readonly seen = new Map<string, number>();
	private readonly columns: { rule: InputRule; at: number }[];
	private readonly width: number;
	private readonly prefixes: string[];

	constructor(header: CsvHeader, rules: CsvRules) {
		const names = header.columns.map(tidy);
		this.columns = rules.inputs
			.map((rule) => ({ rule, at: names.indexOf(rule.name) }))
			.filter(({ at }) => at >= 0);
		this.width = header.columns.length;
		this.prefixes = rules.prefixes;
	}

	/** undefined for a blank line. */
	check({ line, cells }: CsvRecord): CsvRow | undefined {
		if (isBlank(cells)) return undefined;
		const problems: CsvProblem[] = [];
		if (cells.length > this.width) {
			problems.push({ key: 'cells', column: '', got: cells.length, want: this.width });
		}
		for (const { rule, at } of this.columns) {
			const result = inputCheck(rule, cells[at] ?? '', this.prefixes);
			if (!result.ok) problems.push({ ...result.problem, column: rule.name });
			else if (isAddress(rule) && result.value !== '') {
				const key = `${rule.name} ${result.value}`;
				const first = this.seen.get(key);
				if (first === undefined) this.seen.set(key, line);
				else {
					problems.push({
						key: 'duplicate',
						column: rule.name,
						value: result.value,
						line: first,
					});
				}
			}
		}
		return { line, cells, problems };
	}
}
