/*
 * seal - small secrets encrypted to hosts, and documents signed by an operator's key (CMS, RFC 5652).
 *
 * Sealed: AuthEnvelopedData with AES-256-GCM (RFC 5083, 5084); recipients with an EC key by
 * ephemeral ECDH and AES-256 key wrap (RFC 5753), with an RSA key by OAEP with SHA-256 (RFC 3560).
 * Signed: SignedData with the document inside, one signer, SHA-256 or the curve's own hash.
 */
#ifndef X509_SEAL_H
#define X509_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "x509/der.h"

struct secret;
struct str;

#define SEAL_SECRET_MAX		4096	/* octets that can be sealed */
#define SEAL_RECIPIENTS_MAX	256
#define SIGNED_DOC_MAX		(4u << 20)

/* A host's sealing key (P-256) as PKCS#8 and a self-signed certificate for keyAgreement, valid from now to not_after_s. */
must_check bool seal_host_make(const char *name, int64_t not_after_s, struct secret **pkcs8, struct str *cert,
    struct err *);

/* Appends the sealed DER to *out; any one of the recipients can open it. */
must_check bool seal_make(const struct secret *, const struct der *recipients, size_t n, struct str *out,
    struct err *);
/* ERR_MALFORMED: not ours to read; ERR_FORBIDDEN ("seal_recipient"): sealed to others; ERR_INVALID: altered. */
must_check bool seal_open(struct der sealed, const struct secret *pkcs8, struct der cert, struct secret **,
    struct err *);
/* Is this certificate one of the recipients?  For the rotation of keys. */
must_check bool seal_is_for(struct der sealed, struct der cert, bool *yes, struct err *);

/* An operator's signing key (P-256) and its self-signed certificate for digitalSignature. */
must_check bool signed_doc_key_make(const char *name, int64_t not_after_s, struct secret **pkcs8, struct str *cert,
    struct err *);
/* Appends the signed document to *out. */
must_check bool signed_doc_make(const struct secret *pkcs8, struct der signer_cert, const void *doc, size_t len,
    struct str *out, struct err *);
/*
 * Appends the document to *out when one of the trusted certificates signed it: exactly that
 * certificate, valid now; certificates inside the message are not believed.  *by is its index.
 * ERR_MALFORMED: no SignedData; ERR_FORBIDDEN ("signed_doc_signer"): somebody else's, or altered.
 */
must_check bool signed_doc_open(struct der signed_doc, const struct der *trusted, size_t n, struct str *out,
    size_t *by, struct err *);

#endif
