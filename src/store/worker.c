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

bool
store_worker_hosts(struct db *db, const char *host, int64_t now, struct arena *a, struct worker_host **out, size_t *n,
    struct err *e)
{
	static const char sql[] =
	    "SELECT h.host, COALESCE((SELECT b.at FROM worker_beat b WHERE b.host = h.host), 0),"
	    " (SELECT COUNT(*) FROM worker_key k WHERE k.host = h.host AND k.retired_at IS NULL),"
	    " (SELECT COUNT(*) FROM slice s WHERE s.state = 'queued' AND s.lease_until_s >= $2"
	    "  AND substr(s.lease_owner, 1, length(h.host) + 1) = h.host || ' '),"
	    " (SELECT COUNT(DISTINCT x.batch_id) FROM worker_key k JOIN batch_secret x ON x.worker_key_id = k.id"
	    "  WHERE k.host = h.host AND NOT EXISTS (SELECT 1 FROM batch_secret y JOIN worker_key o ON o.id = y.worker_key_id"
	    "   WHERE y.batch_id = x.batch_id AND o.host <> h.host)),"
	    " (SELECT COUNT(*) FROM worker_key k JOIN pool_key p ON p.worker_key_id = k.id WHERE k.host = h.host),"
	    " (SELECT COUNT(*) FROM plan_left l WHERE l.host = h.host)"
	    " FROM (SELECT host FROM worker_beat UNION SELECT host FROM worker_key UNION SELECT host FROM plan_left) h"
	    " WHERE $1 = '' OR h.host = $1 ORDER BY h.host LIMIT 4096";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct worker_host *list = NULL;
	size_t count = 0, cap = 0;

	if (!db_query(db, sql, ARGS(arg_text(host == NULL ? "" : host), arg_int(now)), &rows, e))
		return err_in(e, "worker hosts");
	while (db_next(rows, e)) {
		if (count == cap) {
			struct worker_host *more = arena_array(a, cap = 2 * cap + 8, sizeof(*more));

			if (more == NULL)
				return err_set(e, ERR_TOO_LARGE, "worker_hosts", "too many worker hosts");
			for (size_t i = 0; i < count; i++)
				more[i] = list[i];
			list = more;
		}
		list[count++] = (struct worker_host){ .name = db_text_in(rows, 0, a), .beat_at = db_int(rows, 1),
		    .keys = db_int(rows, 2), .leases = db_int(rows, 3), .alone = db_int(rows, 4), .pool = db_int(rows, 5),
		    .plans = db_int(rows, 6) };
	}
	*out = list;
	*n = count;
	return e->kind == ERR_NONE || err_in(e, "worker hosts");
}

bool
store_worker_forget(struct db *tx, const char *host, struct err *e)
{
	static const char *const sql[] = {
		"UPDATE slice SET lease_owner = NULL, lease_until_s = 0, version = version + 1"
		" WHERE state = 'queued' AND substr(lease_owner, 1, length($1) + 1) = $1 || ' '",
		"DELETE FROM batch_secret WHERE worker_key_id IN (SELECT id FROM worker_key WHERE host = $1)",
		"DELETE FROM pool_key WHERE worker_key_id IN (SELECT id FROM worker_key WHERE host = $1)",
		"DELETE FROM pool_seal WHERE worker_key_id IN (SELECT id FROM worker_key WHERE host = $1)",
		"DELETE FROM worker_key WHERE host = $1",
		"DELETE FROM worker_beat WHERE host = $1",
	};

	for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]); i++)
		if (!db_run(tx, sql[i], ARGS(arg_text(host)), NULL, e))
			return err_in(e, "worker host %.60s", host);
	return true;
}
