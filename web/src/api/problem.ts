import type { FieldError } from './types';

interface ProblemBody {
	title?: string;
	status?: number;
	detail?: string;
	code?: string;
	request_id?: string;
	errors?: FieldError[];
	errors_total?: number;
}

type Loose = { [Key in keyof FieldError]: FieldError[Key] | null };

/** The contract writes null for what an error does not say; here such members are left out. */
export function tidyErrors(errors: readonly Loose[] | undefined): FieldError[] {
	return (errors ?? []).map(
		(error) =>
			Object.fromEntries(
				Object.entries(error).filter(([, value]) => value !== null),
			) as unknown as FieldError,
	);
}

/** A refusal by the server (RFC 9457), or no answer at all: status 0. */
export class ApiProblem extends Error {
	readonly status: number;
	readonly code: string;
	readonly detail: string;
	readonly requestId: string | null;
	readonly errors: FieldError[];
	/** How many there are, where the answer does not hold all. */
	readonly errorsTotal: number;
	readonly retryAfterS: number | null;

	constructor(status: number, body: ProblemBody, headers?: Headers) {
		super(body.detail || body.title || `HTTP ${status}`);
		this.name = 'ApiProblem';
		this.status = status;
		this.code = body.code ?? '';
		this.detail = body.detail ?? body.title ?? '';
		this.requestId = body.request_id ?? headers?.get('x-request-id') ?? null;
		this.errors = tidyErrors(body.errors);
		this.errorsTotal = body.errors_total ?? this.errors.length;
		const after = Number(headers?.get('retry-after') ?? Number.NaN);
		this.retryAfterS = Number.isFinite(after) ? after : null;
	}

	/** No answer, or one that promises that a later try may do. */
	get passing(): boolean {
		return this.status === 0 || this.status === 503 || this.status === 502 || this.status === 504;
	}
}

export function problemFrom(status: number, text: string, headers?: Headers): ApiProblem {
	try {
		const body: unknown = JSON.parse(text);
		if (typeof body === 'object' && body !== null) {
			return new ApiProblem(status, body as ProblemBody, headers);
		}
	} catch {
		// Not the portal's own answer; a proxy's page says nothing that a user should read.
	}
	return new ApiProblem(status, {}, headers);
}

export function isStatus(error: unknown, status: number): boolean {
	return error instanceof ApiProblem && error.status === status;
}
