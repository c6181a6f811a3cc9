import { expect, it } from 'vitest';
import { problemFrom, tidyErrors } from './problem';

it('reads problem+json', () => {
	const text = JSON.stringify({
		title: 'Unprocessable Content',
		detail: '1 field is wrong',
		code: 'fields',
		request_id: 'abc',
		errors: [{ line: null, field: 'name', message: 'must not be empty' }],
	});
	const problem = problemFrom(422, text);
	expect(problem).toMatchObject({ status: 422, code: 'fields', requestId: 'abc', passing: false });
	expect(problem.errors).toEqual([{ field: 'name', message: 'must not be empty' }]);
});

it('shows nothing of an answer that is not the portal’s', () => {
	const headers = new Headers({ 'retry-after': '5', 'x-request-id': 'r' });
	const problem = problemFrom(503, '<html>nginx</html>', headers);
	expect(problem).toMatchObject({ detail: '', requestId: 'r', retryAfterS: 5, passing: true });
});

it('keeps what errors say', () => {
	expect(tidyErrors([{ line: 3, field: null, file: 'a.csr', message: 'm' }])).toEqual([
		{ line: 3, file: 'a.csr', message: 'm' },
	]);
	expect(tidyErrors(undefined)).toEqual([]);
});
