#include "store/batch_row.h"

#include <string.h>

static const char *
text(const struct db_rows *rows, int column, struct arena *a)
{
	const char *s = db_text_in(rows, column, a);

	return s == NULL ? "" : s;
}

void
batch_read(const struct db_rows *rows, struct arena *a, struct batch *b)
{
	const uint8_t *salt;
	size_t len;

	*b = (struct batch){
		.id = db_int(rows, 0),
		.organization_id = db_int(rows, 1),
		.profile_id = db_int(rows, 2),
		.profile_version = db_int(rows, 3),
		.parameters = text(rows, 4, a),
		.parameters_version = db_int(rows, 5),
		.method = text(rows, 6, a),
		.name = text(rows, 7, a),
		.size = db_int(rows, 8),
		.state = text(rows, 9, a),
		.version = db_int(rows, 10),
		.packaging = text(rows, 11, a),
		.created_at = db_int(rows, 13),
		.created_by = db_int(rows, 14),
		.created_by_name = text(rows, 15, a),
		.staged_until = db_int(rows, 16),
		.succeeded = db_int(rows, 17),
		.failed = db_int(rows, 18),
		.revoked = db_int(rows, 19),
		.slices_left = db_int(rows, 20),
		.sealed = db_int(rows, 21) != 0,
		.charged = db_int(rows, 22),
		.ready_at = db_int(rows, 23),
		.downloaded_at = db_int(rows, 24),
		.expires_at = db_int(rows, 25),
		.purged_at = db_int(rows, 26),
		.revoked_at = db_int(rows, 27),
		.revoke_reason = db_int(rows, 28),
		.changed_at = db_int(rows, 29),
		.rest = text(rows, 30, a),
		.rest_next = db_int(rows, 31),
		.organization_name = text(rows, 32, a),
		.profile_name = text(rows, 33, a),
	};
	salt = db_blob(rows, 12, &len);
	if (salt != NULL && len == 32)
		b->p12_salt = arena_memdup(a, salt, len);
}

/* WHERE of the filters. */
static void
filter_add(struct query *q, const struct batch_filter *f, struct arena *a)
{
	query_add(q, " WHERE b.state <> 'pending_creation'", NO_ARGS);
	if (f->organization_id != 0)
		query_add(q, " AND b.organization_id = ?", ARGS(arg_int(f->organization_id)));
	if (f->state != NULL)
		query_add(q, " AND b.state = ?", ARGS(arg_text(f->state)));
	if (f->from != 0)
		query_add(q, " AND b.created_at >= ?", ARGS(arg_int(f->from)));
	if (f->to != 0)
		query_add(q, " AND b.created_at <= ?", ARGS(arg_int(f->to)));
	if (f->min_size != 0)
		query_add(q, " AND b.size >= ?", ARGS(arg_int(f->min_size)));
	if (f->max_size != 0)
		query_add(q, " AND b.size <= ?", ARGS(arg_int(f->max_size)));
	if (f->name_part != NULL)
		query_add(q, " AND b.name_fold LIKE ? ESCAPE '\\'",
		    ARGS(arg_text(query_like(a, query_fold(a, f->name_part)))));
	if (f->id != 0)
		query_add(q, " AND b.id = ?", ARGS(arg_int(f->id)));
	if (f->profile_id != 0)
		query_add(q, " AND b.profile_id = ?", ARGS(arg_int(f->profile_id)));
}

static const char *const sort_columns[] = {
	[BATCH_BY_ID] = "b.id",
	[BATCH_BY_CREATED_AT] = "b.created_at",
	[BATCH_BY_SIZE] = "b.size",
	[BATCH_BY_NAME] = "b.name_fold",
	[BATCH_BY_STATE] = "b.state",
};

static bool
rows_read(struct db_rows *rows, int64_t limit, struct arena *a, struct batch *list, size_t *n, struct err *e)
{
	size_t count = 0;

	while (count < (size_t)limit && db_next(rows, e))
		batch_read(rows, a, &list[count++]);
	*n = count;
	return e->kind == ERR_NONE;
}

/*
 * What follows a row of the list: first those with the same key, then those past it.  In one condition both engines
 * would begin with the first row of that key, and there may be a million of them.
 */
enum part { PART_FIRST, PART_SAME_KEY, PART_PAST_KEY };

static struct db_arg
after_key(const struct batch_filter *f, struct arena *a)
{
	if (f->sort == BATCH_BY_NAME)
		return arg_text(query_fold(a, f->after_text));
	return f->sort == BATCH_BY_STATE ? arg_text(f->after_text) : arg_int(f->after_int);
}

static bool
part_read(struct db *db, const struct batch_filter *f, enum part part, int64_t limit, struct arena *a, struct batch *list,
    size_t *n, struct err *e)
{
	const char *column = sort_columns[f->sort], *way = f->descending ? "DESC" : "ASC";
	const char *past = f->descending ? "<" : ">";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	OWN_QUERY struct query q = { 0 };

	query_add(&q, "SELECT " BATCH_COLUMNS BATCH_FROM, NO_ARGS);
	filter_add(&q, f, a);
	if (part == PART_SAME_KEY && f->sort != BATCH_BY_ID) {
		str_addf(&q.sql, " AND %s", column);
		query_add(&q, " = ?", ARGS(after_key(f, a)));
	}
	if (part == PART_SAME_KEY) {
		str_addf(&q.sql, " AND b.id %s", past);
		query_add(&q, " ?", ARGS(arg_int(f->after_id)));
	} else if (part == PART_PAST_KEY) {
		str_addf(&q.sql, " AND %s %s", column, past);
		query_add(&q, " ?", ARGS(after_key(f, a)));
	}
	if (f->sort == BATCH_BY_ID || part == PART_SAME_KEY)
		str_addf(&q.sql, " ORDER BY b.id %s", way);
	else
		str_addf(&q.sql, " ORDER BY %s %s, b.id %s", column, way, way);
	query_add(&q, " LIMIT ?", ARGS(arg_int(limit)));
	if (!query_run(db, &q, &rows, e))
		return err_in(e, "list of batches");
	return rows_read(rows, limit, a, list, n, e);
}

bool
store_batch_list(struct db *db, const struct batch_filter *f, struct arena *a, struct batch **out, size_t *n,
    struct err *e)
{
	struct batch *list = arena_array(a, (size_t)f->limit, sizeof(*list));
	size_t same = 0, rest = 0;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "batch_list", "too many batches asked for");
	if (!part_read(db, f, f->after ? PART_SAME_KEY : PART_FIRST, f->limit, a, list, &same, e))
		return false;
	if (f->after && f->sort != BATCH_BY_ID && (int64_t)same < f->limit &&
	    !part_read(db, f, PART_PAST_KEY, f->limit - (int64_t)same, a, list + same, &rest, e))
		return false;
	*out = list;
	*n = same + rest;
	return true;
}

bool
store_batch_count(struct db *db, const struct batch_filter *f, struct arena *a, int64_t *n, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	OWN_QUERY struct query q = { 0 };

	query_add(&q, "SELECT count(*) FROM batch b", NO_ARGS);
	filter_add(&q, f, a);
	if (!query_run(db, &q, &rows, e))
		return err_in(e, "count of batches");
	*n = db_next(rows, e) ? db_int(rows, 0) : 0;
	return e->kind == ERR_NONE;
}

bool
store_batch_made(
    struct db *db, int64_t organization_id, int64_t profile_id, int64_t id, int64_t *n, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	OWN_QUERY struct query q = { 0 };

	query_add(&q, "SELECT CAST(coalesce(sum(succeeded), 0) AS BIGINT) FROM batch WHERE 1 = 1", NO_ARGS);
	if (organization_id != 0)
		query_add(&q, " AND organization_id = ?", ARGS(arg_int(organization_id)));
	if (profile_id != 0)
		query_add(&q, " AND profile_id = ?", ARGS(arg_int(profile_id)));
	if (id != 0)
		query_add(&q, " AND id = ?", ARGS(arg_int(id)));
	if (!query_run(db, &q, &rows, e))
		return err_in(e, "certificates of batches");
	*n = db_next(rows, e) ? db_int(rows, 0) : 0;
	return e->kind == ERR_NONE;
}

bool
store_batch_changes(struct db *db, int64_t organization_id, int64_t since, int64_t limit, struct arena *a,
    struct batch **out, size_t *n, struct err *e)
{
	static const char changed[] =
	    "SELECT " BATCH_COLUMNS BATCH_FROM " WHERE b.organization_id = $1 AND b.changed_at >= $2"
	    " AND b.state <> 'pending_creation' ORDER BY b.changed_at, b.id LIMIT $3";
	static const char moving[] =
	    "SELECT " BATCH_COLUMNS BATCH_FROM " WHERE b.organization_id = $1 AND $2 = 0"
	    " AND b.state IN ('pending_approval', 'pending_issue', 'preparing_download')"
	    " ORDER BY b.state, b.id LIMIT $3";
	struct batch *list;
	OWN(db_rows_free) struct db_rows *rows = NULL;

	if (!db_query(db, since == 0 ? moving : changed,
		ARGS(arg_int(organization_id), arg_int(since), arg_int(limit)), &rows, e))
		return err_in(e, "changes of batches");
	list = arena_array(a, (size_t)limit, sizeof(*list));
	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "batch_list", "too many batches asked for");
	*out = list;
	return rows_read(rows, limit, a, list, n, e);
}
