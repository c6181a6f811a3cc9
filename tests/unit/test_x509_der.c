/* Reading and writing DER: what a strict reader refuses, and that both agree. */
#include <string.h>

#include "base/own.h"
#include "check.h"
#include "x509/der.h"
#include "x509/oid.h"

#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static void
elements(void)
{
	static const struct { const char *what; uint8_t b[8]; size_t len; bool ok; } cases[] = {
		{ "short form", { 0x04, 2, 1, 2 }, 4, true },
		{ "empty", { 0x05, 0 }, 2, true },
		{ "nothing", { 0 }, 0, false },
		{ "a tag alone", { 0x30 }, 1, false },
		{ "past the end", { 0x04, 3, 1, 2 }, 4, false },
		{ "indefinite", { 0x30, 0x80, 0, 0 }, 4, false },
		{ "long form for a short length", { 0x04, 0x81, 2, 1, 2 }, 5, false },
		{ "leading zero in the length", { 0x04, 0x82, 0, 2, 1, 2 }, 6, false },
		{ "length of five octets", { 0x04, 0x85, 1, 0, 0, 0, 0, 0 }, 8, false },
		{ "length cut off", { 0x04, 0x82, 1 }, 3, false },
		{ "reserved length", { 0x04, 0xff, 1, 1 }, 4, false },
		{ "high tag", { 0x1f, 0x21, 0 }, 3, false },
		{ "end of contents", { 0, 0 }, 2, false },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct der_reader r = der_reader(cases[i].b, cases[i].len);
		struct der_item item;
		bool got = der_next(&r, &item);

		CHECK(got == cases[i].ok, "%s", cases[i].what);
		CHECK(got || r.p == cases[i].b, "%s: the reader moved", cases[i].what);
	}
}

static void
integers(void)
{
	static const struct { uint8_t b[12]; size_t len; bool ok; uint64_t v; } cases[] = {
		{ { 2, 1, 0 }, 3, true, 0 },
		{ { 2, 1, 0x7f }, 3, true, 127 },
		{ { 2, 2, 0, 0x80 }, 4, true, 128 },
		{ { 2, 1, 0x80 }, 3, false, 0 },	/* negative */
		{ { 2, 2, 0, 0x7f }, 4, false, 0 },	/* not minimal */
		{ { 2, 0 }, 2, false, 0 },
		{ { 2, 9, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 11, true, UINT64_MAX },
		{ { 2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0 }, 11, false, 0 },
		{ { 4, 1, 0 }, 3, false, 0 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct der_reader r = der_reader(cases[i].b, cases[i].len);
		uint64_t v = 0;
		bool got = der_get_u64(&r, &v);

		CHECK(got == cases[i].ok && v == cases[i].v, "integer case %zu", i);
		CHECK(got || r.p == cases[i].b, "integer case %zu: the reader moved", i);
	}
}

static void
small_types(void)
{
	struct der_reader r = der_reader(BYTES(1, 1, 0xff, 1, 1, 0));
	struct der d;
	unsigned unused;
	bool v;

	CHECK(der_get_bool(&r, &v) && v && der_get_bool(&r, &v) && !v && der_at_end(&r), "booleans");
	r = der_reader(BYTES(1, 1, 1));
	CHECK(!der_get_bool(&r, &v), "TRUE is FF");
	r = der_reader(BYTES(3, 2, 1, 0xfe));
	CHECK(der_get_bits(&r, &d, &unused) && unused == 1 && d.len == 1, "bits");
	r = der_reader(BYTES(3, 2, 1, 0xff));
	CHECK(!der_get_bits(&r, &d, &unused), "unused bits are zero");
	r = der_reader(BYTES(3, 2, 8, 0));
	CHECK(!der_get_bits(&r, &d, &unused), "at most seven unused bits");
	r = der_reader(BYTES(3, 1, 1));
	CHECK(!der_get_bits(&r, &d, &unused), "unused bits of nothing");
	r = der_reader(BYTES(3, 2, 1, 0xfe));
	CHECK(!der_get_octet_bits(&r, &d), "whole octets only");
	r = der_reader(BYTES(6, 3, 0x55, 0x1d, 0x80));
	CHECK(!der_get_oid(&r, &d), "an arc is not cut off");
	r = der_reader(BYTES(6, 3, 0x55, 0x80, 0x01));
	CHECK(!der_get_oid(&r, &d), "an arc has no leading zeros");
	r = der_reader(BYTES(5, 1, 0));
	CHECK(!der_get_null(&r), "NULL is empty");
}

static bool
time_read(uint8_t tag, const char *text, int64_t *out)
{
	uint8_t b[32] = { tag, (uint8_t)strlen(text) };
	struct der_reader r;

	memcpy(b + 2, text, strlen(text));
	r = der_reader(b, 2 + strlen(text));
	return der_get_time(&r, out) && der_at_end(&r);
}

static void
times(void)
{
	static const struct { int64_t s; uint8_t tag; const char *text; } good[] = {
		{ 0, DER_UTC_TIME, "700101000000Z" },
		{ -631152000, DER_UTC_TIME, "500101000000Z" },
		{ 951827696, DER_UTC_TIME, "000229123456Z" },
		{ 2524607999, DER_UTC_TIME, "491231235959Z" },
		{ 2524608000, DER_GEN_TIME, "20500101000000Z" },
		{ 4107542400, DER_GEN_TIME, "21000301000000Z" },
		{ TIME_NEVER_S, DER_GEN_TIME, "99991231235959Z" },
	};
	static const struct { uint8_t tag; const char *text;
	} bad[] = {
		{ DER_UTC_TIME, "7001010000Z" },
		{ DER_UTC_TIME, "700101000000+0000" },
		{ DER_UTC_TIME, "701301000000Z" },
		{ DER_UTC_TIME, "700230000000Z" },
		{ DER_UTC_TIME, "700101240000Z" },
		{ DER_UTC_TIME, "70010100000aZ" },
		{ DER_GEN_TIME, "20491231235959Z" },
		{ DER_GEN_TIME, "21000229000000Z" },
		{ DER_GEN_TIME, "20500101000000.0Z" },
		{ DER_OCTETS, "700101000000Z" },
	};
	int64_t s;

	for (size_t i = 0; i < COUNT(good); i++) {
		uint8_t buf[32];
		struct der_writer w = der_writer(buf, sizeof(buf));
		struct der d;

		CHECK(time_read(good[i].tag, good[i].text, &s) && s == good[i].s, "reading %s", good[i].text);
		der_put_time(&w, good[i].s);
		CHECK(der_written(&w, &d) && d.p[0] == good[i].tag && d.len == 2 + strlen(good[i].text) &&
		    memcmp(d.p + 2, good[i].text, d.len - 2) == 0, "writing %s", good[i].text);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(!time_read(bad[i].tag, bad[i].text, &s), "%s is refused", bad[i].text);
	for (int64_t t = -631152000; t < TIME_NEVER_S; t += 86400 * 97 + 3607) {
		uint8_t buf[32];
		struct der_writer w = der_writer(buf, sizeof(buf));
		struct der_reader r;
		struct der d = { NULL, 0 };

		der_put_time(&w, t);
		r = der_written(&w, &d) ? der_reader_of(d) : der_reader(NULL, 0);
		if (!der_get_time(&r, &s) || s != t) {
			CHECK(false, "second %lld does not survive", (long long)t);
			return;
		}
	}
}

static void
writing(void)
{
	static uint8_t buf[70000], zeros[66000];
	static const size_t lengths[] = { 0, 1, 127, 128, 255, 256, 65535, 65536 };

	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct der_writer w = der_writer(buf, sizeof(buf));
		struct der whole = { NULL, 0 }, body;

		der_put(&w, DER_OCTETS, zeros, lengths[i]);
		CHECK(der_written(&w, &whole) && der_only(whole.p, whole.len, DER_OCTETS, &body) &&
		    body.len == lengths[i], "length %zu", lengths[i]);
	}
	for (size_t cap = 0; cap < 12; cap++) {
		struct der_writer w = der_writer(buf, cap);
		struct der whole = { NULL, 0 };
		size_t mark = der_mark(&w);

		der_put_u64(&w, DER_INTEGER, 65537);
		der_put_bool(&w, true);
		der_wrap(&w, DER_SEQUENCE, mark);
		CHECK(der_written(&w, &whole) == (cap >= 10), "room for %zu octets", cap);
	}
}

static void
identifiers(void)
{
	static const char *const good[] = { "2.5.4.3", "1.3.6.1.4.1.37244.2.1", "0.9.2342.19200300.100.1.25",
		"2.999.1", "1.2.9223372036854775807", "2.23.133.1.2", "0.39", "1.0" };
	static const char *const bad[] = { "", "1", "3.1", "1.40", "1.2.", ".1.2", "1..2", "1.02", "1.2.x",
		"1.2 ", "1.2.99999999999999999999" };
	char text[OID_TEXT_MAX];
	struct oid o;

	for (size_t i = 0; i < COUNT(good); i++)
		CHECK(oid_parse(good[i], &o) && oid_text(oid_der(&o), text) && strcmp(text, good[i]) == 0,
		    "%s", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(!oid_parse(bad[i], &o), "'%s' is refused", bad[i]);
	CHECK(oid_lookup(OID_PURPOSE, "clientAuth", &o) &&
		  strcmp(oid_name(OID_PURPOSE, oid_der(&o)), "clientAuth") == 0,
	    "names go both ways");
	CHECK(!oid_lookup(OID_ATTRIBUTE, "clientAuth", &o), "groups are apart");
}

int
main(void)
{
	elements();
	integers();
	small_types();
	times();
	writing();
	identifiers();
	return check_done();
}
