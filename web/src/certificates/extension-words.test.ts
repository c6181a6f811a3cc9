import { expect, it } from 'vitest';
import { extensionTitle, extensionWords } from './extension-words';

it('says in words what it knows, and nothing of what it does not', () => {
	expect(extensionTitle('keyUsage')).toBe('What the key may be used for');
	expect(extensionTitle('1.2.3')).toBeUndefined();
	expect(extensionWords('digitalSignature, keyEncipherment')).toBe(
		'digital signatures, encrypting keys',
	);
	expect(extensionWords('digitalSignature, 1.2.3')).toBeUndefined();
	expect(extensionWords('key identifier of the issuing CA')).toBeUndefined();
	expect(extensionWords(null)).toBeUndefined();
});
