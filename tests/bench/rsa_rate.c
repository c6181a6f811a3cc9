/*
 * RSA keys a CPU second on one core: libcrypto's generator, nettle's, and ours in both settings, by turns,
 * so that a neighbor's load meets all of them.  What varies is luck: the search for a prime ends when it
 * ends, so single runs spread and the median of many keys counts.
 *
 *	rsa_rate [bits [seconds a run [runs]]]
 */
#include <math.h>
#include <nettle/rsa.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/secret.h"
#include "x509/rsa/rsagen.h"

#define RUNS_MAX 50

static int bits = 2048;
static struct rsagen *fast, *library;

static void
openssl_key(void)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);

	if (key == NULL)
		abort();
	EVP_PKEY_free(key);
}

static void
random_octets(void *ctx, size_t len, uint8_t *out)
{
	(void)ctx;
	if (RAND_priv_bytes(out, (int)len) != 1)
		abort();
}

static void
nettle_key(void)
{
	struct rsa_public_key public;
	struct rsa_private_key private;

	rsa_public_key_init(&public);
	rsa_private_key_init(&private);
	mpz_set_ui(public.e, RSAGEN_EXPONENT);
	if (!rsa_generate_keypair(&public, &private, NULL, random_octets, NULL, NULL, (unsigned)bits, 0))
		abort();
	rsa_private_key_clear(&private);
	rsa_public_key_clear(&public);
}

static void
our_key(struct rsagen *g)
{
	OWN_RSA_KEY struct rsa_key k = { 0 };
	struct err e = { 0 };

	if (!rsagen_make(g, bits, &k, &e)) {
		(void)fprintf(stderr, "%s %s\n", e.msg, e.trail);
		exit(1);
	}
}

static void
fast_key(void)
{
	our_key(fast);
}

static void
library_key(void)
{
	our_key(library);
}

static double
cpu_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static struct maker {
	const char	*name;
	void		(*make)(void);
	double		 rate[RUNS_MAX];
	double		 spent_s;
	long		 keys;
} makers[] = {
	{ .name = "libcrypto", .make = openssl_key },
	{ .name = "nettle", .make = nettle_key },
	{ .name = "certmill library", .make = library_key },
	{ .name = "certmill fast", .make = fast_key },
};

static void
run(struct maker *m, int r, double seconds)
{
	double from = cpu_s(), spent;
	long n = 0;

	do {
		m->make();
		n++;
		spent = cpu_s() - from;
	} while (spent < seconds);
	m->rate[r] = (double)n / spent;
	m->keys += n;
	m->spent_s += spent;
}

int
main(int argc, char **argv)
{
	double seconds = argc > 2 ? atof(argv[2]) : 3;
	int runs = argc > 3 ? atoi(argv[3]) : 5;
	double mean[COUNT(makers)];

	bits = argc > 1 ? atoi(argv[1]) : 2048;
	if (runs < 1 || runs > RUNS_MAX || seconds <= 0) {
		(void)fprintf(stderr, "usage: rsa_rate [bits [seconds a run [runs, to %d]]]\n", RUNS_MAX);
		return 1;
	}
	secret_init();
	fast = rsagen_new(RSAGEN_FAST);
	library = rsagen_new(RSAGEN_LIBRARY);
	for (size_t i = 0; i < COUNT(makers); i++)
		makers[i].make();		/* tables and contexts */
	for (int r = 0; r < runs; r++)
		for (size_t i = 0; i < COUNT(makers); i++)
			run(&makers[i], r, seconds);
	for (size_t i = 0; i < COUNT(makers); i++) {
		qsort(makers[i].rate, (size_t)runs, sizeof(double), by_value);
		mean[i] = (double)makers[i].keys / makers[i].spent_s;
		(void)printf("rsa-%d %-17s %8.2f keys/s  median of runs %8.2f (%.2f - %.2f)  %5ld keys\n", bits,
		    makers[i].name, mean[i], makers[i].rate[runs / 2], makers[i].rate[0], makers[i].rate[runs - 1],
		    makers[i].keys);
	}
	/* A key takes about as long as it varies, so a mean of n keys is good to 1 / sqrt(2 n) or so. */
	(void)printf("rsa-%d fast / libcrypto %.2f +- %.2f   fast / nettle %.2f   library / nettle %.3f +- %.3f\n", bits,
	    mean[3] / mean[0], mean[3] / mean[0] / sqrt(2.0 * (double)makers[0].keys), mean[3] / mean[1],
	    mean[2] / mean[1], mean[2] / mean[1] / sqrt((double)makers[1].keys));
	rsagen_free(fast);
	rsagen_free(library);
	return 0;
}
