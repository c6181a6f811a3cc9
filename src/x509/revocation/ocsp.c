#include "x509/revocation/ocsp.h"

#include <string.h>

#include "base/own.h"

#define SHA1_LEN	20
#define SHA256_OCTETS	32
#define OTHER_LEN_MAX	64
#define EXTENSIONS_MAX	16

static const uint8_t oid_sha1[] = { 0x2b, 0x0e, 0x03, 0x02, 0x1a };
static const uint8_t oid_sha256[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01 };
static const uint8_t oid_nonce[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02 };

static bool
malformed(struct err *e, const char *what)
{
	return err_set(e, ERR_MALFORMED, "ocsp_malformed", "OCSP request: %s", what);
}

static bool
algorithm_read(struct der_reader *r, enum ocsp_hash *hash)
{
	struct der_reader alg;
	struct der oid;

	if (!der_enter(r, DER_SEQUENCE, &alg) || !der_get_oid(&alg, &oid))
		return false;
	if (!der_at_end(&alg) && !(der_get_null(&alg) && der_at_end(&alg)))
		return false;
	if (der_equal(oid, oid_sha1, sizeof(oid_sha1)))
		*hash = OCSP_SHA1;
	else if (der_equal(oid, oid_sha256, sizeof(oid_sha256)))
		*hash = OCSP_SHA256;
	else
		*hash = OCSP_OTHER_HASH;
	return true;
}

bool
ocsp_certid_parse(struct der whole, struct ocsp_certid *out)
{
	struct der_reader all = der_reader_of(whole), r;
	struct ocsp_certid id = { .whole = whole };
	size_t len;

	if (!der_enter(&all, DER_SEQUENCE, &r) || !der_at_end(&all) || !algorithm_read(&r, &id.hash) ||
	    !der_get(&r, DER_OCTETS, &id.name_hash) || !der_get(&r, DER_OCTETS, &id.key_hash) ||
	    !der_get_unsigned(&r, &id.serial) || !der_at_end(&r))
		return false;
	len = id.hash == OCSP_SHA1 ? SHA1_LEN : id.hash == OCSP_SHA256 ? SHA256_OCTETS : id.name_hash.len;
	if (len == 0 || len > OTHER_LEN_MAX || id.name_hash.len != len || id.key_hash.len != len ||
	    id.serial.len > OCSP_SERIAL_MAX)
		return false;
	*out = id;
	return true;
}

/* One Extension; `value` is the content of its OCTET STRING. */
static bool
extension_read(struct der_reader *r, struct der *oid, bool *critical, struct der *value)
{
	struct der_reader ext;

	*critical = false;
	return der_enter(r, DER_SEQUENCE, &ext) && der_get_oid(&ext, oid) &&
	    (der_peek(&ext) != DER_BOOLEAN || der_get_bool(&ext, critical)) &&
	    der_get(&ext, DER_OCTETS, value) && der_at_end(&ext);
}

static bool
nonce_read(struct der value, struct der *nonce)
{
	struct der_reader r = der_reader_of(value);

	return der_get(&r, DER_OCTETS, nonce) && der_at_end(&r) && nonce->len >= 1 && nonce->len <= OCSP_NONCE_MAX;
}

/*
 * Extensions behind an explicit tag.  A nonce goes to *nonce (NULL: it means nothing here); what is
 * critical and not known is refused, the rest is passed over; none may come twice.
 */
static bool
extensions_read(struct der_reader *r, uint8_t tag, struct der *nonce, struct err *e)
{
	struct der_reader outer, list;
	struct der oids[EXTENSIONS_MAX];
	size_t n = 0;

	if (!der_enter(r, tag, &outer) || !der_enter(&outer, DER_SEQUENCE, &list) || !der_at_end(&outer) ||
	    der_at_end(&list))
		return malformed(e, "extensions");
	for (; !der_at_end(&list); n++) {
		struct der value;
		bool critical;

		if (n == EXTENSIONS_MAX || !extension_read(&list, &oids[n], &critical, &value))
			return malformed(e, "extension");
		for (size_t i = 0; i < n; i++)
			if (der_equal(oids[i], oids[n].p, oids[n].len))
				return malformed(e, "an extension comes twice");
		if (nonce != NULL && der_equal(oids[n], oid_nonce, sizeof(oid_nonce))) {
			if (!nonce_read(value, nonce))
				return malformed(e, "nonce of other than 1 to 128 octets (RFC 9654 section 2.1)");
		} else if (critical) {
			return malformed(e, "unknown critical extension");
		}
	}
	return true;
}

static bool
request_read(struct der_reader *list, struct ocsp_request *q, struct err *e)
{
	struct der_reader one;
	struct der id;

	if (q->n == OCSP_SINGLES_MAX)
		return malformed(e, "too many certificates in one request");
	if (!der_enter(list, DER_SEQUENCE, &one) || !der_get_whole(&one, DER_SEQUENCE, &id) ||
	    !ocsp_certid_parse(id, &q->ids[q->n]))
		return malformed(e, "CertID");
	if (der_peek(&one) == DER_CONTEXT_CONS(0) && !extensions_read(&one, DER_CONTEXT_CONS(0), NULL, e))
		return false;
	if (!der_at_end(&one))
		return malformed(e, "octets behind a CertID");
	q->n++;
	return true;
}

/* Version v1 and the requestor's name, both of no consequence. */
static bool
preamble_read(struct der_reader *tbs)
{
	struct der_reader inner;
	struct der_item name;
	uint64_t version;

	if (der_peek(tbs) == DER_CONTEXT_CONS(0) && !(der_enter(tbs, DER_CONTEXT_CONS(0), &inner) &&
	    der_get_u64(&inner, &version) && der_at_end(&inner) && version == 0))
		return false;
	return der_peek(tbs) != DER_CONTEXT_CONS(1) || (der_enter(tbs, DER_CONTEXT_CONS(1), &inner) &&
	    der_next(&inner, &name) && (name.tag & 0xc0) == 0x80 && der_at_end(&inner));
}

/* optionalSignature: its form alone. */
static bool
signature_read(struct der_reader *r)
{
	struct der_reader outer, sig, certs;
	struct der alg, bits;
	unsigned unused;

	if (!der_enter(r, DER_CONTEXT_CONS(0), &outer) || !der_enter(&outer, DER_SEQUENCE, &sig) ||
	    !der_at_end(&outer) || !der_get_whole(&sig, DER_SEQUENCE, &alg) || !der_get_bits(&sig, &bits, &unused))
		return false;
	if (der_peek(&sig) == DER_CONTEXT_CONS(0) && !(der_enter(&sig, DER_CONTEXT_CONS(0), &certs) &&
	    der_get(&certs, DER_SEQUENCE, &bits) && der_at_end(&certs)))
		return false;
	return der_at_end(&sig);
}

bool
ocsp_request_parse(struct der in, struct ocsp_request *q, struct err *e)
{
	struct der_reader all = der_reader_of(in), r, tbs, list;

	q->n = 0;
	q->nonce = (struct der){ NULL, 0 };
	if (in.len > OCSP_REQUEST_MAX)
		return malformed(e, "longer than 16384 octets");
	if (!der_enter(&all, DER_SEQUENCE, &r) || !der_at_end(&all) || !der_enter(&r, DER_SEQUENCE, &tbs))
		return malformed(e, "not an OCSPRequest");
	if (!preamble_read(&tbs) || !der_enter(&tbs, DER_SEQUENCE, &list))
		return malformed(e, "TBSRequest");
	while (!der_at_end(&list))
		if (!request_read(&list, q, e))
			return false;
	if (q->n == 0)
		return malformed(e, "no certificate is asked for");
	if (der_peek(&tbs) == DER_CONTEXT_CONS(2) && !extensions_read(&tbs, DER_CONTEXT_CONS(2), &q->nonce, e))
		return false;
	if (!der_at_end(&tbs))
		return malformed(e, "octets behind TBSRequest");
	if (!der_at_end(&r) && !(signature_read(&r) && der_at_end(&r)))
		return malformed(e, "signature");
	return true;
}
