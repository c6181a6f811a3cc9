#include "store/batch.h"

bool
store_batch_pair_add(struct db *tx, int64_t first_id, int64_t batch_id, struct err *e)
{
	return db_run(tx, "INSERT INTO batch_pair (first_id, batch_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
	    ARGS(arg_int(first_id), arg_int(batch_id)), NULL, e);
}

bool
store_batch_pair_list(struct db *db, int64_t first_id, size_t limit, int64_t *ids, size_t *n, struct err *e)
{
	static const char sql[] = "SELECT batch_id FROM batch_pair WHERE first_id = $1 ORDER BY batch_id LIMIT $2";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*n = 0;
	if (!db_query(db, sql, ARGS(arg_int(first_id), arg_int((int64_t)limit)), &rows, e))
		return err_in(e, "batches made with %lld", (long long)first_id);
	while (*n < limit && db_next(rows, e))
		ids[(*n)++] = db_int(rows, 0);
	return e->kind == ERR_NONE;
}
