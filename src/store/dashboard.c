#include "store/dashboard.h"

#include "store/batch_row.h"

#define STATES_MAX 16

static void
where_add(struct query *q, int64_t organization_id, int64_t profile_id)
{
	if (organization_id != 0)
		query_add(q, " AND b.organization_id = ?", ARGS(arg_int(organization_id)));
	if (profile_id != 0)
		query_add(q, " AND b.profile_id = ?", ARGS(arg_int(profile_id)));
}

bool
store_batch_states(struct db *db, int64_t organization_id, int64_t profile_id, struct arena *a,
    struct batch_state_count **out, size_t *n, struct err *e)
{
	struct batch_state_count *list = arena_array(a, STATES_MAX, sizeof(*list));
	OWN(db_rows_free) struct db_rows *rows = NULL;
	OWN_QUERY struct query q = { 0 };

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "batch_states", "no room for the states");
	query_add(&q, "SELECT b.state, count(*) FROM batch b WHERE b.state <> 'pending_creation'", NO_ARGS);
	where_add(&q, organization_id, profile_id);
	query_add(&q, " GROUP BY b.state", NO_ARGS);
	if (!query_run(db, &q, &rows, e))
		return err_in(e, "states of batches");
	*n = 0;
	while (*n < STATES_MAX && db_next(rows, e)) {
		list[*n].state = db_text_in(rows, 0, a);
		list[(*n)++].n = db_int(rows, 1);
	}
	*out = list;
	return e->kind == ERR_NONE;
}

bool
store_batch_pick(struct db *db, enum batch_pick pick, int64_t organization_id, int64_t profile_id, int64_t since,
    int64_t limit, struct arena *a, struct batch **out, size_t *n, struct err *e)
{
	static const char *const conditions[] = {
		[PICK_RUNNING] = " WHERE b.state IN ('pending_issue', 'preparing_download', 'pending_approval')",
		[PICK_READY] = " WHERE b.state = 'ready_for_download'",
		[PICK_FAILED] = " WHERE b.state IN ('failed', 'issued_partly')",
	};
	struct batch *list = arena_array(a, (size_t)limit, sizeof(*list));
	OWN(db_rows_free) struct db_rows *rows = NULL;
	OWN_QUERY struct query q = { 0 };

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "batch_pick", "too many batches asked for");
	query_add(&q, "SELECT " BATCH_COLUMNS BATCH_FROM, NO_ARGS);
	query_add(&q, conditions[pick], NO_ARGS);
	where_add(&q, organization_id, profile_id);
	if (since != 0)
		query_add(&q, " AND b.changed_at >= ?", ARGS(arg_int(since)));
	query_add(&q, " ORDER BY b.id DESC LIMIT ?", ARGS(arg_int(limit)));
	if (!query_run(db, &q, &rows, e))
		return err_in(e, "batches that stand out");
	*n = 0;
	while (*n < (size_t)limit && db_next(rows, e))
		batch_read(rows, a, &list[(*n)++]);
	*out = list;
	return e->kind == ERR_NONE;
}
