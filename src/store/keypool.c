#include "store/keypool.h"

#include <string.h>

static bool
no_room(struct err *e)
{
	return err_set(e, ERR_TOO_LARGE, "pool", "no room for keys of the pool");
}

/* Columns from `first` on: spki_sha256, kind, worker_key_id, spki, sealed, created_at. */
#define COLUMNS "spki_sha256, kind, worker_key_id, spki, sealed, created_at"

static bool
key_read(const struct db_rows *rows, struct arena *a, struct pool_key *k, struct err *e)
{
	const uint8_t *hash, *spki, *sealed;
	size_t hash_len;

	*k = (struct pool_key){ .kind = db_text_in(rows, 1, a), .worker_key_id = db_text_in(rows, 2, a),
	    .created_at = db_int(rows, 5) };
	hash = db_blob(rows, 0, &hash_len);
	spki = db_blob(rows, 3, &k->spki_len);
	sealed = db_blob(rows, 4, &k->sealed_len);
	if (hash_len != SHA256_LEN || spki == NULL || sealed == NULL)
		return err_sys(e, "a key of the pool cannot be read");
	memcpy(k->spki_sha256, hash, SHA256_LEN);
	k->spki = arena_memdup(a, spki, k->spki_len);
	k->sealed = arena_memdup(a, sealed, k->sealed_len);
	return (k->spki != NULL && k->sealed != NULL && k->kind != NULL && k->worker_key_id != NULL) || no_room(e);
}

static bool
keys_read(struct db_rows *rows, size_t limit, struct arena *a, struct pool_key *list, size_t *n, struct err *e)
{
	for (*n = 0; *n < limit && db_next(rows, e); ++*n)
		if (!key_read(rows, a, &list[*n], e))
			return false;
	return e->kind == ERR_NONE;
}

bool
store_pool_key_count(struct db *db, const char *host, const char *kind, int64_t *n, struct err *e)
{
	bool found;

	return db_get_int(db, "SELECT count(*) FROM pool_key WHERE host = $1 AND kind = $2",
	    ARGS(arg_text(host), arg_text(kind)), n, &found, e) || err_in(e, "pool of %.40s", host);
}

bool
store_pool_key_add(struct db *tx, const char *host, const struct pool_key *k, size_t n, int64_t max, int64_t *added,
    struct err *e)
{
	static const char sql[] =
	    "INSERT INTO pool_key (spki_sha256, host, kind, worker_key_id, spki, sealed, created_at)"
	    " SELECT $1, $2, $3, s.worker_key_id, $5, $6, CAST($7 AS BIGINT) FROM pool_seal s"
	    " WHERE s.worker_key_id = $4 AND s.host = $2 ON CONFLICT (spki_sha256) DO NOTHING";
	int64_t there = 0;

	*added = 0;
	if (n > 0 && !store_pool_key_count(tx, host, k[0].kind, &there, e))
		return false;
	for (size_t i = 0; i < n && there + *added < max; i++) {
		int64_t changed;

		if (!db_run(tx, sql, ARGS(arg_blob(k[i].spki_sha256, SHA256_LEN), arg_text(host), arg_text(k[i].kind),
		    arg_text(k[i].worker_key_id), arg_blob(k[i].spki, k[i].spki_len), arg_blob(k[i].sealed, k[i].sealed_len),
		    arg_int(k[i].created_at)), &changed, e))
			return err_in(e, "pool of %.40s", host);
		*added += changed;
	}
	return true;
}

bool
store_pool_key_take(struct db *tx, const char *host, const char *kind, int64_t limit, struct arena *a,
    struct pool_key *list, size_t *n, struct err *e)
{
	/* Materialized: a planner may run a plain sub-select once a row, and with SKIP LOCKED each run finds others. */
	static const char sql[] =
	    "WITH next AS MATERIALIZED (SELECT spki_sha256 FROM pool_key WHERE host = $1 AND kind = $2"
	    "  ORDER BY created_at LIMIT $3 /* skip_locked */)"
	    " DELETE FROM pool_key WHERE spki_sha256 IN (SELECT spki_sha256 FROM next)"
	    " RETURNING " COLUMNS;
	OWN(db_rows_free) struct db_rows *rows = NULL;

	return (db_query(tx, sql, ARGS(arg_text(host), arg_text(kind), arg_int(limit)), &rows, e) &&
	    keys_read(rows, (size_t)limit, a, list, n, e)) || err_in(e, "pool of %.40s", host);
}

bool
store_pool_key_trim(struct db *tx, const char *host, const char *kind, int64_t keep, int64_t *dropped, struct err *e)
{
	static const char sql[] =
	    "DELETE FROM pool_key WHERE spki_sha256 IN (SELECT spki_sha256 FROM pool_key WHERE host = $1 AND kind = $2"
	    " ORDER BY created_at DESC, spki_sha256 LIMIT $3)";
	int64_t there;

	*dropped = 0;
	if (!store_pool_key_count(tx, host, kind, &there, e))
		return false;
	return there <= keep || db_run(tx, sql, ARGS(arg_text(host), arg_text(kind), arg_int(there - keep)), dropped, e);
}

bool
store_pool_key_drop(struct db *tx, const char *host, int64_t *dropped, struct err *e)
{
	return db_run(tx, "DELETE FROM pool_key WHERE $1 = '' OR host = $1", ARGS(arg_text(host == NULL ? "" : host)),
	    dropped, e);
}

bool
store_pool_key_drop_sealed(struct db *tx, const char *worker_key_id, int64_t *dropped, struct err *e)
{
	return db_run(tx, "DELETE FROM pool_key WHERE worker_key_id = $1", ARGS(arg_text(worker_key_id)), dropped, e);
}

bool
store_pool_key_sealed(struct db *db, const char *worker_key_id, size_t limit, struct arena *a, struct pool_key *list,
    size_t *n, struct err *e)
{
	static const char sql[] = "SELECT " COLUMNS " FROM pool_key WHERE worker_key_id = $1 LIMIT $2";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	return (db_query(db, sql, ARGS(arg_text(worker_key_id), arg_int((int64_t)limit)), &rows, e) &&
	    keys_read(rows, limit, a, list, n, e)) || err_in(e, "pool under a seal");
}

bool
store_pool_key_reseal(struct db *tx, const struct pool_key *k, const char *was, struct err *e)
{
	static const char sql[] =
	    "UPDATE pool_key SET worker_key_id = $3, sealed = $4 WHERE spki_sha256 = $1 AND worker_key_id = $2";

	return db_run(tx, sql, ARGS(arg_blob(k->spki_sha256, SHA256_LEN), arg_text(was), arg_text(k->worker_key_id),
	    arg_blob(k->sealed, k->sealed_len)), NULL, e);
}

bool
store_pool_levels(struct db *db, struct arena *a, struct pool_level **out, size_t *n, struct err *e)
{
	static const char sql[] =
	    "SELECT host, kind, count(*), min(created_at) FROM pool_key GROUP BY host, kind ORDER BY host, kind LIMIT 1000";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct pool_level *list = arena_array(a, 1000, sizeof(*list));

	*n = 0;
	if (list == NULL)
		return no_room(e);
	if (!db_query(db, sql, NO_ARGS, &rows, e))
		return err_in(e, "pools");
	while (*n < 1000 && db_next(rows, e))
		list[(*n)++] = (struct pool_level){ .host = db_text_in(rows, 0, a), .kind = db_text_in(rows, 1, a),
		    .n = db_int(rows, 2), .oldest_at = db_int(rows, 3) };
	*out = list;
	return e->kind == ERR_NONE;
}

/* ---- a host's mark ---- */

bool
store_pool_mark(struct db *tx, const char *host, int64_t *mark, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO pool_host (host, mark) VALUES ($1, 1) ON CONFLICT (host) DO UPDATE SET mark = pool_host.mark + 1"
	    " RETURNING mark";
	bool found;

	return db_get_int(tx, sql, ARGS(arg_text(host)), mark, &found, e) || err_in(e, "pool of %.40s", host);
}

bool
store_pool_mark_set(struct db *tx, const char *host, int64_t mark, struct err *e)
{
	return db_run(tx, "UPDATE pool_host SET mark = $2 WHERE host = $1", ARGS(arg_text(host), arg_int(mark)), NULL, e);
}

/* ---- seals ---- */

bool
store_pool_seal_add(struct db *tx, const char *host, const struct pool_seal *s, int64_t now, struct err *e)
{
	/* As of passwords: the host may have thrown the key away. */
	static const char sql[] =
	    "INSERT INTO pool_seal (worker_key_id, host, sealed, created_at)"
	    " SELECT k.id, $2, $3, CAST($4 AS BIGINT) FROM worker_key k WHERE k.id = $1"
	    " ON CONFLICT (worker_key_id) DO NOTHING";

	return db_run(tx, sql, ARGS(arg_text(s->worker_key_id), arg_text(host), arg_blob(s->sealed, s->sealed_len),
	    arg_int(now)), NULL, e) || err_in(e, "seal of the pool of %.40s", host);
}

bool
store_pool_seal_list(struct db *db, const char *host, struct arena *a, struct pool_seal **out, size_t *n, struct err *e)
{
	static const char sql[] =
	    "SELECT worker_key_id, sealed FROM pool_seal WHERE host = $1 ORDER BY created_at, worker_key_id LIMIT 100";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct pool_seal *list = arena_array(a, 100, sizeof(*list));

	*n = 0;
	if (list == NULL)
		return no_room(e);
	if (!db_query(db, sql, ARGS(arg_text(host)), &rows, e))
		return err_in(e, "seals of the pool of %.40s", host);
	while (*n < 100 && db_next(rows, e)) {
		struct pool_seal *s = &list[(*n)++];
		const uint8_t *p = db_blob(rows, 1, &s->sealed_len);

		s->worker_key_id = db_text_in(rows, 0, a);
		s->sealed = arena_memdup(a, p, s->sealed_len);
		if (s->worker_key_id == NULL || s->sealed == NULL)
			return no_room(e);
	}
	*out = list;
	return e->kind == ERR_NONE;
}

bool
store_pool_seal_drop(struct db *tx, const char *worker_key_id, struct err *e)
{
	static const char sql[] =
	    "DELETE FROM pool_seal WHERE worker_key_id = $1"
	    " AND NOT EXISTS (SELECT 1 FROM pool_key k WHERE k.worker_key_id = $1)";

	return db_run(tx, sql, ARGS(arg_text(worker_key_id)), NULL, e);
}

bool
store_pool_any(struct db *db, bool *any, struct err *e)
{
	int64_t one;

	return db_get_int(db, "SELECT 1 FROM pool_key LIMIT 1", NO_ARGS, &one, any, e);
}

bool
store_pool_key_there(struct db *db, const uint8_t hash[SHA256_LEN], bool *there, struct err *e)
{
	int64_t one;

	return db_get_int(db, "SELECT 1 FROM pool_key WHERE spki_sha256 = $1", ARGS(arg_blob(hash, SHA256_LEN)), &one, there, e);
}
