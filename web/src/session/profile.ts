import { useCallback, useSyncExternalStore } from 'react';
import type { Me, ProfileSummary } from '../api/types';
import { keep, keepJson, kept, keptJson } from '../lib/storage';
import { useMe } from './me';

/**
 * The profile one works with is the page's matter, not the session's: two tabs may order from two
 * profiles.  It lives in the tab, and is remembered for the next log-in.
 */
const listeners = new Set<() => void>();

function changed() {
	for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
	listeners.add(listener);
	return () => {
		listeners.delete(listener);
	};
}

function slot(me: Me): string {
	return `profile.${me.id}.${me.organization?.id ?? 0}`;
}

function chosenProfile(me: Me): ProfileSummary | undefined {
	const id = Number(kept(slot(me), sessionStorage));
	return me.profiles.find((profile) => profile.id === id);
}

/** Has the user ever said what to work with, in this browser? */
export function hasChosen(me: Me): boolean {
	return chosenProfile(me) !== undefined || kept(slot(me)) !== null;
}

/** What a new tab begins with. */
export function lastProfile(me: Me): ProfileSummary | undefined {
	const id = Number(kept(slot(me)));
	return me.profiles.find((profile) => profile.id === id) ?? me.profiles[0];
}

export function chooseProfile(me: Me, profileId: number) {
	keep(slot(me), String(profileId), sessionStorage);
	keep(slot(me), String(profileId));
	changed();
}

export function useProfileChoice(): [ProfileSummary | undefined, (id: number) => void] {
	const me = useMe();
	const id = useSyncExternalStore(subscribe, () => chosenProfile(me)?.id ?? lastProfile(me)?.id);
	// Operators and auditors look at all organizations and all profiles at once.
	const acts = me.organization !== null;
	const choose = useCallback((next: number) => chooseProfile(me, next), [me]);
	return [acts ? me.profiles.find((profile) => profile.id === id) : undefined, choose];
}

export function useFavorites(): [number[], (id: number) => void] {
	const me = useMe();
	const key = `favorites.${me.id}`;
	const text = useSyncExternalStore(subscribe, () => kept(key) ?? '[]');
	const toggle = useCallback(
		(id: number) => {
			const now = keptJson<number[]>(key, []);
			keepJson(key, now.includes(id) ? now.filter((other) => other !== id) : [...now, id]);
			changed();
		},
		[key],
	);
	return [JSON.parse(text) as number[], toggle];
}
