/*
 * The mini-language of extensions: one member names the type, its value is the contents.
 *
 *	{ "SEQUENCE": [ { "OID": "1.2.3" }, { "OCTET STRING": { "octets": "{mac_address}" } } ] }
 */
#include <string.h>

#include "base/own.h"
#include "base/str.h"
#include "x509/profile/profile_private.h"

#define DEPTH_MAX 8

static const char *const type_words[] = {
	"SEQUENCE", "SET", "UTF8String", "PrintableString", "IA5String", "NumericString", "OID", "INTEGER",
	"ENUMERATED", "BOOLEAN", "NULL", "OCTET STRING", "BIT STRING", "EXPLICIT", "IMPLICIT", "DER",
};
enum type {
	T_SEQUENCE, T_SET, T_UTF8, T_PRINTABLE, T_IA5, T_NUMERIC, T_OID, T_INTEGER,
	T_ENUMERATED, T_BOOLEAN, T_NULL, T_OCTETS, T_BITS, T_EXPLICIT, T_IMPLICIT, T_DER
};

static bool
parse_children(struct parse *c, const json_t *list, enum type type, unsigned depth, struct node *out)
{
	size_t i, n = json_array_size(list), at = c->d.path_len;
	struct node *children;
	const json_t *one;

	if (!json_is_array(list) || n > 50 || (type == T_SET && n > 1)) {
		doc_fault(&c->d, type_words[type], type == T_SET ?
		    "must be an array of one element (DER orders several by their contents)" :
		    "must be an array of at most 50 elements");
		return false;
	}
	children = node_list(c, n);
	if (children == NULL)
		return false;
	json_array_foreach((json_t *)list, i, one) {
		doc_into(&c->d, type_words[type]);
		doc_into_index(&c->d, i);
		if (!parse_asn1(c, one, depth + 1, &children[i]))
			return false;
		doc_back(&c->d, at);
	}
	if (!node_cons(out, type == T_SET ? DER_SET : DER_SEQUENCE, children, n))
		return false;
	out->may_be_empty = true;
	out->vanishes = false;
	return true;
}

static bool
parse_integer(struct parse *c, const json_t *v, enum type type, struct node *out)
{
	uint8_t tag = type == T_INTEGER ? DER_INTEGER : DER_ENUMERATED;
	uint8_t buf[16];
	struct der_writer w = der_writer(buf, sizeof(buf));
	struct der whole;

	if (json_is_string(v))
		return parse_encoded(c, type_words[type], json_string_value(v), tag, ENCODE_INTEGER, out);
	if (!json_is_integer(v) || json_integer_value(v) < 0) {
		doc_fault(&c->d, type_words[type],
		    "must be a whole number from 0, or an input of type decimal");
		return false;
	}
	der_put_u64(&w, tag, (uint64_t)json_integer_value(v));
	return der_written(&w, &whole) && node_raw(c, out, whole.p, whole.len);
}

/* { "octets": hex or input } | { "text": ... } | { "der": node }: OCTET STRING and BIT STRING. */
static bool
parse_octets(struct parse *c, const json_t *v, enum type type, unsigned depth, struct node *out)
{
	static const char *const members[] = { "octets", "text", "der", NULL };
	uint8_t tag = type == T_OCTETS ? DER_OCTETS : DER_BITS;
	size_t at = c->d.path_len;
	const char *text;
	struct node *inner;
	bool ok;

	doc_into(&c->d, type_words[type]);
	if (!doc_members(&c->d, v, members))
		return false;
	if (json_object_size(v) != 1) {
		doc_fault(&c->d, NULL, "must have one member: octets, text or der");
		return false;
	}
	if ((text = doc_text(&c->d, v, "octets", false, 500)) != NULL) {
		ok = parse_encoded(c, "octets", text, tag, type == T_OCTETS ? ENCODE_OCTETS : ENCODE_BITS,
		    out);
	} else if ((text = doc_text(&c->d, v, "text", false, 500)) != NULL) {
		if (type == T_BITS) {
			doc_fault(&c->d, "text", "a BIT STRING holds octets or der");
			return false;
		}
		ok = parse_string(c, "text", text, ALLOW_ALL, tag, CHARSET_UTF8, 0, out);
	} else {
		const json_t *der = doc_object(&c->d, v, "der", true);

		doc_into(&c->d, "der");
		inner = node_list(c, 1);
		ok = der != NULL && inner != NULL && parse_asn1(c, der, depth + 1, inner) &&
		     node_cons(out, tag, inner, 1);
		if (ok && type == T_BITS)
			out->kind = NODE_CONS_BITS;
	}
	doc_back(&c->d, at);
	return ok;
}

/* IMPLICIT replaces the tag of what it holds; a constant is encoded first. */
static bool
implicit(struct parse *c, uint8_t number, struct node *n)
{
	if (n->kind == NODE_RAW) {
		uint8_t *p = doc_alloc(&c->d, n->raw.len, 1);

		if (p == NULL || n->raw.len < 2)
			return false;
		memcpy(p, n->raw.p, n->raw.len);
		p[0] = (uint8_t)(number | 0x80 | (p[0] & 0x20));
		n->raw.p = p;
		return true;
	}
	if (n->kind == NODE_CONS_BITS) {
		doc_fault(&c->d, "IMPLICIT", "of a BIT STRING over der is not supported");
		return false;
	}
	n->tag = (uint8_t)(number | 0x80 | (n->tag & 0x20));
	return true;
}

static bool
parse_tagged(struct parse *c, const json_t *v, enum type type, unsigned depth, struct node *out)
{
	static const char *const members[] = { "tag", "of", NULL };
	size_t at = c->d.path_len;
	const json_t *of;
	struct node inner, *kept;
	int64_t number;

	doc_into(&c->d, type_words[type]);
	if (!doc_members(&c->d, v, members))
		return false;
	number = doc_int(&c->d, v, "tag", 0, 30, DOC_NEEDED);
	of = doc_object(&c->d, v, "of", true);
	doc_into(&c->d, "of");
	if (of == NULL || !parse_asn1(c, of, depth + 1, &inner))
		return false;
	doc_back(&c->d, at);
	if (type == T_IMPLICIT) {
		*out = inner;
		return implicit(c, (uint8_t)number, out);
	}
	kept = node_list(c, 1);
	if (kept == NULL)
		return false;
	*kept = inner;
	return node_cons(out, (uint8_t)DER_CONTEXT_CONS(number), kept, 1);
}

static bool
parse_der(struct parse *c, const json_t *v, struct node *out)
{
	const char *hex = json_is_string(v) ? json_string_value(v) : "";
	size_t n = strlen(hex) / 2;
	uint8_t b[1024];
	struct der_reader r;
	struct der_item item;

	if (n == 0 || n > sizeof(b) || !hex_decode(hex, strlen(hex), b, n)) {
		doc_fault(&c->d, "DER", "must be 2 to 2048 hexadecimal digits");
		return false;
	}
	r = der_reader(b, n);
	if (!der_next(&r, &item) || !der_at_end(&r)) {
		doc_fault(&c->d, "DER", "is not one DER element");
		return false;
	}
	return node_raw(c, out, b, n);
}

static bool
parse_plain(struct parse *c, const json_t *v, enum type type, struct node *out)
{
	static const uint8_t tags[] = { [T_UTF8] = DER_UTF8, [T_PRINTABLE] = DER_PRINTABLE, [T_IA5] = DER_IA5,
	    [T_NUMERIC] = DER_NUMERIC };
	static const enum input_charset sets[] = { [T_UTF8] = CHARSET_UTF8, [T_PRINTABLE] = CHARSET_PRINTABLE,
	    [T_IA5] = CHARSET_IA5, [T_NUMERIC] = CHARSET_NUMERIC };
	static const uint8_t yes[] = { DER_BOOLEAN, 1, 0xff }, no[] = { DER_BOOLEAN, 1, 0 },
			     null[] = { DER_NULL, 0 };
	const char *text = json_string_value(v);

	if (type == T_BOOLEAN && json_is_boolean(v))
		return node_raw(c, out, json_is_true(v) ? yes : no, 3);
	if (type == T_NULL && json_is_null(v))
		return node_raw(c, out, null, 2);
	if (type == T_BOOLEAN || type == T_NULL || text == NULL || *text == '\0' ||
	    !text_name_ok(text, 500)) {
		doc_fault(&c->d, type_words[type], "must be %s", type == T_BOOLEAN ? "true or false" :
		    type == T_NULL ? "null" : "a text");
		return false;
	}
	if (type == T_OID)
		return parse_encoded(c, "OID", text, DER_OID, ENCODE_OID, out);
	return parse_string(c, type_words[type], text, ALLOW_ALL, tags[type], sets[type], 0, out);
}

static bool
parse_typed(struct parse *c, const json_t *v, enum type type, unsigned depth, struct node *out)
{
	switch (type) {
	case T_SEQUENCE:
	case T_SET:
		return parse_children(c, v, type, depth, out);
	case T_INTEGER:
	case T_ENUMERATED:
		return parse_integer(c, v, type, out);
	case T_OCTETS:
	case T_BITS:
		return parse_octets(c, v, type, depth, out);
	case T_EXPLICIT:
	case T_IMPLICIT:
		return parse_tagged(c, v, type, depth, out);
	case T_DER:
		return parse_der(c, v, out);
	default:
		return parse_plain(c, v, type, out);
	}
}

bool
parse_asn1(struct parse *c, const json_t *object, unsigned depth, struct node *out)
{
	bool optional = false;
	const char *name;
	json_t *v, *typed = NULL;
	int type = -1;

	if (depth > DEPTH_MAX || !json_is_object(object)) {
		doc_fault(&c->d, NULL,
		    depth > DEPTH_MAX ? "nested too deeply" : "must be an object with one ASN.1 type");
		return false;
	}
	json_object_foreach((json_t *)object, name, v) {
		if (strcmp(name, "optional") == 0) {
			optional = json_is_true(v);
			if (!json_is_boolean(v))
				doc_fault(&c->d, name, "must be true or false");
			continue;
		}
		for (int i = 0; i < (int)COUNT(type_words); i++)
			if (strcmp(type_words[i], name) == 0 && typed == NULL) {
				type = i;
				typed = v;
				name = NULL;
				break;
			}
		if (name != NULL) {
			doc_fault(&c->d, name,
			    typed != NULL ? "stands beside another type" : "is no ASN.1 type");
			return false;
		}
	}
	if (typed == NULL) {
		doc_fault(&c->d, NULL, "has no ASN.1 type");
		return false;
	}
	if (!parse_typed(c, typed, (enum type)type, depth, out))
		return false;
	if (optional && out->inputs == 0 && out->parameters == 0) {
		doc_fault(&c->d, "optional", "a constant is never missing");
		return false;
	}
	out->optional = optional;
	return true;
}
