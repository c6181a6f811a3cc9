/*
 * Keys made here, in PKCS#12 files (RFC 7292) with PBES2, AES-256 and HMAC-SHA-256: three derivations a
 * device.  They are nearly all of the work, so sixteen devices go through SHA-256 side by side, a lane each:
 * vectors of the compiler, which become AVX-512 where the machine has it.
 */
#include "limit.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>

#define LANES 16

typedef uint32_t lanes __attribute__((vector_size(4 * LANES)));

static const uint32_t K[64] = { 0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1,
    0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
    0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354,
    0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585,
    0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee,
    0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2 };
static const uint32_t H[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
    0x5be0cd19 };

#define ROR(x, n) ((x) >> (n) | (x) << (32 - (n)))

/* One compression of SHA-256 in every lane; w is used up. */
static inline void
compress(lanes s[8], lanes w[16])
{
	lanes a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];

#pragma GCC unroll 64
	for (int i = 0; i < 64; i++) {
		lanes t1, t2;

		if (i >= 16) {
			lanes x = w[(i + 1) & 15], y = w[(i + 14) & 15];

			w[i & 15] += w[(i + 9) & 15] + (ROR(x, 7) ^ ROR(x, 18) ^ x >> 3) + (ROR(y, 17) ^ ROR(y, 19) ^ y >> 10);
		}
		t1 = h + (ROR(e, 6) ^ ROR(e, 11) ^ ROR(e, 25)) + (g ^ (e & (f ^ g))) + K[i] + w[i & 15];
		t2 = (ROR(a, 2) ^ ROR(a, 13) ^ ROR(a, 22)) + ((a & b) | (c & (a | b)));
		h = g;
		g = f;
		f = e;
		e = d + t1;
		d = c;
		c = b;
		b = a;
		a = t1 + t2;
	}
	s[0] += a;
	s[1] += b;
	s[2] += c;
	s[3] += d;
	s[4] += e;
	s[5] += f;
	s[6] += g;
	s[7] += h;
}

/* A digest of 32 octets, hashed on: `before` octets went in ahead of it. */
static void
again(lanes state[8], const lanes from[8], const lanes digest[8], uint32_t before)
{
	lanes w[16] = { 0 };

	for (int k = 0; k < 8; k++) {
		state[k] = from[k];
		w[k] = digest[k];
	}
	w[8] += 0x80000000;
	w[15] += (before + 32) * 8;
	compress(state, w);
}

static void
to_lane(lanes v[8], int lane, const uint32_t words[8])
{
	for (int k = 0; k < 8; k++)
		v[k][lane] = words[k];
}

static void
from_lane(const lanes v[8], int lane, uint8_t out[32])
{
	for (int k = 0; k < 8; k++) {
		uint32_t x = __builtin_bswap32(v[k][lane]);

		memcpy(out + 4 * k, &x, 4);
	}
}

static void
digest_words(const uint8_t d[32], uint32_t words[8])
{
	memcpy(words, d, 32);
	for (int k = 0; k < 8; k++)
		words[k] = __builtin_bswap32(words[k]);
}

struct device {
	char	 password[16];
	uint8_t	 key_salt[16], key_iv[16], cert_salt[16], cert_iv[16], mac_salt[16];
	uint8_t	 key_key[32], cert_key[32], mac_key[32];
	uint8_t	 pkcs8[160], id[20];
	size_t	 pkcs8_len;
};

/* PBKDF2-HMAC-SHA-256, 32 octets, a password and salt a lane. */
static void
pbkdf2(struct device *d[LANES], bool cert, unsigned rounds)
{
	lanes in[8], out[8], u[8], x[8], t[8];

	for (int l = 0; l < LANES; l++) {
		uint8_t pad[2][64] = { { 0 } }, first[32], salt[20];
		uint32_t words[8];
		unsigned len;

		memcpy(salt, cert ? d[l]->cert_salt : d[l]->key_salt, 16);
		memcpy(salt + 16, "\0\0\0\1", 4);
		for (int s = 0; s < 2; s++) {
			SHA256_CTX c;

			memcpy(pad[s], d[l]->password, strlen(d[l]->password));
			for (int i = 0; i < 64; i++)
				pad[s][i] ^= s == 0 ? 0x36 : 0x5c;
			(void)SHA256_Init(&c);
			SHA256_Transform(&c, pad[s]);
			to_lane(s == 0 ? in : out, l, c.h);
		}
		if (HMAC(EVP_sha256(), d[l]->password, (int)strlen(d[l]->password), salt, sizeof(salt), first, &len) == NULL)
			limit_fail("HMAC");
		digest_words(first, words);
		to_lane(u, l, words);
	}
	memcpy(x, u, sizeof(x));
	for (unsigned i = 1; i < rounds; i++) {
		again(t, in, u, 64);
		again(u, out, t, 64);
		for (int k = 0; k < 8; k++)
			x[k] ^= u[k];
	}
	for (int l = 0; l < LANES; l++)
		from_lane(x, l, cert ? d[l]->cert_key : d[l]->key_key);
}

/* The key of the MAC (RFC 7292 appendix B.2): the first hash by libcrypto. */
static void
mac_keys(struct device *d[LANES], unsigned rounds)
{
	lanes start[8] = { 0 }, u[8], t[8];

	for (int k = 0; k < 8; k++)
		start[k] += H[k];
	for (int l = 0; l < LANES; l++) {
		uint8_t text[192], digest[32];
		uint32_t words[8];
		size_t len = 2 * strlen(d[l]->password) + 2;

		memset(text, 3, 64);
		for (size_t i = 0; i < 64; i++) {
			size_t at = i % len;

			text[64 + i] = d[l]->mac_salt[i % 16];
			text[128 + i] = (uint8_t)((at & 1) != 0 ? d[l]->password[at / 2] : 0);
		}
		(void)SHA256(text, sizeof(text), digest);
		digest_words(digest, words);
		to_lane(u, l, words);
	}
	for (unsigned i = 1; i < rounds; i++) {
		again(t, start, u, 0);
		memcpy(u, t, sizeof(u));
	}
	for (int l = 0; l < LANES; l++)
		from_lane(u, l, d[l]->mac_key);
}

/* ---- the file ---- */

#define OID(...) ((const uint8_t[]){ __VA_ARGS__ }), sizeof((const uint8_t[]){ __VA_ARGS__ })
#define PKCS 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1
#define OID_DATA OID(PKCS, 7, 1)
#define OID_ENCRYPTED OID(PKCS, 7, 6)

static void
encrypted(const uint8_t key[32], const uint8_t iv[16], const void *plain, size_t n, uint8_t *out, size_t *len)
{
	static __thread EVP_CIPHER_CTX *ctx;
	static __thread EVP_CIPHER *aes;
	int a, b;

	if (ctx == NULL) {
		ctx = EVP_CIPHER_CTX_new();
		aes = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	}
	if (EVP_EncryptInit_ex2(ctx, aes, key, iv, NULL) != 1 || EVP_EncryptUpdate(ctx, out, &a, plain, (int)n) != 1 ||
	    EVP_EncryptFinal_ex(ctx, out + a, &b) != 1)
		limit_fail("AES");
	*len = (size_t)(a + b);
}

static void
put_pbes2(struct der_writer *w, const uint8_t salt[16], const uint8_t iv[16], unsigned rounds)
{
	size_t all = der_mark(w), kdf;

	der_put(w, DER_OCTETS, iv, 16);
	der_put(w, DER_OID, OID(0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2a));
	der_wrap(w, DER_SEQUENCE, all);
	kdf = der_mark(w);
	der_put_raw(w, OID(0x30, 0x0c, 6, 8, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 9, 5, 0));
	der_put_u64(w, DER_INTEGER, rounds);
	der_put(w, DER_OCTETS, salt, 16);
	der_wrap(w, DER_SEQUENCE, kdf);
	der_put(w, DER_OID, OID(PKCS, 5, 0x0c));
	der_wrap(w, DER_SEQUENCE, kdf);
	der_wrap(w, DER_SEQUENCE, all);
	der_put(w, DER_OID, OID(PKCS, 5, 0x0d));
	der_wrap(w, DER_SEQUENCE, all);
}

static void
put_local_key_id(struct der_writer *w, const uint8_t id[20])
{
	size_t all = der_mark(w);

	der_put(w, DER_OCTETS, id, 20);
	der_wrap(w, DER_SET, all);
	der_put(w, DER_OID, OID(PKCS, 9, 0x15));
	der_wrap(w, DER_SEQUENCE, all);
	der_wrap(w, DER_SET, all);
}

static void
put_cert_bag(struct der_writer *w, const uint8_t *der, size_t len, const uint8_t *id)
{
	size_t all = der_mark(w), value;

	if (id != NULL)
		put_local_key_id(w, id);
	value = der_mark(w);
	der_put(w, DER_OCTETS, der, len);
	der_wrap(w, DER_CONTEXT_CONS(0), value);
	der_put(w, DER_OID, OID(PKCS, 9, 0x16, 1));
	der_wrap(w, DER_SEQUENCE, value);
	der_wrap(w, DER_CONTEXT_CONS(0), value);
	der_put(w, DER_OID, OID(PKCS, 0x0c, 0x0a, 1, 3));
	der_wrap(w, DER_SEQUENCE, all);
}

/* ContentInfo of the key bag. */
static void
put_key(struct der_writer *w, const struct device *d, unsigned rounds)
{
	uint8_t cipher[sizeof(d->pkcs8) + 16];
	size_t all = der_mark(w), value, len;

	encrypted(d->key_key, d->key_iv, d->pkcs8, d->pkcs8_len, cipher, &len);
	put_local_key_id(w, d->id);
	value = der_mark(w);
	der_put(w, DER_OCTETS, cipher, len);
	put_pbes2(w, d->key_salt, d->key_iv, rounds);
	der_wrap(w, DER_SEQUENCE, value);
	der_wrap(w, DER_CONTEXT_CONS(0), value);
	der_put(w, DER_OID, OID(PKCS, 0x0c, 0x0a, 1, 2));
	der_wrap(w, DER_SEQUENCE, all);
	der_wrap(w, DER_SEQUENCE, all);
	der_wrap(w, DER_OCTETS, all);
	der_wrap(w, DER_CONTEXT_CONS(0), all);
	der_put(w, DER_OID, OID_DATA);
	der_wrap(w, DER_SEQUENCE, all);
}

/* ContentInfo of the certificates, encrypted. */
static void
put_certs(struct der_writer *w, const struct limit_ca *ca, const struct limit_row *r, const struct device *d,
    unsigned rounds)
{
	uint8_t plain[2 * LIMIT_CERT_MAX], cipher[2 * LIMIT_CERT_MAX + 16];
	struct der_writer bags = der_writer(plain, sizeof(plain));
	size_t all = der_mark(w), in = der_mark(&bags), len;
	struct der content;

	put_cert_bag(&bags, ca->der, ca->der_len, NULL);
	put_cert_bag(&bags, r->der, r->der_len, d->id);
	der_wrap(&bags, DER_SEQUENCE, in);
	if (!der_written(&bags, &content))
		limit_fail("too long");
	encrypted(d->cert_key, d->cert_iv, content.p, content.len, cipher, &len);
	der_put(w, DER_CONTEXT(0), cipher, len);
	put_pbes2(w, d->cert_salt, d->cert_iv, rounds);
	der_put(w, DER_OID, OID_DATA);
	der_wrap(w, DER_SEQUENCE, all);
	der_put_u64(w, DER_INTEGER, 0);
	der_wrap(w, DER_SEQUENCE, all);
	der_wrap(w, DER_CONTEXT_CONS(0), all);
	der_put(w, DER_OID, OID_ENCRYPTED);
	der_wrap(w, DER_SEQUENCE, all);
}

static void
file_make(const struct limit_ca *ca, struct limit_row *r, const struct device *d, unsigned rounds)
{
	uint8_t safe[LIMIT_P12_MAX], mac[32];
	struct der_writer w = der_writer(safe, sizeof(safe)), o = der_writer(r->p12, sizeof(r->p12));
	size_t all = der_mark(&w), part;
	struct der content, file;
	unsigned len;

	put_key(&w, d, rounds);
	put_certs(&w, ca, r, d, rounds);
	der_wrap(&w, DER_SEQUENCE, all);
	if (!der_written(&w, &content) || HMAC(EVP_sha256(), d->mac_key, 32, content.p, content.len, mac, &len) == NULL)
		limit_fail("too long");
	all = part = der_mark(&o);
	der_put_u64(&o, DER_INTEGER, rounds);
	der_put(&o, DER_OCTETS, d->mac_salt, 16);
	{
		size_t info = der_mark(&o);

		der_put(&o, DER_OCTETS, mac, 32);
		der_put_raw(&o, OID(0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0));
		der_wrap(&o, DER_SEQUENCE, info);
	}
	der_wrap(&o, DER_SEQUENCE, part);
	part = der_mark(&o);
	der_put(&o, DER_OCTETS, content.p, content.len);
	der_wrap(&o, DER_CONTEXT_CONS(0), part);
	der_put(&o, DER_OID, OID_DATA);
	der_wrap(&o, DER_SEQUENCE, part);
	der_put_u64(&o, DER_INTEGER, 3);
	der_wrap(&o, DER_SEQUENCE, all);
	if (!der_written(&o, &file))
		limit_fail("too long");
	memmove(r->p12, file.p, r->p12_len = file.len);
}

/* ---- the key and its certificate ---- */

static void
device_make(const struct limit_ca *ca, int64_t index, struct device *d, struct limit_row *r)
{
	static const uint8_t spki_head[] = { 0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a,
	    0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 3, 0x42, 0 };
	static __thread EC_KEY *key;
	uint8_t spki[91], private[32], name_buf[64], buf[160];
	struct der_writer w = der_writer(buf, sizeof(buf)), n = der_writer(name_buf, sizeof(name_buf));
	size_t all = der_mark(&w), point, rdn = der_mark(&n);
	struct der pkcs8, name;

	if (key == NULL)
		key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	memcpy(spki, spki_head, sizeof(spki_head));
	if (EC_KEY_generate_key(key) != 1 || EC_POINT_point2oct(EC_KEY_get0_group(key), EC_KEY_get0_public_key(key),
	    POINT_CONVERSION_UNCOMPRESSED, spki + 26, 65, NULL) != 65 ||
	    BN_bn2binpad(EC_KEY_get0_private_key(key), private, 32) != 32 || RAND_bytes(d->key_salt, 80) != 1)
		limit_fail("key");
	(void)snprintf(d->password, sizeof(d->password), "password1234");
	(void)snprintf(r->cn, sizeof(r->cn), "device-%08lld", (long long)index);
	point = der_mark(&w);
	der_put_octet_bits(&w, spki + 26, 65);
	der_wrap(&w, DER_CONTEXT_CONS(1), point);
	der_put(&w, DER_OCTETS, private, 32);
	der_put_u64(&w, DER_INTEGER, 1);
	der_wrap(&w, DER_SEQUENCE, all);
	der_wrap(&w, DER_OCTETS, all);
	der_put_raw(&w, spki + 2, 21);
	der_put_u64(&w, DER_INTEGER, 0);
	der_wrap(&w, DER_SEQUENCE, all);
	der_put(&n, DER_UTF8, r->cn, strlen(r->cn));
	der_put(&n, DER_OID, OID(0x55, 4, 3));
	der_wrap(&n, DER_SEQUENCE, rdn);
	der_wrap(&n, DER_SET, rdn);
	der_wrap(&n, DER_SEQUENCE, rdn);
	if (!der_written(&w, &pkcs8) || !der_written(&n, &name))
		limit_fail("too long");
	memcpy(d->pkcs8, pkcs8.p, d->pkcs8_len = pkcs8.len);
	limit_certificate(ca, name, (struct der){ spki, sizeof(spki) }, (struct der){ spki + 26, 65 }, r);
	(void)SHA1(r->der, r->der_len, d->id);
}

void
limit_p12(const struct limit_ca *ca, int64_t first, struct limit_row *rows, size_t n, unsigned rounds)
{
	for (size_t at = 0; at < n; at += LANES) {
		struct device devices[LANES], *lane[LANES];
		size_t some = n - at < LANES ? n - at : LANES;

		for (size_t i = 0; i < some; i++)
			device_make(ca, first + (int64_t)(at + i), &devices[i], &rows[at + i]);
		for (size_t i = 0; i < LANES; i++)
			lane[i] = &devices[i < some ? i : 0];
		pbkdf2(lane, false, rounds);
		pbkdf2(lane, true, rounds);
		mac_keys(lane, rounds);
		for (size_t i = 0; i < some; i++)
			file_make(ca, &rows[at + i], &devices[i], rounds);
	}
}
