import type { Method } from '../api/types';

/** The tabs of the wizard, as the address names them. */
export const kinds = ['form', 'single', 'csrs', 'csv'] as const;
export type Kind = (typeof kinds)[number];

const methods: Record<Kind, Method> = { form: 'form', single: 'single', csrs: 'csr', csv: 'csv' };

export function methodOf(kind: Kind): Method {
	return methods[kind];
}

/** Do keys come from here, and so need a password?  Not for customers' own requests. */
export function makesKeys(kind: Kind): boolean {
	return kind !== 'csrs';
}

/** Can one list of devices go to several profiles at once?  Requests are for one alone. */
export function pairs(kind: Kind): boolean {
	return kind !== 'csrs';
}

export function takesFile(kind: Kind): boolean {
	return kind === 'csrs' || kind === 'csv';
}
