#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_CAP 64

char *
str_room(struct str *s, size_t n)
{
	size_t need, cap;
	char *p;

	if (__builtin_add_overflow(s->len, n, &need) || __builtin_add_overflow(need, 1, &need))
		abort();
	if (need > s->cap) {
		cap = s->cap < FIRST_CAP ? FIRST_CAP : s->cap;
		while (cap < need)
			if (__builtin_mul_overflow(cap, 2, &cap))
				cap = need;
		p = realloc(s->p, cap);
		if (p == NULL)
			abort();
		s->p = p;
		s->cap = cap;
	}
	return s->p + s->len;
}

void
str_add(struct str *s, const void *p, size_t n)
{
	char *to = str_room(s, n);

	if (n > 0)
		memcpy(to, p, n);
	s->len += n;
	s->p[s->len] = '\0';
}

void
str_adds(struct str *s, const char *text)
{
	str_add(s, text, strlen(text));
}

void
str_addc(struct str *s, char c)
{
	str_add(s, &c, 1);
}

void
str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	(void)vsnprintf(str_room(s, (size_t)n), (size_t)n + 1, fmt, again);
	va_end(again);
	s->len += (size_t)n;
}

void
str_clear(struct str *s)
{
	s->len = 0;
	if (s->p != NULL)
		s->p[0] = '\0';
}

void
str_free(struct str *s)
{
	free(s->p);
	*s = (struct str){ 0 };
}

static void
hex(const uint8_t *p, size_t n, char *out, const char *digits)
{
	size_t i;

	for (i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

void
hex_upper(const uint8_t *p, size_t n, char *out)
{
	hex(p, n, out, "0123456789ABCDEF");
}

void
hex_lower(const uint8_t *p, size_t n, char *out)
{
	hex(p, n, out, "0123456789abcdef");
}

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
hex_decode(const char *s, size_t digits, uint8_t *out, size_t n)
{
	size_t i;

	if (digits % 2 != 0 || digits / 2 != n)
		return false;
	for (i = 0; i < n; i++) {
		int hi = nibble(s[2 * i]), lo = nibble(s[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

/* The code point at *p, which moves behind it; -1 when it is not well-formed (RFC 3629 section 4). */
static int32_t
utf8_next(const unsigned char **p, const unsigned char *end)
{
	static const int32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	unsigned char c = *(*p)++;
	int32_t cp;
	int more, i;

	if (c < 0x80)
		return c;
	if (c >= 0xc2 && c <= 0xdf)
		more = 1, cp = c & 0x1f;
	else if (c >= 0xe0 && c <= 0xef)
		more = 2, cp = c & 0x0f;
	else if (c >= 0xf0 && c <= 0xf4)
		more = 3, cp = c & 0x07;
	else
		return -1;
	for (i = 0; i < more; i++) {
		if (*p == end || (**p & 0xc0) != 0x80)
			return -1;
		cp = cp << 6 | (*(*p)++ & 0x3f);
	}
	if (cp < least[more] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return -1;
	return cp;
}

bool
utf8_valid(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + n;

	while (p < end)
		if (utf8_next(&p, end) <= 0)
			return false;
	return true;
}

/* Characters that show nothing, or make the reader see something else than stands there. */
static bool
hidden(int32_t c)
{
	static const struct { int32_t from, to; } ranges[] = {
		{ 0x0000, 0x001f }, { 0x007f, 0x009f },		/* controls */
		{ 0x061c, 0x061c }, { 0x200e, 0x200f },		/* bidi marks */
		{ 0x2028, 0x2029 },				/* line and paragraph separators */
		{ 0x202a, 0x202e }, { 0x2066, 0x2069 },		/* bidi embeddings, overrides, isolates */
		{ 0xfdd0, 0xfdef }, { 0xfeff, 0xfeff },		/* noncharacters, byte order mark */
		{ 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },	/* interlinear annotation, tags */
	};
	size_t i;

	for (i = 0; i < COUNT(ranges); i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return (c & 0xfffe) == 0xfffe;
}

size_t
utf8_length(const char *s, size_t octets)
{
	size_t n = 0;

	for (size_t i = 0; i < octets; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	return n;
}

bool
text_name_ok(const char *s, size_t max_chars)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + strlen(s);
	size_t n = 0;

	while (p < end) {
		int32_t c = utf8_next(&p, end);

		if (c <= 0 || hidden(c) || ++n > max_chars)
			return false;
	}
	return n >= 1;
}

bool
parse_u64(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return false;
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return false;
	}
	if (v > max)
		return false;
	*out = v;
	return true;
}

bool
str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), k = strlen(suffix);

	return n >= k && memcmp(s + n - k, suffix, k) == 0;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char alphabet_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void
encode64(const uint8_t *p, size_t n, const char *digits, bool pad, struct str *out)
{
	size_t i;

	for (i = 0; i < n; i += 3) {
		size_t k = n - i < 3 ? n - i : 3;
		uint32_t v = (uint32_t)p[i] << 16 | (k > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (k > 2 ? p[i + 2] : 0);
		char q[4] = { digits[v >> 18], digits[v >> 12 & 63], digits[v >> 6 & 63], digits[v & 63] };

		if (k < 3)
			q[3] = '=';
		if (k < 2)
			q[2] = '=';
		str_add(out, q, pad ? 4 : k + 1);
	}
	str_add(out, "", 0);		/* terminated even when n is 0 */
}

void
b64_encode(const void *p, size_t n, struct str *out)
{
	encode64(p, n, alphabet, true, out);
}

void
b64url_encode(const void *p, size_t n, struct str *out)
{
	encode64(p, n, alphabet_url, false, out);
}

static int
value64(char c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	if (c == (url ? '_' : '/'))
		return 63;
	return -1;
}

/* n digits without padding; the bits that are left over must be zero, so one text stands for one value. */
static bool
decode64(const char *s, size_t n, bool url, uint8_t *out, size_t cap, size_t *len)
{
	uint32_t v = 0;
	size_t i, k = 0;
	int bits = 0;

	if (n % 4 == 1 || n / 4 * 3 + (n % 4 == 0 ? 0 : n % 4 - 1) > cap)
		return false;
	for (i = 0; i < n; i++) {
		int d = value64(s[i], url);

		if (d < 0)
			return false;
		v = v << 6 | (uint32_t)d;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[k++] = (uint8_t)(v >> bits);
			v &= (1u << bits) - 1;
		}
	}
	if (v != 0)
		return false;
	*len = k;
	return true;
}

bool
b64_decode(const char *s, size_t n, uint8_t *out, size_t cap, size_t *len)
{
	if (n % 4 != 0)
		return false;
	if (n > 0 && s[n - 1] == '=')
		n -= s[n - 2] == '=' ? 2 : 1;
	return decode64(s, n, false, out, cap, len);
}

bool
b64url_decode(const char *s, size_t n, uint8_t *out, size_t cap, size_t *len)
{
	return decode64(s, n, true, out, cap, len);
}
