import createClient, { type Middleware } from 'openapi-fetch';
import { noteActivity, noteLoggedOut } from '../session/activity';
import { ApiProblem, problemFrom } from './problem';
import type { paths } from './schema';

export const apiBase = '/api/v1';

/** Where 401 says that a log-in is refused; no session has ended by it. */
const logInPaths = new Set(['/session', '/session/passkey']);

const refusals: Middleware = {
	async onResponse({ response, schemaPath }) {
		if (response.ok) {
			noteActivity();
			return undefined;
		}
		const problem = problemFrom(response.status, await response.text(), response.headers);
		if (problem.status === 401 && !logInPaths.has(schemaPath)) noteLoggedOut();
		throw problem;
	},
	onError({ error }) {
		if (error instanceof DOMException && error.name === 'AbortError') return undefined;
		return new ApiProblem(0, {});
	},
};

export const api = createClient<paths>({
	baseUrl: apiBase,
	credentials: 'same-origin',
	// Asked for on each call, so that tests and tools may replace it.
	fetch: (request) => globalThis.fetch(request),
});
api.use(refusals);

/** The body of an answer; refusals have been thrown by then. */
export async function got<T>(answer: Promise<{ data?: T }>): Promise<T> {
	const { data } = await answer;
	return data as T;
}

interface UploadOptions {
	idempotencyKey?: string;
	signal?: AbortSignal;
	onProgress?: (part: number) => void;
}

/**
 * Posts an order with its file.  The file is streamed from disk by the browser, and its progress is
 * known, which fetch does not offer.
 */
export function upload<T>(
	path: string,
	order: object,
	file: File,
	{ idempotencyKey, signal, onProgress }: UploadOptions,
): Promise<T> {
	const form = new FormData();
	form.append('order', JSON.stringify(order));
	form.append('file', file, file.name);
	return new Promise((resolve, reject) => {
		const request = new XMLHttpRequest();
		request.open('POST', `${apiBase}${path}`);
		request.setRequestHeader('Accept', 'application/json');
		if (idempotencyKey) request.setRequestHeader('Idempotency-Key', idempotencyKey);
		request.upload.onprogress = (event) => {
			if (event.lengthComputable) onProgress?.(event.loaded / event.total);
		};
		request.onload = () => {
			if (request.status >= 200 && request.status < 300) {
				noteActivity();
				resolve(JSON.parse(request.responseText) as T);
				return;
			}
			const headers = new Headers();
			for (const name of ['x-request-id', 'retry-after']) {
				const value = request.getResponseHeader(name);
				if (value) headers.set(name, value);
			}
			if (request.status === 401) noteLoggedOut();
			reject(problemFrom(request.status, request.responseText, headers));
		};
		request.onerror = () => reject(new ApiProblem(0, {}));
		request.onabort = () => reject(new DOMException('aborted', 'AbortError'));
		signal?.addEventListener('abort', () => request.abort());
		request.send(form);
	});
}
