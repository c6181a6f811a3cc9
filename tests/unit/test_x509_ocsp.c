#include <dirent.h>
#include <openssl/ocsp.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "check.h"
#include "make_cert.h"
#include "x509/revocation/ocsp.h"

static struct made_cert ca, delegate, device;
static struct der spki;			/* of the delegate */

static const struct make_ext delegate_exts[] = {
	{ NID_basic_constraints, "critical,CA:FALSE" },
	{ NID_key_usage, "critical,digitalSignature" },
	{ NID_ext_key_usage, "OCSPSigning" },
	{ NID_id_pkix_OCSP_noCheck, "NULL" },
	{ 0, NULL }
};

static struct der
der_of(const struct str *s)
{
	return (struct der){ (const uint8_t *)s->p, s->len };
}

/* A request by libcrypto: `n` times the device's certificate, by turns under either hash. */
static void
request_make(int n, int nonce_len, struct str *out)
{
	OCSP_REQUEST *q = OCSP_REQUEST_new();
	uint8_t nonce[200], *der = NULL;
	int len;

	for (int i = 0; i < n; i++)
		(void)OCSP_request_add0_id(q, OCSP_cert_to_id(i % 2 == 0 ? EVP_sha1() : EVP_sha256(), device.x509, ca.x509));
	memset(nonce, 0x5a, sizeof(nonce));
	if (nonce_len > 0)
		(void)OCSP_request_add1_nonce(q, nonce, nonce_len);
	len = i2d_OCSP_REQUEST(q, &der);
	str_clear(out);
	str_add(out, der, (size_t)len);
	OPENSSL_free(der);
	OCSP_REQUEST_free(q);
}

static void
requests(void)
{
	static const struct {
		int	n, nonce;
		bool	ok;
	} cases[] = {
		{ 1, 0, true }, { 1, 1, true }, { 1, 32, true }, { 1, 128, true }, { 1, 129, false }, { 0, 0, false },
		{ 2, 16, true }, { OCSP_SINGLES_MAX, 0, true }, { OCSP_SINGLES_MAX + 1, 0, false },
	};
	OWN_STR struct str in = { 0 };
	struct ocsp_request q;
	struct err e = { 0 };

	for (size_t i = 0; i < COUNT(cases); i++) {
		bool ok;

		request_make(cases[i].n, cases[i].nonce, &in);
		ok = ocsp_request_parse(der_of(&in), &q, &e);
		CHECK(ok == cases[i].ok, "case %zu: %s", i, e.msg);
		if (!ok) {
			CHECK(e.kind == ERR_MALFORMED, "case %zu: %s", i, err_kind_name(e.kind));
			continue;
		}
		CHECK(q.n == (size_t)cases[i].n, "case %zu: %zu certificates", i, q.n);
		CHECK((q.nonce.p != NULL) == (cases[i].nonce > 0) && q.nonce.len == (size_t)cases[i].nonce,
		    "case %zu: nonce of %zu octets", i, q.nonce.len);
		CHECK(q.ids[0].hash == OCSP_SHA1 && q.ids[0].name_hash.len == 20, "case %zu: hash", i);
		CHECK(q.n < 2 || (q.ids[1].hash == OCSP_SHA256 && q.ids[1].key_hash.len == 32), "case %zu: second hash", i);
		CHECK(q.ids[0].serial.len == 2, "case %zu: serial of %zu octets", i, q.ids[0].serial.len);
	}
}

/* Signed, with a requestor's name and extensions that may be passed over. */
static void
request_decorated(void)
{
	OCSP_REQUEST *q = OCSP_REQUEST_new();
	uint8_t *der = NULL;
	struct ocsp_request out;
	struct err e = { 0 };
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext;
	int len;

	(void)ASN1_OCTET_STRING_set(value, (const uint8_t *)"\x05\x00", 2);
	ext = X509_EXTENSION_create_by_NID(NULL, NID_id_pkix_OCSP_acceptableResponses, 0, value);
	(void)OCSP_request_add0_id(q, OCSP_cert_to_id(NULL, device.x509, ca.x509));
	(void)OCSP_REQUEST_add_ext(q, ext, -1);
	(void)OCSP_request_add1_nonce(q, NULL, 16);
	CHECK(OCSP_request_sign(q, device.x509, device.key, EVP_sha256(), NULL, 0) == 1, "libcrypto did not sign");
	len = i2d_OCSP_REQUEST(q, &der);
	CHECK(ocsp_request_parse((struct der){ der, (size_t)len }, &out, &e) && out.n == 1 && out.nonce.len == 16, "%s", e.msg);
	OPENSSL_free(der);
	(void)X509_EXTENSION_set_critical(ext, 1);
	for (int i = 0; i < OCSP_REQUEST_get_ext_count(q); i++)
		(void)X509_EXTENSION_set_critical(OCSP_REQUEST_get_ext(q, i), 1);
	der = NULL;
	len = i2d_OCSP_REQUEST(q, &der);
	CHECK(!ocsp_request_parse((struct der){ der, (size_t)len }, &out, &e), "an unknown critical extension passes");
	OPENSSL_free(der);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(value);
	OCSP_REQUEST_free(q);
}

/* What strict reading refuses, and the two liberties it takes: DEFAULT values may be spelled out. */
static void
by_hand(void)
{
	static const struct {
		const char	*what;
		bool		 ok;
		const char	*hex;
	} cases[] = {
		{ "plain", true,
		    "30423040303e303c303a300906052b0e03021a050004140101010101010101010101010101010101"
		    "01010104140202020202020202020202020202020202020202020105" },
		{ "explicit version", true,
		    "30473045a003020100303e303c303a300906052b0e03021a05000414010101010101010101010101"
		    "010101010101010104140202020202020202020202020202020202020202020105" },
		{ "version 2", false,
		    "30473045a003020101303e303c303a300906052b0e03021a05000414010101010101010101010101"
		    "010101010101010104140202020202020202020202020202020202020202020105" },
		{ "requestor's name", true,
		    "30493047a1058203612e62303e303c303a300906052b0e03021a0500041401010101010101010101"
		    "0101010101010101010104140202020202020202020202020202020202020202020105" },
		{ "requestor's name of no kind", false,
		    "30493047a1050c03612e62303e303c303a300906052b0e03021a0500041401010101010101010101"
		    "0101010101010101010104140202020202020202020202020202020202020202020105" },
		{ "no parameters", true,
		    "3040303e303c303a3038300706052b0e03021a041401010101010101010101010101010101010101"
		    "0104140202020202020202020202020202020202020202020105" },
		{ "negative serial", false,
		    "30423040303e303c303a300906052b0e03021a050004140101010101010101010101010101010101"
		    "010101041402020202020202020202020202020202020202020201ff" },
		{ "serial with a superfluous zero", false,
		    "30433041303f303d303b300906052b0e03021a050004140101010101010101010101010101010101"
		    "0101010414020202020202020202020202020202020202020202020005" },
		{ "serial of 20 octets", true,
		    "305530533051304f304d300906052b0e03021a050004140101010101010101010101010101010101"
		    "0101010414020202020202020202020202020202020202020202147f7f7f7f7f7f7f7f7f7f7f7f7f"
		    "7f7f7f7f7f7f7f" },
		{ "serial of 21 octets", false,
		    "3056305430523050304e300906052b0e03021a050004140101010101010101010101010101010101"
		    "0101010414020202020202020202020202020202020202020202157f7f7f7f7f7f7f7f7f7f7f7f7f"
		    "7f7f7f7f7f7f7f7f" },
		{ "short hash", false,
		    "3041303f303d303b3039300906052b0e03021a050004130101010101010101010101010101010101"
		    "010104140202020202020202020202020202020202020202020105" },
		{ "octets in a CertID", false,
		    "304430423040303e303c300906052b0e03021a050004140101010101010101010101010101010101"
		    "010101041402020202020202020202020202020202020202020201050500" },
		{ "octets behind a CertID", false,
		    "304430423040303e303a300906052b0e03021a050004140101010101010101010101010101010101"
		    "010101041402020202020202020202020202020202020202020201050500" },
		{ "octets behind TBSRequest", false,
		    "30443042303e303c303a300906052b0e03021a050004140101010101010101010101010101010101"
		    "010101041402020202020202020202020202020202020202020201050500" },
		{ "long form of a short length", false,
		    "3081423040303e303c303a300906052b0e03021a0500041401010101010101010101010101010101"
		    "0101010104140202020202020202020202020202020202020202020105" },
		{ "indefinite length", false,
		    "30803040303e303c303a300906052b0e03021a050004140101010101010101010101010101010101"
		    "010101041402020202020202020202020202020202020202020201050000" },
		{ "trailing octet", false,
		    "30423040303e303c303a300906052b0e03021a050004140101010101010101010101010101010101"
		    "0101010414020202020202020202020202020202020202020202010500" },
		{ "empty list", false,
		    "300430023000" },
		{ "empty", false,
		    "" },
		{ "an empty sequence", false,
		    "3000" },
		{ "nonce without its OCTET STRING", false,
		    "30593057303e303c303a300906052b0e03021a050004140101010101010101010101010101010101"
		    "01010104140202020202020202020202020202020202020202020105a2153013301106092b060105"
		    "05073001020404deadbeef" },
		{ "nonce of no octets", false,
		    "30573055303e303c303a300906052b0e03021a050004140101010101010101010101010101010101"
		    "01010104140202020202020202020202020202020202020202020105a2133011300f06092b060105"
		    "050730010204020400" },
		{ "critical false spelled out", true,
		    "305e305c303e303c303a300906052b0e03021a050004140101010101010101010101010101010101"
		    "01010104140202020202020202020202020202020202020202020105a21a3018301606092b060105"
		    "050730010201010004060404deadbeef" },
		{ "critical nonce", true,
		    "305e305c303e303c303a300906052b0e03021a050004140101010101010101010101010101010101"
		    "01010104140202020202020202020202020202020202020202020105a21a3018301606092b060105"
		    "05073001020101ff04060404deadbeef" },
		{ "critical neither true nor false", false,
		    "305e305c303e303c303a300906052b0e03021a050004140101010101010101010101010101010101"
		    "01010104140202020202020202020202020202020202020202020105a21a3018301606092b060105"
		    "050730010201010104060404deadbeef" },
		{ "nonce twice", false,
		    "3070306e303e303c303a300906052b0e03021a050004140101010101010101010101010101010101"
		    "01010104140202020202020202020202020202020202020202020105a22c302a301306092b060105"
		    "050730010204060404deadbeef301306092b060105050730010204060404deadbeef" },
		{ "no extension in extensions", false,
		    "30463044303e303c303a300906052b0e03021a050004140101010101010101010101010101010101"
		    "01010104140202020202020202020202020202020202020202020105a2023000" },
		{ "signature of another form", false,
		    "30513040303e303c303a300906052b0e03021a050004140101010101010101010101010101010101"
		    "01010104140202020202020202020202020202020202020202020105a00d300b300906052b0e0302"
		    "1a0500" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t der[512];
		struct ocsp_request q;
		struct err e = { 0 };
		size_t n = strlen(cases[i].hex);

		if (!CHECK(hex_decode(cases[i].hex, n, der, n / 2), "%s: not hex", cases[i].what))
			continue;
		CHECK(ocsp_request_parse((struct der){ der, n / 2 }, &q, &e) == cases[i].ok, "%s: %s", cases[i].what, e.msg);
	}
}

/* No prefix of a request is one, and no changed octet does harm. */
static void
mutilated(void)
{
	OWN_STR struct str in = { 0 };
	struct ocsp_request q;
	struct err e = { 0 };

	request_make(2, 20, &in);
	for (size_t i = 0; i < in.len; i++) {
		uint8_t *exact = malloc(i + 1);		/* so that a sanitizer sees one octet too many */

		memcpy(exact, in.p, i);
		CHECK(!ocsp_request_parse((struct der){ exact, i }, &q, &e), "a prefix of %zu octets passes", i);
		free(exact);
		for (int bit = 0; bit < 8; bit++) {
			in.p[i] ^= (char)(1 << bit);
			if (ocsp_request_parse(der_of(&in), &q, &e))
				CHECK(q.n >= 1 && q.n <= 2 && q.nonce.len <= OCSP_NONCE_MAX, "%zu certificates", q.n);
			in.p[i] ^= (char)(1 << bit);
		}
	}
}

static void
answer_begin(struct ocsp_answer *a, int64_t now)
{
	memset(a, 0, sizeof(*a));
	CHECK(ocsp_key_hash(spki, a->responder), "key hash");
	a->produced_at_s = now;
}

static void
answer_add(struct ocsp_answer *a, struct der id, enum ocsp_status status, int reason, int64_t now)
{
	a->singles[a->n++] = (struct ocsp_single){ id, status, now - 100, reason, now, now + 3600 };
}

static void
sign(struct der tbs, struct der certs, struct str *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t sig[256];
	size_t len = sizeof(sig);

	CHECK(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, delegate.key) == 1 &&
	    EVP_DigestSign(ctx, sig, &len, tbs.p, tbs.len) == 1, "not signed");
	ocsp_response_make(tbs, SIGNATURE_ECDSA_SHA256, sig, len, certs, out);
	EVP_MD_CTX_free(ctx);
}

/* libcrypto verifies the response against the CA and finds what we put in. */
static void
judged_by_libcrypto(const struct str *request, const struct str *response, const struct ocsp_answer *a, bool nonce)
{
	const uint8_t *p = (const uint8_t *)response->p, *r = (const uint8_t *)request->p;
	OCSP_RESPONSE *res = d2i_OCSP_RESPONSE(NULL, &p, (long)response->len);
	OCSP_REQUEST *req = d2i_OCSP_REQUEST(NULL, &r, (long)request->len);
	OCSP_BASICRESP *basic = NULL;
	X509_STORE *store = X509_STORE_new();

	(void)X509_STORE_add_cert(store, ca.x509);
	if (CHECK(res != NULL && OCSP_response_status(res) == OCSP_RESPONSE_STATUS_SUCCESSFUL, "status") &&
	    CHECK((basic = OCSP_response_get1_basic(res)) != NULL, "not basic")) {
		CHECK(OCSP_basic_verify(basic, NULL, store, 0) == 1, "not verified");
		CHECK(OCSP_check_nonce(req, basic) == (nonce ? 1 : 2), "nonce");
		CHECK(OCSP_resp_count(basic) == (int)a->n, "%d answers", OCSP_resp_count(basic));
	}
	for (size_t i = 0; basic != NULL && i < a->n; i++) {
		ASN1_GENERALIZEDTIME *revoked, *this, *next;
		int reason = -2, status;
		OCSP_CERTID *id = OCSP_onereq_get0_id(OCSP_request_onereq_get0(req, (int)i));

		CHECK(OCSP_resp_find_status(basic, id, &status, &reason, &revoked, &this, &next) == 1, "not found");
		CHECK(status == (a->singles[i].status == OCSP_GOOD ? V_OCSP_CERTSTATUS_GOOD :
		    a->singles[i].status == OCSP_REVOKED ? V_OCSP_CERTSTATUS_REVOKED : V_OCSP_CERTSTATUS_UNKNOWN),
		    "status %d", status);
		if (status == V_OCSP_CERTSTATUS_REVOKED)
			CHECK(reason == (a->singles[i].reason == 0 ? -1 : a->singles[i].reason), "reason %d", reason);
		CHECK(OCSP_check_validity(this, next, 60, -1) == 1, "dates");
	}
	OCSP_RESPONSE_free(res);
	OCSP_REQUEST_free(req);
	OCSP_BASICRESP_free(basic);
	X509_STORE_free(store);
}

static void
responses(void)
{
	static const struct {
		enum ocsp_status	status[2];
		int			reason, nonce;
	} cases[] = {
		{ { OCSP_GOOD, OCSP_GOOD }, 0, 0 },
		{ { OCSP_REVOKED, OCSP_UNKNOWN }, 1, 32 },
		{ { OCSP_REVOKED, OCSP_REVOKED }, 0, 128 },
		{ { OCSP_UNKNOWN, OCSP_REVOKED }, 10, 1 },
	};
	int64_t now = time(NULL);

	for (size_t i = 0; i < COUNT(cases); i++) {
		OWN_STR struct str request = { 0 }, tbs = { 0 }, again = { 0 }, response = { 0 };
		static struct ocsp_answer a, back;
		struct ocsp_request q;
		struct err e = { 0 };

		request_make(2, cases[i].nonce, &request);
		if (!CHECK(ocsp_request_parse(der_of(&request), &q, &e), "%s", e.msg))
			continue;
		answer_begin(&a, now);
		a.nonce = q.nonce;
		for (size_t j = 0; j < 2; j++)
			answer_add(&a, q.ids[j].whole, cases[i].status[j], cases[i].reason, now);
		ocsp_tbs_make(&a, &tbs);
		CHECK(ocsp_tbs_read(der_of(&tbs), &back, &e), "%s", e.msg);
		ocsp_tbs_make(&back, &again);
		CHECK(der_equal(der_of(&tbs), again.p, again.len), "read back differently");
		sign(der_of(&tbs), delegate.der, &response);
		judged_by_libcrypto(&request, &response, &a, cases[i].nonce > 0);
	}
}

/* The signer's rule: each change of a good answer is refused. */
static void
rules(void)
{
	static struct ocsp_answer good, a;
	struct ocsp_rule rule = { .now_s = time(NULL), .skew_s = 60, .lifetime_s = 7200 };
	OWN_STR struct str request = { 0 }, other = { 0 };
	struct ocsp_request q;
	struct err e = { 0 };
	int64_t now = rule.now_s;

	request_make(2, 0, &request);
	if (!CHECK(ocsp_request_parse(der_of(&request), &q, &e), "%s", e.msg))
		return;
	answer_begin(&good, now);
	answer_add(&good, q.ids[0].whole, OCSP_GOOD, 0, now);
	answer_add(&good, q.ids[1].whole, OCSP_REVOKED, 1, now);
	memcpy(rule.responder, good.responder, sizeof(rule.responder));
	memcpy(rule.name_sha1, q.ids[0].name_hash.p, 20);
	memcpy(rule.key_sha1, q.ids[0].key_hash.p, 20);
	memcpy(rule.name_sha256, q.ids[1].name_hash.p, 32);
	memcpy(rule.key_sha256, q.ids[1].key_hash.p, 32);
	CHECK(ocsp_tbs_check(&good, &rule, &e), "%s", e.msg);
	ocsp_certid_make(OCSP_SHA1, rule.key_sha1, rule.name_sha1, q.ids[0].serial, &other);
	for (int i = 0; i < 10; i++) {
		struct ocsp_single *s = &a.singles[1];

		a = good;
		switch (i) {
		case 0: a.responder[19] ^= 1; break;
		case 1: a.produced_at_s += 61; break;
		case 2: a.produced_at_s -= 61; break;
		case 3: s->next_update_s = OCSP_NO_TIME; break;
		case 4: s->next_update_s = s->this_update_s + 7201; break;
		case 5: s->next_update_s = s->this_update_s; break;
		case 6: s->this_update_s += 61; s->next_update_s += 61; break;
		case 7: s->revoked_at_s = now + 61; break;
		case 8: s->certid = der_of(&other); break;
		case 9: a.n = 0; break;
		}
		CHECK(!ocsp_tbs_check(&a, &rule, &e) && e.kind == ERR_FORBIDDEN, "change %d passes", i);
	}
	a = good;
	a.singles[0].this_update_s -= 7261;
	a.singles[0].next_update_s -= 7261;
	CHECK(!ocsp_tbs_check(&a, &rule, &e), "an old answer passes");
}

/* A ResponseData cut short or with other members is refused. */
static void
tbs_strict(void)
{
	static struct ocsp_answer a, back;
	OWN_STR struct str id = { 0 }, tbs = { 0 };
	uint8_t hash[32] = { 7 };
	struct err e = { 0 };
	int64_t now = time(NULL);

	ocsp_certid_make(OCSP_SHA256, hash, hash, (struct der){ hash, 1 }, &id);
	answer_begin(&a, now);
	answer_add(&a, der_of(&id), OCSP_REVOKED, 4, now);
	a.nonce = (struct der){ hash, sizeof(hash) };
	ocsp_tbs_make(&a, &tbs);
	for (size_t i = 0; i < tbs.len; i++) {
		CHECK(!ocsp_tbs_read((struct der){ (const uint8_t *)tbs.p, i }, &back, &e), "%zu octets pass", i);
		tbs.p[i] ^= 0x20;
		if (ocsp_tbs_read(der_of(&tbs), &back, &e)) {
			OWN_STR struct str again = { 0 };

			ocsp_tbs_make(&back, &again);
			CHECK(der_equal(der_of(&tbs), again.p, again.len), "octet %zu is lost", i);
		}
		tbs.p[i] ^= 0x20;
	}
	CHECK(ocsp_tbs_read(der_of(&tbs), &back, &e) && back.n == 1 && back.singles[0].reason == 4 &&
	    back.singles[0].revoked_at_s == now - 100 && back.nonce.len == 32, "%s", e.msg);
}

static void
errors(void)
{
	static const enum ocsp_error all[] = {
		OCSP_MALFORMED, OCSP_INTERNAL, OCSP_TRY_LATER, OCSP_SIG_REQUIRED, OCSP_UNAUTHORIZED
	};

	for (size_t i = 0; i < COUNT(all); i++) {
		const uint8_t *p = ocsp_error_response(all[i]);
		OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &p, OCSP_ERROR_LEN);

		CHECK(r != NULL && OCSP_response_status(r) == (int)all[i], "error %d", (int)all[i]);
		OCSP_RESPONSE_free(r);
	}
}

/* What the fuzzer kept. */
static void
corpus(void)
{
	const char *source = getenv("CERTMILL_SOURCE");
	char dir[512], path[1024];
	struct dirent *entry;
	DIR *d;
	int files = 0;

	(void)snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/ocsp_request", source != NULL ? source : ".");
	d = opendir(dir);
	if (!CHECK(d != NULL, "no corpus in %s", dir))
		return;
	while ((entry = readdir(d)) != NULL) {
		OWN(fclose) FILE *f = NULL;
		uint8_t *exact, buf[OCSP_REQUEST_MAX + 16];
		struct ocsp_request q;
		struct err e = { 0 };
		size_t n;

		(void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (entry->d_name[0] == '.' || (f = fopen(path, "r")) == NULL)
			continue;
		n = fread(buf, 1, sizeof(buf), f);
		exact = malloc(n + 1);
		memcpy(exact, buf, n);
		if (ocsp_request_parse((struct der){ exact, n }, &q, &e))
			CHECK(q.n >= 1 && q.ids[q.n - 1].whole.p + q.ids[q.n - 1].whole.len <= exact + n, "%s", entry->d_name);
		else
			CHECK(e.kind == ERR_MALFORMED, "%s: %s", entry->d_name, err_kind_name(e.kind));
		files++;
		free(exact);
	}
	(void)closedir(d);
	CHECK(files > 10, "%d files in the corpus", files);
}

int
main(void)
{
	uint8_t *der = NULL;
	int len;

	secret_init();
	ca = make_ca("Issuing", NULL);
	delegate = make_leaf("OCSP", &ca, delegate_exts);
	device = make_leaf("device", &ca, NULL);
	len = i2d_PUBKEY(delegate.key, &der);
	spki = (struct der){ der, (size_t)len };
	requests();
	request_decorated();
	by_hand();
	mutilated();
	responses();
	rules();
	tbs_strict();
	errors();
	corpus();
	OPENSSL_free(der);
	made_cert_clear(&device);
	made_cert_clear(&delegate);
	made_cert_clear(&ca);
	return check_done();
}
