#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/own.h"
#include "base/str.h"
#include "x509/cert.h"
#include "x509/profile/node.h"
#include "x509/profile/node_private.h"
#include "x509/oid.h"
#include "x509/profile/pattern.h"

bool
node_refuse(struct node_found *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(f->why, sizeof(f->why), fmt, ap);
	va_end(ap);
	return false;
}

static bool
plain_text(struct node_found *f, const struct node *n, struct der body, char out[INPUT_VALUE_MAX])
{
	if (body.len >= INPUT_VALUE_MAX)
		return node_refuse(f, "a value is longer than %d octets", INPUT_VALUE_MAX - 1);
	memcpy(out, body.p, body.len);
	out[body.len] = '\0';
	if (n->charset == CHARSET_UTF8 && !utf8_valid(out, body.len))
		return node_refuse(f, "a value is not UTF-8");
	if (!charset_ok(n->charset, out, body.len))
		return node_refuse(f, "a value holds a character that a %s cannot hold", charset_name(n->charset));
	if (n->max_length != 0 && utf8_length((const char *)body.p, body.len) > n->max_length)
		return node_refuse(f, "%.60s is longer than %zu characters", out, n->max_length);
	if (n->match != NULL && !pattern_match(n->match, out))
		return node_refuse(f, "%.60s does not have the profile's form", out);
	return true;
}

/* Octets in the spelling of the input behind them. */
static bool
hex_text(struct node_found *f, const struct node *n, struct der body, char out[INPUT_VALUE_MAX])
{
	const struct part *p = &n->value.parts[0];
	size_t count;

	if (body.len == 0 || body.len * 2 >= INPUT_VALUE_MAX)
		return node_refuse(f, "an octet string has a wrong length");
	if (p->kind == PART_INPUT) {
		enum input_type t = profile_inputs(f->profile, &count)[p->index].type;
		size_t want = t == INPUT_MAC_ADDRESS ? 6 : t == INPUT_EUI64 ? 8 : 0;

		if (want != 0 && body.len != want)
			return node_refuse(f, "an address has %zu octets instead of %zu", body.len, want);
		if (want != 0) {
			mac_text(body.p, want, out);
			return true;
		}
	}
	hex_upper(body.p, body.len, out);
	return true;
}

static bool
value_text(struct node_found *f, const struct node *n, struct der body, char out[INPUT_VALUE_MAX])
{
	uint64_t v = 0;

	switch (n->encoding) {
	case ENCODE_TEXT:
		return plain_text(f, n, body, out);
	case ENCODE_OCTETS:
		return hex_text(f, n, body, out);
	case ENCODE_BITS:
		if (body.len == 0 || body.p[0] != 0)
			return node_refuse(f, "a BIT STRING is not of whole octets");
		return hex_text(f, n, (struct der){ body.p + 1, body.len - 1 }, out);
	case ENCODE_INTEGER:
		if (body.len == 0 || body.len > 9 || (body.p[0] & 0x80) ||
		    (body.len == 9 && body.p[0] != 0) || (body.len > 1 && body.p[0] == 0 && body.p[1] < 0x80))
			return node_refuse(f, "an INTEGER does not fit 64 bits, or is not minimal");
		for (size_t i = 0; i < body.len; i++)
			v = v << 8 | body.p[i];
		(void)snprintf(out, INPUT_VALUE_MAX, "%llu", (unsigned long long)v);
		return true;
	case ENCODE_OID:
		return body.len > 0 && oid_text(body, out) ? true
							   : node_refuse(f, "an object identifier is malformed");
	case ENCODE_IP:
		if ((body.len != 4 && body.len != 16) ||
		    inet_ntop(body.len == 4 ? AF_INET : AF_INET6, body.p, out, INPUT_VALUE_MAX) == NULL)
			return node_refuse(f, "an IP address has %zu octets", body.len);
		return true;
	default:
		return node_refuse(f, "unknown encoding");
	}
}

static bool
match_value(struct node_found *f, const struct node *n, struct der_reader *r)
{
	char one[INPUT_VALUE_MAX], all[INPUT_VALUE_MAX];
	size_t used = 0;
	struct der body;

	if (!der_get(r, n->tag, &body))
		return node_refuse(f, "its type is not the profile's (tag %02X instead of %02X)", der_peek(r),
		    n->tag);
	if (!value_text(f, n, body, one))
		return false;
	if (!n->each)
		return value_unify(f, &n->value, one, strlen(one));
	for (;;) {				/* a list: as many as there are */
		int k = snprintf(all + used, sizeof(all) - used, "%s%s", used > 0 ? "," : "", one);

		if (k < 0 || (size_t)k >= sizeof(all) - used)
			return node_refuse(f, "a list is too long");
		if (strchr(one, ',') != NULL)
			return node_refuse(f, "%.60s holds a comma", one);
		used += (size_t)k;
		if (der_peek(r) != n->tag)
			return value_unify(f, &n->value, all, used);
		if (!der_get(r, n->tag, &body) || !value_text(f, n, body, one))
			return false;
	}
}

static bool
lacks_one(const struct node_found *f, const struct node *n, bool inputs_too)
{
	if (inputs_too && (n->inputs & ~f->bound) != 0)
		return true;
	for (unsigned i = 0; i < PROFILE_INPUTS_MAX; i++) {
		const char *s = f->known->parameters == NULL ? NULL : f->known->parameters[i];

		if ((n->parameters >> i & 1) && (s == NULL || *s == '\0'))
			return true;
	}
	return false;
}

bool
node_leave_out(struct node_found *f, const struct node *n)
{
	if (!n->optional && n->vanishes) {
		for (size_t i = 0; i < n->n; i++)
			if (!node_leave_out(f, &n->children[i]))
				return false;
		return true;
	}
	if (!n->optional)
		return false;
	if (n->inputs == 0 && !lacks_one(f, n, false))
		return false;			/* nothing allows it to be missing */
	if (f->n_left_out == COUNT(f->left_out))
		return node_refuse(f, "too many optional parts are missing");
	f->left_out[f->n_left_out++] = n;
	return true;
}

bool
node_left_out_ok(struct node_found *f)
{
	for (size_t i = 0; i < f->n_left_out; i++)
		if (!lacks_one(f, f->left_out[i], true))
			return node_refuse(f, "an optional part is missing although its inputs are there");
	return true;
}

static bool
match_children(struct node_found *f, const struct node *n, struct der_reader *in)
{
	for (size_t i = 0; i < n->n; i++) {
		const struct node *c = &n->children[i];
		struct der_reader at = *in;
		struct node_found before;

		if (!c->optional && !c->vanishes) {
			if (!node_match(f, c, in))
				return false;
			continue;
		}
		before = *f;
		f->why[0] = '\0';
		if (!(c->optional && lacks_one(f, c, false)) && !der_at_end(in) && node_match(f, c, in))
			continue;
		*in = at;
		memcpy(before.why, f->why, sizeof(before.why));
		*f = before;
		if (!node_leave_out(f, c))
			return f->why[0] != '\0' ? false
						 : node_refuse(f, "a part that is not optional is missing");
	}
	return true;
}

static bool
match_key_id(struct node_found *f, const struct node *n, struct der_reader *r)
{
	uint8_t id[20];
	struct err e = { 0 };
	struct der body;
	size_t len;

	if (!der_get(r, n->tag, &body) || !key_id(n->method, f->known->key_bits, id, &len, &e))
		return node_refuse(f, "there is no key identifier");
	return der_equal(body, id, len) ? true : node_refuse(f, "the key identifier is not that of the key");
}

bool
node_match(struct node_found *f, const struct node *n, struct der_reader *r)
{
	struct der_reader inner;
	struct der bits;

	switch (n->kind) {
	case NODE_RAW:
		if ((size_t)(r->end - r->p) < n->raw.len || memcmp(r->p, n->raw.p, n->raw.len) != 0)
			return node_refuse(f, "the octets are not the profile's");
		r->p += n->raw.len;
		return true;
	case NODE_CONS:
		if (!der_enter(r, n->tag, &inner))
			return node_refuse(f, "its type is not the profile's (tag %02X instead of %02X)",
			    der_peek(r), n->tag);
		break;
	case NODE_CONS_BITS:
		if (!der_get_octet_bits(r, &bits))
			return node_refuse(f, "a BIT STRING is missing");
		inner = der_reader_of(bits);
		break;
	case NODE_VALUE:
		return match_value(f, n, r);
	case NODE_SUBJECT_KEY_ID:
		return match_key_id(f, n, r);
	default:		/* the issuer's is encoded in the template */
		return node_refuse(f, "the template is incomplete");
	}
	if (n->n > 0 && !n->may_be_empty && der_at_end(&inner))
		return node_refuse(f, "it is empty");
	if (!match_children(f, n, &inner))
		return false;
	if (!der_at_end(&inner))
		return node_refuse(f, "it holds more than the profile allows");
	return true;
}
