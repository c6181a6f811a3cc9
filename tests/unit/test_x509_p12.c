#include <openssl/pkcs12.h>
#include <pthread.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "check.h"
#include "make_cert.h"
#include "x509/p12/p12.h"

#define PASSWORD "Kx7 pq-Wd3"

static struct made_cert root, ca, device;

static struct p12_batch *
batch(enum p12_mode mode, enum p12_salt salt, const char *password)
{
	struct p12_setting s = { mode, salt, 1000 };
	OWN(secret_free) struct secret *p = secret_from(password, strlen(password));
	struct p12_batch *b = NULL;
	struct err e = { 0 };

	CHECK(p12_batch_new(&s, p, &b, &e), "%s %s", e.msg, e.trail);
	return b;
}

static void
make(struct p12_writer *w, const struct p12_batch *b, const char *name, struct str *out)
{
	struct der chain[] = { ca.der, root.der };
	struct p12_content c = { device.der, device.pkcs8, chain, COUNT(chain), name };
	struct err e = { 0 };

	str_clear(out);
	CHECK(p12_make(w, b, &c, out, &e), "%s %s", e.msg, e.trail);
}

/* What libcrypto finds in the file. */
static void
read_by_libcrypto(const struct str *file, const char *password, const char *name)
{
	const uint8_t *p = (const uint8_t *)file->p;
	PKCS12 *p12 = d2i_PKCS12(NULL, &p, (long)file->len);
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	STACK_OF(X509) *others = NULL;
	int len = 0;
	const uint8_t *alias;

	if (CHECK(p12 != NULL && PKCS12_parse(p12, password, &key, &cert, &others) == 1, "not read") &&
	    CHECK(key != NULL && cert != NULL, "key or certificate is missing")) {
		CHECK(EVP_PKEY_eq(key, device.key) == 1, "another key");
		CHECK(X509_cmp(cert, device.x509) == 0, "another certificate");
		CHECK(sk_X509_num(others) == 2, "%d other certificates", sk_X509_num(others));
		alias = X509_alias_get0(cert, &len);
		CHECK(name == NULL ? alias == NULL : alias != NULL && (size_t)len == strlen(name) &&
		    memcmp(alias, name, (size_t)len) == 0, "friendlyName is %.*s", len, (const char *)alias);
	}
	PKCS12_free(p12);
	EVP_PKEY_free(key);
	X509_free(cert);
	sk_X509_pop_free(others, X509_free);
}

static void
read_by_us(const struct str *file, enum p12_mode mode)
{
	OWN(secret_free) struct secret *good = secret_from(PASSWORD, strlen(PASSWORD));
	OWN(secret_free) struct secret *bad = secret_from("kx7 pq-Wd3", 10);
	struct der der = { (const uint8_t *)file->p, file->len };
	struct p12_opened o = { 0 };
	struct err e = { 0 };

	if (CHECK(p12_open(der, good, &o, &e), "%s", e.msg)) {
		CHECK(secret_equal(o.pkcs8, device.pkcs8->p, device.pkcs8->len), "another key");
		CHECK(der_equal(device.der, o.cert, o.cert_len), "another certificate");
		CHECK(o.chain_n == 2 && o.chain_len == ca.der.len + root.der.len, "%zu in the chain", o.chain_n);
		CHECK(o.mac_iterations == 1000, "%u iterations", o.mac_iterations);
		CHECK(strcmp(o.mac, mode == P12_MODERN ? "SHA256" : "SHA1") == 0, "MAC %s", o.mac);
	}
	p12_opened_clear(&o);
	CHECK(!p12_open(der, bad, &o, &e) && e.kind == ERR_INVALID && strcmp(e.code, "pkcs12_password") == 0,
	    "opened with a wrong password: %s", e.msg);
}

/* The salts and IVs of a file in order of appearance: certificate bag, key bag, MAC. */
struct salts {
	struct der salt[3], iv[2];
};

static bool
algorithm_read(struct der_reader *alg, struct der *salt, struct der *iv)
{
	struct der_reader params, kdf, kdf_params, cipher;
	struct der oid;

	if (!der_get_oid(alg, &oid) || !der_enter(alg, DER_SEQUENCE, &params))
		return false;
	if (der_peek(&params) == DER_OCTETS)		/* pbeWithSHA...: the salt; no IV is written */
		return der_get(&params, DER_OCTETS, salt);
	return der_enter(&params, DER_SEQUENCE, &kdf) && der_get_oid(&kdf, &oid) &&
	    der_enter(&kdf, DER_SEQUENCE, &kdf_params) && der_get(&kdf_params, DER_OCTETS, salt) &&
	    der_enter(&params, DER_SEQUENCE, &cipher) && der_get_oid(&cipher, &oid) &&
	    der_get(&cipher, DER_OCTETS, iv);
}

static bool
salts_read(const struct str *file, struct salts *s)
{
	struct der_reader all = der_reader(file->p, file->len), pfx, r, r2, safe, encrypted, keys, bags, alg, mac;
	struct der oid, octets;
	uint64_t version;

	return der_enter(&all, DER_SEQUENCE, &pfx) && der_get_u64(&pfx, &version) && version == 3 &&
	    der_enter(&pfx, DER_SEQUENCE, &r) && der_get_oid(&r, &oid) && der_enter(&r, DER_CONTEXT_CONS(0), &r2) &&
	    der_get(&r2, DER_OCTETS, &octets) && (r = der_reader_of(octets), der_enter(&r, DER_SEQUENCE, &safe)) &&
	    der_enter(&safe, DER_SEQUENCE, &encrypted) && der_enter(&safe, DER_SEQUENCE, &keys) && der_at_end(&safe) &&
	    der_get_oid(&encrypted, &oid) && der_enter(&encrypted, DER_CONTEXT_CONS(0), &r) &&
	    der_enter(&r, DER_SEQUENCE, &r2) && der_get_u64(&r2, &version) && der_enter(&r2, DER_SEQUENCE, &r) &&
	    der_get_oid(&r, &oid) && der_enter(&r, DER_SEQUENCE, &alg) &&
	    algorithm_read(&alg, &s->salt[0], &s->iv[0]) &&
	    der_get_oid(&keys, &oid) && der_enter(&keys, DER_CONTEXT_CONS(0), &r) &&
	    der_get(&r, DER_OCTETS, &octets) && (r = der_reader_of(octets), der_enter(&r, DER_SEQUENCE, &bags)) &&
	    der_enter(&bags, DER_SEQUENCE, &r) && der_get_oid(&r, &oid) && der_enter(&r, DER_CONTEXT_CONS(0), &r2) &&
	    der_enter(&r2, DER_SEQUENCE, &r) && der_enter(&r, DER_SEQUENCE, &alg) &&
	    algorithm_read(&alg, &s->salt[1], &s->iv[1]) &&
	    der_enter(&pfx, DER_SEQUENCE, &mac) && der_get(&mac, DER_SEQUENCE, &octets) &&
	    der_get(&mac, DER_OCTETS, &s->salt[2]);
}

static bool
same(struct der a, struct der b)
{
	return der_equal(a, b.p, b.len);
}

/* Two files of one batch. */
static void
salts(struct p12_writer *w, enum p12_mode mode, enum p12_salt salt)
{
	OWN(p12_batch_free) struct p12_batch *b = batch(mode, salt, PASSWORD);
	OWN_STR struct str one = { 0 }, two = { 0 };
	struct salts s1 = { 0 }, s2 = { 0 };
	bool shared = salt == P12_SALT_BATCH;

	make(w, b, "one", &one);
	make(w, b, "two", &two);
	if (!CHECK(salts_read(&one, &s1) && salts_read(&two, &s2), "framing"))
		return;
	CHECK(same(s1.salt[2], s2.salt[2]) == shared, "MAC salt shared by a batch: %d", shared);
	if (mode == P12_MODERN) {
		CHECK(s1.salt[0].len == 32 && s1.iv[0].len == 16, "salt of %zu octets", s1.salt[0].len);
		CHECK(same(s1.salt[0], s2.salt[0]) == shared, "salt shared by a batch: %d", shared);
		CHECK(!same(s1.iv[0], s1.iv[1]) && !same(s1.iv[0], s2.iv[0]) && !same(s1.iv[1], s2.iv[1]) &&
		    !same(s1.iv[0], s2.iv[1]) && !same(s1.iv[1], s2.iv[0]), "an IV came twice");
	} else {
		CHECK(s1.salt[0].len == 8, "salt of %zu octets", s1.salt[0].len);
		CHECK(!same(s1.salt[0], s1.salt[1]) && !same(s1.salt[0], s2.salt[0]) && !same(s1.salt[1], s2.salt[1]) &&
		    !same(s1.salt[0], s2.salt[1]), "a salt, and with it key and IV, came twice");
	}
}

static void
round_trip(struct p12_writer *w, enum p12_mode mode, enum p12_salt salt)
{
	OWN(p12_batch_free) struct p12_batch *b = batch(mode, salt, PASSWORD);
	OWN_STR struct str file = { 0 };

	make(w, b, "00-1A-2B-3C-4D-5E", &file);
	read_by_libcrypto(&file, PASSWORD, "00-1A-2B-3C-4D-5E");
	read_by_us(&file, mode);
	make(w, b, NULL, &file);
	read_by_libcrypto(&file, PASSWORD, NULL);
}

/* A password may lie beyond the BMP; a name there is written as libcrypto writes it, but does not read it. */
static void
other_alphabets(struct p12_writer *w, enum p12_mode mode)
{
	static const char *const words[] = { "Passwört-Ключ", "\xf0\x9f\x94\x91 key", "x" };

	for (size_t i = 0; i < COUNT(words); i++) {
		OWN(p12_batch_free) struct p12_batch *b = batch(mode, P12_SALT_BATCH, words[i]);
		OWN_STR struct str file = { 0 };

		make(w, b, i == 1 ? words[0] : words[i], &file);
		read_by_libcrypto(&file, words[i], i == 1 ? words[0] : words[i]);
	}
}

static void
passwords(void)
{
	static const struct {
		const char	*text;
		size_t		 len;
		bool		 ok;
	} cases[] = {
		{ "", 0, false }, { "a", 1, true }, { " !~", 3, true }, { "tab\t", 4, false }, { "\x7f", 1, false },
		{ "\xc3\xb6", 2, false }, { "a\0b", 3, false },
	};
	char text[P12_PASSWORD_MAX + 1];
	struct err e = { 0 };
	struct p12_batch *b = NULL;
	struct p12_setting s = { P12_MODERN, P12_SALT_BATCH, 1000 };

	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK(p12_password_check(cases[i].text, cases[i].len, &e) == cases[i].ok, "case %zu", i);
	memset(text, 'x', sizeof(text));
	CHECK(p12_password_check(text, sizeof(text) - 1, &e), "%s", e.msg);
	CHECK(!p12_password_check(text, sizeof(text), &e) && strcmp(e.code, "pkcs12_password") == 0, "too long passes");
	for (size_t i = 0; i < 3; i++) {
		static const char *const bad[] = { "", "\xff\xfe", "a\0b" };
		OWN(secret_free) struct secret *p = secret_from(bad[i], i == 0 ? 0 : i + 1);

		CHECK(!p12_batch_new(&s, p, &b, &e) && e.kind == ERR_INVALID, "bad password %zu passes", i);
	}
	for (uint32_t n = 0; n < 3; n++) {
		OWN(secret_free) struct secret *p = secret_from("x", 1);

		s.iterations = n == 0 ? 0 : n == 1 ? P12_ITERATIONS_MIN - 1 : P12_ITERATIONS_MAX + 1;
		CHECK(!p12_batch_new(&s, p, &b, &e) && strcmp(e.code, "pkcs12_iterations") == 0, "%u rounds pass", s.iterations);
	}
}

/* Every octet wrong once, every length too short: an error, never more. */
static void
damage(struct p12_writer *w)
{
	OWN(p12_batch_free) struct p12_batch *b = batch(P12_MODERN, P12_SALT_BATCH, PASSWORD);
	OWN(secret_free) struct secret *password = secret_from(PASSWORD, strlen(PASSWORD));
	OWN_STR struct str file = { 0 };
	struct p12_opened o = { 0 };
	struct err e = { 0 };
	size_t opened = 0;

	make(w, b, "x", &file);
	for (size_t i = 0; i < file.len; i += 7) {
		CHECK(!p12_open((struct der){ (const uint8_t *)file.p, i }, password, &o, &e), "cut at %zu opens", i);
		file.p[i] ^= 0x10;
		if (p12_open((struct der){ (const uint8_t *)file.p, file.len }, password, &o, &e)) {
			opened++;
			p12_opened_clear(&o);
		}
		file.p[i] ^= 0x10;
	}
	CHECK(opened == 0, "%zu damaged files open", opened);
	str_addc(&file, 0);
	CHECK(!p12_open((struct der){ (const uint8_t *)file.p, file.len }, password, &o, &e) && e.kind == ERR_MALFORMED,
	    "trailing octets pass");
}

static void
names(struct p12_writer *w)
{
	OWN(p12_batch_free) struct p12_batch *b = batch(P12_MODERN, P12_SALT_BATCH, PASSWORD);
	OWN_STR struct str out = { 0 };
	struct p12_content c = { device.der, device.pkcs8, NULL, 0, NULL };
	char name[1100];
	struct err e = { 0 };

	memset(name, 'n', sizeof(name));
	for (size_t len = 200; len < 1100; len += 90) {
		name[len] = 0;
		c.friendly_name = name;
		CHECK(p12_make(w, b, &c, &out, &e) == (len < 260) || strcmp(e.code, "friendly_name") == 0, "%zu", len);
		name[len] = 'n';
	}
	c.friendly_name = "\xff";
	CHECK(!p12_make(w, b, &c, &out, &e) && e.kind == ERR_INVALID, "a name that is not UTF-8 passes");
}

struct thread {
	pthread_t		 id;
	const struct p12_batch	*batch;
	struct str		 file;
};

static void *
thread_run(void *arg)
{
	struct thread *t = arg;
	OWN(p12_writer_free) struct p12_writer *w = p12_writer_new();

	for (int i = 0; i < 20; i++)
		make(w, t->batch, "thread", &t->file);
	return NULL;
}

static void
threads(void)
{
	OWN(p12_batch_free) struct p12_batch *b = batch(P12_MODERN, P12_SALT_BATCH, PASSWORD);
	struct thread t[3] = { 0 };

	for (size_t i = 0; i < COUNT(t); i++) {
		t[i].batch = b;
		CHECK(pthread_create(&t[i].id, NULL, thread_run, &t[i]) == 0, "no thread");
	}
	for (size_t i = 0; i < COUNT(t); i++) {
		(void)pthread_join(t[i].id, NULL);
		read_by_libcrypto(&t[i].file, PASSWORD, "thread");
		str_free(&t[i].file);
	}
}

static void
settings(void)
{
	enum p12_mode m = P12_COMPATIBLE;
	enum p12_salt s = P12_SALT_DEVICE;

	CHECK(p12_mode_parse("modern", &m) && m == P12_MODERN && p12_mode_parse("compatible", &m) &&
	    m == P12_COMPATIBLE && !p12_mode_parse("legacy", &m), "modes");
	CHECK(p12_salt_parse("batch", &s) && s == P12_SALT_BATCH && p12_salt_parse("device", &s) &&
	    s == P12_SALT_DEVICE && !p12_salt_parse("", &s), "salts");
}

int
main(void)
{
	OWN(p12_writer_free) struct p12_writer *w = NULL;

	secret_init();
	w = p12_writer_new();
	root = make_ca("Root", NULL);
	ca = make_ca("Issuing", &root);
	device = make_leaf("00:1A:2B:3C:4D:5E", &ca, NULL);
	for (int i = 0; i < 4; i++) {
		round_trip(w, i & 1 ? P12_MODERN : P12_COMPATIBLE, i & 2 ? P12_SALT_BATCH : P12_SALT_DEVICE);
		salts(w, i & 1 ? P12_MODERN : P12_COMPATIBLE, i & 2 ? P12_SALT_BATCH : P12_SALT_DEVICE);
	}
	other_alphabets(w, P12_MODERN);
	other_alphabets(w, P12_COMPATIBLE);
	passwords();
	damage(w);
	names(w);
	threads();
	settings();
	made_cert_clear(&device);
	made_cert_clear(&ca);
	made_cert_clear(&root);
	return check_done();
}
