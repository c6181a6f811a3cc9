#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/own.h"
#include "base/str.h"
#include "x509/profile/input.h"
#include "x509/profile/input_private.h"
#include "x509/profile/pattern.h"

#define SHOWN_MAX 40

/* One value on its way to normal form. */
struct value {
	const struct profile_input	*in;
	const char			*raw;	/* trimmed, not terminated */
	size_t				 len;
	char				*out;	/* INPUT_VALUE_MAX */
	char				*why;
};

const char *
input_type_name(enum input_type t)
{
	static const char *const names[] = {
		"mac_address", "eui64", "text", "decimal", "hex", "choice", "dns_name", "ip_address",
	};

	return names[t];
}

__attribute__((format(printf, 2, 3)))
static bool
refuse(const struct value *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(v->why, INPUT_WHY_MAX, fmt, ap);
	va_end(ap);
	return false;
}

/* What was written, shortened and without anything that could upset a page, a log or a terminal. */
static const char *
shown(const struct value *v, char buf[SHOWN_MAX + 4])
{
	size_t n = v->len < SHOWN_MAX ? v->len : SHOWN_MAX;

	for (size_t i = 0; i < n; i++)
		buf[i] = v->raw[i] >= 0x20 && v->raw[i] < 0x7f ? v->raw[i] : '?';
	memcpy(buf + n, v->len > n ? "..." : "", v->len > n ? 4 : 1);
	return buf;
}

/* Blanks as people paste them: ASCII, no-break space, zero-width space, byte order mark. */
static size_t
blank_at(const char *s, size_t len)
{
	static const char *const wide[] = { "\xc2\xa0", "\xe2\x80\x8b", "\xef\xbb\xbf", "\xe2\x80\xaf" };

	if (len > 0 && (*s == ' ' || *s == '\t' || *s == '\r' || *s == '\n'))
		return 1;
	for (size_t i = 0; i < COUNT(wide); i++)
		if (len >= strlen(wide[i]) && memcmp(s, wide[i], strlen(wide[i])) == 0)
			return strlen(wide[i]);
	return 0;
}

static void
trim(const char **s, size_t *len)
{
	size_t n;

	while ((n = blank_at(*s, *len)) != 0) {
		*s += n;
		*len -= n;
	}
	for (bool again = true; again && *len > 0;) {
		again = false;
		for (n = 1; n <= 3 && n <= *len; n++)
			if (blank_at(*s + *len - n, n) == n) {
				*len -= n;
				again = true;
				break;
			}
	}
}

/* "1.23E+11", "1,23E+11", "1E+11": digits, at most one point, an exponent. */
static bool
scientific(const char *s, size_t len)
{
	size_t i = 0, digits = 0;

	for (; i < len && ((s[i] >= '0' && s[i] <= '9') || ((s[i] == '.' || s[i] == ',') && i > 0)); i++)
		digits += s[i] >= '0' && s[i] <= '9';
	if (digits == 0 || i == len || (s[i] != 'E' && s[i] != 'e'))
		return false;
	i++;
	if (i < len && (s[i] == '+' || s[i] == '-'))
		i++;
	digits = 0;
	for (; i < len && s[i] >= '0' && s[i] <= '9'; i++)
		digits++;
	return i == len && digits > 0 && digits <= 3;
}

static bool
all_digits(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return len > 0;
}

static bool
mac_wrong_length(const struct value *v, size_t got, size_t want)
{
	char buf[SHOWN_MAX + 4];

	if (got < want && all_digits(v->raw, v->len))
		return refuse(v,
		    "%s has %zu digits, an address has %zu: a spreadsheet may have dropped leading zeros; "
		    "format the column as text",
		    shown(v, buf), got, want);
	if (got % 2 == 0)
		return refuse(v, "%s has %zu octets, an address of this kind has %zu", shown(v, buf), got / 2,
		    want / 2);
	return refuse(v, "%s has %zu hexadecimal digits, an address of this kind has %zu", shown(v, buf), got,
	    want);
}

static bool
normal_mac(const struct value *v, size_t octets)
{
	char buf[SHOWN_MAX + 4];
	struct mac_hex h;
	uint8_t b[8], all = 0xff, any = 0;

	if (!mac_hex(v->raw, v->len, &h)) {
		if (scientific(v->raw, v->len))
			return refuse(v, "%s is scientific notation: a spreadsheet has rounded the address; "
			    "format the column as text", shown(v, buf));
		if (h.bad == NULL)
			return refuse(v, "%s has too many digits for an address", shown(v, buf));
		if (*h.bad >= 0x20 && *h.bad < 0x7f)
			return refuse(v,
			    "%s is not an address: '%c' is not a hexadecimal digit or the same separator "
			    "throughout",
			    shown(v, buf), *h.bad);
		return refuse(v, "%s is not an address: character %zu is not a hexadecimal digit",
		    shown(v, buf), (size_t)(h.bad - v->raw) + 1);
	}
	if (h.n != 2 * octets) {
		if (scientific(v->raw, v->len))
			return refuse(v, "%s is scientific notation: a spreadsheet has rounded the address; "
			    "format the column as text", shown(v, buf));
		return mac_wrong_length(v, h.n, 2 * octets);
	}
	if (h.separator != 0 && (!h.groups_ok || h.last != h.group))
		return refuse(v, "%s has separators in unusual places; write it as %s", shown(v, buf),
		    octets == 6 ? "00:1A:2B:3C:4D:5E" : "00:1A:2B:3C:4D:5E:6F:70");
	for (size_t i = 0; i < octets; i++) {
		b[i] = (uint8_t)(h.digit[2 * i] << 4 | h.digit[2 * i + 1]);
		all &= b[i];
		any |= b[i];
	}
	mac_text(b, octets, v->out);
	if (all == 0xff)
		return refuse(v, "%s is the broadcast address, no device's own", v->out);
	if (any == 0)
		return refuse(v, "%s is no device's address", v->out);
	if (b[0] & 1)
		return refuse(v,
		    "%s is a multicast address (the lowest bit of its first octet is set), no device's own",
		    v->out);
	return true;
}

static bool
copy(const struct value *v)
{
	char buf[SHOWN_MAX + 4];

	if (v->len >= INPUT_VALUE_MAX)
		return refuse(v, "%s is longer than %d octets", shown(v, buf), INPUT_VALUE_MAX - 1);
	memcpy(v->out, v->raw, v->len);
	v->out[v->len] = '\0';
	return true;
}

static bool
normal_text(const struct value *v)
{
	char buf[SHOWN_MAX + 4];

	if (!utf8_valid(v->raw, v->len))
		return refuse(v, "%s is not UTF-8", shown(v, buf));
	if (!copy(v))
		return false;
	return text_name_ok(v->out, INPUT_VALUE_MAX) ? true :
	    refuse(v, "%s holds control or direction characters", shown(v, buf));
}

static bool
normal_decimal(const struct value *v)
{
	char buf[SHOWN_MAX + 4];

	if (!all_digits(v->raw, v->len)) {
		if (scientific(v->raw, v->len))
			return refuse(v, "%s is scientific notation: a spreadsheet has rounded the number; "
			    "format the column as text", shown(v, buf));
		return refuse(v, "%s is not a decimal number (digits only)", shown(v, buf));
	}
	return copy(v);
}

static bool
normal_hex(const struct value *v)
{
	char buf[SHOWN_MAX + 4];
	size_t n = 0;

	if (v->len > 2 && scientific(v->raw, v->len) &&
	    (memchr(v->raw, '+', v->len) != NULL || memchr(v->raw, '.', v->len) != NULL))
		return refuse(v, "%s is scientific notation: a spreadsheet has rounded the value; "
		    "format the column as text", shown(v, buf));
	for (size_t i = 0; i < v->len; i++) {
		char c = v->raw[i];

		if (c == ':' || c == '-' || c == ' ')
			continue;
		if (c >= 'a' && c <= 'f')
			c = (char)(c - 'a' + 'A');
		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F')))
			return refuse(v, "%s is not hexadecimal", shown(v, buf));
		if (n + 1 >= INPUT_VALUE_MAX)
			return refuse(v, "%s is longer than %d digits", shown(v, buf), INPUT_VALUE_MAX - 1);
		v->out[n++] = c;
	}
	v->out[n] = '\0';
	return n > 0 ? true : refuse(v, "%s is not hexadecimal", shown(v, buf));
}

static bool
normal_choice(const struct value *v)
{
	char buf[SHOWN_MAX + 4];

	for (size_t i = 0; i < v->in->n_choices; i++) {
		const char *c = v->in->choices[i];

		if (strlen(c) == v->len && strncasecmp(c, v->raw, v->len) == 0) {
			memcpy(v->out, c, v->len + 1);
			return true;
		}
	}
	return refuse(v, "%s is none of the choices (%s%s)", shown(v, buf), v->in->choices[0],
	    v->in->n_choices > 1 ? ", ..." : "");
}

static bool
label_ok(const char *s, size_t len)
{
	if (len == 0 || len > 63 || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') || s[i] == '-'))
			return false;
	return true;
}

static bool
normal_dns(const struct value *v)
{
	char buf[SHOWN_MAX + 4];
	size_t len = v->len, from = 0;

	if (len > 1 && v->raw[len - 1] == '.')
		len--;
	if (len > 253)
		return refuse(v, "%s is longer than 253 characters", shown(v, buf));
	for (size_t i = 0; i < len; i++)
		v->out[i] = (char)(v->raw[i] >= 'A' && v->raw[i] <= 'Z' ? v->raw[i] + 32 : v->raw[i]);
	v->out[len] = '\0';
	for (size_t i = 0; i <= len; i++) {
		if (i < len && v->out[i] != '.')
			continue;
		if (!label_ok(v->out + from, i - from))
			return refuse(v,
			    "%s is not a host name (letters, digits, hyphens; international names as "
			    "xn-- labels)",
			    shown(v, buf));
		from = i + 1;
	}
	return true;
}

static bool
normal_ip(const struct value *v)
{
	char buf[SHOWN_MAX + 4], text[64];
	uint8_t b[16];

	if (v->len < sizeof(text)) {
		memcpy(text, v->raw, v->len);
		text[v->len] = '\0';
		for (int i = 0; i < 2; i++) {
			int family = i == 0 ? AF_INET : AF_INET6;

			if (inet_pton(family, text, b) == 1 &&
			    inet_ntop(family, b, v->out, INPUT_VALUE_MAX) != NULL)
				return true;
		}
	}
	return refuse(v, "%s is not an IP address", shown(v, buf));
}

const char *
charset_name(enum input_charset c)
{
	static const char *const names[] = { "UTF8String", "IA5String", "PrintableString", "NumericString" };

	return names[c];
}

bool
charset_ok(enum input_charset set, const char *s, size_t len)
{
	if (set == CHARSET_UTF8)
		return true;
	for (size_t i = 0; i < len; i++) {
		char c = s[i];
		bool digit = c >= '0' && c <= '9', letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

		if (c < 0x20 || c > 0x7e)
			return false;
		if (set == CHARSET_NUMERIC && !digit && c != ' ')
			return false;
		if (set == CHARSET_PRINTABLE && !digit && !letter && strchr(" '()+,-./:=?", c) == NULL)
			return false;
	}
	return true;
}

static bool
lengths_and_pattern(const struct value *v)
{
	const struct profile_input *in = v->in;
	size_t n = utf8_length(v->out, strlen(v->out));

	if (n < in->min_length)
		return refuse(v, "%.40s has %zu characters, at least %zu are needed", v->out, n,
		    in->min_length);
	if (in->max_length != 0 && n > in->max_length)
		return refuse(v, "%.40s has %zu characters, at most %zu are allowed", v->out, n,
		    in->max_length);
	if (!charset_ok(in->charset, v->out, strlen(v->out)))
		return refuse(v, "%.60s holds a character that %s cannot hold", v->out,
		    in->charset == CHARSET_PRINTABLE
			? "a PrintableString (letters, digits, blank and '()+,-./:=?)"
		    : in->charset == CHARSET_NUMERIC ? "a NumericString (digits and blank)"
						     : "an ASCII string");
	if (in->match == NULL || pattern_match(in->match, v->out))
		return true;
	if (in->message != NULL)
		return refuse(v, "%s", in->message);
	return refuse(v, "%.40s does not have the form %.120s", v->out, in->pattern);
}

static bool
normal_one(const struct value *v)
{
	bool ok;

	switch (v->in->type) {
	case INPUT_MAC_ADDRESS:
		ok = normal_mac(v, 6);
		break;
	case INPUT_EUI64:
		ok = normal_mac(v, 8);
		break;
	case INPUT_TEXT:
		ok = normal_text(v);
		break;
	case INPUT_DECIMAL:
		ok = normal_decimal(v);
		break;
	case INPUT_HEX:
		ok = normal_hex(v);
		break;
	case INPUT_CHOICE:
		ok = normal_choice(v);
		break;
	case INPUT_DNS_NAME:
		ok = normal_dns(v);
		break;
	case INPUT_IP_ADDRESS:
		ok = normal_ip(v);
		break;
	default:
		ok = false;
		break;
	}
	return ok && lengths_and_pattern(v);
}

/* "a, b,,c": each brought into normal form, joined by single commas, repetitions dropped. */
static bool
normal_list(const struct value *v)
{
	char one[INPUT_VALUE_MAX];
	size_t used = 0, at = 0;

	v->out[0] = '\0';
	while (at < v->len) {
		size_t end = at;
		struct value piece = { v->in, v->raw + at, 0, one, v->why };
		bool seen = false;

		while (end < v->len && v->raw[end] != ',')
			end++;
		piece.len = end - at;
		at = end + 1;
		trim(&piece.raw, &piece.len);
		if (piece.len == 0)
			continue;
		if (!normal_one(&piece))
			return false;
		for (const char *p = v->out; !seen && (p = strstr(p, one)) != NULL; p++)
			seen = (p == v->out || p[-1] == ',') &&
			       (p[strlen(one)] == ',' || p[strlen(one)] == '\0');
		if (seen)
			continue;
		if (used + strlen(one) + 2 > INPUT_VALUE_MAX)
			return refuse(v, "the list is longer than %d octets", INPUT_VALUE_MAX - 1);
		used +=
		    (size_t)snprintf(v->out + used, INPUT_VALUE_MAX - used, "%s%s", used > 0 ? "," : "", one);
	}
	return used > 0 || !v->in->required ? true : refuse(v, "a value is needed");
}

bool
input_normalize(const struct profile_input *in, const char *raw, size_t len, char out[INPUT_VALUE_MAX],
    char why[INPUT_WHY_MAX])
{
	struct value v = { in, raw, len, out, why };

	why[0] = '\0';
	out[0] = '\0';
	trim(&v.raw, &v.len);
	if (v.len == 0)
		return in->required ? refuse(&v, "a value is needed") : true;
	if (memchr(v.raw, '\0', v.len) != NULL)
		return refuse(&v, "the value holds a NUL character");
	return in->multiple ? normal_list(&v) : normal_one(&v);
}

bool
input_is_normal(const struct profile_input *in, const char *value, char why[INPUT_WHY_MAX])
{
	char out[INPUT_VALUE_MAX];
	struct value v = { in, value, strlen(value), out, why };

	if (!input_normalize(in, value, strlen(value), out, why))
		return false;
	if (strcmp(out, value) != 0)
		return refuse(&v, "%.80s is not in normal form (%.80s)", value, out);
	return true;
}
