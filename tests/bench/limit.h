/*
 * limit - the least work that makes a batch of certificates: what the product is held against.
 *
 * Constant parts are encoded once, keys and signatures go through libcrypto's oldest and shortest calls, one
 * table takes the rows.  No rules, no audit, no journal, no second process: a yardstick, not a CA.
 */
#ifndef BENCH_LIMIT_H
#define BENCH_LIMIT_H

#define OPENSSL_SUPPRESS_DEPRECATED
#include <stdbool.h>
#include <stdint.h>

#include <openssl/ec.h>

#include "x509/der.h"

#define LIMIT_CHUNK 1000
#define LIMIT_CERT_MAX 2048
#define LIMIT_P12_MAX 4096

struct limit_ca {
	EC_KEY		*ec;			/* one of both */
	struct rsa_st	*rsa;
	uint8_t		 name[128];
	size_t		 name_len;
	uint8_t		 der[LIMIT_CERT_MAX];	/* its certificate, for PKCS#12 */
	size_t		 der_len;
};

struct limit_row {
	uint8_t		 serial[16];
	char		 cn[32];
	uint8_t		 der[LIMIT_CERT_MAX];
	size_t		 der_len;
	uint8_t		 p12[LIMIT_P12_MAX];
	size_t		 p12_len;
};

void limit_fail(const char *what) __attribute__((noreturn));
/* subject and key are DER; `point` the key's bits, for its identifier. */
void limit_certificate(const struct limit_ca *, struct der subject, struct der spki, struct der point, struct limit_row *);
/* A key, its certificate and a PKCS#12 with keys derived for this device alone, for each row. */
void limit_p12(const struct limit_ca *, int64_t first, struct limit_row *, size_t n, unsigned rounds);

#endif
