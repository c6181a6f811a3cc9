#include "signer/delegate/delegate_cert.h"

#include <string.h>

#include "x509/revocation/ocsp.h"

static const uint8_t oid_cn[] = { 0x55, 0x04, 0x03 };
static const uint8_t oid_aki[] = { 0x55, 0x1d, 0x23 };
static const uint8_t oid_ski[] = { 0x55, 0x1d, 0x0e };
static const uint8_t oid_ku[] = { 0x55, 0x1d, 0x0f };
static const uint8_t oid_eku[] = { 0x55, 0x1d, 0x25 };
static const uint8_t oid_ocsp_signing[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09 };
static const uint8_t oid_nocheck[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x05 };

/* Closes an extension whose value was written since the mark. */
static void
extension_end(struct der_writer *w, const uint8_t *oid, size_t oid_len, bool critical, size_t mark)
{
	der_wrap(w, DER_OCTETS, mark);
	if (critical)
		der_put_bool(w, true);
	der_put(w, DER_OID, oid, oid_len);
	der_wrap(w, DER_SEQUENCE, mark);
}

static void
put_extensions(struct der_writer *w, const struct ca *ca, const uint8_t key_hash[OCSP_KEY_HASH_LEN])
{
	const size_t all = der_mark(w);
	size_t m;

	m = der_mark(w);
	der_put(w, DER_NULL, NULL, 0);
	extension_end(w, oid_nocheck, sizeof(oid_nocheck), false, m);
	m = der_mark(w);
	der_put(w, DER_OID, oid_ocsp_signing, sizeof(oid_ocsp_signing));
	der_wrap(w, DER_SEQUENCE, m);
	extension_end(w, oid_eku, sizeof(oid_eku), false, m);
	m = der_mark(w);
	der_put(w, DER_BITS, "\x07\x80", 2);		/* digitalSignature */
	extension_end(w, oid_ku, sizeof(oid_ku), true, m);
	m = der_mark(w);
	der_put(w, DER_OCTETS, key_hash, OCSP_KEY_HASH_LEN);
	extension_end(w, oid_ski, sizeof(oid_ski), false, m);
	m = der_mark(w);
	der_put(w, DER_CONTEXT(0), ca->issuer.ski.p, ca->issuer.ski.len);
	der_wrap(w, DER_SEQUENCE, m);
	extension_end(w, oid_aki, sizeof(oid_aki), false, m);
	der_wrap(w, DER_SEQUENCE, all);
	der_wrap(w, DER_CONTEXT_CONS(3), all);
}

static void
put_subject(struct der_writer *w, const struct ca *ca)
{
	const size_t m = der_mark(w);
	char cn[64 + 1];

	snprintf(cn, sizeof(cn), "OCSP %.56s", ca->id);
	der_put(w, DER_UTF8, cn, strlen(cn));
	der_put(w, DER_OID, oid_cn, sizeof(oid_cn));
	der_wrap(w, DER_SEQUENCE, m);
	der_wrap(w, DER_SET, m);
	der_wrap(w, DER_SEQUENCE, m);
}

static bool
build(const struct ca *ca, struct der spki, const uint8_t serial[16], int64_t from_s, int64_t to_s, uint8_t *buf,
    size_t cap, struct der *out, struct err *e)
{
	const struct der algorithm = signature_algorithm_der(signature_natural(ca->issuer.key));
	struct der_writer w = der_writer(buf, cap);
	const size_t all = der_mark(&w);
	uint8_t key_hash[OCSP_KEY_HASH_LEN];
	size_t m;

	if (!ocsp_key_hash(spki, key_hash))
		return err_set(e, ERR_INVALID, "key_form", "not a public key");
	put_extensions(&w, ca, key_hash);
	der_put_raw(&w, spki.p, spki.len);
	put_subject(&w, ca);
	m = der_mark(&w);
	der_put_time(&w, to_s);
	der_put_time(&w, from_s);
	der_wrap(&w, DER_SEQUENCE, m);
	der_put_raw(&w, ca->issuer.subject.p, ca->issuer.subject.len);
	der_put_raw(&w, algorithm.p, algorithm.len);
	der_put_unsigned(&w, serial, 16);
	m = der_mark(&w);
	der_put_u64(&w, DER_INTEGER, 2);
	der_wrap(&w, DER_CONTEXT_CONS(0), m);
	der_wrap(&w, DER_SEQUENCE, all);
	return der_written(&w, out) || err_set(e, ERR_INTERNAL, "internal", "delegate certificate does not fit");
}

bool
delegate_cert_make(const struct ca *ca, struct der spki, int64_t now_s, int64_t life_s, struct journal *journal,
    struct str *out, struct err *e)
{
	OWN(journal_claim_free) struct journal_claim *claim = NULL;
	OWN(signing_end) struct signing *signing = NULL;
	const enum signature_algorithm a = signature_natural(ca->issuer.key);
	struct journal_record r = { .kind = JOURNAL_OWN, .serial.len = 16, .ca = ca->issuer.ski };
	int64_t from_s = now_s - DELEGATE_BACKDATE_S, to_s = now_s + life_s;
	uint8_t tbs_buf[4096], cert_buf[4096 + SIGNATURE_LEN_MAX], sig[SIGNATURE_LEN_MAX];
	size_t sig_len = sizeof(sig);
	struct der tbs, cert;
	bool taken;

	if (from_s < ca->issuer.not_before_s)
		from_s = ca->issuer.not_before_s;
	if (to_s > ca->issuer.not_after_s)
		to_s = ca->issuer.not_after_s;
	if (to_s <= now_s)
		return err_set(e, ERR_CONFLICT, "issuer_expired", "CA %s has expired", ca->id);
	cert_serial_make(r.serial.b);
	if (!build(ca, spki, r.serial.b, from_s, to_s, tbs_buf, sizeof(tbs_buf), &tbs, e)
	    || !journal_claim(journal, &r.serial, 1, &taken, &claim, e))
		return false;
	if (taken)
		return err_set(e, ERR_RETRY, "serial_used", "the serial number was used before");
	if (!signing_begin(ca->key, a, &signing, e) || !signing_octets(signing, tbs.p, tbs.len, sig, &sig_len, e)
	    || !cert_assemble(tbs, a, sig, sig_len, cert_buf, sizeof(cert_buf), &cert, e))
		return false;
	r.data = cert;
	if (!journal_append(journal, &r, 1, e))
		return false;
	str_add(out, cert.p, cert.len);
	return true;
}

bool
delegate_cert_check(const struct ca *ca, struct der der, struct cert *out, struct err *e)
{
	const struct der eku_oid = { oid_eku, sizeof(oid_eku) };
	struct cert_extension eku;
	struct der_reader r, list;
	struct der purpose;

	if (!cert_decode(der.p, der.len, out, e))
		return false;
	if (!der_equal(out->issuer, ca->issuer.subject.p, ca->issuer.subject.len)
	    || !signature_verify(ca->issuer.spki, out->signature_algorithm, out->tbs.p, out->tbs.len,
		out->signature.p, out->signature.len, e))
		return err_set(e, ERR_INVALID, "ocsp_certificate", "the certificate was not issued by CA %s", ca->id);
	if (cert_extension_find(out, eku_oid, &eku)) {
		r = der_reader_of(eku.value);
		if (der_enter(&r, DER_SEQUENCE, &list))
			while (der_get_oid(&list, &purpose))
				if (der_equal(purpose, oid_ocsp_signing, sizeof(oid_ocsp_signing)))
					return true;
	}
	return err_set(e, ERR_INVALID, "ocsp_certificate", "the certificate is not for OCSP signing");
}
