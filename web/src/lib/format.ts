/** Numbers, dates and sizes as the reader's language writes them. */
export type DateForm = 'local' | 'utc' | 'iso';

interface FormatSettings {
	language: string;
	dates: DateForm;
}

let settings: FormatSettings = { language: 'en', dates: 'local' };
let integer = new Intl.NumberFormat(settings.language);
let percent = new Intl.NumberFormat(settings.language, { style: 'percent' });
let dateTime: Intl.DateTimeFormat;
let dateOnly: Intl.DateTimeFormat;
let monthYear: Intl.DateTimeFormat;

function build() {
	const zone = settings.dates === 'local' ? {} : { timeZone: 'UTC' };
	integer = new Intl.NumberFormat(settings.language);
	percent = new Intl.NumberFormat(settings.language, { style: 'percent' });
	dateTime = new Intl.DateTimeFormat(settings.language, {
		dateStyle: 'medium',
		timeStyle: 'medium',
		...zone,
	});
	dateOnly = new Intl.DateTimeFormat(settings.language, { dateStyle: 'medium', ...zone });
	monthYear = new Intl.DateTimeFormat(settings.language, {
		year: 'numeric',
		month: 'short',
		timeZone: 'UTC',
	});
}
build();

export function formatConfigure(next: Partial<FormatSettings>) {
	settings = { ...settings, ...next };
	build();
}

export function formatNumber(value: number): string {
	return integer.format(value);
}

export function formatPercent(part: number, whole: number): string {
	return percent.format(whole === 0 ? 0 : part / whole);
}

function parsed(time: string): Date | undefined {
	const date = new Date(time);
	return Number.isNaN(date.getTime()) ? undefined : date;
}

function iso(date: Date): string {
	return date
		.toISOString()
		.replace('T', ' ')
		.replace(/\.\d+Z$/, 'Z');
}

/** An RFC 3339 time; what is none is shown as it came. */
export function formatTime(time: string | null | undefined): string {
	if (!time) return '';
	const date = parsed(time);
	if (!date) return time;
	if (settings.dates === 'iso') return iso(date);
	const text = dateTime.format(date);
	return settings.dates === 'utc' ? `${text} UTC` : text;
}

export function formatDate(time: string | null | undefined): string {
	if (!time) return '';
	const date = parsed(time);
	if (!date) return time;
	return settings.dates === 'iso' ? date.toISOString().slice(0, 10) : dateOnly.format(date);
}

/** `2026-11` as `Nov 2026`. */
export function formatMonth(month: string): string {
	const date = parsed(`${month.slice(0, 7)}-01T00:00:00Z`);
	return date ? monthYear.format(date) : month;
}

const steps = ['B', 'KiB', 'MiB', 'GiB'] as const;

export function formatBytes(bytes: number): string {
	let value = bytes;
	let step = 0;
	while (value >= 1024 && step < steps.length - 1) {
		value /= 1024;
		step += 1;
	}
	const text = step === 0 ? formatNumber(value) : value.toFixed(value < 10 ? 1 : 0);
	return `${text} ${steps[step]}`;
}

/** `m:ss`, for clocks that count down. */
export function formatCountdown(seconds: number): string {
	const whole = Math.max(0, Math.ceil(seconds));
	return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** The first instant of a local calendar day, for a filter's lower bound. */
export function dayStart(day: string): string | undefined {
	const date = new Date(`${day}T00:00:00`);
	return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** The last instant of a local calendar day, so that `To date` includes the day itself. */
export function dayEnd(day: string): string | undefined {
	const date = new Date(`${day}T23:59:59.999`);
	return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
