#include "signer/keyfile.h"

#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/rand.h"
#include "base/secret.h"
#include "signer/files.h"
#include "x509/cert.h"
#include "x509/ossl.h"

#define LABEL	"ENCRYPTED PRIVATE KEY"
#define SCRYPT_N 4096
#define SCRYPT_R 8
#define SCRYPT_P 1
#define SALT_LEN 16

OWN_TYPE(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)
OWN_TYPE(X509_SIG, X509_SIG_free)
OWN_TYPE(X509_ALGOR, X509_ALGOR_free)

/* The line end of a text file is no part of the key. */
bool
kek_load(const char *path, struct secret **out, struct err *e)
{
	OWN(secret_free) struct secret *s = NULL;

	if (!file_read_secret(path, 4096, &s, e))
		return false;
	while (s->len > 0 && (s->p[s->len - 1] == '\n' || s->p[s->len - 1] == '\r'))
		s->p[--s->len] = '\0';
	if (s->len < 32)
		return err_set(e, ERR_INVALID, "kek_short",
		    "the key-encryption key %.100s has under 32 octets; make one with `openssl rand -hex 32`", path);
	*out = give(s);
	return true;
}

bool
kek_make(const char *path, struct err *e)
{
	uint8_t raw[32];
	char text[KEK_LEN + 2];
	bool ok;

	rand_octets(raw, sizeof(raw));
	hex_lower(raw, sizeof(raw), text);
	text[KEK_LEN] = '\n';
	ok = file_write_new(path, 0600, text, KEK_LEN + 1, e);
	wipe(raw, sizeof(raw));
	wipe(text, sizeof(text));
	return ok;
}

bool
key_seal(const struct secret *kek, const struct secret *pkcs8, struct str *pem, struct err *e)
{
	OWN(PKCS8_PRIV_KEY_INFO_free) PKCS8_PRIV_KEY_INFO *info = NULL;
	OWN(X509_ALGOR_free) X509_ALGOR *pbe = NULL;
	OWN(X509_SIG_free) X509_SIG *sealed = NULL;
	const unsigned char *p = pkcs8->p;
	uint8_t salt[SALT_LEN];
	unsigned char *der = NULL;
	int len;

	rand_octets(salt, sizeof(salt));
	info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)pkcs8->len);
	pbe = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt, sizeof(salt), NULL, SCRYPT_N, SCRYPT_R, SCRYPT_P);
	if (info == NULL || pbe == NULL)
		return ossl_fail(e, "seal a key");
	sealed = PKCS8_set0_pbe((const char *)kek->p, (int)kek->len, info, pbe);
	if (sealed == NULL)
		return ossl_fail(e, "seal a key");
	(void)give(pbe);		/* the sealed key's now */
	len = i2d_X509_SIG(sealed, &der);
	if (len <= 0)
		return ossl_fail(e, "seal a key");
	pem_encode(LABEL, der, (size_t)len, pem);
	OPENSSL_free(der);
	return true;
}

bool
key_open(const struct secret *kek, const char *pem, size_t pem_len, struct secret **out, struct err *e)
{
	OWN(X509_SIG_free) X509_SIG *sealed = NULL;
	OWN(PKCS8_PRIV_KEY_INFO_free) PKCS8_PRIV_KEY_INFO *info = NULL;
	OWN(secret_free) struct secret *s = NULL;
	uint8_t buf[8192];
	const unsigned char *p = buf;
	unsigned char *to;
	size_t len;
	int n;

	if (!pem_decode(pem, pem_len, LABEL, buf, sizeof(buf), &len, e))
		return false;
	sealed = d2i_X509_SIG(NULL, &p, (long)len);
	if (sealed == NULL || p != buf + len
	    || (info = PKCS8_decrypt(sealed, (const char *)kek->p, (int)kek->len)) == NULL) {
		ossl_forget();
		return err_set(e, ERR_INVALID, "key_sealed", "the key does not open with this key-encryption key");
	}
	n = i2d_PKCS8_PRIV_KEY_INFO(info, NULL);
	if (n <= 0)
		return ossl_fail(e, "open a key");
	s = secret_new((size_t)n);
	to = s->p;
	if (i2d_PKCS8_PRIV_KEY_INFO(info, &to) != n)
		return ossl_fail(e, "open a key");
	*out = give(s);
	return true;
}

bool
key_open_file(const struct secret *kek, const char *path, struct secret **out, struct err *e)
{
	OWN(secret_free) struct secret *pem = NULL;

	if (!file_read_secret(path, 16384, &pem, e))
		return false;
	if (!key_open(kek, (const char *)pem->p, pem->len, out, e))
		return err_in(e, "%s", path);
	return true;
}
