#include "store/quota.h"

#include "store/organization.h"
#include "store/tally.h"

bool
store_quota_get(struct db *db, int64_t organization_id, int64_t profile_id, struct quota_row *q, bool *found,
    struct err *e)
{
	static const char sql[] =
	    "SELECT allocated, ordered, issued, granted_at, revoked_at FROM quota"
	    " WHERE organization_id = $1 AND profile_id = $2";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	if (!db_query(db, sql, ARGS(arg_int(organization_id), arg_int(profile_id)), &rows, e))
		return err_in(e, "quota");
	*found = db_next(rows, e);
	if (*found) {
		*q = (struct quota_row){ .allocated = db_int(rows, 0), .ordered = db_int(rows, 1),
		    .issued = db_int(rows, 2), .granted_at = db_int(rows, 3), .revoked_at = db_int(rows, 4) };
	}
	return e->kind == ERR_NONE;
}

bool
store_quota_order(
    struct db *tx, int64_t organization_id, int64_t profile_id, int64_t n, bool *enough, struct err *e)
{
	/* The condition is looked at under the row's lock: two orders at once can't both see the last one. */
	static const char sql[] =
	    "UPDATE quota SET ordered = ordered + $3 WHERE organization_id = $1 AND profile_id = $2"
	    " AND allocated - ordered >= $3 AND revoked_at IS NULL";
	int64_t changed;

	if (!db_run(tx, sql, ARGS(arg_int(organization_id), arg_int(profile_id), arg_int(n)), &changed, e))
		return err_in(e, "quota");
	*enough = changed == 1;
	return true;
}

bool
store_quota_move(struct db *tx, int64_t organization_id, int64_t profile_id, int64_t allocated, int64_t ordered,
    int64_t issued, bool *ok, struct err *e)
{
	static const char sql[] =
	    "UPDATE quota SET allocated = allocated + $3, ordered = ordered + $4, issued = issued + $5"
	    " WHERE organization_id = $1 AND profile_id = $2 AND ordered + $4 >= 0 AND issued + $5 >= 0"
	    " AND allocated + $3 >= ordered + $4";
	int64_t changed;

	if (!db_run(tx, sql,
		ARGS(arg_int(organization_id), arg_int(profile_id), arg_int(allocated), arg_int(ordered),
		    arg_int(issued)),
		&changed, e))
		return err_in(e, "quota");
	*ok = changed == 1;
	return true;
}

bool
store_quota_entry_add(struct db *tx, const struct quota_entry *q, struct err *e)
{
	static const char sql[] = "INSERT INTO quota_entry (id, organization_id, profile_id, kind, "
				  "allocated, ordered, issued, batch_id,"
				  " reason, actor, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
	int64_t id;

	if (!store_counter_take(tx, "quota_entry", 1, &id, e))
		return false;
	if (!db_run(tx, sql,
		ARGS(arg_int(id), arg_int(q->organization_id), arg_int(q->profile_id), arg_text(q->kind),
		    arg_int(q->allocated), arg_int(q->ordered), arg_int(q->issued),
		    q->batch_id == 0 ? arg_null() : arg_int(q->batch_id), arg_text(q->reason),
		    arg_text(q->actor), arg_int(q->at)),
		NULL, e))
		return err_in(e, "quota entry");
	return store_tally_add(tx, TALLY_ORDERED, q->organization_id, q->profile_id, q->at, q->ordered, e);
}

bool
store_quota_entry_grow(struct db *tx, const struct quota_entry *q, struct err *e)
{
	static const char sql[] = "UPDATE quota_entry SET allocated = allocated + $3, ordered = ordered + "
				  "$4, issued = issued + $5, at = $6"
				  " WHERE batch_id = $1 AND kind = $2";
	int64_t changed;

	if (!db_run(tx, sql,
		ARGS(arg_int(q->batch_id), arg_text(q->kind), arg_int(q->allocated), arg_int(q->ordered),
		    arg_int(q->issued), arg_int(q->at)),
		&changed, e))
		return err_in(e, "quota entry");
	if (changed == 0)
		return store_quota_entry_add(tx, q, e);
	return store_tally_add(tx, TALLY_ORDERED, q->organization_id, q->profile_id, q->at, q->ordered, e);
}

bool
store_quota_entry_list(struct db *db, int64_t organization_id, int64_t profile_id, int64_t before, int64_t limit,
    struct arena *a, struct quota_entry **out, size_t *n, struct err *e)
{
	static const char sql[] =
	    "SELECT id, kind, allocated, ordered, issued, batch_id, reason, actor, at FROM quota_entry"
	    " WHERE organization_id = $1 AND profile_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct quota_entry *list = arena_array(a, (size_t)limit, sizeof(*list));
	size_t count = 0;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "quota_entries", "too many entries asked for");
	if (!db_query(db, sql, ARGS(arg_int(organization_id), arg_int(profile_id),
	    arg_int(before == 0 ? INT64_MAX : before), arg_int(limit)), &rows, e))
		return err_in(e, "quota entries");
	while (count < (size_t)limit && db_next(rows, e)) {
		list[count++] = (struct quota_entry){ .id = db_int(rows, 0), .organization_id = organization_id,
		    .profile_id = profile_id, .kind = db_text_in(rows, 1, a), .allocated = db_int(rows, 2),
		    .ordered = db_int(rows, 3), .issued = db_int(rows, 4), .batch_id = db_int(rows, 5),
		    .reason = db_text_in(rows, 6, a), .actor = db_text_in(rows, 7, a), .at = db_int(rows, 8) };
	}
	if (e->kind != ERR_NONE)
		return false;
	*out = list;
	*n = count;
	return true;
}

bool
store_quota_entry_count(struct db *db, int64_t organization_id, int64_t profile_id, int64_t *n, struct err *e)
{
	bool found;

	return db_get_int(db, "SELECT count(*) FROM quota_entry WHERE organization_id = $1 AND profile_id = $2",
	    ARGS(arg_int(organization_id), arg_int(profile_id)), n, &found, e);
}
