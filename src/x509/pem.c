#include <string.h>

#include "x509/cert.h"

#define LABEL_MAX 64

void
pem_encode(const char *label, const void *der, size_t len, struct str *out)
{
	OWN_STR struct str text = { 0 };

	b64_encode(der, len, &text);
	str_addf(out, "-----BEGIN %s-----\n", label);
	for (size_t i = 0; i < text.len; i += 64) {
		str_add(out, text.p + i, text.len - i < 64 ? text.len - i : 64);
		str_addc(out, '\n');
	}
	str_addf(out, "-----END %s-----\n", label);
}

struct boundary {
	bool		 begin;		/* or END */
	const char	*at;		/* its dashes */
	const char	*label;
	size_t		 label_len;
	const char	*behind;
};

/* The next "-----BEGIN label-----" or END, on one line. */
static bool
boundary_next(const char *p, const char *end, struct boundary *out)
{
	while ((size_t)(end - p) >= 5) {
		const char *dashes = memmem(p, (size_t)(end - p), "-----", 5), *s, *close;
		size_t left;

		if (dashes == NULL)
			return false;
		s = dashes + 5;
		left = (size_t)(end - s);
		out->begin = left > 6 && memcmp(s, "BEGIN ", 6) == 0;
		if (!out->begin && !(left > 4 && memcmp(s, "END ", 4) == 0)) {
			p = dashes + 1;		/* a longer row of dashes */
			continue;
		}
		s += out->begin ? 6 : 4;
		left = (size_t)(end - s);
		close = memmem(s, left < LABEL_MAX + 5 ? left : LABEL_MAX + 5, "-----", 5);
		if (close == NULL || memchr(s, '\n', (size_t)(close - s)) != NULL) {
			p = s;
			continue;
		}
		out->at = dashes;
		out->label = s;
		out->label_len = (size_t)(close - s);
		out->behind = close + 5;
		return true;
	}
	return false;
}

bool
pem_next(const char *text, size_t len, size_t *at, struct pem_block *out)
{
	const char *end = text + len, *p = text + *at;
	struct boundary first, second;

	do {
		if (!boundary_next(p, end, &first)) {
			*at = len;
			return false;
		}
		p = first.behind;
	} while (!first.begin);
	*out = (struct pem_block){ .label = first.label, .label_len = first.label_len, .body = first.behind,
	    .begin = (size_t)(first.at - text) };
	if (!boundary_next(first.behind, end, &second)) {
		out->body_len = (size_t)(end - first.behind);
		*at = len;
		return true;
	}
	out->body_len = (size_t)(second.at - first.behind);
	out->ended = !second.begin && second.label_len == first.label_len &&
	    memcmp(second.label, first.label, first.label_len) == 0;
	*at = (size_t)((second.begin ? second.at : second.behind) - text);
	return true;
}

static int
sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Whatever the lines look like (RFC 7468 section 3 lets blanks pass), the base64 between them is strict. */
bool
pem_body(const struct pem_block *b, uint8_t *out, size_t cap, size_t *len)
{
	uint32_t bits = 0;
	size_t n = 0, digits = 0, pads = 0;

	for (size_t i = 0; i < b->body_len; i++) {
		char c = b->body[i];
		int v = sextet(c);

		if (c == '\n' || c == '\r' || c == ' ' || c == '\t')
			continue;
		if (c == '=') {
			pads++;
			continue;
		}
		if (v < 0 || pads > 0)
			return false;
		bits = bits << 6 | (uint32_t)v;
		if (++digits % 4 == 0) {
			if (cap - n < 3)
				return false;
			out[n++] = (uint8_t)(bits >> 16);
			out[n++] = (uint8_t)(bits >> 8);
			out[n++] = (uint8_t)bits;
		}
	}
	if ((digits + pads) % 4 != 0 || pads > 2 || (pads > 0 && cap - n < 2))
		return false;
	if (pads == 1) {
		if (bits & 3)
			return false;
		out[n++] = (uint8_t)(bits >> 10);
		out[n++] = (uint8_t)(bits >> 2);
	} else if (pads == 2) {
		if (bits & 15)
			return false;
		out[n++] = (uint8_t)(bits >> 4);
	}
	*len = n;
	return n > 0;
}

bool
pem_decode(const char *text, size_t len, const char *label, uint8_t *out, size_t cap, size_t *out_len,
    struct err *e)
{
	struct pem_block b;
	size_t at = 0;

	while (pem_next(text, len, &at, &b)) {
		if (b.label_len != strlen(label) || memcmp(b.label, label, b.label_len) != 0)
			continue;
		if (!b.ended)
			return err_set(e, ERR_INVALID, "pem_end",
			    "the PEM block %s has no END line of its own", label);
		if (b.body_len / 4 * 3 > cap + b.body_len / 16 + 3)
			return err_set(e, ERR_TOO_LARGE, "pem_size",
			    "the PEM block %s is larger than %zu octets", label, cap);
		if (!pem_body(&b, out, cap, out_len))
			return err_set(e, ERR_INVALID, "pem_base64",
			    "the PEM block %s is not base64 (RFC 7468 section 3)", label);
		return true;
	}
	return err_set(e, ERR_INVALID, "pem_none", "there is no PEM block %s", label);
}
