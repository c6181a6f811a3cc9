/*
 * make_csrs - certificate requests for benches: N of them, each with a key of its own, CN a MAC address that
 * counts up from START.
 *
 *	make_csrs N p256|rsa2048 START_HEX OUT.pem
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/secret.h"
#include "base/str.h"
#include "x509/der.h"
#include "x509/cert.h"
#include "x509/keypair.h"

static const uint8_t oid_cn[] = { 0x55, 0x04, 0x03 };
static const uint8_t alg_p256[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };
static const uint8_t alg_rsa[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05,
    0x00 };

struct maker {
	bool		 rsa;
	struct keymaker	*keys;		/* RSA: libcrypto's generator is far slower */
	EVP_PKEY_CTX	*ec;
	EVP_MD_CTX	*md;
};

static bool
key_make(struct maker *m, EVP_PKEY **key)
{
	OWN_KEYPAIR struct keypair pair = { 0 };
	struct err e = { 0 };
	const uint8_t *p;

	if (!m->rsa)
		return EVP_PKEY_keygen(m->ec, key) == 1;
	if (!keypair_make(m->keys, (struct key_type){ KEY_RSA, 2048 }, &pair, &e))
		return false;
	p = pair.pkcs8->p;
	*key = d2i_AutoPrivateKey(NULL, &p, (long)pair.pkcs8->len);
	return *key != NULL;
}

/* CertificationRequestInfo (RFC 2986 section 4). */
static bool
info_make(EVP_PKEY *key, uint64_t mac, uint8_t *buf, size_t cap, struct der *out)
{
	struct der_writer w = der_writer(buf, cap);
	size_t all = der_mark(&w), name;
	uint8_t *spki = NULL;
	int len = i2d_PUBKEY(key, &spki);
	char cn[18];

	if (len <= 0)
		return false;
	(void)snprintf(cn, sizeof(cn), "%02X:%02X:%02X:%02X:%02X:%02X", (unsigned)(mac >> 40 & 255),
	    (unsigned)(mac >> 32 & 255), (unsigned)(mac >> 24 & 255), (unsigned)(mac >> 16 & 255),
	    (unsigned)(mac >> 8 & 255), (unsigned)(mac & 255));
	der_put(&w, DER_CONTEXT_CONS(0), "", 0);
	der_put_raw(&w, spki, (size_t)len);
	OPENSSL_free(spki);
	name = der_mark(&w);
	der_put(&w, DER_UTF8, cn, strlen(cn));
	der_put(&w, DER_OID, oid_cn, sizeof(oid_cn));
	der_wrap(&w, DER_SEQUENCE, name);
	der_wrap(&w, DER_SET, name);
	der_wrap(&w, DER_SEQUENCE, name);
	der_put_u64(&w, DER_INTEGER, 0);
	der_wrap(&w, DER_SEQUENCE, all);
	return der_written(&w, out);
}

static bool
request_write(struct maker *m, FILE *f, uint64_t mac)
{
	EVP_PKEY *key = NULL;
	OWN_STR struct str pem = { 0 };
	uint8_t info_buf[1024], buf[2048], sig[512];
	struct der_writer w = der_writer(buf, sizeof(buf));
	size_t sig_len = sizeof(sig), all = der_mark(&w);
	struct der info, whole;
	bool ok;

	if (!key_make(m, &key) || !info_make(key, mac, info_buf, sizeof(info_buf), &info))
		return false;
	EVP_MD_CTX_reset(m->md);
	ok = EVP_DigestSignInit_ex(m->md, NULL, "SHA256", NULL, NULL, key, NULL) == 1 &&
	    EVP_DigestSign(m->md, sig, &sig_len, info.p, info.len) == 1;
	EVP_PKEY_free(key);
	if (!ok)
		return false;
	der_put_octet_bits(&w, sig, sig_len);
	der_put_raw(&w, m->rsa ? alg_rsa : alg_p256, m->rsa ? sizeof(alg_rsa) : sizeof(alg_p256));
	der_put_raw(&w, info.p, info.len);
	der_wrap(&w, DER_SEQUENCE, all);
	if (!der_written(&w, &whole))
		return false;
	pem_encode("CERTIFICATE REQUEST", whole.p, whole.len, &pem);
	return fwrite(pem.p, 1, pem.len, f) == pem.len;
}

int
main(int argc, char **argv)
{
	struct maker m = { .rsa = argc > 2 && strcmp(argv[2], "rsa2048") == 0 };
	uint64_t start;
	long n;
	FILE *out;

	if (argc != 5 || (n = atol(argv[1])) < 1 || (out = fopen(argv[4], "w")) == NULL) {
		(void)fprintf(stderr, "usage: make_csrs N p256|rsa2048 START_HEX OUT.pem\n");
		return 2;
	}
	secret_init();
	m.keys = keymaker_new(RSAGEN_FAST);
	m.ec = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	m.md = EVP_MD_CTX_new();
	if (EVP_PKEY_keygen_init(m.ec) != 1 || EVP_PKEY_CTX_set_group_name(m.ec, "P-256") != 1)
		return 1;
	start = strtoull(argv[3], NULL, 16);
	for (long i = 0; i < n; i++)
		if (!request_write(&m, out, start + (uint64_t)i)) {
			(void)fprintf(stderr, "make_csrs: libcrypto failed\n");
			return 1;
		}
	keymaker_free(m.keys);
	EVP_PKEY_CTX_free(m.ec);
	EVP_MD_CTX_free(m.md);
	return fclose(out) == 0 ? 0 : 1;
}
