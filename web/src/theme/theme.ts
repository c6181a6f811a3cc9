import { useSyncExternalStore } from 'react';
import { keep, kept } from '../lib/storage';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const darkSystem = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

function current(): Theme {
	const value = kept('theme');
	return themes.find((theme) => theme === value) ?? 'system';
}

function apply() {
	const theme = current();
	const dark = theme === 'dark' || (theme === 'system' && darkSystem.matches);
	document.documentElement.dataset.theme = dark ? 'dark' : 'light';
}

/** Called before the first paint; the policy allows no inline script that would be earlier. */
export function themeStart() {
	apply();
	darkSystem.addEventListener('change', apply);
}

export function themeChoose(theme: Theme) {
	keep('theme', theme === 'system' ? null : theme);
	apply();
	for (const listener of listeners) listener();
}

export function useTheme(): Theme {
	return useSyncExternalStore(
		(listener) => {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
		() => current(),
	);
}
