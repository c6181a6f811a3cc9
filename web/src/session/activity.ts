import { keep, kept } from '../lib/storage';

/**
 * When the session was last used, by this tab or another, and whether the server has said that it is
 * over.  Outside React, because the API client reports here.
 */
type Listener = () => void;

const key = 'activity';
const listeners = new Set<Listener>();
let own = Date.now();
let loggedOut = false;

export function noteActivity() {
	const now = Date.now();
	// Other tabs need no finer grain, and storage is not free.
	if (now - own > 1000) keep(key, String(now));
	own = now;
}

export function lastActivity(): number {
	return Math.max(own, Number(kept(key)) || 0);
}

export function noteLoggedOut() {
	if (loggedOut) return;
	loggedOut = true;
	for (const listener of listeners) listener();
}

export function noteLoggedIn() {
	if (!loggedOut) return;
	loggedOut = false;
	noteActivity();
	for (const listener of listeners) listener();
}

export function isLoggedOut(): boolean {
	return loggedOut;
}

export function onLoggedOut(listener: Listener): () => void {
	listeners.add(listener);
	return () => listeners.delete(listener);
}
