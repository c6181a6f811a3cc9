import { afterEach, describe, expect, it } from 'vitest';
import {
	dayEnd,
	dayStart,
	formatBytes,
	formatConfigure,
	formatCountdown,
	formatDate,
	formatMonth,
	formatNumber,
	formatPercent,
	formatTime,
} from './format';

afterEach(() => formatConfigure({ language: 'en', dates: 'local' }));

describe('times', () => {
	it('writes UTC and ISO forms', () => {
		formatConfigure({ dates: 'iso' });
		expect(formatTime('2026-11-24T10:42:03Z')).toBe('2026-11-24 10:42:03Z');
		expect(formatDate('2026-11-24T10:42:03Z')).toBe('2026-11-24');
		formatConfigure({ dates: 'utc' });
		expect(formatTime('2026-11-24T10:42:03Z')).toMatch(/10:42:03.*UTC$/);
	});

	it('shows what is no time as it came', () => {
		expect(formatTime('soon')).toBe('soon');
		expect(formatTime(null)).toBe('');
	});

	it('bounds a day on both sides', () => {
		const from = Date.parse(dayStart('2026-11-24') ?? '');
		const to = Date.parse(dayEnd('2026-11-24') ?? '');
		expect(to - from).toBe(24 * 3600 * 1000 - 1);
		expect(dayStart('24.11.2026')).toBeUndefined();
	});
});

describe('numbers', () => {
	it('groups and scales', () => {
		expect(formatNumber(50000)).toBe('50,000');
		expect(formatPercent(1, 4)).toBe('25%');
		expect(formatPercent(1, 0)).toBe('0%');
		expect(formatBytes(512)).toBe('512 B');
		expect(formatBytes(1536)).toBe('1.5 KiB');
		expect(formatBytes(268435456)).toBe('256 MiB');
		expect(formatCountdown(61.2)).toBe('1:02');
		expect(formatCountdown(-1)).toBe('0:00');
		expect(formatMonth('2026-11')).toBe('Nov 2026');
	});
});
