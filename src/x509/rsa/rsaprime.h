/*
 * rsaprime - random probable primes for RSA by a sieve and libcrypto's exponentiation.
 *
 * Each prime starts from fresh CSPRNG octets.  The start's top two bits are set, so a product of
 * two primes has its full length; odd numbers from there on are sieved, survivors tested.
 */
#ifndef X509_RSAPRIME_H
#define X509_RSAPRIME_H

#include <stdbool.h>

#include "base/err.h"
#include "base/own.h"

struct bignum_st;
struct rsaprime;

struct rsaprime *rsaprime_new(void);	/* one a thread; its secrets are wiped by rsaprime_free */
void rsaprime_free(struct rsaprime *);
OWN_TYPE(struct rsaprime, rsaprime_free)

/* Miller-Rabin rounds with random bases that a prime for a modulus of `rsa_bits` gets (FIPS 186-5 table B.1). */
int rsaprime_rounds(int rsa_bits);

/* From now on searches end with ERR_RETRY "stopped" soon after stop(arg) becomes true; NULL: never. */
void rsaprime_stop(struct rsaprime *, bool (*stop)(void *), void *arg);

/*
 * A prime of rsa_bits / 2 bits, p - 1 prime to the exponent, that passed the rounds above and GMP's
 * Baillie-PSW test.  `p` should be secure (BN_secure_new).  ERR_INTERNAL when a library fails or
 * the two libraries disagree (code "rsa_prime": a fault in hardware or software; nothing is made).
 */
must_check bool rsaprime_find(struct rsaprime *, int rsa_bits, unsigned exponent, struct bignum_st *p, struct err *);

#endif
