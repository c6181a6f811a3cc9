import { csvText } from '../lib/csv-write';
import {
	bytesMax,
	type CsvHeader,
	type CsvRow,
	type CsvRules,
	headerCheck,
	RowChecker,
	rowsMax,
} from './check';
import { readText } from './encoding';
import { CsvReader, isBlank } from './records';

/** How many rows, good or bad, are shown; all are checked. */
const shownRows = 100;
const shownErrors = 1000;

export type FileProblem =
	| { key: 'tooManyRows'; max: number }
	| { key: 'tooManyBytes'; max: number }
	| { key: 'encoding' }
	| { key: 'noRows' };

export interface CsvReport {
	header: CsvHeader;
	rows: number;
	rowsWrong: number;
	/** The first rows of the file. */
	first: CsvRow[];
	/** The first rows that have problems. */
	wrong: CsvRow[];
	problem?: FileProblem;
}

type Progress = (part: number) => void;

/** Reads the file once; the caller sees every row. */
async function eachRow(
	file: Blob,
	rules: CsvRules,
	onRow: (row: CsvRow) => void,
	onProgress?: Progress,
): Promise<CsvHeader> {
	let header: CsvHeader = { columns: [], unknown: [], problems: [{ key: 'empty' }] };
	let checker: RowChecker | undefined;
	const reader = new CsvReader((record) => {
		if (checker) {
			const row = checker.check(record);
			if (row) onRow(row);
		} else if (!isBlank(record.cells)) {
			header = headerCheck(record.cells, rules);
			checker = new RowChecker(header, rules);
		}
	});
	await readText(file, (text, bytes) => {
		reader.push(text);
		onProgress?.(file.size === 0 ? 1 : bytes / file.size);
	});
	reader.end();
	return header;
}

export async function csvCheck(
	file: Blob,
	rules: CsvRules,
	onProgress?: Progress,
): Promise<CsvReport> {
	const report: CsvReport = {
		header: { columns: [], unknown: [], problems: [] },
		rows: 0,
		rowsWrong: 0,
		first: [],
		wrong: [],
	};
	if (file.size > bytesMax) {
		return { ...report, problem: { key: 'tooManyBytes', max: bytesMax } };
	}
	try {
		report.header = await eachRow(
			file,
			rules,
			(row) => {
				report.rows += 1;
				if (report.first.length < shownRows) report.first.push(row);
				if (row.problems.length === 0) return;
				report.rowsWrong += 1;
				if (report.wrong.length < shownErrors) report.wrong.push(row);
			},
			onProgress,
		);
	} catch (error) {
		if (!(error instanceof TypeError)) throw error;
		return { ...report, problem: { key: 'encoding' } };
	}
	if (report.rows > rowsMax) report.problem = { key: 'tooManyRows', max: rowsMax };
	else if (report.rows === 0 && report.header.problems.length === 0) {
		report.problem = { key: 'noRows' };
	}
	return report;
}

/** The rows without a problem, as a CSV of their own. */
export async function csvGood(file: Blob, rules: CsvRules): Promise<Blob> {
	const rows: string[][] = [];
	const header = await eachRow(file, rules, (row) => {
		if (row.problems.length === 0) rows.push(row.cells);
	});
	// Not for a spreadsheet but for the server: cells go out as they came in.
	const plain = (cell: string) =>
		/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
	const text = [header.columns, ...rows].map((cells) => `${cells.map(plain).join(',')}\r\n`);
	return new Blob(text, { type: 'text/csv' });
}

/** The rows with problems: line, reason and the columns as they came, for correcting in a spreadsheet. */
export async function csvBad(
	file: Blob,
	rules: CsvRules,
	head: [string, string],
	explain: (row: CsvRow) => string,
): Promise<Blob> {
	const rows: CsvRow[] = [];
	const header = await eachRow(file, rules, (row) => {
		if (row.problems.length > 0) rows.push(row);
	});
	const parts = [csvText([[...header.columns, ...head]])];
	for (const row of rows) {
		const cells = header.columns.map((_, at) => row.cells[at] ?? '');
		parts.push(csvText([[...cells, row.line, explain(row)]]));
	}
	return new Blob(parts, { type: 'text/csv' });
}
