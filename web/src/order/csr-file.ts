/** What can be told about an upload of requests before it is sent. */
export type CsrLook =
	| { kind: 'requests'; count: number }
	| { kind: 'private_key' }
	| { kind: 'none' }
	/** A ZIP or DER: the server looks inside. */
	| { kind: 'binary' };

const begin = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----/g;
const privateKey = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/;
const zip = [0x50, 0x4b];
const sequence = 0x30;

export async function csrLook(file: Blob): Promise<CsrLook> {
	const start = new Uint8Array(await file.slice(0, 4).arrayBuffer());
	if ((start[0] === zip[0] && start[1] === zip[1]) || start[0] === sequence) {
		return { kind: 'binary' };
	}
	const text = await file.text();
	if (privateKey.test(text)) return { kind: 'private_key' };
	const count = text.match(begin)?.length ?? 0;
	return count > 0 ? { kind: 'requests', count } : { kind: 'none' };
}
