/* hash - SHA-256 and HMAC-SHA-256, through libcrypto. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_LEN 32

void sha256(const void *, size_t, uint8_t out[SHA256_LEN]);
void sha256_hex(const void *, size_t, char out[2 * SHA256_LEN + 1]);	/* lower case */
void hmac_sha256(const void *key, size_t key_len, const void *, size_t, uint8_t out[SHA256_LEN]);
/* Constant time. */
bool octets_equal(const void *, const void *, size_t);

#endif
