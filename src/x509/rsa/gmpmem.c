#include "x509/rsa/gmpmem.h"

#include <openssl/bn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

#define OCTETS_MAX 1024

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *
take(size_t octets)
{
	void *p = malloc(octets);

	if (p == NULL)
		abort();
	return p;
}

static void
release(void *p, size_t octets)
{
	wipe(p, octets);
	free(p);
}

static void *
resize(void *old, size_t old_octets, size_t octets)
{
	void *p = take(octets);

	memcpy(p, old, old_octets < octets ? old_octets : octets);
	release(old, old_octets);
	return p;
}

static void
install(void)
{
	mp_set_memory_functions(take, resize, release);
}

void
gmpmem_init(void)
{
	(void)pthread_once(&once, install);
}

void
gmp_from_bn(mpz_t out, const BIGNUM *in, size_t octets)
{
	uint8_t b[OCTETS_MAX];

	if (octets > sizeof(b) || BN_bn2binpad(in, b, (int)octets) != (int)octets)
		abort();
	mpz_import(out, octets, 1, 1, 1, 0, b);
	wipe(b, octets);
}

void
bn_from_gmp(BIGNUM *out, const mpz_t in, size_t octets)
{
	uint8_t b[OCTETS_MAX] = { 0 };
	size_t n;

	if (octets > sizeof(b) || mpz_sizeinbase(in, 256) > octets)
		abort();
	(void)mpz_export(b, &n, 1, 1, 1, 0, in);
	if (BN_bin2bn(b, (int)n, out) == NULL)
		abort();
	wipe(b, octets);
}
