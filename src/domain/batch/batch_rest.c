/* What goes on behind a change of state, piece by piece, so that no other writer waits for long. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "domain/audit/audit.h"
#include "domain/batch/batch.h"
#include "store/certificate.h"
#include "store/idempotency.h"
#include "store/slice.h"

#define ITEMS_A_PIECE 4000	/* serial numbers are random: fewer, larger pieces write fewer pages of their index */
#define KEYS_A_PIECE 1000
#define SLICES_A_PIECE 8	/* half a megabyte each */
#define KEY_DAYS 30			/* how long an Idempotency-Key answers */
#define SCRATCH_MAX ((size_t)256 * 1024)

struct rest {
	int64_t		 id;
	bool		 did, over;
	struct batch	 b;
	struct arena	*arena;
};

static bool
over(struct db *tx, struct rest *r, struct err *e)
{
	r->over = true;
	if (strcmp(r->b.rest, "sweep") == 0)
		return store_batch_drop(tx, r->id, e);
	return store_batch_rest(tx, r->id, "none", 0, e);
}

/* Files first: they hold keys.  Places below 0 are slices. */
static bool
files_piece(struct db *tx, struct rest *r, struct err *e)
{
	int64_t from = -1 - r->b.rest_next, next;

	if (!store_slice_file_drop(tx, r->id, from, SLICES_A_PIECE, &next, e))
		return false;
	if (next < 0 && strcmp(r->b.rest, "purge") == 0)
		return over(tx, r, e);
	return store_batch_rest(tx, r->id, r->b.rest, next < 0 ? 0 : -1 - next, e);
}

/* Then the devices' certificates and names. */
static bool
items_piece(struct db *tx, struct rest *r, struct err *e)
{
	int64_t from = r->b.rest_next, to = from + ITEMS_A_PIECE, changed = 0, total;
	bool revoke = strcmp(r->b.rest, "revoke") == 0, sweep = strcmp(r->b.rest, "sweep") == 0, more = false;

	if (!sweep && !store_certificate_revoke_range(tx, r->id, from, to,
			  revoke ? CERTIFICATE_REVOKED : CERTIFICATE_REJECTED, r->b.revoked_at,
			  r->b.revoke_reason, &changed, e))
		return false;
	if (revoke && !store_batch_add_revoked(tx, r->id, changed, clock_now_s(), &total, e))
		return false;
	if (!store_device_name_release(tx, r->id, from, to, e) ||
	    (sweep && !store_item_drop(tx, r->id, from, to, e)))
		return false;
	/* A key that was certified stays in use for ever; one that never was delivered is free again. */
	if (!revoke && !store_key_use_release(tx, r->id, KEYS_A_PIECE, &more, e))
		return false;
	if (to >= r->b.size && !more)
		return over(tx, r, e);
	return store_batch_rest(tx, r->id, r->b.rest, to, e);
}

static bool
piece_tx(struct db *tx, void *arg, struct err *e)
{
	struct rest *r = arg;
	bool found, taken;

	r->did = r->over = false;
	if (!store_batch_get(tx, r->id, r->arena, &r->b, &found, e))
		return false;
	if (!found || strcmp(r->b.rest, "none") == 0) {
		r->over = true;
		return true;
	}
	r->did = true;
	/* Two at once: the second finds the place moved (a write to itself takes the row's lock). */
	if (!store_batch_rest_step(tx, r->id, r->b.rest, r->b.rest_next, r->b.rest_next, &taken, e))
		return false;
	if (!taken)
		return true;
	return r->b.rest_next < 0 ? files_piece(tx, r, e) : items_piece(tx, r, e);
}

bool
batch_rest_run(const struct app *app, int64_t id, int most, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct rest r = { .id = id, .arena = a };

	for (int i = 0; i < most && !r.over; i++) {
		arena_reset(a);
		if (!app_tx(app, DB_WRITE, piece_tx, &r, e))
			return err_in(e, "rest of batch %" PRId64, id);
	}
	return true;
}

static bool
find_rest_tx(struct db *db, void *arg, struct err *e)
{
	struct rest *r = arg;

	return store_batch_rest_find(db, &r->id, &r->did, e);
}

bool
batch_rest_step(const struct app *app, bool *did, struct err *e)
{
	struct rest r = { 0 };

	*did = false;
	if (!app_tx(app, DB_READ, find_rest_tx, &r, e))
		return false;
	*did = r.did;
	return !r.did || batch_rest_run(app, r.id, 1, e);
}

/* ---- results past their days ---- */

static bool
find_expired_tx(struct db *db, void *arg, struct err *e)
{
	struct rest *r = arg;

	return store_batch_expired_find(db, clock_now_s(), &r->id, &r->did, e);
}

static bool
expire_tx(struct db *tx, void *arg, struct err *e)
{
	struct rest *r = arg;
	bool found;

	if (!store_batch_get(tx, r->id, r->arena, &r->b, &found, e))
		return false;
	if (!found || r->b.purged_at != 0 || strcmp(r->b.rest, "none") != 0)
		return true;
	if (batch_next(batch_state_parse(r->b.state), BATCH_EXPIRE) != BATCH_STATES &&
	    !batch_step(tx, &actor_system, &r->b, BATCH_EXPIRE, NULL, e))
		return false;
	return store_batch_purged(tx, r->id, clock_now_s(), e) && store_batch_rest(tx, r->id, "purge", -1, e);
}

bool
batch_expire_step(const struct app *app, bool *did, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct rest r = { .arena = a };

	*did = false;
	if (!app_tx(app, DB_READ, find_expired_tx, &r, e))
		return false;
	*did = r.did;
	return !r.did || app_tx(app, DB_WRITE, expire_tx, &r, e);
}

/* ---- stagings that nobody finished ---- */

static bool
find_staged_tx(struct db *db, void *arg, struct err *e)
{
	struct rest *r = arg;

	return store_batch_staging_find(db, clock_now_s(), &r->did, e);
}

static bool
sweep_tx(struct db *tx, void *arg, struct err *e)
{
	struct rest *r = arg;

	return store_batch_staging_expire(tx, clock_now_s(), &r->id, &r->did, e);
}

bool
batch_sweep(const struct app *app, bool *did, struct err *e)
{
	struct rest r = { 0 };

	*did = false;
	/* Looked at first: nobody's writing waits for a sweep of nothing. */
	if (!app_tx(app, DB_READ, find_staged_tx, &r, e) || (r.did && !app_tx(app, DB_WRITE, sweep_tx, &r, e)))
		return false;
	*did = r.did;
	return true;
}

static bool
find_old_tx(struct db *db, void *arg, struct err *e)
{
	return store_idempotency_old(db, clock_now_s() - INT64_C(86400) * KEY_DAYS, arg, e);
}

static bool
forget_tx(struct db *tx, void *arg, struct err *e)
{
	int64_t *dropped = arg;

	return store_idempotency_sweep(tx, clock_now_s() - INT64_C(86400) * KEY_DAYS, KEYS_A_PIECE, dropped, e);
}

bool
batch_forget_keys(const struct app *app, bool *did, struct err *e)
{
	int64_t dropped = 0;

	if (!app_tx(app, DB_READ, find_old_tx, did, e))
		return false;
	return !*did || app_tx(app, DB_WRITE, forget_tx, &dropped, e);
}
