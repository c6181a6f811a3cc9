/*
 * rsagen - RSA keys (FIPS 186-5 appendix A.1, RFC 8017), the longest wait of a factory's order.
 *
 * Two settings give keys of one form.  RSAGEN_LIBRARY is nettle's generator and nothing of ours.
 * RSAGEN_FAST searches primes by rsaprime.h on libcrypto's constant-time exponentiation and has
 * each of them confirmed by GMP.  docs/rsa-keys.md is written for the reader who has to judge it.
 * A `struct rsagen` belongs to one thread.
 */
#ifndef X509_RSAGEN_H
#define X509_RSAGEN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/own.h"

struct bignum_st;			/* libcrypto's BIGNUM */
struct rsagen;

enum rsagen_setting { RSAGEN_FAST, RSAGEN_LIBRARY };

#define RSAGEN_EXPONENT 65537u

/* p > q; everything but n lies in secure memory; e is RSAGEN_EXPONENT. */
struct rsa_key {
	struct bignum_st *n, *d, *p, *q, *dp, *dq, *qinv;
};

/* "fast" or "library"; false on anything else. */
must_check bool rsagen_setting_parse(const char *, enum rsagen_setting *);

struct rsagen *rsagen_new(enum rsagen_setting);
void rsagen_free(struct rsagen *);
OWN_TYPE(struct rsagen, rsagen_free)

/*
 * From now on keys are given up with ERR_RETRY "stopped" soon after stop(arg) becomes true.  Nettle's generator
 * is not to be stopped: the primes in hand are made first.
 */
void rsagen_stop(struct rsagen *, bool (*stop)(void *), void *arg);

/*
 * A key whose modulus has exactly `bits` bits: 1024, 2048, 3072 or 4096, else ERR_INVALID.
 * *out is written on success only; rsa_key_clear wipes and releases it.
 */
must_check bool rsagen_make(struct rsagen *, int bits, struct rsa_key *out, struct err *);
void rsa_key_clear(struct rsa_key *);
#define OWN_RSA_KEY __attribute__((cleanup(rsa_key_clear)))

#endif
