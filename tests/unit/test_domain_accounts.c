/* Log-in, throttle, sessions, tokens, tenants and the audit chain: every check on both engines. */
#include <inttypes.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/secret.h"
#include "check_db.h"
#include "domain/actor.h"
#include "domain/audit/audit_chain.h"
#include "domain/account/organization.h"
#include "domain/account/password.h"
#include "domain/profile/profile.h"
#include "domain/account/session.h"
#include "domain/account/token.h"
#include "domain/account/user.h"
#include "x509/seal.h"
#include "x509/verify.h"

#define at check_on

struct world {
	struct app		 app;
	struct arena		*arena;
	struct actor		 operator;
	struct organization	 acme, other;
	struct user		 ann, bob;
	struct str		 ann_cert, bob_cert;
};

static const struct origin home = { .address = "192.0.2.7", .agent = "test", .request_id = "r1" };

static void
certificate(struct str *cert)
{
	struct secret *key = NULL;
	struct err e = { 0 };

	CHECK(signed_doc_key_make("admin", clock_now_s() + 86400, &key, cert, &e), "%s: %s %s", at, e.msg, e.trail);
	secret_free(key);
}

static struct user
person(struct world *w, const char *username, enum role role, int64_t organization_id, const struct str *cert)
{
	struct user_new in = { .username = username, .full_name = "A Person", .email = "a@example.org", .role = role,
	    .organization_id = organization_id };
	struct faults f = { .arena = w->arena };
	OWN(secret_free) struct secret *password = secret_from("correct horse battery", 21);
	struct user u = { 0 };
	struct err e = { 0 };

	CHECK(user_create(&w->app, &w->operator, &in, w->arena, &u, &f, &e), "%s: %s %s", at, e.msg, e.trail);
	CHECK(user_set_password(&w->app, &w->operator, u.id, password, &e), "%s: %s %s", at, e.msg, e.trail);
	CHECK(user_certificate_register(&w->app, &w->operator, u.id, (const uint8_t *)cert->p, cert->len, &e),
	    "%s: %s %s", at, e.msg, e.trail);
	return u;
}

static void
world_make(struct world *w, const char *uri)
{
	struct organization_change acme = { .name = "Acme Modems" }, other = { .name = "Other" };
	struct faults f = { 0 };
	struct trust *trust = NULL;
	struct db *db;
	struct err e = { 0 };

	memset(w, 0, sizeof(*w));
	w->arena = arena_new((size_t)16 * 1024 * 1024);
	f.arena = w->arena;
	CHECK(db_pool_new(uri, &w->app.store, &e), "%s: %s", at, e.trail);
	CHECK(db_pool_get(w->app.store, DB_WRITE, &db, &e) && db_migrate(db, db_migrations, db_migrations_n, &e),
	    "%s: %s %s", at, e.msg, e.trail);
	w->app.profiles = profile_cache_new();
	w->app.portal_origin = "https://localhost:8443";
	actor_console(&w->operator);
	CHECK(organization_create(&w->app, &w->operator, &acme, w->arena, &w->acme, &f, &e), "%s: %s", at, e.trail);
	CHECK(organization_create(&w->app, &w->operator, &other, w->arena, &w->other, &f, &e), "%s: %s", at, e.trail);
	certificate(&w->ann_cert);
	certificate(&w->bob_cert);
	{
		struct der both[] = { { (const uint8_t *)w->ann_cert.p, w->ann_cert.len },
		    { (const uint8_t *)w->bob_cert.p, w->bob_cert.len } };

		CHECK(trust_new(both, 2, &trust, &e), "%s: %s", at, e.msg);
	}
	w->app.client_trust = trust;
	w->ann = person(w, "ann", ROLE_ORGANIZATION_ADMIN, w->acme.id, &w->ann_cert);
	w->bob = person(w, "bob", ROLE_VIEWER, w->other.id, &w->bob_cert);
}

static void
world_free(struct world *w)
{
	trust_free((struct trust *)(uintptr_t)w->app.client_trust);
	profile_cache_free(w->app.profiles);
	db_pool_free(w->app.store);
	str_free(&w->ann_cert);
	str_free(&w->bob_cert);
	arena_free(w->arena);
}

static bool
password_step(struct world *w, const char *name, const char *password, struct login_step *step, struct err *e)
{
	OWN(secret_free) struct secret *s = secret_from(password, strlen(password));

	err_clear(e);
	return login_password(&w->app, name, s, &home, step, e);
}

static bool
certificate_step(struct world *w, const struct login_step *step, const struct str *cert, struct login_done *done,
    struct err *e)
{
	err_clear(e);
	return login_certificate(&w->app, step->pending, step->ticket, cert == NULL ? NULL : (const uint8_t *)cert->p,
	    cert == NULL ? 0 : cert->len, &home, done, e);
}

static void
log_in(struct world *w)
{
	struct login_step step, again;
	struct login_done done;
	struct actor who;
	struct err e = { 0 };

	CHECK(!password_step(w, "ann", "wrong", &step, &e) && e.kind == ERR_UNAUTHENTICATED, "%s: wrong password", at);
	CHECK(!password_step(w, "nobody", "wrong", &step, &e) && e.kind == ERR_UNAUTHENTICATED, "%s: no such user", at);
	if (!CHECK(password_step(w, "Ann", "correct horse battery", &step, &e), "%s: %s %s", at, e.msg, e.trail))
		return;
	CHECK(!session_actor(&w->app, step.pending, &home, &who, &e), "%s: a pending cookie opens nothing", at);
	CHECK(!certificate_step(w, &step, &w->bob_cert, &done, &e) && e.kind == ERR_UNAUTHENTICATED,
	    "%s: somebody else's certificate", at);
	CHECK(!certificate_step(w, &step, &w->ann_cert, &done, &e), "%s: the ticket was used up", at);
	CHECK(password_step(w, "ann", "correct horse battery", &step, &e), "%s: %s", at, e.trail);
	CHECK(password_step(w, "ann", "correct horse battery", &again, &e), "%s: %s", at, e.trail);
	memcpy(again.pending, step.pending, sizeof(again.pending));
	CHECK(!certificate_step(w, &again, &w->ann_cert, &done, &e), "%s: cookie and ticket of different log-ins", at);
	CHECK(password_step(w, "ann", "correct horse battery", &step, &e), "%s: %s", at, e.trail);
	clock_shift(TICKET_S + 1);
	CHECK(!certificate_step(w, &step, &w->ann_cert, &done, &e), "%s: two minutes are over", at);
	clock_shift(0);
	CHECK(password_step(w, "ann", "correct horse battery", &step, &e), "%s: %s", at, e.trail);
	CHECK(!certificate_step(w, &step, NULL, &done, &e), "%s: no certificate", at);
	CHECK(password_step(w, "ann", "correct horse battery", &step, &e), "%s: %s", at, e.trail);
	if (!CHECK(certificate_step(w, &step, &w->ann_cert, &done, &e), "%s: %s %s", at, e.msg, e.trail))
		return;
	CHECK(session_actor(&w->app, done.cookie, &home, &who, &e), "%s: %s", at, e.trail);
	CHECK(who.user_id == w->ann.id && who.role == ROLE_ORGANIZATION_ADMIN && !who.by_token, "%s: the actor", at);
	clock_shift(SESSION_IDLE_S + 1);
	err_clear(&e);
	CHECK(!session_actor(&w->app, done.cookie, &home, &who, &e), "%s: idle for too long", at);
	clock_shift(0);
	err_clear(&e);
	CHECK(session_actor(&w->app, done.cookie, &home, &who, &e), "%s: %s", at, e.trail);
	CHECK(membership_put(&w->app, &w->operator, w->ann.id, w->acme.id, ROLE_VIEWER, &e), "%s: %s", at, e.trail);
	CHECK(!session_actor(&w->app, done.cookie, &home, &who, &e), "%s: another role ends the session", at);
	err_clear(&e);
	CHECK(membership_put(&w->app, &w->operator, w->ann.id, w->acme.id, ROLE_ORGANIZATION_ADMIN, &e), "%s: %s", at,
	    e.trail);
}

static void
throttled(struct world *w)
{
	struct login_step step;
	struct err e = { 0 };
	int tries = 0;

	while (tries < 25 && !password_step(w, "victor", "guess", &step, &e) && e.kind == ERR_UNAUTHENTICATED)
		tries++;
	CHECK(e.kind == ERR_LIMIT && tries < 25, "%s: blocked after %d tries", at, tries);
	CHECK(e.retry_after_s >= 1 && e.retry_after_s <= 900, "%s: retry after %d", at, e.retry_after_s);
	CHECK(password_step(w, "bob", "correct horse battery", &step, &e), "%s: another name is not blocked", at);
	clock_shift(1000);
	CHECK(!password_step(w, "victor", "guess", &step, &e) && e.kind == ERR_UNAUTHENTICATED,
	    "%s: never longer than 15 minutes", at);
	clock_shift(0);
}

static void
tokens(struct world *w)
{
	struct actor ann = { .user_id = w->ann.id, .username = "ann", .organization_id = w->acme.id,
	    .role = ROLE_ORGANIZATION_ADMIN, .rights = role_rights(ROLE_ORGANIZATION_ADMIN) }, who;
	struct token_new in = { .name = "line 3", .rights = RIGHT_ORDER };
	struct token made;
	char text[TOKEN_TEXT_LEN];
	struct err e = { 0 };

	if (!CHECK(token_create(&w->app, &ann, &in, w->arena, &made, text, &e), "%s: %s %s", at, e.msg, e.trail))
		return;
	CHECK(token_actor(&w->app, text, &home, &who, &e), "%s: %s", at, e.trail);
	CHECK(who.rights == (RIGHT_ORDER | RIGHT_VIEW) && who.by_token, "%s: narrowed to %x", at, who.rights);
	CHECK(!token_create(&w->app, &who, &in, w->arena, &made, text, &e) && e.kind == ERR_FORBIDDEN,
	    "%s: a token makes no tokens", at);
	err_clear(&e);
	in.rights = RIGHT_OPERATE;
	CHECK(!token_create(&w->app, &ann, &in, w->arena, &made, text, &e) && e.kind == ERR_INVALID,
	    "%s: never more than the role", at);
	err_clear(&e);
	in.rights = RIGHT_VIEW;
	in.user_id = w->bob.id;
	CHECK(!token_create(&w->app, &ann, &in, w->arena, &made, text, &e) && e.kind == ERR_INVALID,
	    "%s: for somebody of another organization", at);
	err_clear(&e);
	CHECK(!token_actor(&w->app, "cm_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &home, &who, &e), "%s: a guess", at);
	err_clear(&e);
	clock_shift((int64_t)TOKEN_DAYS_DEFAULT * 86400 + 5);
	in.user_id = 0;
	clock_shift(0);
	CHECK(token_create(&w->app, &ann, &in, w->arena, &made, text, &e), "%s: %s", at, e.trail);
	CHECK(token_revoke(&w->app, &ann, made.id, &e), "%s: %s", at, e.trail);
	CHECK(!token_actor(&w->app, text, &home, &who, &e) && e.kind == ERR_UNAUTHENTICATED, "%s: revoked", at);
}

static void
tenants(struct world *w)
{
	struct actor ann = { .user_id = w->ann.id, .username = "ann", .organization_id = w->acme.id,
	    .role = ROLE_ORGANIZATION_ADMIN, .rights = role_rights(ROLE_ORGANIZATION_ADMIN) };
	struct user_new in = { .username = "carl", .full_name = "Carl", .email = "c@example.org", .role = ROLE_ORDERER,
	    .organization_id = w->other.id };
	struct user_change change = { .status = "disabled" };
	struct faults f = { .arena = w->arena };
	struct organization o;
	struct user u;
	struct err e = { 0 };

	CHECK(!user_create(&w->app, &ann, &in, w->arena, &u, &f, &e) && e.kind == ERR_NOT_FOUND, "%s: foreign", at);
	err_clear(&e);
	CHECK(!user_get(&w->app, &ann, w->bob.id, w->arena, &u, &e) && e.kind == ERR_NOT_FOUND, "%s: foreign user", at);
	err_clear(&e);
	CHECK(!user_update(&w->app, &ann, w->bob.id, &change, w->arena, &u, &f, &e) && e.kind == ERR_NOT_FOUND,
	    "%s: foreign user", at);
	err_clear(&e);
	CHECK(!organization_get(&w->app, &ann, w->other.id, w->arena, &o, &e) && e.kind == ERR_NOT_FOUND,
	    "%s: foreign organization", at);
	err_clear(&e);
	in.organization_id = w->acme.id;
	in.role = ROLE_OPERATOR;
	CHECK(!user_create(&w->app, &ann, &in, w->arena, &u, &f, &e) && e.kind == ERR_INVALID, "%s: no operators", at);
	err_clear(&e);
	in.role = ROLE_ORDERER;
	CHECK(user_create(&w->app, &ann, &in, w->arena, &u, &f, &e), "%s: %s %s", at, e.msg, e.trail);
	CHECK(!user_create(&w->app, &ann, &in, w->arena, &u, &f, &e) && e.kind == ERR_CONFLICT, "%s: name taken", at);
}

static bool
sign(void *arg, int64_t seq, const uint8_t hash[32], struct str *out, struct err *e)
{
	(void)arg;
	(void)e;
	str_addf(out, "%" PRId64 ":", seq);
	str_add(out, hash, 4);
	return true;
}

static void
audit(struct world *w)
{
	struct audit_check c;
	struct db *db;
	struct err e = { 0 };
	bool did = true;

	clock_shift(5);
	while (did)
		if (!CHECK(audit_seal(&w->app, &did, &e), "%s: %s", at, e.trail))
			return;
	clock_shift(0);
	CHECK(audit_sign_head(&w->app, sign, NULL, &did, &e) && did, "%s: %s", at, e.trail);
	CHECK(audit_verify(&w->app, NULL, NULL, &c, &e), "%s: %s", at, e.trail);
	CHECK(c.fault[0] == '\0' && c.records > 10 && c.unsealed == 0 && c.heads == 1, "%s: %s, %" PRId64 " records", at,
	    c.fault, c.records);
	CHECK(db_pool_get(w->app.store, DB_WRITE, &db, &e), "%s: %s", at, e.trail);
	CHECK(db_run(db, "UPDATE audit SET actor = 'nobody' WHERE seq = 3", NO_ARGS, NULL, &e), "%s: %s", at, e.trail);
	CHECK(audit_verify(&w->app, NULL, NULL, &c, &e) && strstr(c.fault, "record 3 was altered") != NULL, "%s: %s", at,
	    c.fault);
	CHECK(db_run(db, "DELETE FROM audit WHERE seq >= 3", NO_ARGS, NULL, &e), "%s: %s", at, e.trail);
	CHECK(audit_verify(&w->app, NULL, NULL, &c, &e) && strstr(c.fault, "records behind 2 are missing") != NULL,
	    "%s: %s", at, c.fault);
}

static void
passwords(void)
{
	static const struct { const char *password; bool ok; } cases[] = {
		{ "correct horse battery", true }, { "short", false }, { "aaaaaaaaaaaaaaaa", false },
		{ "my name is annabel", false }, { "p\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", false },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		OWN(secret_free) struct secret *s = secret_from(cases[i].password, strlen(cases[i].password));
		struct err e = { 0 };

		CHECK(password_ok(s, "annabel", PASSWORD_MIN, &e) == cases[i].ok, "case %zu: %s", i, e.msg);
	}
}

static void
all(enum db_engine engine, const char *uri)
{
	struct world w;

	(void)engine;
	world_make(&w, uri);
	log_in(&w);
	throttled(&w);
	tokens(&w);
	tenants(&w);
	audit(&w);
	world_free(&w);
}

int
main(void)
{
	secret_init();
	passwords();
	check_db_on_both(all);
	return check_done();
}
