#include <stdio.h>
#include <string.h>

#include "base/own.h"
#include "base/str.h"
#include "x509/profile/profile_private.h"

#define PARTS_MAX 16

const char *const string_types[4] = { "UTF8String", "IA5String", "PrintableString", "NumericString" };

bool
string_type(const char *name, uint8_t *tag, enum input_charset *set)
{
	static const uint8_t tags[] = { DER_UTF8, DER_IA5, DER_PRINTABLE, DER_NUMERIC };

	for (unsigned i = 0; i < COUNT(string_types); i++)
		if (strcmp(string_types[i], name) == 0) {
			*tag = tags[i];
			*set = (enum input_charset)i;
			return true;
		}
	return false;
}

static bool
word_ok(const char *s)
{
	if (*s < 'a' || *s > 'z' || strlen(s) > 40)
		return false;
	for (; *s != '\0'; s++)
		if (!((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '_'))
			return false;
	return true;
}

int
parse_parameter(struct parse *c, const char *member, const char *name, bool required)
{
	struct profile *p = c->p;

	if (!word_ok(name)) {
		doc_fault(&c->d, member, "%.40s is not a name of lower-case letters, digits and _", name);
		return -1;
	}
	for (size_t i = 0; i < p->n_parameters; i++)
		if (strcmp(p->parameters[i].name, name) == 0) {
			p->parameters[i].required = p->parameters[i].required || required;
			return (int)i;
		}
	if (p->n_parameters == PROFILE_INPUTS_MAX) {
		doc_fault(&c->d, member, "more than %d constants of the organization", PROFILE_INPUTS_MAX);
		return -1;
	}
	p->parameters[p->n_parameters] = (struct profile_parameter){ doc_copy(&c->d, name), required };
	return (int)p->n_parameters++;
}

static bool
rendering_of(const char *name, enum rendering *out)
{
	static const char *const names[] = { "text", "hex", "hex_lower", "hyphens" };

	for (unsigned i = 0; i < COUNT(names); i++)
		if (strcmp(names[i], name) == 0) {
			*out = (enum rendering)i;
			return true;
		}
	return false;
}

static bool
input_part(struct parse *c, const char *member, char *name, struct part *out)
{
	char *how = strchr(name, ':');
	enum input_type type;
	int i;

	if (how != NULL)
		*how++ = '\0';
	i = profile_input_find(c->p, name);
	if (i < 0) {
		doc_fault(&c->d, member, "{%.40s} is no input of this profile", name);
		return false;
	}
	*out = (struct part){ .kind = PART_INPUT, .index = (unsigned)i };
	if (how == NULL)
		return true;
	type = c->p->inputs[i].type;
	if (!rendering_of(how, &out->rendering)) {
		doc_fault(&c->d, member, "{%.40s:%.20s}: after the colon stands hex, hex_lower or hyphens",
		    name, how);
		return false;
	}
	if (out->rendering != RENDER_TEXT && type != INPUT_MAC_ADDRESS && type != INPUT_EUI64 &&
	    !(type == INPUT_HEX && out->rendering == RENDER_HEX_LOWER)) {
		doc_fault(&c->d, member, "{%.40s:%.20s} is for addresses", name, how);
		return false;
	}
	return true;
}

static bool
braced_part(struct parse *c, const char *member, char *name, unsigned allow, struct part *out)
{
	static const struct { const char *name; enum part_kind kind; } site[] = {
		{ "public_url", PART_PUBLIC_URL }, { "ca", PART_CA }, { "shard", PART_SHARD },
	};

	for (size_t i = 0; i < COUNT(site); i++) {
		if (strcmp(site[i].name, name) != 0)
			continue;
		if (!(allow & ALLOW_SITE)) {
			doc_fault(&c->d, member, "{%s} is for addresses only", name);
			return false;
		}
		*out = (struct part){ .kind = site[i].kind };
		c->p->site = c->p->site || site[i].kind == PART_PUBLIC_URL;
		c->p->sharded = c->p->sharded || site[i].kind == PART_SHARD;
		return true;
	}
	if (str_starts(name, "organization.")) {
		int k;

		if (!(allow & ALLOW_PARAMETERS)) {
			doc_fault(&c->d, member, "a constant of the organization cannot stand here");
			return false;
		}
		k = parse_parameter(c, member, name + strlen("organization."), true);
		*out = (struct part){ .kind = PART_PARAMETER, .index = k < 0 ? 0 : (unsigned)k };
		return k >= 0;
	}
	if (!(allow & ALLOW_INPUTS)) {
		doc_fault(&c->d, member, "an input cannot stand here");
		return false;
	}
	return input_part(c, member, name, out);
}

static bool
literal_part(struct parse *c, const char *text, size_t len, struct part *out)
{
	char *copy = doc_alloc(&c->d, len + 1, 1);

	if (copy == NULL)
		return false;
	memcpy(copy, text, len);
	*out = (struct part){ .kind = PART_LITERAL, .text = copy, .len = len };
	return true;
}

static bool
next_part(struct parse *c, const char *member, const char **text, unsigned allow, struct part *out)
{
	const char *p = *text, *end;
	char name[64];

	if (*p != '{') {
		end = p + strcspn(p, "{}");
		*text = end;
		if (*end == '}') {
			doc_fault(&c->d, member, "} without {");
			return false;
		}
		return literal_part(c, p, (size_t)(end - p), out);
	}
	end = strchr(p, '}');
	if (end == NULL || (size_t)(end - p) > sizeof(name)) {
		doc_fault(&c->d, member, "{ is not closed");
		return false;
	}
	(void)snprintf(name, sizeof(name), "%.*s", (int)(end - p - 1), p + 1);
	*text = end + 1;
	return braced_part(c, member, name, allow, out);
}

bool
parse_value(struct parse *c, const char *member, const char *text, unsigned allow, struct value *out)
{
	struct part parts[PARTS_MAX], *kept;
	size_t n = 0;

	while (*text != '\0') {
		if (n == PARTS_MAX) {
			doc_fault(&c->d, member, "more than %d parts", PARTS_MAX);
			return false;
		}
		if (!next_part(c, member, &text, allow, &parts[n]))
			return false;
		if (n > 0 && parts[n].kind == PART_INPUT && parts[n - 1].kind == PART_INPUT) {
			doc_fault(&c->d, member,
			    "two inputs need a text between them, or nobody can tell them apart");
			return false;
		}
		n++;
	}
	if ((kept = doc_alloc(&c->d, n, sizeof(*kept))) == NULL)
		return false;
	memcpy(kept, parts, n * sizeof(*kept));
	*out = (struct value){ kept, n };
	return n > 0;
}

/*
 * Inputs take over the limits of where they end up: what cannot fit is found now, not at the thousandth
 * device.
 */
static bool
hold_inputs(struct parse *c, const char *member, const struct node *n)
{
	size_t total = 0;

	for (size_t i = 0; i < n->value.n; i++) {
		const struct part *part = &n->value.parts[i];
		struct profile_input *in;

		if (part->kind == PART_LITERAL) {
			total += utf8_length(part->text, strlen(part->text));
			if (charset_ok(n->charset, part->text, part->len))
				continue;
			doc_fault(&c->d, member, "%.60s holds a character that a %s cannot hold", part->text,
			    charset_name(n->charset));
			return false;
		}
		if (part->kind != PART_INPUT)
			continue;
		in = &c->p->inputs[part->index];
		if (n->charset > in->charset)
			in->charset = n->charset;
		if (n->value.n == 1 && n->max_length != 0 && in->max_length > n->max_length &&
		    in->type != INPUT_MAC_ADDRESS && in->type != INPUT_EUI64 &&
		    in->min_length <= n->max_length)
			in->max_length = n->max_length;
		total += in->max_length;
		if (in->multiple && !(n->value.n == 1 && n->each)) {
			doc_fault(&c->d, member, "%s is a list and cannot be part of one value", in->name);
			return false;
		}
	}
	if (n->max_length != 0 && total > n->max_length && n->inputs != 0) {
		doc_fault(&c->d, member, "may become %zu characters long, %zu are allowed", total,
		    n->max_length);
		return false;
	}
	if (n->max_length != 0 && total > n->max_length && n->parameters == 0) {
		doc_fault(&c->d, member, "is longer than %zu characters", n->max_length);
		return false;
	}
	return true;
}

bool
parse_string(struct parse *c, const char *member, const char *text, unsigned allow, uint8_t tag,
    enum input_charset set, size_t max_length, struct node *out)
{
	struct node n = { .kind = NODE_VALUE, .tag = tag, .encoding = ENCODE_TEXT, .charset = set,
	    .max_length = max_length };

	if (!parse_value(c, member, text, allow, &n.value))
		return false;
	n.each = n.value.n == 1 && n.value.parts[0].kind == PART_INPUT &&
	    c->p->inputs[n.value.parts[0].index].multiple;
	node_sum(&n);
	if (!hold_inputs(c, member, &n))
		return false;
	*out = n;
	return true;
}

/* What an encoding asks of the input that feeds it. */
static bool
encoding_fits(const struct profile_input *in, enum encoding encoding)
{
	switch (encoding) {
	case ENCODE_OCTETS:
	case ENCODE_BITS:
		return in->type == INPUT_MAC_ADDRESS || in->type == INPUT_EUI64 || in->type == INPUT_HEX;
	case ENCODE_INTEGER:
		return in->type == INPUT_DECIMAL;
	case ENCODE_IP:
		return in->type == INPUT_IP_ADDRESS;
	default:
		return in->type == INPUT_TEXT || in->type == INPUT_CHOICE;
	}
}

bool
parse_encoded(struct parse *c, const char *member, const char *text, uint8_t tag, enum encoding encoding,
    struct node *out)
{
	struct node n = { .kind = NODE_VALUE, .tag = tag, .encoding = encoding };
	uint8_t buf[INPUT_VALUE_MAX + 8];
	struct der_writer w = der_writer(buf, sizeof(buf));
	struct node_source none = { 0 };
	struct err e = { 0 };

	if (!parse_value(c, member, text, ALLOW_INPUTS, &n.value))
		return false;
	node_sum(&n);
	if (n.inputs == 0) {		/* a constant: it must encode */
		if (!node_put(&w, &n, &none, &e)) {
			doc_fault(&c->d, member, "%s", e.msg);
			return false;
		}
		*out = n;
		return true;
	}
	if (n.value.n != 1 || !encoding_fits(&c->p->inputs[n.value.parts[0].index], encoding) ||
	    n.value.parts[0].rendering != RENDER_TEXT) {
		doc_fault(&c->d, member, "needs one whole input of a fitting type");
		return false;
	}
	n.each = c->p->inputs[n.value.parts[0].index].multiple;
	*out = n;
	return true;
}

struct node *
node_list(struct parse *c, size_t n)
{
	if ((c->nodes += (unsigned)n) > 2000) {
		doc_fault(&c->d, NULL, "the profile has too many parts");
		return NULL;
	}
	return doc_alloc(&c->d, n, sizeof(struct node));
}

bool
node_cons(struct node *out, uint8_t tag, struct node *children, size_t n)
{
	if (children == NULL)
		return false;
	*out = (struct node){ .kind = NODE_CONS, .tag = tag, .children = children, .n = n };
	node_sum(out);
	return true;
}

bool
node_raw(struct parse *c, struct node *out, const void *p, size_t len)
{
	uint8_t *copy = doc_alloc(&c->d, len, 1);

	if (copy == NULL)
		return false;
	memcpy(copy, p, len);
	*out = (struct node){ .kind = NODE_RAW, .raw = { copy, len } };
	return true;
}

bool
node_oid(struct parse *c, struct node *out, const struct oid *o)
{
	uint8_t buf[OID_MAX + 4];
	struct der_writer w = der_writer(buf, sizeof(buf));
	struct der whole;

	der_put(&w, DER_OID, o->b, o->len);
	return der_written(&w, &whole) && node_raw(c, out, whole.p, whole.len);
}
