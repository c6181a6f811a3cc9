#include "x509/der.h"

struct der_reader
der_reader(const void *p, size_t len)
{
	const uint8_t *b = p;

	return (struct der_reader){ b, b == NULL ? b : b + len };
}

struct der_reader
der_reader_of(struct der d)
{
	return der_reader(d.p, d.len);
}

bool
der_at_end(const struct der_reader *r)
{
	return r->p == r->end;
}

uint8_t
der_peek(const struct der_reader *r)
{
	return r->p == r->end ? 0 : *r->p;
}

bool
der_next(struct der_reader *r, struct der_item *out)
{
	const uint8_t *p = r->p;
	size_t left = (size_t)(r->end - p), len, n;

	if (left < 2 || p[0] == 0 || (p[0] & 0x1f) == 0x1f)	/* end-of-contents, or a long tag */
		return false;
	len = p[1];
	n = 2;
	if (len & 0x80) {
		size_t octets = len & 0x7f;

		if (octets == 0 || octets > 4 || left < 2 + octets || p[2] == 0)
			return false;
		len = 0;
		for (size_t i = 0; i < octets; i++)
			len = len << 8 | p[n++];
		if (len < 0x80)
			return false;
	}
	if (left - n < len)
		return false;
	out->tag = p[0];
	out->whole = (struct der){ p, n + len };
	out->body = (struct der){ p + n, len };
	r->p = p + n + len;
	return true;
}

static bool
next_of(struct der_reader *r, uint8_t tag, struct der_item *out)
{
	if (r->p == r->end || *r->p != tag)
		return false;
	return der_next(r, out);
}

bool
der_get(struct der_reader *r, uint8_t tag, struct der *body)
{
	struct der_item item;

	if (!next_of(r, tag, &item))
		return false;
	*body = item.body;
	return true;
}

bool
der_enter(struct der_reader *r, uint8_t tag, struct der_reader *inner)
{
	struct der_item item;

	if (!next_of(r, tag, &item))
		return false;
	*inner = der_reader_of(item.body);
	return true;
}

bool
der_get_whole(struct der_reader *r, uint8_t tag, struct der *whole)
{
	struct der_item item;

	if (!next_of(r, tag, &item))
		return false;
	*whole = item.whole;
	return true;
}

bool
der_only(const void *p, size_t len, uint8_t tag, struct der *body)
{
	struct der_reader r = der_reader(p, len);

	return der_get(&r, tag, body) && der_at_end(&r);
}

/* A typed getter leaves the reader where it was when the contents are wrong. */
#define REFUSE(r, at) do { (r)->p = (at); return false; } while (0)

bool
der_get_integer(struct der_reader *r, struct der *body)
{
	const uint8_t *at = r->p;
	struct der b;

	if (!der_get(r, DER_INTEGER, &b))
		return false;
	if (b.len == 0)
		REFUSE(r, at);
	if (b.len > 1 && ((b.p[0] == 0 && b.p[1] < 0x80) || (b.p[0] == 0xff && b.p[1] >= 0x80)))
		REFUSE(r, at);
	*body = b;
	return true;
}

bool
der_get_unsigned(struct der_reader *r, struct der *magnitude)
{
	const uint8_t *at = r->p;
	struct der b;

	if (!der_get_integer(r, &b))
		return false;
	if (b.p[0] & 0x80)
		REFUSE(r, at);
	if (b.p[0] == 0 && b.len > 1) {
		b.p++;
		b.len--;
	}
	*magnitude = b;
	return true;
}

bool
der_get_u64(struct der_reader *r, uint64_t *out)
{
	const uint8_t *at = r->p;
	struct der b;
	uint64_t v = 0;

	if (!der_get_unsigned(r, &b))
		return false;
	if (b.len > 8)
		REFUSE(r, at);
	for (size_t i = 0; i < b.len; i++)
		v = v << 8 | b.p[i];
	*out = v;
	return true;
}

bool
der_get_bool(struct der_reader *r, bool *out)
{
	const uint8_t *at = r->p;
	struct der b;

	if (!der_get(r, DER_BOOLEAN, &b))
		return false;
	if (b.len != 1 || (b.p[0] != 0 && b.p[0] != 0xff))
		REFUSE(r, at);
	*out = b.p[0] != 0;
	return true;
}

static bool
oid_form_ok(struct der b)
{
	bool start = true;

	if (b.len == 0 || (b.p[b.len - 1] & 0x80))
		return false;
	for (size_t i = 0; i < b.len; i++) {
		if (start && b.p[i] == 0x80)	/* an arc with a leading zero group */
			return false;
		start = !(b.p[i] & 0x80);
	}
	return true;
}

bool
der_get_oid(struct der_reader *r, struct der *body)
{
	const uint8_t *at = r->p;
	struct der b;

	if (!der_get(r, DER_OID, &b))
		return false;
	if (!oid_form_ok(b))
		REFUSE(r, at);
	*body = b;
	return true;
}

bool
der_get_null(struct der_reader *r)
{
	const uint8_t *at = r->p;
	struct der b;

	if (!der_get(r, DER_NULL, &b))
		return false;
	if (b.len != 0)
		REFUSE(r, at);
	return true;
}

bool
der_get_bits(struct der_reader *r, struct der *octets, unsigned *unused)
{
	const uint8_t *at = r->p;
	struct der b;

	if (!der_get(r, DER_BITS, &b))
		return false;
	if (b.len == 0 || b.p[0] > 7 || (b.len == 1 && b.p[0] != 0))
		REFUSE(r, at);
	if (b.p[0] != 0 && (b.p[b.len - 1] & ((1u << b.p[0]) - 1)) != 0)
		REFUSE(r, at);
	*octets = (struct der){ b.p + 1, b.len - 1 };
	*unused = b.p[0];
	return true;
}

bool
der_get_octet_bits(struct der_reader *r, struct der *octets)
{
	const uint8_t *at = r->p;
	unsigned unused;

	if (!der_get_bits(r, octets, &unused))
		return false;
	if (unused != 0)
		REFUSE(r, at);
	return true;
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar. */
static int64_t
days_of(int64_t y, int m, int d)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	int64_t past = y - 1;
	int64_t days = past * 365 + past / 4 - past / 100 + past / 400 + before[m - 1] + d - 1 - 719162;

	if (m > 2 && (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)))
		days++;
	return days;
}

static int
month_days(int64_t y, int m)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) ? 29 : days[m - 1];
}

static bool
two_digits(const uint8_t *p, int *out)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return false;
	*out = (p[0] - '0') * 10 + (p[1] - '0');
	return true;
}

bool
der_get_time(struct der_reader *r, int64_t *unix_s)
{
	const uint8_t *at = r->p, *q;
	uint8_t tag = der_peek(r);
	struct der_item item;
	int century = 0, yy, part[5];	/* month, day, hour, minute, second */
	int64_t year;

	if ((tag != DER_UTC_TIME && tag != DER_GEN_TIME) || !der_next(r, &item))
		return false;
	q = item.body.p;
	if (item.body.len != (tag == DER_UTC_TIME ? 13u : 15u) || q[item.body.len - 1] != 'Z')
		REFUSE(r, at);
	if (tag == DER_GEN_TIME) {
		if (!two_digits(q, &century))
			REFUSE(r, at);
		q += 2;
	}
	if (!two_digits(q, &yy))
		REFUSE(r, at);
	if (tag == DER_UTC_TIME)
		century = yy < 50 ? 20 : 19;
	year = century * 100 + yy;
	for (int i = 0; i < 5; i++)
		if (!two_digits(q + 2 + 2 * i, &part[i]))
			REFUSE(r, at);
	if (part[0] < 1 || part[0] > 12 || part[1] < 1 || part[1] > month_days(year, part[0]) ||
	    part[2] > 23 || part[3] > 59 || part[4] > 59 || (tag == DER_GEN_TIME && year < 2050))
		REFUSE(r, at);
	*unix_s = days_of(year, part[0], part[1]) * 86400 + part[2] * 3600 + part[3] * 60 + part[4];
	return true;
}

bool
der_equal(struct der d, const void *p, size_t len)
{
	return d.len == len && (len == 0 || memcmp(d.p, p, len) == 0);
}
