#include "store/worker.h"

bool
store_worker_beat(struct db *tx, const char *host, int64_t at, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO worker_beat (host, at) VALUES ($1, $2) ON CONFLICT (host) DO UPDATE SET at = excluded.at";

	return db_run(tx, sql, ARGS(arg_text(host), arg_int(at)), NULL, e) || err_in(e, "sign of life of %.40s", host);
}

bool
store_worker_alive(struct db *db, int64_t from, int64_t to, bool *alive, struct err *e)
{
	int64_t one;

	return db_get_int(db, "SELECT 1 FROM worker_beat WHERE at >= $1 AND at <= $2 LIMIT 1",
	    ARGS(arg_int(from), arg_int(to)), &one, alive, e);
}
