#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "x509/csr.h"
#include "x509/name.h"
#include "x509/oid.h"
#include "x509/profile/profile_private.h"

#define IGNORED_MAX 64

struct judge {
	const struct profile	*p;
	const struct csr	*csr;
	const char		*file;
	int64_t			 line;
	struct csr_taken	*out;
	struct faults		*faults;
	uint64_t		 before;
	struct name_attr	 attrs[64];
	bool			 used[64];
	size_t			 n;
};

#define FAULT(j, field, ...) fault_add((j)->faults, (j)->file, (j)->line, field, NULL, __VA_ARGS__)

__attribute__((format(printf, 2, 3)))
static void
ignore(struct judge *j, const char *fmt, ...)
{
	struct csr_taken *t = j->out;
	char text[200];
	va_list ap;

	if (t->ignored == NULL)
		t->ignored = arena_array(j->faults->arena, IGNORED_MAX, sizeof(*t->ignored));
	if (t->ignored == NULL || t->n_ignored == IGNORED_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);	/* whole: values are shortened before */
	va_end(ap);
	if ((t->ignored[t->n_ignored] = arena_strdup(j->faults->arena, text)) != NULL)
		t->n_ignored++;
}

static void
judge_key(struct judge *j)
{
	const struct key_info *k = &j->csr->key;
	char text[24], rules[128] = "", one[40];

	if (k->type.algorithm == KEY_RSA && (k->exponent == 0 ? false : k->exponent < 65537))
		FAULT(j, "key", "the RSA exponent is %llu, at least 65537 is needed",
		    (unsigned long long)k->exponent);
	if (k->type.algorithm == KEY_RSA && k->exponent == 0)
		FAULT(j, "key", "the RSA exponent has more than 64 bits");
	if (k->type.algorithm == KEY_RSA && key_roca(k->modulus))
		FAULT(j, "key", "the RSA key has the fingerprint of a weak generator (CVE-2017-15361, ROCA)");
	for (size_t i = 0; i < j->p->n_csr_keys; i++) {
		const struct profile_key_rule *r = &j->p->csr_keys[i];

		if (r->algorithm == k->type.algorithm && r->bits_min <= k->type.bits &&
		    k->type.bits <= r->bits_max)
			return;
		if (r->bits_min == r->bits_max)
			(void)snprintf(one, sizeof(one), "%s",
			    key_type_text((struct key_type){ r->algorithm, r->bits_min }, text));
		else
			(void)snprintf(one, sizeof(one), "RSA %u to %u", r->bits_min, r->bits_max);
		(void)snprintf(rules + strlen(rules), sizeof(rules) - strlen(rules), "%s%s",
		    i > 0 ? ", " : "", one);
	}
	FAULT(j, "key", "the key is %s; the profile takes %s", key_type_text(k->type, text),
	    rules[0] != '\0' ? rules : "no keys from requests");
}

static void
judge_hash(struct judge *j)
{
	char buf[OID_TEXT_MAX];
	const char *name = oid_show(OID_SIGNATURE, j->csr->signature_oid, buf);

	if (j->csr->signature_algorithm == SIGNATURE_NONE)
		FAULT(j, "signature", "the request is signed with %.60s, which is not accepted", name);
	else if (j->csr->signature_algorithm == SIGNATURE_RSA_SHA1 && !j->p->csr_sha1)
		FAULT(j, "signature", "the request is signed with SHA-1, which the profile does not accept");
}

static bool
collect(struct judge *j)
{
	struct der body;
	struct name_walk w;
	bool ok = true;

	if (!der_only(j->csr->subject.p, j->csr->subject.len, DER_SEQUENCE, &body))
		return false;
	for (w = name_walk(body); j->n < 64 && name_walk_next(&w, &j->attrs[j->n], &ok);)
		j->n++;
	return ok;
}

static bool
literal_equal(const struct rdn *r, const struct str *text)
{
	const struct value *v = &r->value->value;

	return v->n == 1 && v->parts[0].kind == PART_LITERAL && text->p != NULL &&
	       v->parts[0].len == text->len && memcmp(v->parts[0].text, text->p, text->len) == 0;
}

/* Attributes that say what the profile says anyway are neither taken nor worth a word. */
static void
skip_constants(struct judge *j)
{
	for (size_t i = 0; i < j->p->n_rdns; i++) {
		const struct rdn *r = &j->p->rdns[i];

		if (r->from != FROM_CONSTANT)
			continue;
		for (size_t k = 0; k < j->n; k++) {
			OWN_STR struct str text = { 0 };

			if (j->used[k] || !oid_is(j->attrs[k].type, &r->type) ||
			    !name_attr_text(&j->attrs[k], &text) || !literal_equal(r, &text))
				continue;
			j->used[k] = true;
			break;
		}
	}
}

static void
take_one(struct judge *j, const struct rdn *r, const struct str *text)
{
	const struct part *part = &r->value->value.parts[0];
	const struct profile_input *in = &j->p->inputs[part->index];
	char out[INPUT_VALUE_MAX], why[INPUT_WHY_MAX];

	if (!input_normalize(in, text->p == NULL ? "" : text->p, text->len, out, why)) {
		FAULT(j, in->name, "%s in the request: %s", r->label, why);
		return;
	}
	if (out[0] == '\0')
		return;
	if (j->out->inputs[part->index] != NULL && strcmp(j->out->inputs[part->index], out) != 0) {
		FAULT(j, in->name, "%s in the request: %.60s contradicts %.60s elsewhere in it", r->label,
		    out, j->out->inputs[part->index]);
		return;
	}
	j->out->inputs[part->index] = arena_strdup(j->faults->arena, out);
}

/* A value of several parts: it must already have the profile's form. */
static void
take_parts(struct judge *j, const struct rdn *r, const struct str *text)
{
	char room[2048];
	struct node_source none = { 0 };
	struct node_found f = { .profile = j->p, .known = &none, .text = room, .cap = sizeof(room) };

	if (text->len > 256 ||
	    !value_unify(&f, &r->value->value, text->p == NULL ? "" : text->p, text->len)) {
		FAULT(j, r->label, "%s in the request: %s", r->label, f.why[0] != '\0' ? f.why : "too long");
		return;
	}
	for (size_t i = 0; i < j->p->n_inputs; i++)
		if (f.bound >> i & 1)
			j->out->inputs[i] = arena_strdup(j->faults->arena, f.inputs[i]);
}

/* May this RDN take its inputs from a request? */
static bool
takes(const struct judge *j, const struct rdn *r)
{
	if (r->value->inputs == 0 || r->value->parameters != 0)
		return false;
	for (size_t i = 0; i < j->p->n_inputs; i++)
		if ((r->value->inputs >> i & 1) && !(j->p->inputs[i].sources & SOURCE_CSR))
			return false;
	return true;
}

static void
take_subject(struct judge *j)
{
	for (size_t i = 0; i < j->p->n_rdns; i++) {
		const struct rdn *r = &j->p->rdns[i];
		size_t k = 0;

		if (!takes(j, r))
			continue;
		while (k < j->n && (j->used[k] || !oid_is(j->attrs[k].type, &r->type)))
			k++;
		if (k < j->n) {
			OWN_STR struct str text = { 0 };

			j->used[k] = true;
			if (!name_attr_text(&j->attrs[k], &text))
				FAULT(j, r->label, "%s in the request is not a text", r->label);
			else if (r->value->value.n == 1)
				take_one(j, r, &text);
			else
				take_parts(j, r, &text);
		}
	}
	for (size_t k = 0; k < j->n; k++) {
		OWN_STR struct str text = { 0 };
		char buf[OID_TEXT_MAX];

		const char *value = "?";

		if (j->used[k])
			continue;
		if (name_attr_text(&j->attrs[k], &text) && text.p != NULL)
			value = fault_shown(j->faults->arena, text.p);
		ignore(j, "subject attribute %s=%s", oid_show(OID_ATTRIBUTE, j->attrs[k].type, buf),
		    value == NULL ? "?" : value);
	}
}

/* extensionRequest (RFC 2985 section 5.4.2): named, never taken. */
static bool
ignore_extensions(struct judge *j, struct der_reader values)
{
	struct der_reader list, x;
	char buf[OID_TEXT_MAX];
	struct der oid;

	if (!der_enter(&values, DER_SEQUENCE, &list))
		return false;
	while (der_enter(&list, DER_SEQUENCE, &x) && der_get_oid(&x, &oid))
		ignore(j, "requested extension %s", oid_show(OID_EXTENSION, oid, buf));
	return der_at_end(&list);
}

static void
ignore_attributes(struct judge *j)
{
	static const uint8_t extension_request[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e };
	static const uint8_t password[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x07 };
	struct der_reader r = der_reader_of(j->csr->attributes), a, values;
	char buf[OID_TEXT_MAX];
	struct der oid;

	while (!der_at_end(&r)) {
		if (!der_enter(&r, DER_SEQUENCE, &a) || !der_get_oid(&a, &oid) ||
		    !der_enter(&a, DER_SET, &values)) {
			FAULT(j, "attributes", "the request's attributes are not DER (RFC 2986 section 4)");
			return;
		}
		if (der_equal(oid, extension_request, sizeof(extension_request))) {
			if (!ignore_extensions(j, values))
				FAULT(j, "attributes",
				    "the requested extensions are not DER (RFC 2985 section 5.4.2)");
		} else if (der_equal(oid, password, sizeof(password))) {
			ignore(j, "attribute challengePassword");
		} else {
			ignore(j, "attribute %s", oid_text(oid, buf) ? buf : "?");
		}
	}
}

bool
csr_judge(const struct profile *p, const struct csr *csr, const char *file, int64_t line,
    struct csr_taken *out, struct faults *faults)
{
	struct judge j = { .p = p, .csr = csr, .file = file, .line = line, .out = out, .faults = faults,
	    .before = faults->total };

	*out = (struct csr_taken){ 0 };
	key_spki_sha256(csr->key.spki, out->spki_sha256);
	if (!(p->about.methods & METHOD_CSR))
		FAULT(&j, NULL, "the profile takes no requests");
	judge_key(&j);
	judge_hash(&j);
	if (!collect(&j))
		FAULT(&j, "subject", "the request's subject is not DER");
	skip_constants(&j);
	take_subject(&j);
	ignore_attributes(&j);
	return faults->total == j.before;
}
