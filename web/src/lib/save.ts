/** Hands a text made here to the user as a file. */
export function saveText(name: string, text: string, type = 'text/csv;charset=utf-8') {
	saveBlob(name, new Blob([text], { type }));
}

export function saveBlob(name: string, blob: Blob) {
	const url = URL.createObjectURL(blob);
	clickLink(url, name);
	// The click has only queued the download; the address must outlive this task.
	setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Lets the browser fetch a file of the server, with its own progress and resumption. */
export function clickLink(href: string, name = '') {
	const link = document.createElement('a');
	link.href = href;
	link.download = name;
	document.body.append(link);
	link.click();
	link.remove();
}

/** A file name that every system takes. */
export function fileName(text: string): string {
	const safe = text.replace(/[^\p{L}\p{N}._-]+/gu, '_').replace(/^[._]+/, '');
	return safe.slice(0, 120) || 'file';
}
