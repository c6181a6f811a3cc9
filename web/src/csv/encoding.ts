/** The text encodings that spreadsheets write; told by the mark at the start of the file. */
export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

export function encodingOf(start: Uint8Array): Encoding {
	if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
	if (start[0] === 0xfe && start[1] === 0xff) return 'utf-16be';
	return 'utf-8';
}

/** The text of a file in pieces; throws a TypeError where it is not in its encoding. */
export async function readText(file: Blob, onText: (text: string, bytes: number) => void) {
	const start = new Uint8Array(await file.slice(0, 2).arrayBuffer());
	const decoder = new TextDecoder(encodingOf(start), { fatal: true });
	const reader = file.stream().getReader();
	let bytes = 0;
	for (;;) {
		const { done, value } = await reader.read();
		if (done) break;
		bytes += value.byteLength;
		onText(decoder.decode(value, { stream: true }), bytes);
	}
	onText(decoder.decode(), bytes);
}
