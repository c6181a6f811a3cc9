#include "x509/seal.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "x509/selfcert.h"

#define SEALED_MAX	(SEAL_RECIPIENTS_MAX * 1024u + SEAL_SECRET_MAX + 4096u)
#define TAG_LEN		16	/* octets of AES-GCM's tag: none shorter is believed */

OWN_TYPE(BIO, BIO_free_all)
OWN_TYPE(CMS_ContentInfo, CMS_ContentInfo_free)

bool
seal_host_make(const char *name, int64_t not_after_s, struct secret **pkcs8, struct str *cert, struct err *e)
{
	return selfcert_make(name, "keyAgreement", not_after_s, pkcs8, cert, e);
}

/* EC: SHA-256 in the derivation.  RSA: OAEP, SHA-256 for both its hashes. */
static bool
recipient_set(CMS_RecipientInfo *ri, const X509 *cert)
{
	EVP_PKEY_CTX *ctx = CMS_RecipientInfo_get0_pkey_ctx(ri);
	const EVP_PKEY *key = X509_get0_pubkey(cert);

	if (ctx == NULL || key == NULL)
		return false;
	if (EVP_PKEY_is_a(key, "EC"))
		return EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, EVP_sha256()) == 1;
	return EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) == 1;
}

static bool
recipient_add(CMS_ContentInfo *cms, struct der der, struct err *e)
{
	OWN(X509_free) X509 *cert = NULL;
	CMS_RecipientInfo *ri;
	unsigned flags = CMS_KEY_PARAM;

	if (!x509_from_der(der, &cert, e))
		return false;
	if (X509_get0_subject_key_id(cert) != NULL)
		flags |= CMS_USE_KEYID;
	ri = CMS_add1_recipient_cert(cms, cert, flags);
	return (ri != NULL && recipient_set(ri, cert)) || ossl_fail(e, "seal: recipient");
}

bool
seal_make(const struct secret *secret, const struct der *recipients, size_t n, struct str *out, struct err *e)
{
	OWN(CMS_ContentInfo_free) CMS_ContentInfo *cms = NULL;
	OWN(BIO_free_all) BIO *in = NULL;
	uint8_t *der = NULL;
	int len;

	if (n == 0 || n > SEAL_RECIPIENTS_MAX || secret->len == 0 || secret->len > SEAL_SECRET_MAX)
		return err_set(e, ERR_INTERNAL, "internal", "%zu octets for %zu recipients cannot be sealed", secret->len, n);
	cms = CMS_encrypt(NULL, NULL, EVP_aes_256_gcm(), CMS_BINARY | CMS_PARTIAL);
	in = BIO_new_mem_buf(secret->p, (int)secret->len);
	if (cms == NULL || in == NULL)
		return ossl_fail(e, "seal");
	for (size_t i = 0; i < n; i++)
		if (!recipient_add(cms, recipients[i], e))
			return false;
	if (CMS_final(cms, in, NULL, CMS_BINARY) != 1 || (len = i2d_CMS_ContentInfo(cms, &der)) <= 0)
		return ossl_fail(e, "seal");
	str_add(out, der, (size_t)len);
	OPENSSL_free(der);
	return true;
}

/*
 * AuthEnvelopedData with a full tag.  libcrypto takes tags as short as a forger likes, so the length is
 * checked here.
 */
static bool
form_sound(struct der sealed)
{
	static const uint8_t oid_auth_enveloped[] = {
		0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17
	};
	struct der_reader all = der_reader_of(sealed), info, content, data;
	struct der oid, recipients, encrypted, tag;
	uint64_t version;

	return der_enter(&all, DER_SEQUENCE, &info) && der_at_end(&all) && der_get_oid(&info, &oid) &&
	    der_equal(oid, oid_auth_enveloped, sizeof(oid_auth_enveloped)) &&
	    der_enter(&info, DER_CONTEXT_CONS(0), &content) && der_at_end(&info) &&
	    der_enter(&content, DER_SEQUENCE, &data) && der_at_end(&content) &&
	    der_get_u64(&data, &version) && version == 0 && der_get(&data, DER_SET, &recipients) &&
	    der_get(&data, DER_SEQUENCE, &encrypted) && der_get(&data, DER_OCTETS, &tag) && der_at_end(&data) &&
	    tag.len == TAG_LEN;
}

static bool
sealed_read(struct der sealed, CMS_ContentInfo **out, struct err *e)
{
	const uint8_t *p = sealed.p;
	CMS_ContentInfo *cms = NULL;

	if (sealed.len <= SEALED_MAX && form_sound(sealed))
		cms = d2i_CMS_ContentInfo(NULL, &p, (long)sealed.len);
	if (cms == NULL) {
		ERR_clear_error();
		return err_set(e, ERR_MALFORMED, "seal_der", "not a sealed secret");
	}
	*out = cms;
	return true;
}

static bool
recipient_is(CMS_RecipientInfo *ri, X509 *cert)
{
	STACK_OF(CMS_RecipientEncryptedKey) *keys;

	switch (CMS_RecipientInfo_type(ri)) {
	case CMS_RECIPINFO_TRANS:
		return CMS_RecipientInfo_ktri_cert_cmp(ri, cert) == 0;
	case CMS_RECIPINFO_AGREE:
		keys = CMS_RecipientInfo_kari_get0_reks(ri);
		for (int i = 0; i < sk_CMS_RecipientEncryptedKey_num(keys); i++)
			if (CMS_RecipientEncryptedKey_cert_cmp(sk_CMS_RecipientEncryptedKey_value(keys, i), cert) == 0)
				return true;
		return false;
	default:
		return false;
	}
}

static bool
is_for(CMS_ContentInfo *cms, X509 *cert)
{
	STACK_OF(CMS_RecipientInfo) *all = CMS_get0_RecipientInfos(cms);

	for (int i = 0; i < sk_CMS_RecipientInfo_num(all); i++)
		if (recipient_is(sk_CMS_RecipientInfo_value(all, i), cert))
			return true;
	return false;
}

bool
seal_is_for(struct der sealed, struct der cert, bool *yes, struct err *e)
{
	OWN(CMS_ContentInfo_free) CMS_ContentInfo *cms = NULL;
	OWN(X509_free) X509 *x = NULL;

	if (!sealed_read(sealed, &cms, e) || !x509_from_der(cert, &x, e))
		return false;
	*yes = is_for(cms, x);
	return true;
}

bool
seal_open(struct der sealed, const struct secret *pkcs8, struct der cert, struct secret **out, struct err *e)
{
	OWN(CMS_ContentInfo_free) CMS_ContentInfo *cms = NULL;
	OWN(X509_free) X509 *x = NULL;
	OWN(EVP_PKEY_free) EVP_PKEY *key = NULL;
	OWN(BIO_free_all) BIO *plain = NULL;
	char *octets;
	long len;

	if (!sealed_read(sealed, &cms, e) || !x509_from_der(cert, &x, e) || !pkey_from_pkcs8(pkcs8, &key, e))
		return false;
	if (!is_for(cms, x))
		return err_set(e, ERR_FORBIDDEN, "seal_recipient", "the secret is sealed to other hosts");
	plain = BIO_new(BIO_s_secmem());
	if (plain == NULL || CMS_decrypt(cms, key, x, NULL, plain, CMS_BINARY) != 1 ||
	    (len = BIO_get_mem_data(plain, &octets)) <= 0) {
		ERR_clear_error();
		return err_set(e, ERR_INVALID, "seal_altered", "the sealed secret was altered, or the key is another one");
	}
	*out = secret_from(octets, (size_t)len);
	return true;
}
