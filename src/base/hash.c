#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/str.h"

/* Fetched once: a look-up by name at each call costs more than a short message's hash. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *md;
static EVP_MAC *mac;

static void
fetch(void)
{
	md = EVP_MD_fetch(NULL, "SHA256", NULL);
	mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (md == NULL || mac == NULL)
		abort();
}

void
sha256(const void *p, size_t n, uint8_t out[SHA256_LEN])
{
	(void)pthread_once(&once, fetch);
	if (EVP_Digest(p, n, out, NULL, md, NULL) != 1)
		abort();
}

void
sha256_hex(const void *p, size_t n, char out[2 * SHA256_LEN + 1])
{
	uint8_t d[SHA256_LEN];

	sha256(p, n, d);
	hex_lower(d, sizeof(d), out);
}

void
hmac_sha256(const void *key, size_t key_len, const void *p, size_t n, uint8_t out[SHA256_LEN])
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string("digest", digest, sizeof(digest) - 1),
		OSSL_PARAM_END,
	};
	EVP_MAC_CTX *c;
	size_t len;

	(void)pthread_once(&once, fetch);
	c = EVP_MAC_CTX_new(mac);
	if (c == NULL || EVP_MAC_init(c, key_len > 0 ? key : (const void *)"", key_len, params) != 1 ||
	    EVP_MAC_update(c, p, n) != 1 || EVP_MAC_final(c, out, &len, SHA256_LEN) != 1 || len != SHA256_LEN)
		abort();
	EVP_MAC_CTX_free(c);
}

bool
octets_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}
