import { useCallback, useMemo, useRef, useState } from 'react';
import type { Profile } from '../api/types';
import type { CsvRules } from '../csv/check';
import type { CsvReport } from '../csv/check-file';
import { csvReport } from '../csv/client';
import { inputsFor } from './fields';

export interface CsvFile {
	file: File | undefined;
	rules: CsvRules;
	report: CsvReport | undefined;
	/** How far the check has come; undefined when none is running. */
	progress: number | undefined;
	goodOnly: boolean;
	setGoodOnly: (on: boolean) => void;
	choose: (file: File) => void;
	clear: () => void;
}

/** The CSV of an order, checked in a worker as soon as it is chosen. */
export function useCsvFile(profile: Profile, prefixes: string[]): CsvFile {
	const [file, setFile] = useState<File>();
	const [report, setReport] = useState<CsvReport>();
	const [progress, setProgress] = useState<number>();
	const [goodOnly, setGoodOnly] = useState(false);
	const turn = useRef(0);
	const rules = useMemo<CsvRules>(
		() => ({ inputs: inputsFor(profile, 'csv'), prefixes }),
		[profile, prefixes],
	);

	const choose = useCallback(
		(chosen: File) => {
			turn.current += 1;
			const mine = turn.current;
			const current = () => mine === turn.current;
			setFile(chosen);
			setReport(undefined);
			setGoodOnly(false);
			setProgress(0);
			csvReport(chosen, rules, (part) => current() && setProgress(part))
				.then((made) => current() && setReport(made))
				// The server checks again; a browser that cannot check may still order.
				.catch((error: unknown) => console.warn('the CSV check failed', error))
				.finally(() => current() && setProgress(undefined));
		},
		[rules],
	);

	const clear = useCallback(() => {
		turn.current += 1;
		setFile(undefined);
		setReport(undefined);
		setProgress(undefined);
	}, []);

	return { file, rules, report, progress, goodOnly, setGoodOnly, choose, clear };
}

/** May a file with this report be sent? */
export function csvUsable(report: CsvReport | undefined, goodOnly: boolean): boolean {
	if (!report) return true;
	if (report.problem || report.header.problems.length > 0) return false;
	return report.rowsWrong === 0 || (goodOnly && report.rowsWrong < report.rows);
}
