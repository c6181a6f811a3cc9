#include <string.h>

#include "base/str.h"
#include "check.h"

static void
growing(void)
{
	OWN_STR struct str s = { 0 };

	str_clear(&s);
	for (int i = 0; i < 1000; i++)
		str_addf(&s, "%d,", i);
	CHECK(s.len == 3890 && strlen(s.p) == s.len, "%zu", s.len);
	str_clear(&s);
	CHECK(s.len == 0 && s.p[0] == '\0', "cleared");
	str_adds(&s, "ab");
	str_addc(&s, '\0');
	str_add(&s, "cd", 2);
	CHECK(s.len == 5 && memcmp(s.p, "ab\0cd", 6) == 0, "octets and a NUL behind");
	str_free(&s);
	CHECK(s.p == NULL && s.len == 0, "released");
	str_free(&s);
}

static void
hex(void)
{
	uint8_t b[3], in[] = { 0x00, 0xaF, 0x9e };
	char out[7];

	hex_upper(in, 3, out);
	CHECK(strcmp(out, "00AF9E") == 0, "%s", out);
	hex_lower(in, 3, out);
	CHECK(strcmp(out, "00af9e") == 0, "%s", out);
	CHECK(hex_decode("00aF9E", 6, b, 3) && memcmp(b, in, 3) == 0, "either case");
	CHECK(!hex_decode("00aF9", 5, b, 3) && !hex_decode("00aF9E00", 8, b, 3) && !hex_decode("00aF9G", 6, b, 3) &&
	    !hex_decode("0x0000", 6, b, 3), "anything else");
}

static void
text(void)
{
	static const struct { const char *s; size_t n; bool ok; } u[] = {
		{ "abc", 3, true }, { "", 0, true }, { "\xc3\xbc", 2, true }, { "\xf0\x9f\x98\x80", 4, true },
		{ "\xed\x9f\xbf", 3, true }, { "\xf4\x8f\xbf\xbf", 4, true },
		{ "a\0b", 3, false }, { "\xc0\xaf", 2, false }, { "\xc1\xbf", 2, false }, { "\xe0\x80\x80", 3, false },
		{ "\xe0\x9f\xbf", 3, false }, { "\xed\xa0\x80", 3, false }, { "\xf0\x8f\xbf\xbf", 4, false },
		{ "\xf4\x90\x80\x80", 4, false }, { "\xf5\x80\x80\x80", 4, false }, { "\xc3", 1, false },
		{ "\xe2\x82", 2, false }, { "\x80", 1, false }, { "\xff", 1, false }, { "\xc3(", 2, false },
	};
	static const struct { const char *s; size_t max; bool ok; } n[] = {
		{ "M\xc3\xbcller & S\xc3\xb6hne", 200, true }, { "abc", 3, true }, { "\xc3\xbc\xc3\xbc", 2, true },
		{ "abcd", 3, false }, { "", 3, false }, { "a\nb", 9, false }, { "a\x7f", 9, false }, { "\xc2\x85", 9, false },
		{ "a\xe2\x80\xaeigpj", 9, false }, { "\xe2\x81\xa6x", 9, false }, { "\xd8\x9c", 9, false },
		{ "\xed\xa0\x80", 9, false }, { "\xef\xbb\xbfx", 9, false }, { "\xef\xbf\xbf", 9, false },
		{ "\xe2\x80\xa8", 9, false }, { "\xf3\xa0\x81\x81", 9, false }, { "\xff", 9, false },
	};

	for (size_t i = 0; i < COUNT(u); i++)
		CHECK(utf8_valid(u[i].s, u[i].n) == u[i].ok, "utf8 case %zu", i);
	for (size_t i = 0; i < COUNT(n); i++)
		CHECK(text_name_ok(n[i].s, n[i].max) == n[i].ok, "name case %zu", i);
}

static void
numbers(void)
{
	static const char *const bad[] = { "", " 1", "1 ", "+1", "-1", "0x1", "1.0", "18446744073709551616", "99999999999999999999999" };
	uint64_t v = 7;

	CHECK(parse_u64("0", 10, &v) && v == 0, "0");
	CHECK(parse_u64("18446744073709551615", UINT64_MAX, &v) && v == UINT64_MAX, "the largest");
	CHECK(parse_u64("10", 10, &v) && v == 10, "up to max");
	CHECK(!parse_u64("11", 10, &v) && v == 10, "above max; the value is left alone");
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(!parse_u64(bad[i], UINT64_MAX, &v), "\"%s\"", bad[i]);
	CHECK(str_starts("abc", "ab") && !str_starts("a", "ab") && str_starts("a", ""), "starts");
	CHECK(str_ends("abc", "bc") && !str_ends("c", "bc") && str_ends("a", ""), "ends");
}

static void
base64(void)
{
	/* RFC 4648 section 10 */
	static const struct { const char *plain, *coded; } v[] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
	};
	static const char *const bad[] = { "Zg=", "Zg", "Z===", "Zm9v=", "====", "=", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "Zm-_", "Zg==Zg==" };
	static const char *const bad_url[] = { "Z", "Zh", "Zg==", "Zm+/" };
	uint8_t out[16];
	size_t len;

	for (size_t i = 0; i < COUNT(v); i++) {
		OWN_STR struct str s = { 0 }, url = { 0 };
		size_t n = strlen(v[i].plain);

		b64_encode(v[i].plain, n, &s);
		CHECK(strcmp(s.p, v[i].coded) == 0, "%s", s.p);
		CHECK(b64_decode(s.p, s.len, out, n, &len) && len == n && memcmp(out, v[i].plain, n) == 0, "%s", s.p);
		CHECK(n == 0 || !b64_decode(s.p, s.len, out, n - 1, &len), "no room for %s", s.p);
		b64url_encode(v[i].plain, n, &url);
		CHECK(strncmp(url.p, v[i].coded, url.len) == 0 && strchr(url.p, '=') == NULL, "%s", url.p);
		CHECK(b64url_decode(url.p, url.len, out, n, &len) && len == n && memcmp(out, v[i].plain, n) == 0, "%s", url.p);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(!b64_decode(bad[i], strlen(bad[i]), out, sizeof(out), &len), "\"%s\"", bad[i]);
	for (size_t i = 0; i < COUNT(bad_url); i++)
		CHECK(!b64url_decode(bad_url[i], strlen(bad_url[i]), out, sizeof(out), &len), "\"%s\"", bad_url[i]);
	CHECK(b64url_decode("-_-_", 4, out, 3, &len) && memcmp(out, "\xfb\xff\xbf", 3) == 0, "the other alphabet");
}

int
main(void)
{
	growing();
	hex();
	text();
	numbers();
	base64();
	return check_done();
}
