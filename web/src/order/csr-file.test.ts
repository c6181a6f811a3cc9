import { expect, it } from 'vitest';
import { csrLook } from './csr-file';

const pem = (label: string) => `-----BEGIN ${label}-----\nMIIB\n-----END ${label}-----\n`;

it('counts requests', async () => {
	const text = pem('CERTIFICATE REQUEST') + pem('NEW CERTIFICATE REQUEST');
	expect(await csrLook(new Blob([text]))).toEqual({ kind: 'requests', count: 2 });
});

it.each(['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'])(
	'notices a %s',
	async (label) => {
		const text = pem('CERTIFICATE REQUEST') + pem(label);
		expect(await csrLook(new Blob([text]))).toEqual({ kind: 'private_key' });
	},
);

it('leaves ZIP and DER to the server, and names what is neither', async () => {
	expect(await csrLook(new Blob([new Uint8Array([0x50, 0x4b, 3, 4])]))).toEqual({ kind: 'binary' });
	expect(await csrLook(new Blob([new Uint8Array([0x30, 0x82, 1, 1])]))).toEqual({ kind: 'binary' });
	expect(await csrLook(new Blob(['hello']))).toEqual({ kind: 'none' });
});
