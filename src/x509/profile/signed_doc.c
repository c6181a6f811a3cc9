#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/str.h"
#include "x509/seal.h"
#include "x509/selfcert.h"

#define FRAME_MAX 4096		/* octets of a signed document around the document */

OWN_TYPE(BIO, BIO_free_all)
OWN_TYPE(CMS_ContentInfo, CMS_ContentInfo_free)
OWN_TYPE(STACK_OF(X509), sk_X509_free)

bool
signed_doc_key_make(const char *name, int64_t not_after_s, struct secret **pkcs8, struct str *cert, struct err *e)
{
	return selfcert_make(name, "digitalSignature", not_after_s, pkcs8, cert, e);
}

bool
signed_doc_make(const struct secret *pkcs8, struct der signer_cert, const void *doc, size_t len, struct str *out,
    struct err *e)
{
	const unsigned flags = CMS_BINARY | CMS_NOSMIMECAP | CMS_NOCERTS | CMS_PARTIAL;
	OWN(CMS_ContentInfo_free) CMS_ContentInfo *cms = NULL;
	OWN(EVP_PKEY_free) EVP_PKEY *key = NULL;
	OWN(X509_free) X509 *cert = NULL;
	OWN(BIO_free_all) BIO *in = NULL;
	uint8_t *der = NULL;
	int n;

	if (len > SIGNED_DOC_MAX)
		return err_set(e, ERR_TOO_LARGE, "signed_doc_size", "a document of %zu octets is too large to sign", len);
	if (!pkey_from_pkcs8(pkcs8, &key, e) || !x509_from_der(signer_cert, &cert, e))
		return false;
	cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
	in = BIO_new_mem_buf(doc, (int)len);
	if (cms == NULL || in == NULL || CMS_add1_signer(cms, cert, key, EVP_sha256(), flags) == NULL ||
	    CMS_final(cms, in, NULL, CMS_BINARY) != 1 || (n = i2d_CMS_ContentInfo(cms, &der)) <= 0)
		return ossl_fail(e, "signed document");
	str_add(out, der, (size_t)n);
	OPENSSL_free(der);
	return true;
}

static bool
hash_strong(CMS_SignerInfo *si)
{
	X509_ALGOR *digest;
	const ASN1_OBJECT *oid;
	int nid;

	CMS_SignerInfo_get0_algs(si, NULL, NULL, &digest, NULL);
	X509_ALGOR_get0(&oid, NULL, NULL, digest);
	nid = OBJ_obj2nid(oid);
	return nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512;
}

static bool
valid_now(const X509 *cert)
{
	time_t now = (time_t)clock_now_s();

	return X509_cmp_time(X509_get0_notBefore(cert), &now) < 0 && X509_cmp_time(X509_get0_notAfter(cert), &now) > 0;
}

/* The document, when this certificate's key signed it; certificates in the message are not looked at. */
static bool
verified(CMS_ContentInfo *cms, X509 *cert, struct str *out)
{
	OWN(BIO_free_all) BIO *doc = BIO_new(BIO_s_mem());
	OWN(sk_X509_free) STACK_OF(X509) *certs = sk_X509_new_null();
	char *octets;
	long len;

	if (doc == NULL || certs == NULL || sk_X509_push(certs, cert) <= 0 ||
	    CMS_verify(cms, certs, NULL, NULL, doc, CMS_BINARY | CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY) != 1) {
		ERR_clear_error();
		return false;
	}
	len = BIO_get_mem_data(doc, &octets);
	str_add(out, octets, len > 0 ? (size_t)len : 0);
	return true;
}

/* SignedData with its document inside and one signer. */
static CMS_SignerInfo *
sole_signer(CMS_ContentInfo *cms)
{
	ASN1_OCTET_STRING **content;
	STACK_OF(CMS_SignerInfo) *signers;

	if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed || (content = CMS_get0_content(cms)) == NULL ||
	    *content == NULL)
		return NULL;
	signers = CMS_get0_SignerInfos(cms);
	return sk_CMS_SignerInfo_num(signers) == 1 ? sk_CMS_SignerInfo_value(signers, 0) : NULL;
}

bool
signed_doc_open(struct der signed_doc, const struct der *trusted, size_t n, struct str *out, size_t *by,
    struct err *e)
{
	const uint8_t *p = signed_doc.p;
	OWN(CMS_ContentInfo_free) CMS_ContentInfo *cms = NULL;
	CMS_SignerInfo *signer = NULL;

	if (signed_doc.len <= SIGNED_DOC_MAX + FRAME_MAX)
		cms = d2i_CMS_ContentInfo(NULL, &p, (long)signed_doc.len);
	if (cms == NULL || p != signed_doc.p + signed_doc.len || (signer = sole_signer(cms)) == NULL) {
		ERR_clear_error();
		return err_set(e, ERR_MALFORMED, "signed_doc_der", "not a signed document of one signer");
	}
	for (size_t i = 0; i < n; i++) {
		OWN(X509_free) X509 *cert = NULL;

		if (!x509_from_der(trusted[i], &cert, e))
			return err_in(e, "trusted certificate %zu", i);
		if (CMS_SignerInfo_cert_cmp(signer, cert) != 0)
			continue;
		if (!valid_now(cert))
			return err_set(e, ERR_FORBIDDEN, "signed_doc_signer", "the signer's certificate is not valid now");
		if (!hash_strong(signer) || !verified(cms, cert, out))
			return err_set(e, ERR_FORBIDDEN, "signed_doc_signer", "the signature does not fit the document");
		*by = i;
		return true;
	}
	return err_set(e, ERR_FORBIDDEN, "signed_doc_signer", "signed by nobody who is trusted here");
}
