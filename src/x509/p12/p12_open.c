#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/secret.h"
#include "x509/ossl.h"
#include "x509/p12/p12.h"

OWN_TYPE(PKCS12, PKCS12_free)
OWN_TYPE(X509, X509_free)
OWN_TYPE(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)

static void
certs_free(STACK_OF(X509) *s)
{
	sk_X509_pop_free(s, X509_free);
}
OWN_TYPE(STACK_OF(X509), certs_free)

void
p12_opened_clear(struct p12_opened *o)
{
	secret_free(o->pkcs8);
	free(o->cert);
	free(o->chain);
	memset(o, 0, sizeof(*o));
}

/* How the file is protected as a whole; a count beyond reason is refused before anything is derived. */
static bool
mac_read(const PKCS12 *p12, struct p12_opened *o, struct err *e)
{
	const ASN1_INTEGER *iterations;
	const X509_ALGOR *algorithm;
	const ASN1_OBJECT *oid;
	int64_t n = 1;

	if (PKCS12_mac_present(p12) != 1) {
		(void)snprintf(o->mac, sizeof(o->mac), "none");
		return true;
	}
	PKCS12_get0_mac(NULL, &algorithm, NULL, &iterations, p12);
	X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
	(void)snprintf(o->mac, sizeof(o->mac), "%s", OBJ_nid2sn(OBJ_obj2nid(oid)));
	if (iterations != NULL && (ASN1_INTEGER_get_int64(&n, iterations) != 1 || n < 1 || n > P12_ITERATIONS_MAX))
		return err_set(e, ERR_INVALID, "pkcs12_iterations", "the PKCS#12 file asks for too many iterations");
	o->mac_iterations = (uint32_t)n;
	return true;
}

static uint8_t *
encode(X509 *cert, size_t *len)
{
	uint8_t *der = NULL, *copy;
	int n = i2d_X509(cert, &der);

	if (n <= 0)
		abort();
	copy = malloc((size_t)n);
	if (copy == NULL)
		abort();
	memcpy(copy, der, (size_t)n);
	OPENSSL_free(der);
	*len = (size_t)n;
	return copy;
}

static void
chain_take(STACK_OF(X509) *others, struct p12_opened *o)
{
	for (int i = 0; i < sk_X509_num(others); i++) {
		size_t len;
		uint8_t *der = encode(sk_X509_value(others, i), &len);

		o->chain = realloc(o->chain, o->chain_len + len);
		if (o->chain == NULL)
			abort();
		memcpy(o->chain + o->chain_len, der, len);
		o->chain_len += len;
		o->chain_n++;
		free(der);
	}
}

static bool
key_take(const EVP_PKEY *key, struct p12_opened *o, struct err *e)
{
	OWN(PKCS8_PRIV_KEY_INFO_free) PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	uint8_t *der = NULL;
	int len = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;

	if (len <= 0)
		return ossl_fail(e, "key of a PKCS#12 file");
	o->pkcs8 = secret_from(der, (size_t)len);
	OPENSSL_clear_free(der, (size_t)len);
	return true;
}

static bool
contents_take(PKCS12 *p12, const char *password, struct p12_opened *o, struct err *e)
{
	OWN(EVP_PKEY_free) EVP_PKEY *key = NULL;
	OWN(X509_free) X509 *cert = NULL;
	OWN(certs_free) STACK_OF(X509) *others = NULL;

	if (PKCS12_parse(p12, password, &key, &cert, &others) != 1) {
		ossl_forget();
		return err_set(e, ERR_INVALID, "pkcs12_contents",
		    "the PKCS#12 file's contents cannot be read: an algorithm that is not supported, or damage");
	}
	if (key != NULL && !key_take(key, o, e))
		return false;
	if (cert != NULL)
		o->cert = encode(cert, &o->cert_len);
	chain_take(others, o);
	return true;
}

bool
p12_open(struct der file, const struct secret *password, struct p12_opened *out, struct err *e)
{
	const uint8_t *p = file.p;
	OWN(PKCS12_free) PKCS12 *p12 = d2i_PKCS12(NULL, &p, (long)file.len);
	struct p12_opened o = { 0 };

	if (p12 == NULL || p != file.p + file.len) {
		ossl_forget();
		return err_set(e, ERR_MALFORMED, "pkcs12_der", "not a PKCS#12 file");
	}
	if (memchr(password->p, 0, password->len) != NULL)
		return err_set(e, ERR_INVALID, "pkcs12_password", "the password holds a NUL character");
	if (!mac_read(p12, &o, e))
		return false;
	if (PKCS12_mac_present(p12) == 1 &&
	    PKCS12_verify_mac(p12, (const char *)password->p, (int)password->len) != 1) {
		ossl_forget();
		return err_set(e, ERR_INVALID, "pkcs12_password", "the PKCS#12 file has another password");
	}
	if (!contents_take(p12, (const char *)password->p, &o, e)) {
		p12_opened_clear(&o);
		return false;
	}
	*out = o;
	return true;
}
