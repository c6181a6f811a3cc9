import { startWorker } from '../lib/trusted';
import type { CsvRules } from './check';
import type { CsvReport } from './check-file';
import type { CsvAnswer, CsvRequest, CsvTask } from './worker';
import workerUrl from './worker?worker&url';

interface Waiting {
	resolve: (answer: CsvAnswer) => void;
	reject: (error: Error) => void;
	onProgress?: (part: number) => void;
}

let worker: Worker | undefined;
let nextId = 1;
const waiting = new Map<number, Waiting>();

function start(): Worker {
	const started = startWorker(workerUrl);
	started.onmessage = ({ data }: MessageEvent<CsvAnswer>) => {
		const one = waiting.get(data.id);
		if (!one) return;
		if ('progress' in data) {
			one.onProgress?.(data.progress);
			return;
		}
		waiting.delete(data.id);
		if ('error' in data) one.reject(new Error(data.error));
		else one.resolve(data);
	};
	started.onerror = (event) => {
		for (const one of waiting.values()) one.reject(new Error(event.message));
		waiting.clear();
		worker = undefined;
	};
	return started;
}

function ask(
	file: Blob,
	rules: CsvRules,
	task: CsvTask,
	onProgress?: (part: number) => void,
): Promise<CsvAnswer> {
	worker ??= start();
	const request: CsvRequest = { id: nextId++, file, rules, task };
	return new Promise((resolve, reject) => {
		waiting.set(request.id, { resolve, reject, onProgress });
		worker?.postMessage(request);
	});
}

/** Checks every row of a CSV off the main thread. */
export async function csvReport(
	file: Blob,
	rules: CsvRules,
	onProgress?: (part: number) => void,
): Promise<CsvReport> {
	const answer = await ask(file, rules, { kind: 'check' }, onProgress);
	if (!('report' in answer)) throw new Error('no report');
	return answer.report;
}

export async function csvPart(
	file: Blob,
	rules: CsvRules,
	task: Exclude<CsvTask, { kind: 'check' }>,
): Promise<Blob> {
	const answer = await ask(file, rules, task);
	if (!('blob' in answer)) throw new Error('no file');
	return answer.blob;
}
