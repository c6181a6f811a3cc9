#include <openssl/bio.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/str.h"
#include "check.h"
#include "make_cert.h"
#include "x509/keypair.h"
#include "x509/verify.h"

static const struct make_ext client_exts[] = {
	{ NID_basic_constraints, "critical,CA:FALSE" },
	{ NID_key_usage, "critical,digitalSignature" },
	{ NID_ext_key_usage, "clientAuth" },
	{ 0, NULL }
};
static const struct make_ext server_exts[] = {
	{ NID_basic_constraints, "critical,CA:FALSE" },
	{ NID_ext_key_usage, "serverAuth" },
	{ 0, NULL }
};

static struct made_cert root, ca, leaf, other;

/* "" when verified, else the code. */
static const char *
verdict(const struct trust *t, const struct made_cert *cert, const struct made_cert *between,
    enum verify_purpose purpose, int64_t at_s, struct err *e)
{
	*e = (struct err){ 0 };
	if (verify_chain(t, cert->der, between != NULL ? &between->der : NULL, between != NULL, purpose, at_s, e))
		return "";
	return e->kind == ERR_INVALID ? e->code : "wrong kind";
}

static struct trust *
trust(struct der cert)
{
	struct trust *t = NULL;
	struct err e = { 0 };

	CHECK(trust_new(&cert, 1, &t, &e), "%s", e.msg);
	return t;
}

static void
chains(void)
{
	OWN(trust_free) struct trust *in_root = trust(root.der), *in_ca = trust(ca.der), *in_other = trust(other.der);
	OWN_CERT struct made_cert server = make_leaf("server", &ca, server_exts), fake = make_leaf("fake", &leaf, client_exts);
	OWN_CERT struct made_cert weak = make_cert(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024), "modem", &ca,
	    time(NULL) - 60, time(NULL) + 3600, client_exts);
	OWN_CERT struct made_cert expired_ca = make_cert(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), "Old CA", &root,
	    time(NULL) - 7200, time(NULL) - 3600, make_ca_exts), child = make_leaf("child", &expired_ca, client_exts);
	const struct {
		const char		*what;
		const struct trust	*trust;
		const struct made_cert	*cert, *between;
		enum verify_purpose	 purpose;
		int64_t			 shift_s;
		const char		*code;
	} cases[] = {
		{ "to the root", in_root, &leaf, &ca, VERIFY_CLIENT, 0, "" },
		{ "to the issuing CA alone", in_ca, &leaf, NULL, VERIFY_CLIENT, 0, "" },
		{ "any purpose", in_root, &server, &ca, VERIFY_ANY, 0, "" },
		{ "server", in_root, &server, &ca, VERIFY_SERVER, 0, "" },
		{ "intermediate missing", in_root, &leaf, NULL, VERIFY_ANY, 0, "cert_untrusted" },
		{ "another root", in_other, &leaf, &ca, VERIFY_ANY, 0, "cert_untrusted" },
		{ "the root itself, elsewhere", in_other, &root, NULL, VERIFY_ANY, 0, "cert_untrusted" },
		{ "a server as client", in_root, &server, &ca, VERIFY_CLIENT, 0, "cert_purpose" },
		{ "expired", in_root, &leaf, &ca, VERIFY_CLIENT, 86400 * 366, "cert_expired" },
		{ "too early", in_root, &leaf, &ca, VERIFY_CLIENT, -7200, "cert_not_yet_valid" },
		{ "expired CA", in_root, &child, &expired_ca, VERIFY_ANY, 0, "cert_expired" },
		{ "1024 bits, in general", in_root, &weak, &ca, VERIFY_ANY, 0, "" },
		{ "1024 bits, as a client", in_root, &weak, &ca, VERIFY_CLIENT, 0, "cert_weak" },
		{ "issued by a device", in_ca, &fake, &leaf, VERIFY_ANY, 0, "cert_invalid" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err e;
		const char *code = verdict(cases[i].trust, cases[i].cert, cases[i].between, cases[i].purpose,
		    time(NULL) + cases[i].shift_s, &e);

		CHECK(strcmp(code, cases[i].code) == 0, "%s: '%s' %s", cases[i].what, code, e.msg);
	}
}

/* A chain whose last signature is another CA's of the same name. */
static void
forged(void)
{
	OWN(trust_free) struct trust *in_root = trust(root.der);
	OWN_CERT struct made_cert twin = make_ca("Issuing", NULL), child = make_leaf("child", &twin, client_exts);
	struct err e;

	CHECK(strcmp(verdict(in_root, &child, &ca, VERIFY_ANY, time(NULL), &e), "") != 0, "a twin's certificate passes");
	CHECK(strcmp(verdict(in_root, &child, &twin, VERIFY_ANY, time(NULL), &e), "cert_untrusted") == 0, "%s", e.code);
}

static void
reasons_in_words(void)
{
	OWN(trust_free) struct trust *in_root = trust(root.der);
	struct der half = { leaf.der.p, leaf.der.len - 1 };
	struct err e = { 0 };

	(void)verdict(in_root, &leaf, &ca, VERIFY_ANY, time(NULL) + 86400 * 400, &e);
	CHECK(strcmp(e.msg, "certificate has expired: CN=device") == 0, "%s", e.msg);
	CHECK(!verify_chain(in_root, half, NULL, 0, VERIFY_ANY, time(NULL), &e) && strcmp(e.code, "cert_der") == 0, "%s", e.code);
}

static void
keys(void)
{
	OWN(keymaker_free) struct keymaker *m = keymaker_new(RSAGEN_FAST);
	OWN_KEYPAIR struct keypair pair = { 0 };
	OWN(secret_free) struct secret *broken = secret_from(leaf.pkcs8->p, leaf.pkcs8->len - 1);
	struct err e = { 0 };

	CHECK(verify_key(leaf.der, leaf.pkcs8, &e), "%s", e.msg);
	CHECK(!verify_key(leaf.der, ca.pkcs8, &e) && strcmp(e.code, "key_mismatch") == 0, "another key passes");
	CHECK(!verify_key(leaf.der, broken, &e) && strcmp(e.code, "key_der") == 0, "half a key: %s", e.code);
	if (CHECK(keypair_make(m, (struct key_type){ KEY_RSA, 1024 }, &pair, &e), "%s", e.msg))
		CHECK(!verify_key(leaf.der, pair.pkcs8, &e) && strcmp(e.code, "key_mismatch") == 0, "a key of another kind passes");
}

static void
pem(void)
{
	BIO *out = BIO_new(BIO_s_mem());
	struct trust *t = NULL;
	struct err e = { 0 };
	char *text;
	size_t len;

	(void)PEM_write_bio_X509(out, other.x509);
	(void)BIO_puts(out, "Some words between.\n");
	(void)PEM_write_bio_X509(out, root.x509);
	len = (size_t)BIO_get_mem_data(out, &text);
	if (CHECK(trust_new_pem(text, len, &t, &e), "%s", e.msg))
		CHECK(strcmp(verdict(t, &leaf, &ca, VERIFY_CLIENT, time(NULL), &e), "") == 0, "%s", e.msg);
	trust_free(t);
	CHECK(!trust_new_pem(text, len - 40, &t, &e) && e.kind == ERR_INVALID, "a certificate cut off passes");
	CHECK(!trust_new_pem("", 0, &t, &e) && e.kind == ERR_INVALID, "no certificate passes");
	BIO_free(out);
}

int
main(void)
{
	secret_init();
	root = make_ca("Root", NULL);
	ca = make_ca("Issuing", &root);
	other = make_ca("Other", NULL);
	leaf = make_leaf("device", &ca, client_exts);
	chains();
	forged();
	reasons_in_words();
	keys();
	pem();
	made_cert_clear(&leaf);
	made_cert_clear(&other);
	made_cert_clear(&ca);
	made_cert_clear(&root);
	return check_done();
}
