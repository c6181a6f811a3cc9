/* Audit records by what a reader asks for; each combination of filters runs down an index of its own. */
#include <string.h>

#include "store/audit.h"
#include "store/query.h"

/* "batch." with LIKE's own characters taken for themselves. */
static const char *
prefix(struct arena *a, const char *text)
{
	char *out = arena_alloc(a, 2 * strlen(text) + 2), *p = out;

	if (out == NULL)
		return "";
	for (; *text != '\0'; text++) {
		if (*text == '%' || *text == '_' || *text == '\\')
			*p++ = '\\';
		*p++ = *text;
	}
	*p = '%';
	return out;
}

/* chain: rows are walked by seq, so no other index may look better to the planner. */
static void
filter_add(struct query *q, const struct audit_filter *f, bool chain, struct arena *a)
{
	query_add(q, " FROM audit WHERE TRUE", NO_ARGS);
	if (f->from != 0)
		query_add(q, chain ? " AND +at >= ?" : " AND at >= ?", ARGS(arg_int(f->from)));
	if (f->to != 0)
		query_add(q, chain ? " AND +at <= ?" : " AND at <= ?", ARGS(arg_int(f->to)));
	if (f->organization_id != -1)
		query_add(q, chain ? " AND +organization_id = ?" : " AND organization_id = ?",
		    ARGS(arg_int(f->organization_id)));
	if (f->object != NULL)
		query_add(q, " AND object = ?", ARGS(arg_text(f->object)));
	if (f->actor_part != NULL)
		query_add(q, " AND lower(actor) LIKE ? ESCAPE '\\'", ARGS(arg_text(query_like(a, f->actor_part))));
	if (f->action_prefix != NULL)
		query_add(q, " AND action LIKE ? ESCAPE '\\'", ARGS(arg_text(prefix(a, f->action_prefix))));
}

bool
store_audit_list(struct db *db, const struct audit_filter *f, struct arena *a, struct audit_row **out, size_t *n,
    struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	OWN_QUERY struct query q = { 0 };

	query_add(&q, "SELECT " AUDIT_COLUMNS, NO_ARGS);
	filter_add(&q, f, false, a);
	if (f->before_at != 0)
		query_add(&q, " AND (at, id) < (?, ?)", ARGS(arg_int(f->before_at), arg_text(f->before_id)));
	query_add(&q, " ORDER BY at DESC, id DESC LIMIT ?", ARGS(arg_int(f->limit)));
	if (!query_run(db, &q, &rows, e))
		return err_in(e, "audit records");
	return audit_rows_read(rows, f->limit, a, out, n, e);
}

bool
store_audit_count(struct db *db, const struct audit_filter *f, int64_t most, struct arena *a, int64_t *n,
    struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	OWN_QUERY struct query q = { 0 };

	query_add(&q, "SELECT count(*) FROM (SELECT 1", NO_ARGS);
	filter_add(&q, f, false, a);
	query_add(&q, " LIMIT ?) few", ARGS(arg_int(most)));
	if (!query_run(db, &q, &rows, e))
		return err_in(e, "count of audit records");
	*n = db_next(rows, e) ? db_int(rows, 0) : 0;
	return e->kind == ERR_NONE;
}

bool
store_audit_chained(struct db *db, const struct audit_filter *f, int64_t after, int64_t last, struct arena *a,
    struct audit_row **out, size_t *n, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	OWN_QUERY struct query q = { 0 };

	query_add(&q, "SELECT " AUDIT_COLUMNS, NO_ARGS);
	filter_add(&q, f, true, a);
	query_add(&q, " AND seq IS NOT NULL AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
	    ARGS(arg_int(after), arg_int(last), arg_int(f->limit)));
	if (!query_run(db, &q, &rows, e))
		return err_in(e, "audit records");
	return audit_rows_read(rows, f->limit, a, out, n, e);
}

bool
store_audit_loose(struct db *db, const struct audit_filter *f, struct arena *a, struct audit_row **out, size_t *n,
    struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	OWN_QUERY struct query q = { 0 };

	query_add(&q, "SELECT " AUDIT_COLUMNS, NO_ARGS);
	filter_add(&q, f, false, a);
	query_add(&q, " AND seq IS NULL ORDER BY at, id LIMIT ?", ARGS(arg_int(f->limit)));
	if (!query_run(db, &q, &rows, e))
		return err_in(e, "audit records");
	return audit_rows_read(rows, f->limit, a, out, n, e);
}
