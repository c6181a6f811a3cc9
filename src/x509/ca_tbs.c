#include "x509/ca.h"
#include "x509/profile/node_private.h"

/* A CA is believed a little before it was made: clocks of those who verify are not ours. */
#define BACKDATE_S 300
#define YEAR_S INT64_C(31556952)	/* mean Gregorian year */

static const uint8_t oid_ski[] = { 0x55, 0x1d, 0x0e }, oid_usage[] = { 0x55, 0x1d, 0x0f },
    oid_basic[] = { 0x55, 0x1d, 0x13 }, oid_aki[] = { 0x55, 0x1d, 0x23 };

static bool
put_extensions(struct der_writer *w, const struct ca_plan *plan, const struct issuer *parent,
    struct der key_bits, struct err *e)
{
	static const uint8_t sign_certs_and_crls[] = { DER_BITS, 2, 1, 0x06 };
	size_t all = der_mark(w), mark, len;
	uint8_t ski[20];

	if (!key_id(KEY_ID_SHA1, key_bits, ski, &len, e))
		return false;
	if (parent != NULL) {
		mark = der_mark(w);
		der_put(w, DER_CONTEXT(0), parent->ski.p, parent->ski.len);
		der_wrap(w, DER_SEQUENCE, mark);
		der_wrap_extension(w, oid_aki, false, mark);
	}
	mark = der_mark(w);
	der_put(w, DER_OCTETS, ski, len);
	der_wrap_extension(w, oid_ski, false, mark);
	mark = der_mark(w);
	der_put_raw(w, sign_certs_and_crls, sizeof(sign_certs_and_crls));
	der_wrap_extension(w, oid_usage, true, mark);
	mark = der_mark(w);
	if (plan->path_len >= 0)
		der_put_u64(w, DER_INTEGER, (uint64_t)plan->path_len);
	der_put_bool(w, true);
	der_wrap(w, DER_SEQUENCE, mark);
	der_wrap_extension(w, oid_basic, true, mark);
	der_wrap(w, DER_SEQUENCE, all);
	der_wrap(w, DER_CONTEXT_CONS(3), all);
	return true;
}

static bool
dates(const struct ca_plan *plan, const struct issuer *parent, int64_t now_s, int64_t *from, int64_t *to,
    struct err *e)
{
	*from = now_s - BACKDATE_S;
	*to = plan->years == 0 ? TIME_NEVER_S : *from + plan->years * YEAR_S - 1;
	if (*to > TIME_NEVER_S)
		*to = TIME_NEVER_S;
	if (parent == NULL)
		return true;
	if (*from < parent->not_before_s)
		*from = parent->not_before_s;
	if (*to > parent->not_after_s)
		*to = parent->not_after_s;
	if (*to <= now_s || *from > now_s)
		return err_set(e, ERR_CONFLICT, "issuer_expired",
		    "the parent of %s is not valid now", plan->id);
	return true;
}

bool
ca_tbs_build(const struct ca_plan *plan, const struct issuer *parent, struct der spki,
    const uint8_t serial[16], int64_t now_s, uint8_t *buf, size_t cap, struct der *out, struct err *e)
{
	static const uint8_t version3[] = { 0xa0, 0x03, 0x02, 0x01, 0x02 };
	struct der_writer w = der_writer(buf, cap);
	struct der algorithm = signature_algorithm_der(plan->signature);
	struct der issuer = parent == NULL ? plan->subject : parent->subject;
	struct key_info key;
	int64_t from, to;
	size_t mark;
	char text[24];

	if ((parent == NULL) != (plan->parent == NULL))
		return err_set(e, ERR_INVALID, "ca_parent", "%s %s", plan->id, plan->parent == NULL ?
		    "has no parent" : "needs its parent");
	if (!key_decode(spki, &key, e) || !key_on_curve(&key, e))
		return false;
	if (key.type.algorithm != plan->key.algorithm || key.type.bits != plan->key.bits)
		return err_set(e, ERR_INVALID, "ca_key", "the key of %s must be %s", plan->id,
		    key_type_text(plan->key, text));
	if (parent != NULL && signature_algorithm_key(plan->signature) != parent->key.algorithm)
		return err_set(e, ERR_INVALID, "issuer_algorithm", "the parent of %s cannot sign with %s",
		    plan->id, signature_algorithm_name(plan->signature));
	if (serial[0] == 0 || serial[0] >= 0x80)
		return err_set(e, ERR_INVALID, "serial", "a serial number has 16 octets and is positive");
	if (!dates(plan, parent, now_s, &from, &to, e))
		return false;
	if (!put_extensions(&w, plan, parent, key.bits, e))
		return false;
	der_put_raw(&w, spki.p, spki.len);
	der_put_raw(&w, plan->subject.p, plan->subject.len);
	mark = der_mark(&w);
	der_put_time(&w, to);
	der_put_time(&w, from);
	der_wrap(&w, DER_SEQUENCE, mark);
	der_put_raw(&w, issuer.p, issuer.len);
	der_put_raw(&w, algorithm.p, algorithm.len);
	der_put(&w, DER_INTEGER, serial, 16);
	der_put_raw(&w, version3, sizeof(version3));
	der_wrap(&w, DER_SEQUENCE, 0);
	if (!der_written(&w, out))
		return err_set(e, ERR_INTERNAL, "internal", "no room for a CA's certificate");
	return true;
}
