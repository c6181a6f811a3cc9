#include "domain/account/nonce.h"

#include <stdio.h>
#include <string.h>

#include "base/rand.h"
#include "base/secret.h"
#include "base/str.h"

void
nonce_make(char text[NONCE_TEXT_LEN], uint8_t hash[SHA256_LEN])
{
	uint8_t raw[32];
	OWN_STR struct str s = { 0 };

	rand_octets(raw, sizeof(raw));
	b64url_encode(raw, sizeof(raw), &s);
	(void)snprintf(text, NONCE_TEXT_LEN, "%s", s.p);
	nonce_hash(text, hash);
	wipe(raw, sizeof(raw));
	wipe(s.p, s.len);
}

void
nonce_make_hex(char text[65], uint8_t hash[SHA256_LEN])
{
	uint8_t raw[32];

	rand_octets(raw, sizeof(raw));
	hex_lower(raw, sizeof(raw), text);
	nonce_hash(text, hash);
	wipe(raw, sizeof(raw));
}

void
nonce_hash(const char *text, uint8_t hash[SHA256_LEN])
{
	sha256(text, strlen(text), hash);
}
