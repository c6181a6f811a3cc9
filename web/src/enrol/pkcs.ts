import { BmpString, OctetString, Utf8String } from 'asn1js';
import {
	Attribute,
	AttributeTypeAndValue,
	AuthenticatedSafe,
	CertBag,
	Certificate,
	CertificationRequest,
	type ContentEncryptionAlgorithm,
	PFX,
	PKCS8ShroudedKeyBag,
	PrivateKeyInfo,
	SafeBag,
	SafeContents,
} from 'pkijs';

const commonName = '2.5.4.3';
const keyBag = '1.2.840.113549.1.12.10.1.2';
const certBag = '1.2.840.113549.1.12.10.1.3';
const friendlyName = '1.2.840.113549.1.9.20';
const localKeyId = '1.2.840.113549.1.9.21';
const iterations = 100_000;
const curve = { name: 'ECDSA', namedCurve: 'P-256' };
/** The library draws the initialization vector itself, though its types ask for one. */
const cipher = { name: 'AES-CBC', length: 256 } as unknown as ContentEncryptionAlgorithm;

/** A key of this browser with the request that its certificate is asked for with. */
export interface KeyAndRequest {
	privateKey: CryptoKey;
	csr: string;
}

function pem(label: string, der: ArrayBuffer): string {
	const text = Array.from(new Uint8Array(der), (octet) => String.fromCharCode(octet)).join('');
	const lines = btoa(text).match(/.{1,64}/g) ?? [];
	return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** The DER of every certificate in a PEM text. */
export function certificatesOf(text: string): Uint8Array<ArrayBuffer>[] {
	const blocks = text.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g);
	return Array.from(blocks, ([, body = '']) =>
		Uint8Array.from(atob(body.replace(/\s+/g, '')), (char) => char.charCodeAt(0)),
	);
}

/** A P-256 key and a PKCS#10 request (RFC 2986); what its subject will be is the portal's to say. */
export async function keyMake(name: string): Promise<KeyAndRequest> {
	const { privateKey, publicKey } = await crypto.subtle.generateKey(curve, true, [
		'sign',
		'verify',
	]);
	const request = new CertificationRequest({ attributes: [] });
	request.subject.typesAndValues.push(
		new AttributeTypeAndValue({ type: commonName, value: new Utf8String({ value: name }) }),
	);
	await request.subjectPublicKeyInfo.importKey(publicKey);
	await request.sign(privateKey, 'SHA-256');
	return { privateKey, csr: pem('CERTIFICATE REQUEST', request.toSchema().toBER()) };
}

function attributes(name: string, id: ArrayBuffer): Attribute[] {
	return [
		new Attribute({ type: localKeyId, values: [new OctetString({ valueHex: id })] }),
		new Attribute({ type: friendlyName, values: [new BmpString({ value: name })] }),
	];
}

/**
 * A PKCS#12 file (RFC 7292) with the key, its certificate and the CAs above it: PBES2 with AES-256
 * under the password, which is printable ASCII.
 */
export async function pkcs12Make(
	name: string,
	{ privateKey }: KeyAndRequest,
	certificatePem: string,
	chainPem: string,
	password: string,
): Promise<ArrayBuffer> {
	const secret = new TextEncoder().encode(password).buffer;
	const pkcs8 = await crypto.subtle.exportKey('pkcs8', privateKey);
	const [own, ...others] = [...certificatesOf(certificatePem), ...certificatesOf(chainPem)];
	if (!own) throw new Error('no certificate came back');
	const id = await crypto.subtle.digest('SHA-256', own);
	const protection = {
		password: secret,
		contentEncryptionAlgorithm: cipher,
		hmacHashAlgorithm: 'SHA-256',
		iterationCount: iterations,
	};
	const shrouded = new PKCS8ShroudedKeyBag({ parsedValue: PrivateKeyInfo.fromBER(pkcs8) });
	await shrouded.makeInternalValues(protection);

	const keys = new SafeContents({
		safeBags: [
			new SafeBag({
				bagId: keyBag,
				bagValue: shrouded,
				bagAttributes: attributes(name, id),
			}),
		],
	});
	const certificates = new SafeContents({
		safeBags: [own, ...others].map(
			(der, at) =>
				new SafeBag({
					bagId: certBag,
					bagValue: new CertBag({ parsedValue: Certificate.fromBER(der) }),
					...(at === 0 && { bagAttributes: attributes(name, id) }),
				}),
		),
	});
	const safe = new AuthenticatedSafe({
		parsedValue: {
			safeContents: [
				{ privacyMode: 0, value: keys },
				{ privacyMode: 1, value: certificates },
			],
		},
	});
	await safe.makeInternalValues({ safeContents: [{}, protection] });
	const file = new PFX({ parsedValue: { integrityMode: 0, authenticatedSafe: safe } });
	await file.makeInternalValues({
		password: secret,
		iterations,
		pbkdf2HashAlgorithm: 'SHA-256',
		hmacHashAlgorithm: 'SHA-256',
	});
	return file.toSchema().toBER();
}
