/* OCSP: answers checked and signed in batches by the CA's delegate; delegates shown, asked for, brought. */
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "signer/delegate/delegates.h"
#include "signer/signer.h"
#include "x509/revocation/ocsp.h"

#define PART	 32
#define SKEW_S	 300
#define ARENA_MAX ((size_t)64 << 20)

struct answer {
	struct der		 tbs;
	const struct delegate	*delegate;
	struct err		 refused;
	uint8_t			 sig[512];	/* a delegate has 2048 bits of RSA, or less */
	size_t			 sig_len;
};

struct answers {
	const struct ca		*ca;
	struct delegates	*delegates;
	struct answer		*list;
	size_t			 n;
	int64_t			 lifetime_s;
};

bool
op_ocsp_delegate(struct call *c, struct err *e)
{
	const struct delegate *d;
	const struct ca *ca;
	struct der ski, algorithm;

	ski.p = unpack_octets(&c->in, &ski.len);
	if (!call_complete(c, e) || !call_ca(c, ski, &ca, e) || !delegates_current(c->signer->delegates, ca, &d, e))
		return false;
	algorithm = signature_algorithm_der(d->algorithm);
	pack_octets(&c->out, d->responder, sizeof(d->responder));
	pack_octets(&c->out, algorithm.p, algorithm.len);
	pack_octets(&c->out, d->cert.p, d->cert.len);
	pack_u64(&c->out, (uint64_t)d->not_before_s);
	pack_u64(&c->out, (uint64_t)d->not_after_s);
	return true;
}

static bool
answer_check(const struct answers *s, struct answer *a)
{
	struct ocsp_answer parsed;
	struct ocsp_rule rule;

	if (!ocsp_tbs_read(a->tbs, &parsed, &a->refused))
		return false;
	a->delegate = delegates_find(s->delegates, s->ca, parsed.responder);
	if (a->delegate == NULL)
		return err_set(&a->refused, ERR_CONFLICT, "ocsp_delegate_changed",
		    "the answer names a responder that is not, or no longer, the delegate");
	rule = a->delegate->rule;
	rule.now_s = clock_now_s();
	rule.skew_s = SKEW_S;
	rule.lifetime_s = s->lifetime_s;
	return ocsp_tbs_check(&parsed, &rule, &a->refused);
}

static void
sign_part(void *arg, size_t from, size_t to)
{
	struct answers *s = arg;
	OWN(signing_end) struct signing *signing = NULL;
	const struct delegate *of = NULL;

	for (size_t i = from; i < to; i++) {
		struct answer *a = &s->list[i];

		if (!answer_check(s, a))
			continue;
		if (of != a->delegate) {
			of = NULL;
			if (signing != NULL)
				signing_end(give(signing));
			if (!signing_begin(a->delegate->key, a->delegate->algorithm, &signing, &a->refused))
				continue;
			of = a->delegate;
		}
		a->sig_len = sizeof(a->sig);
		(void)!signing_octets(signing, a->tbs.p, a->tbs.len, a->sig, &a->sig_len, &a->refused);
	}
}

bool
op_sign_ocsp(struct call *c, struct err *e)
{
	OWN(arena_free) struct arena *arena = arena_new(ARENA_MAX);
	struct answers s = { .delegates = c->signer->delegates, .lifetime_s = c->signer->conf->ocsp_answer_max_s };
	struct der ski;

	ski.p = unpack_octets(&c->in, &ski.len);
	s.n = unpack_u32(&c->in);
	if (c->in.bad || s.n == 0 || s.n > PROTO_ITEMS_MAX)
		return err_set(e, ERR_MALFORMED, "signer_request", "1 to %d answers at once", PROTO_ITEMS_MAX);
	s.list = arena_array(arena, s.n, sizeof(*s.list));
	if (s.list == NULL)
		return err_set(e, ERR_TOO_LARGE, "signer_request", "the request is too large");
	for (size_t i = 0; i < s.n; i++)
		s.list[i].tbs.p = unpack_octets(&c->in, &s.list[i].tbs.len);
	if (!call_complete(c, e) || !call_ca(c, ski, &s.ca, e))
		return false;
	pool_run(c->signer->pool, s.n, PART, sign_part, &s);
	pack_u32(&c->out, (uint32_t)s.n);
	for (size_t i = 0; i < s.n; i++) {
		const struct answer *a = &s.list[i];

		if (a->refused.kind != ERR_NONE) {
			pack_refusal(&c->out, &a->refused);
			continue;
		}
		pack_u8(&c->out, 0);
		pack_octets(&c->out, a->sig, a->sig_len);
	}
	return true;
}

bool
op_ocsp_request(struct call *c, struct err *e)
{
	OWN_STR struct str requests = { 0 };
	uint32_t n;

	if (!call_complete(c, e) || !delegates_request(c->signer->delegates, &requests, &n, e))
		return false;
	pack_u32(&c->out, n);
	if (n != 0)
		str_add(&c->out, requests.p, requests.len);
	return true;
}

bool
op_ocsp_certify(struct call *c, struct err *e)
{
	OWN_STR struct str cert = { 0 };
	struct der request;

	request.p = unpack_octets(&c->in, &request.len);
	if (!call_complete(c, e) || !delegates_certify(c->signer->delegates, request, &cert, e))
		return false;
	pack_octets(&c->out, cert.p, cert.len);
	return true;
}

bool
op_ocsp_install(struct call *c, struct err *e)
{
	struct der cert;

	cert.p = unpack_octets(&c->in, &cert.len);
	return call_complete(c, e) && delegates_install(c->signer->delegates, cert, e);
}
