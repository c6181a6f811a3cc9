/*
 * p12_keys - inside p12: what encrypts and authenticates one file.
 */
#ifndef X509_P12_KEYS_H
#define X509_P12_KEYS_H

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "x509/der.h"
#include "x509/p12/p12.h"

#define P12_SALT_MODERN		32	/* octets */
#define P12_SALT_COMPATIBLE	8	/* what pbeWithSHA1... readers have always been given */
#define P12_SALT_MAX		32
#define P12_KEY_MAX		32
#define P12_IV_MAX		16
#define P12_MAC_MAX		32

/* How a mode looks; constant. */
struct p12_form {
	const char	*cipher, *digest;	/* libcrypto's names */
	size_t		 key_len, iv_len, salt_len, mac_len;
	bool		 pbes2;
	struct der	 digest_alg;		/* AlgorithmIdentifier, whole */
};

struct p12_bag_key {
	uint8_t	salt[P12_SALT_MAX];
	uint8_t	key[P12_KEY_MAX];
	uint8_t	iv[P12_IV_MAX];
};

struct p12_mac_key {
	uint8_t	salt[P12_SALT_MAX];
	uint8_t	key[P12_MAC_MAX];
};

struct p12_keys {
	struct p12_bag_key	certs, key;
	struct p12_mac_key	mac;
};

/* Derivation contexts of one digest. */
struct p12_kdf {
	EVP_KDF_CTX	*pbkdf2;	/* modern only */
	EVP_KDF_CTX	*pkcs12;
};

const struct p12_form *p12_form(enum p12_mode);
const struct p12_setting *p12_batch_setting(const struct p12_batch *);
must_check bool p12_kdf_init(struct p12_kdf *, const struct p12_form *, struct err *);
void p12_kdf_clear(struct p12_kdf *);
/* Everything for one more file of the batch; the caller wipes it. */
must_check bool p12_keys_make(const struct p12_batch *, struct p12_kdf *, struct p12_keys *, struct err *);

#endif
