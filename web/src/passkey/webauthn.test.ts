import { expect, test } from 'vitest';
import { base64urlRead, base64urlWrite } from './webauthn';

test('octets go through base64url and back, without padding', () => {
	for (let length = 0; length < 70; length++) {
		const octets = Uint8Array.from({ length }, (_, at) => (at * 89 + 250) % 256);
		const text = base64urlWrite(octets.buffer);
		expect(text).toMatch(/^[A-Za-z0-9_-]*$/);
		expect(base64urlRead(text)).toEqual(octets);
	}
	expect(base64urlWrite(Uint8Array.of(0xfb, 0xff).buffer)).toBe('-_8');
});
