#include "store/batch.h"

#include "store/batch_row.h"

bool
store_batch_add(struct db *tx, const struct batch *b, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO batch (id, organization_id, profile_id, profile_version, parameters, parameters_version,"
	    " method, name, name_fold, size, state, version, packaging, p12_salt, created_at, created_by,"
	    " created_by_name, staged_until, sealed, changed_at)"
	    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12, $13, $14, $15, $16, $17, $18, $14)";
	OWN(arena_free) struct arena *a = arena_new(4096);

	if (!db_run(tx, sql,
		ARGS(arg_int(b->id), arg_int(b->organization_id), arg_int(b->profile_id),
		    arg_int(b->profile_version), arg_text(b->parameters), arg_int(b->parameters_version),
		    arg_text(b->method), arg_text(b->name), arg_text(query_fold(a, b->name)),
		    arg_int(b->size), arg_text(b->state), arg_text(b->packaging), arg_blob(b->p12_salt, 32),
		    arg_int(b->created_at), arg_int(b->created_by), arg_text(b->created_by_name),
		    arg_int(b->staged_until), arg_int(b->sealed)),
		NULL, e))
		return err_in(e, "batch %lld", (long long)b->id);
	return true;
}

bool
store_batch_get(struct db *db, int64_t id, struct arena *a, struct batch *b, bool *found, struct err *e)
{
	static const char sql[] = "SELECT " BATCH_COLUMNS BATCH_FROM " WHERE b.id = $1";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	if (!db_query(db, sql, ARGS(arg_int(id)), &rows, e))
		return err_in(e, "batch %lld", (long long)id);
	*found = db_next(rows, e);
	if (*found)
		batch_read(rows, a, b);
	return e->kind == ERR_NONE;
}

bool
store_batch_move(struct db *tx, struct batch *b, const char *to, int64_t at, struct err *e)
{
	static const char sql[] =
	    "UPDATE batch SET state = $3, version = version + 1, changed_at = $4 WHERE id = $1 AND version = $2"
	    " RETURNING version, succeeded, failed, revoked, slices_left, charged, rest, rest_next";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	if (!db_query(tx, sql, ARGS(arg_int(b->id), arg_int(b->version), arg_text(to), arg_int(at)), &rows, e))
		return err_in(e, "batch %lld", (long long)b->id);
	if (!db_next(rows, e))
		return e->kind != ERR_NONE ? false : err_set(e, ERR_RETRY, "batch_moved",
		    "batch %lld changed meanwhile", (long long)b->id);
	b->version = db_int(rows, 0);
	b->succeeded = db_int(rows, 1);
	b->failed = db_int(rows, 2);
	b->revoked = db_int(rows, 3);
	b->slices_left = db_int(rows, 4);
	b->charged = db_int(rows, 5);
	b->state = to;
	b->changed_at = at;
	return true;
}

/* An update of one row by id. */
static bool
set(struct db *tx, const char *sql, struct db_args args, struct err *e)
{
	int64_t changed;

	if (!db_run(tx, sql, args, &changed, e))
		return err_in(e, "batch %lld", (long long)args.v[0].i);
	if (changed != 1)
		return err_set(e, ERR_NOT_FOUND, "batch", "there is no batch %lld", (long long)args.v[0].i);
	return true;
}

bool
store_staging_lost(struct err *e)
{
	(void)err_set(e, ERR_UNAVAILABLE, "staging_lost", "the order took too long and was given up; nothing was ordered");
	e->retry_after_s = 1;
	return false;
}

bool
store_batch_staging_keep(struct db *tx, int64_t id, int64_t until, struct err *e)
{
	static const char sql[] =
	    "UPDATE batch SET staged_until = $2 WHERE id = $1 AND state = 'pending_creation' AND rest = 'none'";
	int64_t changed;

	if (!db_run(tx, sql, ARGS(arg_int(id), arg_int(until)), &changed, e))
		return err_in(e, "staging %lld", (long long)id);
	return changed == 1 || store_staging_lost(e);
}

bool
store_batch_give_up(struct db *tx, int64_t id, struct err *e)
{
	static const char sql[] =
	    "UPDATE batch SET rest = 'sweep', rest_next = 0"
	    " WHERE id = $1 AND state = 'pending_creation' AND rest = 'none'";

	return db_run(tx, sql, ARGS(arg_int(id)), NULL, e) || err_in(e, "staging %lld", (long long)id);
}

bool
store_batch_accepted(struct db *tx, int64_t id, int64_t charged, int64_t slices, struct err *e)
{
	static const char sql[] =
	    "UPDATE batch SET charged = $2, slices_left = $3, staged_until = 0, rest_next = 0"
	    " WHERE id = $1 AND rest = 'none'";
	int64_t changed;

	if (!db_run(tx, sql, ARGS(arg_int(id), arg_int(charged), arg_int(slices)), &changed, e))
		return err_in(e, "batch %lld", (long long)id);
	/* A sweeper may have taken it since it was looked at. */
	return changed == 1 || store_staging_lost(e);
}

bool
store_batch_ready(struct db *tx, int64_t id, int64_t ready_at, int64_t expires_at, struct err *e)
{
	return set(tx, "UPDATE batch SET ready_at = $2, expires_at = $3, sealed = 0 WHERE id = $1",
	    ARGS(arg_int(id), arg_int(ready_at), expires_at == 0 ? arg_null() : arg_int(expires_at)), e);
}

bool
store_batch_downloaded(struct db *tx, int64_t id, int64_t at, struct err *e)
{
	return set(tx, "UPDATE batch SET downloaded_at = $2 WHERE id = $1", ARGS(arg_int(id), arg_int(at)), e);
}

bool
store_batch_revoked(struct db *tx, int64_t id, int64_t at, int64_t reason, struct err *e)
{
	return set(tx, "UPDATE batch SET revoked_at = $2, revoke_reason = $3 WHERE id = $1",
	    ARGS(arg_int(id), arg_int(at), arg_int(reason)), e);
}

bool
store_batch_purged(struct db *tx, int64_t id, int64_t at, struct err *e)
{
	return set(tx, "UPDATE batch SET purged_at = $2 WHERE id = $1", ARGS(arg_int(id), arg_int(at)), e);
}

bool
store_batch_charged(struct db *tx, int64_t id, int64_t charged, struct err *e)
{
	return set(tx, "UPDATE batch SET charged = $2 WHERE id = $1", ARGS(arg_int(id), arg_int(charged)), e);
}

bool
store_batch_sealed(struct db *tx, int64_t id, bool sealed, struct err *e)
{
	return set(tx, "UPDATE batch SET sealed = $2 WHERE id = $1", ARGS(arg_int(id), arg_int(sealed)), e);
}

bool
store_batch_staging(
    struct db *tx, int64_t id, int64_t chunk, int64_t size, int64_t until, bool *again, struct err *e)
{
	/* Until it is a batch, rest_next counts the chunks. */
	static const char sql[] =
	    "UPDATE batch SET size = $2, staged_until = $3, rest_next = $4"
	    " WHERE id = $1 AND state = 'pending_creation' AND rest = 'none' AND rest_next = $4 - 1";
	static const char seen[] =
	    "SELECT rest_next FROM batch WHERE id = $1 AND state = 'pending_creation' AND rest = 'none'";
	int64_t changed, last;
	bool found;

	*again = false;
	if (!db_run(tx, sql, ARGS(arg_int(id), arg_int(size), arg_int(until), arg_int(chunk)), &changed, e))
		return err_in(e, "staging %lld", (long long)id);
	if (changed == 1)
		return true;
	if (!db_get_int(tx, seen, ARGS(arg_int(id)), &last, &found, e))
		return false;
	*again = found && last == chunk;
	return *again || store_staging_lost(e);
}

bool
store_batch_progress(struct db *tx, int64_t id, int64_t succeeded, int64_t failed, int64_t at, struct batch *now,
    bool *found, struct err *e)
{
	static const char sql[] =
	    "UPDATE batch SET succeeded = succeeded + $2, failed = failed + $3, charged = charged - $3,"
	    " slices_left = slices_left - 1, changed_at = $4"
	    " WHERE id = $1 AND state = 'pending_issue' RETURNING succeeded, failed, charged, slices_left, "
	    "version";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	if (!db_query(tx, sql, ARGS(arg_int(id), arg_int(succeeded), arg_int(failed), arg_int(at)), &rows, e))
		return err_in(e, "progress of batch %lld", (long long)id);
	*found = db_next(rows, e);
	if (!*found)
		return e->kind == ERR_NONE;
	now->succeeded = db_int(rows, 0);
	now->failed = db_int(rows, 1);
	now->charged = db_int(rows, 2);
	now->slices_left = db_int(rows, 3);
	now->version = db_int(rows, 4);
	return true;
}

bool
store_batch_add_revoked(struct db *tx, int64_t id, int64_t n, int64_t at, int64_t *revoked, struct err *e)
{
	static const char sql[] =
	    "UPDATE batch SET revoked = revoked + $2, changed_at = $3 WHERE id = $1 RETURNING revoked";
	bool found;

	if (!db_get_int(tx, sql, ARGS(arg_int(id), arg_int(n), arg_int(at)), revoked, &found, e))
		return err_in(e, "batch %lld", (long long)id);
	return found ? true : err_set(e, ERR_NOT_FOUND, "batch", "there is no batch %lld", (long long)id);
}

bool
store_batch_rest(struct db *tx, int64_t id, const char *rest, int64_t next, struct err *e)
{
	return set(tx, "UPDATE batch SET rest = $2, rest_next = $3 WHERE id = $1",
	    ARGS(arg_int(id), arg_text(rest), arg_int(next)), e);
}

bool
store_batch_rest_step(struct db *tx, int64_t id, const char *rest, int64_t next, int64_t to, bool *taken,
    struct err *e)
{
	static const char sql[] =
	    "UPDATE batch SET rest_next = $4 WHERE id = $1 AND rest = $2 AND rest_next = $3";
	int64_t changed;

	if (!db_run(tx, sql, ARGS(arg_int(id), arg_text(rest), arg_int(next), arg_int(to)), &changed, e))
		return err_in(e, "rest of batch %lld", (long long)id);
	*taken = changed == 1;
	return true;
}

bool
store_batch_rest_find(struct db *db, int64_t *id, bool *found, struct err *e)
{
	return db_get_int(
	    db, "SELECT id FROM batch WHERE rest <> 'none' ORDER BY id LIMIT 1", NO_ARGS, id, found, e);
}

#define STAGED_OVER \
	"state = 'pending_creation' AND rest = 'none' AND (staged_until < $1 OR staged_until > $2)"

bool
store_batch_staging_expire(struct db *tx, int64_t now, int64_t *id, bool *found, struct err *e)
{
	static const char sql[] =
	    "UPDATE batch SET rest = 'sweep', rest_next = 0 WHERE id IN (SELECT id FROM batch"
	    " WHERE " STAGED_OVER " ORDER BY staged_until LIMIT 1) AND " STAGED_OVER " RETURNING id";

	return db_get_int(tx, sql, ARGS(arg_int(now), arg_int(now + BATCH_STAGED_FAR_S)), id, found, e);
}

bool
store_batch_staging_find(struct db *db, int64_t now, bool *found, struct err *e)
{
	static const char sql[] = "SELECT id FROM batch WHERE " STAGED_OVER " LIMIT 1";
	int64_t id;

	return db_get_int(db, sql, ARGS(arg_int(now), arg_int(now + BATCH_STAGED_FAR_S)), &id, found, e);
}

bool
store_batch_expired_find(struct db *db, int64_t now, int64_t *id, bool *found, struct err *e)
{
	static const char sql[] =
	    "SELECT id FROM batch WHERE expires_at <= $1 AND purged_at IS NULL AND expires_at IS NOT NULL"
	    " AND rest = 'none' ORDER BY expires_at LIMIT 1";

	return db_get_int(db, sql, ARGS(arg_int(now)), id, found, e);
}

bool
store_batch_drop(struct db *tx, int64_t id, struct err *e)
{
	return db_run(tx, "DELETE FROM slice WHERE batch_id = $1", ARGS(arg_int(id)), NULL, e) &&
	    db_run(tx, "DELETE FROM batch_secret WHERE batch_id = $1", ARGS(arg_int(id)), NULL, e) &&
	    db_run(tx, "DELETE FROM batch_event WHERE batch_id = $1", ARGS(arg_int(id)), NULL, e) &&
	    db_run(tx, "DELETE FROM idempotency WHERE batch_id = $1", ARGS(arg_int(id)), NULL, e) &&
	    db_run(tx, "DELETE FROM batch WHERE id = $1", ARGS(arg_int(id)), NULL, e);
}

bool
store_batch_active(struct db *db, int64_t organization_id, int64_t *n, struct err *e)
{
	/* Down the index of the organization's states, not through other tenants' work. */
	static const char sql[] =
	    "SELECT count(*) FROM batch WHERE organization_id = $1 AND state = 'pending_issue'";
	bool found;

	return db_get_int(db, sql, ARGS(arg_int(organization_id)), n, &found, e);
}

bool
store_batch_state(struct db *db, int64_t id, struct arena *a, const char **state, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*state = NULL;
	if (!db_query(db, "SELECT state FROM batch WHERE id = $1", ARGS(arg_int(id)), &rows, e))
		return false;
	if (db_next(rows, e))
		*state = db_text_in(rows, 0, a);
	return e->kind == ERR_NONE;
}
