#include "signer/signkey.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <string.h>

#include "base/rand.h"
#include "base/secret.h"
#include "x509/ossl.h"

#define KEPT_MAX 32			/* idle contexts a key keeps */

struct signing {
	struct signkey		*key;
	enum signature_algorithm algorithm;
	void			*ctx;
	EVP_MD_CTX		*md;
	const EVP_MD		*hash;
	struct signing		*next;
};

struct signkey {
	const struct signkey_store *store;
	void			*key;
	enum key_algorithm	 algorithm;
	pthread_mutex_t		 lock;
	struct signing		*idle;
	size_t			 n_idle;
};

static const EVP_MD *
hash_of(enum signature_algorithm a)
{
	const char *name = signature_algorithm_digest(a);

	return name == NULL ? NULL : EVP_get_digestbyname(name);
}

bool
signature_verify(struct der spki, enum signature_algorithm a, const void *p, size_t len, const uint8_t *sig,
    size_t sig_len, struct err *e)
{
	OWN(EVP_MD_CTX_free) EVP_MD_CTX *md = EVP_MD_CTX_new();
	OWN(EVP_PKEY_free) EVP_PKEY *pkey = NULL;

	if (md == NULL)
		abort();
	if (!pkey_from_spki(spki, &pkey, e))
		return false;
	if (EVP_DigestVerifyInit(md, NULL, hash_of(a), NULL, pkey) != 1
	    || EVP_DigestVerify(md, sig, sig_len, p, len) != 1) {
		ossl_forget();
		return err_set(e, ERR_INVALID, "signature_wrong", "the signature is not this key's");
	}
	return true;
}

/* One signature, made and verified: the key is there, works, and belongs to the certificate. */
static bool
try_key(struct signkey *k, struct der spki, struct err *e)
{
	OWN(signing_end) struct signing *s = NULL;
	uint8_t text[48], sig[SIGNATURE_LEN_MAX];
	size_t sig_len = sizeof(sig);
	struct key_info info;
	enum signature_algorithm a;

	if (!key_decode(spki, &info, e))
		return false;
	k->algorithm = info.type.algorithm;
	a = signature_natural(info.type);
	rand_octets(text, sizeof(text));
	if (!signing_begin(k, a, &s, e) || !signing_octets(s, text, sizeof(text), sig, &sig_len, e))
		return false;
	if (!signature_verify(spki, a, text, sizeof(text), sig, sig_len, e))
		return err_set(e, ERR_INVALID, "key_mismatch", "the private key is not the certificate's");
	return true;
}

bool
signkey_new(const struct signkey_store *store, void *key, struct der spki, struct signkey **out, struct err *e)
{
	OWN(signkey_free) struct signkey *k = calloc(1, sizeof(*k));

	if (k == NULL)
		abort();
	k->store = store;
	k->key = key;
	pthread_mutex_init(&k->lock, NULL);
	if (!try_key(k, spki, e))
		return false;
	*out = give(k);
	return true;
}

static void
signing_release(struct signing *s)
{
	if (s->ctx != NULL)
		s->key->store->end(s->ctx);
	EVP_MD_CTX_free(s->md);
	free(s);
}

void
signkey_free(struct signkey *k)
{
	while (k->idle != NULL) {
		struct signing *s = k->idle;

		k->idle = s->next;
		signing_release(s);
	}
	k->store->free(k->key);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

const char *
signkey_store_name(const struct signkey *k)
{
	return k->store->name;
}

bool
signing_begin(struct signkey *k, enum signature_algorithm a, struct signing **out, struct err *e)
{
	struct signing *s = NULL;

	if (a == SIGNATURE_NONE || signature_algorithm_key(a) != k->algorithm)
		return err_set(e, ERR_INVALID, "signature_algorithm", "%s is no signature of an %s key",
		    a == SIGNATURE_NONE ? "none" : signature_algorithm_name(a), key_algorithm_name(k->algorithm));
	pthread_mutex_lock(&k->lock);
	for (struct signing **at = &k->idle; *at != NULL; at = &(*at)->next)
		if ((*at)->algorithm == a) {
			s = *at;
			*at = s->next;
			k->n_idle--;
			break;
		}
	pthread_mutex_unlock(&k->lock);
	if (s == NULL) {
		s = calloc(1, sizeof(*s));
		if (s == NULL || (s->md = EVP_MD_CTX_new()) == NULL)
			abort();
		s->key = k;
		s->algorithm = a;
		s->hash = hash_of(a);
		if (!k->store->begin(k->key, a, &s->ctx, e)) {
			s->ctx = NULL;
			signing_release(s);
			return false;
		}
	}
	s->next = NULL;
	*out = s;
	return true;
}

void
signing_end(struct signing *s)
{
	struct signkey *k = s->key;
	bool keep;

	pthread_mutex_lock(&k->lock);
	keep = k->n_idle < KEPT_MAX;
	if (keep) {
		s->next = k->idle;
		k->idle = s;
		k->n_idle++;
	}
	pthread_mutex_unlock(&k->lock);
	if (!keep)
		signing_release(s);
}

bool
signing_digest(struct signing *s, const uint8_t *digest, size_t n, uint8_t *sig, size_t *len, struct err *e)
{
	if (n != (size_t)EVP_MD_get_size(s->hash))
		return err_set(e, ERR_INVALID, "digest_length", "%zu octets are no digest of this algorithm", n);
	return s->key->store->sign(s->ctx, digest, n, sig, len, e);
}

bool
signing_octets(struct signing *s, const void *p, size_t n, uint8_t *sig, size_t *len, struct err *e)
{
	uint8_t digest[DIGEST_LEN_MAX];
	unsigned digest_len;

	if (EVP_DigestInit_ex(s->md, s->hash, NULL) != 1 || EVP_DigestUpdate(s->md, p, n) != 1
	    || EVP_DigestFinal_ex(s->md, digest, &digest_len) != 1)
		return ossl_fail(e, "hash");
	return s->key->store->sign(s->ctx, digest, digest_len, sig, len, e);
}

/* The store "file": an EVP_PKEY whose contexts are initialized once. */

static bool
file_begin(void *key, enum signature_algorithm a, void **out, struct err *e)
{
	OWN(EVP_PKEY_CTX_free) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

	if (ctx == NULL || EVP_PKEY_sign_init(ctx) != 1
	    || (signature_algorithm_key(a) == KEY_RSA && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) != 1)
	    || EVP_PKEY_CTX_set_signature_md(ctx, hash_of(a)) != 1)
		return ossl_fail(e, "prepare a signature");
	*out = give(ctx);
	return true;
}

static bool
file_sign(void *ctx, const uint8_t *digest, size_t n, uint8_t *sig, size_t *len, struct err *e)
{
	if (EVP_PKEY_sign(ctx, sig, len, digest, n) != 1)
		return ossl_fail(e, "sign");
	return true;
}

static void
file_end(void *ctx)
{
	EVP_PKEY_CTX_free(ctx);
}

static void
file_free(void *key)
{
	EVP_PKEY_free(key);
}

static const struct signkey_store file_store = { "file", file_begin, file_sign, file_end, file_free };

bool
signkey_from_pkcs8(const struct secret *pkcs8, struct der spki, struct signkey **out, struct err *e)
{
	EVP_PKEY *pkey = NULL;

	return pkey_from_pkcs8(pkcs8, &pkey, e) && signkey_new(&file_store, pkey, spki, out, e);
}
