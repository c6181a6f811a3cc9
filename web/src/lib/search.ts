import { z } from 'zod';

/**
 * Search parameters are plain text in the address, so that a serial number like 6E11 stays one.
 * Each page's schema gives them their types; what does not fit is dropped, not an error.
 */
export function searchParse(text: string): Record<string, string> {
	return Object.fromEntries(new URLSearchParams(text));
}

export function searchWrite(search: Record<string, unknown>): string {
	const params = new URLSearchParams();
	for (const [key, value] of Object.entries(search)) {
		if (value !== undefined && value !== null && value !== '' && value !== false) {
			params.set(key, String(value));
		}
	}
	const text = params.toString();
	return text ? `?${text}` : '';
}

export const searchText = z.string().min(1).max(1024).optional().catch(undefined);
export const searchId = z.coerce.number().int().min(1).optional().catch(undefined);
export const searchDay = z
	.string()
	.regex(/^\d{4}-\d{2}-\d{2}$/)
	.optional()
	.catch(undefined);
export const searchFlag = z
	.union([z.literal('true'), z.literal(true)])
	.transform(() => true as const)
	.optional()
	.catch(undefined);

export const searchPaging = {
	cursor: searchText,
	page: searchId,
	limit: z.coerce.number().int().min(1).max(1000).optional().catch(undefined),
};

/** The address of a page of this portal; anything else is dropped. */
export const searchPath = z
	.string()
	.regex(/^\/(?![/\\])/)
	.optional()
	.catch(undefined);
