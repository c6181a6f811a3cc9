import { useSyncExternalStore } from 'react';

let text = '';
const listeners = new Set<() => void>();

/** Says a line to screen readers; the shell holds the live region. */
export function announce(line: string) {
	// The same line twice must still be spoken: a trailing no-break space makes it another text.
	text = line === text ? `${line}\u00a0` : line;
	for (const listener of listeners) listener();
}

export function useAnnouncement(): string {
	return useSyncExternalStore(
		(listener) => {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
		() => text,
	);
}
