#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "domain/audit/audit.h"
#include "domain/batch/batch.h"
#include "domain/order/fair.h"
#include "domain/profile/profile.h"
#include "domain/quota/quota.h"
#include "store/idempotency.h"
#include "store/slice.h"

/* How far the rest of a reject or revoke is carried through before the answer: small batches are whole then. */
#define PIECES_AT_ONCE 4
#define SCRATCH_MAX ((size_t)1024 * 1024)

struct act {
	const struct app	*app;
	const struct actor	*who;
	int64_t			 id;
	int			 reason;
	const char		*range;
	struct arena		*arena;
	struct batch		*b;
};

/* ---- approve ---- */

static bool
approve_tx(struct db *tx, void *arg, struct err *e)
{
	struct act *t = arg;
	int64_t first, step;

	if (!batch_find_in(tx, t->who, t->id, t->arena, t->b, e))
		return false;
	if (t->b->organization_id != t->who->organization_id)
		return err_set(e, ERR_NOT_FOUND, "batch", "there is no batch %" PRId64, t->id);
	if (batch_state_parse(t->b->state) == BATCH_PENDING_APPROVAL && t->b->created_by == t->who->user_id)
		return err_set(e, ERR_CONFLICT, "own_order",
		    "an order is approved by another user than the one who made it");
	return fair_turns(tx, t->b->organization_id, &first, &step, e) &&
	    batch_step(tx, t->who, t->b, BATCH_APPROVE, NULL, e) &&
	    store_slice_queue(tx, t->id, first, step, e);
}

bool
batch_approve(const struct app *app, const struct actor *who, int64_t id, struct arena *a, struct batch *b,
    struct err *e)
{
	struct act t = { .app = app, .who = who, .id = id, .arena = a, .b = b };

	return actor_may(who, RIGHT_ORDER, e) && app_tx(app, DB_WRITE, approve_tx, &t, e);
}

/* ---- reject ---- */

static bool
reject_tx(struct db *tx, void *arg, struct err *e)
{
	struct act *t = arg;
	struct batch *b = t->b;
	int64_t now = clock_now_s();

	/* Slices before the batch: workers that store take their locks in this order too. */
	if (!batch_find_in(tx, t->who, t->id, t->arena, b, e) ||
	    !store_slice_void(tx, t->id, e) ||
	    !batch_step(tx, t->who, b, BATCH_REJECT, NULL, e))
		return false;
	/* The numbers are those of after the move: failed ones were credited, and are not again. */
	if (!quota_credit_reject(
		tx, t->who, b->organization_id, b->profile_id, b->id, b->charged, b->succeeded, e) ||
	    !store_batch_charged(tx, b->id, 0, e) || !store_batch_secret_drop(tx, b->id, e) ||
	    !store_idempotency_open(tx, b->organization_id, b->id, e) ||
	    !store_batch_sealed(tx, b->id, false, e) ||
	    !store_batch_revoked(tx, b->id, now, REASON_CESSATION_OF_OPERATION, e) ||
	    !store_batch_purged(tx, b->id, now, e))
		return false;
	return store_batch_rest(tx, b->id, "reject", -1, e);
}

static void
rest_now(const struct app *app, int64_t id)
{
	struct err e = { 0 };

	/* The state has changed already; what fails here, the workers' housekeeping does. */
	if (!batch_rest_run(app, id, PIECES_AT_ONCE, &e))
		log_err("batch.rest", &e);
}

bool
batch_reject(const struct app *app, const struct actor *who, int64_t id, struct arena *a, struct batch *b,
    struct err *e)
{
	struct act t = { .app = app, .who = who, .id = id, .arena = a, .b = b };

	if (!actor_may(who, RIGHT_ORDER, e) || !app_tx(app, DB_WRITE, reject_tx, &t, e))
		return false;
	rest_now(app, id);
	return true;
}

/* ---- revoke ---- */

int
revocation_reason(const char *name)
{
	return reason_find(name);
}

const char *
revocation_reason_name(int reason)
{
	return reason_name(reason);
}

bool
revocation_reason_ok(const struct actor *who, unsigned profile_reasons, int reason, struct err *e)
{
	static const unsigned customers = 1u << REASON_UNSPECIFIED | 1u << REASON_KEY_COMPROMISE |
	    1u << REASON_AFFILIATION_CHANGED | 1u << REASON_SUPERSEDED | 1u << REASON_CESSATION_OF_OPERATION;
	const char *name = reason_name(reason);

	if (reason < 0 || reason > 10 || name == NULL)
		return err_set(e, ERR_INVALID, "reason", "there is no such reason");
	if (reason == REASON_PRIVILEGE_WITHDRAWN) {
		if ((who->rights & RIGHT_OPERATE) != 0)
			return true;
		return err_set(e, ERR_INVALID, "reason", "%s is for operators", name);
	}
	if ((customers & (1u << reason)) == 0)
		return err_set(e, ERR_INVALID, "reason", "%s is not offered", name);
	if (profile_reasons != 0 && (profile_reasons & (1u << reason)) == 0 && (who->rights & RIGHT_OPERATE) == 0)
		return err_set(e, ERR_INVALID, "reason", "this profile does not allow %s", name);
	return true;
}

static bool
revoke_tx(struct db *tx, void *arg, struct err *e)
{
	struct act *t = arg;
	const struct profile *doc;
	int64_t now = clock_now_s();
	json_t *detail;
	bool ok;

	if (!batch_find_in(tx, t->who, t->id, t->arena, t->b, e) ||
	    !profile_document(t->app, tx, t->b->profile_id, t->b->profile_version, &doc, e) ||
	    !revocation_reason_ok(t->who, profile_about(doc)->reasons, t->reason, e))
		return false;
	detail = json_pack("{s:s}", "reason", reason_name(t->reason));
	ok = batch_step(tx, t->who, t->b, BATCH_REVOKE, detail, e);
	json_decref(detail);
	return ok && store_batch_revoked(tx, t->id, now, t->reason, e) && store_batch_purged(tx, t->id, now, e) &&
	    store_batch_rest(tx, t->id, "revoke", -1, e);
}

bool
batch_revoke(const struct app *app, const struct actor *who, int64_t id, int reason, struct arena *a,
    struct batch *b, struct err *e)
{
	struct act t = { .app = app, .who = who, .id = id, .reason = reason, .arena = a, .b = b };

	if (!actor_may(who, RIGHT_REVOKE, e) || !app_tx(app, DB_WRITE, revoke_tx, &t, e))
		return false;
	rest_now(app, id);
	return batch_find(app, who, id, a, b, e);
}

/* ---- download ---- */

static bool
download_tx(struct db *tx, void *arg, struct err *e)
{
	struct act *t = arg;
	struct batch b;
	char object[32];
	json_t *detail;
	bool ok;

	if (!batch_find_in(tx, t->who, t->id, t->arena, &b, e))
		return false;
	if (b.organization_id != t->who->organization_id)
		return err_set(e, ERR_NOT_FOUND, "batch", "there is no batch %" PRId64, t->id);
	detail = t->range == NULL ? NULL : json_pack("{s:s?}", "range", t->range);
	if (batch_state_parse(b.state) == BATCH_DOWNLOADED) {
		(void)snprintf(object, sizeof(object), "batch %" PRId64, b.id);
		ok = audit_append(tx, t->who, b.organization_id, "batch.downloaded_again", object, detail, e);
	} else {
		ok = batch_step(tx, t->who, &b, BATCH_DOWNLOAD, detail, e) &&
		    store_batch_downloaded(tx, b.id, clock_now_s(), e);
	}
	json_decref(detail);
	return ok;
}

bool
batch_mark_downloaded(
    const struct app *app, const struct actor *who, int64_t id, const char *range, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct act t = { .app = app, .who = who, .id = id, .range = range, .arena = a };

	return actor_may(who, RIGHT_ORDER, e) && app_tx(app, DB_WRITE, download_tx, &t, e);
}
