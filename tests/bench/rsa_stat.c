/*
 * A closer look at the primes of rsagen: do they differ from primes drawn evenly?  Each line is one
 * statistic with the chance that even primes give a value as odd; the program fails when one of them is
 * below 1e-7.  The last lines show what is known to differ, and by how much: a search from a random start
 * finds a prime behind a long gap more often.
 *
 *	rsa_stat [bits [keys [fast|library]]]
 */
#include <math.h>
#include <openssl/bn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "x509/rsa/rsagen.h"

#define ODD_BELOW	1e-7
#define MODULI		60	/* odd primes up to 283 */
#define GAP_SAMPLE	200	/* primes whose gap is measured: slow */

static BIGNUM **primes;		/* 2 a key: p, q */
static size_t n;
static int bits;		/* of a prime */
static int failed;

/* The chance of a chi-square as large with so many degrees of freedom (Wilson and Hilferty). */
static double
chance_chi2(double x, double df)
{
	double z = (cbrt(x / df) - (1 - 2 / (9 * df))) / sqrt(2 / (9 * df));

	return 0.5 * erfc(z / sqrt(2));
}

static double
chance_z(double z)
{
	return erfc(fabs(z) / sqrt(2));
}

static void
report(const char *what, double value, double chance, double comparisons)
{
	double fair = chance * comparisons;
	bool odd = fair < ODD_BELOW;

	(void)printf("%-58s %12.3f  chance %.3g%s\n", what, value, fair > 1 ? 1 : fair, odd ? "  ODD" : "");
	failed += odd;
}

/* Chi-square of counts that should be alike. */
static double
chi2_even(const size_t *count, size_t cells, size_t total)
{
	double mean = (double)total / (double)cells, sum = 0;

	for (size_t i = 0; i < cells; i++)
		sum += ((double)count[i] - mean) * ((double)count[i] - mean) / mean;
	return sum;
}

static void
bit_balance(void)
{
	double sum = 0, worst = 0;
	size_t free_bits = (size_t)bits - 3;		/* not the lowest, nor the two highest */

	for (int b = 1; b < bits - 2; b++) {
		size_t ones = 0;
		double z;

		for (size_t i = 0; i < n; i++)
			ones += BN_is_bit_set(primes[i], b) ? 1 : 0;
		z = ((double)ones - (double)n / 2) / sqrt((double)n / 4);
		sum += z * z;
		if (fabs(z) > worst)
			worst = fabs(z);
	}
	report("bits set, all positions, chi-square", sum, chance_chi2(sum, (double)free_bits), 1);
	report("bits set, the oddest position, deviations", worst, chance_z(worst), (double)free_bits);
}

/* Neighboring bits, and the same bit of p and q, are equal half of the time. */
static void
bit_pairs(void)
{
	size_t equal = 0, total = 0;

	for (size_t i = 0; i < n; i++)
		for (int b = 1; b < bits - 3; b++, total++)
			equal += BN_is_bit_set(primes[i], b) == BN_is_bit_set(primes[i], b + 1);
	report("neighboring bits equal, share", (double)equal / (double)total,
	    chance_z(((double)equal - (double)total / 2) / sqrt((double)total / 4)), 1);
	equal = total = 0;
	for (size_t i = 0; i < n; i += 2)
		for (int b = 1; b < bits - 6; b++, total++)	/* p > q shows in the highest */
			equal += BN_is_bit_set(primes[i], b) == BN_is_bit_set(primes[i + 1], b);
	report("bits of p and q equal, share", (double)equal / (double)total,
	    chance_z(((double)equal - (double)total / 2) / sqrt((double)total / 4)), 1);
}

/* Evenly in all classes but 0 modulo small primes. */
static void
classes(void)
{
	double worst = 1, at = 0;
	BN_ULONG m = 3;

	for (int tried = 0; tried < MODULI; m += 2) {
		size_t count[300] = { 0 };
		double chance;
		bool prime = true;

		for (BN_ULONG d = 3; d * d <= m; d += 2)
			prime = prime && m % d != 0;
		if (!prime)
			continue;
		tried++;
		for (size_t i = 0; i < n; i++)
			count[BN_mod_word(primes[i], m)]++;
		if (count[0] != 0)
			report("a factor was found", (double)m, 0, 1);
		chance = chance_chi2(chi2_even(count + 1, m - 1, n), (double)m - 2);
		if (chance < worst) {
			worst = chance;
			at = (double)m;
		}
	}
	report("classes modulo 60 small primes, the oddest modulus", at, worst, MODULI);
}

static size_t
window(const BIGNUM *p, int low, int width)
{
	size_t v = 0;

	for (int b = 0; b < width; b++)
		v |= (size_t)(BN_is_bit_set(p, low + b) ? 1 : 0) << b;
	return v;
}

static void
ends(void)
{
	size_t high[64] = { 0 }, low[64] = { 0 };
	double x;

	for (size_t i = 0; i < n; i++) {
		high[window(primes[i], bits - 8, 6)]++;
		low[window(primes[i], 1, 6)]++;
	}
	x = chi2_even(high, 64, n);
	report("six bits below the two highest, chi-square", x, chance_chi2(x, 63), 1);
	x = chi2_even(low, 64, n);
	report("six bits above the lowest, chi-square", x, chance_chi2(x, 63), 1);
}

static int
by_value(const void *a, const void *b)
{
	return BN_cmp(*(BIGNUM *const *)a, *(BIGNUM *const *)b);
}

/* The nearest two of all primes: for even ones their distance is about range / n^2. */
static void
nearest(BN_CTX *ctx)
{
	BIGNUM *gap = BN_new(), **sorted = malloc(n * sizeof(*sorted));
	int least = bits;

	(void)ctx;
	if (gap == NULL || sorted == NULL)
		abort();
	memcpy(sorted, primes, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_value);
	for (size_t i = 1; i < n; i++) {
		(void)BN_sub(gap, sorted[i], sorted[i - 1]);
		if (BN_num_bits(gap) < least)
			least = BN_num_bits(gap);
	}
	report("bits in the distance of the nearest two primes", least,
	    (double)n * (double)n * pow(2, least - bits + 1), 1);
	BN_free(gap);
	free(sorted);
}

/* How far the previous prime lies below, in units of the mean distance. */
static void
gaps(BN_CTX *ctx)
{
	size_t sample = n < GAP_SAMPLE ? n : GAP_SAMPLE;
	double sum = 0;
	BIGNUM *at = BN_new();

	if (at == NULL)
		abort();
	for (size_t i = 0; i < sample; i++) {
		double gap = 0;

		(void)BN_copy(at, primes[i]);
		do {
			(void)BN_sub_word(at, 2);
			gap += 2;
		} while (BN_check_prime(at, ctx, NULL) == 0);
		sum += gap / (bits * log(2));
	}
	(void)printf("%-58s %12.3f  (1: drawn evenly; 2: searched from a random start)\n",
	    "gap before a prime, in mean distances", sum / (double)sample);
	BN_free(at);
}

int
main(int argc, char **argv)
{
	enum rsagen_setting setting = RSAGEN_FAST;
	size_t keys = argc > 2 ? strtoul(argv[2], NULL, 10) : 3000;
	BN_CTX *ctx = BN_CTX_new();
	struct rsagen *g;
	struct rsa_key *all = calloc(keys + 1, sizeof(*all));
	struct err e = { 0 };

	bits = (argc > 1 ? atoi(argv[1]) : 1024) / 2;
	primes = calloc(2 * keys + 1, sizeof(*primes));
	if (all == NULL || primes == NULL || keys < 500 || (argc > 3 && !rsagen_setting_parse(argv[3], &setting))) {
		(void)fprintf(stderr, "usage: rsa_stat [bits [keys, 500 or more [fast|library]]]\n");
		return 1;
	}
	secret_init();
	g = rsagen_new(setting);
	for (size_t i = 0; i < keys; i++) {
		if (!rsagen_make(g, 2 * bits, &all[i], &e)) {
			(void)fprintf(stderr, "%s %s\n", e.msg, e.trail);
			return 1;
		}
		primes[n++] = all[i].p;
		primes[n++] = all[i].q;
	}
	(void)printf("%zu primes of %d bits\n", n, bits);
	bit_balance();
	bit_pairs();
	classes();
	ends();
	nearest(ctx);
	gaps(ctx);
	for (size_t i = 0; i < keys; i++)
		rsa_key_clear(&all[i]);
	free(all);
	free(primes);
	rsagen_free(g);
	BN_CTX_free(ctx);
	return failed == 0 ? 0 : 1;
}
