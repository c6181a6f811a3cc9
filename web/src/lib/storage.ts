/** Small values kept in the browser; a browser that keeps nothing is no error. */
export function kept(key: string, area: Storage = localStorage): string | null {
	try {
		return area.getItem(`certmill.${key}`);
	} catch {
		return null;
	}
}

export function keep(key: string, value: string | null, area: Storage = localStorage) {
	try {
		if (value === null) area.removeItem(`certmill.${key}`);
		else area.setItem(`certmill.${key}`, value);
	} catch {
		// Private windows may refuse; the choice then lasts as long as the page.
	}
}

export function keptJson<T>(key: string, fallback: T): T {
	const text = kept(key);
	if (text === null) return fallback;
	try {
		return JSON.parse(text) as T;
	} catch {
		return fallback;
	}
}

export function keepJson(key: string, value: unknown) {
	keep(key, JSON.stringify(value));
}
