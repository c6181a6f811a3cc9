#include <openssl/evp.h>
#include <string.h>

#include "base/own.h"
#include "base/str.h"
#include "x509/gentime.h"
#include "x509/revocation/ocsp.h"

#define TBS_MAX		(OCSP_REQUEST_MAX + OCSP_SINGLES_MAX * 96 + OCSP_NONCE_MAX + 256)
#define CERTID_MAX	128
#define FRAME_MAX	128	/* of a response, without what it holds */
#define REASON_HOLE	7	/* CRLReason has no 7 */
#define REASON_MAX	10

static const uint8_t oid_basic[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01 };
static const uint8_t oid_nonce[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02 };
static const uint8_t sha1_alg[] = { 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00 };
static const uint8_t sha256_alg[] = {
	0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00
};

/* What was written is ours to size: a buffer too small is our mistake. */
static void
append(const struct der_writer *w, struct str *out)
{
	struct der d;

	if (!der_written(w, &d))
		abort();
	str_add(out, d.p, d.len);
}

void
ocsp_certid_make(enum ocsp_hash hash, const uint8_t *name_hash, const uint8_t *key_hash, struct der serial,
    struct str *out)
{
	uint8_t buf[CERTID_MAX];
	struct der_writer w = der_writer(buf, sizeof(buf));
	size_t len = hash == OCSP_SHA1 ? 20 : 32;

	der_put_unsigned(&w, serial.p, serial.len);
	der_put(&w, DER_OCTETS, key_hash, len);
	der_put(&w, DER_OCTETS, name_hash, len);
	if (hash == OCSP_SHA1)
		der_put_raw(&w, sha1_alg, sizeof(sha1_alg));
	else
		der_put_raw(&w, sha256_alg, sizeof(sha256_alg));
	der_wrap(&w, DER_SEQUENCE, 0);
	append(&w, out);
}

bool
ocsp_key_hash(struct der spki, uint8_t out[OCSP_KEY_HASH_LEN])
{
	struct der_reader all = der_reader_of(spki), r;
	struct der alg, bits;
	size_t len;

	return der_enter(&all, DER_SEQUENCE, &r) && der_at_end(&all) && der_get_whole(&r, DER_SEQUENCE, &alg) &&
	    der_get_octet_bits(&r, &bits) && der_at_end(&r) &&
	    EVP_Q_digest(NULL, "SHA1", NULL, bits.p, bits.len, out, &len) == 1;
}

static void
put_status(struct der_writer *w, const struct ocsp_single *s)
{
	size_t all = der_mark(w), reason;

	switch (s->status) {
	case OCSP_GOOD:
		der_put(w, DER_CONTEXT(0), NULL, 0);
		break;
	case OCSP_UNKNOWN:
		der_put(w, DER_CONTEXT(2), NULL, 0);
		break;
	case OCSP_REVOKED:
		reason = der_mark(w);
		if (s->reason != 0) {
			der_put_u64(w, DER_ENUMERATED, (uint64_t)s->reason);
			der_wrap(w, DER_CONTEXT_CONS(0), reason);
		}
		gentime_put(w, s->revoked_at_s);
		der_wrap(w, DER_CONTEXT_CONS(1), all);
		break;
	}
}

static void
put_single(struct der_writer *w, const struct ocsp_single *s)
{
	size_t all = der_mark(w);

	if (s->next_update_s != OCSP_NO_TIME) {
		gentime_put(w, s->next_update_s);
		der_wrap(w, DER_CONTEXT_CONS(0), all);
	}
	gentime_put(w, s->this_update_s);
	put_status(w, s);
	der_put_raw(w, s->certid.p, s->certid.len);
	der_wrap(w, DER_SEQUENCE, all);
}

static void
put_nonce(struct der_writer *w, struct der nonce)
{
	der_put(w, DER_OCTETS, nonce.p, nonce.len);
	der_wrap(w, DER_OCTETS, 0);
	der_put(w, DER_OID, oid_nonce, sizeof(oid_nonce));
	der_wrap(w, DER_SEQUENCE, 0);
	der_wrap(w, DER_SEQUENCE, 0);
	der_wrap(w, DER_CONTEXT_CONS(1), 0);
}

void
ocsp_tbs_make(const struct ocsp_answer *a, struct str *out)
{
	uint8_t buf[TBS_MAX];
	struct der_writer w = der_writer(buf, sizeof(buf));
	size_t singles, id;

	if (a->nonce.p != NULL)
		put_nonce(&w, a->nonce);
	singles = der_mark(&w);
	for (size_t i = a->n; i-- > 0;)
		put_single(&w, &a->singles[i]);
	der_wrap(&w, DER_SEQUENCE, singles);
	gentime_put(&w, a->produced_at_s);
	id = der_mark(&w);
	der_put(&w, DER_OCTETS, a->responder, OCSP_KEY_HASH_LEN);
	der_wrap(&w, DER_CONTEXT_CONS(2), id);
	der_wrap(&w, DER_SEQUENCE, 0);
	append(&w, out);
}

static bool
reason_read(struct der_reader *revoked, int *reason)
{
	struct der_reader inner;
	struct der value;

	*reason = 0;
	if (der_at_end(revoked))
		return true;
	if (!der_enter(revoked, DER_CONTEXT_CONS(0), &inner) || !der_get(&inner, DER_ENUMERATED, &value) ||
	    !der_at_end(&inner) || value.len != 1)
		return false;
	*reason = value.p[0];
	return *reason != 0 && *reason != REASON_HOLE && *reason <= REASON_MAX;
}

static bool
status_read(struct der_reader *r, struct ocsp_single *s)
{
	struct der_reader revoked;
	struct der empty;

	switch (der_peek(r)) {
	case DER_CONTEXT(0):
		s->status = OCSP_GOOD;
		return der_get(r, DER_CONTEXT(0), &empty) && empty.len == 0;
	case DER_CONTEXT(2):
		s->status = OCSP_UNKNOWN;
		return der_get(r, DER_CONTEXT(2), &empty) && empty.len == 0;
	default:
		s->status = OCSP_REVOKED;
		return der_enter(r, DER_CONTEXT_CONS(1), &revoked) && gentime_get(&revoked, &s->revoked_at_s) &&
		    reason_read(&revoked, &s->reason) && der_at_end(&revoked);
	}
}

static bool
single_read(struct der_reader *list, struct ocsp_single *s)
{
	struct der_reader r, next;

	*s = (struct ocsp_single){ .next_update_s = OCSP_NO_TIME };
	if (!der_enter(list, DER_SEQUENCE, &r) || !der_get_whole(&r, DER_SEQUENCE, &s->certid) ||
	    !status_read(&r, s) || !gentime_get(&r, &s->this_update_s))
		return false;
	return der_at_end(&r) || (der_enter(&r, DER_CONTEXT_CONS(0), &next) &&
	    gentime_get(&next, &s->next_update_s) && der_at_end(&next) && der_at_end(&r));
}

static bool
nonce_read(struct der_reader *r, struct der *nonce)
{
	struct der_reader outer, list, ext, value;
	struct der oid, octets;

	if (!der_enter(r, DER_CONTEXT_CONS(1), &outer) || !der_enter(&outer, DER_SEQUENCE, &list) ||
	    !der_at_end(&outer) || !der_enter(&list, DER_SEQUENCE, &ext) || !der_at_end(&list) ||
	    !der_get_oid(&ext, &oid) || !der_equal(oid, oid_nonce, sizeof(oid_nonce)) ||
	    !der_get(&ext, DER_OCTETS, &octets) || !der_at_end(&ext))
		return false;
	value = der_reader_of(octets);
	return der_get(&value, DER_OCTETS, nonce) && der_at_end(&value) && nonce->len >= 1 &&
	    nonce->len <= OCSP_NONCE_MAX;
}

bool
ocsp_tbs_read(struct der in, struct ocsp_answer *a, struct err *e)
{
	struct der_reader all = der_reader_of(in), r, id, list;
	struct der hash;
	bool ok;

	a->n = 0;
	a->nonce = (struct der){ NULL, 0 };
	ok = der_enter(&all, DER_SEQUENCE, &r) && der_at_end(&all) &&
	    der_enter(&r, DER_CONTEXT_CONS(2), &id) && der_get(&id, DER_OCTETS, &hash) && der_at_end(&id) &&
	    hash.len == OCSP_KEY_HASH_LEN && gentime_get(&r, &a->produced_at_s) &&
	    der_enter(&r, DER_SEQUENCE, &list) && !der_at_end(&list);
	if (ok)
		memcpy(a->responder, hash.p, hash.len);
	while (ok && !der_at_end(&list))
		ok = a->n < OCSP_SINGLES_MAX && single_read(&list, &a->singles[a->n++]);
	if (ok && !der_at_end(&r))
		ok = nonce_read(&r, &a->nonce) && der_at_end(&r);
	return ok || err_set(e, ERR_MALFORMED, "ocsp_response", "not a ResponseData of ours (RFC 6960 section 4.2.1)");
}

static bool
refuse(struct err *e, const char *why)
{
	return err_set(e, ERR_FORBIDDEN, "ocsp_refused", "OCSP response: %s", why);
}

static bool
single_check(const struct ocsp_single *s, const struct ocsp_rule *rule, struct err *e)
{
	struct ocsp_certid id;
	bool sha1;

	if (!ocsp_certid_parse(s->certid, &id) || id.hash == OCSP_OTHER_HASH)
		return refuse(e, "certificate id of a form that is not signed");
	sha1 = id.hash == OCSP_SHA1;
	if (!der_equal(id.name_hash, sha1 ? rule->name_sha1 : rule->name_sha256, sha1 ? 20 : 32) ||
	    !der_equal(id.key_hash, sha1 ? rule->key_sha1 : rule->key_sha256, sha1 ? 20 : 32))
		return refuse(e, "another issuer");
	if (s->next_update_s == OCSP_NO_TIME)
		return refuse(e, "no nextUpdate");
	if (s->this_update_s > rule->now_s + rule->skew_s)
		return refuse(e, "thisUpdate lies in the future");
	if (s->this_update_s < rule->now_s - rule->lifetime_s - rule->skew_s)
		return refuse(e, "thisUpdate is too old");
	if (s->next_update_s <= s->this_update_s || s->next_update_s - s->this_update_s > rule->lifetime_s)
		return refuse(e, "nextUpdate is later than allowed, or not after thisUpdate");
	if (s->status == OCSP_REVOKED && s->revoked_at_s > rule->now_s + rule->skew_s)
		return refuse(e, "revoked in the future");
	return true;
}

bool
ocsp_tbs_check(const struct ocsp_answer *a, const struct ocsp_rule *rule, struct err *e)
{
	if (memcmp(a->responder, rule->responder, OCSP_KEY_HASH_LEN) != 0)
		return refuse(e, "another responder's name");
	if (a->produced_at_s > rule->now_s + rule->skew_s || a->produced_at_s < rule->now_s - rule->skew_s)
		return refuse(e, "producedAt is not now");
	if (a->n == 0)
		return refuse(e, "empty");
	for (size_t i = 0; i < a->n; i++)
		if (!single_check(&a->singles[i], rule, e))
			return false;
	return true;
}

void
ocsp_response_make(struct der tbs, enum signature_algorithm algorithm, const uint8_t *sig, size_t sig_len,
    struct der certs, struct str *out)
{
	static const uint8_t successful = 0;
	struct der alg = signature_algorithm_der(algorithm);
	size_t cap = tbs.len + sig_len + certs.len + FRAME_MAX;
	uint8_t *buf = malloc(cap);
	struct der_writer w;

	if (buf == NULL)
		abort();
	w = der_writer(buf, cap);
	if (certs.len > 0) {
		der_put_raw(&w, certs.p, certs.len);
		der_wrap(&w, DER_SEQUENCE, 0);
		der_wrap(&w, DER_CONTEXT_CONS(0), 0);
	}
	der_put_octet_bits(&w, sig, sig_len);
	der_put_raw(&w, alg.p, alg.len);
	der_put_raw(&w, tbs.p, tbs.len);
	der_wrap(&w, DER_SEQUENCE, 0);
	der_wrap(&w, DER_OCTETS, 0);
	der_put(&w, DER_OID, oid_basic, sizeof(oid_basic));
	der_wrap(&w, DER_SEQUENCE, 0);
	der_wrap(&w, DER_CONTEXT_CONS(0), 0);
	der_put(&w, DER_ENUMERATED, &successful, 1);
	der_wrap(&w, DER_SEQUENCE, 0);
	append(&w, out);
	free(buf);
}

const uint8_t *
ocsp_error_response(enum ocsp_error status)
{
	static const uint8_t responses[][OCSP_ERROR_LEN] = {
		[OCSP_MALFORMED] = { 0x30, 0x03, 0x0a, 0x01, OCSP_MALFORMED },
		[OCSP_INTERNAL] = { 0x30, 0x03, 0x0a, 0x01, OCSP_INTERNAL },
		[OCSP_TRY_LATER] = { 0x30, 0x03, 0x0a, 0x01, OCSP_TRY_LATER },
		[OCSP_SIG_REQUIRED] = { 0x30, 0x03, 0x0a, 0x01, OCSP_SIG_REQUIRED },
		[OCSP_UNAUTHORIZED] = { 0x30, 0x03, 0x0a, 0x01, OCSP_UNAUTHORIZED },
	};

	return responses[status];
}
