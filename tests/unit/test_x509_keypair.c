#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <string.h>

#include "base/secret.h"
#include "check.h"
#include "x509/keypair.h"

OWN_TYPE(EVP_PKEY, EVP_PKEY_free)
OWN_TYPE(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
OWN_TYPE(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)

/* Another encoder's octets of the same key. */
static void
encoded_alike(EVP_PKEY *key, const struct keypair *k)
{
	OWN(PKCS8_PRIV_KEY_INFO_free) PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	uint8_t *der = NULL;
	int len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);

	CHECK(len > 0 && secret_equal(k->pkcs8, der, (size_t)len), "PrivateKeyInfo differs from libcrypto's");
	OPENSSL_free(der);
	der = NULL;
	len = i2d_PUBKEY(key, &der);
	CHECK(len > 0 && (size_t)len == k->spki_len && memcmp(der, k->spki, k->spki_len) == 0,
	    "SubjectPublicKeyInfo differs from libcrypto's");
	OPENSSL_free(der);
}

static void
made(struct keymaker *m, struct key_type type)
{
	OWN_KEYPAIR struct keypair k = { 0 };
	OWN(EVP_PKEY_free) EVP_PKEY *key = NULL;
	OWN(EVP_PKEY_CTX_free) EVP_PKEY_CTX *ctx = NULL;
	struct err e = { 0 };
	struct key_info info;
	const uint8_t *p;
	char text[24];

	(void)key_type_text(type, text);
	if (!CHECK(keypair_make(m, type, &k, &e), "%s: %s %s", text, e.msg, e.trail))
		return;
	p = k.pkcs8->p;
	key = d2i_AutoPrivateKey(NULL, &p, (long)k.pkcs8->len);
	if (!CHECK(key != NULL && p == k.pkcs8->p + k.pkcs8->len, "%s: not read by libcrypto", text))
		return;
	ctx = EVP_PKEY_CTX_new(key, NULL);
	CHECK(EVP_PKEY_check(ctx) == 1, "%s: not a sound pair", text);
	CHECK(EVP_PKEY_get_bits(key) == (int)type.bits, "%s: %d bits", text, EVP_PKEY_get_bits(key));
	encoded_alike(key, &k);
	CHECK(key_decode((struct der){ k.spki, k.spki_len }, &info, &e) && info.type.algorithm == type.algorithm &&
	    info.type.bits == type.bits, "%s: our own reader: %s", text, e.msg);
}

static void
refused(struct keymaker *m, struct key_type type)
{
	struct keypair k = { 0 };
	struct err e = { 0 };

	CHECK(!keypair_possible(type), "%u bits are possible", type.bits);
	CHECK(!keypair_make(m, type, &k, &e) && e.kind == ERR_INVALID && k.pkcs8 == NULL, "%u bits were made", type.bits);
}

#define THREADS 3
#define EACH 20

struct thread {
	pthread_t	id;
	struct keypair	keys[EACH];
	int		made;
};

static void *
thread_run(void *arg)
{
	struct thread *t = arg;
	OWN(keymaker_free) struct keymaker *m = keymaker_new(RSAGEN_FAST);
	struct err e = { 0 };

	while (t->made < EACH && keypair_make(m, (struct key_type){ KEY_EC, 256 }, &t->keys[t->made], &e))
		t->made++;
	return NULL;
}

static void
threads_differ(void)
{
	static struct thread t[THREADS];
	size_t equal = 0;

	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i].id, NULL, thread_run, &t[i]) == 0, "no thread");
	for (size_t i = 0; i < THREADS; i++) {
		(void)pthread_join(t[i].id, NULL);
		CHECK(t[i].made == EACH, "thread %zu made %d keys", i, t[i].made);
	}
	for (size_t i = 0; i < THREADS * EACH; i++)
		for (size_t j = 0; j < i; j++)
			equal += memcmp(t[i / EACH].keys[i % EACH].spki, t[j / EACH].keys[j % EACH].spki,
			    t[0].keys[0].spki_len) == 0;
	CHECK(equal == 0, "%zu keys came twice", equal);
	for (size_t i = 0; i < THREADS * EACH; i++)
		keypair_clear(&t[i / EACH].keys[i % EACH]);
}

/* A public point or modulus may begin with any octet, a scalar with zeros: lengths stay right. */
static void
many_small(struct keymaker *m)
{
	for (int i = 0; i < 600; i++) {
		OWN_KEYPAIR struct keypair k = { 0 };
		struct err e = { 0 };

		if (!CHECK(keypair_make(m, (struct key_type){ KEY_EC, 256 }, &k, &e), "%s", e.msg))
			return;
		if (!CHECK(k.spki_len == 91 && k.pkcs8->len == 138, "%zu and %zu octets", k.spki_len, k.pkcs8->len))
			return;
	}
}

/* Secure memory may be used up by other secrets: keys are made all the same. */
static void
crowded(struct keymaker *m)
{
	static struct secret *others[1200];

	for (size_t i = 0; i < COUNT(others); i++)
		others[i] = secret_new(4000);
	made(m, (struct key_type){ KEY_EC, 256 });
	made(m, (struct key_type){ KEY_RSA, 1024 });
	for (size_t i = 0; i < COUNT(others); i++)
		secret_free(others[i]);
}

int
main(void)
{
	OWN(keymaker_free) struct keymaker *fast = NULL, *library = NULL;

	secret_init();
	fast = keymaker_new(RSAGEN_FAST);
	library = keymaker_new(RSAGEN_LIBRARY);
	made(fast, (struct key_type){ KEY_EC, 256 });
	made(fast, (struct key_type){ KEY_EC, 384 });
	made(fast, (struct key_type){ KEY_EC, 256 });
	made(fast, (struct key_type){ KEY_RSA, 1024 });
	made(fast, (struct key_type){ KEY_RSA, 2048 });
	made(library, (struct key_type){ KEY_RSA, 1024 });
	made(library, (struct key_type){ KEY_RSA, 2048 });
	refused(fast, (struct key_type){ KEY_EC, 521 });
	refused(fast, (struct key_type){ KEY_RSA, 512 });
	refused(fast, (struct key_type){ KEY_RSA, 2047 });
	refused(library, (struct key_type){ KEY_RSA, 8192 });
	refused(fast, (struct key_type){ KEY_NONE, 256 });
	many_small(fast);
	threads_differ();
	crowded(fast);
	return check_done();
}
