import type { CsvRules } from './check';
import { type CsvReport, csvBad, csvCheck, csvGood } from './check-file';
import { explainAll, type ProblemTexts } from './explain';

export type CsvTask =
	| { kind: 'check' }
	| { kind: 'good' }
	| { kind: 'bad'; head: [string, string]; texts: ProblemTexts };

export interface CsvRequest {
	id: number;
	file: Blob;
	rules: CsvRules;
	task: CsvTask;
}

export type CsvAnswer =
	| { id: number; progress: number }
	| { id: number; report: CsvReport }
	| { id: number; blob: Blob }
	| { id: number; error: string };

const progressEveryMs = 100;

function post(answer: CsvAnswer) {
	self.postMessage(answer);
}

async function work({ id, file, rules, task }: CsvRequest): Promise<CsvAnswer> {
	if (task.kind === 'good') return { id, blob: await csvGood(file, rules) };
	if (task.kind === 'bad') {
		const { head, texts } = task;
		return {
			id,
			blob: await csvBad(file, rules, head, (row) => explainAll(row.problems, texts)),
		};
	}
	let last = 0;
	const report = await csvCheck(file, rules, (progress) => {
		if (performance.now() - last < progressEveryMs) return;
		last = performance.now();
		post({ id, progress });
	});
	return { id, report };
}

self.onmessage = (event: MessageEvent<CsvRequest>) => {
	work(event.data).then(post, (error: unknown) =>
		post({ id: event.data.id, error: error instanceof Error ? error.message : String(error) }),
	);
};
