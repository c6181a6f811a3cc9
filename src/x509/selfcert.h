/* selfcert - a fresh P-256 key with a certificate it signs itself, for our own hosts and operators. */
#ifndef X509_SELFCERT_H
#define X509_SELFCERT_H

#include <openssl/x509.h>

#include "x509/ossl.h"

struct str;

OWN_TYPE(X509, X509_free)

/*
 * `usage` as X509V3_EXT_conf has it, "digitalSignature".  CA:FALSE, a subjectKeyIdentifier, valid from two
 * days ago, for clocks differ and are set back, to not_after_s.  The certificate is appended to *cert.
 */
must_check bool selfcert_make(const char *name, const char *usage, int64_t not_after_s, struct secret **pkcs8,
    struct str *cert, struct err *);

/* A certificate from its DER and nothing behind it.  ERR_INVALID ("cert_der"). */
must_check bool x509_from_der(struct der, X509 **, struct err *);

#endif
