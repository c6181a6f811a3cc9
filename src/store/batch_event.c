#include "store/batch.h"

bool
store_batch_event_add(struct db *tx, int64_t batch_id, const struct batch_event *v, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO batch_event (batch_id, seq, at, status, user_name, message)"
	    " SELECT $1, coalesce(max(seq), 0) + 1, $2, $3, $4, $5 FROM batch_event WHERE batch_id = $1";

	if (!db_run(tx, sql, ARGS(arg_int(batch_id), arg_int(v->at), arg_text(v->status), arg_text(v->user_name),
	    arg_text(v->message)), NULL, e))
		return err_in(e, "history of batch %lld", (long long)batch_id);
	return true;
}

bool
store_batch_event_list(struct db *db, int64_t batch_id, struct arena *a, struct batch_event **out, size_t *n,
    struct err *e)
{
	/* A batch has a dozen states: its history can't grow past this. */
	static const char sql[] =
	    "SELECT at, status, user_name, message FROM batch_event WHERE batch_id = $1 ORDER BY seq LIMIT 100";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct batch_event *list = arena_array(a, 100, sizeof(*list));
	size_t count = 0;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "history", "no room for the history");
	if (!db_query(db, sql, ARGS(arg_int(batch_id)), &rows, e))
		return err_in(e, "history of batch %lld", (long long)batch_id);
	while (count < 100 && db_next(rows, e)) {
		list[count++] = (struct batch_event){ .at = db_int(rows, 0), .status = db_text_in(rows, 1, a),
		    .user_name = db_text_in(rows, 2, a), .message = db_text_in(rows, 3, a) };
	}
	if (e->kind != ERR_NONE)
		return false;
	*out = list;
	*n = count;
	return true;
}
