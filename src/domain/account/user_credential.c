#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/str.h"
#include "domain/audit/audit.h"
#include "domain/mail.h"
#include "domain/account/password.h"
#include "domain/account/session.h"
#include "domain/account/settings.h"
#include "domain/account/user.h"
#include "domain/account/user_rule.h"
#include "x509/cert.h"

#define SCRATCH_MAX ((size_t)256 * 1024)
#define RESET_S 3600

/* ---- certificates ---- */

struct certificates {
	const struct actor	*who;
	struct arena		*arena;
	int64_t			 user_id;
	struct user		 user;
	struct user_certificate	 one;
	struct user_certificate	*list;
	size_t			 n;
};

static bool
register_tx(struct db *tx, void *arg, struct err *e)
{
	struct certificates *q = arg;
	struct user u;
	char object[32];
	int64_t home;
	json_t *detail;
	bool ok;

	if (!user_managed(tx, q->who, q->user_id, q->arena, &home, e) || !store_user_get(tx, q->user_id, q->arena, &u, e) ||
	    !store_user_certificate_add(tx, &q->one, e))
		return false;
	(void)snprintf(object, sizeof(object), "user %lld", (long long)q->user_id);
	detail = json_pack("{s:s}", "serial_number", q->one.serial_number);
	ok = audit_append(tx, q->who, home, "user.certificate_registered", object, detail, e);
	json_decref(detail);
	return ok;
}

bool
user_certificate_register(const struct app *app, const struct actor *who, int64_t user_id, const uint8_t *der,
    size_t len, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	OWN_STR struct str serial = { 0 };
	struct certificates q = { .who = who, .arena = a, .user_id = user_id };
	struct cert c;

	if (!actor_may(who, RIGHT_ADMIN, e) || !cert_decode(der, len, &c, e))
		return false;
	cert_serial_text(c.serial, &serial);
	sha256(der, len, q.one.sha256);
	q.one.user_id = user_id;
	q.one.serial_number = serial.p;
	q.one.der = der;
	q.one.der_len = len;
	q.one.not_after = c.not_after_s;
	q.one.created_at = clock_now_s();
	return app_tx(app, DB_WRITE, register_tx, &q, e);
}

static bool
certificates_tx(struct db *db, void *arg, struct err *e)
{
	struct certificates *q = arg;

	return user_seen(db, q->who, q->user_id, q->arena, e) &&
	    store_user_get(db, q->user_id, q->arena, &q->user, e) &&
	    store_user_certificate_list(db, q->user_id, q->arena, &q->list, &q->n, e);
}

bool
user_certificates(const struct app *app, const struct actor *who, int64_t user_id, struct arena *a,
    struct user_certificate **out, size_t *n, struct err *e)
{
	struct certificates q = { .who = who, .arena = a, .user_id = user_id };

	if (!app_tx(app, DB_READ, certificates_tx, &q, e))
		return false;
	for (size_t i = 0; i < q.n; i++) {
		struct cert_view view;
		struct cert c;

		if (!cert_decode(q.list[i].der, q.list[i].der_len, &c, e) || !cert_view(&c, a, &view, e))
			return err_in(e, "certificate %s", q.list[i].serial_number);
		q.list[i].subject = view.subject;
	}
	*out = q.list;
	*n = q.n;
	return true;
}

static bool
revoke_tx(struct db *tx, void *arg, struct err *e)
{
	struct certificates *q = arg;
	char object[32];
	bool found, changed, ok;
	int64_t home;
	json_t *detail;

	if (!user_managed(tx, q->who, q->user_id, q->arena, &home, e) ||
	    !store_user_certificate_find(tx, q->one.sha256, q->arena, &q->one, &found, e))
		return false;
	if (!found || q->one.user_id != q->user_id)
		return err_set(e, ERR_NOT_FOUND, "certificate", "no such certificate of this user");
	if (!store_user_certificate_revoke(tx, q->user_id, q->one.serial_number, clock_now_s(), &changed, e))
		return false;
	if (!changed)
		return true;
	(void)snprintf(object, sizeof(object), "user %lld", (long long)q->user_id);
	detail = json_pack("{s:s}", "serial_number", q->one.serial_number);
	ok = session_end_user(tx, q->user_id, e) &&
	    audit_append(tx, q->who, home, "user.certificate_revoked", object, detail, e);
	json_decref(detail);
	return ok;
}

bool
user_certificate_revoke(const struct app *app, const struct actor *who, int64_t user_id, const uint8_t sha[32],
    struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct certificates q = { .who = who, .arena = a, .user_id = user_id };

	memcpy(q.one.sha256, sha, 32);
	return actor_may(who, RIGHT_ADMIN, e) && app_tx(app, DB_WRITE, revoke_tx, &q, e);
}

/* ---- passwords ---- */

struct passwording {
	const struct app	*app;
	const struct actor	*who;
	struct arena		*arena;
	const char		*username;	/* request */
	const char		*token;		/* use */
	const struct secret	*password;
	int64_t			 user_id;
	char			 hash[PASSWORD_HASH_MAX];
	uint8_t			 link[SHA256_LEN];
	struct user		 user;
	struct settings		 settings;
};

static bool
set_tx(struct db *tx, void *arg, struct err *e)
{
	struct passwording *q = arg;
	char object[32];

	(void)snprintf(object, sizeof(object), "user %lld", (long long)q->user_id);
	return store_user_set_password(tx, q->user_id, q->hash, e) && session_end_user(tx, q->user_id, e) &&
	    audit_append(tx, q->who, q->who->organization_id, "user.password_set", object, NULL, e);
}

static bool
get_tx(struct db *db, void *arg, struct err *e)
{
	struct passwording *q = arg;

	return store_user_get(db, q->user_id, q->arena, &q->user, e) &&
	    settings_of_user(db, q->user_id, q->arena, &q->settings, e);
}

bool
user_set_password(const struct app *app, const struct actor *who, int64_t user_id, const struct secret *password,
    struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct passwording q = { .app = app, .who = who, .arena = a, .password = password, .user_id = user_id };

	return actor_may(who, RIGHT_OPERATE, e) && app_tx(app, DB_READ, get_tx, &q, e) &&
	    password_ok(password, q.user.username, (int)q.settings.password_min, e) && password_hash(password, q.hash, e) &&
	    app_tx(app, DB_WRITE, set_tx, &q, e);
}

static bool
request_tx(struct db *tx, void *arg, struct err *e)
{
	struct passwording *q = arg;
	struct one_time_link link = { .purpose = "password_reset", .created_at = clock_now_s() };
	OWN_STR struct str body = { 0 };
	char token[65];
	bool found;

	if (!store_user_find(tx, q->username, q->arena, &q->user, &found, e))
		return false;
	if (!found || strcmp(q->user.status, "active") != 0 || q->user.service)
		return true;
	nonce_make_hex(token, link.sha256);
	link.user_id = q->user.id;
	link.expires_at = link.created_at + RESET_S;
	str_addf(&body,
	    "Hello %s,\n\na new password was asked for at %s\nTo set it, open this address within an hour:\n\n"
	    "    %s/reset-password?token=%s\n\nIf it was not you, there is nothing to do: the old password goes on working.\n",
	    q->user.full_name, q->app->portal_origin, q->app->portal_origin, token);
	return store_link_drop_user(tx, q->user.id, "password_reset", e) && store_link_add(tx, &link, e) &&
	    mail_queue(tx, q->user.email, "Set a new password", body.p, e);
}

bool
password_reset_request(const struct app *app, const char *username, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct passwording q = { .app = app, .arena = a };
	char folded[65];
	size_t i;

	for (i = 0; i < sizeof(folded) - 1 && username[i] != '\0'; i++)
		folded[i] = (char)(username[i] >= 'A' && username[i] <= 'Z' ? username[i] + 32 : username[i]);
	folded[i] = '\0';
	q.username = folded;
	return app_tx(app, DB_WRITE, request_tx, &q, e);
}

static bool
find_link_tx(struct db *db, void *arg, struct err *e)
{
	struct passwording *q = arg;
	struct one_time_link link;
	bool found;

	if (!store_link_find(db, q->link, q->arena, &link, &found, e))
		return false;
	if (!found || strcmp(link.purpose, "password_reset") != 0 || link.used_at != 0 ||
	    link.expires_at <= clock_now_s())
		return err_set(e, ERR_NOT_FOUND, "password_reset", "this link was used already, or its hour is over");
	q->user_id = link.user_id;
	return get_tx(db, q, e);
}

static bool
use_tx(struct db *tx, void *arg, struct err *e)
{
	struct passwording *q = arg;
	bool used;

	if (!store_link_use(tx, q->link, clock_now_s(), &used, e))
		return false;
	if (!used)
		return err_set(e, ERR_NOT_FOUND, "password_reset", "this link was used already, or its hour is over");
	return set_tx(tx, q, e);
}

bool
password_reset_use(const struct app *app, const char *token, const struct secret *password, const char *address,
    const char *request_id, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct actor who = { 0 };
	struct passwording q = { .app = app, .who = &who, .arena = a, .password = password };

	nonce_hash(token, q.link);
	if (!app_tx(app, DB_READ, find_link_tx, &q, e) ||
	    !password_ok(password, q.user.username, (int)q.settings.password_min, e) || !password_hash(password, q.hash, e))
		return false;
	who.user_id = q.user.id;
	(void)snprintf(who.username, sizeof(who.username), "%s", q.user.username);
	(void)snprintf(who.address, sizeof(who.address), "%s", address);
	(void)snprintf(who.request_id, sizeof(who.request_id), "%s", request_id);
	return app_tx(app, DB_WRITE, use_tx, &q, e);
}
