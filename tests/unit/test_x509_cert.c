/* Certificates: decoded against the library, shown in words, refused when bent; PEM. */
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/own.h"
#include "check.h"
#include "x509_make.h"

/* A certificate with all kinds of extensions, made by the library. */
static size_t
library_cert(uint8_t *out, EVP_PKEY **key)
{
	static const struct { int nid; const char *value;
	} ext[] = {
		{ NID_basic_constraints, "critical,CA:TRUE,pathlen:1" },
		{ NID_key_usage, "critical,keyCertSign,cRLSign" },
		{ NID_ext_key_usage, "clientAuth,1.2.3.4" },
		{ NID_subject_key_identifier, "hash" },
		{ NID_subject_alt_name,
		    "DNS:a.example,IP:192.0.2.1,IP:2001:db8::1,email:a@b.example,URI:urn:x,RID:1.2.3" },
		{ NID_crl_distribution_points, "URI:http://a.example/x.crl" },
		{ NID_info_access, "OCSP;URI:http://a.example/ocsp" },
		{ NID_authority_key_identifier, "keyid:always" },
	};
	/* 1.2.3.4 and anyPolicy */
	static const uint8_t policies[] = { 0x30, 0x0f, 0x30, 0x05, 0x06, 0x03, 0x2a, 0x03, 0x04, 0x30, 0x06,
		0x06, 0x04, 0x55, 0x1d, 0x20, 0x00 };
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *raw;
	X509 *x = X509_new();
	X509_NAME *n = X509_get_subject_name(x);
	X509V3_CTX ctx;
	uint8_t *p = out;
	int len;

	*key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509_set_version(x, 2);
	ASN1_INTEGER_set_int64(X509_get_serialNumber(x), 0x1234);
	X509_NAME_add_entry_by_txt(n, "C", MBSTRING_ASC, (const uint8_t *)"US", -1, -1, 0);
	X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const uint8_t *)"a+b", -1, -1, 0);
	X509_set_issuer_name(x, n);
	ASN1_TIME_set(X509_getm_notBefore(x), 1700000000);
	ASN1_TIME_set_string(X509_getm_notAfter(x), "99991231235959Z");
	X509_set_pubkey(x, *key);
	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	for (size_t i = 0; i < COUNT(ext); i++) {
		X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, ext[i].nid, ext[i].value);

		if (CHECK(e != NULL, "%s", ext[i].value))
			X509_add_ext(x, e, -1);
		X509_EXTENSION_free(e);
	}
	ASN1_OCTET_STRING_set(value, policies, sizeof(policies));
	raw = X509_EXTENSION_create_by_NID(NULL, NID_certificate_policies, 0, value);
	X509_add_ext(x, raw, -1);
	X509_EXTENSION_free(raw);
	ASN1_OCTET_STRING_free(value);
	X509_sign(x, *key, EVP_sha256());
	len = i2d_X509(x, &p);
	X509_free(x);
	return len > 0 ? (size_t)len : 0;
}

static const char *
words_of(const struct cert_view *v, const char *name)
{
	for (size_t i = 0; i < v->n_extensions; i++)
		if (v->extensions[i].name != NULL && strcmp(v->extensions[i].name, name) == 0)
			return v->extensions[i].value;
	return "(none)";
}

static void
shown(const uint8_t *der, size_t len)
{
	static const struct { const char *name, *words;
	} want[] = {
		{ "basicConstraints", "CA: true, at most 1 CAs below" },
		{ "keyUsage", "keyCertSign, cRLSign" },
		{ "extKeyUsage", "clientAuth, 1.2.3.4" },
		{ "subjectAltName", "DNS a.example, IP 192.0.2.1, IP 2001:db8::1, email a@b.example, URI "
				    "urn:x, registered ID 1.2.3" },
		{ "crlDistributionPoints", "URI http://a.example/x.crl" },
		{ "authorityInfoAccess", "OCSP URI http://a.example/ocsp" },
		{ "certificatePolicies", "1.2.3.4, anyPolicy" },
	};
	OWN(arena_free) struct arena *a = arena_new(1 << 16);
	struct cert c;
	struct cert_view v;
	struct err e = { 0 };

	if (!CHECK(cert_decode(der, len, &c, &e), "%s", e.msg) ||
	    !CHECK(cert_view(&c, a, &v, &e), "%s", e.msg))
		return;
	CHECK(strcmp(v.subject, "C=US, CN=a\\+b") == 0, "%s", v.subject);
	CHECK(strcmp(v.serial_number, "1234") == 0, "%s", v.serial_number);
	CHECK(strcmp(v.key, "EC P-256") == 0 && strcmp(v.signature, "ecdsa-with-SHA256") == 0, "%s %s", v.key,
	    v.signature);
	CHECK(v.not_before_s == 1700000000 && v.not_after_s == TIME_NEVER_S, "dates");
	for (size_t i = 0; i < COUNT(want); i++)
		CHECK(strcmp(words_of(&v, want[i].name), want[i].words) == 0, "%s: %s", want[i].name,
		    words_of(&v, want[i].name));
	CHECK(strcmp(words_of(&v, "subjectKeyIdentifier"), words_of(&v, "authorityKeyIdentifier")) == 0,
	    "key identifiers");
}

static void
as_issuer(uint8_t *der, size_t len)
{
	struct issuer i;
	struct err e = { 0 };
	uint8_t *ca;

	if (!CHECK(issuer_load(der, len, &i, &e), "%s", e.msg))
		return;
	CHECK(i.self_signed && i.signs_crls && i.ski.len == 20 && strlen(i.id) == 40 && i.key.bits == 256,
	    "the issuer");
	ca = memmem(der, len, "\x30\x06\x01\x01\xff\x02\x01\x01", 8);
	if (!CHECK(ca != NULL, "no basicConstraints"))
		return;
	ca[4] = 0;
	CHECK(!issuer_load(der, len, &i, &e), "CA:FALSE is no issuer");
	ca[4] = 0xff;
}

static bool
inside(struct der part, const uint8_t *p)
{
	return p >= part.p && p < part.p + part.len;
}

/*
 * What decodes here after a flipped bit, the library reads too; but for names, whose string types it holds
 * against them, and keys, which it decodes at once.
 */
static void
bent(const uint8_t *der, size_t len)
{
	uint8_t copy[CERT_DER_MAX];
	struct cert c, whole;
	struct err e = { 0 };
	size_t disagreed = 0;

	if (!CHECK(cert_decode(der, len, &whole, &e), "%s", e.msg))
		return;

	for (size_t cut = 0; cut < len; cut++)
		if (cert_decode(der, cut, &c, &e))
			CHECK(false, "cut at %zu it decodes", cut);
	for (size_t i = 0; i < len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			const uint8_t *p = copy;
			X509 *x;

			memcpy(copy, der, len);
			copy[i] ^= (uint8_t)(1u << bit);
			if (!cert_decode(copy, len, &c, &e) || inside(whole.issuer, der + i) ||
			    inside(whole.subject, der + i) || inside(whole.spki, der + i))
				continue;
			x = d2i_X509(NULL, &p, (long)len);
			disagreed += x == NULL;
			X509_free(x);
		}
	CHECK(disagreed == 0, "%zu bent certificates decode here, but not in the library", disagreed);
}

static void
pem(const uint8_t *der, size_t len)
{
	OWN_STR struct str text = { 0 };
	BIO *b;
	X509 *x;
	uint8_t out[CERT_DER_MAX];
	struct err e = { 0 };
	size_t n, at = 0;
	struct pem_block block;

	str_adds(&text, "comment -----BEGIN\n-----BEGIN OTHER-----\nAAAA\n-----END OTHER-----\n");
	pem_encode("CERTIFICATE", der, len, &text);
	b = BIO_new_mem_buf(text.p, (int)text.len);
	x = PEM_read_bio_X509(b, NULL, NULL, NULL);
	CHECK(x != NULL, "the library reads our PEM");
	X509_free(x);
	BIO_free(b);
	CHECK(pem_decode(text.p, text.len, "CERTIFICATE", out, sizeof(out), &n, &e) && n == len &&
		  memcmp(out, der, len) == 0,
	    "PEM both ways: %s", e.msg);
	CHECK(pem_next(text.p, text.len, &at,
	    &block) && block.label_len == 5 && block.ended && block.begin > 0,
	    "the other block");
	CHECK(!pem_decode(text.p, text.len, "PRIVATE KEY", out, sizeof(out), &n, &e) &&
		  strcmp(e.code, "pem_none") == 0,
	    "none");
	CHECK(!pem_decode(text.p, text.len - 30, "CERTIFICATE", out, sizeof(out), &n, &e) &&
		  strcmp(e.code, "pem_end") == 0,
	    "without END: %s", e.code);
	CHECK(!pem_decode(text.p, text.len, "CERTIFICATE", out, 10, &n, &e), "no room");
	text.p[text.len - 60] = '!';
	CHECK(!pem_decode(text.p, text.len, "CERTIFICATE", out, sizeof(out), &n, &e) &&
		  strcmp(e.code, "pem_base64") == 0,
	    "not base64: %s", e.code);
}

static void
serials(void)
{
	uint8_t s[16], zero[16] = { 0 };
	unsigned seen = 0;

	for (int i = 0; i < 2000; i++) {
		cert_serial_make(s);
		if (s[0] == 0 || s[0] >= 0x80)
			CHECK(false, "a serial begins with %02X", s[0]);
		seen |= 1u << cert_shard(s, 8);
	}
	CHECK(seen == 0xff, "serials spread over all shards: %x", seen);
	CHECK(cert_shard(zero, 0) == 0 && cert_shard(zero, 1) == 0, "one list");
}

int
main(void)
{
	uint8_t der[CERT_DER_MAX];
	EVP_PKEY *key = NULL;
	size_t len = library_cert(der, &key);

	shown(der, len);
	as_issuer(der, len);
	bent(der, len);
	pem(der, len);
	serials();
	EVP_PKEY_free(key);
	return check_done();
}
