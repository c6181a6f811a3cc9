/*
 * ossl - libcrypto's objects as owned locals, its failures as ours, its big numbers kept secret.
 */
#ifndef X509_OSSL_H
#define X509_OSSL_H

#include <openssl/bn.h>
#include <openssl/evp.h>

#include "base/err.h"
#include "base/own.h"
#include "x509/der.h"

OWN_TYPE(BN_CTX, BN_CTX_free)
OWN_TYPE(EVP_PKEY, EVP_PKEY_free)
OWN_TYPE(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
OWN_TYPE(EVP_MD_CTX, EVP_MD_CTX_free)

struct secret;

/* ERR_INTERNAL with libcrypto's last reason in the trail; empties its queue.  Always false. */
bool ossl_fail(struct err *, const char *what);
/* Forgets libcrypto's errors, where a failure is an answer and not a fault. */
void ossl_forget(void);

/* A zero with room for `bits`, in secure memory while there is some; BN_clear_free wipes it. */
BIGNUM *bn_secret_new(int bits);

/* From PrivateKeyInfo and SubjectPublicKeyInfo.  ERR_INVALID ("key_der") when it is none. */
must_check bool pkey_from_pkcs8(const struct secret *, EVP_PKEY **, struct err *);
must_check bool pkey_from_spki(struct der spki, EVP_PKEY **, struct err *);

#endif
