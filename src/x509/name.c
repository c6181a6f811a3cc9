#include "x509/name.h"

#define NAME_ATTRS_MAX 64

struct name_walk
name_walk(struct der name_body)
{
	return (struct name_walk){ der_reader_of(name_body), { NULL, NULL } };
}

bool
name_walk_next(struct name_walk *w, struct name_attr *out, bool *ok)
{
	struct der_reader attr;
	struct der_item value;
	bool first = false;

	if (w->set.p == w->set.end) {
		if (der_at_end(&w->rdns))
			return false;
		if (!der_enter(&w->rdns, DER_SET, &w->set) || der_at_end(&w->set))
			goto bad;
		first = true;
	}
	if (!der_enter(&w->set, DER_SEQUENCE, &attr) || !der_get_oid(&attr, &out->type) ||
	    !der_next(&attr, &value) || !der_at_end(&attr))
		goto bad;
	out->tag = value.tag;
	out->value = value.body;
	out->multi = !first;
	return true;
bad:
	*ok = false;
	return false;
}

static void
utf8_add(struct str *out, uint32_t c)
{
	if (c < 0x80) {
		str_addc(out, (char)c);
	} else if (c < 0x800) {
		str_addc(out, (char)(0xc0 | c >> 6));
		str_addc(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		str_addc(out, (char)(0xe0 | c >> 12));
		str_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		str_addc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		str_addc(out, (char)(0xf0 | c >> 18));
		str_addc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		str_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		str_addc(out, (char)(0x80 | (c & 0x3f)));
	}
}

/* Fixed-width characters, big-endian. */
static bool
wide_text(struct der v, size_t width, struct str *out)
{
	if (v.len % width != 0)
		return false;
	for (size_t i = 0; i < v.len; i += width) {
		uint32_t c = 0;

		for (size_t k = 0; k < width; k++)
			c = c << 8 | v.p[i + k];
		if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return false;
		utf8_add(out, c);
	}
	return true;
}

bool
name_attr_text(const struct name_attr *a, struct str *out)
{
	struct der v = a->value;

	switch (a->tag) {
	case DER_UTF8:
		if (!utf8_valid((const char *)v.p, v.len))
			return false;
		break;
	case DER_PRINTABLE:
		/* Real CAs put @, & and * into it; control characters and 8-bit octets they do not. */
	case DER_IA5:
	case DER_VISIBLE:
	case DER_NUMERIC:
		for (size_t i = 0; i < v.len; i++)
			if (v.p[i] < 0x20 || v.p[i] > 0x7e)
				return false;
		break;
	case DER_T61:			/* Latin-1 in practice */
		return wide_text(v, 1, out);
	case DER_BMP:
		return wide_text(v, 2, out);
	case DER_UNIVERSAL:
		return wide_text(v, 4, out);
	default:
		return false;
	}
	str_add(out, v.p, v.len);
	return true;
}

/* RFC 4514 section 2.4; control characters are hex pairs, so that nothing breaks a line. */
static void
escaped(const char *s, size_t n, struct str *out)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		bool edge = (i == 0 && (c == ' ' || c == '#')) || (i == n - 1 && c == ' ');

		if (c < 0x20 || c == 0x7f) {
			str_addf(out, "\\%02X", c);
			continue;
		}
		if (edge || strchr("\"+,;<>\\", c) != NULL)
			str_addc(out, '\\');
		str_addc(out, (char)c);
	}
}

static void
attr_show(const struct name_attr *a, struct str *out)
{
	char buf[OID_TEXT_MAX];
	OWN_STR struct str text = { 0 };

	str_adds(out, oid_show(OID_ATTRIBUTE, a->type, buf));
	str_addc(out, '=');
	if (name_attr_text(a, &text)) {
		if (text.len > 0)
			escaped(text.p, text.len, out);
		return;
	}
	str_addc(out, '#');
	for (size_t i = 0; i < a->value.len; i++)
		str_addf(out, "%02X", a->value.p[i]);
}

bool
name_text(struct der name, struct str *out, struct err *e)
{
	struct der body;
	struct name_attr a;
	struct name_walk w;
	bool ok = true, some = false;
	size_t n = 0;

	if (!der_only(name.p, name.len, DER_SEQUENCE, &body))
		return err_set(e, ERR_INVALID, "name_der", "a name is not DER (RFC 5280 section 4.1.2.4)");
	for (w = name_walk(body); name_walk_next(&w, &a, &ok); some = true) {
		if (++n > NAME_ATTRS_MAX)
			return err_set(e, ERR_INVALID, "name_der", "a name has more than %d attributes",
			    NAME_ATTRS_MAX);
		if (some)
			str_adds(out, a.multi ? "+" : ", ");
		attr_show(&a, out);
	}
	if (!ok)
		return err_set(e, ERR_INVALID, "name_der", "a name is not DER (RFC 5280 section 4.1.2.4)");
	return true;
}

bool
name_valid(struct der name, size_t least)
{
	struct der body;
	struct name_attr a;
	struct name_walk w;
	bool ok = true;
	size_t n = 0;

	if (!der_only(name.p, name.len, DER_SEQUENCE, &body))
		return false;
	for (w = name_walk(body); name_walk_next(&w, &a, &ok);)
		n++;
	return ok && n >= least && n <= NAME_ATTRS_MAX;
}
