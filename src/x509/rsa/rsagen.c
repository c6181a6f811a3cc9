#include "x509/rsa/rsagen.h"

#include <nettle/rsa.h>
#include <openssl/rand.h>
#include <string.h>

#include "x509/rsa/gmpmem.h"
#include "x509/ossl.h"
#include "x509/rsa/rsaprime.h"

#define MODULUS_BITS_MAX 4096
#define TRIES_MAX	 100	/* a pair of primes or a private exponent refused: never seen */

struct rsagen {
	enum rsagen_setting	 setting;
	struct rsaprime		*prime;		/* RSAGEN_FAST */
};

bool
rsagen_setting_parse(const char *s, enum rsagen_setting *out)
{
	if (strcmp(s, "fast") == 0)
		*out = RSAGEN_FAST;
	else if (strcmp(s, "library") == 0)
		*out = RSAGEN_LIBRARY;
	else
		return false;
	return true;
}

struct rsagen *
rsagen_new(enum rsagen_setting setting)
{
	struct rsagen *g = calloc(1, sizeof(*g));

	if (g == NULL)
		abort();
	g->setting = setting;
	gmpmem_init();
	if (setting == RSAGEN_FAST)
		g->prime = rsaprime_new();
	return g;
}

void
rsagen_free(struct rsagen *g)
{
	if (g == NULL)
		return;
	rsaprime_free(g->prime);
	free(g);
}

void
rsagen_stop(struct rsagen *g, bool (*stop)(void *), void *arg)
{
	if (g->prime != NULL)
		rsaprime_stop(g->prime, stop, arg);
}

static void
key_alloc(struct rsa_key *k)
{
	k->n = BN_new();
	if (k->n == NULL)
		abort();
	k->d = bn_secret_new(MODULUS_BITS_MAX);
	k->p = bn_secret_new(MODULUS_BITS_MAX / 2);
	k->q = bn_secret_new(MODULUS_BITS_MAX / 2);
	k->dp = bn_secret_new(MODULUS_BITS_MAX / 2);
	k->dq = bn_secret_new(MODULUS_BITS_MAX / 2);
	k->qinv = bn_secret_new(MODULUS_BITS_MAX / 2);
}

void
rsa_key_clear(struct rsa_key *k)
{
	BN_free(k->n);
	BN_clear_free(k->d);
	BN_clear_free(k->p);
	BN_clear_free(k->q);
	BN_clear_free(k->dp);
	BN_clear_free(k->dq);
	BN_clear_free(k->qinv);
	memset(k, 0, sizeof(*k));
}

/* p > q, and |p - q| > 2^(bits/2 - 100) (FIPS 186-5 appendix A.1.3 step 5.4). */
static bool
primes_order(struct rsa_key *k, int bits, BN_CTX *ctx, bool *apart)
{
	BIGNUM *gap;
	bool ok = false;

	BN_CTX_start(ctx);
	gap = BN_CTX_get(ctx);
	if (gap != NULL) {
		if (BN_cmp(k->p, k->q) < 0)
			BN_swap(k->p, k->q);
		ok = BN_sub(gap, k->p, k->q) == 1;
		*apart = BN_num_bits(gap) > bits / 2 - 99;	/* at least twice the bound */
	}
	BN_CTX_end(ctx);
	return ok;
}

/*
 * n, d = 1/e modulo lcm(p - 1, q - 1), and the numbers of the Chinese remainder theorem, by libcrypto's
 * code for secret operands.  *large: d > 2^(bits/2) (FIPS 186-5 appendix A.1.1).
 */
static bool
key_derive(struct rsa_key *k, int bits, BN_CTX *ctx, bool *large)
{
	BIGNUM *e, *p1, *q1, *gcd, *product, *lcm;
	bool ok;

	BN_CTX_start(ctx);
	e = BN_CTX_get(ctx);
	p1 = BN_CTX_get(ctx);
	q1 = BN_CTX_get(ctx);
	gcd = BN_CTX_get(ctx);
	product = BN_CTX_get(ctx);
	lcm = BN_CTX_get(ctx);
	ok = lcm != NULL;
	if (ok) {
		BN_set_flags(p1, BN_FLG_CONSTTIME);
		BN_set_flags(q1, BN_FLG_CONSTTIME);
		BN_set_flags(gcd, BN_FLG_CONSTTIME);
		BN_set_flags(product, BN_FLG_CONSTTIME);
		BN_set_flags(lcm, BN_FLG_CONSTTIME);
		BN_set_flags(k->d, BN_FLG_CONSTTIME);
		BN_set_flags(k->p, BN_FLG_CONSTTIME);
		BN_set_flags(k->q, BN_FLG_CONSTTIME);
		ok = BN_set_word(e, RSAGEN_EXPONENT) == 1 && BN_mul(k->n, k->p, k->q, ctx) == 1 &&
		    BN_sub(p1, k->p, BN_value_one()) == 1 && BN_sub(q1, k->q, BN_value_one()) == 1 &&
		    BN_mul(product, p1, q1, ctx) == 1 && BN_gcd(gcd, p1, q1, ctx) == 1 &&
		    BN_div(lcm, NULL, product, gcd, ctx) == 1 &&
		    BN_mod_inverse(k->d, e, lcm, ctx) != NULL &&
		    BN_mod(k->dp, k->d, p1, ctx) == 1 && BN_mod(k->dq, k->d, q1, ctx) == 1 &&
		    BN_mod_inverse(k->qinv, k->q, k->p, ctx) != NULL;
	}
	*large = ok && BN_num_bits(k->d) > bits / 2 + 1;
	BN_CTX_end(ctx);
	return ok;
}

static void
random_octets(void *ctx, size_t len, uint8_t *out)
{
	(void)ctx;
	if (RAND_priv_bytes(out, (int)len) != 1)
		abort();
}

/* Two primes of nettle's, from its whole generator: provable ones by Maurer's method. */
static bool
library_primes(struct rsa_key *k, int bits, struct err *e)
{
	struct rsa_public_key public;
	struct rsa_private_key private;
	int ok;

	rsa_public_key_init(&public);
	rsa_private_key_init(&private);
	mpz_set_ui(public.e, RSAGEN_EXPONENT);
	ok = rsa_generate_keypair(&public, &private, NULL, random_octets, NULL, NULL, (unsigned)bits, 0);
	if (ok == 1) {
		bn_from_gmp(k->p, private.p, (size_t)bits / 16);
		bn_from_gmp(k->q, private.q, (size_t)bits / 16);
	}
	rsa_private_key_clear(&private);
	rsa_public_key_clear(&public);
	return ok == 1 || err_set(e, ERR_INTERNAL, "rsa_prime", "nettle made no RSA key of %d bits", bits);
}

static bool
primes(struct rsagen *g, int bits, struct rsa_key *k, struct err *e)
{
	if (g->setting == RSAGEN_LIBRARY)
		return library_primes(k, bits, e);
	return rsaprime_find(g->prime, bits, RSAGEN_EXPONENT, k->p, e) &&
	    rsaprime_find(g->prime, bits, RSAGEN_EXPONENT, k->q, e);
}

bool
rsagen_make(struct rsagen *g, int bits, struct rsa_key *out, struct err *e)
{
	OWN(BN_CTX_free) BN_CTX *ctx = BN_CTX_new();	/* wipes when freed */
	OWN_RSA_KEY struct rsa_key k = { 0 };

	if (rsaprime_rounds(bits) == 0)
		return err_set(e, ERR_INVALID, "key_type", "no RSA keys of %d bits", bits);
	if (ctx == NULL)
		abort();
	key_alloc(&k);
	for (int try = 0; try < TRIES_MAX; try++) {
		bool apart, large;

		if (!primes(g, bits, &k, e))
			return err_in(e, "rsagen");
		if (!primes_order(&k, bits, ctx, &apart))
			return ossl_fail(e, "rsagen: order of primes");
		if (!apart)
			continue;
		if (!key_derive(&k, bits, ctx, &large))
			return ossl_fail(e, "rsagen: exponents");
		if (large && BN_num_bits(k.n) == bits) {
			*out = k;
			memset(&k, 0, sizeof(k));
			return true;
		}
	}
	return err_set(e, ERR_INTERNAL, "rsa_prime", "no RSA key of %d bits after %d tries", bits, TRIES_MAX);
}
