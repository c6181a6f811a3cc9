#include "domain/account/session.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/rand.h"
#include "domain/audit/audit.h"
#include "domain/account/settings.h"
#include "domain/account/nonce.h"
#include "domain/account/token.h"
#include "store/organization.h"
#include "store/user.h"

#define SCRATCH_MAX ((size_t)256 * 1024)

static bool
refused(struct err *e)
{
	return err_set(e, ERR_UNAUTHENTICATED, "not_signed_in", "sign in, or send a valid token");
}

/* Fills in an actor when user, organization and membership still stand. */
static bool
actor_load(struct db *db, int64_t user_id, int64_t organization_id, const struct origin *from, struct arena *a,
    struct actor *out, struct err *e)
{
	struct user u;
	struct actor who = { 0 };
	const char *role;

	if (!store_user_get(db, user_id, a, &u, e))
		return e->kind == ERR_NOT_FOUND ? refused(e) : false;
	if (strcmp(u.status, "active") != 0)
		return refused(e);
	if (!store_membership_role(db, user_id, organization_id, a, &role, e))
		return false;
	if (role == NULL)
		return refused(e);
	if (organization_id != 0) {
		struct organization o;

		if (!store_organization_get(db, organization_id, a, &o, e))
			return e->kind == ERR_NOT_FOUND ? refused(e) : false;
		if (strcmp(o.status, "active") != 0)
			return refused(e);
	}
	who.user_id = u.id;
	(void)snprintf(who.username, sizeof(who.username), "%s", u.username);
	who.organization_id = organization_id;
	who.role = role_parse(role);
	who.rights = role_rights(who.role);
	(void)snprintf(who.address, sizeof(who.address), "%s", from->address);
	(void)snprintf(who.request_id, sizeof(who.request_id), "%s", from->request_id);
	*out = who;
	return true;
}

/* ---- by cookie ---- */

struct by_cookie {
	const char		*cookie;
	const struct origin	*from;
	struct arena		*arena;
	struct session		 session;
	struct actor		 actor;
	bool			 stale;		/* seen_at is to be moved on */
};

static bool
by_cookie_tx(struct db *db, void *arg, struct err *e)
{
	struct by_cookie *q = arg;
	uint8_t hash[SHA256_LEN];
	int64_t now = clock_now_s();
	bool found;

	nonce_hash(q->cookie, hash);
	if (!store_session_find(db, hash, q->arena, &q->session, &found, e))
		return false;
	if (!found || strcmp(q->session.stage, "open") != 0 || q->session.expires_at <= now ||
	    q->session.seen_at + SESSION_IDLE_S <= now)
		return refused(e);
	if (!actor_load(db, q->session.user_id, q->session.organization_id, q->from, q->arena, &q->actor, e))
		return false;
	(void)snprintf(q->actor.session_id, sizeof(q->actor.session_id), "%s", q->session.id);
	q->stale = q->session.seen_at + 60 <= now;
	return true;
}

static bool
seen_tx(struct db *tx, void *arg, struct err *e)
{
	const struct session *s = arg;

	return store_session_seen(tx, s->cookie_sha256, clock_now_s(), s->expires_at, e);
}

bool
session_actor(const struct app *app, const char *cookie, const struct origin *from, struct actor *out, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct by_cookie q = { .cookie = cookie, .from = from };

	q.arena = a;
	if (!app_tx(app, DB_READ, by_cookie_tx, &q, e))
		return false;
	if (q.stale && !app_tx(app, DB_WRITE, seen_tx, &q.session, e))
		return false;
	*out = q.actor;
	return true;
}

/* ---- by token ---- */

struct by_token {
	const char		*text;
	const struct origin	*from;
	struct arena		*arena;
	struct token		 token;
	struct actor		 actor;
	bool			 stale;
};

static bool
by_token_tx(struct db *db, void *arg, struct err *e)
{
	struct by_token *q = arg;
	uint8_t hash[SHA256_LEN];
	int64_t now = clock_now_s();
	unsigned scopes;
	bool found;

	nonce_hash(q->text, hash);
	if (!store_token_find(db, hash, q->arena, &q->token, &found, e))
		return false;
	if (!found || q->token.revoked_at != 0 || q->token.expires_at <= now)
		return refused(e);
	if (!actor_load(db, q->token.user_id, q->token.organization_id, q->from, q->arena, &q->actor, e))
		return false;
	if (!rights_parse(q->token.scopes, &scopes))
		return err_sys(e, "token %s has unknown scopes", q->token.id);
	q->actor.rights &= scopes;
	q->actor.by_token = true;
	(void)snprintf(q->actor.session_id, sizeof(q->actor.session_id), "%s", q->token.id);
	q->stale = q->token.used_at + 60 <= now;
	return true;
}

static bool
used_tx(struct db *tx, void *arg, struct err *e)
{
	const struct token *t = arg;

	return store_token_used(tx, t->id, clock_now_s(), e);
}

bool
token_actor(const struct app *app, const char *text, const struct origin *from, struct actor *out, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct by_token q = { .text = text, .from = from };

	q.arena = a;
	if (!app_tx(app, DB_READ, by_token_tx, &q, e))
		return false;
	if (q.stale && !app_tx(app, DB_WRITE, used_tx, &q.token, e))
		return false;
	*out = q.actor;
	return true;
}

/* ---- a service account's certificate ---- */

struct by_certificate {
	uint8_t			 sha256[SHA256_LEN];
	const struct origin	*from;
	struct arena		*arena;
	struct actor		 actor;
	bool			 found;
};

static bool
by_certificate_tx(struct db *db, void *arg, struct err *e)
{
	struct by_certificate *q = arg;
	struct user_certificate c;
	struct user u;
	struct membership *m;
	size_t n;

	if (!store_user_certificate_find(db, q->sha256, q->arena, &c, &q->found, e))
		return false;
	if (!q->found)
		return true;
	if (!store_user_get(db, c.user_id, q->arena, &u, e))
		return e->kind == ERR_NOT_FOUND ? refused(e) : false;
	q->found = u.service;
	if (!q->found)
		return true;
	if (c.revoked_at != 0 || c.not_after <= clock_now_s())
		return refused(e);
	if (!store_membership_list(db, u.id, q->arena, &m, &n, e))
		return false;
	if (n != 1)
		return refused(e);	/* which organization it acts for must be plain */
	if (!actor_load(db, u.id, m[0].organization_id, q->from, q->arena, &q->actor, e))
		return false;
	q->actor.by_token = true;
	return true;
}

bool
service_actor(const struct app *app, const uint8_t *der, size_t der_len, const struct origin *from,
    struct actor *out, bool *found, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct by_certificate q = { .from = from };

	q.arena = a;
	sha256(der, der_len, q.sha256);
	if (!app_tx(app, DB_READ, by_certificate_tx, &q, e))
		return false;
	*found = q.found;
	if (q.found)
		*out = q.actor;
	return true;
}

/* ---- lists and ends ---- */

struct sessions {
	const struct actor	*who;
	struct arena		*arena;
	struct session		*list;
	size_t			 n;
};

static bool
list_tx(struct db *db, void *arg, struct err *e)
{
	struct sessions *q = arg;

	return store_session_list(db, q->who->user_id, clock_now_s(), q->arena, &q->list, &q->n, e);
}

bool
session_list(const struct app *app, const struct actor *who, struct arena *a, struct session **out, size_t *n,
    struct err *e)
{
	struct sessions q = { .who = who, .arena = a };

	if (!app_tx(app, DB_READ, list_tx, &q, e))
		return false;
	*out = q.list;
	*n = q.n;
	return true;
}

bool
session_get(const struct app *app, const struct actor *who, const char *cookie, struct arena *a,
    struct session *out, struct err *e)
{
	const struct origin from = { .address = who->address, .agent = "", .request_id = who->request_id };
	struct by_cookie q = { .cookie = cookie, .from = &from, .arena = a };

	if (!app_tx(app, DB_READ, by_cookie_tx, &q, e))
		return false;
	*out = q.session;
	return true;
}

struct end {
	const struct actor	*who;
	const char		*id;
};

static bool
end_tx(struct db *tx, void *arg, struct err *e)
{
	const struct end *q = arg;
	bool dropped;

	if (!store_session_drop_id(tx, q->who->user_id, q->id, &dropped, e))
		return false;
	if (!dropped)
		return err_set(e, ERR_NOT_FOUND, "session", "no such session");
	return audit_append(tx, q->who, q->who->organization_id, "session.ended", q->id, NULL, e);
}

bool
session_end(const struct app *app, const struct actor *who, const char *id, struct err *e)
{
	struct end q = { .who = who, .id = id };

	return app_tx(app, DB_WRITE, end_tx, &q, e);
}

bool
session_end_user(struct db *tx, int64_t user_id, struct err *e)
{
	return store_session_drop_user(tx, user_id, NULL, e) &&
	    store_token_revoke_user(tx, user_id, clock_now_s(), e);
}

/* ---- switching the organization ---- */

struct switching {
	const struct actor	*who;
	const struct origin	*from;
	struct arena		*arena;
	const char		*old;
	int64_t			 organization_id;
	char			 cookie[COOKIE_TEXT_LEN];
	uint8_t			 hash[SHA256_LEN];
};

static bool
switch_tx(struct db *tx, void *arg, struct err *e)
{
	struct switching *q = arg;
	struct by_cookie old = { .cookie = q->old, .from = q->from, .arena = q->arena };
	struct settings settings;
	struct session s;
	char id[33];
	const char *role;
	bool dropped;

	if (!by_cookie_tx(tx, &old, e))
		return false;
	if (!store_membership_role(tx, q->who->user_id, q->organization_id, q->arena, &role, e))
		return false;
	if (role == NULL)
		return err_set(e, ERR_INVALID, "organization", "you do not belong to this organization");
	if (!settings_read(tx, q->organization_id, q->arena, &settings, e))
		return false;
	s = old.session;
	if (strcmp(s.factor, "passkey") == 0 && !settings.passkeys)
		return err_set(e, ERR_FORBIDDEN, "certificate_needed",
		    "this organization takes no passkeys: log in with the admin certificate");
	rand_id(id);
	memcpy(s.cookie_sha256, q->hash, sizeof(s.cookie_sha256));
	s.id = id;
	s.organization_id = q->organization_id;
	s.role = role;
	s.ticket_sha256 = NULL;
	s.seen_at = clock_now_s();
	return store_session_drop(tx, old.session.cookie_sha256, &dropped, e) &&
	    store_session_add(tx, &s, e) &&
	    audit_append(tx, q->who, q->organization_id, "session.switched", s.id, NULL, e);
}

bool
session_switch(const struct app *app, const struct actor *who, int64_t organization_id, const char *cookie,
    const struct origin *from, char out[COOKIE_TEXT_LEN], struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct switching q = { .who = who, .from = from, .old = cookie, .organization_id = organization_id };

	q.arena = a;
	nonce_make(q.cookie, q.hash);
	if (!app_tx(app, DB_WRITE, switch_tx, &q, e))
		return false;
	memcpy(out, q.cookie, COOKIE_TEXT_LEN);
	return true;
}

static bool
sweep_tx(struct db *tx, void *arg, struct err *e)
{
	(void)arg;
	return store_session_sweep(tx, clock_now_s(), e);
}

bool
session_sweep(const struct app *app, struct err *e)
{
	return app_tx(app, DB_WRITE, sweep_tx, NULL, e);
}
