#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define YEAR_0000 (-62167219200)	/* 0000-01-01T00:00:00Z */
#define YEAR_9999 253402300799		/* 9999-12-31T23:59:59Z */

static _Atomic int64_t shift_s;

int64_t
clock_now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec + shift_s;
}

int64_t
clock_mono_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
clock_shift(int64_t s)
{
	shift_s = s;
}

void
time_text(int64_t unix_s, char out[TIME_TEXT_LEN])
{
	time_t t = unix_s < YEAR_0000 ? YEAR_0000 : unix_s > YEAR_9999 ? YEAR_9999 : unix_s;
	struct tm tm;

	(void)gmtime_r(&t, &tm);
	(void)strftime(out, TIME_TEXT_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm);
	/* strftime writes years before 1000 shorter than RFC 3339 wants them. */
	if (tm.tm_year + 1900 < 1000) {
		char rest[TIME_TEXT_LEN];

		(void)strftime(rest, sizeof(rest), "-%m-%dT%H:%M:%SZ", &tm);
		out[0] = '0';
		out[1] = (char)('0' + (tm.tm_year + 1900) / 100);
		out[2] = (char)('0' + (tm.tm_year + 1900) / 10 % 10);
		out[3] = (char)('0' + (tm.tm_year + 1900) % 10);
		memcpy(out + 4, rest, strlen(rest) + 1);
	}
}

/* Exactly n digits at *s, which moves on; -1 when they are not there. */
static int
digits(const char **s, int n)
{
	int v = 0;

	while (n-- > 0) {
		if (**s < '0' || **s > '9')
			return -1;
		v = v * 10 + (*(*s)++ - '0');
	}
	return v;
}

static bool
skip(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

static int
days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 1 : 0);
}

/* time-secfrac and time-offset of RFC 3339 section 5.6; a fraction is cut off. */
static bool
parse_rest(const char *s, int *offset_s)
{
	int sign, h, m;

	if (skip(&s, '.')) {
		if (digits(&s, 1) < 0)
			return false;
		while (digits(&s, 1) >= 0)
			;
	}
	*offset_s = 0;
	if (skip(&s, 'Z') || skip(&s, 'z'))
		return *s == '\0';
	sign = *s == '-' ? -1 : 1;
	if (!skip(&s, '+') && !skip(&s, '-'))
		return false;
	h = digits(&s, 2);
	if (h < 0 || h > 23 || !skip(&s, ':'))
		return false;
	m = digits(&s, 2);
	if (m < 0 || m > 59 || *s != '\0')
		return false;
	*offset_s = sign * (h * 3600 + m * 60);
	return true;
}

bool
time_parse(const char *s, int64_t *unix_s)
{
	struct tm tm = { 0 };
	int year, offset_s = 0;

	year = digits(&s, 4);
	if (year < 0 || !skip(&s, '-'))
		return false;
	tm.tm_year = year - 1900;
	tm.tm_mon = digits(&s, 2) - 1;
	if (tm.tm_mon < 0 || tm.tm_mon > 11 || !skip(&s, '-'))
		return false;
	tm.tm_mday = digits(&s, 2);
	if (tm.tm_mday < 1 || tm.tm_mday > days_in(year, tm.tm_mon + 1))
		return false;
	if (*s != '\0') {
		if (!skip(&s, 'T') && !skip(&s, 't'))
			return false;
		tm.tm_hour = digits(&s, 2);
		if (tm.tm_hour < 0 || tm.tm_hour > 23 || !skip(&s, ':'))
			return false;
		tm.tm_min = digits(&s, 2);
		if (tm.tm_min < 0 || tm.tm_min > 59 || !skip(&s, ':'))
			return false;
		tm.tm_sec = digits(&s, 2);
		/* A leap second is the next minute's first in Unix time. */
		if (tm.tm_sec < 0 || tm.tm_sec > (tm.tm_min == 59 ? 60 : 59) || !parse_rest(s, &offset_s))
			return false;
	}
	*unix_s = (int64_t)timegm(&tm) - offset_s;
	return true;
}
