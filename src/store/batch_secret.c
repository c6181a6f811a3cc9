#include "store/batch.h"

bool
store_worker_key_put(struct db *tx, const struct worker_key *k, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO worker_key (id, host, certificate, created_at) VALUES ($1, $2, $3, $4)"
	    " ON CONFLICT (id) DO NOTHING";

	return db_run(tx, sql,
	    ARGS(arg_text(k->id), arg_text(k->host), arg_blob(k->certificate, k->certificate_len),
		arg_int(k->created_at)),
	    NULL, e);
}

bool
store_worker_key_retire(struct db *tx, const char *id, int64_t at, struct err *e)
{
	return db_run(tx, "UPDATE worker_key SET retired_at = $2 WHERE id = $1 AND retired_at IS NULL",
	    ARGS(arg_text(id), arg_int(at)), NULL, e);
}

bool
store_worker_key_drop(struct db *tx, const char *id, bool *dropped, struct err *e)
{
	static const char sql[] =
	    "DELETE FROM worker_key WHERE id = $1 AND retired_at IS NOT NULL"
	    " AND NOT EXISTS (SELECT 1 FROM batch_secret s WHERE s.worker_key_id = $1)"
	    " AND NOT EXISTS (SELECT 1 FROM pool_seal p WHERE p.worker_key_id = $1)";
	int64_t changed;

	if (!db_run(tx, sql, ARGS(arg_text(id)), &changed, e))
		return false;
	*dropped = changed == 1;
	return true;
}

bool
store_worker_key_list(struct db *db, const char *host, bool live, struct arena *a, struct worker_key **out,
    size_t *n, struct err *e)
{
	static const char sql[] =
	    "SELECT id, host, certificate, created_at, retired_at,"
	    " CASE WHEN EXISTS (SELECT 1 FROM batch_secret s WHERE s.worker_key_id = worker_key.id)"
	    " OR EXISTS (SELECT 1 FROM pool_seal p WHERE p.worker_key_id = worker_key.id) THEN 1 ELSE 0 END"
	    " FROM worker_key WHERE ($1 = '' OR host = $1) AND ($2 = 0 OR retired_at IS NULL)"
	    " ORDER BY created_at, id LIMIT 4096";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct worker_key *list = NULL;
	size_t count = 0, cap = 0;

	if (!db_query(db, sql, ARGS(arg_text(host == NULL ? "" : host), arg_int(live)), &rows, e))
		return err_in(e, "keys of worker hosts");
	while (db_next(rows, e)) {
		const uint8_t *der;
		size_t len;

		if (count == cap) {
			struct worker_key *more = arena_array(a, cap == 0 ? 8 : 2 * cap, sizeof(*more));

			if (more == NULL)
				return err_set(e, ERR_TOO_LARGE, "worker_keys", "too many keys of worker hosts");
			for (size_t i = 0; i < count; i++)
				more[i] = list[i];
			list = more;
			cap = cap == 0 ? 8 : 2 * cap;
		}
		der = db_blob(rows, 2, &len);
		list[count++] = (struct worker_key){ .id = db_text_in(rows, 0, a),
			.host = db_text_in(rows, 1, a),
			.certificate = arena_memdup(a, der, len),
			.certificate_len = len,
			.created_at = db_int(rows, 3),
			.retired_at = db_int(rows, 4),
			.needed = db_int(rows, 5) != 0 };
	}
	if (e->kind != ERR_NONE)
		return false;
	*out = list;
	*n = count;
	return true;
}

bool
store_batch_secret_add(struct db *tx, int64_t batch_id, const char *key_id, const uint8_t *sealed, size_t len,
    bool *added, struct err *e)
{
	/* A host may have thrown its key away since the password was sealed to it. */
	static const char sql[] =
	    "INSERT INTO batch_secret (batch_id, worker_key_id, sealed)"
	    " SELECT CAST($1 AS BIGINT), id, $3 FROM worker_key WHERE id = $2";
	int64_t changed;

	if (!db_run(tx, sql, ARGS(arg_int(batch_id), arg_text(key_id), arg_blob(sealed, len)), &changed, e))
		return err_in(e, "password of batch %lld", (long long)batch_id);
	*added = changed == 1;
	return true;
}

bool
store_batch_secret_get(struct db *db, int64_t batch_id, const char *host, struct arena *a, const char **key_id,
    const uint8_t **sealed, size_t *len, bool *found, struct err *e)
{
	static const char sql[] =
	    "SELECT s.worker_key_id, s.sealed FROM batch_secret s JOIN worker_key k ON k.id = s.worker_key_id"
	    " WHERE s.batch_id = $1 AND k.host = $2 ORDER BY k.created_at DESC LIMIT 1";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	const uint8_t *p;

	if (!db_query(db, sql, ARGS(arg_int(batch_id), arg_text(host)), &rows, e))
		return err_in(e, "password of batch %lld", (long long)batch_id);
	*found = db_next(rows, e);
	if (!*found)
		return e->kind == ERR_NONE;
	*key_id = db_text_in(rows, 0, a);
	p = db_blob(rows, 1, len);
	*sealed = arena_memdup(a, p, *len);
	return true;
}

bool
store_batch_secret_drop(struct db *tx, int64_t batch_id, struct err *e)
{
	return db_run(tx, "DELETE FROM batch_secret WHERE batch_id = $1", ARGS(arg_int(batch_id)), NULL, e);
}
