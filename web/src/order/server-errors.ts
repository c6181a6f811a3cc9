import type { FieldError, Profile } from '../api/types';

const fieldNames: Record<string, string> = {
	name: 'name',
	size: 'size',
	pkcs12_password: 'password',
	pkcs12_mode: 'mode',
	generator: 'generator',
	'generator.input': 'generator',
	'generator.increment': 'increment',
};

export interface SortedErrors {
	/** By name of a field of the wizard. */
	fields: Record<string, string>;
	/** What belongs to a line of the file, or to no field here. */
	rest: FieldError[];
}

/** Errors of the server land on the fields they are about; the others are listed. */
export function sortErrors(errors: readonly FieldError[], profile: Profile): SortedErrors {
	const fields: Record<string, string> = {};
	const rest: FieldError[] = [];
	for (const error of errors) {
		const bare = error.field?.replace(/^inputs[.[]/, '').replace(/\]$/, '') ?? '';
		let name = fieldNames[error.field ?? ''];
		if (name === undefined && profile.inputs.some((input) => input.name === bare)) {
			name = `inputs.${bare}`;
		}
		if (error.line !== undefined || error.file !== undefined || name === undefined)
			rest.push(error);
		else fields[name] ??= error.message;
	}
	return { fields, rest };
}
