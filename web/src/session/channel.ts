/** Tells the other tabs of this browser that somebody has logged in. */
const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel('certmill.session') : null;

export function tellLoggedIn() {
	channel?.postMessage('in');
}

export function onLoggedInElsewhere(listener: () => void): () => void {
	channel?.addEventListener('message', listener);
	return () => channel?.removeEventListener('message', listener);
}
