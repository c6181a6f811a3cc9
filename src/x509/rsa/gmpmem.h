/*
 * gmpmem - makes GMP wipe memory before it gives it back.
 *
 * GMP holds primes while it makes or tests them.  Its allocation functions are the process's; ours
 * take and give malloc's memory, so numbers that somebody made before stay good.
 */
#ifndef X509_GMPMEM_H
#define X509_GMPMEM_H

#include <gmp.h>
#include <stddef.h>
#include <stdint.h>

struct bignum_st;

void gmpmem_init(void);		/* any number of times, from any thread */

/* `octets` is the room for the number; the copies in between are wiped.  Abort on failure: memory only. */
void gmp_from_bn(mpz_t, const struct bignum_st *, size_t octets);
void bn_from_gmp(struct bignum_st *, const mpz_t, size_t octets);

#endif
