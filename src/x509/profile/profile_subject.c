#include <string.h>

#include "base/own.h"
#include "base/str.h"
#include "x509/profile/pattern.h"
#include "x509/profile/profile_private.h"

/* Upper bounds and string types of RFC 5280 appendix A.1 and RFC 4519. */
static const struct bound {
	const char		*attribute;
	size_t			 most;
	const char		*type;		/* the only one allowed, or NULL */
} bounds[] = {
	{ "C", 2, "PrintableString" },
	{ "serialNumber", 64, "PrintableString" },
	{ "dnQualifier", 64, "PrintableString" },
	{ "DC", 63, "IA5String" },
	{ "emailAddress", 255, "IA5String" },
	{ "CN", 64, NULL },
	{ "O", 64, NULL },
	{ "OU", 64, NULL },
	{ "L", 128, NULL },
	{ "ST", 128, NULL },
	{ "street", 128, NULL },
	{ "title", 64, NULL },
	{ "postalCode", 40, NULL },
	{ "SN", 64, NULL },
	{ "GN", 64, NULL },
};

#define OTHER_BOUND 256

static const char *const from_words[] = { "constant", "organization", "input", "csr", "template" };

struct string_rule {
	uint8_t			 tag;
	enum input_charset	 set;
	size_t			 most;
	const char		*type;
};

/* String type and length of an attribute. */
static void
string_rule(struct parse *c, const json_t *object, const char *attribute, struct string_rule *out)
{
	const char *wanted = doc_text(&c->d, object, "string", false, 32), *only = NULL;
	size_t most = OTHER_BOUND;

	for (size_t i = 0; i < COUNT(bounds); i++)
		if (strcmp(bounds[i].attribute, attribute) == 0) {
			most = bounds[i].most;
			only = bounds[i].type;
		}
	if (only != NULL && wanted != NULL && strcmp(only, wanted) != 0)
		doc_fault(&c->d, "string", "%s is a %s (RFC 5280 appendix A.1)", attribute, only);
	out->type = only != NULL ? only : wanted != NULL ? wanted : "UTF8String";
	if (!string_type(out->type, &out->tag, &out->set)) {
		doc_fault(&c->d, "string", "must be UTF8String, PrintableString, IA5String or NumericString");
		out->tag = DER_UTF8;
		out->set = CHARSET_UTF8;
	}
	out->most = (size_t)doc_int(&c->d, object, "max_length", 1, (int64_t)most, (int64_t)most);
}

/* SET { SEQUENCE { type, value } }; the value node can be reached at ->children->children + 1. */
static bool
wrap_rdn(struct parse *c, const struct oid *type, const struct node *value, struct node *out)
{
	struct node *pair = node_list(c, 2), *seq = node_list(c, 1);

	if (pair == NULL || seq == NULL || !node_oid(c, &pair[0], type))
		return false;
	pair[1] = *value;
	return node_cons(seq, DER_SEQUENCE, pair, 2) && node_cons(out, DER_SET, seq, 1);
}

/* The text in the form of a template, whatever the source. */
static const char *
rdn_text(struct parse *c, const json_t *object, enum rdn_from from, const char *attribute, bool optional,
    const char **member, const char **shown)
{
	static const char *const members[] = { "value", "name", "template" };
	static const int which[] = { 0, 1, 1, -1, 2 };		/* by from */
	const char *s;
	int k;

	*member = which[from] < 0 ? NULL : members[which[from]];
	for (int i = 0; i < (int)COUNT(members); i++)
		if (i != which[from] && json_object_get(object, members[i]) != NULL)
			doc_fault(&c->d, members[i], "does not go with from = %s", from_words[from]);
	if (from == FROM_CSR) {
		k = parse_csr_input(c, attribute, !optional);
		*member = "from";
		if (k < 0)
			return NULL;
		*shown = attribute;
		return doc_printf(&c->d, "{%s}", c->p->inputs[k].name);
	}
	s = doc_text(&c->d, object, *member, true, 300);
	*shown = s;
	if (s == NULL || from == FROM_TEMPLATE)
		return s;
	if (from == FROM_INPUT)
		return doc_printf(&c->d, "{%s}", s);
	if (from == FROM_ORGANIZATION) {
		k = parse_parameter(c, "name", s, !optional);
		return k < 0 ? NULL : doc_printf(&c->d, "{organization.%s}", s);
	}
	if (strpbrk(s, "{}") != NULL) {
		doc_fault(&c->d, "value", "a constant holds no { or }");
		return NULL;
	}
	return s;
}

/* An optional use of a parameter must not make it required. */
static bool
rdn_value(struct parse *c, const char *member, const char *text, bool optional,
    const struct string_rule *rule, struct node *out)
{
	bool required[PROFILE_INPUTS_MAX];
	size_t n = c->p->n_parameters;

	for (size_t i = 0; i < n; i++)
		required[i] = c->p->parameters[i].required;
	if (!parse_string(
		c, member, text, ALLOW_INPUTS | ALLOW_PARAMETERS, rule->tag, rule->set, rule->most, out))
		return false;
	for (size_t i = 0; optional && i < c->p->n_parameters; i++)
		c->p->parameters[i].required = i < n ? required[i] : false;
	return true;
}

static void
rdn_optional(struct parse *c, const struct node *value)
{
	if (value->inputs == 0 && value->parameters == 0)
		doc_fault(&c->d, "optional", "a constant is never missing");
	for (size_t i = 0; i < c->p->n_inputs; i++)
		if (value->inputs == UINT32_C(1) << i && c->p->inputs[i].required)
			doc_fault(&c->d, "optional", "its input %s is required", c->p->inputs[i].name);
}

static void
rdn_needed(struct parse *c, const struct node *value, const char *member)
{
	for (size_t i = 0; i < c->p->n_inputs; i++)
		if ((value->inputs >> i & 1) && !c->p->inputs[i].required)
			doc_fault(&c->d, member, "its input %s is optional, so this must be optional too",
			    c->p->inputs[i].name);
}

static bool
parse_rdn(struct parse *c, const json_t *object, struct rdn *out, struct profile_rdn_view *view,
    struct pattern **slot)
{
	static const char *const members[] = { "type", "from", "value", "name", "template", "string",
		"pattern", "max_length", "optional", NULL };
	const char *attribute, *text, *member = NULL, *shown = NULL, *pattern;
	struct string_rule rule;
	struct node value;
	bool optional;
	int from;

	if (!doc_members(&c->d, object, members))
		return false;
	attribute = doc_text(&c->d, object, "type", true, 80);
	from = doc_word(&c->d, object, "from", true, from_words, COUNT(from_words));
	optional = doc_bool(&c->d, object, "optional", false);
	if (attribute == NULL || from < 0)
		return false;
	if (!oid_lookup(OID_ATTRIBUTE, attribute, &out->type)) {
		doc_fault(&c->d, "type", "%.40s is neither a known attribute nor an object identifier",
		    attribute);
		return false;
	}
	string_rule(c, object, attribute, &rule);
	text = rdn_text(c, object, (enum rdn_from)from, attribute, optional, &member, &shown);
	if (text == NULL || !rdn_value(c, member, text, optional, &rule, &value))
		return false;
	value.match = parse_pattern(c, object, &pattern, slot);
	if (from == FROM_INPUT && pattern != NULL)
		doc_fault(&c->d, "pattern", "an input carries its own pattern");
	if (from == FROM_CSR && value.match != NULL)	/* so that a request is refused at once */
		for (size_t i = 0; i < c->p->n_inputs; i++)
			if (value.inputs == UINT32_C(1) << i) {
				c->p->inputs[i].match = value.match;
				c->p->inputs[i].pattern = pattern;
			}
	if (optional)
		rdn_optional(c, &value);
	else
		rdn_needed(c, &value, member);
	out->from = (enum rdn_from)from;
	out->label = doc_printf(&c->d, "subject %s", attribute);
	if (!wrap_rdn(c, &out->type, &value, &out->node))
		return false;
	out->node.optional = optional;
	out->value = &out->node.children[0].children[1];
	*view = (struct profile_rdn_view){ attribute, from_words[from], shown, rule.type, pattern,
	    (int64_t)rule.most, optional };
	return true;
}

bool
parse_subject(struct parse *c, const json_t *root)
{
	const json_t *list = doc_array(&c->d, root, "subject", true, 0, PROFILE_RDNS_MAX), *one;
	struct profile *p = c->p;
	size_t i, n = json_array_size(list), at = c->d.path_len;

	p->rdns = doc_alloc(&c->d, n, sizeof(*p->rdns));
	p->rdn_views = doc_alloc(&c->d, n, sizeof(*p->rdn_views));
	p->rdn_patterns = doc_alloc(&c->d, n, sizeof(struct pattern *));
	if (p->rdns == NULL || p->rdn_views == NULL || p->rdn_patterns == NULL)
		return false;
	p->n_rdns = 0;
	json_array_foreach((json_t *)list, i, one) {
		size_t k = p->n_rdns;

		doc_into(&c->d, "subject");
		doc_into_index(&c->d, i);
		p->n_rdns++;			/* also when at fault: its pattern is freed by the count */
		if (!parse_rdn(c, one, &p->rdns[k], &p->rdn_views[k], &p->rdn_patterns[k]) && c->d.bad == 0)
			doc_fault(&c->d, NULL, "cannot be used");
		doc_back(&c->d, at);
	}
	return true;
}

bool
parse_directory(struct parse *c, const json_t *array, struct node *out)
{
	static const char *const members[] = { "type", "value", "string", "max_length", NULL };
	struct node *rdns = node_list(c, json_array_size(array));
	const json_t *one;
	size_t i, n = 0, at = c->d.path_len;

	if (rdns == NULL)
		return false;
	json_array_foreach((json_t *)array, i, one) {
		const char *attribute, *text;
		struct string_rule rule;
		struct node value;
		struct oid type;

		doc_into_index(&c->d, i);
		if (!doc_members(&c->d, one, members))
			return false;
		attribute = doc_text(&c->d, one, "type", true, 80);
		text = doc_text(&c->d, one, "value", true, 300);
		if (attribute == NULL || text == NULL)
			return false;
		if (!oid_lookup(OID_ATTRIBUTE, attribute, &type)) {
			doc_fault(&c->d, "type",
			    "%.40s is neither a known attribute nor an object identifier", attribute);
			return false;
		}
		string_rule(c, one, attribute, &rule);
		if (!parse_string(c, "value", text, ALLOW_INPUTS | ALLOW_PARAMETERS, rule.tag, rule.set,
			rule.most, &value) ||
		    !wrap_rdn(c, &type, &value, &rdns[n++]))
			return false;
		doc_back(&c->d, at);
	}
	return node_cons(out, DER_SEQUENCE, rdns, n);
}
