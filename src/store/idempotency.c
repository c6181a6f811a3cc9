#include "store/idempotency.h"

#include <string.h>

bool
store_idempotency_get(struct db *db, int64_t organization_id, const char *key, struct idempotency *i, bool *found,
    struct err *e)
{
	static const char sql[] =
	    "SELECT fingerprint, batch_id, created_at FROM idempotency WHERE organization_id = $1 AND key = $2";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	const uint8_t *p;
	size_t len;

	if (!db_query(db, sql, ARGS(arg_int(organization_id), arg_text(key)), &rows, e))
		return err_in(e, "idempotency key");
	*found = db_next(rows, e);
	if (!*found)
		return e->kind == ERR_NONE;
	p = db_blob(rows, 0, &len);
	i->fingerprint_len = len < FINGERPRINT_LEN ? len : FINGERPRINT_LEN;
	memcpy(i->fingerprint, p, i->fingerprint_len);
	i->batch_id = db_int(rows, 1);
	i->created_at = db_int(rows, 2);
	return true;
}

bool
store_idempotency_add(struct db *tx, int64_t organization_id, const char *key, const struct idempotency *i,
    struct err *e)
{
	static const char sql[] =
	    "INSERT INTO idempotency (organization_id, key, fingerprint, batch_id, created_at)"
	    " VALUES ($1, $2, $3, $4, $5)";

	return db_run(tx, sql,
	    ARGS(arg_int(organization_id), arg_text(key), arg_blob(i->fingerprint, i->fingerprint_len),
		arg_int(i->batch_id), arg_int(i->created_at)),
	    NULL, e);
}

bool
store_idempotency_open(struct db *tx, int64_t organization_id, int64_t batch_id, struct err *e)
{
	static const char sql[] = "UPDATE idempotency SET fingerprint = substr(fingerprint, 1, 32) WHERE "
				  "batch_id = $2 AND organization_id = $1";

	return db_run(tx, sql, ARGS(arg_int(organization_id), arg_int(batch_id)), NULL, e);
}

bool
store_idempotency_sweep(struct db *tx, int64_t before, int64_t limit, int64_t *dropped, struct err *e)
{
	static const char sql[] =
	    "DELETE FROM idempotency WHERE (organization_id, key) IN"
	    " (SELECT organization_id, key FROM idempotency WHERE created_at < $1 ORDER BY created_at LIMIT $2)";

	return db_run(tx, sql, ARGS(arg_int(before), arg_int(limit)), dropped, e);
}

bool
store_setting_drop(struct db *tx, const char *name, struct err *e)
{
	return db_run(tx, "DELETE FROM setting WHERE name = $1", ARGS(arg_text(name)), NULL, e);
}

bool
store_setting_keep(struct db *tx, const char *name, const char *value, int64_t at, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO setting (name, value, changed_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";

	return db_run(tx, sql, ARGS(arg_text(name), arg_text(value), arg_int(at)), NULL, e);
}

bool
store_idempotency_old(struct db *db, int64_t before, bool *found, struct err *e)
{
	int64_t at;

	return db_get_int(db, "SELECT created_at FROM idempotency WHERE created_at < $1 LIMIT 1",
	    ARGS(arg_int(before)), &at, found, e);
}
