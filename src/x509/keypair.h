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
#include "x509/key.h"
#include "x509/rsa/rsagen.h"

struct secret;
struct keymaker;

#define KEYPAIR_SPKI_MAX 560		/* octets; RSA-4096 takes 550 */

struct keypair {
	struct secret	*pkcs8;		/* owned; PrivateKeyInfo, DER */
	uint8_t		 spki[KEYPAIR_SPKI_MAX];
	size_t		 spki_len;
};

struct keymaker *keymaker_new(enum rsagen_setting);
void keymaker_free(struct keymaker *);
OWN_TYPE(struct keymaker, keymaker_free)
/* From now on RSA keys are given up with ERR_RETRY "stopped" soon after stop(arg) becomes true (rsagen_stop). */
void keymaker_stop(struct keymaker *, bool (*stop)(void *), void *arg);

/* What can be made: EC 256 and 384; RSA 1024 (legacy profiles), 2048, 3072 and 4096. */
bool keypair_possible(struct key_type);
/*
 * A fresh pair.  *out is written on success only and is the caller's: keypair_clear.
 * ERR_INVALID ("key_type") when not possible; ERR_INTERNAL when a library fails.
 */
must_check bool keypair_make(struct keymaker *, struct key_type, struct keypair *out, struct err *);
/* Wipes and releases the contents; safe on { 0 }. */
void keypair_clear(struct keypair *);
#define OWN_KEYPAIR __attribute__((cleanup(keypair_clear)))

#endif
