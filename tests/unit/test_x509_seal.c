#include <openssl/cms.h>
#include <openssl/rsa.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/str.h"
#include "check.h"
#include "make_cert.h"
#include "x509/seal.h"

#define WORD "the orderer's password"

OWN_TYPE(CMS_ContentInfo, CMS_ContentInfo_free)

struct host {
	struct secret	*key;
	struct str	 cert;
};

static struct der
der_of(const struct str *s)
{
	return (struct der){ (const uint8_t *)s->p, s->len };
}

static void
host_clear(struct host *h)
{
	secret_free(h->key);
	str_free(&h->cert);
}

static void
hosts_make(struct host *h, size_t n)
{
	struct err e = { 0 };

	for (size_t i = 0; i < n; i++)
		CHECK(seal_host_make("worker-1", clock_now_s() + 86400, &h[i].key, &h[i].cert, &e), "%s %s", e.msg, e.trail);
}

static void
host_certificate(const struct host *h)
{
	const uint8_t *p = (const uint8_t *)h->cert.p;
	X509 *x = d2i_X509(NULL, &p, (long)h->cert.len);

	if (!CHECK(x != NULL, "no certificate"))
		return;
	CHECK(X509_verify(x, X509_get0_pubkey(x)) == 1, "not signed by itself");
	CHECK(X509_get_key_usage(x) == KU_KEY_AGREEMENT, "key usage %x", X509_get_key_usage(x));
	CHECK(X509_check_ca(x) == 0, "a CA");
	CHECK(X509_cmp_time(X509_get0_notBefore(x), NULL) < 0 && X509_cmp_time(X509_get0_notAfter(x), NULL) > 0, "dates");
	X509_free(x);
}

static void
opens(struct der sealed, const struct host *h, const char *what)
{
	OWN(secret_free) struct secret *out = NULL;
	struct err e = { 0 };
	bool yes = false;

	CHECK(seal_is_for(sealed, der_of(&h->cert), &yes, &e) && yes, "%s: no recipient", what);
	if (CHECK(seal_open(sealed, h->key, der_of(&h->cert), &out, &e), "%s: %s %s", what, e.msg, e.trail))
		CHECK(secret_equal(out, WORD, strlen(WORD)), "%s: another secret", what);
}

/* Form of the message, as another reader sees it. */
static void
strong(struct der sealed)
{
	const uint8_t *p = sealed.p;
	OWN(CMS_ContentInfo_free) CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)sealed.len);
	STACK_OF(CMS_RecipientInfo) *all;

	if (!CHECK(cms != NULL, "no CMS message"))
		return;
	CHECK(OBJ_obj2nid(CMS_get0_type(cms)) == NID_id_smime_ct_authEnvelopedData, "not AuthEnvelopedData");
	all = CMS_get0_RecipientInfos(cms);
	for (int i = 0; i < sk_CMS_RecipientInfo_num(all); i++) {
		CMS_RecipientInfo *ri = sk_CMS_RecipientInfo_value(all, i);
		X509_ALGOR *alg = NULL;
		const ASN1_OBJECT *oid;

		if (CMS_RecipientInfo_type(ri) == CMS_RECIPINFO_TRANS) {
			CHECK(CMS_RecipientInfo_ktri_get0_algs(ri, NULL, NULL, &alg) == 1, "algorithm");
			X509_ALGOR_get0(&oid, NULL, NULL, alg);
			CHECK(OBJ_obj2nid(oid) == NID_rsaesOaep, "RSA padding %s", OBJ_nid2sn(OBJ_obj2nid(oid)));
		} else {
			CHECK(CMS_RecipientInfo_kari_get0_alg(ri, &alg, NULL) == 1, "algorithm");
			X509_ALGOR_get0(&oid, NULL, NULL, alg);
			CHECK(OBJ_obj2nid(oid) == NID_dhSinglePass_stdDH_sha256kdf_scheme, "ECDH by %s",
			    OBJ_nid2sn(OBJ_obj2nid(oid)));
		}
	}
}

static void
seals(void)
{
	OWN_CERT struct made_cert rsa = make_cert(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)3072), "old host", NULL,
	    time(NULL) - 60, time(NULL) + 3600, NULL);
	struct host h[4] = { 0 };
	OWN(secret_free) struct secret *word = secret_from(WORD, strlen(WORD)), *out = NULL;
	OWN_STR struct str sealed = { 0 }, again = { 0 };
	struct der to[3];
	struct err e = { 0 };
	bool yes = true;

	hosts_make(h, COUNT(h));
	host_certificate(&h[0]);
	to[0] = der_of(&h[0].cert);
	to[1] = rsa.der;
	to[2] = der_of(&h[2].cert);
	if (CHECK(seal_make(word, to, COUNT(to), &sealed, &e), "%s %s", e.msg, e.trail)) {
		struct host old = { rsa.pkcs8, { (char *)(uintptr_t)rsa.der.p, rsa.der.len, 0 } };

		strong(der_of(&sealed));
		opens(der_of(&sealed), &h[0], "first");
		opens(der_of(&sealed), &h[2], "third");
		opens(der_of(&sealed), &old, "RSA");
		CHECK(memmem(sealed.p, sealed.len, WORD, strlen(WORD)) == NULL, "in the clear");
		CHECK(!seal_open(der_of(&sealed), h[3].key, der_of(&h[3].cert), &out, &e) && e.kind == ERR_FORBIDDEN,
		    "a stranger: %s", e.msg);
		CHECK(seal_is_for(der_of(&sealed), der_of(&h[3].cert), &yes, &e) && !yes, "a stranger is a recipient");
		CHECK(!seal_open(der_of(&sealed), h[3].key, der_of(&h[0].cert), &out, &e) && e.kind == ERR_INVALID,
		    "a stranger's key: %s", e.msg);
		CHECK(seal_make(word, to, COUNT(to), &again, &e) && !der_equal(der_of(&sealed), again.p, again.len),
		    "sealed alike twice");
	}
	for (size_t i = 0; i < COUNT(h); i++)
		host_clear(&h[i]);
}

/* Each octet changed, each prefix: refused, and nothing comes out. */
static void
altered(void)
{
	struct host h = { 0 };
	OWN(secret_free) struct secret *word = secret_from(WORD, strlen(WORD));
	OWN_STR struct str sealed = { 0 };
	struct err e = { 0 };
	size_t wrong = 0;

	hosts_make(&h, 1);
	if (CHECK(seal_make(word, &(struct der){ (const uint8_t *)h.cert.p, h.cert.len }, 1, &sealed, &e), "%s", e.msg))
		for (size_t i = 0; i < sealed.len; i++) {
			OWN(secret_free) struct secret *out = NULL;

			CHECK(!seal_open((struct der){ (const uint8_t *)sealed.p, i }, h.key, der_of(&h.cert), &out, &e) &&
			    e.kind == ERR_MALFORMED, "%zu octets open", i);
			sealed.p[i] ^= 0x01;
			/* A NULL parameter may become another one without consequence; the secret may not. */
			if (seal_open(der_of(&sealed), h.key, der_of(&h.cert), &out, &e))
				wrong += !secret_equal(out, WORD, strlen(WORD));
			else
				CHECK(e.kind != ERR_INTERNAL, "octet %zu: %s", i, e.trail);
			sealed.p[i] ^= 0x01;
		}
	CHECK(wrong == 0, "%zu altered messages gave another secret", wrong);
	host_clear(&h);
}

/* A tag cut to 12 octets is what a forger would send. */
static void
short_tag(void)
{
	struct host h = { 0 };
	OWN(secret_free) struct secret *word = secret_from(WORD, strlen(WORD)), *out = NULL;
	OWN_STR struct str sealed = { 0 };
	struct der_reader all, info, content, data;
	struct der oid;
	uint8_t buf[2048];
	struct der_writer w = der_writer(buf, sizeof(buf));
	struct der cut;
	struct err e = { 0 };

	hosts_make(&h, 1);
	if (!CHECK(seal_make(word, &(struct der){ (const uint8_t *)h.cert.p, h.cert.len }, 1, &sealed, &e), "%s", e.msg))
		return;
	all = der_reader(sealed.p, sealed.len);
	if (CHECK(der_enter(&all, DER_SEQUENCE, &info) && der_get_oid(&info, &oid) &&
	    der_enter(&info, DER_CONTEXT_CONS(0), &content) && der_enter(&content, DER_SEQUENCE, &data), "form")) {
		der_put(&w, DER_OCTETS, data.end - 16, 12);
		der_put_raw(&w, data.p, (size_t)(data.end - data.p) - 18);
		der_wrap(&w, DER_SEQUENCE, 0);
		der_wrap(&w, DER_CONTEXT_CONS(0), 0);
		der_put(&w, DER_OID, oid.p, oid.len);
		der_wrap(&w, DER_SEQUENCE, 0);
		CHECK(der_written(&w, &cut) && !seal_open(cut, h.key, der_of(&h.cert), &out, &e) && e.kind == ERR_MALFORMED,
		    "a short tag passes: %s", e.msg);
	}
	host_clear(&h);
}

static void
seal_limits(void)
{
	struct host h = { 0 };
	OWN(secret_free) struct secret *none = secret_new(0), *most = secret_new(SEAL_SECRET_MAX);
	OWN(secret_free) struct secret *more = secret_new(SEAL_SECRET_MAX + 1), *out = NULL;
	OWN_STR struct str sealed = { 0 };
	struct der to;
	struct err e = { 0 };

	hosts_make(&h, 1);
	to = der_of(&h.cert);
	CHECK(!seal_make(none, &to, 1, &sealed, &e) && !seal_make(more, &to, 1, &sealed, &e) &&
	    !seal_make(most, &to, 0, &sealed, &e), "out of range");
	CHECK(seal_make(most, &to, 1, &sealed, &e) && seal_open(der_of(&sealed), h.key, to, &out, &e) &&
	    secret_equal(out, most->p, most->len), "%s", e.msg);
	to.len--;
	CHECK(!seal_make(most, &to, 1, &sealed, &e) && strcmp(e.code, "cert_der") == 0, "half a certificate");
	host_clear(&h);
}

static void
documents(void)
{
	static const char doc[] = "{\"id\": 1, \"name\": \"DOCSIS 3.1\"}\r\n\n";
	struct host op[2] = { 0 };
	OWN_STR struct str signed_doc = { 0 }, out = { 0 };
	struct der trusted[2];
	struct err e = { 0 };
	size_t by = 9;

	for (size_t i = 0; i < 2; i++) {
		CHECK(signed_doc_key_make("operator", clock_now_s() + 7200, &op[i].key, &op[i].cert, &e), "%s", e.msg);
		trusted[i] = der_of(&op[i].cert);
	}
	if (!CHECK(signed_doc_make(op[1].key, trusted[1], doc, sizeof(doc) - 1, &signed_doc, &e), "%s %s", e.msg, e.trail))
		return;
	CHECK(signed_doc_open(der_of(&signed_doc), trusted, 2, &out, &by, &e) && by == 1 && out.len == sizeof(doc) - 1 &&
	    memcmp(out.p, doc, out.len) == 0, "%s %s", e.msg, e.trail);
	str_clear(&out);
	CHECK(!signed_doc_open(der_of(&signed_doc), trusted, 1, &out, &by, &e) && e.kind == ERR_FORBIDDEN && out.len == 0,
	    "somebody else's: %s", e.msg);
	CHECK(!signed_doc_open(der_of(&signed_doc), trusted, 0, &out, &by, &e) && e.kind == ERR_FORBIDDEN, "nobody trusted");
	clock_shift(-47 * 3600);
	CHECK(signed_doc_open(der_of(&signed_doc), trusted, 2, &out, &by, &e), "under a clock set back: %s", e.msg);
	str_clear(&out);
	clock_shift(-49 * 3600);
	CHECK(!signed_doc_open(der_of(&signed_doc), trusted, 2, &out, &by, &e) && e.kind == ERR_FORBIDDEN, "too far back");
	clock_shift(3 * 3600);
	CHECK(!signed_doc_open(der_of(&signed_doc), trusted, 2, &out, &by, &e) && e.kind == ERR_FORBIDDEN, "expired: %s", e.msg);
	clock_shift(0);
	for (size_t i = 0; i < signed_doc.len; i++) {
		CHECK(!signed_doc_open((struct der){ (const uint8_t *)signed_doc.p, i }, trusted, 2, &out, &by, &e) &&
		    e.kind == ERR_MALFORMED, "%zu octets open", i);
		signed_doc.p[i] ^= 0x01;
		str_clear(&out);
		if (signed_doc_open(der_of(&signed_doc), trusted, 2, &out, &by, &e))
			CHECK(out.len == sizeof(doc) - 1 && memcmp(out.p, doc, out.len) == 0, "octet %zu changes the document", i);
		signed_doc.p[i] ^= 0x01;
	}
	str_clear(&signed_doc);
	CHECK(!signed_doc_make(op[0].key, trusted[1], doc, sizeof(doc) - 1, &signed_doc, &e), "key and certificate differ");
	host_clear(&op[0]);
	host_clear(&op[1]);
}

/* Without a document inside, by two signers, and under SHA-1. */
static void
documents_of_others(void)
{
	OWN_CERT struct made_cert a = make_leaf("a", NULL, NULL), b = make_leaf("b", NULL, NULL);
	struct der trusted[] = { a.der, b.der };

	for (int i = 0; i < 4; i++) {
		BIO *in = BIO_new_mem_buf("text", 4);
		unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP | (i == 1 ? CMS_DETACHED : 0);
		OWN(CMS_ContentInfo_free) CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
		OWN_STR struct str out = { 0 };
		uint8_t *der = NULL;
		struct err e = { 0 };
		size_t by;
		bool ok;
		int len;

		(void)CMS_add1_signer(cms, a.x509, a.key, i == 3 ? EVP_sha1() : EVP_sha256(), flags);
		if (i == 2)
			(void)CMS_add1_signer(cms, b.x509, b.key, EVP_sha256(), flags);
		(void)CMS_final(cms, in, NULL, flags);
		len = i2d_CMS_ContentInfo(cms, &der);
		ok = signed_doc_open((struct der){ der, (size_t)len }, trusted, 2, &out, &by, &e);
		CHECK(ok == (i == 0) && out.len == (i == 0 ? 4 : 0), "form %d: %s", i, e.msg);
		OPENSSL_free(der);
		BIO_free(in);
	}
}

int
main(void)
{
	secret_init();
	seals();
	altered();
	short_tag();
	seal_limits();
	documents();
	documents_of_others();
	return check_done();
}
