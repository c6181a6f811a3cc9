#include <stdlib.h>
#include <string.h>

#include "x509/tbs_private.h"

#define TEMPLATE_MEMORY_MAX (1u << 20)

/* [0] { INTEGER 2 }: version 3. */
static const uint8_t version3[] = { 0xa0, 0x03, 0x02, 0x01, 0x02 };

const struct profile *
tbs_template_profile(const struct tbs_template *t)
{
	return t->profile;
}

const struct issuer *
tbs_template_issuer(const struct tbs_template *t)
{
	return &t->issuer;
}

struct node_source
tbs_source(const struct tbs_template *t)
{
	return (struct node_source){ .issuer = &t->issuer, .public_url = t->public_url, .shards = t->shards };
}

/* Slices of an issuer point into its certificate: they move with the copy. */
static bool
keep_issuer(struct tbs_template *t, const struct issuer *i)
{
	const uint8_t *copy = arena_memdup(t->arena, i->cert.p, i->cert.len);

	if (copy == NULL)
		return false;
	t->issuer = *i;
	t->issuer.cert.p = copy;
	t->issuer.subject.p = copy + (i->subject.p - i->cert.p);
	t->issuer.ski.p = copy + (i->ski.p - i->cert.p);
	t->issuer.spki.p = copy + (i->spki.p - i->cert.p);
	return true;
}

static void
put_extension(struct der_writer *w, const struct tbs_extension *x, size_t mark)
{
	der_wrap(w, DER_OCTETS, mark);
	der_put_raw(w, x->head.p, x->head.len);
	der_wrap(w, DER_SEQUENCE, mark);
}

static bool
keep_extension(struct tbs_template *t, const struct extension *from, struct tbs_extension *x, struct err *e)
{
	struct node_source src = tbs_source(t);
	uint8_t buf[TBS_MAX];
	struct der_writer w = der_writer(buf, sizeof(buf));
	struct der whole;

	x->label = from->label;
	x->head = from->head;
	if (!node_bind(t->arena, &from->value, &src, &x->value, e))
		return false;
	if (x->value.kind != NODE_RAW)
		return true;
	der_put_raw(&w, x->value.raw.p, x->value.raw.len);
	put_extension(&w, x, 0);
	if (!der_written(&w, &whole) || (whole.p = arena_memdup(t->arena, whole.p, whole.len)) == NULL)
		return err_set(e, ERR_INVALID, "profile_size", "the profile is too large");
	x->constant = true;
	x->whole = whole;
	return true;
}

static bool
fill(struct tbs_template *t, struct err *e)
{
	const struct profile *p = t->profile;
	struct node_source src = tbs_source(t);

	t->rdns = arena_array(t->arena, p->n_rdns, sizeof(*t->rdns));
	t->extensions = arena_array(t->arena, p->n_extensions, sizeof(*t->extensions));
	if ((p->n_rdns > 0 && t->rdns == NULL) || (p->n_extensions > 0 && t->extensions == NULL))
		return err_set(e, ERR_INVALID, "profile_size", "the profile is too large");
	for (size_t i = 0; i < p->n_rdns; i++)
		if (!node_bind(t->arena, &p->rdns[i].node, &src, &t->rdns[i], e))
			return false;
	for (size_t i = 0; i < p->n_extensions; i++)
		if (!keep_extension(t, &p->extensions[i], &t->extensions[i], e))
			return false;
	return true;
}

bool
tbs_template_new(const struct profile *p, const struct issuer *issuer, const struct tbs_site *site,
    struct tbs_template **out, struct err *e)
{
	OWN(tbs_template_free) struct tbs_template *t = NULL;
	const char *url = site == NULL ? NULL : site->public_url;

	if (signature_algorithm_key(p->signature) != issuer->key.algorithm)
		return err_set(e, ERR_INVALID, "issuer_algorithm",
		    "the issuing CA has an %s key, the profile asks for %s",
		    key_algorithm_name(issuer->key.algorithm), signature_algorithm_name(p->signature));
	if (p->site && (url == NULL || *url == '\0'))
		return err_set(e, ERR_INVALID, "profile_site", "the profile's addresses need a public URL");
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		abort();
	t->arena = arena_new(TEMPLATE_MEMORY_MAX);
	t->profile = p;
	t->algorithm = signature_algorithm_der(p->signature);
	t->shards = site == NULL ? 1 : site->shards;
	t->public_url = arena_strdup(t->arena, url == NULL ? "" : url);
	if (t->public_url == NULL || !keep_issuer(t, issuer))
		return err_set(e, ERR_INVALID, "profile_size", "the issuing CA's certificate is too large");
	if (!fill(t, e))
		return false;
	*out = give(t);
	return true;
}

bool
tbs_template_sharded(const struct tbs_template *t)
{
	return t->profile->sharded;
}

void
tbs_template_free(struct tbs_template *t)
{
	if (t == NULL)
		return;
	arena_free(t->arena);
	free(t);
}

/* Contents of the BIT STRING, for the key identifier. */
static bool
key_bits(struct der spki, struct der *bits)
{
	struct der_reader r = der_reader_of(spki), seq;
	struct der alg;

	return der_enter(&r, DER_SEQUENCE, &seq) && der_at_end(&r) && der_get(&seq, DER_SEQUENCE, &alg) &&
	    der_get_octet_bits(&seq, bits) && der_at_end(&seq);
}

static bool
put_extensions(struct der_writer *w, const struct tbs_template *t, const struct node_source *src,
    struct err *e)
{
	size_t all = der_mark(w);

	for (size_t i = t->profile->n_extensions; i-- > 0;) {
		const struct tbs_extension *x = &t->extensions[i];
		size_t mark = der_mark(w);

		if (x->constant) {
			der_put_raw(w, x->whole.p, x->whole.len);
			continue;
		}
		if (!node_put(w, &x->value, src, e))
			return err_in(e, "%s", x->label);
		if (der_mark(w) != mark)
			put_extension(w, x, mark);
	}
	if (der_mark(w) == all)
		return true;
	der_wrap(w, DER_SEQUENCE, all);
	der_wrap(w, DER_CONTEXT_CONS(3), all);
	return true;
}

static bool
put_subject(struct der_writer *w, const struct tbs_template *t, const struct node_source *src, struct err *e)
{
	size_t mark = der_mark(w);

	for (size_t i = t->profile->n_rdns; i-- > 0;)
		if (!node_put(w, &t->rdns[i], src, e))
			return err_in(e, "%s", t->profile->rdns[i].label);
	der_wrap(w, DER_SEQUENCE, mark);
	return true;
}

bool
tbs_build(const struct tbs_template *t, const struct tbs_in *in, uint8_t *buf, size_t cap, struct der *out,
    struct err *e)
{
	struct der_writer w = der_writer(buf, cap);
	struct node_source src = tbs_source(t);
	size_t mark;

	if (in->serial[0] == 0 || in->serial[0] >= 0x80)
		return err_set(e, ERR_INVALID, "serial", "a serial number has 16 octets and is positive");
	src.inputs = in->inputs;
	src.parameters = in->organization;
	src.serial = in->serial;
	if (!key_bits(in->spki, &src.key_bits))
		return err_set(e, ERR_INVALID, "key_form",
		    "the public key is not DER (RFC 5280 section 4.1.2.7)");
	if (!put_extensions(&w, t, &src, e))
		return false;
	der_put_raw(&w, in->spki.p, in->spki.len);
	if (!put_subject(&w, t, &src, e))
		return false;
	mark = der_mark(&w);
	der_put_time(&w, in->not_after_s);
	der_put_time(&w, in->not_before_s);
	der_wrap(&w, DER_SEQUENCE, mark);
	der_put_raw(&w, t->issuer.subject.p, t->issuer.subject.len);
	der_put_raw(&w, t->algorithm.p, t->algorithm.len);
	der_put(&w, DER_INTEGER, in->serial, sizeof(in->serial));
	der_put_raw(&w, version3, sizeof(version3));
	der_wrap(&w, DER_SEQUENCE, 0);
	if (!der_written(&w, out))
		return err_set(e, ERR_INVALID, "tbs_size",
		    "the certificate becomes larger than %zu octets", cap);
	return true;
}
