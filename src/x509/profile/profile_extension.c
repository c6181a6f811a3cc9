#include <string.h>

#include "base/own.h"
#include "base/str.h"
#include "x509/profile/profile_private.h"

static const char *const type_words[] = {
	"keyUsage", "extKeyUsage", "basicConstraints", "authorityKeyIdentifier", "subjectKeyIdentifier",
	"subjectAltName", "certificatePolicies", "crlDistributionPoints", "authorityInfoAccess", "noRevAvail",
	"ocspNoCheck", "other",
};
enum type {
	T_KEY_USAGE,
	T_PURPOSES,
	T_BASIC,
	T_AKI,
	T_SKI,
	T_NAMES,
	T_POLICIES,
	T_CRLS,
	T_INFO,
	T_NO_REV,
	T_NO_CHECK,
	T_OTHER
};

static const char *const usage_words[] = {
	"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
	"keyCertSign", "cRLSign", "encipherOnly", "decipherOnly",
};
enum { U_KEY_ENCIPHERMENT = 1 << 2, U_KEY_AGREEMENT = 1 << 4, U_SIGNS = 3 << 5, U_ONLY = 3 << 7 };

/* Named bit list: trailing zero bits are dropped (X.690 section 11.2.2). */
static bool
bits_node(struct parse *c, unsigned bits, struct node *out)
{
	uint8_t b[5] = { DER_BITS, 0, 0, 0, 0 };
	unsigned last = 0;

	for (unsigned i = 0; i < 9; i++)
		if (bits >> i & 1) {
			b[3 + i / 8] |= (uint8_t)(0x80 >> i % 8);
			last = i;
		}
	b[1] = (uint8_t)(2 + last / 8);
	b[2] = (uint8_t)(7 - last % 8);
	return node_raw(c, out, b, 2u + b[1]);
}

static bool
key_usage(struct parse *c, const json_t *o, struct node *out, struct str *words)
{
	unsigned bits = doc_words(&c->d, o, "usages", true, usage_words, COUNT(usage_words));
	bool rsa = false, ec = false;

	if (bits == 0) {
		doc_fault(&c->d, "usages", "at least one is needed (RFC 5280 section 4.2.1.3)");
		return false;
	}
	if (bits & U_SIGNS)
		doc_fault(&c->d, "usages", "keyCertSign and cRLSign are for CAs");
	if ((bits & U_ONLY) && !(bits & U_KEY_AGREEMENT))
		doc_fault(&c->d, "usages", "encipherOnly and decipherOnly go with keyAgreement");
	for (size_t i = 0; i < c->p->n_server_keys; i++) {
		rsa = rsa || c->p->server_keys[i].algorithm == KEY_RSA;
		ec = ec || c->p->server_keys[i].algorithm == KEY_EC;
	}
	for (size_t i = 0; i < c->p->n_csr_keys; i++) {
		rsa = rsa || c->p->csr_keys[i].algorithm == KEY_RSA;
		ec = ec || c->p->csr_keys[i].algorithm == KEY_EC;
	}
	if (ec && (bits & U_KEY_ENCIPHERMENT))
		doc_fault(&c->d, "usages", "an EC key has no keyEncipherment (RFC 8813 section 3)");
	if (rsa && (bits & U_KEY_AGREEMENT))
		doc_fault(&c->d, "usages", "an RSA key has no keyAgreement (RFC 3279 section 2.3.1)");
	for (unsigned i = 0, n = 0; i < COUNT(usage_words); i++)
		if (bits >> i & 1)
			str_addf(words, "%s%s", n++ > 0 ? ", " : "", usage_words[i]);
	return bits_node(c, bits, out);
}

static bool
purposes(struct parse *c, const json_t *o, struct node *out, struct str *words)
{
	const json_t *list = doc_array(&c->d, o, "purposes", true, 1, 20), *one;
	struct node *children = list == NULL ? NULL : node_list(c, json_array_size(list));
	struct oid oid;
	size_t i;

	if (children == NULL)
		return false;
	json_array_foreach((json_t *)list, i, one) {
		if (!json_is_string(one) || !oid_lookup(OID_PURPOSE, json_string_value(one), &oid)) {
			doc_fault(&c->d, "purposes",
			    "element %zu is neither a known purpose nor an object identifier", i);
			return false;
		}
		str_addf(words, "%s%s", i > 0 ? ", " : "", json_string_value(one));
		if (!node_oid(c, &children[i], &oid))
			return false;
	}
	return node_cons(out, DER_SEQUENCE, children, json_array_size(list));
}

static bool
authority_key_id(struct parse *c, struct node *out, struct str *words)
{
	struct node *id = node_list(c, 1);

	if (id == NULL)
		return false;
	*id = (struct node){ .kind = NODE_ISSUER_KEY_ID, .tag = DER_CONTEXT(0) };
	node_sum(id);
	str_adds(words, "key identifier of the issuing CA");
	return node_cons(out, DER_SEQUENCE, id, 1);
}

static bool
subject_key_id(struct parse *c, const json_t *o, struct node *out, struct str *words)
{
	static const char *const methods[] = { "sha1", "sha1-60", "sha256-160" };
	int m = json_object_get(o, "method") == NULL
		    ? 0
		    : doc_word(&c->d, o, "method", true, methods, COUNT(methods));

	if (m < 0)
		return false;
	*out =
	    (struct node){ .kind = NODE_SUBJECT_KEY_ID, .tag = DER_OCTETS, .method = (enum key_id_method)m };
	node_sum(out);
	str_addf(words, "identifier of the device's key (%s)", methods[m]);
	return true;
}

static bool
uri_node(struct parse *c, const char *member, const char *text, uint8_t tag, struct node *out)
{
	if (!str_starts(text, "http://") && !str_starts(text, "https://") && !str_starts(text, "ldap://") &&
	    !str_starts(text, "{public_url}")) {
		doc_fault(&c->d, member,
		    "%.60s begins neither with {public_url} nor with http://, https://, ldap://", text);
		return false;
	}
	return parse_string(c, member, text, ALLOW_SITE, tag, CHARSET_IA5, 0, out);
}

/* PolicyInformation: OID, and perhaps a CPS pointer. */
static bool
policy(struct parse *c, const json_t *v, struct node *out, struct str *words)
{
	static const char *const members[] = { "oid", "cps", NULL };
	static const uint8_t id_qt_cps[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x02, 0x01 };
	struct oid cps_oid = { .len = sizeof(id_qt_cps) }, oid;
	struct node *info = node_list(c, 2), *qualifier = node_list(c, 2), *list = node_list(c, 1);
	const char *name = json_string_value(v), *cps = NULL;

	if (info == NULL || qualifier == NULL || list == NULL)
		return false;
	if (name == NULL) {
		if (!doc_members(&c->d, v, members))
			return false;
		name = doc_text(&c->d, v, "oid", true, 100);
		cps = doc_text(&c->d, v, "cps", false, 200);
	}
	if (name == NULL || !oid_lookup(OID_POLICY, name, &oid)) {
		doc_fault(&c->d, NULL, "is neither a known policy nor an object identifier");
		return false;
	}
	str_adds(words, name);
	if (!node_oid(c, &info[0], &oid))
		return false;
	if (cps == NULL)
		return node_cons(out, DER_SEQUENCE, info, 1);
	str_addf(words, " (%s)", cps);
	memcpy(cps_oid.b, id_qt_cps, sizeof(id_qt_cps));
	return node_oid(c, &qualifier[0], &cps_oid) && uri_node(c, "cps", cps, DER_IA5, &qualifier[1]) &&
	    node_cons(list, DER_SEQUENCE, qualifier, 2) && node_cons(&info[1], DER_SEQUENCE, list, 1) &&
	    node_cons(out, DER_SEQUENCE, info, 2);
}

static bool
policies(struct parse *c, const json_t *o, struct node *out, struct str *words)
{
	const json_t *list = doc_array(&c->d, o, "policies", true, 1, 20), *one;
	struct node *children = list == NULL ? NULL : node_list(c, json_array_size(list));
	size_t i, at = c->d.path_len;

	if (children == NULL)
		return false;
	json_array_foreach((json_t *)list, i, one) {
		if (i > 0)
			str_adds(words, ", ");
		doc_into(&c->d, "policies");
		doc_into_index(&c->d, i);
		if (!policy(c, one, &children[i], words))
			return false;
		doc_back(&c->d, at);
	}
	return node_cons(out, DER_SEQUENCE, children, json_array_size(list));
}

/* DistributionPoint { [0] { [0] { [6] uri } } }: one address a point. */
static bool
crl_points(struct parse *c, const json_t *o, struct node *out, struct str *words)
{
	const json_t *list = doc_array(&c->d, o, "uris", true, 1, 8), *one;
	struct node *points = list == NULL ? NULL : node_list(c, json_array_size(list));
	size_t i;

	if (points == NULL)
		return false;
	json_array_foreach((json_t *)list, i, one) {
		struct node *full = node_list(c, 1), *name = node_list(c, 1), *uri = node_list(c, 1);

		if (full == NULL || name == NULL || uri == NULL)
			return false;
		if (!json_is_string(one)) {
			doc_fault(&c->d, "uris", "element %zu must be a text", i);
			return false;
		}
		if (!uri_node(c, "uris", json_string_value(one), DER_CONTEXT(6), uri) ||
		    !node_cons(full, DER_CONTEXT_CONS(0), uri, 1) ||
		    !node_cons(name, DER_CONTEXT_CONS(0), full, 1) ||
		    !node_cons(&points[i], DER_SEQUENCE, name, 1))
			return false;
		str_addf(words, "%s%s", i > 0 ? ", " : "", json_string_value(one));
	}
	return node_cons(out, DER_SEQUENCE, points, json_array_size(list));
}

/* AccessDescription { method, [6] uri } for each of a member's addresses. */
static bool
access_list(struct parse *c, const json_t *list, const char *member, uint8_t method, struct node *out,
    size_t *n, struct str *words)
{
	struct oid oid = { 8, { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, method } };
	const json_t *one;
	size_t i;

	json_array_foreach((json_t *)list, i, one) {
		struct node *pair = node_list(c, 2);

		if (pair == NULL)
			return false;
		if (!json_is_string(one)) {
			doc_fault(&c->d, member, "element %zu must be a text", i);
			return false;
		}
		if (!node_oid(c, &pair[0], &oid) ||
		    !uri_node(c, member, json_string_value(one), DER_CONTEXT(6), &pair[1]) ||
		    !node_cons(&out[*n], DER_SEQUENCE, pair, 2))
			return false;
		str_addf(words, "%s%s %s", *n > 0 ? ", " : "", method == 1 ? "OCSP" : "CA certificate",
		    json_string_value(one));
		++*n;
	}
	return true;
}

static bool
info_access(struct parse *c, const json_t *o, struct node *out, struct str *words)
{
	const json_t *ocsp = doc_array(&c->d, o, "ocsp", false, 1, 8);
	const json_t *cas = doc_array(&c->d, o, "ca_issuers", false, 1, 8);
	struct node *children = node_list(c, json_array_size(ocsp) + json_array_size(cas));
	size_t n = 0;

	if (ocsp == NULL && cas == NULL) {
		doc_fault(&c->d, NULL, "needs ocsp, ca_issuers or both");
		return false;
	}
	return children != NULL && access_list(c, ocsp, "ocsp", 1, children, &n, words) &&
	       access_list(c, cas, "ca_issuers", 2, children, &n, words) &&
	       node_cons(out, DER_SEQUENCE, children, n);
}

static bool
other(struct parse *c, const json_t *o, struct node *out, struct str *words)
{
	const json_t *v = doc_object(&c->d, o, "value", true);
	size_t at = c->d.path_len;
	char *text;

	if (v == NULL)
		return false;
	text = json_dumps(v, JSON_COMPACT);
	str_adds(words, text == NULL ? "" : text);
	free(text);
	doc_into(&c->d, "value");
	if (!parse_asn1(c, v, 0, out))
		return false;
	doc_back(&c->d, at);
	return true;
}

static bool
value_of(struct parse *c, const json_t *o, enum type type, struct node *out, struct str *words)
{
	static const uint8_t null[] = { DER_NULL, 0 };

	switch (type) {
	case T_KEY_USAGE:
		return key_usage(c, o, out, words);
	case T_PURPOSES:
		return purposes(c, o, out, words);
	case T_BASIC:
		str_adds(words, "CA: false");
		return node_cons(out, DER_SEQUENCE, node_list(c, 0), 0) && (out->may_be_empty = true);
	case T_AKI:
		return authority_key_id(c, out, words);
	case T_SKI:
		return subject_key_id(c, o, out, words);
	case T_NAMES:
		return parse_names(c, o, out, words);
	case T_POLICIES:
		return policies(c, o, out, words);
	case T_CRLS:
		return crl_points(c, o, out, words);
	case T_INFO:
		return info_access(c, o, out, words);
	case T_NO_REV:
		str_adds(words, "no revocation information is published");
		return node_raw(c, out, null, sizeof(null));
	case T_NO_CHECK:
		str_adds(words, "the responder's certificate needs no check");
		return node_raw(c, out, null, sizeof(null));
	default:
		return other(c, o, out, words);
	}
}

/* Members beside type and critical, by type. */
static const char *const extra_members[][4] = {
	[T_KEY_USAGE] = { "usages" }, [T_PURPOSES] = { "purposes" }, [T_BASIC] = { NULL }, [T_AKI] = { NULL },
	[T_SKI] = { "method" }, [T_NAMES] = { "names" }, [T_POLICIES] = { "policies" }, [T_CRLS] = { "uris" },
	[T_INFO] = { "ocsp", "ca_issuers" }, [T_NO_REV] = { NULL }, [T_NO_CHECK] = { NULL },
	[T_OTHER] = { "oid", "name", "value", "optional" },
};

static bool
members_ok(struct parse *c, const json_t *o, enum type type)
{
	const char *members[8] = { "type", "critical" };
	size_t n = 2;

	for (size_t i = 0; i < COUNT(extra_members[type]) && extra_members[type][i] != NULL; i++)
		members[n++] = extra_members[type][i];
	members[n] = NULL;
	return doc_members(&c->d, o, members);
}

/* The OID and name; one of the known ones does not come in by the back door. */
static bool
identity(struct parse *c, const json_t *o, enum type type, struct extension *out, const char **name)
{
	char text[OID_TEXT_MAX];
	const char *dotted;

	if (type != T_OTHER) {
		*name = type_words[type];
		return oid_lookup(OID_EXTENSION, type_words[type], &out->oid);
	}
	dotted = doc_text(&c->d, o, "oid", true, 100);
	*name = doc_text(&c->d, o, "name", false, 100);
	if (dotted == NULL)
		return false;
	if (!oid_parse(dotted, &out->oid) || !oid_text(oid_der(&out->oid), text)) {
		doc_fault(&c->d, "oid", "%.60s is no object identifier", dotted);
		return false;
	}
	for (size_t i = 0; i < T_OTHER; i++) {
		struct oid known;

		if (oid_lookup(OID_EXTENSION, type_words[i], &known) && oid_is(oid_der(&known), &out->oid)) {
			doc_fault(&c->d, "oid", "%s has a type of its own, %s", dotted, type_words[i]);
			return false;
		}
	}
	if (oid_name(OID_EXTENSION, oid_der(&out->oid)) != NULL && *name == NULL)
		*name = oid_name(OID_EXTENSION, oid_der(&out->oid));
	return true;
}

static bool
extension_head(struct parse *c, struct extension *x)
{
	uint8_t buf[OID_MAX + 16];
	struct der_writer w = der_writer(buf, sizeof(buf));
	struct der whole;
	struct node raw;

	if (x->critical)
		der_put_bool(&w, true);
	der_put(&w, DER_OID, x->oid.b, x->oid.len);
	if (!der_written(&w, &whole) || !node_raw(c, &raw, whole.p, whole.len))
		return false;
	x->head = raw.raw;
	return true;
}

static bool
critical_default(enum type type)
{
	return type == T_KEY_USAGE || type == T_BASIC;
}

/* RFC 5280 section 4.2.1 and RFC 9608 fix some of it. */
static void
criticality(struct parse *c, enum type type, bool critical)
{
	bool never =
	    type == T_AKI || type == T_SKI || type == T_INFO || type == T_NO_REV || type == T_NO_CHECK;

	if (never && critical)
		doc_fault(&c->d, "critical", "%s is never critical", type_words[type]);
}

static bool
parse_extension(struct parse *c, const json_t *o, struct extension *x, struct profile_extension_view *view)
{
	char dotted[OID_TEXT_MAX];
	OWN_STR struct str words = { 0 };
	int type;

	if (!json_is_object(o)) {
		doc_fault(&c->d, NULL, "must be an object");
		return false;
	}
	type = doc_word(&c->d, o, "type", true, type_words, COUNT(type_words));
	if (type < 0 || !members_ok(c, o, (enum type)type) ||
	    !identity(c, o, (enum type)type, x, &view->name))
		return false;
	x->critical = doc_bool(&c->d, o, "critical", critical_default((enum type)type));
	criticality(c, (enum type)type, x->critical);
	if (!value_of(c, o, (enum type)type, &x->value, &words) || !extension_head(c, x) ||
	    !oid_text(oid_der(&x->oid), dotted))
		return false;
	if (type == T_OTHER && doc_bool(&c->d, o, "optional", false)) {
		x->value.optional = true;
		if (x->value.inputs == 0)
			doc_fault(&c->d, "optional", "no input decides whether it is there");
	}
	x->optional = x->value.optional || x->value.vanishes;
	x->label = doc_printf(&c->d, "extension %s", view->name != NULL ? view->name : dotted);
	view->oid = doc_copy(&c->d, dotted);
	view->critical = x->critical;
	view->optional = x->optional;
	view->value = words.len == 0 ? "" : doc_copy(&c->d, words.p);
	return true;
}

static const struct extension *
find(const struct profile *p, enum type type)
{
	struct oid o;

	for (size_t i = 0; i < p->n_extensions; i++)
		if (oid_lookup(OID_EXTENSION, type_words[type], &o) &&
		    oid_is(oid_der(&o), &p->extensions[i].oid))
			return &p->extensions[i];
	return NULL;
}

/* Inputs that a part cannot do without. */
static uint32_t
inputs_needed(const struct node *n)
{
	uint32_t bits = n->kind == NODE_VALUE ? n->inputs : 0;

	if (n->optional)
		return 0;
	for (size_t i = 0; i < n->n; i++)
		bits |= inputs_needed(&n->children[i]);
	return bits;
}

static void
inputs_used(struct parse *c)
{
	const struct profile *p = c->p;
	uint32_t used = 0;

	for (size_t i = 0; i < p->n_rdns; i++)
		used |= p->rdns[i].node.inputs;
	for (size_t i = 0; i < p->n_extensions; i++) {
		uint32_t needed = inputs_needed(&p->extensions[i].value);

		used |= p->extensions[i].value.inputs;
		for (size_t k = 0; k < p->n_inputs; k++)
			if ((needed >> k & 1) && !p->inputs[k].required)
				doc_fault(&c->d, "extensions", "%s needs the optional input %s",
				    p->extensions[i].label, p->inputs[k].name);
	}
	for (size_t k = 0; k < p->n_inputs; k++)
		if (!(used >> k & 1))
			doc_fault(&c->d, "inputs", "%s is used nowhere in the certificate",
			    p->inputs[k].name);
}

/* What holds between extensions, and between them and the subject. */
static void
together(struct parse *c)
{
	const struct profile *p = c->p;
	const struct extension *names = find(p, T_NAMES);
	bool subject = false;

	for (size_t i = 0; i < p->n_extensions; i++)
		for (size_t k = i + 1; k < p->n_extensions; k++)
			if (oid_is(oid_der(&p->extensions[i].oid), &p->extensions[k].oid))
				doc_fault(&c->d, "extensions", "%s is there twice", p->extensions[i].label);
	if (find(p, T_NO_REV) != NULL && (find(p, T_CRLS) != NULL || find(p, T_INFO) != NULL))
		doc_fault(&c->d, "extensions",
		    "noRevAvail does not go with revocation pointers (RFC 9608 section 2)");
	for (size_t i = 0; i < p->n_rdns; i++)
		subject = subject || !p->rdns[i].node.optional;
	if (!subject && (names == NULL || !names->critical || names->optional))
		doc_fault(&c->d, "subject",
		    "may be empty, so a critical subjectAltName is needed (RFC 5280 section 4.1.2.6)");
}

bool
parse_extensions(struct parse *c, const json_t *root)
{
	const json_t *list = doc_array(&c->d, root, "extensions", true, 0, PROFILE_EXTENSIONS_MAX), *one;
	struct profile *p = c->p;
	size_t i, n = json_array_size(list), at = c->d.path_len;

	p->extensions = doc_alloc(&c->d, n, sizeof(*p->extensions));
	p->extension_views = doc_alloc(&c->d, n, sizeof(*p->extension_views));
	if (p->extensions == NULL || p->extension_views == NULL)
		return false;
	json_array_foreach((json_t *)list, i, one) {
		doc_into(&c->d, "extensions");
		doc_into_index(&c->d, i);
		if (parse_extension(
			c, one, &p->extensions[p->n_extensions], &p->extension_views[p->n_extensions]))
			p->n_extensions++;
		else if (c->d.bad == 0)
			doc_fault(&c->d, NULL, "cannot be used");
		doc_back(&c->d, at);
	}
	if (c->d.bad == 0) {
		together(c);
		inputs_used(c);
	}
	return true;
}
