/*
 * Random numbers are judged here, so every threshold leaves a chance of a false alarm below one in
 * 10^9 for the whole program; tests/bench/rsa_stat looks closer at more of them.
 */
#include <math.h>
#include <openssl/bn.h>
#include <string.h>

#include "base/secret.h"
#include "check.h"
#include "x509/rsa/rsagen.h"
#include "x509/rsa/rsaprime.h"

#define KEYS 60
#define PRIMES (2 * KEYS)
#define BITS 1024
#define Z_MAX 8.0		/* standard deviations: below 2e-11 for the most skewed of some 600 comparisons */

OWN_TYPE(BN_CTX, BN_CTX_free)

static BN_CTX *ctx;

/* The numbers of a key fit each other and FIPS 186-5 appendix A.1. */
static void
key_sound(const struct rsa_key *k, int bits, const char *what)
{
	BIGNUM *t, *u, *e;

	BN_CTX_start(ctx);
	t = BN_CTX_get(ctx);
	u = BN_CTX_get(ctx);
	e = BN_CTX_get(ctx);
	CHECK(BN_num_bits(k->n) == bits, "%s: modulus of %d bits", what, BN_num_bits(k->n));
	CHECK(BN_mul(t, k->p, k->q, ctx) == 1 && BN_cmp(t, k->n) == 0, "%s: n is not p q", what);
	CHECK(BN_check_prime(k->p, ctx, NULL) == 1 && BN_check_prime(k->q, ctx, NULL) == 1, "%s: no primes", what);
	for (int i = 0; i < 2; i++) {
		const BIGNUM *p = i == 0 ? k->p : k->q;

		CHECK(BN_num_bits(p) == bits / 2 && BN_is_bit_set(p, bits / 2 - 2), "%s: prime out of range", what);
		CHECK(BN_mod_word(p, RSAGEN_EXPONENT) != 1, "%s: e divides p - 1", what);
		CHECK(BN_copy(t, p) != NULL && BN_sub_word(t, 1) == 1 && BN_set_word(e, RSAGEN_EXPONENT) == 1 &&
		    BN_mod_mul(u, k->d, e, t, ctx) == 1 && BN_is_one(u), "%s: d is not 1/e", what);
		CHECK(BN_mod(u, k->d, t, ctx) == 1 && BN_cmp(u, i == 0 ? k->dp : k->dq) == 0, "%s: CRT exponent", what);
	}
	CHECK(BN_cmp(k->p, k->q) > 0, "%s: p is not the larger one", what);
	CHECK(BN_sub(t, k->p, k->q) == 1 && BN_num_bits(t) > bits / 2 - 100, "%s: p and q are too near", what);
	CHECK(BN_num_bits(k->d) > bits / 2, "%s: d is too small", what);
	CHECK(BN_cmp(k->d, k->n) < 0, "%s: d is too large", what);
	CHECK(BN_mod_mul(t, k->qinv, k->q, k->p, ctx) == 1 && BN_is_one(t), "%s: qinv", what);
	BN_CTX_end(ctx);
}

static void
sizes(void)
{
	OWN(rsagen_free) struct rsagen *fast = rsagen_new(RSAGEN_FAST), *library = rsagen_new(RSAGEN_LIBRARY);
	struct err e = { 0 };

	for (int i = 0; i < 3; i++) {
		struct rsagen *g = i == 2 ? library : fast;
		int bits = i == 0 ? 3072 : 2048;
		OWN_RSA_KEY struct rsa_key k = { 0 };

		if (CHECK(rsagen_make(g, bits, &k, &e), "%d: %s %s", bits, e.msg, e.trail))
			key_sound(&k, bits, i == 0 ? "3072" : i == 1 ? "2048" : "2048 library");
	}
	for (int bits = -1; bits < 5000; bits += 511) {
		struct rsa_key k = { 0 };

		CHECK(!rsagen_make(fast, bits, &k, &e) && e.kind == ERR_INVALID && k.n == NULL, "%d bits", bits);
	}
	CHECK(rsaprime_rounds(1024) == 10 && rsaprime_rounds(2048) == 5 && rsaprime_rounds(3072) == 4 &&
	    rsaprime_rounds(4096) == 4 && rsaprime_rounds(512) == 0, "rounds are not FIPS 186-5 table B.1's");
}

/* |ones - n/2| in standard deviations. */
static double
deviation(size_t ones, size_t n)
{
	return fabs((double)ones - (double)n / 2) / sqrt((double)n / 4);
}

static void
bits_balanced(BIGNUM *const primes[PRIMES])
{
	size_t all = 0, n = 0;

	for (int bit = 1; bit < BITS / 2 - 2; bit++) {
		size_t ones = 0;

		for (size_t i = 0; i < PRIMES; i++)
			ones += BN_is_bit_set(primes[i], bit) ? 1 : 0;
		CHECK(deviation(ones, PRIMES) < Z_MAX, "bit %d is set in %zu of %d", bit, ones, PRIMES);
		all += ones;
		n += PRIMES;
	}
	CHECK(deviation(all, n) < Z_MAX, "%zu of %zu bits are set", all, n);
}

/* Primes fall evenly into the classes modulo a small prime, but for 0 and, modulo e, 1. */
static void
classes_even(BIGNUM *const primes[PRIMES])
{
	static const BN_ULONG moduli[] = { 3, 4, 5, 7, 8 };

	for (size_t m = 0; m < COUNT(moduli); m++) {
		size_t count[8] = { 0 }, classes = 0;

		for (size_t i = 0; i < PRIMES; i++)
			count[BN_mod_word(primes[i], moduli[m])]++;
		for (BN_ULONG c = 1; c < moduli[m]; c++)
			classes += moduli[m] % 2 != 0 || c % 2 != 0;
		for (BN_ULONG c = 0; c < moduli[m]; c++) {
			double share = 1.0 / (double)classes, mean = PRIMES * share;
			double spread = sqrt(PRIMES * share * (1 - share));

			if (c == 0 || (moduli[m] % 2 == 0 && c % 2 == 0))
				CHECK(count[c] == 0, "%zu primes are %lu modulo %lu", count[c], c, moduli[m]);
			else
				CHECK(fabs((double)count[c] - mean) / spread < Z_MAX, "%zu of %d primes are %lu modulo %lu",
				    count[c], PRIMES, c, moduli[m]);
		}
	}
}

static int
by_value(const void *a, const void *b)
{
	return BN_cmp(*(BIGNUM *const *)a, *(BIGNUM *const *)b);
}

/* No two are equal, nor near each other as two finds from one start would be. */
static void
none_shared(BIGNUM *primes[PRIMES])
{
	BIGNUM *gap;

	BN_CTX_start(ctx);
	gap = BN_CTX_get(ctx);
	qsort(primes, PRIMES, sizeof(*primes), by_value);
	for (size_t i = 1; i < PRIMES; i++)
		CHECK(BN_sub(gap, primes[i], primes[i - 1]) == 1 && BN_num_bits(gap) > BITS / 2 - 100,
		    "primes %d bits apart", BN_num_bits(gap));
	BN_CTX_end(ctx);
}

static void
statistics(void)
{
	OWN(rsagen_free) struct rsagen *g = rsagen_new(RSAGEN_FAST);
	static struct rsa_key keys[KEYS];
	BIGNUM *primes[PRIMES];
	struct err e = { 0 };
	size_t n = 0;

	while (n < KEYS && CHECK(rsagen_make(g, BITS, &keys[n], &e), "%s %s", e.msg, e.trail)) {
		primes[2 * n] = keys[n].p;
		primes[2 * n + 1] = keys[n].q;
		if (n < 5)
			key_sound(&keys[n], BITS, "1024");
		n++;
	}
	if (n == KEYS) {
		bits_balanced(primes);
		classes_even(primes);
		none_shared(primes);
	}
	while (n > 0)
		rsa_key_clear(&keys[--n]);
}

static void
settings(void)
{
	enum rsagen_setting s = RSAGEN_LIBRARY;

	CHECK(rsagen_setting_parse("fast", &s) && s == RSAGEN_FAST, "fast");
	CHECK(rsagen_setting_parse("library", &s) && s == RSAGEN_LIBRARY, "library");
	CHECK(!rsagen_setting_parse("Fast", &s) && !rsagen_setting_parse("", &s), "unknown settings pass");
}

int
main(void)
{
	OWN(BN_CTX_free) BN_CTX *own = BN_CTX_new();

	ctx = own;
	secret_init();
	settings();
	sizes();
	statistics();
	return check_done();
}
