#include <string.h>

#include "base/str.h"
#include "x509/profile/input.h"
#include "x509/profile/input_private.h"

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static bool
separator(char c)
{
	return c == ':' || c == '-' || c == '.';
}

bool
mac_hex(const char *s, size_t len, struct mac_hex *out)
{
	size_t group = 0;

	*out = (struct mac_hex){ .groups_ok = true };
	for (size_t i = 0; i < len; i++) {
		int v = nibble(s[i]);

		if (v >= 0) {
			if (out->n == sizeof(out->digit))
				return false;
			out->digit[out->n++] = (uint8_t)v;
			group++;
			continue;
		}
		if (!separator(s[i]) || (out->separator != 0 && s[i] != out->separator)) {
			out->bad = &s[i];
			return false;
		}
		out->separator = s[i];
		if (group != 2 && !(s[i] == '.' && group == 4))
			out->groups_ok = false;
		if (out->group != 0 && group != out->group)
			out->groups_ok = false;
		out->group = group;
		group = 0;
	}
	out->last = group;
	return true;
}

size_t
mac_octets(const char *normal, uint8_t out[8])
{
	size_t len = strlen(normal), n = (len + 1) / 3;

	if ((len != 17 && len != 23) || len + 1 != 3 * n)
		return 0;
	for (size_t i = 0; i < n; i++) {
		int high = nibble(normal[3 * i]), low = nibble(normal[3 * i + 1]);

		if (high < 0 || low < 0 || normal[3 * i + 2] != (i + 1 == n ? '\0' : ':'))
			return 0;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return n;
}

void
mac_text(const uint8_t *octets, size_t n, char out[24])
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < n; i++) {
		out[3 * i] = digits[octets[i] >> 4];
		out[3 * i + 1] = digits[octets[i] & 15];
		out[3 * i + 2] = i + 1 == n ? '\0' : ':';
	}
}

bool
mac_is_local(const char *normal)
{
	uint8_t b[8];

	return mac_octets(normal, b) != 0 && (b[0] & 2) != 0;
}

bool
mac_prefix_parse(const char *text, struct mac_prefix *out)
{
	struct mac_hex h;
	struct mac_prefix p = { 0, 0 };

	if (!mac_hex(text, strlen(text), &h) || h.n < 6 || h.n > 11)
		return false;
	/* Whole pairs, then perhaps half a pair; or no separators at all. */
	if (h.separator != 0 && (!h.groups_ok || h.last == 0 || h.last > h.group))
		return false;
	for (size_t i = 0; i < h.n; i++)
		p.bits |= (uint64_t)h.digit[i] << (44 - 4 * i);
	if (p.bits >> 40 & 1)		/* a group address is no device's */
		return false;
	p.len = (unsigned)(4 * h.n);
	*out = p;
	return true;
}

void
mac_prefix_text(const struct mac_prefix *p, char out[18])
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;

	for (unsigned i = 0; i < p->len / 4 && i < 12; i++) {
		if (i > 0 && i % 2 == 0)
			out[n++] = ':';
		out[n++] = digits[p->bits >> (44 - 4 * i) & 15];
	}
	out[n] = '\0';
}

uint64_t
mac_block_mask(unsigned prefix_len)
{
	return (UINT64_C(1) << (48 - prefix_len)) - 1;
}

bool
mac_prefix_has(const struct mac_prefix *p, const char *normal)
{
	uint8_t b[8];
	uint64_t v = 0;

	if (mac_octets(normal, b) == 0)
		return false;
	for (size_t i = 0; i < 6; i++)		/* of an EUI-64 the first 48 bits hold any assigned prefix */
		v = v << 8 | b[i];
	return (v & ~mac_block_mask(p->len)) == p->bits;
}

const struct mac_prefix *
mac_prefix_find(const struct mac_prefix *list, size_t n, const char *normal)
{
	for (size_t i = 0; i < n; i++)
		if (mac_prefix_has(&list[i], normal))
			return &list[i];
	return NULL;
}
