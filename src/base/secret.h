/*
 * secret - octets that must not leak: secure heap, wiped on free, never printed.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/own.h"

struct secret {
	uint8_t	*p;		/* len octets and one NUL behind them */
	size_t	 len;
};

/* Once per process, before the first secret: locks a secure heap (falls back to mlock-less memory with a log line). */
void secret_init(void);
/* Is there room for so much more in the locked heap, with a part left that libcrypto needs itself? */
bool secret_room(size_t octets);
struct secret *secret_new(size_t len);				/* zeroed */
struct secret *secret_from(const void *, size_t len);		/* a copy; wipe your own */
void secret_free(struct secret *);				/* wipes; NULL is fine */
OWN_TYPE(struct secret, secret_free)
bool secret_equal(const struct secret *, const void *, size_t);	/* constant time for equal lengths */
void wipe(void *, size_t);					/* OPENSSL_cleanse */

#endif
