import { queryOptions } from '@tanstack/react-query';
import { api } from '../api/client';
import { lastActivity } from './activity';

export interface SessionClock {
	/** How long the session lives without a request; null: for ever. */
	idleMs: number | null;
	/** When it ends however busy it is, on this computer's clock; null: never. */
	endMs: number | null;
}

interface SessionTimes {
	expires_at: string | null;
	idle_expires_at: string | null;
}

/** Turns the server's times into spans, so that a wrong clock here does no harm. */
export function sessionClock(times: SessionTimes, serverMs: number, nowMs: number): SessionClock {
	const span = (time: string | null) => (time === null ? null : Date.parse(time) - serverMs);
	const end = span(times.expires_at);
	return { idleMs: span(times.idle_expires_at), endMs: end === null ? null : nowMs + end };
}

export function secondsLeft(clock: SessionClock, activityMs: number, nowMs: number): number {
	const idleEnd = clock.idleMs === null ? Number.POSITIVE_INFINITY : activityMs + clock.idleMs;
	return (Math.min(idleEnd, clock.endMs ?? Number.POSITIVE_INFINITY) - nowMs) / 1000;
}

export const clockQuery = queryOptions({
	queryKey: ['session'],
	queryFn: async () => {
		const { data, response } = await api.GET('/session');
		if (!data) throw new Error('no session');
		const date = Date.parse(response.headers.get('date') ?? '');
		const now = Date.now();
		return sessionClock(data, Number.isNaN(date) ? now : date, now);
	},
	staleTime: Number.POSITIVE_INFINITY,
	retry: false,
});

export function secondsLeftNow(clock: SessionClock): number {
	return secondsLeft(clock, lastActivity(), Date.now());
}
