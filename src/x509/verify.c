#include "x509/verify.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "x509/name.h"
#include "x509/selfcert.h"

#define BETWEEN_MAX	16
#define LEVEL_112_BITS	2	/* libcrypto's security level: RSA-2048, SHA-256 */

OWN_TYPE(BIO, BIO_free)
OWN_TYPE(X509_STORE_CTX, X509_STORE_CTX_free)

static void
certs_free(STACK_OF(X509) *s)
{
	sk_X509_pop_free(s, X509_free);
}
OWN_TYPE(STACK_OF(X509), certs_free)

struct trust {
	X509_STORE	*store;
};

static const struct {
	int		 error;
	const char	*code;
} codes[] = {
	{ X509_V_ERR_CERT_HAS_EXPIRED, "cert_expired" },
	{ X509_V_ERR_CERT_NOT_YET_VALID, "cert_not_yet_valid" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "cert_untrusted" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "cert_untrusted" },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "cert_untrusted" },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "cert_untrusted" },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "cert_untrusted" },
	{ X509_V_ERR_CERT_UNTRUSTED, "cert_untrusted" },
	{ X509_V_ERR_INVALID_PURPOSE, "cert_purpose" },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, "cert_weak" },
	{ X509_V_ERR_CA_KEY_TOO_SMALL, "cert_weak" },
	{ X509_V_ERR_CA_MD_TOO_WEAK, "cert_weak" },
};

static struct trust *
trust_empty(void)
{
	struct trust *t = calloc(1, sizeof(*t));

	if (t == NULL || (t->store = X509_STORE_new()) == NULL ||
	    X509_STORE_set_flags(t->store, X509_V_FLAG_PARTIAL_CHAIN) != 1)
		abort();
	return t;
}

void
trust_free(struct trust *t)
{
	if (t == NULL)
		return;
	X509_STORE_free(t->store);
	free(t);
}

bool
trust_new(const struct der *certs, size_t n, struct trust **out, struct err *e)
{
	OWN(trust_free) struct trust *t = trust_empty();

	for (size_t i = 0; i < n; i++) {
		OWN(X509_free) X509 *x = NULL;

		if (!x509_from_der(certs[i], &x, e))
			return err_in(e, "trusted certificate %zu", i);
		if (X509_STORE_add_cert(t->store, x) != 1)
			return ossl_fail(e, "trusted certificate");
	}
	*out = give(t);
	return true;
}

bool
trust_new_pem(const char *text, size_t len, struct trust **out, struct err *e)
{
	OWN(trust_free) struct trust *t = trust_empty();
	OWN(BIO_free) BIO *in = BIO_new_mem_buf(text, (int)len);
	size_t n = 0;

	for (;; n++) {
		OWN(X509_free) X509 *x = PEM_read_bio_X509(in, NULL, NULL, NULL);

		if (x == NULL)
			break;
		if (X509_STORE_add_cert(t->store, x) != 1)
			return ossl_fail(e, "trusted certificate");
	}
	if (n == 0 || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
		ERR_clear_error();
		return err_set(e, ERR_INVALID, "cert_der", n == 0 ? "no certificate in the PEM text" :
		    "a certificate in the PEM text cannot be read");
	}
	ERR_clear_error();
	*out = give(t);
	return true;
}

/* "certificate has expired: CN=Issuing CA" */
static bool
explain(X509_STORE_CTX *ctx, struct err *e)
{
	int error = X509_STORE_CTX_get_error(ctx);
	X509 *at = X509_STORE_CTX_get_current_cert(ctx);
	const char *code = "cert_invalid";
	OWN_STR struct str who = { 0 };
	struct err ignored = { 0 };
	uint8_t *name = NULL;
	int len = at != NULL ? i2d_X509_NAME(X509_get_subject_name(at), &name) : 0;

	if (len <= 0 || !name_text((struct der){ name, (size_t)len }, &who, &ignored) || who.len == 0) {
		str_clear(&who);
		str_adds(&who, "a certificate without a name");
	}
	OPENSSL_free(name);
	for (size_t i = 0; i < COUNT(codes); i++)
		if (codes[i].error == error)
			code = codes[i].code;
	ERR_clear_error();
	return err_set(e, ERR_INVALID, code, "%s: %s", X509_verify_cert_error_string(error), who.p);
}

static bool
between_read(const struct der *between, size_t n, STACK_OF(X509) **out, struct err *e)
{
	OWN(certs_free) STACK_OF(X509) *all = sk_X509_new_null();

	if (all == NULL)
		abort();
	if (n > BETWEEN_MAX)
		return err_set(e, ERR_INVALID, "cert_invalid", "more than %d certificates in a chain", BETWEEN_MAX);
	for (size_t i = 0; i < n; i++) {
		X509 *x;

		if (!x509_from_der(between[i], &x, e))
			return false;
		if (sk_X509_push(all, x) <= 0)
			abort();
	}
	*out = give(all);
	return true;
}

static bool
demand(X509_STORE_CTX *ctx, enum verify_purpose purpose, int64_t at_s)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

	X509_VERIFY_PARAM_set_time(param, (time_t)at_s);
	if (purpose == VERIFY_ANY)
		return true;
	X509_VERIFY_PARAM_set_auth_level(param, LEVEL_112_BITS);
	return X509_VERIFY_PARAM_set_purpose(param,
	    purpose == VERIFY_CLIENT ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER) == 1;
}

bool
verify_chain(const struct trust *t, struct der cert, const struct der *between, size_t between_n,
    enum verify_purpose purpose, int64_t at_s, struct err *e)
{
	OWN(X509_free) X509 *x = NULL;
	OWN(certs_free) STACK_OF(X509) *others = NULL;
	OWN(X509_STORE_CTX_free) X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	if (!x509_from_der(cert, &x, e) || !between_read(between, between_n, &others, e))
		return false;
	if (ctx == NULL || X509_STORE_CTX_init(ctx, t->store, x, others) != 1 || !demand(ctx, purpose, at_s))
		return ossl_fail(e, "chain verification");
	return X509_verify_cert(ctx) == 1 || explain(ctx, e);
}

/* What the private half signs, the certificate's public half must verify: parts cannot be of two keys. */
static bool
signs_for(EVP_PKEY *key, EVP_PKEY *public)
{
	static const uint8_t text[] = "do these two halves belong together?";
	OWN(EVP_MD_CTX_free) EVP_MD_CTX *sign = EVP_MD_CTX_new(), *verify = EVP_MD_CTX_new();
	uint8_t sig[1024];
	size_t len = sizeof(sig);

	return sign != NULL && verify != NULL && EVP_DigestSignInit_ex(sign, NULL, "SHA256", NULL, NULL, key, NULL) == 1
	    && EVP_DigestSign(sign, sig, &len, text, sizeof(text)) == 1
	    && EVP_DigestVerifyInit_ex(verify, NULL, "SHA256", NULL, NULL, public, NULL) == 1
	    && EVP_DigestVerify(verify, sig, len, text, sizeof(text)) == 1;
}

bool
verify_key(struct der cert, const struct secret *pkcs8, struct err *e)
{
	OWN(X509_free) X509 *x = NULL;
	OWN(EVP_PKEY_free) EVP_PKEY *key = NULL;

	if (!x509_from_der(cert, &x, e) || !pkey_from_pkcs8(pkcs8, &key, e))
		return false;
	if (X509_check_private_key(x, key) == 1 && signs_for(key, X509_get0_pubkey(x)))
		return true;
	ERR_clear_error();
	return err_set(e, ERR_INVALID, "key_mismatch", "the private key does not belong to the certificate");
}
