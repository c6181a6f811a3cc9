/* make_cert - keys and certificates by libcrypto, for tests that need some of another maker's. */
#ifndef TESTS_MAKE_CERT_H
#define TESTS_MAKE_CERT_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/own.h"
#include "base/secret.h"
#include "x509/der.h"

struct made_cert {
	EVP_PKEY	*key;
	X509		*x509;
	struct der	 der;		/* owned */
	struct secret	*pkcs8;
};

static inline void
made_cert_clear(struct made_cert *m)
{
	EVP_PKEY_free(m->key);
	X509_free(m->x509);
	OPENSSL_free((void *)(uintptr_t)m->der.p);
	secret_free(m->pkcs8);
	memset(m, 0, sizeof(*m));
}
#define OWN_CERT __attribute__((cleanup(made_cert_clear)))

static inline struct secret *
make_pkcs8(EVP_PKEY *key)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	uint8_t *der = NULL;
	int len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	struct secret *s = secret_from(der, (size_t)len);

	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(info);
	return s;
}

static inline void
make_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (ext == NULL || X509_add_ext(x, ext, -1) != 1)
		abort();
	X509_EXTENSION_free(ext);
}

struct make_ext {
	int		 nid;
	const char	*value;
};

/* `issuer` NULL: self-signed.  Extensions end with nid 0.  Takes the key. */
static inline struct made_cert
make_cert(EVP_PKEY *key, const char *cn, const struct made_cert *issuer, long not_before, long not_after,
    const struct make_ext *exts)
{
	static long serial = 1000;
	struct made_cert m = { .key = key, .x509 = X509_new() };
	X509_NAME *name = X509_NAME_new();
	uint8_t *der = NULL;
	int len;

	if (key == NULL || X509_set_version(m.x509, 2) != 1 ||
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)cn, -1, -1, 0) != 1)
		abort();
	(void)ASN1_INTEGER_set(X509_get_serialNumber(m.x509), serial++);
	(void)X509_set_subject_name(m.x509, name);
	(void)X509_set_issuer_name(m.x509, issuer != NULL ? X509_get_subject_name(issuer->x509) : name);
	(void)ASN1_TIME_set(X509_getm_notBefore(m.x509), not_before);
	(void)ASN1_TIME_set(X509_getm_notAfter(m.x509), not_after);
	(void)X509_set_pubkey(m.x509, key);
	for (size_t i = 0; exts != NULL && exts[i].nid != 0; i++)
		make_extension(m.x509, issuer != NULL ? issuer->x509 : m.x509, exts[i].nid, exts[i].value);
	if (X509_sign(m.x509, issuer != NULL ? issuer->key : key, EVP_sha256()) == 0)
		abort();
	len = i2d_X509(m.x509, &der);
	m.der = (struct der){ der, (size_t)len };
	m.pkcs8 = make_pkcs8(key);
	X509_NAME_free(name);
	return m;
}

static const struct make_ext make_ca_exts[] = {
	{ NID_basic_constraints, "critical,CA:TRUE" },
	{ NID_key_usage, "critical,keyCertSign,cRLSign" },
	{ NID_subject_key_identifier, "hash" },
	{ 0, NULL }
};

static inline struct made_cert
make_ca(const char *cn, const struct made_cert *issuer)
{
	return make_cert(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), cn, issuer, time(NULL) - 3600,
	    time(NULL) + 86400 * 3650, make_ca_exts);
}

static inline struct made_cert
make_leaf(const char *cn, const struct made_cert *issuer, const struct make_ext *exts)
{
	return make_cert(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), cn, issuer, time(NULL) - 3600,
	    time(NULL) + 86400 * 365, exts);
}

#endif
