/*
 * signkey - a private key that signs, wherever it is kept.
 *
 * A store (file, PKCS#11 token) is a table of functions.  What one thread needs to sign is a `struct
 * signing`; they are kept for the next one, so that a signature costs no set-up.
 */
#ifndef SIGNER_SIGNKEY_H
#define SIGNER_SIGNKEY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/own.h"
#include "x509/key.h"

#define SIGNATURE_LEN_MAX	1024
#define DIGEST_LEN_MAX		64

struct signkey;
struct signing;
struct secret;

/* One kind of store. */
struct signkey_store {
	const char	*name;		/* "file", "pkcs11" */
	bool		(*begin)(void *key, enum signature_algorithm, void **ctx, struct err *);
	bool		(*sign)(void *ctx, const uint8_t *digest, size_t, uint8_t *sig, size_t *sig_len, struct err *);
	void		(*end)(void *ctx);
	void		(*free)(void *key);
};

/*
 * Takes over `key`.  The key has to be the one of this SubjectPublicKeyInfo: a signature is made and
 * verified.  ERR_INVALID key_mismatch.
 */
must_check bool signkey_new(const struct signkey_store *, void *key, struct der spki, struct signkey **, struct err *);
void signkey_free(struct signkey *);	/* no signing may be out */
OWN_TYPE(struct signkey, signkey_free)
const char *signkey_store_name(const struct signkey *);

/* ERR_INVALID signature_algorithm: not one of this key's. */
must_check bool signing_begin(struct signkey *, enum signature_algorithm, struct signing **, struct err *);
void signing_end(struct signing *);
OWN_TYPE(struct signing, signing_end)
/* *len is the room on entry.  ERR_UNAVAILABLE signkey_failed: the store did not sign. */
must_check bool signing_octets(struct signing *, const void *, size_t, uint8_t *sig, size_t *len, struct err *);
/* A digest that was made by the algorithm's hash. */
must_check bool signing_digest(struct signing *, const uint8_t *digest, size_t, uint8_t *sig, size_t *len,
    struct err *);

must_check bool signature_verify(struct der spki, enum signature_algorithm, const void *, size_t,
    const uint8_t *sig, size_t sig_len, struct err *);

/*
 * Store "file": PKCS#8 in secure memory; `key` of signkey_new is made inside.
 */
must_check bool signkey_from_pkcs8(const struct secret *pkcs8, struct der spki, struct signkey **, struct err *);

#endif
