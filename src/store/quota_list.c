#include "store/quota.h"

#include "store/query.h"

static bool
read_lines(struct db *db, const struct query *q, int64_t limit, struct arena *a, struct quota_line **out, size_t *n,
    struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct quota_line *list = arena_array(a, (size_t)limit, sizeof(*list));
	size_t count = 0;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "quota_lines", "too many profiles asked for");
	if (!query_run(db, q, &rows, e))
		return err_in(e, "quota lines");
	while (count < (size_t)limit && db_next(rows, e))
		list[count++] = (struct quota_line){ .profile_id = db_int(rows, 0), .profile_name = db_text_in(rows, 1, a),
		    .quota = { .allocated = db_int(rows, 2), .ordered = db_int(rows, 3), .issued = db_int(rows, 4),
		    .granted_at = db_int(rows, 5), .revoked_at = db_int(rows, 6) } };
	if (e->kind != ERR_NONE)
		return false;
	*out = list;
	*n = count;
	return true;
}

bool
store_quota_lines(struct db *db, int64_t organization_id, int64_t profile_id, int64_t after, int64_t limit,
    struct arena *a, struct quota_line **out, size_t *n, struct err *e)
{
	OWN_QUERY struct query q = { 0 };

	query_add(&q, "SELECT q.profile_id, p.name, q.allocated, q.ordered, q.issued, q.granted_at, q.revoked_at"
	    " FROM quota q JOIN profile p ON p.id = q.profile_id WHERE q.organization_id = ? AND q.profile_id > ?",
	    ARGS(arg_int(organization_id), arg_int(after)));
	if (profile_id != 0)
		query_add(&q, " AND q.profile_id = ?", ARGS(arg_int(profile_id)));
	query_add(&q, " ORDER BY q.profile_id LIMIT ?", ARGS(arg_int(limit)));
	return read_lines(db, &q, limit, a, out, n, e);
}

bool
store_quota_lines_count(struct db *db, int64_t organization_id, int64_t *n, struct err *e)
{
	bool found;

	return db_get_int(db, "SELECT count(*) FROM quota WHERE organization_id = $1", ARGS(arg_int(organization_id)), n,
	    &found, e);
}

bool
store_quota_sums(struct db *db, int64_t profile_id, int64_t limit, struct arena *a, struct quota_line **out, size_t *n,
    struct err *e)
{
	OWN_QUERY struct query q = { 0 };

	query_add(&q, "SELECT p.id, p.name, CAST(SUM(q.allocated) AS BIGINT), CAST(SUM(q.ordered) AS BIGINT),"
	    " CAST(SUM(q.issued) AS BIGINT), MIN(q.granted_at), 0 FROM profile p JOIN quota q ON q.profile_id = p.id"
	    " WHERE q.revoked_at IS NULL", NO_ARGS);
	if (profile_id != 0)
		query_add(&q, " AND p.id = ?", ARGS(arg_int(profile_id)));
	query_add(&q, " GROUP BY p.id, p.name ORDER BY p.id LIMIT ?", ARGS(arg_int(limit)));
	return read_lines(db, &q, limit, a, out, n, e);
}
