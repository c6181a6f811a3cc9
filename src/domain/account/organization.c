#include "domain/account/organization.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "domain/audit/audit.h"
#include "domain/account/settings.h"
#include "store/passkey.h"
#include "store/profile.h"

struct work {
	const struct app			*app;
	const struct actor			*who;
	const struct organization_change	*in;
	struct arena				*arena;
	struct faults				*faults;
	int64_t					 id;
	struct organization			 out;
};

static void
object_name(int64_t id, char out[40])
{
	(void)snprintf(out, 40, "organization %lld", (long long)id);
}

static const char *
dump(json_t *value, struct arena *a)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
	const char *copy = text == NULL ? "{}" : arena_strdup(a, text);

	free(text);
	return copy;
}

static bool
check_parameters(json_t *parameters, struct faults *f)
{
	const char *name;
	json_t *value;
	bool ok = true;

	json_object_foreach(parameters, name, value) {
		const char *text = json_string_value(value);

		if (text == NULL || text[0] == '\0' || !text_name_ok(text, 256)) {
			fault_add(f, NULL, 0, name, NULL, "a parameter is 1 to 256 characters of text");
			ok = false;
		}
	}
	return ok;
}

static bool
check_prefixes(const struct organization_change *in, struct arena *a, struct faults *f, const char **out)
{
	json_t *list = json_array();
	bool ok = true;

	for (size_t i = 0; i < in->mac_prefixes_n; i++) {
		struct mac_prefix p;
		char text[18], path[40];

		(void)snprintf(path, sizeof(path), "mac_prefixes[%zu]", i);
		if (!mac_prefix_parse(in->mac_prefixes[i], &p) || (p.len != 24 && p.len != 28 && p.len != 36)) {
			fault_add(f, NULL, 0, path, in->mac_prefixes[i], "a block is 24, 28 or 36 bits, such as 00:1A:2B");
			ok = false;
			continue;
		}
		mac_prefix_text(&p, text);
		json_array_append_new(list, json_string(text));
	}
	*out = dump(list, a);
	json_decref(list);
	return ok;
}

/* Lays the change over *o, collecting what is wrong. */
static bool
apply(const struct organization_change *in, struct arena *a, struct organization *o, struct faults *f, struct err *e)
{
	bool ok = true;

	if (in->name != NULL) {
		if (!text_name_ok(in->name, 200)) {
			fault_add(f, NULL, 0, "name", NULL, "a name is 1 to 200 characters");
			ok = false;
		}
		o->name = in->name;
	}
	if (in->status != NULL)
		o->status = in->status;
	if (in->parameters != NULL) {
		const char *text;

		ok = check_parameters(in->parameters, f) && ok;
		text = dump(in->parameters, a);
		if (o->parameters == NULL || strcmp(text, o->parameters) != 0) {
			o->parameters = text;
			o->parameters_version++;
		}
	}
	if (in->set_mac_prefixes)
		ok = check_prefixes(in, a, f, &o->mac_prefixes) && ok;
	if (in->set_approval_above)
		o->approval_above = in->approval_above;
	if (in->set_passkeys)
		o->passkeys = in->passkeys;
	if (in->password_min != 0)
		o->password_min = in->password_min;
	if (in->invitation_days != 0)
		o->invitation_days = in->invitation_days;
	ok = settings_check(o->password_min, o->invitation_days, f) && ok;
	return ok || err_set(e, ERR_INVALID, "organization", "the organization cannot be like that");
}

static bool
record(struct db *tx, const struct work *q, const char *action, struct err *e)
{
	char object[40];
	json_t *detail = json_pack("{s:s, s:s, s:s, s:s, s:I, s:b, s:I, s:I}", "name", q->out.name, "status",
	    q->out.status, "parameters", q->out.parameters, "mac_prefixes", q->out.mac_prefixes, "approval_above",
	    (json_int_t)q->out.approval_above, "passkeys", q->out.passkeys, "password_min_length",
	    (json_int_t)q->out.password_min, "invitation_days", (json_int_t)q->out.invitation_days);
	bool ok;

	object_name(q->out.id, object);
	ok = audit_append(tx, q->who, q->out.id, action, object, detail, e);
	json_decref(detail);
	return ok;
}

static bool
create_tx(struct db *tx, void *arg, struct err *e)
{
	struct work *q = arg;

	q->out = (struct organization){ .status = "active", .mac_prefixes = "[]", .approval_above = -1,
	    .password_min = PASSWORD_MIN, .invitation_days = INVITATION_DAYS, .created_at = clock_now_s(), .version = 1 };
	if (!apply(q->in, q->arena, &q->out, q->faults, e))
		return false;
	if (q->out.parameters == NULL) {
		q->out.parameters = "{}";
		q->out.parameters_version = 1;
	}
	return store_counter_take(tx, "organization", 1, &q->out.id, e) &&
	    store_organization_add(tx, &q->out, e) && record(tx, q, "organization.created", e);
}

bool
organization_create(const struct app *app, const struct actor *who, const struct organization_change *in,
    struct arena *a, struct organization *out, struct faults *f, struct err *e)
{
	struct work q = { .app = app, .who = who, .in = in, .arena = a, .faults = f };

	if (!actor_may(who, RIGHT_OPERATE, e))
		return false;
	if (in->name == NULL)
		return err_set(e, ERR_INVALID, "name", "an organization needs a name");
	if (!app_tx(app, DB_WRITE, create_tx, &q, e))
		return false;
	*out = q.out;
	return true;
}

static bool
update_tx(struct db *tx, void *arg, struct err *e)
{
	struct work *q = arg;

	if (!store_organization_get(tx, q->id, q->arena, &q->out, e) ||
	    !apply(q->in, q->arena, &q->out, q->faults, e) || !store_organization_put(tx, &q->out, e))
		return false;
	q->out.version++;
	if (q->in->set_passkeys && !q->in->passkeys && !store_session_drop_passkey(tx, 0, q->id, e))
		return false;
	return record(tx, q, "organization.changed", e);
}

bool
organization_update(const struct app *app, const struct actor *who, int64_t id,
    const struct organization_change *in, struct arena *a, struct organization *out, struct faults *f, struct err *e)
{
	struct work q = { .app = app, .who = who, .in = in, .arena = a, .faults = f, .id = id };

	if (!actor_sees(who, id))
		return err_set(e, ERR_NOT_FOUND, "organization", "no such organization");
	/* Names, constants and blocks are the operator's; the rest an administrator may set for his own. */
	if (in->name != NULL || in->status != NULL || in->parameters != NULL || in->set_mac_prefixes) {
		if (!actor_may(who, RIGHT_OPERATE, e))
			return false;
	} else if (!actor_may(who, RIGHT_ADMIN, e))
		return false;
	if (!app_tx(app, DB_WRITE, update_tx, &q, e))
		return false;
	*out = q.out;
	return true;
}

struct activation {
	const struct actor	*who;
	int64_t			 id, version;
};

static bool
activated_tx(struct db *tx, void *arg, struct err *e)
{
	const struct activation *q = arg;
	char object[40];
	json_t *detail = json_pack("{s:I}", "parameters_version", (json_int_t)q->version);
	bool ok;

	object_name(q->id, object);
	ok = audit_append(tx, q->who, q->id, "organization.activated", object, detail, e);
	json_decref(detail);
	return ok;
}

bool
organization_activated(const struct app *app, const struct actor *who, int64_t id, int64_t version, struct err *e)
{
	struct activation q = { .who = who, .id = id, .version = version };

	return actor_may(who, RIGHT_OPERATE, e) && app_tx(app, DB_WRITE, activated_tx, &q, e);
}

static bool
get_tx(struct db *db, void *arg, struct err *e)
{
	struct work *q = arg;

	return store_organization_get(db, q->id, q->arena, &q->out, e);
}

bool
organization_get(const struct app *app, const struct actor *who, int64_t id, struct arena *a,
    struct organization *out, struct err *e)
{
	struct work q = { .app = app, .who = who, .arena = a, .id = id };

	if (!actor_sees(who, id))
		return err_set(e, ERR_NOT_FOUND, "organization", "no such organization");
	if (!app_tx(app, DB_READ, get_tx, &q, e))
		return false;
	*out = q.out;
	return true;
}

struct listing {
	const struct organization_filter *filter;
	struct arena		*arena;
	struct organization	*list;
	size_t			 n;
	int64_t			 total;
};

static bool
search_tx(struct db *db, void *arg, struct err *e)
{
	struct listing *q = arg;

	return store_organization_search(db, q->filter, q->arena, &q->list, &q->n, e) &&
	    store_organization_count(db, q->filter, q->arena, &q->total, e);
}

bool
organization_search(const struct app *app, const struct actor *who, struct organization_filter *f, struct arena *a,
    struct organization **out, size_t *n, int64_t *total, struct err *e)
{
	struct listing q = { .filter = f, .arena = a };

	if (who->role != ROLE_OPERATOR && who->role != ROLE_AUDITOR)
		f->id = who->organization_id;
	if (!app_tx(app, DB_READ, search_tx, &q, e))
		return false;
	*out = q.list;
	*n = q.n;
	*total = q.total;
	return true;
}

struct naming {
	const struct actor	*who;
	const int64_t		*ids;
	size_t			 n;
	struct arena		*arena;
	const char		**names;
};

static bool
names_tx(struct db *db, void *arg, struct err *e)
{
	const struct naming *q = arg;

	for (size_t i = 0; i < q->n; i++) {
		size_t before = 0;

		q->names[i] = NULL;
		while (before < i && q->ids[before] != q->ids[i])
			before++;
		if (before < i)
			q->names[i] = q->names[before];
		else if (q->ids[i] != 0 && actor_sees(q->who, q->ids[i]) &&
		    !store_organization_name(db, q->ids[i], q->arena, &q->names[i], e))
			return false;
	}
	return true;
}

bool
organization_names(const struct app *app, const struct actor *who, const int64_t *ids, size_t n, struct arena *a,
    const char **names, struct err *e)
{
	struct naming q = { .who = who, .ids = ids, .n = n, .arena = a, .names = names };

	return app_tx(app, DB_READ, names_tx, &q, e);
}

bool
organization_prefixes(const struct organization *o, struct arena *a, struct mac_prefix **out, size_t *n,
    struct err *e)
{
	json_t *list = json_loads(o->mac_prefixes, 0, NULL);
	size_t count = json_array_size(list);
	struct mac_prefix *p = arena_array(a, count + 1, sizeof(*p));
	bool ok = list != NULL && p != NULL;

	for (size_t i = 0; ok && i < count; i++)
		ok = mac_prefix_parse(json_string_value(json_array_get(list, i)), &p[i]);
	json_decref(list);
	if (!ok)
		return err_sys(e, "organization %lld: stored MAC blocks cannot be read", (long long)o->id);
	*out = p;
	*n = count;
	return true;
}

/* ---- grants ---- */

struct grant {
	const struct actor	*who;
	int64_t			 organization_id, profile_id;
	bool			 put;
};

static bool
grant_tx(struct db *tx, void *arg, struct err *e)
{
	const struct grant *q = arg;
	OWN(arena_free) struct arena *a = arena_new((size_t)256 * 1024);
	struct organization o;
	struct profile_row p;
	char object[40];
	json_t *detail;
	bool found, dropped = true, ok;

	if (!store_organization_get(tx, q->organization_id, a, &o, e) ||
	    !store_profile_get(tx, q->profile_id, a, &p, &found, e))
		return false;
	if (!found)
		return err_set(e, ERR_NOT_FOUND, "profile", "no such profile");
	ok = q->put ? store_grant_put(tx, o.id, p.id, clock_now_s(), e)
	    : store_grant_drop(tx, o.id, p.id, clock_now_s(), &dropped, e);
	if (!ok)
		return false;
	if (!dropped)
		return err_set(e, ERR_NOT_FOUND, "grant", "this profile is not granted to the organization");
	object_name(o.id, object);
	detail = json_pack("{s:I, s:s}", "profile_id", (json_int_t)p.id, "profile", p.name);
	ok = audit_append(tx, q->who, o.id, q->put ? "grant.made" : "grant.withdrawn", object, detail, e);
	json_decref(detail);
	return ok;
}

bool
grant_put(const struct app *app, const struct actor *who, int64_t organization_id, int64_t profile_id, struct err *e)
{
	struct grant q = { .who = who, .organization_id = organization_id, .profile_id = profile_id, .put = true };

	return actor_may(who, RIGHT_OPERATE, e) && app_tx(app, DB_WRITE, grant_tx, &q, e);
}

bool
grant_drop(const struct app *app, const struct actor *who, int64_t organization_id, int64_t profile_id,
    struct err *e)
{
	struct grant q = { .who = who, .organization_id = organization_id, .profile_id = profile_id };

	return actor_may(who, RIGHT_OPERATE, e) && app_tx(app, DB_WRITE, grant_tx, &q, e);
}
