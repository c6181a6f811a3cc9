/* x509_make - CAs, keys and signatures for tests of certificates, through the library's plainest calls. */
#ifndef TESTS_X509_MAKE_H
#define TESTS_X509_MAKE_H

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/secret.h"
#include "base/str.h"
#include "x509/ca.h"
#include "x509/cert.h"
#include "x509/keypair.h"
#include "x509/profile/profile.h"
#include "x509/tbs.h"

struct made_key {
	EVP_PKEY	*pkey;
	uint8_t		 spki[2048];
	size_t		 len;
};

/* One RSA key a size is made and shared: making them is not what is tested here. */
__attribute__((unused))
static EVP_PKEY *
make_rsa(unsigned bits)
{
	static EVP_PKEY *made[5];
	size_t i = bits / 1024;

	if (i < 1 || i > 4)
		return NULL;
	if (made[i] == NULL) {
		OWN(keymaker_free) struct keymaker *maker = keymaker_new(RSAGEN_FAST);
		struct keypair pair = { 0 };
		struct err e = { 0 };
		const unsigned char *at;

		if (!keypair_make(maker, (struct key_type){ KEY_RSA, bits }, &pair, &e))
			return NULL;
		at = pair.pkcs8->p;
		made[i] = d2i_AutoPrivateKey(NULL, &at, (long)pair.pkcs8->len);
		keypair_clear(&pair);
	}
	if (made[i] != NULL)
		EVP_PKEY_up_ref(made[i]);
	return made[i];
}

__attribute__((unused))
static bool
make_key(struct key_type t, struct made_key *out)
{
	uint8_t *p = out->spki;
	int n;

	out->pkey = t.algorithm == KEY_RSA ? make_rsa(t.bits) :
	    EVP_PKEY_Q_keygen(NULL, NULL, "EC", t.bits == 256 ? "P-256" : t.bits == 384 ? "P-384" : "P-521");
	n = out->pkey == NULL ? 0 : i2d_PUBKEY(out->pkey, &p);
	out->len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

__attribute__((unused))
static struct der
made_spki(const struct made_key *k)
{
	return (struct der){ k->spki, k->len };
}

/* Signs a TBS and assembles; out has CERT_DER_MAX octets. */
__attribute__((unused))
static size_t
make_signed(EVP_PKEY *key, enum signature_algorithm a, struct der tbs, uint8_t *out)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t sig[1024], buf[CERT_DER_MAX];
	size_t n = sizeof(sig);
	struct der whole = { NULL, 0 };
	struct err e = { 0 };

	if (EVP_DigestSignInit_ex(md, NULL, signature_algorithm_digest(a), NULL, NULL, key, NULL) == 1 &&
	    EVP_DigestSign(md, sig, &n, tbs.p, tbs.len) == 1 &&
	    cert_assemble(tbs, a, sig, n, buf, sizeof(buf), &whole, &e))
		memcpy(out, whole.p, whole.len);
	EVP_MD_CTX_free(md);
	return whole.len;
}

/* A self-signed or subordinate CA after its plan. */
struct made_ca {
	struct made_key	key;
	uint8_t		der[CERT_DER_MAX];
	size_t		len;
	struct issuer	issuer;
};

__attribute__((unused)) static bool
make_ca(const struct ca_plan *plan, const struct made_ca *parent, int64_t now_s, struct made_ca *out,
    struct err *e)
{
	uint8_t buf[TBS_MAX], serial[16];
	struct der tbs;

	cert_serial_make(serial);
	if (!make_key(plan->key, &out->key) || !ca_tbs_build(plan, parent == NULL ? NULL : &parent->issuer,
	    made_spki(&out->key), serial, now_s, buf, sizeof(buf), &tbs, e))
		return false;
	out->len =
	    make_signed(parent == NULL ? out->key.pkey : parent->key.pkey, plan->signature, tbs, out->der);
	return out->len > 0 && issuer_load(out->der, out->len, &out->issuer, e);
}

__attribute__((unused))
static void
unmake_ca(struct made_ca *ca)
{
	EVP_PKEY_free(ca->key.pkey);
	ca->key.pkey = NULL;
}

/* A file under the source tree, whole, NUL-terminated; NULL when it cannot be read. */
__attribute__((unused))
static char *
read_source(const char *path, size_t *len)
{
	const char *root = getenv("CERTMILL_SOURCE");
	char name[2048];
	char *text = NULL;
	size_t cap = 1 << 20;
	FILE *f;

	(void)snprintf(name, sizeof(name), "%s/%s", root == NULL ? "." : root, path);
	f = fopen(name, "rb");
	if (f == NULL)
		return NULL;
	text = malloc(cap + 1);
	*len = text == NULL ? 0 : fread(text, 1, cap, f);
	(void)fclose(f);
	if (text != NULL)
		text[*len] = '\0';
	return text;
}

#endif
