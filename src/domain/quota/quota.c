#include "domain/quota/quota.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/str.h"
#include "domain/audit/audit.h"
#include "store/quota.h"

static struct quota
from_row(const struct quota_row *r)
{
	return (struct quota){ .allocated = r->allocated, .ordered = r->ordered, .issued = r->issued,
	    .available = r->revoked_at != 0 ? 0 : r->allocated - r->ordered };
}

bool
quota_get(struct db *db, int64_t organization_id, int64_t profile_id, struct quota *q, struct err *e)
{
	struct quota_row r;
	bool found;

	if (!store_quota_get(db, organization_id, profile_id, &r, &found, e))
		return false;
	if (!found)
		return err_set(e, ERR_NOT_FOUND, "quota", "this profile was never granted to the organization");
	*q = from_row(&r);
	return true;
}

bool
quota_order(struct db *tx, const struct actor *who, int64_t organization_id, int64_t profile_id, int64_t batch_id,
    int64_t n, struct err *e)
{
	char label[96];
	struct quota q;
	bool enough;

	if (!store_quota_order(tx, organization_id, profile_id, n, &enough, e))
		return false;
	if (!enough) {
		if (!quota_get(tx, organization_id, profile_id, &q, e))
			return false;
		return err_set(e, ERR_CONFLICT, "quota_exceeded", "%" PRId64 " ordered, but only %" PRId64
		    " certificates are available", n, q.available);
	}
	actor_label(who, label, sizeof(label));
	return store_quota_entry_add(tx,
	    &(struct quota_entry){ .organization_id = organization_id,
		.profile_id = profile_id,
		.kind = "order",
		.ordered = n,
		.batch_id = batch_id,
		.reason = "",
		.actor = label,
		.at = clock_now_s() },
	    e);
}

static bool
move(struct db *tx, const struct quota_entry *q, struct err *e)
{
	bool ok;

	if (!store_quota_move(tx, q->organization_id, q->profile_id, q->allocated, q->ordered, q->issued, &ok, e))
		return false;
	if (!ok)
		return err_sys(e,
		    "quota of organization %" PRId64 ", profile %" PRId64 " can't move by %" PRId64
		    ", %" PRId64 ", %" PRId64,
		    q->organization_id, q->profile_id, q->allocated, q->ordered, q->issued);
	return true;
}

/* What issuing does to a quota, grown into one entry a batch and kind. */
static bool
issuing(struct db *tx, struct quota_entry q, struct err *e)
{
	q.reason = "";
	q.actor = actor_system.username;
	q.at = clock_now_s();
	return move(tx, &q, e) && store_quota_entry_grow(tx, &q, e);
}

bool
quota_issued(
    struct db *tx, int64_t organization_id, int64_t profile_id, int64_t batch_id, int64_t n, struct err *e)
{
	return n == 0 || issuing(tx, (struct quota_entry){ .organization_id = organization_id, .profile_id = profile_id,
	    .batch_id = batch_id, .kind = "issued", .issued = n }, e);
}

bool
quota_credit_failed(struct db *tx, int64_t organization_id, int64_t profile_id, int64_t batch_id, int64_t n,
    struct err *e)
{
	return n == 0 || issuing(tx, (struct quota_entry){ .organization_id = organization_id, .profile_id = profile_id,
	    .batch_id = batch_id, .kind = "credit_failed", .ordered = -n }, e);
}

bool
quota_credit_reject(struct db *tx, const struct actor *who, int64_t organization_id, int64_t profile_id,
    int64_t batch_id, int64_t ordered, int64_t issued, struct err *e)
{
	char label[96];
	struct quota_entry q = { .organization_id = organization_id,
		.profile_id = profile_id,
		.kind = "credit_reject",
		.ordered = -ordered,
		.issued = -issued,
		.batch_id = batch_id,
		.reason = "",
		.actor = label,
		.at = clock_now_s() };

	actor_label(who, label, sizeof(label));
	return (ordered == 0 && issued == 0) || (move(tx, &q, e) && store_quota_entry_add(tx, &q, e));
}

struct top_up {
	const struct actor	*who;
	int64_t			 organization_id, profile_id, delta;
	const char		*reason;
	struct quota		 after;
	struct arena		*arena;		/* NULL: the entry is not asked for */
	struct quota_entry	*entry;
	size_t			 entries;
};

static bool
top_up_tx(struct db *tx, void *arg, struct err *e)
{
	struct top_up *t = arg;
	struct quota_row r;
	char label[96], object[64];
	json_t *detail;
	bool found, ok;

	if (!store_quota_get(tx, t->organization_id, t->profile_id, &r, &found, e))
		return false;
	if (!found)
		return err_set(e, ERR_NOT_FOUND, "quota", "this profile was never granted to the organization");
	if (!store_quota_move(tx, t->organization_id, t->profile_id, t->delta, 0, 0, &ok, e))
		return false;
	if (!ok)
		return err_set(e, ERR_CONFLICT, "quota_below_ordered", "%" PRId64 " are allocated and %" PRId64
		    " of them ordered: no more than the rest can be taken back", r.allocated, r.ordered);
	actor_label(t->who, label, sizeof(label));
	if (!store_quota_entry_add(tx,
		&(struct quota_entry){ .organization_id = t->organization_id,
		    .profile_id = t->profile_id,
		    .kind = "top_up",
		    .allocated = t->delta,
		    .reason = t->reason,
		    .actor = label,
		    .at = clock_now_s() },
		e))
		return false;
	(void)snprintf(object, sizeof(object), "quota %" PRId64 "/%" PRId64, t->organization_id, t->profile_id);
	detail = json_pack("{s:I, s:s}", "delta", (json_int_t)t->delta, "reason", t->reason);
	ok = audit_append(tx, t->who, t->organization_id, "quota.top_up", object, detail, e);
	json_decref(detail);
	if (!ok || !quota_get(tx, t->organization_id, t->profile_id, &t->after, e))
		return false;
	/* The account's row is ours until the end, so the newest of its entries is the one just made. */
	return t->arena == NULL || store_quota_entry_list(tx, t->organization_id, t->profile_id, 0, 1, t->arena,
	    &t->entry, &t->entries, e);
}

static bool
top_up(const struct app *app, struct top_up *t, struct err *e)
{
	if (!actor_may(t->who, RIGHT_OPERATE, e))
		return false;
	if (!text_name_ok(t->reason, 500))
		return err_set(e, ERR_INVALID, "quota_reason",
		    "the reason has 1 to 500 characters, no control characters");
	if (t->delta == 0 || t->delta > INT64_C(1000000000000) || t->delta < -INT64_C(1000000000000))
		return err_set(e, ERR_INVALID, "quota_delta", "the change is not 0 and below a million million");
	return app_tx(app, DB_WRITE, top_up_tx, t, e);
}

bool
quota_top_up(const struct app *app, const struct actor *who, int64_t organization_id, int64_t profile_id,
    int64_t delta, const char *reason, struct quota *after, struct err *e)
{
	struct top_up t = { .who = who,
		.organization_id = organization_id,
		.profile_id = profile_id,
		.delta = delta,
		.reason = reason };

	if (!top_up(app, &t, e))
		return false;
	*after = t.after;
	return true;
}

bool
quota_book(const struct app *app, const struct actor *who, int64_t organization_id, int64_t profile_id,
    int64_t delta, const char *reason, struct arena *a, struct quota_entry *made, struct err *e)
{
	struct top_up t = { .who = who,
		.organization_id = organization_id,
		.profile_id = profile_id,
		.delta = delta,
		.reason = reason,
		.arena = a };

	if (!top_up(app, &t, e))
		return false;
	*made = t.entry[0];
	return true;
}
