/*
 * verify - is this certificate what it seems: chain, dates, purpose, key (RFC 5280 section 6).
 *
 * Revocation is not asked here: the domain knows it from the store.
 */
#ifndef X509_VERIFY_H
#define X509_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/own.h"
#include "x509/der.h"

struct secret;
struct trust;

enum verify_purpose {
	VERIFY_ANY,			/* chain and dates */
	VERIFY_CLIENT,			/* ... and usable as a TLS client's, 112 bits of strength at least */
	VERIFY_SERVER
};

/*
 * CA certificates that are believed, roots or not (a chain ends at the first of them).  Decoded
 * once, read-only afterwards: threads may share it.
 */
must_check bool trust_new(const struct der *, size_t n, struct trust **, struct err *);
/* The same from the text of a PEM file with any number of certificates, at least one. */
must_check bool trust_new_pem(const char *, size_t len, struct trust **, struct err *);
void trust_free(struct trust *);
OWN_TYPE(struct trust, trust_free)

/*
 * Does the certificate chain to one of the trusted at this time, by way of the given others?
 * ERR_INVALID with the reason in words; codes: "cert_der", "cert_expired", "cert_not_yet_valid",
 * "cert_untrusted", "cert_purpose", "cert_weak", "cert_invalid".
 */
must_check bool verify_chain(const struct trust *, struct der cert, const struct der *between, size_t between_n,
    enum verify_purpose, int64_t at_s, struct err *);

/* Does the PKCS#8 key belong to the certificate?  ERR_INVALID ("key_mismatch") when not. */
must_check bool verify_key(struct der cert, const struct secret *pkcs8, struct err *);

#endif
