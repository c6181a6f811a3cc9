/*
 * keypair - key pairs made for devices.
 *
 * A `struct keymaker` keeps the contexts of one thread: make one a thread, they share nothing.
 * The private key leaves as PKCS#8 PrivateKeyInfo (RFC 5958 version 0) in secure memory, the
 * public one as SubjectPublicKeyInfo (RFC 5280, 3279, 5480), both written by our DER writer.
 */
#ifndef X509_KEYPAIR_H
#define X509_KEYPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/own.h"
#include "x509/rsagen.h"

struct secret;
struct keymaker;

enum keypair_kind {
	KEYPAIR_P256,
	KEYPAIR_P384,
	KEYPAIR_RSA_1024,		/* legacy cable profiles only */
	KEYPAIR_RSA_2048,
	KEYPAIR_RSA_3072,
	KEYPAIR_RSA_4096
};

#define KEYPAIR_SPKI_MAX 560		/* octets; RSA-4096 takes 550 */

struct keypair {
	struct secret	*pkcs8;		/* owned; PrivateKeyInfo, DER */
	uint8_t		 spki[KEYPAIR_SPKI_MAX];
	size_t		 spki_len;
};

/* "p256", "p384", "rsa1024" ... ; NULL for no such kind. */
const char *keypair_kind_name(enum keypair_kind);
must_check bool keypair_kind_parse(const char *, enum keypair_kind *);

struct keymaker *keymaker_new(enum rsagen_setting);
void keymaker_free(struct keymaker *);
OWN_TYPE(struct keymaker, keymaker_free)

/*
 * A fresh pair.  *out is written on success only and is the caller's: keypair_clear.
 * ERR_INTERNAL when the library fails; a machine without randomness aborts.
 */
must_check bool keypair_make(struct keymaker *, enum keypair_kind, struct keypair *out, struct err *);
/* Wipes and releases the contents; safe on { 0 }. */
void keypair_clear(struct keypair *);

#endif
