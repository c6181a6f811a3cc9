import type { components } from '../api/schema';

type Schemas = components['schemas'];
export type PasskeyOptions = Schemas['PasskeyOptions'];
export type PasskeyRequest = Schemas['PasskeyRequest'];
export type PasskeyNew = Schemas['PasskeyNew'];
export type PasskeyAssertion = Schemas['PasskeyAssertion'];

/** Base64url without padding (RFC 4648, section 5). */
export function base64urlWrite(octets: ArrayBuffer): string {
	const text = Array.from(new Uint8Array(octets), (octet) => String.fromCharCode(octet)).join('');
	return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

export function base64urlRead(text: string): Uint8Array<ArrayBuffer> {
	return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) =>
		char.charCodeAt(0),
	);
}

/** Can this browser keep a passkey? */
export function passkeysKnown(): boolean {
	return typeof PublicKeyCredential !== 'undefined' && 'credentials' in navigator;
}

/** The user has closed the browser's dialog, or let it wait too long. */
export function isGivenUp(error: unknown): boolean {
	return (
		error instanceof DOMException &&
		(error.name === 'NotAllowedError' || error.name === 'AbortError')
	);
}

/** The authenticator holds one of this account already. */
export function isRegistered(error: unknown): boolean {
	return error instanceof DOMException && error.name === 'InvalidStateError';
}

function descriptors(ids: string[]): PublicKeyCredentialDescriptor[] {
	return ids.map((id) => ({ type: 'public-key', id: base64urlRead(id) }));
}

/** Has the browser make a passkey; throws what the browser throws. */
export async function passkeyMake(options: PasskeyOptions, name: string): Promise<PasskeyNew> {
	const credential = await navigator.credentials.create({
		publicKey: {
			challenge: base64urlRead(options.challenge),
			rp: { id: options.rp_id, name: options.rp_name },
			user: {
				id: base64urlRead(options.user_id),
				name: options.user_name,
				displayName: options.user_display_name,
			},
			pubKeyCredParams: options.algorithms.map((alg) => ({ type: 'public-key', alg })),
			excludeCredentials: descriptors(options.exclude),
			authenticatorSelection: { userVerification: 'required', residentKey: 'preferred' },
			attestation: 'none',
			timeout: options.timeout_ms,
		},
	});
	const { response } = credential as PublicKeyCredential;
	const made = response as AuthenticatorAttestationResponse;
	return {
		name,
		client_data_json: base64urlWrite(made.clientDataJSON),
		authenticator_data: base64urlWrite(made.getAuthenticatorData()),
	};
}

/** Has the browser sign the challenge of a log-in. */
export async function passkeyAssert(request: PasskeyRequest): Promise<PasskeyAssertion> {
	const credential = await navigator.credentials.get({
		publicKey: {
			challenge: base64urlRead(request.challenge),
			rpId: request.rp_id,
			allowCredentials: descriptors(request.credential_ids),
			userVerification: 'required',
			timeout: request.timeout_ms,
		},
	});
	const chosen = credential as PublicKeyCredential;
	const response = chosen.response as AuthenticatorAssertionResponse;
	return {
		credential_id: base64urlWrite(chosen.rawId),
		client_data_json: base64urlWrite(response.clientDataJSON),
		authenticator_data: base64urlWrite(response.authenticatorData),
		signature: base64urlWrite(response.signature),
	};
}
