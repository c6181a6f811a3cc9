#include "x509/rsa/rsaprime.h"

#include <gmp.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "base/secret.h"
#include "x509/rsa/gmpmem.h"
#include "x509/ossl.h"

#define PRIME_BITS_MAX	2048
#define WORDS_MAX	(PRIME_BITS_MAX / 32)
#define WINDOW_MAX	8192
#define BOUND_MAX	(1u << 20)
#define STARTS_MAX	1000		/* a window without a prime has a chance of 1 in 90,000 */
#define ABREAST		4		/* small primes reduced side by side */
#define LANES		2		/* candidates tested side by side */

/*
 * What fits a size of prime: `bound` of the sieve, where one more small prime costs as much as the
 * tests it saves, and `window`, how many odd numbers from the start on are looked at, about eleven
 * times the mean distance to a prime.
 *
 * Rounds are FIPS 186-5 table B.1's for 2048 bits and more: an error below 2^-112, 2^-128, 2^-144.
 * For 1024 bits, which the table does not have, they come from the formula behind it (appendix C.1;
 * Damgard, Landrock, Pomerance) for 2^-112.  docs/rsa-keys.md has what a search adds to that.
 */
static const struct size {
	int		rsa_bits;
	int		rounds;
	uint32_t	bound;
	uint32_t	window;
} sizes[] = {
	{ 1024, 10, 1u << 14, 2048 },
	{ 2048, 5, 1u << 17, 4096 },
	{ 3072, 4, 1u << 19, 6144 },
	{ 4096, 4, 1u << 20, 8192 },
};

/* The odd primes below BOUND_MAX and, to divide by them without division, 2^64 / p rounded down. */
static struct {
	pthread_once_t	 once;
	size_t		 n;
	uint32_t	*p;
	uint64_t	*inverse;
} small = { .once = PTHREAD_ONCE_INIT };

struct lane {
	BIGNUM		*w;		/* the candidate */
	BIGNUM		*w1;		/* w - 1 = 2^a m */
	BIGNUM		*m;
	BIGNUM		*span;		/* w - 3: bases are 2 + [0, w - 3) */
	BIGNUM		*base, *z;
	BN_MONT_CTX	*mont;
	int		 a;
};

struct rsaprime {
	bool		(*stop)(void *);	/* NULL: none */
	void		*stop_arg;
	BIGNUM		*start;
	struct lane	 lane[LANES];
	uint8_t		 struck[WINDOW_MAX];
	uint32_t	 words[WORDS_MAX];	/* of the start, most significant first */
	mpz_t		 confirm;
};

static void
small_make(void)
{
	uint8_t *composite = calloc(BOUND_MAX, 1);
	size_t n = 0;

	small.p = calloc(BOUND_MAX / 10, sizeof(*small.p));
	small.inverse = calloc(BOUND_MAX / 10, sizeof(*small.inverse));
	if (composite == NULL || small.p == NULL || small.inverse == NULL)
		abort();
	for (uint32_t i = 3; i < BOUND_MAX; i += 2) {
		if (composite[i])
			continue;
		small.p[n] = i;
		small.inverse[n++] = UINT64_MAX / i;
		for (uint64_t j = (uint64_t)i * i; j < BOUND_MAX; j += 2 * (uint64_t)i)
			composite[j] = 1;
	}
	small.n = n - n % ABREAST;
	free(composite);
}

static const struct size *
size_of(int rsa_bits)
{
	for (size_t i = 0; i < COUNT(sizes); i++)
		if (sizes[i].rsa_bits == rsa_bits)
			return &sizes[i];
	return NULL;
}

int
rsaprime_rounds(int rsa_bits)
{
	const struct size *s = size_of(rsa_bits);

	return s != NULL ? s->rounds : 0;
}

struct rsaprime *
rsaprime_new(void)
{
	struct rsaprime *r = calloc(1, sizeof(*r));

	if (r == NULL)
		abort();
	(void)pthread_once(&small.once, small_make);
	gmpmem_init();
	mpz_init(r->confirm);
	r->start = bn_secret_new(PRIME_BITS_MAX);
	for (size_t i = 0; i < LANES; i++) {
		struct lane *l = &r->lane[i];

		l->w = bn_secret_new(PRIME_BITS_MAX);
		l->w1 = bn_secret_new(PRIME_BITS_MAX);
		l->m = bn_secret_new(PRIME_BITS_MAX);
		l->span = bn_secret_new(PRIME_BITS_MAX);
		l->base = bn_secret_new(PRIME_BITS_MAX);
		l->z = bn_secret_new(2 * PRIME_BITS_MAX);
	}
	return r;
}

/* Nothing of a prime stays behind between two searches. */
static void
forget(struct rsaprime *r)
{
	BN_clear(r->start);
	for (size_t i = 0; i < LANES; i++) {
		struct lane *l = &r->lane[i];

		BN_clear(l->w);
		BN_clear(l->w1);
		BN_clear(l->m);
		BN_clear(l->span);
		BN_clear(l->base);
		BN_clear(l->z);
		BN_MONT_CTX_free(l->mont);	/* wipes */
		l->mont = NULL;
	}
	wipe(r->struck, sizeof(r->struck));
	wipe(r->words, sizeof(r->words));
	mpz_realloc2(r->confirm, 1);		/* wiped by gmpmem */
	mpz_set_ui(r->confirm, 0);
}

void
rsaprime_free(struct rsaprime *r)
{
	if (r == NULL)
		return;
	forget(r);
	BN_clear_free(r->start);
	for (size_t i = 0; i < LANES; i++) {
		BN_clear_free(r->lane[i].w);
		BN_clear_free(r->lane[i].w1);
		BN_clear_free(r->lane[i].m);
		BN_clear_free(r->lane[i].span);
		BN_clear_free(r->lane[i].base);
		BN_clear_free(r->lane[i].z);
	}
	mpz_clear(r->confirm);
	free(r);
}

/*
 * The start modulo ABREAST small primes, a word of 32 bits at a time.  With the inverse rounded down a
 * remainder comes out below 2p, which never overflows the next step and is set right at the end.
 */
static void
remainders(const uint32_t *words, size_t n, const uint32_t *p, const uint64_t *inverse, uint32_t out[ABREAST])
{
	uint64_t rest[ABREAST] = { 0 };

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ABREAST; k++) {
			uint64_t t = rest[k] << 32 | words[i];
			uint64_t q = (uint64_t)(((__extension__ (unsigned __int128)t) * inverse[k]) >> 64);

			rest[k] = t - q * p[k];
		}
	for (size_t k = 0; k < ABREAST; k++)
		out[k] = (uint32_t)(rest[k] >= p[k] ? rest[k] - p[k] : rest[k]);
}

/* Strikes out every k for which start + 2k leaves `rest` from p (p odd). */
static void
strike(uint8_t *struck, uint32_t window, uint32_t start_rest, uint32_t rest, uint32_t p)
{
	uint32_t gap = rest >= start_rest ? rest - start_rest : rest + p - start_rest;
	uint32_t k = (gap & 1) != 0 ? (gap + p) / 2 : gap / 2;

	for (; k < window; k += p)
		struck[k] = 1;
}

/* Afterwards struck[k] is 0 where start + 2k has no factor below the bound and is not 1 modulo e. */
static void
sieve(struct rsaprime *r, const struct size *size, unsigned e)
{
	size_t n = (size_t)size->rsa_bits / 64;
	uint8_t octets[PRIME_BITS_MAX / 8];
	uint32_t rest[ABREAST];

	(void)BN_bn2binpad(r->start, octets, (int)(4 * n));
	for (size_t i = 0; i < n; i++)
		r->words[i] = (uint32_t)octets[4 * i] << 24 | (uint32_t)octets[4 * i + 1] << 16 |
		    (uint32_t)octets[4 * i + 2] << 8 | octets[4 * i + 3];
	wipe(octets, sizeof(octets));
	memset(r->struck, 0, size->window);
	for (size_t i = 0; i < small.n && small.p[i] < size->bound; i += ABREAST) {
		remainders(r->words, n, small.p + i, small.inverse + i, rest);
		for (size_t k = 0; k < ABREAST; k++)
			strike(r->struck, size->window, rest[k], 0, small.p[i + k]);
	}
	strike(r->struck, size->window, (uint32_t)BN_mod_word(r->start, e), 1, e);
}

/* Makes start + 2k this lane's candidate. */
static bool
lane_set(struct lane *l, const BIGNUM *start, uint32_t k, BN_CTX *ctx)
{
	if (BN_copy(l->w, start) == NULL || BN_add_word(l->w, 2 * (BN_ULONG)k) != 1 ||
	    BN_copy(l->w1, l->w) == NULL || BN_sub_word(l->w1, 1) != 1 ||
	    BN_copy(l->span, l->w) == NULL || BN_sub_word(l->span, 3) != 1)
		return false;
	for (l->a = 1; !BN_is_bit_set(l->w1, l->a);)
		l->a++;
	return BN_rshift(l->m, l->w1, l->a) == 1 && BN_MONT_CTX_set(l->mont, l->w, ctx) == 1;
}

/* What base^m says about the candidate: does it pass as a prime? */
static bool
lane_judge(struct lane *l, BN_CTX *ctx, bool *passed)
{
	*passed = BN_is_one(l->z) || BN_cmp(l->z, l->w1) == 0;
	for (int i = 1; i < l->a && !*passed; i++) {
		if (BN_mod_sqr(l->z, l->z, l->w, ctx) != 1)
			return false;
		*passed = BN_cmp(l->z, l->w1) == 0;
	}
	return true;
}

/*
 * A round of Miller-Rabin with a random base (FIPS 186-5 appendix B.3.1) in each of n lanes.  Two
 * exponentiations at once cost as much as two, and half of it where libcrypto has vector code.
 */
static bool
round_of(struct lane *l, size_t n, BN_CTX *ctx, bool passed[LANES])
{
	int ok;

	for (size_t i = 0; i < n; i++)
		if (BN_priv_rand_range(l[i].base, l[i].span) != 1 || BN_add_word(l[i].base, 2) != 1)
			return false;
	if (n == LANES)
		ok = BN_mod_exp_mont_consttime_x2(l[0].z, l[0].base, l[0].m, l[0].w, l[0].mont,
		    l[1].z, l[1].base, l[1].m, l[1].w, l[1].mont, ctx);
	else
		ok = BN_mod_exp_mont_consttime(l[0].z, l[0].base, l[0].m, l[0].w, ctx, l[0].mont);
	for (size_t i = 0; i < n && ok == 1; i++)
		ok = lane_judge(&l[i], ctx, &passed[i]);
	return ok == 1;
}

/* The rounds after the first one on start + 2k. */
static bool
remaining_rounds(struct rsaprime *r, uint32_t k, int rounds, BN_CTX *ctx, bool *prime)
{
	*prime = true;
	for (size_t i = 0; i < LANES; i++)
		if (!lane_set(&r->lane[i], r->start, k, ctx))
			return false;
	while (rounds > 0 && *prime) {
		size_t n = rounds < LANES ? 1 : LANES;
		bool passed[LANES] = { false };

		if (!round_of(r->lane, n, ctx, passed))
			return false;
		for (size_t i = 0; i < n; i++)
			*prime = *prime && passed[i];
		rounds -= (int)n;
	}
	return true;
}

/* Another library and another test have the last word on lane 0's candidate. */
static bool
confirm(struct rsaprime *r, const struct size *size, struct err *e)
{
	gmp_from_bn(r->confirm, r->lane[0].w, (size_t)size->rsa_bits / 16);
	if (mpz_probab_prime_p(r->confirm, 24) != 0)	/* Baillie-PSW; more than 24 would add rounds */
		return true;
	return err_set(e, ERR_INTERNAL, "rsa_prime", "libcrypto and GMP disagree about a prime");
}

/* Goes through the window in order; *found leaves the prime in lane 0. */
static bool
search(struct rsaprime *r, const struct size *size, BN_CTX *ctx, bool *found, bool *stopped)
{
	uint32_t at[LANES], k = 0;
	size_t n;

	*found = *stopped = false;
	for (;;) {
		bool passed[LANES] = { false };

		for (n = 0; n < LANES && k < size->window; k++)
			if (r->struck[k] == 0) {
				if (!lane_set(&r->lane[n], r->start, k, ctx))
					return false;
				if (BN_num_bits(r->lane[n].w) > size->rsa_bits / 2)
					k = size->window;	/* past the end of the range */
				else
					at[n++] = k;
			}
		*stopped = r->stop != NULL && r->stop(r->stop_arg);
		if (n == 0 || *stopped)
			return true;
		if (!round_of(r->lane, n, ctx, passed))
			return false;
		for (size_t i = 0; i < n; i++) {
			if (!passed[i])
				continue;
			if (!remaining_rounds(r, at[i], size->rounds - 1, ctx, found))
				return false;
			if (*found)
				return true;
		}
	}
}

static bool
find(struct rsaprime *r, const struct size *size, unsigned exponent, BIGNUM *p, struct err *e)
{
	OWN(BN_CTX_free) BN_CTX *ctx = BN_CTX_new();	/* wipes when freed */
	bool found = false, stopped = false;

	for (size_t i = 0; i < LANES; i++)
		if ((r->lane[i].mont = BN_MONT_CTX_new()) == NULL)
			abort();
	for (int starts = 0; !found && !stopped && starts < STARTS_MAX; starts++) {
		if (ctx == NULL ||
		    BN_priv_rand(r->start, size->rsa_bits / 2, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD) != 1)
			return ossl_fail(e, "rsa prime: start");
		sieve(r, size, exponent);
		if (!search(r, size, ctx, &found, &stopped))
			return ossl_fail(e, "rsa prime: test");
	}
	if (stopped)
		return err_set(e, ERR_RETRY, "stopped", "the search for a prime was stopped");
	if (!found)
		return err_set(e, ERR_INTERNAL, "rsa_prime", "no prime found: the random numbers are not random");
	if (!confirm(r, size, e))
		return false;
	if (BN_copy(p, r->lane[0].w) == NULL)
		return ossl_fail(e, "rsa prime: copy");
	return true;
}

void
rsaprime_stop(struct rsaprime *r, bool (*stop)(void *), void *arg)
{
	r->stop = stop;
	r->stop_arg = arg;
}

bool
rsaprime_find(struct rsaprime *r, int rsa_bits, unsigned exponent, BIGNUM *p, struct err *e)
{
	const struct size *size = size_of(rsa_bits);
	bool ok;

	if (size == NULL)
		return err_set(e, ERR_INVALID, "key_type", "no RSA keys of %d bits", rsa_bits);
	ok = find(r, size, exponent, p, e);
	forget(r);
	return ok;
}
