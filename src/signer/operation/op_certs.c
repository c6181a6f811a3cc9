/*
 * Certificates: a slice in one message, each item checked against the signer's own copy of the
 * profile, claimed in the journal, signed, and journaled before the reply leaves.
 */
#include <stdatomic.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "signer/signer.h"

#define PART	32			/* items a thread takes at a time */
#define ARENA_MAX ((size_t)256 << 20)

struct item {
	struct der		 tbs;
	struct journal_serial	 serial;
	struct err		 refused;	/* kind ERR_NONE: not */
	uint8_t			*cert;		/* room for the certificate */
	struct der		 der;		/* the certificate, in it */
	struct der		 signature;	/* in it */
};

struct slice {
	const struct ca		*ca;
	const struct doc	*profile;
	struct tbs_expect	 expect;
	const char		*constants[PROFILE_INPUTS_MAX];
	struct item		*items;
	size_t			 n;
	struct arena		*arena;
};

static bool
slice_read(struct call *c, struct slice *s, struct err *e)
{
	struct der ski;
	int64_t profile, version, organization, constants;
	const struct doc *org = NULL;
	size_t wanted;

	ski.p = unpack_octets(&c->in, &ski.len);
	profile = (int64_t)unpack_u64(&c->in);
	version = (int64_t)unpack_u64(&c->in);
	organization = (int64_t)unpack_u64(&c->in);
	constants = (int64_t)unpack_u64(&c->in);
	s->n = unpack_u32(&c->in);
	if (c->in.bad || s->n == 0 || s->n > PROTO_ITEMS_MAX)
		return err_set(e, ERR_MALFORMED, "signer_request", "1 to %d certificates at once", PROTO_ITEMS_MAX);
	s->items = arena_array(s->arena, s->n, sizeof(*s->items));
	if (s->items == NULL)
		return err_set(e, ERR_TOO_LARGE, "signer_request", "the request is too large");
	for (size_t i = 0; i < s->n; i++)
		s->items[i].tbs.p = unpack_octets(&c->in, &s->items[i].tbs.len);
	if (!call_complete(c, e) || !call_ca(c, ski, &s->ca, e)
	    || !docs_get(c->signer->docs, DOC_PROFILE, profile, version, &s->profile, e))
		return false;
	(void)profile_parameters(s->profile->profile, &wanted);
	if (organization != 0 && wanted != 0
	    && !docs_get(c->signer->docs, DOC_ORGANIZATION, organization, constants, &org, e))
		return false;
	doc_constants(org, s->profile->profile, s->constants);
	return true;
}

/* The CA is the one of the profile, and can sign. */
static bool
slice_allowed(const struct slice *s, struct err *e)
{
	if (s->profile->template == NULL)
		return err_set(e, ERR_FORBIDDEN, "profile_unusable", "%s", s->profile->why_not);
	if (s->profile->ca != s->ca)
		return err_set(e, ERR_FORBIDDEN, "profile_ca", "the profile is for CA %s, not %s", s->profile->ca->id,
		    s->ca->id);
	if (s->ca->key == NULL)
		return err_set(e, ERR_FORBIDDEN, "ca_key", "the key of CA %s is not in this signer", s->ca->id);
	return true;
}

/* What the first template refuses counts. */
static bool
item_check(const struct slice *s, struct item *it, struct tbs_found *found)
{
	struct err ignored = { 0 };

	if (tbs_check(s->profile->template, &s->expect, it->tbs, found, &it->refused))
		return true;
	for (size_t i = 0; i < COUNT(s->profile->older) && s->profile->older[i] != NULL; i++)
		if (tbs_check(s->profile->older[i], &s->expect, it->tbs, found, &ignored)) {
			err_clear(&it->refused);
			return true;
		}
	return false;
}

static void
check_part(void *arg, size_t from, size_t to)
{
	struct slice *s = arg;

	for (size_t i = from; i < to; i++) {
		struct item *it = &s->items[i];
		struct tbs_found found;

		if (!item_check(s, it, &found)) {
			if (it->refused.kind == ERR_NONE)
				err_set(&it->refused, ERR_INTERNAL, "internal", "refused without a reason");
			continue;
		}
		it->serial.len = sizeof(found.serial);
		memcpy(it->serial.b, found.serial, sizeof(found.serial));
	}
}

static void
sign_item(struct signing *signing, enum signature_algorithm a, struct item *it)
{
	uint8_t sig[SIGNATURE_LEN_MAX];
	size_t len = sizeof(sig);

	if (!signing_octets(signing, it->tbs.p, it->tbs.len, sig, &len, &it->refused)
	    || !cert_assemble(it->tbs, a, sig, len, it->cert, it->tbs.len + len + 64, &it->der, &it->refused))
		return;
	/* the signature is the certificate's end */
	it->signature = (struct der){ it->der.p + it->der.len - len, len };
}

static void
sign_part(void *arg, size_t from, size_t to)
{
	struct slice *s = arg;
	const enum signature_algorithm a = profile_signature(s->profile->profile);
	OWN(signing_end) struct signing *signing = NULL;
	struct err e = { 0 };
	const bool ready = signing_begin(s->ca->key, a, &signing, &e);

	for (size_t i = from; i < to; i++) {
		if (s->items[i].refused.kind != ERR_NONE)
			continue;
		if (ready)
			sign_item(signing, a, &s->items[i]);
		else
			s->items[i].refused = e;
	}
}

/* Serials of the items that passed so far; those that are taken are refused. */
static bool
claim_serials(struct journal *j, struct slice *s, struct journal_claim **claim, struct err *e)
{
	struct journal_serial *serials = arena_array(s->arena, s->n, sizeof(*serials));
	bool *taken = arena_array(s->arena, s->n, sizeof(*taken));
	size_t n = 0, k = 0;

	if (serials == NULL || taken == NULL)
		return err_set(e, ERR_TOO_LARGE, "signer_request", "the request is too large");
	for (size_t i = 0; i < s->n; i++)
		if (s->items[i].refused.kind == ERR_NONE)
			serials[n++] = s->items[i].serial;
	if (!journal_claim(j, serials, n, taken, claim, e))
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (s->items[i].refused.kind == ERR_NONE && taken[k++])
			err_set(&s->items[i].refused, ERR_CONFLICT, "serial_used",
			    "the serial number was signed before or is barred");
	return true;
}

static bool
room_for_certs(struct slice *s, struct err *e)
{
	for (size_t i = 0; i < s->n; i++) {
		struct item *it = &s->items[i];

		if (it->refused.kind != ERR_NONE)
			continue;
		it->cert = arena_alloc(s->arena, it->tbs.len + SIGNATURE_LEN_MAX + 64);
		if (it->cert == NULL)
			return err_set(e, ERR_TOO_LARGE, "signer_request", "the request is too large");
	}
	return true;
}

static bool
journal_slice(struct journal *j, const struct slice *s, struct err *e)
{
	struct journal_record *r = arena_array(s->arena, s->n, sizeof(*r));
	size_t n = 0;

	if (r == NULL)
		return err_set(e, ERR_TOO_LARGE, "signer_request", "the request is too large");
	for (size_t i = 0; i < s->n; i++) {
		const struct item *it = &s->items[i];

		if (it->refused.kind == ERR_NONE)
			r[n++] = (struct journal_record){ .kind = JOURNAL_CERT, .serial = it->serial,
				.ca = s->ca->issuer.ski, .profile = s->profile->id, .version = s->profile->version,
				.data = it->der };
	}
	return journal_append(j, r, n, e);
}

static void
pack_results(struct str *out, const struct slice *s)
{
	pack_u32(out, (uint32_t)s->n);
	for (size_t i = 0; i < s->n; i++) {
		const struct item *it = &s->items[i];

		if (it->refused.kind != ERR_NONE) {
			pack_refusal(out, &it->refused);
			continue;
		}
		pack_u8(out, 0);
		pack_octets(out, it->signature.p, it->signature.len);
	}
}

bool
op_sign_certs(struct call *c, struct err *e)
{
	OWN(arena_free) struct arena *arena = arena_new(ARENA_MAX);
	OWN(journal_claim_free) struct journal_claim *claim = NULL;
	struct slice s = { .arena = arena };

	if (!slice_read(c, &s, e) || !slice_allowed(&s, e))
		return false;
	s.expect = (struct tbs_expect){ .organization = s.constants, .now_s = clock_now_s(),
		.clock_skew_s = c->signer->conf->clock_skew_s };
	pool_run(c->signer->pool, s.n, PART, check_part, &s);
	if (!claim_serials(c->signer->journal, &s, &claim, e) || !room_for_certs(&s, e))
		return false;
	pool_run(c->signer->pool, s.n, PART, sign_part, &s);
	if (!journal_slice(c->signer->journal, &s, e))
		return false;
	pack_results(&c->out, &s);
	return true;
}
