/* Requests: made by the library, judged by a profile; uploads of many; private keys among them. */
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/own.h"
#include "check.h"
#include "x509/csr.h"
#include "x509_make.h"

static const char profile_json_text[] =
    "{\"id\":1,\"version\":1,\"name\":\"T\",\"ecosystem\":\"t\",\"ca\":\"c\",\"methods\":[\"csr\"],"
    "\"keys\":{\"csr\":[{\"algorithm\":\"EC\",\"curve\":\"P-256\"},{\"algorithm\":\"RSA\",\"min_size\":2048}]"
    "},"
    "\"signature\":\"ecdsa-with-SHA256\","
    "\"subject\":[{\"type\":\"OU\",\"from\":\"constant\",\"value\":\"Devices\"},"
    "{\"type\":\"OU\",\"from\":\"input\",\"name\":\"unit\",\"optional\":true},"
    "{\"type\":\"L\",\"from\":\"csr\",\"optional\":true,\"pattern\":\"[A-Z][a-z]+\"},"
    "{\"type\":\"title\",\"from\":\"template\",\"template\":\"m:{model}\",\"optional\":true},"
    "{\"type\":\"CN\",\"from\":\"input\",\"name\":\"mac_address\"},"
    "{\"type\":\"serialNumber\",\"from\":\"input\",\"name\":\"mac_address\"}],"
    "\"validity\":{\"days\":10},\"extensions\":[{\"type\":\"keyUsage\",\"usages\":[\"digitalSignature\"]}],"
    "\"inputs\":[{\"name\":\"mac_address\",\"title\":\"MAC\",\"type\":\"mac_address\",\"sources\":[\"csr\"]},"
    "{\"name\":\"unit\",\"title\":\"U\",\"type\":\"text\",\"required\":false,\"sources\":[\"csr\",\"form\"]},"
    "{\"name\":\"model\",\"title\":\"M\",\"type\":\"text\",\"required\":false,\"sources\":[\"csr\"],\"max_"
    "length\":20}]}";

static struct profile *profile;
static struct csr_verifier *verifier;

/* What goes into a request; subject as "type=value" pairs, NULL at the end. */
struct wish {
	const char	*key;		/* "P-256", "RSA 2048", ... */
	const EVP_MD	*md;
	const char	*subject[12];
	bool		 extensions;
	unsigned	 exponent;	/* RSA; 0: 65537 */
};

static EVP_PKEY *
wished_key(const struct wish *w)
{
	EVP_PKEY_CTX *c;
	EVP_PKEY *k = NULL;
	unsigned e = w->exponent;
	size_t bits = strncmp(w->key, "RSA ", 4) == 0 ? strtoul(w->key + 4, NULL, 10) : 0;
	OSSL_PARAM p[3];

	if (bits == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", w->key);
	if (e == 0)
		return make_rsa((unsigned)bits);
	c = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	p[0] = OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_RSA_BITS, &bits);
	p[1] = OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_E, &e);
	p[2] = OSSL_PARAM_construct_end();
	EVP_PKEY_keygen_init(c);
	EVP_PKEY_CTX_set_params(c, p);
	EVP_PKEY_generate(c, &k);
	EVP_PKEY_CTX_free(c);
	return k;
}

static size_t
make_csr(const struct wish *w, uint8_t *out)
{
	X509_REQ *r = X509_REQ_new();
	X509_NAME *n = X509_NAME_new();
	EVP_PKEY *k = wished_key(w);
	uint8_t *p = out;
	int len;

	for (size_t i = 0; w->subject[i] != NULL; i++) {
		char type[32];
		const char *eq = strchr(w->subject[i], '=');

		(void)snprintf(type, sizeof(type), "%.*s", (int)(eq - w->subject[i]), w->subject[i]);
		X509_NAME_add_entry_by_txt(n, type, MBSTRING_UTF8, (const uint8_t *)eq + 1, -1, -1, 0);
	}
	X509_REQ_set_subject_name(r, n);
	X509_REQ_set_pubkey(r, k);
	if (w->extensions) {
		STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();

		sk_X509_EXTENSION_push(list, X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
		    "critical,CA:TRUE"));
		sk_X509_EXTENSION_push(list, X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, "keyCertSign"));
		X509_REQ_add_extensions(r, list);
		sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
		X509_REQ_add1_attr_by_txt(r, "challengePassword", MBSTRING_ASC, (const uint8_t *)"secret",
		    -1);
	}
	X509_REQ_sign(r, k, w->md == NULL ? EVP_sha256() : w->md);
	len = i2d_X509_REQ(r, &p);
	X509_REQ_free(r);
	X509_NAME_free(n);
	EVP_PKEY_free(k);
	return len > 0 ? (size_t)len : 0;
}

/* Decodes, verifies and judges: NULL when all is well, else the first reason. */
static const char *
judged(const struct wish *w, struct csr_taken *t, struct arena *a)
{
	static char why[256];
	uint8_t der[CSR_DER_MAX];
	struct faults f = { .arena = a };
	struct err e = { 0 };
	struct csr c;
	size_t len = make_csr(w, der);

	*t = (struct csr_taken){ 0 };
	if (!csr_decode(der, len, &c, &e) ||
	    (c.signature_algorithm != SIGNATURE_NONE && !csr_verify(verifier, &c, &e))) {
		(void)snprintf(why, sizeof(why), "%s: %s", e.code, e.msg);
		return why;
	}
	if (csr_judge(profile, &c, NULL, 7, t, &f))
		return NULL;
	CHECK(f.n > 0 && f.list[0].line == 7, "a refusal names its line");
	(void)snprintf(why, sizeof(why), "%s", f.n > 0 ? f.list[0].message : "no reason");
	return why;
}

static void
good(void)
{
	OWN(arena_free) struct arena *a = arena_new(1 << 16);
	struct csr_taken t;
	static const struct wish w = { .key = "P-256",
		.extensions = true,
		.subject = { "C=US", "OU=Devices", "OU=Line 3", "L=Taipei", "title=m:X 9",
		    "CN=00-1a-2b-3c-4d-5e", NULL } };
	const char *why = judged(&w, &t, a);
	int unit = profile_input_find(profile, "unit"), model = profile_input_find(profile, "model"),
	    place = profile_input_find(profile, "csr_l");

	if (!CHECK(why == NULL, "%s", why) || !CHECK(unit >= 0 && model >= 0 && place >= 0, "inputs"))
		return;
	CHECK(t.inputs[0] != NULL && strcmp(t.inputs[0], "00:1A:2B:3C:4D:5E") == 0, "the address");
	CHECK(t.inputs[unit] != NULL && strcmp(t.inputs[unit], "Line 3") == 0, "the second OU");
	CHECK(t.inputs[place] != NULL && strcmp(t.inputs[place], "Taipei") == 0, "what only requests give");
	CHECK(t.inputs[model] != NULL && strcmp(t.inputs[model], "X 9") == 0, "out of a template");
	CHECK(t.n_ignored == 4, "%zu things were ignored", t.n_ignored);
	for (size_t i = 0; i < t.n_ignored; i++)
		CHECK(strcmp(t.ignored[i], "subject attribute C=US") == 0 ||
			  strstr(t.ignored[i], "requested extension ") != NULL ||
			  strcmp(t.ignored[i], "attribute challengePassword") == 0,
		    "ignored: %s", t.ignored[i]);
}

static void
each(void)
{
	static const struct { struct wish w; const char *because;
	} cases[] = {
		{ { .key = "P-256", .subject = { "CN=001A2B3C4D5E", NULL } }, NULL },
		{ { .key = "P-256", .subject = { "serialNumber=001A2B3C4D5E", NULL } }, NULL },
		{ { .key = "RSA 2048", .subject = { "CN=001A2B3C4D5E", NULL } }, NULL },
		{ { .key = "P-256", .subject = { NULL } }, NULL }, /* the address may be typed */
		{ { .key = "P-256", .subject = { "CN=001A2B3C4D5E", "serialNumber=001A2B3C4D5F", NULL } },
		    "contradicts" },
		{ { .key = "P-256", .subject = { "CN=001A2B3C4D", NULL } }, "5 octets" },
		{ { .key = "P-256", .subject = { "CN=001A2B3C4D5E", "L=taipei", NULL } }, "the form" },
		{ { .key = "P-256", .subject = { "title=x:Y", NULL } }, "subject title" },
		{ { .key = "P-384", .subject = { NULL } },
		    "EC P-384; the profile takes EC P-256, RSA 2048 to 8192" },
		{ { .key = "RSA 1024", .subject = { NULL } }, "RSA 1024" },
		{ { .key = "RSA 2048", .exponent = 3, .subject = { NULL } }, "exponent is 3" },
		{ { .key = "secp256k1", .subject = { NULL } }, "key_curve" },
		{ { .key = "P-256", .md = NULL, .subject = { NULL } }, NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		OWN(arena_free) struct arena *a = arena_new(1 << 16);
		struct csr_taken t;
		const char *why = judged(&cases[i].w, &t, a);

		if (cases[i].because == NULL)
			CHECK(why == NULL, "case %zu: %s", i, why);
		else
			CHECK(why != NULL && strstr(why, cases[i].because) != NULL,
			    "case %zu: '%s' does not say '%s'", i, why == NULL ? "taken" : why,
			    cases[i].because);
	}
}

static void
hashes(void)
{
	struct { const EVP_MD *md; const char *key, *because;
	} cases[] = {
		{ EVP_sha384(), "P-256", NULL },
		{ EVP_sha512(), "RSA 2048", NULL },
		{ EVP_sha1(), "RSA 2048", "SHA-1" },
		{ EVP_md5(), "RSA 2048", "md5WithRSAEncryption" },
		{ EVP_sha1(), "P-256", "ecdsa-with-SHA1" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		OWN(arena_free) struct arena *a = arena_new(1 << 16);
		struct wish w = {
			.key = cases[i].key, .md = cases[i].md, .subject = { "CN=001A2B3C4D5E", NULL }
		};
		struct csr_taken t;
		const char *why = judged(&w, &t, a);

		CHECK(cases[i].because == NULL ? why == NULL
					       : why != NULL && strstr(why, cases[i].because) != NULL,
		    "hash %zu: %s", i, why == NULL ? "taken" : why);
	}
}

/* Every bit flipped: no request but the one that was signed passes. */
static void
forged(void)
{
	static const char *const keys[] = { "P-256", "P-384", "RSA 1024" };

	for (size_t k = 0; k < COUNT(keys); k++) {
		struct wish w = { .key = keys[k], .subject = { "CN=001A2B3C4D5E", NULL } };
		uint8_t der[CSR_DER_MAX];
		size_t len = make_csr(&w, der), passed = 0;
		struct csr c;
		struct err e = { 0 };

		if (!CHECK(csr_decode(der, len, &c, &e) && csr_verify(verifier, &c, &e), "%s: %s", keys[k],
			e.msg))
			continue;
		for (size_t i = 0; i < len; i += k == 0 ? 1 : 7)
			for (unsigned bit = 0; bit < 8; bit += k == 0 ? 1 : 3) {
				der[i] ^= (uint8_t)(1u << bit);
				if (csr_decode(der, len, &c, &e) && csr_verify(verifier, &c, &e))
					passed++;
				der[i] ^= (uint8_t)(1u << bit);
			}
		CHECK(passed == 0, "%s: %zu forged requests pass", keys[k], passed);
		for (size_t cut = 0; cut < len; cut++)
			if (csr_decode(der, cut, &c, &e))
				CHECK(false, "%s cut at %zu decodes", keys[k], cut);
	}
}

static void
uploads(void)
{
	static const struct wish w = { .key = "P-256", .subject = { "CN=001A2B3C4D5E", NULL } };
	OWN_STR struct str text = { 0 };
	uint8_t der[CSR_DER_MAX], buf[CSR_DER_MAX];
	size_t len = make_csr(&w, der), n;
	struct err e = { 0 };
	struct csr_upload u;

	str_adds(&text, "subject=x\r\n");
	pem_encode("CERTIFICATE REQUEST", der, len, &text);		/* line 2 */
	str_adds(&text, "\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	pem_encode("NEW CERTIFICATE REQUEST", der, len, &text);
	str_adds(&text, "-----BEGIN CERTIFICATE REQUEST-----\nA!AA\n-----END CERTIFICATE REQUEST-----\n");
	str_adds(&text, "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n");
	u = (struct csr_upload){ .text = text.p, .len = text.len };
	CHECK(csr_upload_next(&u, buf, &n, &e) == CSR_UPLOAD_REQUEST && u.line == 2 && n == len &&
		  memcmp(buf, der, n) == 0,
	    "the first, line %lld", (long long)u.line);
	CHECK(csr_upload_next(&u, buf, &n, &e) == CSR_UPLOAD_REQUEST && u.skipped == 1 && n == len,
	    "the second");
	CHECK(u.line > 10 && strncmp(text.p, "subject", 7) == 0, "its line is %lld", (long long)u.line);
	CHECK(csr_upload_next(&u, buf, &n, &e) == CSR_UPLOAD_BAD && strcmp(e.code, "pem_base64") == 0,
	    "no base64");
	CHECK(csr_upload_next(&u, buf, &n, &e) == CSR_UPLOAD_BAD && strcmp(e.code, "pem_end") == 0, "no END");
	CHECK(csr_upload_next(&u, buf, &n, &e) == CSR_UPLOAD_END && u.found == 4, "the end");
	CHECK(!upload_has_private_key(text.p, text.len), "no private key in it");
	u = (struct csr_upload){ .text = (const char *)der, .len = len };
	CHECK(csr_upload_next(&u, buf, &n, &e) == CSR_UPLOAD_REQUEST && n == len && u.line == 1, "DER");
	CHECK(csr_upload_next(&u, buf, &n, &e) == CSR_UPLOAD_END, "DER ends");
	CHECK(!upload_has_private_key(der, len), "a DER request is no private key");
	u = (struct csr_upload){ .text = "0 requests\n", .len = 11 };
	CHECK(csr_upload_next(&u, buf, &n, &e) == CSR_UPLOAD_END && u.found == 0,
	    "a text that begins with 0");
}

static void
is_private(const char *what, const void *p, size_t len)
{
	struct csr_upload u = { .text = p, .len = len };
	uint8_t buf[CSR_DER_MAX];
	struct err e = { 0 };
	size_t n;

	CHECK(upload_has_private_key(p, len), "%s is not seen", what);
	while (csr_upload_next(&u, buf, &n, &e) == CSR_UPLOAD_REQUEST)
		;
	CHECK(e.code != NULL && strcmp(e.code, "private_key_in_upload") == 0, "%s: %s", what,
	    e.code == NULL ? "taken" : e.code);
}

static void
private_keys(void)
{
	static const char *const labels[] = { "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY",
		"ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK" };
	static const struct wish w = { .key = "P-256", .subject = { "CN=001A2B3C4D5E", NULL } };
	EVP_PKEY *ec = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), *rsa = make_rsa(1024);
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(ec);
	X509_SIG *sealed = PKCS8_encrypt(-1, EVP_aes_256_cbc(), "secret", 6, NULL, 0, 1, p8);
	PKCS12 *p12 = PKCS12_create("secret", NULL, ec, NULL, NULL, 0, -1, 1, 1, 0);
	uint8_t *der = NULL;
	int n;

	for (size_t i = 0; i < COUNT(labels); i++) {
		OWN_STR struct str text = { 0 };
		uint8_t csr[CSR_DER_MAX];
		size_t len = make_csr(&w, csr);

		pem_encode("CERTIFICATE REQUEST", csr, len, &text);
		str_addf(&text, "-----BEGIN %s-----\nAAAA\n-----END %s-----\n", labels[i], labels[i]);
		is_private(labels[i], text.p, text.len);
	}
	n = i2d_PrivateKey(ec, &der);
	is_private("SEC 1", der, (size_t)n);
	OPENSSL_free(der);
	der = NULL;
	n = i2d_PrivateKey(rsa, &der);
	is_private("PKCS#1", der, (size_t)n);
	OPENSSL_free(der);
	der = NULL;
	n = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
	is_private("PKCS#8", der, (size_t)n);
	OPENSSL_free(der);
	der = NULL;
	n = i2d_X509_SIG(sealed, &der);
	is_private("encrypted PKCS#8", der, (size_t)n);
	OPENSSL_free(der);
	der = NULL;
	n = i2d_PKCS12(p12, &der);
	is_private("PKCS#12", der, (size_t)n);
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(p8);
	X509_SIG_free(sealed);
	PKCS12_free(p12);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(rsa);
}

/* Whatever the crew, each request is told from its neighbors. */
static void
crews(void)
{
	enum { N = 300 };
	static uint8_t der[4][CSR_DER_MAX];
	static const struct wish fine = { .key = "P-256", .subject = { "CN=00:1A:2B:00:00:01" } };
	static const struct wish rsa = { .key = "RSA 2048", .subject = { "CN=00:1A:2B:00:00:02" } };
	size_t len[4] = { make_csr(&fine, der[0]), make_csr(&rsa, der[1]), make_csr(&fine, der[2]), 6 };
	static struct csr_proof list[N];

	der[2][len[2] - 1] ^= 1;		/* the signature's last octet */
	memcpy(der[3], "hello", 6);
	for (int threads = -1; threads < 4; threads++) {
		OWN(csr_crew_free) struct csr_crew *crew = csr_crew_new(threads);

		for (size_t n = 0; n <= N; n = n == 0 ? 1 : n * 7 + 6) {
			size_t wrong = 0;

			for (size_t i = 0; i < n; i++)
				list[i] = (struct csr_proof){ .der = der[i * 5 % 4], .len = len[i * 5 % 4] };
			csr_crew_begin(crew, list, n);
			csr_crew_finish(crew);
			for (size_t i = 0; i < n; i++)
				wrong += list[i].proved != (i * 5 % 4 < 2);
			CHECK(wrong == 0, "%d threads: %zu of %zu judged wrong", threads, wrong, n);
		}
		/* Freed with a list begun: what is not taken is left. */
		for (size_t i = 0; i < N; i++)
			list[i] = (struct csr_proof){ .der = der[0], .len = len[0] };
		csr_crew_begin(crew, list, N);
	}
}

int
main(void)
{
	OWN(arena_free) struct arena *a = arena_new(1 << 16);
	struct faults f = { .arena = a };
	struct err e = { 0 };

	if (!profile_parse(profile_json_text, strlen(profile_json_text), &profile, &f, &e)) {
		CHECK(false, "%s: %s", f.n > 0 ? f.list[0].field : "", f.n > 0 ? f.list[0].message : e.msg);
		return check_done();
	}
	verifier = csr_verifier_new();
	good();
	each();
	hashes();
	forged();
	crews();
	uploads();
	private_keys();
	csr_verifier_free(verifier);
	profile_free(profile);
	return check_done();
}
