#include "domain/account/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "domain/audit/audit.h"
#include "domain/account/organization.h"
#include "store/passkey.h"
#include "store/user.h"

#define SCRATCH_MAX ((size_t)256 * 1024)

bool
settings_check(int64_t password_min, int64_t invitation_days, struct faults *f)
{
	bool ok = true;

	if (password_min < PASSWORD_MIN || password_min > PASSWORD_MIN_MAX) {
		fault_add(f, NULL, 0, "password_min_length", NULL, "from %d to %d characters", PASSWORD_MIN, PASSWORD_MIN_MAX);
		ok = false;
	}
	if (invitation_days < 1 || invitation_days > INVITATION_DAYS_MAX) {
		fault_add(f, NULL, 0, "invitation_days", NULL, "from 1 to %d days", INVITATION_DAYS_MAX);
		ok = false;
	}
	return ok;
}

/* ---- the instance's: rows of `setting` ---- */

static bool
number_read(struct db *db, const char *name, int64_t otherwise, struct arena *a, int64_t *out, struct err *e)
{
	const char *text;
	uint64_t v;

	if (!store_setting_get(db, name, a, &text, e))
		return false;
	*out = text != NULL && parse_u64(text, INT64_MAX, &v) ? (int64_t)v : otherwise;
	return true;
}

static bool
number_write(struct db *tx, const char *name, int64_t v, struct err *e)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, v);
	return store_setting_put(tx, name, text, clock_now_s(), e);
}

static bool
instance_read(struct db *db, struct arena *a, struct settings *out, struct err *e)
{
	int64_t passkeys;

	if (!number_read(db, "passkeys", 0, a, &passkeys, e) ||
	    !number_read(db, "password_min", PASSWORD_MIN, a, &out->password_min, e) ||
	    !number_read(db, "invitation_days", INVITATION_DAYS, a, &out->invitation_days, e))
		return false;
	out->approval_above = -1;
	out->passkeys = passkeys != 0;
	return true;
}

bool
settings_read(struct db *db, int64_t organization_id, struct arena *a, struct settings *out, struct err *e)
{
	struct organization o;

	if (organization_id == 0)
		return instance_read(db, a, out, e);
	if (!store_organization_get(db, organization_id, a, &o, e))
		return false;
	*out = (struct settings){ .approval_above = o.approval_above, .passkeys = o.passkeys,
	    .password_min = o.password_min, .invitation_days = o.invitation_days };
	return true;
}

bool
settings_of_user(struct db *db, int64_t user_id, struct arena *a, struct settings *out, struct err *e)
{
	struct membership *m;
	size_t n;

	*out = (struct settings){ .approval_above = -1, .password_min = PASSWORD_MIN, .invitation_days = INVITATION_DAYS_MAX };
	if (!store_membership_list(db, user_id, a, &m, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct settings one;

		if (!settings_read(db, m[i].organization_id, a, &one, e))
			return false;
		out->passkeys = out->passkeys || one.passkeys;
		if (one.password_min > out->password_min)
			out->password_min = one.password_min;
		if (one.invitation_days < out->invitation_days)
			out->invitation_days = one.invitation_days;
	}
	return true;
}

/* ---- one's view of them ---- */

struct work {
	const struct actor	*who;
	const struct settings	*in;
	struct faults		*faults;
	struct arena		*arena;
	int64_t			 organization_id;
	struct settings		 out;
};

static bool
get_tx(struct db *db, void *arg, struct err *e)
{
	struct work *q = arg;

	return settings_read(db, q->organization_id, q->arena, &q->out, e);
}

static bool
seen(const struct actor *who, int64_t organization_id, struct err *e)
{
	return actor_sees(who, organization_id) || err_set(e, ERR_NOT_FOUND, "organization", "no such organization");
}

bool
settings_get(const struct app *app, const struct actor *who, int64_t organization_id, struct settings *out,
    struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct work q = { .arena = a, .organization_id = organization_id };

	if (!seen(who, organization_id, e) || !app_tx(app, DB_READ, get_tx, &q, e))
		return false;
	*out = q.out;
	return true;
}

static bool
instance_tx(struct db *tx, void *arg, struct err *e)
{
	struct work *q = arg;
	json_t *detail;
	bool ok;

	if (!instance_read(tx, q->arena, &q->out, e))
		return false;
	if (q->in->password_min != 0)
		q->out.password_min = q->in->password_min;
	if (q->in->invitation_days != 0)
		q->out.invitation_days = q->in->invitation_days;
	q->out.passkeys = q->in->passkeys;
	if (!settings_check(q->out.password_min, q->out.invitation_days, q->faults))
		return err_set(e, ERR_INVALID, "settings", "the settings cannot be like that");
	if (!number_write(tx, "passkeys", q->out.passkeys, e) || !number_write(tx, "password_min", q->out.password_min, e) ||
	    !number_write(tx, "invitation_days", q->out.invitation_days, e) ||
	    (!q->out.passkeys && !store_session_drop_passkey(tx, 0, 0, e)))
		return false;
	detail = json_pack("{s:b, s:I, s:I}", "passkeys", q->out.passkeys, "password_min_length",
	    (json_int_t)q->out.password_min, "invitation_days", (json_int_t)q->out.invitation_days);
	ok = audit_append(tx, q->who, 0, "settings.changed", "instance", detail, e);
	json_decref(detail);
	return ok;
}

bool
settings_put(const struct app *app, const struct actor *who, int64_t organization_id, const struct settings *in,
    struct faults *f, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct organization_change change = { .approval_above = in->approval_above, .set_approval_above = true,
	    .passkeys = in->passkeys, .set_passkeys = true, .password_min = in->password_min,
	    .invitation_days = in->invitation_days };
	struct work q = { .who = who, .in = in, .faults = f, .arena = a };
	struct organization o;

	if (!seen(who, organization_id, e))
		return false;
	if (organization_id != 0)
		return organization_update(app, who, organization_id, &change, a, &o, f, e);
	if (in->approval_above >= 0) {
		fault_add(f, NULL, 0, "approval_above", NULL, "nobody orders for the instance itself");
		return err_set(e, ERR_INVALID, "settings", "nobody orders for the instance itself");
	}
	return actor_may(who, RIGHT_OPERATE, e) && app_tx(app, DB_WRITE, instance_tx, &q, e);
}
