#include <string.h>

#include "x509/cert.h"
#include "x509/csr.h"

static bool
ends_with(const char *s, size_t len, const char *what)
{
	size_t n = strlen(what);

	return len >= n && memcmp(s + len - n, what, n) == 0;
}

/* "PRIVATE KEY" after RSA, EC, ENCRYPTED, OPENSSH or nothing; "PGP PRIVATE KEY BLOCK". */
static bool
private_label(const char *label, size_t len)
{
	return ends_with(label, len, "PRIVATE KEY") || ends_with(label, len, "PRIVATE KEY BLOCK");
}

/* PKCS#8, PKCS#1 and SEC 1 begin with a version, PKCS#12 with 3, encrypted PKCS#8 with an algorithm. */
static bool
private_der(const void *p, size_t len)
{
	struct der_reader top = der_reader(p, len), seq, inner;
	struct der skipped;
	uint64_t version;
	bool pkcs1;

	if (!der_enter(&top, DER_SEQUENCE, &seq))
		return false;
	if (der_peek(&seq) == DER_SEQUENCE) {	/* EncryptedPrivateKeyInfo: algorithm, OCTET STRING, end */
		if (!der_enter(&seq, DER_SEQUENCE, &inner) || !der_get_oid(&inner, &skipped))
			return false;
		return der_get(&seq, DER_OCTETS, &skipped) && der_at_end(&seq);
	}
	if (!der_get_u64(&seq, &version))
		return false;
	pkcs1 = version <= 1 && der_peek(&seq) == DER_INTEGER;
	if (pkcs1) {				/* n, e, d: a public key has two integers only */
		for (int i = 0; i < 3; i++)
			if (!der_get_unsigned(&seq, &skipped))
				return false;
		return true;
	}
	if (version <= 1 && der_peek(&seq) == DER_OCTETS)
		return true;			/* ECPrivateKey */
	if (version <= 1 &&
	    der_peek(&seq) == DER_SEQUENCE) { /* OneAsymmetricKey; a request has a name and a key here */
		if (!der_enter(&seq, DER_SEQUENCE, &inner) || !der_get_oid(&inner, &skipped))
			return false;
		return der_peek(&seq) == DER_OCTETS;
	}
	return version == 3 && der_peek(&seq) == DER_SEQUENCE;	/* PFX */
}

bool
upload_has_private_key(const void *p, size_t len)
{
	struct pem_block b;
	size_t at = 0;

	if (private_der(p, len))
		return true;
	while (pem_next(p, len, &at, &b))
		if (private_label(b.label, b.label_len))
			return true;
	return false;
}

static bool
label_is(const struct pem_block *b, const char *what)
{
	return b->label_len == strlen(what) && memcmp(b->label, what, b->label_len) == 0;
}

/* Counts line ends up to the offset; \r\n and lone \r count once. */
static void
count_lines(struct csr_upload *u, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (u->text[i] == '\n' || (u->text[i] == '\r' && (i + 1 == u->len || u->text[i + 1] != '\n')))
			u->lines_seen++;
}

static enum csr_upload_step
private_key(struct err *e)
{
	(void)err_set(e, ERR_INVALID, "private_key_in_upload",
	    "the upload holds a private key; it was not kept. Treat that key as exposed and make a new one");
	return CSR_UPLOAD_BAD;
}

static enum csr_upload_step
whole_der(struct csr_upload *u, uint8_t *buf, size_t *len, struct err *e)
{
	u->at = u->len;
	u->line = 1;
	if (private_der(u->text, u->len))
		return private_key(e);
	if (u->len > CSR_DER_MAX) {
		(void)err_set(e, ERR_INVALID, "csr_too_large",
		    "a request of more than %d octets", CSR_DER_MAX);
		return CSR_UPLOAD_BAD;
	}
	memcpy(buf, u->text, u->len);
	*len = u->len;
	u->found++;
	return CSR_UPLOAD_REQUEST;
}

/* '0' begins a SEQUENCE as well as a text: a long length follows, or the SEQUENCE is all there is. */
static bool
looks_der(const struct csr_upload *u)
{
	struct der body;

	if (u->len < 2 || (uint8_t)u->text[0] != DER_SEQUENCE)
		return false;
	return ((uint8_t)u->text[1] & 0x80) != 0 || der_only(u->text, u->len, DER_SEQUENCE, &body);
}

static enum csr_upload_step
block(struct csr_upload *u, const struct pem_block *b, uint8_t *buf, size_t *len, struct err *e)
{
	u->found++;
	if (!b->ended) {
		(void)err_set(e, ERR_INVALID, "pem_end", "the request has no END line");
		return CSR_UPLOAD_BAD;
	}
	if (b->body_len > 2 * CSR_DER_MAX) {
		(void)err_set(e, ERR_INVALID, "csr_too_large",
		    "a request of more than %d octets", CSR_DER_MAX);
		return CSR_UPLOAD_BAD;
	}
	if (!pem_body(b, buf, CSR_DER_MAX, len)) {
		(void)err_set(e, ERR_INVALID, "pem_base64", "the request is not base64 (RFC 7468 section 3)");
		return CSR_UPLOAD_BAD;
	}
	return CSR_UPLOAD_REQUEST;
}

enum csr_upload_step
csr_upload_next(struct csr_upload *u, uint8_t *buf, size_t *len, struct err *e)
{
	struct pem_block b;
	size_t from = u->at;

	if (u->at == 0 && looks_der(u))
		return whole_der(u, buf, len, e);
	while (pem_next(u->text, u->len, &u->at, &b)) {
		count_lines(u, from, b.begin);
		u->line = u->lines_seen + 1;
		from = b.begin;
		if (private_label(b.label, b.label_len))
			return private_key(e);
		if (label_is(&b, "CERTIFICATE REQUEST") || label_is(&b, "NEW CERTIFICATE REQUEST")) {
			count_lines(u, from, u->at);
			return block(u, &b, buf, len, e);
		}
		u->skipped++;
		count_lines(u, from, u->at);
		from = u->at;
	}
	return CSR_UPLOAD_END;
}
