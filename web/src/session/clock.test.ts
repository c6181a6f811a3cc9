import { expect, it } from 'vitest';
import { secondsLeft, sessionClock } from './clock';

const times = { expires_at: '2026-03-02T20:55:00Z', idle_expires_at: '2026-03-02T09:25:00Z' };
const server = Date.parse('2026-03-02T08:55:00Z');

it('does not depend on the clock of this computer', () => {
	const wrong = server - 3_600_000;
	const clock = sessionClock(times, server, wrong);
	expect(clock.idleMs).toBe(30 * 60 * 1000);
	expect(clock.endMs).toBe(wrong + 12 * 3600 * 1000);
});

it('ends at the earlier of the two', () => {
	const clock = sessionClock(times, server, server);
	expect(secondsLeft(clock, server, server)).toBe(1800);
	expect(secondsLeft(clock, server + 12 * 3600_000 - 60_000, server + 12 * 3600_000 - 30_000)).toBe(
		30,
	);
	expect(secondsLeft({ idleMs: null, endMs: null }, 0, 0)).toBe(Number.POSITIVE_INFINITY);
});
