// @vitest-environment node
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { certificatesOf, keyMake, pkcs12Make } from './pkcs';

let dir = '';
beforeAll(() => {
	dir = mkdtempSync(join(tmpdir(), 'enrol-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

function openssl(...args: string[]): string {
	return execFileSync('openssl', args, { cwd: dir, encoding: 'utf8', stdio: 'pipe' });
}

test('OpenSSL takes the request, and opens the file with the certificate made from it', async () => {
	const made = await keyMake('skenny');
	writeFileSync(join(dir, 'r.pem'), made.csr);
	expect(openssl('req', '-in', 'r.pem', '-noout', '-text')).toContain('prime256v1');
	openssl('req', '-in', 'r.pem', '-verify', '-noout');

	openssl(
		...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
		...['-subj', '/CN=Admin CA', '-keyout', 'ca.key', '-out', 'ca.pem'],
	);
	openssl(
		...['x509', '-req', '-in', 'r.pem', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', '7'],
		...['-subj', '/CN=skenny', '-days', '2', '-out', 'own.pem'],
	);
	const [own, ca] = ['own.pem', 'ca.pem'].map((name) => readFileSync(join(dir, name), 'utf8'));
	const password = 'correct horse ~"\\';
	const file = await pkcs12Make('skenny', made, own ?? '', ca ?? '', password);
	writeFileSync(join(dir, 'f.p12'), new Uint8Array(file));
	const text = openssl('pkcs12', '-in', 'f.p12', '-passin', `pass:${password}`, '-nodes');
	expect(text).toContain('BEGIN PRIVATE KEY');
	expect(text).toContain('friendlyName: skenny');
	expect(certificatesOf(text)).toEqual(certificatesOf(`${own}${ca}`));
	writeFileSync(join(dir, 'key.pem'), text);
	const spki = openssl('pkey', '-in', 'key.pem', '-pubout');
	expect(openssl('x509', '-in', 'own.pem', '-noout', '-pubkey')).toBe(spki);
	expect(() => openssl('pkcs12', '-in', 'f.p12', '-passin', 'pass:wrong', '-nodes')).toThrow();
});
