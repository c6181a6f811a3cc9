#include "domain/account/user.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "domain/audit/audit.h"
#include "domain/account/enrolment.h"
#include "domain/mail.h"
#include "domain/account/session.h"
#include "domain/account/user_rule.h"
#include "store/organization.h"
#include "store/quota.h"

struct work {
	const struct app		*app;
	const struct actor		*who;
	const struct user_new		*in;
	const struct user_change	*change;
	struct arena			*arena;
	struct faults			*faults;
	int64_t				 id, organization_id;
	struct user			 out;
	struct membership		*memberships;
	size_t				 n;
};

static void
object_name(int64_t id, char out[32])
{
	(void)snprintf(out, 32, "user %lld", (long long)id);
}

static bool
username_ok(const char *s)
{
	size_t len = strlen(s);

	if (len < 2 || len > 64)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool alnum = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9');

		if (!alnum && (i == 0 || strchr("._@-", s[i]) == NULL))
			return false;
	}
	return true;
}

/* Which roles go with which organization, and who may give them. */
static bool
role_allowed(const struct actor *who, enum role role, int64_t organization_id, struct err *e)
{
	bool instance_role = role == ROLE_OPERATOR || role == ROLE_AUDITOR;

	if (role == ROLE_NONE || instance_role != (organization_id == 0))
		return err_set(e, ERR_INVALID, "role",
		    "operator and auditor belong to the instance, every other role to an organization");
	if (who->rights & RIGHT_OPERATE)
		return true;
	if (!(who->rights & RIGHT_ADMIN))
		return err_set(e, ERR_FORBIDDEN, "right_missing", "this needs the right \"admin\"");
	if (organization_id != who->organization_id)
		return err_set(e, ERR_NOT_FOUND, "organization", "no such organization");
	return true;
}

static bool
check_texts(const char *full_name, const char *email, struct faults *f)
{
	bool ok = true;

	if (full_name != NULL && !text_name_ok(full_name, 200)) {
		fault_add(f, NULL, 0, "full_name", NULL, "a name is 1 to 200 characters");
		ok = false;
	}
	if (email != NULL && !mail_address_ok(email)) {
		fault_add(f, NULL, 0, "email", NULL, "this is not a mail address");
		ok = false;
	}
	return ok;
}

/* What a new user has to do; the password comes by "Forgot Password", so nobody else ever knows it. */
static bool
welcome(struct db *tx, const struct app *app, const struct user *u, bool invite, struct err *e)
{
	OWN_STR struct str body = { 0 };
	struct invitation made;
	char link[65], until[TIME_TEXT_LEN];

	str_addf(&body,
	    "Hello %s,\n\nan account was made for you at %s\n\n    Username: %s\n\n"
	    "To set your password, open the address above, choose \"Forgot Password\" and enter the username.\n\n",
	    u->full_name, app->portal_origin, u->username);
	if (!invite) {
		str_adds(&body, "You also need your admin certificate in the browser; ask your PKI operations if you have none.\n");
	} else {
		if (!invitation_make(tx, u->id, link, &made, e))
			return false;
		time_text(made.expires_at, until);
		str_addf(&body,
		    "To get your admin certificate, open this address in the browser that you will log in with, once,\n"
		    "before %.10s:\n\n    %s/enrol/%s\n\nDo not hand the address on.\n", until, app->portal_origin, link);
	}
	return mail_queue(tx, u->email, "Your account for ordering device certificates", body.p, e);
}

static bool
create_tx(struct db *tx, void *arg, struct err *e)
{
	struct work *q = arg;
	const struct user_new *in = q->in;
	struct organization o;
	char object[32];
	json_t *detail;
	bool ok;

	if (in->organization_id != 0 && !store_organization_get(tx, in->organization_id, q->arena, &o, e))
		return false;
	q->out = (struct user){ .username = in->username, .full_name = in->full_name, .email = in->email,
	    .status = "active", .service = in->service, .created_at = clock_now_s(), .version = 1 };
	if (!store_counter_take(tx, "user", 1, &q->out.id, e) || !store_user_add(tx, &q->out, e) ||
	    !store_membership_put(tx, q->out.id, in->organization_id, role_name(in->role), q->out.created_at, e))
		return false;
	if ((!in->service || in->invite) && !welcome(tx, q->app, &q->out, in->invite, e))
		return false;
	object_name(q->out.id, object);
	detail = json_pack("{s:s, s:s}", "username", in->username, "role", role_name(in->role));
	ok = audit_append(tx, q->who, in->organization_id, "user.created", object, detail, e);
	json_decref(detail);
	return ok;
}

bool
user_create(const struct app *app, const struct actor *who, const struct user_new *in, struct arena *a,
    struct user *out, struct faults *f, struct err *e)
{
	struct work q = { .app = app, .who = who, .in = in, .arena = a, .faults = f };
	bool ok = check_texts(in->full_name, in->email, f);

	if (!username_ok(in->username)) {
		fault_add(f, NULL, 0, "username", in->username,
		    "a username is 2 to 64 of a-z 0-9 . _ @ - and starts with a letter or digit");
		ok = false;
	}
	if (!role_allowed(who, in->role, in->organization_id, e))
		return false;
	if (!ok)
		return err_set(e, ERR_INVALID, "user", "the user cannot be like that");
	if (!app_tx(app, DB_WRITE, create_tx, &q, e))
		return false;
	*out = q.out;
	return true;
}

/* Nobody saws off the branch he sits on: another administrator, or an operator, has to do it. */
static bool
not_oneself(const struct actor *who, int64_t user_id, struct err *e)
{
	if (who->user_id != user_id || user_id == 0)
		return true;
	return err_set(e, ERR_CONFLICT, "own_account", "one's own access is changed by somebody else");
}

static bool
update_tx(struct db *tx, void *arg, struct err *e)
{
	struct work *q = arg;
	char object[32];
	int64_t home;
	json_t *detail;
	bool ok, closing;

	if (!user_managed(tx, q->who, q->id, q->arena, &home, e) || !store_user_get(tx, q->id, q->arena, &q->out, e))
		return false;
	closing = q->change->status != NULL && strcmp(q->change->status, "disabled") == 0;
	if (closing && !not_oneself(q->who, q->id, e))
		return false;
	if (q->change->full_name != NULL)
		q->out.full_name = q->change->full_name;
	if (q->change->email != NULL)
		q->out.email = q->change->email;
	if (q->change->status != NULL)
		q->out.status = q->change->status;
	if (!store_user_put(tx, &q->out, e) || (closing && !session_end_user(tx, q->id, e)))
		return false;
	object_name(q->id, object);
	detail = json_pack("{s:s, s:s, s:s}", "full_name", q->out.full_name, "email", q->out.email, "status",
	    q->out.status);
	ok = audit_append(tx, q->who, home, "user.changed", object, detail, e);
	json_decref(detail);
	return ok;
}

bool
user_update(const struct app *app, const struct actor *who, int64_t id, const struct user_change *change,
    struct arena *a, struct user *out, struct faults *f, struct err *e)
{
	struct work q = { .app = app, .who = who, .change = change, .arena = a, .faults = f, .id = id };

	if (!actor_may(who, RIGHT_ADMIN, e))
		return false;
	if (!check_texts(change->full_name, change->email, f))
		return err_set(e, ERR_INVALID, "user", "the user cannot be like that");
	if (!app_tx(app, DB_WRITE, update_tx, &q, e))
		return false;
	*out = q.out;
	return true;
}

static bool
get_tx(struct db *db, void *arg, struct err *e)
{
	struct work *q = arg;

	return user_seen(db, q->who, q->id, q->arena, e) && store_user_get(db, q->id, q->arena, &q->out, e);
}

bool
user_get(const struct app *app, const struct actor *who, int64_t id, struct arena *a, struct user *out,
    struct err *e)
{
	struct work q = { .app = app, .who = who, .arena = a, .id = id };

	if (!app_tx(app, DB_READ, get_tx, &q, e))
		return false;
	*out = q.out;
	return true;
}

/* Where else somebody works is not an administrator's business. */
static size_t
keep_seen(const struct actor *who, int64_t user_id, struct membership *m, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (who->user_id == user_id || actor_sees(who, m[i].organization_id))
			m[kept++] = m[i];
	return kept;
}

struct listing {
	const struct actor	*who;
	const struct user_filter *filter;
	struct arena		*arena;
	struct user_row		*list;
	size_t			 n;
	int64_t			 total;
};

static bool
search_tx(struct db *db, void *arg, struct err *e)
{
	struct listing *q = arg;

	if (!store_user_search(db, q->filter, q->arena, &q->list, &q->n, e) ||
	    !store_user_count(db, q->filter, q->arena, &q->total, e))
		return false;
	for (size_t i = 0; i < q->n; i++)
		q->list[i].memberships_n = keep_seen(q->who, q->list[i].user.id, q->list[i].memberships,
		    q->list[i].memberships_n);
	return true;
}

bool
user_search(const struct app *app, const struct actor *who, struct user_filter *f, struct arena *a,
    struct user_row **out, size_t *n, int64_t *total, struct err *e)
{
	struct listing q = { .who = who, .filter = f, .arena = a };

	if (!actor_may(who, RIGHT_AUDIT, e))
		return false;
	*n = 0;
	*total = 0;
	if (who->role != ROLE_OPERATOR && who->role != ROLE_AUDITOR) {
		if (f->organization_id != -1 && f->organization_id != who->organization_id)
			return true;
		f->organization_id = who->organization_id;
	}
	if (!app_tx(app, DB_READ, search_tx, &q, e))
		return false;
	*out = q.list;
	*n = q.n;
	*total = q.total;
	return true;
}

/* ---- memberships ---- */

static bool
memberships_tx(struct db *db, void *arg, struct err *e)
{
	struct work *q = arg;
	struct membership *all;
	size_t n;

	if (!user_seen(db, q->who, q->id, q->arena, e) || !store_membership_list(db, q->id, q->arena, &all, &n, e))
		return false;
	q->memberships = all;
	q->n = keep_seen(q->who, q->id, all, n);
	return true;
}

bool
user_memberships(const struct app *app, const struct actor *who, int64_t id, struct arena *a,
    struct membership **out, size_t *n, struct err *e)
{
	struct work q = { .app = app, .who = who, .arena = a, .id = id };

	if (!app_tx(app, DB_READ, memberships_tx, &q, e))
		return false;
	*out = q.memberships;
	*n = q.n;
	return true;
}

static bool
profiles_granted(struct db *db, const struct membership_new *in, struct faults *f, struct err *e)
{
	bool ok = true;

	for (size_t i = 0; i < in->profile_ids_n; i++) {
		struct quota_row row;
		char path[40];
		bool found;

		if (!store_quota_get(db, in->organization_id, in->profile_ids[i], &row, &found, e))
			return false;
		if (found && row.revoked_at == 0)
			continue;
		(void)snprintf(path, sizeof(path), "profile_ids[%zu]", i);
		fault_add(f, NULL, 0, path, NULL, "this profile is not granted to the organization");
		ok = false;
	}
	return ok || err_set(e, ERR_INVALID, "profile_ids", "a profile is not granted to the organization");
}

struct setting {
	const struct actor		*who;
	const struct membership_new	*in;
	struct arena			*arena;
	struct faults			*faults;
};

static bool
set_tx(struct db *tx, void *arg, struct err *e)
{
	const struct setting *q = arg;
	const struct membership_new *in = q->in;
	struct organization o;
	struct user u;
	char object[32];
	json_t *detail;
	bool ok;

	if (!user_seen(tx, q->who, in->user_id, q->arena, e) || !store_user_get(tx, in->user_id, q->arena, &u, e) ||
	    !not_oneself(q->who, in->user_id, e))
		return false;
	if (in->organization_id != 0 && !store_organization_get(tx, in->organization_id, q->arena, &o, e))
		return false;
	if (!profiles_granted(tx, in, q->faults, e) ||
	    !store_membership_put(tx, in->user_id, in->organization_id, role_name(in->role), clock_now_s(), e) ||
	    !store_membership_profiles(tx, in->user_id, in->organization_id, in->profile_ids, in->profile_ids_n, e) ||
	    !session_end_user(tx, in->user_id, e))
		return false;
	object_name(in->user_id, object);
	detail = json_pack("{s:s, s:o}", "role", role_name(in->role), "profile_ids",
	    in->profile_ids == NULL ? json_null() : json_array());
	for (size_t i = 0; i < in->profile_ids_n; i++)
		json_array_append_new(json_object_get(detail, "profile_ids"), json_integer((json_int_t)in->profile_ids[i]));
	ok = audit_append(tx, q->who, in->organization_id, "membership.set", object, detail, e);
	json_decref(detail);
	return ok;
}

bool
membership_set(const struct app *app, const struct actor *who, const struct membership_new *in, struct faults *f,
    struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new((size_t)256 * 1024);
	struct setting q = { .who = who, .in = in, .arena = a, .faults = f };

	return role_allowed(who, in->role, in->organization_id, e) && app_tx(app, DB_WRITE, set_tx, &q, e);
}

bool
membership_put(const struct app *app, const struct actor *who, int64_t user_id, int64_t organization_id,
    enum role role, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new((size_t)64 * 1024);
	struct faults f = { .arena = a };
	struct membership_new in = { .user_id = user_id, .organization_id = organization_id, .role = role };

	return membership_set(app, who, &in, &f, e);
}

static bool
drop_tx(struct db *tx, void *arg, struct err *e)
{
	struct work *q = arg;
	char object[32];
	bool dropped;

	if (!not_oneself(q->who, q->id, e))
		return false;
	if (!store_membership_drop(tx, q->id, q->organization_id, &dropped, e))
		return false;
	if (!dropped)
		return err_set(e, ERR_NOT_FOUND, "membership", "the user does not belong to this organization");
	object_name(q->id, object);
	return session_end_user(tx, q->id, e) &&
	    audit_append(tx, q->who, q->organization_id, "membership.ended", object, NULL, e);
}

bool
membership_drop(const struct app *app, const struct actor *who, int64_t user_id, int64_t organization_id,
    struct err *e)
{
	struct work q = { .app = app, .who = who, .id = user_id, .organization_id = organization_id };

	if (!actor_may(who, RIGHT_ADMIN, e))
		return false;
	if (!actor_sees(who, organization_id))
		return err_set(e, ERR_NOT_FOUND, "user", "no such user");
	return app_tx(app, DB_WRITE, drop_tx, &q, e);
}
