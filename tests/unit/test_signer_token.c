/* CA keys in a PKCS#11 token: a real SoftHSM one, made here. */
#include <p11-kit/pkcs11.h>

#include <dlfcn.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/rand.h"
#include "base/secret.h"
#include "check.h"
#include "quiet.h"
#include "signer/cas.h"
#include "signer/command/commands.h"
#include "signer/files.h"
#include "signer/signkey.h"
#include "signer/token/token.h"
#include "x509/cert.h"

static char dir[64], module[128];

static const char *
path(const char *name)
{
	static char paths[4][128];
	static unsigned at;
	char *p = paths[at++ % 4];

	snprintf(p, 128, "%s/%s", dir, name);
	return p;
}

/* A token "factory" with PIN 1234; false where SoftHSM is not installed. */
static bool
token_make(void)
{
	static const char *const places[] = { "/usr/lib/softhsm/libsofthsm2.so",
		"/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
		    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so" };
	CK_UTF8CHAR label[33] = "factory                         ";
	CK_C_GetFunctionList get;
	CK_FUNCTION_LIST_PTR fn = NULL;
	CK_SESSION_HANDLE s;
	CK_SLOT_ID slots[4];
	CK_ULONG n = 4;
	char conf[256];
	void *handle = NULL;
	struct err e = { 0 };
	int len;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && handle == NULL; i++) {
		snprintf(module, sizeof(module), "%s", places[i]);
		handle = dlopen(module, RTLD_NOW);
	}
	if (handle == NULL)
		return false;
	len = snprintf(conf, sizeof(conf), "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n",
	    path("tokens"));
	CHECK(mkdir(path("tokens"), 0700) == 0 && file_write(path("softhsm.conf"), 0600, conf, (size_t)len, &e)
	    && file_write(path("pin"), 0600, "1234\n", 5, &e), "%s", e.msg);
	setenv("SOFTHSM2_CONF", path("softhsm.conf"), 1);
	*(void **)(void *)&get = dlsym(handle, "C_GetFunctionList");
	CHECK(get != NULL && get(&fn) == CKR_OK && fn->C_Initialize(NULL) == CKR_OK
	    && fn->C_GetSlotList(CK_TRUE, slots, &n) == CKR_OK && n > 0
	    && fn->C_InitToken(slots[0], (CK_UTF8CHAR_PTR)"so-pin", 6, label) == CKR_OK
	    && fn->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s) == CKR_OK
	    && fn->C_Login(s, CKU_SO, (CK_UTF8CHAR_PTR)"so-pin", 6) == CKR_OK
	    && fn->C_InitPIN(s, (CK_UTF8CHAR_PTR)"1234", 4) == CKR_OK, "SoftHSM cannot be set up");
	if (fn != NULL)
		fn->C_Finalize(NULL);
	dlclose(handle);
	return true;
}

static void
signs(const char *uri, struct key_type type, enum signature_algorithm const *algorithms, size_t n)
{
	const struct token_conf conf = { module, path("pin") };
	OWN(signkey_free) struct signkey *key = NULL;
	OWN_STR struct str spki = { 0 }, again = { 0 };
	struct der der;
	struct err e = { 0 };
	bool made;

	if (!CHECK(token_keypair(uri, &conf, type, &spki, &made, &e) && made, "%s", e.msg)
	    || !CHECK(token_keypair(uri, &conf, type, &again, &made, &e) && !made && again.len == spki.len
	    && memcmp(again.p, spki.p, spki.len) == 0, "the pair was not found again: %s", e.msg))
		return;
	der = (struct der){ (const uint8_t *)spki.p, spki.len };
	if (!CHECK(signkey_from_token(uri, &conf, der, &key, &e), "%s", e.msg))
		return;
	CHECK(strcmp(signkey_store_name(key), "pkcs11") == 0, "store");
	for (size_t i = 0; i < n; i++) {
		OWN(signing_end) struct signing *s = NULL;
		uint8_t text[100], sig[SIGNATURE_LEN_MAX];
		size_t len = sizeof(sig);

		rand_octets(text, sizeof(text));
		CHECK(signing_begin(key, algorithms[i], &s, &e) && signing_octets(s, text, sizeof(text), sig,
		    &len, &e), "%s",
		    e.msg);
		CHECK(signature_verify(der, algorithms[i], text, sizeof(text), sig, len, &e), "%s is not verified",
		    signature_algorithm_name(algorithms[i]));
	}
}

static void
wrong(void)
{
	struct token_conf conf = { module, path("pin") };
	OWN_STR struct str spki = { 0 }, other = { 0 };
	struct signkey *key = NULL;
	struct err e = { 0 };
	struct der der;
	bool made;

	CHECK(token_keypair("pkcs11:token=factory;object=ec", &conf, (struct key_type){ KEY_EC, 256 }, &spki, &made, &e)
	    && token_keypair("pkcs11:token=factory;object=ec2", &conf, (struct key_type){ KEY_EC, 256 }, &other,
	    &made, &e),
	    "%s", e.msg);
	der = (struct der){ (const uint8_t *)spki.p, spki.len };
	CHECK(!signkey_from_token("pkcs11:token=factory;object=ec2", &conf, der, &key, &e)
	    && strcmp(e.code, "key_mismatch") == 0, "another key was taken");
	CHECK(!signkey_from_token("pkcs11:token=nowhere;object=ec", &conf, der, &key, &e) && e.kind == ERR_NOT_FOUND,
	    "a token that is not there");
	CHECK(!signkey_from_token("pkcs11:token=factory;object=none", &conf, der, &key, &e) && e.kind == ERR_NOT_FOUND,
	    "a key that is not there");
	CHECK(!signkey_from_token("pkcs11:token=factory", &conf, der, &key, &e) && strcmp(e.code, "token_uri") == 0,
	    "no key was named");
	CHECK(!signkey_from_token("http://x", &conf, der, &key, &e) && strcmp(e.code, "token_uri") == 0, "no URI");
	CHECK(!signkey_from_token("pkcs11:token=factory;object=ec?pin-value=9999", &conf, der, &key, &e)
	    && strcmp(e.code, "token_pin") == 0, "a wrong PIN");
	CHECK(!token_keypair("pkcs11:token=factory;object=ec", &conf, (struct key_type){ KEY_EC, 384 }, &other,
	    &made, &e),
	    "a key of another curve was taken");
	conf.module = "/usr/lib/none.so";
	CHECK(!signkey_from_token("pkcs11:token=factory;object=ec", &conf, der, &key, &e)
	    && strcmp(e.code, "token_module") == 0, "a module that is not there");
}

/* `ca create` with one key in the token, then the set as the signer loads it. */
static void
hierarchy(void)
{
	const char *source = getenv("CERTMILL_SOURCE");
	char signer[96], file[256], conf_path[128], uri[256], conf[1024];
	char *init[] = { (char *)"init", (char *)"--dir", signer, NULL };
	char *create[] = { (char *)"ca", (char *)"create", (char *)"--dir", signer, (char *)"--hierarchy", file,
		(char *)"--key-uri", uri, NULL };
	OWN(conf_free) struct conf *c = NULL;
	OWN(secret_free) struct secret *kek = NULL;
	OWN(cas_free) struct cas *cas = NULL;
	OWN_STR struct str text = { 0 };
	const struct ca *ca;
	struct err e = { 0 };

	snprintf(signer, sizeof(signer), "%s/signer", dir);
	snprintf(file, sizeof(file), "%s/profiles/idevid/hierarchy.json", source != NULL ? source : ".");
	snprintf(conf_path, sizeof(conf_path), "%s/signer.conf", signer);
	snprintf(uri, sizeof(uri),
	    "idevid-ca1=pkcs11:token=factory;object=idevid-ca1;id=%%07?pin-source=file:%s", path("pin"));
	CHECK(cmd_init(3, init) == 0, "init");
	CHECK(file_read(conf_path, 4096, &text, &e), "%s", e.msg);
	snprintf(conf, sizeof(conf), "%s[pkcs11]\nmodule = %s\n", text.p, module);
	CHECK(file_write(conf_path, 0600, conf, strlen(conf), &e), "%s", e.msg);
	CHECK(cmd_ca(8, create) == 0, "ca create");
	if (!CHECK(conf_load(conf_path, &c, &e) && file_read_secret(c->kek, 256, &kek, &e), "%s", e.msg))
		return;
	kek->len--;			/* its line end */
	if (!CHECK(cas_load(c, kek, true, &cas, &e), "%s %s", e.msg, e.trail))
		return;
	ca = ca_by_id(cas, "idevid-ca1");
	CHECK(ca != NULL && ca->key != NULL && strcmp(signkey_store_name(ca->key), "pkcs11") == 0
	    && ca->parent == ca_by_id(cas, "idevid-root"), "the CA in the token");
	CHECK(strcmp(signkey_store_name(ca_by_id(cas, "idevid-root")->key), "file") == 0, "the root in a file");
}

int
main(void)
{
	static const enum signature_algorithm ec[] = { SIGNATURE_ECDSA_SHA256, SIGNATURE_ECDSA_SHA384 };
	static const enum signature_algorithm rsa[] = { SIGNATURE_RSA_SHA256, SIGNATURE_RSA_SHA1,
	    SIGNATURE_RSA_SHA512 };
	char cmd[96];

	log_init("test", LOG_ERROR_);
	secret_init();
	snprintf(dir, sizeof(dir), "/tmp/test-token-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	if (!token_make()) {
		puts("SoftHSM is not installed");
		return 77;
	}
	quiet_begin();
	signs("pkcs11:token=factory;object=p256", (struct key_type){ KEY_EC, 256 }, ec, 2);
	signs("pkcs11:token=factory;object=p384;id=%05", (struct key_type){ KEY_EC, 384 }, ec, 2);
	signs("pkcs11:token=factory;object=rsa", (struct key_type){ KEY_RSA, 2048 }, rsa, 3);
	wrong();
	hierarchy();
	token_close_all();
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	CHECK(system(cmd) == 0, "%s", cmd);
	quiet_end();
	return check_done();
}
