#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "x509/oid.h"
#include "x509/tbs_private.h"

/* One certificate being checked. */
struct check {
	const struct tbs_template	*t;
	const struct tbs_expect		*want;
	struct der_reader		 r;
	struct node_source		 src;
	struct node_found		 found;
	struct tbs_found		*out;
	struct err			*e;
};

#define REFUSE(c, ...) err_set((c)->e, ERR_FORBIDDEN, "tbs_refused", __VA_ARGS__)
/* The builder's clock and ours differ: nothing is wrong that will not pass. */
#define REFUSE_CLOCK(c, ...) err_set((c)->e, ERR_RETRY, "clock", __VA_ARGS__)

static bool
check_head(struct check *c)
{
	struct der_reader version;
	struct der serial, algorithm, issuer;
	uint64_t v;

	if (!der_enter(&c->r, DER_CONTEXT_CONS(0), &version) || !der_get_u64(&version, &v) || v != 2 ||
	    !der_at_end(&version))
		return REFUSE(c, "the version is not 3");
	if (!der_get(&c->r, DER_INTEGER, &serial) || serial.len != 16 || serial.p[0] == 0 ||
	    serial.p[0] >= 0x80)
		return REFUSE(c, "the serial number does not have 16 octets, the first from 01 to 7F");
	memcpy(c->out->serial, serial.p, 16);
	c->src.serial = c->out->serial;
	if (!der_get_whole(&c->r, DER_SEQUENCE, &algorithm) ||
	    !der_equal(algorithm, c->t->algorithm.p, c->t->algorithm.len))
		return REFUSE(c, "the signature algorithm is not %s",
		    signature_algorithm_name(c->t->profile->signature));
	if (!der_get_whole(&c->r, DER_SEQUENCE, &issuer) ||
	    !der_equal(issuer, c->t->issuer.subject.p, c->t->issuer.subject.len))
		return REFUSE(c, "the issuer is not the CA's subject, byte for byte");
	return true;
}

static bool
check_dates(struct check *c)
{
	const struct profile *p = c->t->profile;
	int64_t ideal = c->want->now_s - p->validity.backdate_s, least = ideal - c->want->clock_skew_s,
	    most = ideal + c->want->clock_skew_s, from, to, end;
	struct der_reader v;
	char text[TIME_TEXT_LEN], wanted[TIME_TEXT_LEN];

	if (!der_enter(&c->r, DER_SEQUENCE, &v) || !der_get_time(&v, &from) || !der_get_time(&v, &to) ||
	    !der_at_end(&v))
		return REFUSE(c, "the validity is not DER (RFC 5280 section 4.1.2.5)");
	time_text(from, text);
	if (p->validity.nest && least < c->t->issuer.not_before_s) {
		least = c->t->issuer.not_before_s;
		most = most < least ? least : most;
	}
	if (from < least || from > most)
		return REFUSE_CLOCK(c, "notBefore %s is not now, give or take %lld seconds", text,
		    (long long)c->want->clock_skew_s);
	end = profile_not_after(p, from, c->t->issuer.not_after_s);
	if (to != end) {
		time_text(to, text);
		time_text(end, wanted);
		return REFUSE(c, "notAfter %s is not what the profile and the CA give, %s", text, wanted);
	}
	if (to <= c->want->now_s)
		return REFUSE(c, "notAfter has passed");
	c->out->not_before_s = from;
	c->out->not_after_s = to;
	return true;
}

/* The attribute type of the RDN that comes next. */
static bool
next_type(struct der_reader r, struct der *type)
{
	struct der_reader set, attribute;

	return der_enter(&r, DER_SET, &set) && der_enter(&set, DER_SEQUENCE, &attribute) &&
	       der_get_oid(&attribute, type);
}

/* RDN i does not match: the reason that helps most. */
static bool
refuse_rdn(struct check *c, size_t i, struct der_reader r, const struct rdn *skipped, const char *skipped_why)
{
	const struct rdn *want = &c->t->profile->rdns[i];
	char buf[OID_TEXT_MAX];
	struct der type;

	if (der_at_end(&r))
		return REFUSE(c, "%s is missing", want->label);
	if (!next_type(r, &type))
		return REFUSE(c, "the subject is not DER");
	if (skipped != NULL && oid_is(type, &skipped->type))
		return REFUSE(c, "%s: %.150s", skipped->label, skipped_why);
	if (!oid_is(type, &want->type))
		return REFUSE(c, "%s: %.80s stands in its place", want->label, oid_show(OID_ATTRIBUTE, type,
		    buf));
	return REFUSE(c, "%s: %.150s", want->label, c->found.why);
}

static bool
check_subject(struct check *c)
{
	const struct profile *p = c->t->profile;
	const struct rdn *skipped = NULL;
	char skipped_why[sizeof(c->found.why)] = "";
	struct der_reader r;
	struct der_item name;

	if (der_peek(&c->r) != DER_SEQUENCE || !der_next(&c->r, &name))
		return REFUSE(c, "the subject is not DER");
	c->out->subject = name.whole;
	r = der_reader_of(name.body);
	for (size_t i = 0; i < p->n_rdns; i++) {
		const struct node *n = &c->t->rdns[i];
		struct der_reader at = r;
		struct node_found before = c->found;

		c->found.why[0] = '\0';
		if (node_match(&c->found, n, &r))
			continue;
		r = at;
		memcpy(before.why, c->found.why, sizeof(before.why));
		c->found = before;
		if (!node_leave_out(&c->found, n))
			return refuse_rdn(c, i, r, skipped, skipped_why);
		skipped = &p->rdns[i];
		memcpy(skipped_why, before.why, sizeof(skipped_why));
	}
	if (!der_at_end(&r))
		return REFUSE(c, "the subject holds more than the profile allows%s%.100s",
		    skipped_why[0] ? ": " : "", skipped_why);
	return true;
}

static bool
key_allowed(const struct profile *p, const struct key_info *k)
{
	for (size_t i = 0; i < p->n_server_keys; i++)
		if (p->server_keys[i].algorithm == k->type.algorithm &&
		    p->server_keys[i].bits == k->type.bits)
			return true;
	for (size_t i = 0; i < p->n_csr_keys; i++)
		if (p->csr_keys[i].algorithm == k->type.algorithm &&
		    p->csr_keys[i].bits_min <= k->type.bits && k->type.bits <= p->csr_keys[i].bits_max)
			return true;
	return false;
}

static bool
check_key(struct check *c)
{
	struct key_info k;
	struct err e = { 0 };
	char text[24];

	if (!der_get_whole(&c->r, DER_SEQUENCE, &c->out->spki) || !key_decode(c->out->spki, &k, &e))
		return REFUSE(c, "the public key: %s", e.msg[0] != '\0' ? e.msg : "not DER");
	if (!key_allowed(c->t->profile, &k))
		return REFUSE(c, "the public key is %s, which the profile does not allow",
		    key_type_text(k.type, text));
	if (k.type.algorithm == KEY_RSA && k.exponent != 0 && k.exponent < 65537)
		return REFUSE(c, "the RSA exponent is %llu, below 65537", (unsigned long long)k.exponent);
	c->src.key_bits = k.bits;
	return true;
}

static bool
match_extension(struct check *c, const struct tbs_extension *x, struct der_reader *r)
{
	struct node_found *f = &c->found;
	struct der_reader seq, value;

	if (x->constant) {
		if ((size_t)(r->end - r->p) < x->whole.len || memcmp(r->p, x->whole.p, x->whole.len) != 0) {
			(void)snprintf(f->why, sizeof(f->why), "missing, or not exactly the profile's");
			return false;
		}
		r->p += x->whole.len;
		return true;
	}
	if (!der_enter(r, DER_SEQUENCE, &seq) || (size_t)(seq.end - seq.p) < x->head.len ||
	    memcmp(seq.p, x->head.p, x->head.len) != 0) {
		(void)snprintf(f->why, sizeof(f->why), "missing, or of another criticality");
		return false;
	}
	seq.p += x->head.len;
	if (!der_enter(&seq, DER_OCTETS, &value) || !der_at_end(&seq)) {
		(void)snprintf(f->why, sizeof(f->why), "its value is not DER");
		return false;
	}
	if (!node_match(f, &x->value, &value))
		return false;
	if (der_at_end(&value))
		return true;
	(void)snprintf(f->why, sizeof(f->why), "it holds more than the profile allows");
	return false;
}

/* What stands where the template's extensions have ended, or where one should stand. */
static bool
refuse_other(struct check *c, struct der_reader r, const char *label)
{
	struct der_reader x;
	struct der oid = { NULL, 0 };
	char buf[OID_TEXT_MAX];

	if (der_at_end(&r))
		return REFUSE(c, "%s is missing", label);
	if (!der_enter(&r, DER_SEQUENCE, &x) || !der_get_oid(&x, &oid))
		return REFUSE(c, "the extensions are not DER");
	if (label == NULL)
		return REFUSE(c, "extension %.100s is not in the profile", oid_show(OID_EXTENSION, oid, buf));
	return REFUSE(c, "%s: %.150s", label, c->found.why);
}

static bool
check_extensions(struct check *c)
{
	size_t n = c->t->profile->n_extensions;
	struct der_reader outer, r = der_reader(c->r.end, 0);		/* nothing, when there are none */

	if (der_peek(&c->r) == DER_CONTEXT_CONS(3)) {
		if (!der_enter(&c->r, DER_CONTEXT_CONS(3), &outer) || !der_enter(&outer, DER_SEQUENCE, &r) ||
		    !der_at_end(&outer) || der_at_end(&r))
			return REFUSE(c, "the extensions are not DER");
	}
	for (size_t i = 0; i < n; i++) {
		const struct tbs_extension *x = &c->t->extensions[i];
		struct node_found before = c->found;
		struct der_reader at = r;

		if (match_extension(c, x, &r))
			continue;
		r = at;
		memcpy(before.why, c->found.why, sizeof(before.why));
		c->found = before;
		if (x->constant || !node_leave_out(&c->found, &x->value))
			return refuse_other(c, r, x->label);
	}
	if (!der_at_end(&r))
		return refuse_other(c, r, NULL);
	if (!der_at_end(&c->r))
		return REFUSE(c, "the certificate holds a part that the profile does not have");
	return true;
}

bool
tbs_check(const struct tbs_template *t, const struct tbs_expect *want, struct der tbs, struct tbs_found *out,
    struct err *e)
{
	struct check c = { .t = t, .want = want, .src = tbs_source(t), .out = out, .e = e };
	struct der body;

	if (tbs.len > TBS_MAX || !der_only(tbs.p, tbs.len, DER_SEQUENCE, &body))
		return REFUSE(&c, "not a TBSCertificate (RFC 5280 section 4.1)");
	c.r = der_reader_of(body);
	c.src.parameters = want->organization;
	c.found.profile = t->profile;
	c.found.known = &c.src;
	c.found.text = out->text;
	c.found.cap = sizeof(out->text);
	if (!check_head(&c) || !check_dates(&c) || !check_subject(&c) || !check_key(&c) ||
	    !check_extensions(&c))
		return false;
	if (!node_left_out_ok(&c.found))
		return REFUSE(&c, "%s", c.found.why);
	memcpy(out->inputs, c.found.inputs, sizeof(out->inputs));
	return true;
}
