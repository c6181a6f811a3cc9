/* secret, rand and hash. */
#include <string.h>

#include <openssl/crypto.h>

#include "base/hash.h"
#include "base/rand.h"
#include "base/secret.h"
#include "base/str.h"
#include "check.h"

static void
secrets(void)
{
	OWN(secret_free) struct secret *s = NULL, *empty = NULL;
	struct secret *many[200];
	uint8_t buf[4] = { 1, 2, 3, 4 };

	secret_init();
	secret_init();
	s = secret_from("pa\0ss", 5);
	CHECK(s->len == 5 && memcmp(s->p, "pa\0ss", 6) == 0, "copied, with a NUL behind");
	CHECK(CRYPTO_secure_allocated(s->p) == 1, "on the secure heap");
	CHECK(secret_equal(s, "pa\0ss", 5) && !secret_equal(s, "pa\0st", 5) && !secret_equal(s, "pa\0s", 4), "compared");
	empty = secret_new(0);
	CHECK(empty->len == 0 && empty->p[0] == 0 && secret_equal(empty, "", 0), "empty");
	secret_free(NULL);
	/* More than the locked heap holds: still served. */
	for (size_t i = 0; i < COUNT(many); i++) {
		many[i] = secret_new(40000);
		many[i]->p[39999] = 1;
	}
	for (size_t i = 0; i < COUNT(many); i++)
		secret_free(many[i]);
	wipe(buf, sizeof(buf));
	CHECK(memcmp(buf, "\0\0\0\0", 4) == 0, "wiped");
}

static void
randomness(void)
{
	char a[33], b[33];
	uint8_t seen[256] = { 0 }, o[4096];
	int distinct = 0;

	rand_id(a);
	rand_id(b);
	CHECK(strlen(a) == 32 && strspn(a, "0123456789abcdef") == 32 && strcmp(a, b) != 0, "%s %s", a, b);
	rand_octets(o, sizeof(o));
	for (size_t i = 0; i < sizeof(o); i++)
		seen[o[i]] = 1;
	for (size_t i = 0; i < 256; i++)
		distinct += seen[i];
	CHECK(distinct > 240, "%d values among 4096 octets", distinct);
}

static void
hashes(void)
{
	char hex[65];
	uint8_t mac[SHA256_LEN];
	uint8_t key[131];

	/* FIPS 180-4 examples; RFC 4231 cases 1, 2 and 6 */
	sha256_hex("abc", 3, hex);
	CHECK(strcmp(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0, "%s", hex);
	sha256_hex("", 0, hex);
	CHECK(strcmp(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855") == 0, "%s", hex);
	memset(key, 0x0b, 20);
	hmac_sha256(key, 20, "Hi There", 8, mac);
	hex_lower(mac, sizeof(mac), hex);
	CHECK(strcmp(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7") == 0, "%s", hex);
	hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac);
	hex_lower(mac, sizeof(mac), hex);
	CHECK(strcmp(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843") == 0, "%s", hex);
	memset(key, 0xaa, sizeof(key));
	hmac_sha256(key, sizeof(key), "Test Using Larger Than Block-Size Key - Hash Key First", 54, mac);
	hex_lower(mac, sizeof(mac), hex);
	CHECK(strcmp(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54") == 0, "%s", hex);
	hmac_sha256("", 0, "", 0, mac);
	hex_lower(mac, sizeof(mac), hex);
	CHECK(strcmp(hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad") == 0, "empty key: %s", hex);
	CHECK(octets_equal("abc", "abc", 3) && !octets_equal("abc", "abd", 3), "compared");
}

int
main(void)
{
	secrets();
	randomness();
	hashes();
	return check_done();
}
