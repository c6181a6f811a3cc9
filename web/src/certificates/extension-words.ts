import { extensionNames, extensionValues } from '../i18n/en/extensions';

/** What an extension says, for people who do not know its name; undefined: not one of the usual ones. */
export function extensionTitle(name: string): string | undefined {
	return extensionNames[name];
}

/** A list of values in words, where each of them has some. */
export function extensionWords(value: string | null): string | undefined {
	const words = value?.split(', ').map((one) => extensionValues[one]);
	return words?.every((word) => word !== undefined) ? words.join(', ') : undefined;
}
