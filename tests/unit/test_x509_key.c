/* Public keys: both ways against the library, and what is refused. */
#include <string.h>

#include "base/own.h"
#include "check.h"
#include "x509/key.h"
#include "x509_make.h"

static void
both_ways(void)
{
	static const struct key_type types[] = { { KEY_RSA, 1024 }, { KEY_RSA, 2048 }, { KEY_EC, 256 },
		{ KEY_EC, 384 }, { KEY_EC, 521 } };
	static const char *const texts[] = { "RSA 1024", "RSA 2048", "EC P-256", "EC P-384", "EC P-521" };

	for (size_t i = 0; i < COUNT(types); i++) {
		struct made_key k = { 0 };
		struct key_info info;
		struct err e = { 0 };
		uint8_t buf[1024], e65537[] = { 1, 0, 1 };
		struct der_writer w = der_writer(buf, sizeof(buf));
		struct der whole = { NULL, 0 };
		char text[24];

		if (!CHECK(make_key(types[i], &k), "no key") ||
		    !CHECK(key_decode(made_spki(&k), &info, &e), "%s: %s", texts[i], e.msg))
			continue;
		CHECK(info.type.algorithm == types[i].algorithm && info.type.bits == types[i].bits &&
		    strcmp(key_type_text(info.type, text), texts[i]) == 0, "%s", texts[i]);
		CHECK(key_on_curve(&info, &e), "%s: %s", texts[i], e.msg);
		if (types[i].algorithm == KEY_RSA)
			key_put_rsa(&w, info.modulus.p, info.modulus.len, e65537, sizeof(e65537));
		else
			key_put_ec(&w, types[i].bits, info.bits.p, info.bits.len);
		CHECK(der_written(&w, &whole) && der_equal(whole, k.spki, k.len),
		    "%s is written as the library does", texts[i]);
		CHECK(types[i].algorithm != KEY_RSA || !key_roca(info.modulus), "%s is no ROCA key",
		    texts[i]);
		if (types[i].algorithm == KEY_EC) {
			k.spki[k.len - 1] ^= 1;
			CHECK(key_decode(made_spki(&k), &info, &e) && !key_on_curve(&info, &e) &&
			    strcmp(e.code, "key_point") == 0, "%s: a point off the curve", texts[i]);
		}
		for (size_t cut = 0; cut < k.len; cut++)
			if (key_decode((struct der){ k.spki, cut }, &info, &e))
				CHECK(false, "%s cut at %zu is taken", texts[i], cut);
		EVP_PKEY_free(k.pkey);
	}
}

/* An RSA key with these numbers is refused, with this code. */
static void
rsa_refused(const char *what, size_t octets, uint8_t low, uint8_t exponent)
{
	uint8_t n[300] = { 0xc1 }, buf[600];
	struct der_writer w = der_writer(buf, sizeof(buf));
	struct der whole;
	struct key_info k;
	struct err e = { 0 };

	n[octets - 1] = low;
	key_put_rsa(&w, n, octets, &exponent, 1);
	CHECK(der_written(&w, &whole) && !key_decode(whole, &k, &e) && strcmp(e.code, "key_form") == 0, "%s",
	    what);
}

static void
refused(void)
{
	/* Ed25519 (RFC 8410 section 10.1). */
	static const uint8_t ed[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
	    0x19, 0xbf, 0x44, 0x09, 0x69, 0x84, 0xcd, 0xfe, 0x85, 0x41, 0xba, 0xc1, 0x67, 0xdc, 0x3b, 0x96,
	    0xc8, 0x50, 0x86, 0xaa, 0x30, 0xb6, 0xb6, 0xcb, 0x0c, 0x5c, 0x38, 0xad, 0x70, 0x31, 0x66, 0xe1 };
	struct made_key k = { 0 };
	struct key_info info;
	struct err e = { 0 };

	rsa_refused("an even modulus", 256, 2, 3);
	rsa_refused("an even exponent", 256, 1, 4);
	rsa_refused("exponent 1", 256, 1, 1);
	rsa_refused("a modulus of 496 bits", 62, 1, 3);
	CHECK(!key_decode((struct der){ ed, sizeof(ed) }, &info, &e) && strcmp(e.code, "key_algorithm") == 0,
	    "Ed25519: %s", e.msg);
	if (!CHECK(make_key((struct key_type){ KEY_EC, 256 }, &k), "no key"))
		return;
	k.spki[26] = 3;			/* compressed form, wrong length for it */
	CHECK(!key_decode(made_spki(&k), &info, &e) && strcmp(e.code, "key_form") == 0,
	    "compressed point: %s", e.msg);
	k.spki[26] = 4;
	k.spki[22] = 1;			/* prime192v1 */
	CHECK(!key_decode(made_spki(&k), &info, &e) && strcmp(e.code, "key_curve") == 0, "other curve: %s",
	    e.msg);
	EVP_PKEY_free(k.pkey);
}

/* A modulus made as that library made its primes: a power of 65537 modulo the small primes. */
static void
roca(void)
{
	BN_CTX *c = BN_CTX_new();
	BIGNUM *m = BN_new(), *r = BN_new(), *g = BN_new(), *x = BN_new(), *p = BN_new(), *n = BN_new();
	static const int primes[] = { 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67,
		71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163,
		167 };
	uint8_t out[300];
	int len;

	BN_one(m);
	for (size_t i = 0; i < COUNT(primes); i++)
		BN_mul_word(m, (BN_ULONG)primes[i]);
	BN_set_word(g, 65537);
	BN_set_word(x, 123456789);
	BN_mod_exp(r, g, x, m, c);
	BN_rand(p, 800, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
	BN_mul(n, p, m, c);
	BN_add(n, n, r);
	len = BN_bn2bin(n, out);
	CHECK(key_roca((struct der){ out, (size_t)len }), "the fingerprint is seen");
	BN_add_word(n, 2);
	len = BN_bn2bin(n, out);
	CHECK(!key_roca((struct der){ out, (size_t)len }), "its neighbor has none");
	BN_free(m); BN_free(r); BN_free(g); BN_free(x); BN_free(p); BN_free(n); BN_CTX_free(c);
}

static void
signatures(void)
{
	for (int a = SIGNATURE_RSA_SHA1; a <= SIGNATURE_ECDSA_SHA512; a++) {
		enum signature_algorithm s = (enum signature_algorithm)a;

		CHECK(signature_algorithm_of(signature_algorithm_der(s)) == s &&
			  signature_algorithm_find(signature_algorithm_name(s)) == s,
		    "%s", signature_algorithm_name(s));
	}
	CHECK(signature_algorithm_find("md5WithRSAEncryption") == SIGNATURE_NONE, "MD5 is none of them");
}

int
main(void)
{
	both_ways();
	refused();
	roca();
	signatures();
	return check_done();
}
