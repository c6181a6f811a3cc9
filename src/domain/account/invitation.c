/* Invitations to enrol: who may send them, and the mails that carry their links. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "domain/audit/audit.h"
#include "domain/account/enrolment.h"
#include "domain/mail.h"
#include "domain/account/nonce.h"
#include "domain/account/settings.h"
#include "domain/account/user_rule.h"
#include "store/enrolment.h"

#define SCRATCH_MAX ((size_t)512 * 1024)
#define DAY_S INT64_C(86400)
#define PURPOSE "enrol"

struct work {
	const struct app	*app;
	const struct actor	*who;
	struct arena		*arena;
	int64_t			 user_id;
	const char		*id;
	struct invitation	 out;
	struct one_time_link	*links;
	size_t			 n;
};

static void
invitation_of(const struct one_time_link *l, struct invitation *out)
{
	hex_lower(l->sha256, 16, out->id);
	out->created_at = l->created_at;
	out->expires_at = l->expires_at;
}

static bool
link_make(struct db *tx, int64_t user_id, int64_t days, char link[65], struct invitation *out, struct err *e)
{
	struct one_time_link l = { .purpose = PURPOSE, .user_id = user_id, .created_at = clock_now_s() };

	nonce_make_hex(link, l.sha256);
	l.expires_at = l.created_at + days * DAY_S;
	invitation_of(&l, out);
	return store_link_drop_user(tx, user_id, PURPOSE, e) && store_link_add(tx, &l, e);
}

bool
invitation_make(struct db *tx, int64_t user_id, char link[65], struct invitation *out, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct settings s;

	return settings_of_user(tx, user_id, a, &s, e) && link_make(tx, user_id, s.invitation_days, link, out, e);
}

static bool
recorded(struct db *tx, const struct work *q, int64_t home, const char *action, struct err *e)
{
	char object[40];
	json_t *detail = json_pack("{s:s}", "invitation", q->out.id);
	bool ok;

	(void)snprintf(object, sizeof(object), "user %" PRId64, q->user_id);
	ok = audit_append(tx, q->who, home, action, object, detail, e);
	json_decref(detail);
	return ok;
}

static bool
send_tx(struct db *tx, void *arg, struct err *e)
{
	struct work *q = arg;
	OWN_STR struct str body = { 0 };
	char link[65], until[TIME_TEXT_LEN];
	struct user u;
	int64_t home;

	if (!user_managed(tx, q->who, q->user_id, q->arena, &home, e) || !store_user_get(tx, q->user_id, q->arena, &u, e))
		return false;
	if (strcmp(u.status, "active") != 0)
		return err_set(e, ERR_CONFLICT, "user_disabled", "the account is disabled; enable it first");
	if (!invitation_make(tx, u.id, link, &q->out, e))
		return false;
	time_text(q->out.expires_at, until);
	str_addf(&body,
	    "Hello %s,\n\nyou are invited to get your admin certificate for %s\n\n    Username: %s\n\n"
	    "Open this address in the browser that you will log in with, once, before %.10s:\n\n    %s/enrol/%s\n\n"
	    "The key can be made in the browser, or you get a file (PKCS 12) to import. Do not hand the address on.\n",
	    u.full_name, q->app->portal_origin, u.username, until, q->app->portal_origin, link);
	return mail_queue(tx, u.email, "Get your admin certificate", body.p, e) &&
	    recorded(tx, q, home, "user.invited", e);
}

bool
invitation_send(const struct app *app, const struct actor *who, int64_t user_id, struct invitation *out, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct work q = { .app = app, .who = who, .arena = a, .user_id = user_id };

	if (!actor_may(who, RIGHT_ADMIN, e) || !app_tx(app, DB_WRITE, send_tx, &q, e))
		return false;
	*out = q.out;
	return true;
}

static bool
list_tx(struct db *db, void *arg, struct err *e)
{
	struct work *q = arg;
	struct user u;

	return user_seen(db, q->who, q->user_id, q->arena, e) && store_user_get(db, q->user_id, q->arena, &u, e) &&
	    store_link_list(db, q->user_id, PURPOSE, clock_now_s(), q->arena, &q->links, &q->n, e);
}

bool
invitation_list(const struct app *app, const struct actor *who, int64_t user_id, struct arena *a,
    struct invitation **out, size_t *n, struct err *e)
{
	struct work q = { .who = who, .arena = a, .user_id = user_id };
	struct invitation *list;

	if (!app_tx(app, DB_READ, list_tx, &q, e))
		return false;
	list = arena_array(a, q.n + 1, sizeof(*list));
	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "invitations", "too many invitations");
	for (size_t i = 0; i < q.n; i++)
		invitation_of(&q.links[i], &list[i]);
	*out = list;
	*n = q.n;
	return true;
}

static bool
withdraw_tx(struct db *tx, void *arg, struct err *e)
{
	struct work *q = arg;
	int64_t home;
	bool dropped;

	if (!user_managed(tx, q->who, q->user_id, q->arena, &home, e) || !list_tx(tx, q, e))
		return false;
	for (size_t i = 0; i < q->n; i++) {
		invitation_of(&q->links[i], &q->out);
		if (strcmp(q->out.id, q->id) == 0)
			return store_link_drop(tx, q->links[i].sha256, &dropped, e) &&
			    recorded(tx, q, home, "user.invitation_withdrawn", e);
	}
	return err_set(e, ERR_NOT_FOUND, "invitation", "no such open invitation of this user");
}

bool
invitation_withdraw(const struct app *app, const struct actor *who, int64_t user_id, const char *id, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct work q = { .who = who, .arena = a, .user_id = user_id, .id = id };

	return actor_may(who, RIGHT_ADMIN, e) && app_tx(app, DB_WRITE, withdraw_tx, &q, e);
}

/* ---- certificates that end ---- */

struct warning {
	const struct app	*app;
	struct arena		*arena;
	bool			 did;
};

static bool
warn_one(struct db *tx, const struct warning *q, const struct user_certificate *c, struct err *e)
{
	int64_t now = clock_now_s(), days = (c->not_after - now) / DAY_S;
	OWN_STR struct str body = { 0 };
	char link[65], until[TIME_TEXT_LEN], object[40];
	struct invitation made;
	struct user u;

	if (!store_user_get(tx, c->user_id, q->arena, &u, e) ||
	    !link_make(tx, u.id, days < 1 ? 1 : days, link, &made, e))
		return false;
	time_text(c->not_after, until);
	(void)snprintf(object, sizeof(object), "user %" PRId64, u.id);
	str_addf(&body,
	    "Hello %s,\n\nyour admin certificate for %s ends on %.10s; without it you cannot log in.\n\n"
	    "    Username: %s\n    Certificate: %s\n\n"
	    "To get a new one, open this address in the browser that you log in with, once, before that day:\n\n"
	    "    %s/enrol/%s\n\nDo not hand the address on.\n",
	    u.full_name, q->app->portal_origin, until, u.username, c->serial_number, q->app->portal_origin, link);
	return mail_queue(tx, u.email, "Your admin certificate ends soon", body.p, e) &&
	    store_user_certificate_warned(tx, c->sha256, now, e) &&
	    audit_append(tx, &actor_system, 0, "user.certificate_ending", object, NULL, e);
}

static bool
warn_tx(struct db *tx, void *arg, struct err *e)
{
	/* The second mail: for those that were told before this period of warning began, or never. */
	static const struct { int64_t ahead, quiet; } times[] = { { 7 * DAY_S, 20 * DAY_S }, { 30 * DAY_S, INT64_MAX } };
	struct warning *q = arg;
	int64_t now = clock_now_s();

	q->did = false;
	for (size_t i = 0; i < COUNT(times) && !q->did; i++) {
		int64_t before = times[i].quiet == INT64_MAX ? 0 : now - times[i].quiet;
		struct user_certificate c;

		if (!store_user_certificate_ending(tx, now, now + times[i].ahead, before, q->arena, &c, &q->did, e))
			return false;
		if (q->did && !warn_one(tx, q, &c, e))
			return false;
	}
	return true;
}

bool
enrolment_warn(const struct app *app, bool *did, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct warning q = { .app = app, .arena = a };

	if (!app_tx(app, DB_WRITE, warn_tx, &q, e))
		return false;
	*did = q.did;
	return true;
}
