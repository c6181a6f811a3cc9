/* nonce - unguessable texts (cookies, tokens, links) of which only the hash is stored. */
#ifndef DOMAIN_NONCE_H
#define DOMAIN_NONCE_H

#include <stdint.h>

#include "base/hash.h"

#define NONCE_TEXT_LEN 44		/* 32 octets as base64url, and NUL */

/* A new one and the SHA-256 of its text. */
void nonce_make(char text[NONCE_TEXT_LEN], uint8_t hash[SHA256_LEN]);
/* The same as 64 lower-case hex digits. */
void nonce_make_hex(char text[65], uint8_t hash[SHA256_LEN]);
void nonce_hash(const char *text, uint8_t hash[SHA256_LEN]);

#endif
