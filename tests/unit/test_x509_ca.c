/* Hierarchies: what a document may say, and certificates of CAs that others take for such. */
#include <openssl/x509v3.h>
#include <string.h>

#include "base/own.h"
#include "check.h"
#include "x509_make.h"

#define NOW INT64_C(1800000000)

#define CA(id, more)                                                                                         \
	"{\"id\":\"" id "\",\"label\":\"L\"," more ",\"key\":{\"algorithm\":\"EC\",\"curve\":\"P-256\"},"    \
	"\"signature\":\"ecdsa-with-SHA256\",\"subject\":[{\"type\":\"CN\",\"value\":\"" id "\"}]}"
#define DOC(cas) "{\"ecosystem\":\"t\",\"name\":\"T\",\"title\":\"T\",\"position\":1,\"cas\":[" cas "]}"

static const char good[] = DOC(CA("root", "\"purpose\":\"root\",\"years\":0") ","
    CA("middle", "\"purpose\":\"intermediate\",\"parent\":\"root\",\"years\":20,\"path_len\":1") ","
    CA("issuing", "\"purpose\":\"issuing\",\"parent\":\"middle\",\"years\":30,\"path_len\":0"));

static X509 *
library(const struct made_ca *ca)
{
	const uint8_t *p = ca->der;

	return d2i_X509(NULL, &p, (long)ca->len);
}

static void
chain(void)
{
	OWN(hierarchy_free) struct hierarchy *h = NULL;
	struct made_ca ca[3];
	struct err e = { 0 };
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *between = sk_X509_new_null();
	X509 *x[3];
	size_t n;
	const struct ca_plan *plans;

	if (!CHECK(hierarchy_parse(good, strlen(good), &h, NULL, &e), "%s", e.msg))
		return;
	plans = hierarchy_cas(h, &n);
	CHECK(n == 3 && hierarchy_find(h, "middle") == &plans[1] &&
		  strcmp(plans[1].subject_text, "CN=middle") == 0,
	    "plans");
	for (size_t i = 0; i < 3; i++) {
		if (!CHECK(make_ca(&plans[i], i == 0 ? NULL : &ca[i - 1], NOW, &ca[i], &e), "%s: %s",
			plans[i].id, e.msg))
			return;
		x[i] = library(&ca[i]);
	}
	CHECK(ca[0].issuer.not_after_s == TIME_NEVER_S && ca[0].issuer.self_signed, "the root never expires");
	CHECK(ca[2].issuer.not_after_s == ca[1].issuer.not_after_s, "nested in the parent");
	CHECK(X509_check_ca(x[2]) == 1 && X509_get_pathlen(x[2]) == 0 && X509_get_pathlen(x[0]) == -1 &&
	    X509_get_key_usage(x[2]) == (KU_KEY_CERT_SIGN | KU_CRL_SIGN), "the library takes them for CAs");
	X509_STORE_add_cert(store, x[0]);
	sk_X509_push(between, x[1]);
	X509_STORE_CTX_init(ctx, store, x[2], between);
	X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx),
	    X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
	X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), NOW);
	CHECK(X509_verify_cert(ctx) == 1, "%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_free(between);
	for (size_t i = 0; i < 3; i++) {
		X509_free(x[i]);
		unmake_ca(&ca[i]);
	}
}

static void
refused(const char *text, const char *at)
{
	OWN(arena_free) struct arena *a = arena_new(1 << 16);
	struct faults f = { .arena = a };
	struct hierarchy *h = NULL;
	struct err e = { 0 };
	bool said = false;

	CHECK(!hierarchy_parse(text, strlen(text), &h, &f, &e), "%s is taken", text);
	for (size_t i = 0; i < f.n; i++)
		said = said || strcmp(f.list[i].field, at) == 0;
	CHECK(said, "no fault at %s: %s %s", at, f.n > 0 ? f.list[0].field : e.msg, text);
}

static void
documents(void)
{
	refused(DOC(CA("a", "\"purpose\":\"root\"")), "cas[0].years");
	refused(DOC(CA("a", "\"purpose\":\"root\",\"parent\":\"b\",\"years\":1")), "cas[0].parent");
	refused(DOC(CA("a", "\"purpose\":\"intermediate\",\"years\":1")), "cas[0].parent");
	refused(DOC(CA("A B", "\"purpose\":\"root\",\"years\":1")), "cas[0].id");
	refused(DOC(CA("a", "\"purpose\":\"root\",\"years\":1,\"color\":1")), "cas[0].color");
	refused(DOC(CA("a", "\"purpose\":\"root\",\"years\":1") "," CA("a",
	    "\"purpose\":\"root\",\"years\":1")),
	    "cas[1].id");
	refused(DOC(CA("a", "\"purpose\":\"issuing\",\"parent\":\"b\",\"years\":1") "," CA("b",
	    "\"purpose\":\"root\",\"years\":1")),
	    "cas");
	refused(DOC("{\"id\":\"a\",\"label\":\"L\",\"purpose\":\"root\",\"years\":1,\"key\":{\"algorithm\":"
		"\"RSA\",\"size\":1024},"
		"\"signature\":\"sha1WithRSAEncryption\",\"subject\":[{\"type\":\"CN\",\"value\":\"x\"}]}"),
	    "cas[0].key.size");
	refused(DOC("{\"id\":\"a\",\"label\":\"L\",\"purpose\":\"root\",\"years\":1,\"key\":{\"algorithm\":"
		    "\"RSA\",\"size\":2048},"
		    "\"signature\":\"ecdsa-with-SHA256\",\"subject\":[{\"type\":\"CN\",\"value\":\"{"
		    "organization.name}\"}]}"),
	    "cas[0].signature");
	refused(DOC("{\"id\":\"a\",\"label\":\"L\",\"purpose\":\"root\",\"years\":1,\"key\":{\"algorithm\":"
		    "\"EC\",\"curve\":\"P-256\"},"
		    "\"signature\":\"ecdsa-with-SHA256\",\"subject\":[{\"type\":\"CN\",\"value\":\"{"
		    "organization.name}\"}]}"),
	    "cas[0].subject");
}

static void
wrong_hands(void)
{
	OWN(hierarchy_free) struct hierarchy *h = NULL;
	struct made_key k = { 0 };
	uint8_t buf[TBS_MAX], serial[16];
	struct err e = { 0 };
	struct der tbs;
	size_t n;

	if (!CHECK(hierarchy_parse(good, strlen(good), &h, NULL, &e), "%s", e.msg) ||
	    !CHECK(make_key((struct key_type){ KEY_EC, 384 }, &k), "no key"))
		return;
	cert_serial_make(serial);
	CHECK(!ca_tbs_build(
		  hierarchy_cas(h, &n), NULL, made_spki(&k), serial, NOW, buf, sizeof(buf), &tbs, &e) &&
		  strcmp(e.code, "ca_key") == 0,
	    "a key of another kind: %s", e.msg);
	CHECK(!ca_tbs_build(
		  &hierarchy_cas(h, &n)[1], NULL, made_spki(&k), serial, NOW, buf, sizeof(buf), &tbs, &e) &&
		  strcmp(e.code, "ca_parent") == 0,
	    "without its parent: %s", e.msg);
	EVP_PKEY_free(k.pkey);
}

int
main(void)
{
	chain();
	documents();
	wrong_hands();
	return check_done();
}
