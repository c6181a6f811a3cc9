/* Second factors: invitations, enrolled certificates, passkeys, settings; every check on both engines. */
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <stdatomic.h>

#include "check_orders.h"
#include "domain/account/enrolment.h"
#include "domain/account/passkey.h"
#include "domain/account/password.h"
#include "domain/account/settings.h"
#include "domain/account/user.h"
#include "store/enrolment.h"
#include "x509/verify.h"

#define on check_on

static const struct origin home = { .address = "192.0.2.7", .agent = "test", .request_id = "r1" };

/* ---- the world: an admin CA with its profile, a user, a worker of the test's own ---- */

struct factor_world {
	struct orders_world	 w;
	struct made_cert	 admin_ca;
	struct user		 adam;
	atomic_bool		 stop;
	pthread_mutex_t		 turn;	/* held while the worker works, or must not */
	pthread_t		 worker;
};

static const char *
file_text(struct arena *a, const char *name)
{
	char path[4096];
	OWN_STR struct str text = { 0 };
	int c;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", getenv("CERTMILL_SOURCE") == NULL ? "." : getenv("CERTMILL_SOURCE"), name);
	f = fopen(path, "re");
	if (f == NULL) {
		perror(path);
		exit(1);
	}
	while ((c = getc(f)) != EOF)
		str_addc(&text, (char)c);
	(void)fclose(f);
	return arena_strdup(a, text.p);
}

/* What the signer would make: the test's CA over the key that was handed in. */
static struct str
certified(const struct factor_world *w, const struct enrolment_work *work)
{
	static long serial = 500000;
	const uint8_t *p = work->spki;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)work->spki_len);
	X509_NAME *name = X509_NAME_new();
	X509 *x = X509_new();
	struct str der = { 0 };
	uint8_t *out = NULL;
	int len;

	if (key == NULL || X509_set_version(x, 2) != 1 ||
	    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const uint8_t *)work->organization, -1, -1, 0) != 1 ||
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)work->username, -1, -1, 0) != 1)
		abort();
	(void)ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	(void)X509_set_subject_name(x, name);
	(void)X509_set_issuer_name(x, X509_get_subject_name(w->admin_ca.x509));
	(void)ASN1_TIME_set(X509_getm_notBefore(x), time(NULL) - 60);
	(void)ASN1_TIME_set(X509_getm_notAfter(x), time(NULL) + 86400 * 40);
	(void)X509_set_pubkey(x, key);
	make_extension(x, w->admin_ca.x509, NID_ext_key_usage, "clientAuth");
	if (X509_sign(x, w->admin_ca.key, EVP_sha256()) == 0)
		abort();
	len = i2d_X509(x, &out);
	str_add(&der, out, (size_t)len);
	OPENSSL_free(out);
	X509_NAME_free(name);
	X509_free(x);
	EVP_PKEY_free(key);
	return der;
}

static void *
worker_main(void *arg)
{
	struct factor_world *w = arg;
	const struct timespec pause = { 0, 5 * 1000 * 1000 };

	while (!w->stop) {
		OWN(arena_free) struct arena *a = arena_new((size_t)1024 * 1024);
		struct enrolment_work work;
		struct err e = { 0 };
		bool found = false;

		(void)pthread_mutex_lock(&w->turn);
		if (CHECK(enrolment_lease(&w->w.app, a, &work, &found, &e), "%s: %s %s", on, e.msg, e.trail) &&
		    found) {
			OWN_STR struct str der = certified(w, &work);

			CHECK(strcmp(work.username, "adam") == 0 && strcmp(work.organization, "Acme") == 0, "%s: whose", on);
			CHECK(enrolment_store(&w->w.app, &work, (const uint8_t *)der.p, der.len, &e), "%s: %s %s", on, e.msg,
			    e.trail);
		}
		(void)pthread_mutex_unlock(&w->turn);
		(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

static void
world_make(struct factor_world *w, const char *uri)
{
	struct user_new in = { .username = "adam", .full_name = "Adam A", .email = "adam@example.org",
	    .role = ROLE_ORGANIZATION_ADMIN };
	struct catalog_version v;
	struct faults f = { 0 };
	const char *profile;
	struct trust *trust = NULL;

	memset(w, 0, sizeof(*w));
	orders_world_make(&w->w, uri, 500);
	f.arena = w->w.arena;
	w->w.app.portal_origin = "https://localhost:8443";
	w->admin_ca = make_ca("Admin CA", NULL);
	profile = file_text(w->w.arena, "profiles/internal/admin-certificate.json");
	MUST(catalog_ecosystem(&w->w.app, &w->w.operator, &(struct ecosystem){ "internal", "Internal", 900 }, &f, me));
	MUST(catalog_ca(&w->w.app, &w->w.operator, ADMIN_CA, "Admin CA", "internal", w->admin_ca.der.p, w->admin_ca.der.len,
	    me));
	MUST(catalog_profile(&w->w.app, &w->w.operator, profile, strlen(profile), w->w.arena, &v, &f, me));
	MUST(catalog_activate(&w->w.app, &w->w.operator, v.profile_id, v.version, me));
	in.organization_id = w->w.acme.id;
	MUST(user_create(&w->w.app, &w->w.operator, &in, w->w.arena, &w->adam, &f, me));
	MUST(trust_new(&w->admin_ca.der, 1, &trust, me));
	w->w.app.client_trust = trust;
	(void)pthread_mutex_init(&w->turn, NULL);
	if (pthread_create(&w->worker, NULL, worker_main, w) != 0)
		exit(1);
}

static void
world_free(struct factor_world *w)
{
	w->stop = true;
	(void)pthread_join(w->worker, NULL);
	trust_free((struct trust *)(uintptr_t)w->w.app.client_trust);
	made_cert_clear(&w->admin_ca);
	orders_world_free(&w->w);
}

static struct db *
store_of(struct factor_world *w)
{
	struct db *db = NULL;

	MUST(db_pool_get(w->w.app.store, DB_WRITE, &db, me));
	return db;
}

/* The newest mail's link: "…/enrol/TOKEN". */
static const char *
mailed_link(struct factor_world *w, const char *subject)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	const char *body, *at;
	struct err e = { 0 };

	if (!db_query(store_of(w), "SELECT body FROM mail WHERE subject = $1 ORDER BY created_at DESC, id LIMIT 1",
	    ARGS(arg_text(subject)), &rows, &e) || !db_next(rows, &e))
		return "";
	body = db_text_in(rows, 0, w->w.arena);
	at = strstr(body, "/enrol/");
	return at == NULL ? "" : arena_strndup(w->w.arena, at + strlen("/enrol/"), 64);
}

static const char *
invited(struct factor_world *w)
{
	struct invitation made;
	const char *link;

	MUST(db_run(store_of(w), "DELETE FROM mail", NO_ARGS, NULL, me));
	MUST(invitation_send(&w->w.app, &w->w.ann, w->adam.id, &made, me));
	CHECK(made.expires_at - made.created_at == 7 * 86400, "%s: a week", on);
	link = mailed_link(w, "Get your admin certificate");
	CHECK(strlen(link) == 64, "%s: link \"%s\"", on, link);
	return link;
}

static const char *
request_pem(struct factor_world *w, EVP_PKEY *key)
{
	X509_REQ *req = X509_REQ_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;
	const char *out;

	if (X509_REQ_set_pubkey(req, key) != 1 || X509_REQ_sign(req, key, EVP_sha256()) == 0 ||
	    PEM_write_bio_X509_REQ(bio, req) != 1)
		abort();
	len = BIO_get_mem_data(bio, &text);
	out = arena_strndup(w->w.arena, text, (size_t)len);
	BIO_free(bio);
	X509_REQ_free(req);
	return out;
}

/* ---- enrolment ---- */

static void
invitations(struct factor_world *w)
{
	const char *first = invited(w), *second = invited(w);
	struct invitation *list;
	struct enrolment_view v;
	struct err e = { 0 };
	size_t n;

	CHECK(!enrolment_find(&w->w.app, first, w->w.arena, &v, &e) && e.kind == ERR_NOT_FOUND,
	    "%s: a new invitation ends the one before", on);
	MUST(enrolment_find(&w->w.app, second, w->w.arena, &v, me));
	CHECK(strcmp(v.username, "adam") == 0 && strcmp(v.organization, "Acme") == 0 && !v.passkeys &&
	    v.password_min == 8, "%s: what it is for", on);
	MUST(invitation_list(&w->w.app, &w->w.ann, w->adam.id, w->w.arena, &list, &n, me));
	CHECK(n == 1, "%s: one is open", on);
	err_clear(&e);
	CHECK(!invitation_send(&w->w.app, &w->w.carl, w->adam.id, &list[0], &e) && e.kind == ERR_NOT_FOUND,
	    "%s: an administrator of another organization", on);
	MUST(invitation_list(&w->w.app, &w->w.ann, w->adam.id, w->w.arena, &list, &n, me));
	MUST(invitation_withdraw(&w->w.app, &w->w.ann, w->adam.id, list[0].id, me));
	err_clear(&e);
	CHECK(!enrolment_find(&w->w.app, second, w->w.arena, &v, &e) && e.kind == ERR_NOT_FOUND, "%s: withdrawn", on);
	clock_shift(8 * 86400);
	second = invited(w);
	clock_shift(0);
	MUST(enrolment_find(&w->w.app, second, w->w.arena, &v, me));
	clock_shift(16 * 86400);
	err_clear(&e);
	CHECK(!enrolment_find(&w->w.app, second, w->w.arena, &v, &e) && e.kind == ERR_NOT_FOUND, "%s: its week is over", on);
	clock_shift(0);
}

static void
by_request(struct factor_world *w)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), *weak = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521"),
	    *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	const char *link = invited(w);
	struct faults f = { .arena = w->w.arena };
	struct enrolled done = { 0 }, again = { 0 };
	struct user_certificate *list;
	struct err e = { 0 };
	size_t n;

	CHECK(!enrol_csr(&w->w.app, link, "nonsense", &home, w->w.arena, &done, &f, &e) && e.kind == ERR_INVALID && f.n == 1,
	    "%s: no request: %s", on, e.msg);
	err_clear(&e);
	CHECK(!enrol_csr(&w->w.app, link, request_pem(w, weak), &home, w->w.arena, &done, &f, &e) && e.kind == ERR_INVALID,
	    "%s: a key of another kind: %s", on, e.msg);
	if (CHECK((err_clear(&e), enrol_csr(&w->w.app, link, request_pem(w, key), &home, w->w.arena, &done, &f, &e)),
	    "%s: %s %s", on, e.msg, e.trail)) {
		CHECK(strstr(done.certificate.subject, "CN=adam") != NULL && strstr(done.pem.p, "BEGIN CERTIFICATE") != NULL &&
		    done.chain_pem.len > 0 && done.pkcs12.len == 0, "%s: what came", on);
		MUST(user_certificates(&w->w.app, &w->w.ann, w->adam.id, w->w.arena, &list, &n, me));
		CHECK(n == 1 && memcmp(list[0].sha256, done.certificate.sha256, 32) == 0, "%s: it is registered", on);
		CHECK((err_clear(&e), enrol_csr(&w->w.app, link, request_pem(w, key), &home, w->w.arena, &again, &f, &e)) &&
		    memcmp(again.certificate.sha256, done.certificate.sha256, 32) == 0,
		    "%s: the same request again, the same certificate: %s", on, e.msg);
		err_clear(&e);
		CHECK(!enrol_csr(&w->w.app, link, request_pem(w, other), &home, w->w.arena, &again, &f, &e) &&
		    e.kind == ERR_NOT_FOUND, "%s: another key: %s", on, e.msg);
		MUST(user_certificates(&w->w.app, &w->w.ann, w->adam.id, w->w.arena, &list, &n, me));
		CHECK(n == 1, "%s: still one", on);
	}
	enrolled_clear(&done);
	enrolled_clear(&again);
	EVP_PKEY_free(key);
	EVP_PKEY_free(weak);
	EVP_PKEY_free(other);
}

static void
by_file(struct factor_world *w)
{
	OWN(secret_free) struct secret *password = secret_from("correct horse", 13), *shorter = secret_from("short", 5);
	const char *link = invited(w);
	struct faults f = { .arena = w->w.arena };
	struct enrolled done = { 0 };
	struct p12_opened opened = { 0 };
	struct err e = { 0 };

	CHECK(!enrol_pkcs12(&w->w.app, link, shorter, P12_MODERN, &home, w->w.arena, &done, &f, &e) &&
	    e.kind == ERR_INVALID && f.n == 1, "%s: too short: %s", on, e.msg);
	err_clear(&e);
	if (CHECK(enrol_pkcs12(&w->w.app, link, password, P12_MODERN, &home, w->w.arena, &done, &f, &e), "%s: %s %s", on,
	    e.msg, e.trail)) {
		struct der file = { (const uint8_t *)done.pkcs12.p, done.pkcs12.len };

		CHECK(p12_open(file, password, &opened, &e) && opened.cert_len == done.certificate.der_len &&
		    memcmp(opened.cert, done.certificate.der, opened.cert_len) == 0, "%s: the file opens: %s", on, e.msg);
		CHECK(opened.pkcs8 != NULL && verify_key((struct der){ opened.cert, opened.cert_len }, opened.pkcs8, &e),
		    "%s: its key fits: %s", on, e.msg);
		p12_opened_clear(&opened);
	}
	enrolled_clear(&done);
}

/* Withdrawn while a worker had it in hand: the certificate must not open anything. */
static void
withdrawn_meanwhile(struct factor_world *w)
{
	struct enrolment x = { .id = "11111111111111111111111111111111", .user_id = w->adam.id, .address = "",
	    .request_id = "" };
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	uint8_t *spki = NULL, hash[SHA256_LEN];
	const char *link = invited(w);
	struct enrolment_work work;
	struct invitation *open;
	struct user_certificate *list;
	struct db *db = store_of(w);
	OWN_STR struct str der = { 0 };
	struct err e = { 0 };
	int64_t user_id, expires_at;
	size_t n, revoked = 0;
	bool found;

	(void)pthread_mutex_lock(&w->turn);
	x.spki_len = (size_t)i2d_PUBKEY(key, &spki);
	x.spki = spki;
	x.created_at = clock_now_s();
	MUST(enrolment_open(db, link, w->w.arena, hash, &user_id, &expires_at, me));
	memcpy(x.link_sha256, hash, sizeof(hash));
	MUST(store_enrolment_add(db, &x, me));
	MUST(enrolment_lease(&w->w.app, w->w.arena, &work, &found, me));
	CHECK(found && strcmp(work.id, x.id) == 0, "%s: leased", on);
	MUST(enrolment_lease(&w->w.app, w->w.arena, &work, &found, me));
	CHECK(!found, "%s: by one worker only", on);
	work = (struct enrolment_work){ .id = x.id, .username = "adam", .organization = "Acme", .spki = spki,
	    .spki_len = x.spki_len };
	MUST(invitation_list(&w->w.app, &w->w.ann, w->adam.id, w->w.arena, &open, &n, me));
	MUST(invitation_withdraw(&w->w.app, &w->w.ann, w->adam.id, open[0].id, me));
	der = certified(w, &work);
	CHECK(enrolment_store(&w->w.app, &work, (const uint8_t *)der.p, der.len, &e), "%s: %s %s", on, e.msg, e.trail);
	MUST(user_certificates(&w->w.app, &w->w.ann, w->adam.id, w->w.arena, &list, &n, me));
	for (size_t i = 0; i < n; i++)
		revoked += list[i].revoked_at != 0;
	CHECK(n == 3 && revoked == 1, "%s: %zu certificates, %zu revoked", on, n, revoked);
	(void)pthread_mutex_unlock(&w->turn);
	OPENSSL_free(spki);
	EVP_PKEY_free(key);
}

static void
endings(struct factor_world *w)
{
	bool did = true;
	int told = 0;

	MUST(db_run(store_of(w), "DELETE FROM mail", NO_ARGS, NULL, me));
	MUST(enrolment_warn(&w->w.app, &did, me));
	CHECK(!did, "%s: 40 days are left", on);
	clock_shift(11 * 86400);
	for (did = true; did && told < 10; told += did)
		MUST(enrolment_warn(&w->w.app, &did, me));
	CHECK(told == 2 && strlen(mailed_link(w, "Your admin certificate ends soon")) == 64, "%s: told %d times", on, told);
	clock_shift(20 * 86400);
	MUST(enrolment_warn(&w->w.app, &did, me));
	CHECK(!did, "%s: not every day", on);
	clock_shift(34 * 86400);
	MUST(enrolment_warn(&w->w.app, &did, me));
	CHECK(did, "%s: and again in the last week", on);
	clock_shift(41 * 86400);
	for (did = true, told = 0; did && told < 10; told += did)
		MUST(enrolment_warn(&w->w.app, &did, me));
	CHECK(told == 0, "%s: over is over", on);
	clock_shift(0);
}

/* ---- passkeys: an authenticator of the test's own ---- */

struct authenticator {
	EVP_PKEY	*key;
	uint8_t		 id[16];
	uint32_t	 count;
};

static void
be32(struct str *s, uint32_t v)
{
	const uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

	str_add(s, b, sizeof(b));
}

static void
authenticator_data(const struct authenticator *k, const char *rp, uint8_t flags, bool with_key, struct str *out)
{
	uint8_t hash[SHA256_LEN], point[65];
	size_t len;

	sha256(rp, strlen(rp), hash);
	str_add(out, hash, sizeof(hash));
	str_addc(out, (char)flags);
	be32(out, k->count);
	if (!with_key)
		return;
	str_add(out, "aaguid-of-a-test", 16);
	str_add(out, "\0\x10", 2);
	str_add(out, k->id, sizeof(k->id));
	(void)EVP_PKEY_get_octet_string_param(k->key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len);
	/* COSE: {1: 2, 3: -7, -1: 1, -2: x, -3: y} */
	str_add(out, "\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", 10);
	str_add(out, point + 1, 32);
	str_add(out, "\x22\x58\x20", 3);
	str_add(out, point + 33, 32);
}

static void
client_data(const char *type, const uint8_t challenge[32], const char *origin, struct str *out)
{
	OWN_STR struct str text = { 0 };

	b64url_encode(challenge, 32, &text);
	str_addf(out, "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}", type, text.p, origin);
}

static struct webauthn_octets
octets(const struct str *s)
{
	return (struct webauthn_octets){ (const uint8_t *)s->p, s->len };
}

static void
signature(const struct authenticator *k, const struct str *auth, const struct str *client, struct str *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t hash[SHA256_LEN], sig[128];
	size_t len = sizeof(sig);

	sha256(client->p, client->len, hash);
	if (EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, k->key) != 1 ||
	    EVP_DigestSignUpdate(ctx, auth->p, auth->len) != 1 || EVP_DigestSignUpdate(ctx, hash, sizeof(hash)) != 1 ||
	    EVP_DigestSignFinal(ctx, sig, &len) != 1)
		abort();
	str_add(out, sig, len);
	EVP_MD_CTX_free(ctx);
}

/* Registers it for the actor; what goes wrong is the caller's to look at. */
static bool
registers(struct factor_world *w, const struct actor *who, const struct authenticator *k, const char *origin,
    const char *rp, uint8_t flags, bool other_challenge, struct passkey *out, struct err *e)
{
	OWN_STR struct str client = { 0 }, auth = { 0 };
	struct passkey_new in = { .name = "blue key" };
	struct passkey_options options;

	err_clear(e);
	if (!passkey_options(&w->w.app, who, w->w.arena, &options, e))
		return false;
	if (other_challenge)
		options.challenge[0] ^= 1;
	client_data("webauthn.create", options.challenge, origin, &client);
	authenticator_data(k, rp, flags, true, &auth);
	in.client_data = octets(&client);
	in.authenticator_data = octets(&auth);
	return passkey_add(&w->w.app, who, &in, w->w.arena, out, e);
}

static bool
password_step(struct factor_world *w, struct login_step *step, struct err *e)
{
	OWN(secret_free) struct secret *s = secret_from("correct horse battery", 21);

	err_clear(e);
	return login_password(&w->w.app, "adam", s, &home, step, e);
}

/* The second step with what the authenticator says of this log-in; broken: the signature does not fit. */
static bool
presents(struct factor_world *w, const struct login_step *step, struct authenticator *k, const char *origin, bool broken,
    struct login_done *done, struct err *e)
{
	OWN_STR struct str client = { 0 }, auth = { 0 }, sig = { 0 };
	struct passkey_assertion in;
	struct passkey_request request;

	err_clear(e);
	if (!passkey_request(&w->w.app, step, w->w.arena, &request, e))
		return false;
	if (request.n == 0)
		memset(request.challenge, 0, sizeof(request.challenge));
	k->count++;
	client_data("webauthn.get", request.challenge, origin, &client);
	authenticator_data(k, "localhost", 0x01, false, &auth);
	signature(k, &auth, &client, &sig);
	if (broken)
		sig.p[sig.len - 1] ^= 1;
	in = (struct passkey_assertion){ .credential_id = { k->id, sizeof(k->id) }, .client_data = octets(&client),
	    .authenticator_data = octets(&auth), .signature = octets(&sig) };
	return login_passkey(&w->w.app, step->pending, &in, &home, done, e);
}

static void
registrations(struct factor_world *w, struct authenticator *k)
{
	struct actor adam = orders_actor("adam", w->adam.id, ROLE_ORGANIZATION_ADMIN, w->w.acme.id);
	struct settings s = { .approval_above = -1, .passkeys = true };
	struct faults f = { .arena = w->w.arena };
	const char *ok = "https://localhost:8443";
	struct passkey made, *list;
	struct err e = { 0 };
	size_t n;

	CHECK(!registers(w, &adam, k, ok, "localhost", 0x41, false, &made, &e) && e.kind == ERR_CONFLICT,
	    "%s: nobody allowed it yet: %s", on, e.msg);
	MUST(settings_put(&w->w.app, &w->w.ann, w->w.acme.id, &s, &f, me));
	CHECK(!registers(w, &adam, k, "https://evil.example", "localhost", 0x41, false, &made, &e) &&
	    e.kind == ERR_INVALID, "%s: another origin", on);
	CHECK(!registers(w, &adam, k, ok, "evil.example", 0x41, false, &made, &e) && e.kind == ERR_INVALID,
	    "%s: another relying party", on);
	CHECK(!registers(w, &adam, k, ok, "localhost", 0x40, false, &made, &e) && e.kind == ERR_INVALID, "%s: nobody there",
	    on);
	CHECK(!registers(w, &adam, k, ok, "localhost", 0x41, true, &made, &e) && e.kind == ERR_INVALID,
	    "%s: another challenge: %s", on, e.msg);
	CHECK(registers(w, &adam, k, ok, "localhost", 0x41, false, &made, &e), "%s: %s %s", on, e.msg, e.trail);
	CHECK(!registers(w, &adam, k, ok, "localhost", 0x41, false, &made, &e) && e.kind == ERR_CONFLICT,
	    "%s: registered already: %s", on, e.msg);
	MUST(passkey_list(&w->w.app, &w->w.ann, w->adam.id, w->w.arena, &list, &n, me));
	CHECK(n == 1 && strcmp(list[0].name, "blue key") == 0 && list[0].algorithm == -7, "%s: listed", on);
}

static void
passkey_log_in(struct factor_world *w, struct authenticator *k)
{
	OWN(secret_free) struct secret *password = secret_from("correct horse battery", 21);
	const char *ok = "https://localhost:8443";
	struct settings off = { .approval_above = -1, .passkeys = false };
	struct faults f = { .arena = w->w.arena };
	struct passkey_request request;
	struct login_step step;
	struct login_done done;
	struct actor who;
	struct err e = { 0 };
	char cookie[COOKIE_TEXT_LEN];

	MUST(user_set_password(&w->w.app, &w->w.operator, w->adam.id, password, me));
	CHECK(password_step(w, &step, &e), "%s: %s", on, e.msg);
	MUST(passkey_request(&w->w.app, &step, w->w.arena, &request, me));
	CHECK(request.n == 1 && strcmp(request.rp_id, "localhost") == 0 && request.certificate, "%s: either will do", on);
	CHECK(!presents(w, &step, k, ok, true, &done, &e) && e.kind == ERR_UNAUTHENTICATED, "%s: a wrong signature", on);
	CHECK(!presents(w, &step, k, ok, false, &done, &e) && e.kind == ERR_UNAUTHENTICATED,
	    "%s: the pending log-in was used up", on);
	CHECK(password_step(w, &step, &e) && !presents(w, &step, k, "https://evil.example", false, &done, &e) &&
	    e.kind == ERR_UNAUTHENTICATED, "%s: another origin", on);
	CHECK(password_step(w, &step, &e) && presents(w, &step, k, ok, false, &done, &e), "%s: %s %s", on, e.msg, e.trail);
	CHECK(session_actor(&w->w.app, done.cookie, &home, &who, &e) && who.user_id == w->adam.id, "%s: %s", on, e.msg);
	k->count -= 1;
	CHECK(password_step(w, &step, &e) && !presents(w, &step, k, ok, false, &done, &e) &&
	    e.kind == ERR_UNAUTHENTICATED, "%s: a counter that does not rise", on);
	CHECK(password_step(w, &step, &e) && presents(w, &step, k, ok, false, &done, &e), "%s: %s", on, e.msg);

	/* Another organization that takes none. */
	MUST(membership_put(&w->w.app, &w->w.operator, w->adam.id, w->w.other.id, ROLE_VIEWER, me));
	CHECK(password_step(w, &step, &e) && presents(w, &step, k, ok, false, &done, &e), "%s: %s", on, e.msg);
	CHECK(session_actor(&w->w.app, done.cookie, &home, &who, &e) && who.organization_id == w->w.acme.id,
	    "%s: in the one that takes them", on);
	CHECK(!session_switch(&w->w.app, &who, w->w.other.id, done.cookie, &home, cookie, &e) && e.kind == ERR_FORBIDDEN,
	    "%s: no way round: %s", on, e.msg);
	MUST(membership_drop(&w->w.app, &w->w.operator, w->adam.id, w->w.other.id, me));
	CHECK(password_step(w, &step, &e) && presents(w, &step, k, ok, false, &done, &e), "%s: %s", on, e.msg);
	MUST(settings_put(&w->w.app, &w->w.ann, w->w.acme.id, &off, &f, me));
	CHECK(!session_actor(&w->w.app, done.cookie, &home, &who, &e), "%s: switched off, the session is over", on);
	CHECK(password_step(w, &step, &e) && !presents(w, &step, k, ok, false, &done, &e) &&
	    e.kind == ERR_UNAUTHENTICATED, "%s: and none opens", on);
}

static void
passkey_by_invitation(struct factor_world *w)
{
	struct settings s = { .approval_above = -1, .passkeys = true, .password_min = 20, .invitation_days = 3 };
	struct authenticator k = { .key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), .id = "second passkey" };
	OWN_STR struct str client = { 0 }, auth = { 0 };
	struct faults f = { .arena = w->w.arena };
	struct passkey_options options;
	struct passkey_new in = { .name = "phone" };
	struct passkey made, *list;
	struct settings now;
	const char *link;
	struct err e = { 0 };
	size_t n;

	link = invited(w);
	MUST(settings_put(&w->w.app, &w->w.ann, w->w.acme.id, &s, &f, me));
	MUST(settings_get(&w->w.app, &w->w.ann, w->w.acme.id, &now, me));
	CHECK(now.password_min == 20 && now.invitation_days == 3 && now.passkeys, "%s: settings", on);
	MUST(passkey_options_invited(&w->w.app, link, w->w.arena, &options, me));
	client_data("webauthn.create", options.challenge, "https://localhost:8443", &client);
	authenticator_data(&k, "localhost", 0x41, true, &auth);
	in.client_data = octets(&client);
	in.authenticator_data = octets(&auth);
	MUST(passkey_add_invited(&w->w.app, link, &in, &home, w->w.arena, &made, me));
	CHECK(!passkey_add_invited(&w->w.app, link, &in, &home, w->w.arena, &made, &e) && e.kind == ERR_NOT_FOUND,
	    "%s: the link was used up", on);
	MUST(passkey_list(&w->w.app, &w->w.ann, w->adam.id, w->w.arena, &list, &n, me));
	CHECK(n == 2, "%s: two passkeys", on);
	err_clear(&e);
	CHECK(!passkey_revoke(&w->w.app, &w->w.carl, w->adam.id, made.id, &e) && e.kind == ERR_NOT_FOUND,
	    "%s: an administrator of another organization", on);
	MUST(passkey_revoke(&w->w.app, &w->w.ann, w->adam.id, made.id, me));
	MUST(passkey_list(&w->w.app, &w->w.ann, w->adam.id, w->w.arena, &list, &n, me));
	CHECK(n == 1, "%s: taken back", on);
	EVP_PKEY_free(k.key);
}

static void
settings_bounds(struct factor_world *w)
{
	struct settings s = { .approval_above = -1, .password_min = 8 }, now;
	OWN(secret_free) struct secret *short_one = secret_from("correct horse bat", 17);
	struct faults f = { .arena = w->w.arena };
	struct err e = { 0 };

	CHECK(!settings_put(&w->w.app, &w->w.ann, w->w.acme.id, &s, &f, &e) && e.kind == ERR_INVALID && f.n == 1,
	    "%s: never below what the instance asks for", on);
	err_clear(&e);
	CHECK(!settings_get(&w->w.app, &w->w.ann, w->w.other.id, &now, &e) && e.kind == ERR_NOT_FOUND, "%s: another's", on);
	err_clear(&e);
	CHECK(!settings_put(&w->w.app, &w->w.ann, 0, &s, &f, &e) && e.kind == ERR_NOT_FOUND, "%s: the instance's", on);
	s.password_min = 14;
	MUST(settings_put(&w->w.app, &w->w.operator, 0, &s, &f, me));
	MUST(settings_get(&w->w.app, &w->w.operator, 0, &now, me));
	CHECK(now.password_min == 14 && now.invitation_days == 7 && now.approval_above == -1, "%s: kept", on);
	err_clear(&e);
	CHECK(!user_set_password(&w->w.app, &w->w.operator, w->adam.id, short_one, &e) && e.kind == ERR_INVALID &&
	    strstr(e.msg, "20") != NULL, "%s: the organization's length holds: %s", on, e.msg);
}

static void
all(enum db_engine engine, const char *uri)
{
	struct authenticator k = { .key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), .id = "first passkey" };
	struct factor_world w;

	(void)engine;
	world_make(&w, uri);
	invitations(&w);
	by_request(&w);
	by_file(&w);
	withdrawn_meanwhile(&w);
	endings(&w);
	registrations(&w, &k);
	passkey_log_in(&w, &k);
	passkey_by_invitation(&w);
	settings_bounds(&w);
	EVP_PKEY_free(k.key);
	world_free(&w);
}

int
main(void)
{
	secret_init();
	check_db_on_both(all);
	return check_done();
}
