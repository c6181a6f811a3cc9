/**
 * The line on which each member of a JSON text begins, by its path as the server writes it:
 * `validity.days`, `extensions[2].type`.  The text must be JSON already.
 */
export function jsonLines(text: string): Map<string, number> {
	const lines = new Map<string, number>();
	let at = 0;
	let line = 1;

	function blank() {
		for (; /\s/.test(text[at] ?? 'x'); at++) if (text[at] === '\n') line++;
	}

	function string(): string {
		const from = at;
		for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === '\\') at++;
		at++;
		return JSON.parse(text.slice(from, at)) as string;
	}

	/** Members between brackets: `member` reads one. */
	function list(end: string, member: (index: number) => void) {
		at++;
		blank();
		for (let index = 0; at < text.length && text[at] !== end; index++) {
			member(index);
			blank();
			if (text[at] === ',') at++;
			blank();
		}
		at++;
	}

	function value(path: string) {
		blank();
		if (!lines.has(path)) lines.set(path, line);
		if (text[at] === '{') {
			list('}', () => {
				const name = string();
				const inner = path === '' ? name : `${path}.${name}`;
				lines.set(inner, line);
				blank();
				at++;
				value(inner);
			});
		} else if (text[at] === '[') list(']', (index) => value(`${path}[${index}]`));
		else if (text[at] === '"') string();
		else while (at < text.length && /[^\s,\]}]/.test(text[at] ?? '')) at++;
	}

	value('');
	return lines;
}

/** The line of a path, or of what holds it: a member that is missing has none of its own. */
export function lineOf(lines: Map<string, number>, path: string): number | undefined {
	for (let rest = path; rest !== ''; rest = rest.replace(/(?:\.[^.[]*|\[\d+\]|^[^.[]*)$/, '')) {
		const found = lines.get(rest);
		if (found !== undefined) return found;
	}
	return lines.get('');
}

/** Where the browser's parser gave up; browsers say it in different words. */
export function syntaxLine(text: string, message: string): number | undefined {
	const line = /line (\d+)/.exec(message);
	if (line) return Number(line[1]);
	const position = /position (\d+)/.exec(message);
	return position ? text.slice(0, Number(position[1])).split('\n').length : undefined;
}
