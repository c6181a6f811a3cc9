#include "store/audit.h"

#include <string.h>

bool
store_audit_add(struct db *tx, const struct audit_row *r, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO audit (id, at, actor, organization_id, action, object, detail, address, request_id)"
	    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

	if (!db_run(tx, sql, ARGS(arg_text(r->id), arg_int(r->at), arg_text(r->actor), arg_int(r->organization_id),
	    arg_text(r->action), arg_text(r->object), arg_text(r->detail), arg_text(r->address),
	    arg_text(r->request_id)), NULL, e))
		return err_in(e, "audit %s", r->action);
	return true;
}

bool
audit_rows_read(struct db_rows *rows, int64_t limit, struct arena *a, struct audit_row **out, size_t *n, struct err *e)
{
	struct audit_row *list = arena_array(a, (size_t)limit, sizeof(*list));
	size_t count = 0;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "audit_list", "too many audit records asked for");
	while (count < (size_t)limit && db_next(rows, e)) {
		struct audit_row *r = &list[count++];
		const uint8_t *hash;
		size_t len;

		r->id = db_text_in(rows, 0, a);
		r->at = db_int(rows, 1);
		r->actor = db_text_in(rows, 2, a);
		r->organization_id = db_int(rows, 3);
		r->action = db_text_in(rows, 4, a);
		r->object = db_text_in(rows, 5, a);
		r->detail = db_text_in(rows, 6, a);
		r->address = db_text_in(rows, 7, a);
		r->request_id = db_text_in(rows, 8, a);
		r->seq = db_int(rows, 9);
		hash = db_blob(rows, 10, &len);
		r->hash = hash != NULL && len == 32 ? arena_memdup(a, hash, len) : NULL;
	}
	if (e->kind != ERR_NONE)
		return false;
	*out = list;
	*n = count;
	return true;
}

bool
store_audit_unsealed(struct db *db, int64_t until, int64_t limit, struct arena *a, struct audit_row **out, size_t *n,
    struct err *e)
{
	static const char sql[] =
	    "SELECT " AUDIT_COLUMNS " FROM audit WHERE seq IS NULL AND at <= $1 ORDER BY at, id LIMIT $2";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	if (!db_query(db, sql, ARGS(arg_int(until), arg_int(limit)), &rows, e))
		return false;
	return audit_rows_read(rows, limit, a, out, n, e);
}

bool
store_audit_seal(struct db *tx, const char *id, int64_t seq, const uint8_t hash[32], struct err *e)
{
	static const char sql[] = "UPDATE audit SET seq = $2, hash = $3 WHERE id = $1 AND seq IS NULL";
	int64_t changed;

	if (!db_run(tx, sql, ARGS(arg_text(id), arg_int(seq), arg_blob(hash, 32)), &changed, e))
		return err_in(e, "seal %s", id);
	if (changed != 1)
		return err_set(e, ERR_RETRY, "audit_sealed", "audit record %s was sealed meanwhile", id);
	return true;
}

bool
store_audit_last(struct db *db, int64_t *seq, uint8_t hash[32], struct err *e)
{
	static const char sql[] = "SELECT seq, hash FROM audit WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*seq = 0;
	memset(hash, 0, 32);
	if (!db_query(db, sql, NO_ARGS, &rows, e))
		return false;
	if (db_next(rows, e)) {
		size_t len;
		const uint8_t *p = db_blob(rows, 1, &len);

		*seq = db_int(rows, 0);
		if (p != NULL && len == 32)
			memcpy(hash, p, 32);
	}
	return e->kind == ERR_NONE;
}

bool
store_audit_sealed_after(struct db *db, int64_t seq, int64_t limit, struct arena *a, struct audit_row **out,
    size_t *n, struct err *e)
{
	static const char sql[] =
	    "SELECT " AUDIT_COLUMNS " FROM audit WHERE seq IS NOT NULL AND seq > $1 ORDER BY seq LIMIT $2";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	if (!db_query(db, sql, ARGS(arg_int(seq), arg_int(limit)), &rows, e))
		return false;
	return audit_rows_read(rows, limit, a, out, n, e);
}

bool
store_audit_head_add(struct db *tx, int64_t seq, const uint8_t hash[32], int64_t at, const uint8_t *signature,
    size_t len, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO audit_head (seq, hash, at, signature) VALUES ($1, $2, $3, $4) ON CONFLICT (seq) DO NOTHING";

	return db_run(tx, sql, ARGS(arg_int(seq), arg_blob(hash, 32), arg_int(at), arg_blob(signature, len)), NULL, e);
}

bool
store_audit_head_last(struct db *db, struct arena *a, int64_t *seq, uint8_t hash[32], int64_t *at,
    const uint8_t **signature, size_t *len, bool *found, struct err *e)
{
	static const char sql[] = "SELECT seq, hash, at, signature FROM audit_head ORDER BY seq DESC LIMIT 1";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*found = false;
	if (!db_query(db, sql, NO_ARGS, &rows, e))
		return false;
	if (db_next(rows, e)) {
		size_t hash_len;
		const uint8_t *p = db_blob(rows, 1, &hash_len);

		*seq = db_int(rows, 0);
		if (p != NULL && hash_len == 32)
			memcpy(hash, p, 32);
		*at = db_int(rows, 2);
		p = db_blob(rows, 3, len);
		*signature = arena_memdup(a, p, *len);
		*found = true;
	}
	return e->kind == ERR_NONE;
}

bool
store_audit_head_get(struct db *db, int64_t seq, struct arena *a, uint8_t hash[32], const uint8_t **signature,
    size_t *len, bool *found, struct err *e)
{
	static const char sql[] = "SELECT hash, signature FROM audit_head WHERE seq = $1";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*found = false;
	if (!db_query(db, sql, ARGS(arg_int(seq)), &rows, e))
		return false;
	if (db_next(rows, e)) {
		size_t hash_len;
		const uint8_t *p = db_blob(rows, 0, &hash_len);

		memset(hash, 0, 32);
		if (p != NULL && hash_len == 32)
			memcpy(hash, p, 32);
		p = db_blob(rows, 1, len);
		*signature = arena_memdup(a, p, *len);
		*found = true;
	}
	return e->kind == ERR_NONE;
}

bool
store_audit_counts(struct db *db, int64_t *unsealed, int64_t *last_head, struct err *e)
{
	static const char waiting[] = "SELECT COUNT(*) FROM audit WHERE seq IS NULL";
	static const char head[] = "SELECT COALESCE(MAX(seq), 0) FROM audit_head";
	bool found;

	return db_get_int(db, waiting, NO_ARGS, unsealed, &found, e) && db_get_int(db, head, NO_ARGS, last_head, &found, e);
}

bool
store_audit_lock(struct db *tx, struct err *e)
{
	static const char sql[] = "UPDATE counter SET value = value WHERE name = 'audit'";

	return db_run(tx, sql, NO_ARGS, NULL, e);
}
