#include "store/passkey.h"

#include <string.h>

#define COLUMNS "id, user_id, credential_id, algorithm, public_key, sign_count, name, created_at, used_at, revoked_at"
#define LIST_MAX 100

bool
store_passkey_add(struct db *tx, const struct passkey *p, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO passkey (id, user_id, credential_id, algorithm, public_key, sign_count, name, created_at)"
	    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

	if (db_run(tx, sql, ARGS(arg_text(p->id), arg_int(p->user_id), arg_blob(p->credential_id, p->credential_id_len),
	    arg_int(p->algorithm), arg_blob(p->public_key, p->public_key_len), arg_int(p->sign_count), arg_text(p->name),
	    arg_int(p->created_at)), NULL, e))
		return true;
	if (e->kind == ERR_CONFLICT)
		return err_set(e, ERR_CONFLICT, "passkey_registered", "this passkey is registered already");
	return err_in(e, "passkey");
}

static const uint8_t *
blob_in(const struct db_rows *rows, int column, struct arena *a, size_t *len)
{
	const uint8_t *p = db_blob(rows, column, len);

	return arena_memdup(a, p, *len);
}

static void
read_passkey(const struct db_rows *rows, struct arena *a, struct passkey *p)
{
	*p = (struct passkey){ .id = db_text_in(rows, 0, a), .user_id = db_int(rows, 1), .algorithm = db_int(rows, 3),
	    .sign_count = db_int(rows, 5), .name = db_text_in(rows, 6, a), .created_at = db_int(rows, 7),
	    .used_at = db_int(rows, 8), .revoked_at = db_int(rows, 9) };
	p->credential_id = blob_in(rows, 2, a, &p->credential_id_len);
	p->public_key = blob_in(rows, 4, a, &p->public_key_len);
}

bool
store_passkey_find(struct db *db, const uint8_t *credential_id, size_t len, struct arena *a, struct passkey *p,
    bool *found, struct err *e)
{
	static const char sql[] = "SELECT " COLUMNS " FROM passkey WHERE credential_id = $1";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*found = false;
	if (!db_query(db, sql, ARGS(arg_blob(credential_id, len)), &rows, e))
		return err_in(e, "passkey");
	if (db_next(rows, e)) {
		read_passkey(rows, a, p);
		*found = true;
	}
	return e->kind == ERR_NONE;
}

bool
store_passkey_list(struct db *db, int64_t user_id, struct arena *a, struct passkey **out, size_t *n, struct err *e)
{
	static const char sql[] =
	    "SELECT " COLUMNS " FROM passkey WHERE user_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id LIMIT $2";
	struct passkey *list = arena_array(a, LIST_MAX, sizeof(*list));
	OWN(db_rows_free) struct db_rows *rows = NULL;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "passkey_list", "too many passkeys");
	if (!db_query(db, sql, ARGS(arg_int(user_id), arg_int(LIST_MAX)), &rows, e))
		return err_in(e, "passkeys of user %lld", (long long)user_id);
	*n = 0;
	while (*n < LIST_MAX && db_next(rows, e))
		read_passkey(rows, a, &list[(*n)++]);
	*out = list;
	return e->kind == ERR_NONE;
}

bool
store_passkey_used(struct db *tx, const char *id, int64_t sign_count, int64_t at, struct err *e)
{
	static const char sql[] = "UPDATE passkey SET sign_count = $2, used_at = $3 WHERE id = $1";

	return db_run(tx, sql, ARGS(arg_text(id), arg_int(sign_count), arg_int(at)), NULL, e);
}

bool
store_passkey_revoke(struct db *tx, int64_t user_id, const char *id, int64_t at, bool *changed, struct err *e)
{
	static const char sql[] =
	    "UPDATE passkey SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL";
	int64_t n;

	if (!db_run(tx, sql, ARGS(arg_text(id), arg_int(user_id), arg_int(at)), &n, e))
		return err_in(e, "passkey %s", id);
	*changed = n == 1;
	return true;
}

bool
store_challenge_add(struct db *tx, const uint8_t sha256[32], int64_t user_id, int64_t expires_at, struct err *e)
{
	static const char sql[] = "INSERT INTO passkey_challenge (sha256, user_id, expires_at) VALUES ($1, $2, $3)";

	return db_run(tx, sql, ARGS(arg_blob(sha256, 32), arg_int(user_id), arg_int(expires_at)), NULL, e);
}

bool
store_challenge_take(struct db *tx, const uint8_t sha256[32], int64_t user_id, int64_t now, bool *good, struct err *e)
{
	static const char sql[] = "DELETE FROM passkey_challenge WHERE sha256 = $1 RETURNING user_id, expires_at";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*good = false;
	if (!db_query(tx, sql, ARGS(arg_blob(sha256, 32)), &rows, e))
		return err_in(e, "challenge");
	if (db_next(rows, e))
		*good = db_int(rows, 0) == user_id && db_int(rows, 1) > now;
	return e->kind == ERR_NONE;
}

bool
store_challenge_sweep(struct db *tx, int64_t now, struct err *e)
{
	return db_run(tx, "DELETE FROM passkey_challenge WHERE expires_at < $1", ARGS(arg_int(now)), NULL, e);
}

bool
store_session_drop_passkey(struct db *tx, int64_t user_id, int64_t organization_id, struct err *e)
{
	static const char sql[] =
	    "DELETE FROM session WHERE factor = 'passkey' AND ($1 = 0 OR user_id = $1)"
	    " AND ($2 = -1 OR organization_id = $2)";

	return db_run(tx, sql, ARGS(arg_int(user_id), arg_int(organization_id)), NULL, e);
}
