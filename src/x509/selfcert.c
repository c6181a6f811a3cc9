#include "x509/selfcert.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/clock.h"
#include "base/rand.h"
#include "base/secret.h"
#include "base/str.h"
#include "x509/keypair.h"

#define SERIAL_LEN	16
/*
 * Who trusts such a certificate has it by name in a configuration; its date keeps nobody out.  A clock that is set
 * back, by as much as a signer lets the dates of certificates be off, must not turn it away.
 */
#define EARLIER_S	(2 * 86400)

OWN_TYPE(X509_EXTENSION, X509_EXTENSION_free)
OWN_TYPE(X509_NAME, X509_NAME_free)

bool
x509_from_der(struct der der, X509 **out, struct err *e)
{
	const uint8_t *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.len);

	if (x == NULL || p != der.p + der.len) {
		X509_free(x);
		ERR_clear_error();
		return err_set(e, ERR_INVALID, "cert_der", "not a certificate");
	}
	*out = x;
	return true;
}

static bool
extend(X509 *x, int nid, const char *value)
{
	OWN(X509_EXTENSION_free) X509_EXTENSION *ext = NULL;
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	return ext != NULL && X509_add_ext(x, ext, -1) == 1;
}

static bool
name_set(X509 *x, const char *cn)
{
	OWN(X509_NAME_free) X509_NAME *name = X509_NAME_new();

	return name != NULL &&
	    X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, (const uint8_t *)cn, -1, -1, 0) == 1 &&
	    X509_set_subject_name(x, name) == 1 && X509_set_issuer_name(x, name) == 1;
}

static bool
serial_set(X509 *x)
{
	uint8_t octets[SERIAL_LEN];
	BIGNUM *n;
	bool ok;

	rand_octets(octets, sizeof(octets));
	octets[0] = (octets[0] & 0x3f) | 0x40;
	n = BN_bin2bn(octets, sizeof(octets), NULL);
	ok = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
	BN_free(n);
	return ok;
}

static bool
fill(X509 *x, EVP_PKEY *key, const char *name, const char *usage, int64_t not_after_s)
{
	char critical[128];

	(void)snprintf(critical, sizeof(critical), "critical,%s", usage);
	return X509_set_version(x, X509_VERSION_3) == 1 && serial_set(x) && name_set(x, name) &&
	    ASN1_TIME_set(X509_getm_notBefore(x), clock_now_s() - EARLIER_S) != NULL &&
	    ASN1_TIME_set(X509_getm_notAfter(x), not_after_s) != NULL && X509_set_pubkey(x, key) == 1 &&
	    extend(x, NID_basic_constraints, "critical,CA:FALSE") && extend(x, NID_key_usage, critical) &&
	    extend(x, NID_subject_key_identifier, "hash") && X509_sign(x, key, EVP_sha256()) > 0;
}

bool
selfcert_make(const char *name, const char *usage, int64_t not_after_s, struct secret **pkcs8, struct str *cert,
    struct err *e)
{
	OWN(keymaker_free) struct keymaker *maker = keymaker_new(RSAGEN_FAST);
	OWN(X509_free) X509 *x = X509_new();
	OWN(EVP_PKEY_free) EVP_PKEY *key = NULL;
	OWN_KEYPAIR struct keypair pair = { 0 };
	uint8_t *der = NULL;
	int len;

	if (!keypair_make(maker, (struct key_type){ KEY_EC, 256 }, &pair, e) || !pkey_from_pkcs8(pair.pkcs8, &key, e))
		return false;
	if (x == NULL || !fill(x, key, name, usage, not_after_s) || (len = i2d_X509(x, &der)) <= 0)
		return ossl_fail(e, "self-signed certificate");
	str_add(cert, der, (size_t)len);
	OPENSSL_free(der);
	*pkcs8 = give(pair.pkcs8);
	return true;
}
