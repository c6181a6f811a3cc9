#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include "x509/csr.h"
#include "x509/name.h"

OWN_TYPE(EVP_PKEY, EVP_PKEY_free)
OWN_TYPE(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
OWN_TYPE(BIGNUM, BN_free)

#define MODULUS_MAX 2048	/* octets */

static bool
not_a_request(struct err *e, const char *what)
{
	return err_set(e, ERR_INVALID, "csr_der", "not a PKCS#10 request: %s (RFC 2986 section 4)", what);
}

static bool
decode_info(struct csr *c, struct err *e)
{
	struct der_reader whole = der_reader_of(c->info), r;
	uint64_t version;
	struct der spki;

	if (!der_enter(&whole, DER_SEQUENCE, &r) || !der_get_u64(&r, &version) || version != 0)
		return not_a_request(e, "version");
	if (!der_get_whole(&r, DER_SEQUENCE, &c->subject) || !name_valid(c->subject, 0))
		return not_a_request(e, "subject");
	if (!der_get_whole(&r, DER_SEQUENCE, &spki))
		return not_a_request(e, "public key");
	if (!key_decode(spki, &c->key, e))
		return false;
	/* Attributes are not optional, but some devices leave the empty set out. */
	if (!der_at_end(&r) && !der_get(&r, DER_CONTEXT_CONS(0), &c->attributes))
		return not_a_request(e, "attributes");
	return der_at_end(&r) ? true : not_a_request(e, "attributes");
}

bool
csr_decode(const void *der, size_t len, struct csr *out, struct err *e)
{
	struct der body, algorithm;
	struct der_reader r, alg;
	struct csr c = { 0 };

	if (len > CSR_DER_MAX)
		return err_set(e, ERR_INVALID, "csr_too_large",
		    "a request of more than %d octets", CSR_DER_MAX);
	if (!der_only(der, len, DER_SEQUENCE, &body))
		return not_a_request(e, "not one DER sequence");
	r = der_reader_of(body);
	if (!der_get_whole(&r, DER_SEQUENCE, &c.info) || !der_get_whole(&r, DER_SEQUENCE, &algorithm) ||
	    !der_get_octet_bits(&r, &c.signature) || !der_at_end(&r))
		return not_a_request(e, "not its three parts");
	alg = der_reader_of(algorithm);
	if (!der_enter(&alg, DER_SEQUENCE, &alg) || !der_get_oid(&alg, &c.signature_oid))
		return not_a_request(e, "signature algorithm");
	c.signature_algorithm = signature_algorithm_of(algorithm);
	if (!decode_info(&c, e))
		return false;
	*out = c;
	return true;
}

struct csr_verifier {
	EVP_PKEY_CTX	*ec, *rsa;	/* keys from their octets */
	EVP_MD		*digest[SIGNATURE_ECDSA_SHA512 + 1];
	EVP_MD_CTX	*md;
};

struct csr_verifier *
csr_verifier_new(void)
{
	struct csr_verifier *v = calloc(1, sizeof(*v));

	if (v == NULL)
		abort();
	v->ec = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	v->rsa = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	v->md = EVP_MD_CTX_new();
	if (v->ec == NULL || v->rsa == NULL || v->md == NULL || EVP_PKEY_fromdata_init(v->ec) <= 0 ||
	    EVP_PKEY_fromdata_init(v->rsa) <= 0)
		abort();
	for (int a = SIGNATURE_RSA_SHA1; a <= SIGNATURE_ECDSA_SHA512; a++) {
		v->digest[a] =
		    EVP_MD_fetch(NULL, signature_algorithm_digest((enum signature_algorithm)a), NULL);
		if (v->digest[a] == NULL)
			abort();
	}
	return v;
}

void
csr_verifier_free(struct csr_verifier *v)
{
	if (v == NULL)
		return;
	EVP_PKEY_CTX_free(v->ec);
	EVP_PKEY_CTX_free(v->rsa);
	EVP_MD_CTX_free(v->md);
	for (int a = SIGNATURE_RSA_SHA1; a <= SIGNATURE_ECDSA_SHA512; a++)
		EVP_MD_free(v->digest[a]);
	free(v);
}

static bool
ec_key(struct csr_verifier *v, const struct key_info *k, EVP_PKEY **out, struct err *e)
{
	const char *group = k->type.bits == 256 ? "P-256" : k->type.bits == 384 ? "P-384" : "P-521";
	OSSL_PARAM p[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)k->bits.p, k->bits.len),
		OSSL_PARAM_construct_end(),
	};

	if (EVP_PKEY_fromdata(v->ec, out, EVP_PKEY_PUBLIC_KEY, p) <= 0)
		return err_set(e, ERR_INVALID, "key_point", "the EC point does not lie on its curve");
	return true;
}

static bool
rsa_key(struct csr_verifier *v, const struct key_info *k, EVP_PKEY **out, struct err *e)
{
	OWN(BN_free) BIGNUM *n = NULL;
	unsigned char native[MODULUS_MAX];
	uint64_t exponent = k->exponent;
	OSSL_PARAM p[3];

	if (k->modulus.len > sizeof(native) || exponent == 0)
		return err_set(e, ERR_INVALID, "key_form", "the RSA key is too large to be checked");
	n = BN_bin2bn(k->modulus.p, (int)k->modulus.len, NULL);
	if (n == NULL || BN_bn2nativepad(n, native, (int)k->modulus.len) < 0)
		return err_sys(e, "RSA modulus");
	p[0] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, native, k->modulus.len);
	p[1] = OSSL_PARAM_construct_uint64(OSSL_PKEY_PARAM_RSA_E, &exponent);
	p[2] = OSSL_PARAM_construct_end();
	if (EVP_PKEY_fromdata(v->rsa, out, EVP_PKEY_PUBLIC_KEY, p) <= 0)
		return err_set(e, ERR_INVALID, "key_form", "the RSA key cannot be used");
	return true;
}

static bool
not_its_own(struct err *e)
{
	return err_set(e, ERR_INVALID, "csr_signature", "not signed by its own key (RFC 2986 section 3)");
}

bool
csr_verify(struct csr_verifier *v, const struct csr *c, struct err *e)
{
	OWN(EVP_PKEY_CTX_free) EVP_PKEY_CTX *ctx = NULL;
	OWN(EVP_PKEY_free) EVP_PKEY *key = NULL;
	enum signature_algorithm a = c->signature_algorithm;
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned hash_len;

	if (a == SIGNATURE_NONE)
		return err_set(e, ERR_INVALID, "csr_algorithm",
		    "the request's signature algorithm is not accepted");
	if (signature_algorithm_key(a) != c->key.type.algorithm)
		return not_its_own(e);
	if (!(c->key.type.algorithm == KEY_EC ? ec_key(v, &c->key, &key, e) : rsa_key(v, &c->key, &key, e)))
		return false;
	if (EVP_DigestInit_ex2(v->md, v->digest[a], NULL) != 1 ||
	    EVP_DigestUpdate(v->md, c->info.p, c->info.len) != 1 ||
	    EVP_DigestFinal_ex(v->md, hash, &hash_len) != 1)
		return err_sys(e, "digest of a request");
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	if (ctx == NULL || EVP_PKEY_verify_init(ctx) <= 0)
		return err_sys(e, "verification context");
	if (c->key.type.algorithm == KEY_RSA && (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) <= 0 ||
	    EVP_PKEY_CTX_set_signature_md(ctx, v->digest[a]) <= 0))
		return err_sys(e, "verification context");
	if (EVP_PKEY_verify(ctx, c->signature.p, c->signature.len, hash, hash_len) != 1)
		return not_its_own(e);
	return true;
}
