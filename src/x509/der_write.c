#include "x509/der.h"

struct der_writer
der_writer(void *buf, size_t cap)
{
	uint8_t *b = buf;

	return (struct der_writer){ b, b + cap, b + cap, false };
}

size_t
der_mark(const struct der_writer *w)
{
	return (size_t)(w->end - w->p);
}

/* Room for n octets before what is written; NULL when there is none, and from then on. */
static uint8_t *
room(struct der_writer *w, size_t n)
{
	if (w->full || (size_t)(w->p - w->start) < n) {
		w->full = true;
		return NULL;
	}
	w->p -= n;
	return w->p;
}

void
der_put_raw(struct der_writer *w, const void *p, size_t len)
{
	uint8_t *at = room(w, len);

	if (at != NULL && len > 0)
		memcpy(at, p, len);
}

static void
header(struct der_writer *w, uint8_t tag, size_t len)
{
	uint8_t h[6];
	size_t n = sizeof(h);

	if (len < 0x80) {
		h[--n] = (uint8_t)len;
	} else {
		for (size_t v = len; v != 0 && n > 2; v >>= 8)
			h[--n] = (uint8_t)v;
		h[n - 1] = (uint8_t)(0x80 | (sizeof(h) - n));
		n--;
	}
	h[--n] = tag;
	der_put_raw(w, h + n, sizeof(h) - n);
}

void
der_wrap(struct der_writer *w, uint8_t tag, size_t mark)
{
	header(w, tag, der_mark(w) - mark);
}

void
der_wrap_extension(struct der_writer *w, const uint8_t oid[3], bool critical, size_t mark)
{
	der_wrap(w, DER_OCTETS, mark);
	if (critical)
		der_put_bool(w, true);
	der_put(w, DER_OID, oid, 3);
	der_wrap(w, DER_SEQUENCE, mark);
}

void
der_put(struct der_writer *w, uint8_t tag, const void *body, size_t len)
{
	der_put_raw(w, body, len);
	header(w, tag, len);
}

void
der_put_u64(struct der_writer *w, uint8_t tag, uint64_t v)
{
	uint8_t b[9];
	size_t n = sizeof(b);

	do {
		b[--n] = (uint8_t)v;
		v >>= 8;
	} while (v != 0);
	if (b[n] & 0x80)
		b[--n] = 0;
	der_put(w, tag, b + n, sizeof(b) - n);
}

void
der_put_unsigned(struct der_writer *w, const void *magnitude, size_t len)
{
	static const uint8_t zero = 0;
	const uint8_t *m = magnitude;
	size_t mark = der_mark(w);

	while (len > 0 && *m == 0) {
		m++;
		len--;
	}
	der_put_raw(w, m, len);
	if (len == 0 || (m[0] & 0x80))
		der_put_raw(w, &zero, 1);
	der_wrap(w, DER_INTEGER, mark);
}

void
der_put_bool(struct der_writer *w, bool v)
{
	uint8_t b = v ? 0xff : 0;

	der_put(w, DER_BOOLEAN, &b, 1);
}

void
der_wrap_bits(struct der_writer *w, size_t mark)
{
	static const uint8_t unused = 0;

	der_put_raw(w, &unused, 1);
	der_wrap(w, DER_BITS, mark);
}

void
der_put_octet_bits(struct der_writer *w, const void *p, size_t len)
{
	size_t mark = der_mark(w);

	der_put_raw(w, p, len);
	der_wrap_bits(w, mark);
}

/* Civil date of a day number (days since 1970-01-01), from year 1 on. */
static void
civil(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t z = days + 719468;	/* since 0000-03-01 */
	int64_t era = z / 146097, doe = z % 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = yoe + era * 400 + (*month <= 2);
}

static uint8_t *
digits(uint8_t *p, int64_t v)
{
	*p++ = (uint8_t)('0' + v / 10 % 10);
	*p++ = (uint8_t)('0' + v % 10);
	return p;
}

void
der_put_time(struct der_writer *w, int64_t unix_s)
{
	uint8_t text[16], *p = text;
	int64_t day_s = unix_s % 86400, days = unix_s / 86400, year;
	int month, day;

	if (day_s < 0) {
		day_s += 86400;
		days--;
	}
	if (unix_s < INT64_C(-631152000) || unix_s > TIME_NEVER_S) {	/* before 1950 */
		w->full = true;
		return;
	}
	civil(days, &year, &month, &day);
	if (year >= 2050)
		p = digits(p, year / 100);
	p = digits(p, year);
	p = digits(p, month);
	p = digits(p, day);
	p = digits(p, day_s / 3600);
	p = digits(p, day_s / 60 % 60);
	p = digits(p, day_s % 60);
	*p++ = 'Z';
	der_put(w, year >= 2050 ? DER_GEN_TIME : DER_UTC_TIME, text, (size_t)(p - text));
}

bool
der_written(const struct der_writer *w, struct der *out)
{
	if (w->full)
		return false;
	*out = (struct der){ w->p, der_mark(w) };
	return true;
}
