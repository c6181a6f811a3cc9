const prefix = /^[0-9a-f]{2}([:-]?[0-9a-f]{2}){2}([:-]?[0-9a-f]{1,2}){0,2}$/i;
const parameter = /^([A-Za-z][A-Za-z0-9_.-]*)\s*=\s*(.+)$/;

function lines(text: string): string[] {
	return text
		.split('\n')
		.map((line) => line.trim())
		.filter(Boolean);
}

/** Prefixes, one a line. */
export function prefixesOf(text: string): { prefixes: string[]; wrong: string[] } {
	const all = lines(text);
	const good = (line: string) => prefix.test(line);
	return { prefixes: all.filter(good), wrong: all.filter((line) => !good(line)) };
}

export function prefixText(prefixes: readonly string[]): string {
	return prefixes.join('\n');
}

/** `name=value`, one a line. */
export function parametersOf(text: string): {
	parameters: Record<string, string>;
	wrong: string[];
} {
	const parameters: Record<string, string> = {};
	const wrong: string[] = [];
	for (const line of lines(text)) {
		const match = parameter.exec(line);
		if (match?.[1] && match[2]) parameters[match[1]] = match[2];
		else wrong.push(line);
	}
	return { parameters, wrong };
}

export function parameterText(parameters: Readonly<Record<string, unknown>>): string {
	return Object.entries(parameters)
		.map(([name, value]) => `${name}=${String(value)}`)
		.join('\n');
}
