#include "x509/ossl.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/secret.h"

OWN_TYPE(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)

bool
ossl_fail(struct err *e, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

	errno = 0;
	(void)err_sys(e, "%s: %s", what, reason != NULL ? reason : "libcrypto failed");
	ERR_clear_error();
	return false;
}

void
ossl_forget(void)
{
	ERR_clear_error();
}

BIGNUM *
bn_secret_new(int bits)
{
	BIGNUM *n = secret_room((size_t)bits / 8 + 64) ? BN_secure_new() : NULL;

	/* Grown now, for a number that grows later fails when secure memory has run out. */
	if (n != NULL && BN_set_bit(n, bits) == 1) {
		BN_zero(n);
		return n;
	}
	BN_free(n);
	ERR_clear_error();
	n = BN_new();
	if (n == NULL)
		abort();
	return n;
}

bool
pkey_from_pkcs8(const struct secret *pkcs8, EVP_PKEY **out, struct err *e)
{
	const uint8_t *p = pkcs8->p;
	OWN(PKCS8_PRIV_KEY_INFO_free) PKCS8_PRIV_KEY_INFO *info = NULL;
	EVP_PKEY *key = NULL;

	info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)pkcs8->len);
	if (info != NULL && p == pkcs8->p + pkcs8->len)
		key = EVP_PKCS82PKEY(info);
	if (key == NULL) {
		ERR_clear_error();
		return err_set(e, ERR_INVALID, "key_der", "not a private key in PKCS#8 form");
	}
	*out = key;
	return true;
}

bool
pkey_from_spki(struct der spki, EVP_PKEY **out, struct err *e)
{
	const uint8_t *p = spki.p;
	OWN(EVP_PKEY_free) EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki.len);

	if (key == NULL || p != spki.p + spki.len) {
		ERR_clear_error();
		return err_set(e, ERR_INVALID, "key_der", "not a public key we can use");
	}
	*out = give(key);
	return true;
}
