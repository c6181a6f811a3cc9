#include <string.h>

#include "store/session.h"

#define COLUMNS "t.id, t.sha256, t.name, t.user_id, t.organization_id, t.scopes, t.created_at, t.expires_at," \
	" t.used_at, t.revoked_at"
#define LIST_MAX 1000

bool
store_token_add(struct db *tx, const struct token *t, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO token (id, sha256, name, user_id, organization_id, scopes, created_at, expires_at)"
	    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

	return db_run(tx, sql, ARGS(arg_text(t->id), arg_blob(t->sha256, 32), arg_text(t->name), arg_int(t->user_id),
	    arg_int(t->organization_id), arg_text(t->scopes), arg_int(t->created_at), arg_int(t->expires_at)), NULL, e);
}

static void
read_token(const struct db_rows *rows, struct arena *a, struct token *t)
{
	size_t len;
	const uint8_t *p = db_blob(rows, 1, &len);

	t->id = db_text_in(rows, 0, a);
	if (p != NULL && len == 32)
		memcpy(t->sha256, p, 32);
	t->name = db_text_in(rows, 2, a);
	t->user_id = db_int(rows, 3);
	t->organization_id = db_int(rows, 4);
	t->scopes = db_text_in(rows, 5, a);
	t->created_at = db_int(rows, 6);
	t->expires_at = db_int(rows, 7);
	t->used_at = db_int(rows, 8);
	t->revoked_at = db_int(rows, 9);
}

static bool
get_one(struct db *db, const char *sql, struct db_args args, struct arena *a, struct token *t, bool *found,
    struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*found = false;
	if (!db_query(db, sql, args, &rows, e))
		return false;
	if (db_next(rows, e)) {
		read_token(rows, a, t);
		*found = true;
	}
	return e->kind == ERR_NONE;
}

bool
store_token_find(struct db *db, const uint8_t sha256[32], struct arena *a, struct token *t, bool *found,
    struct err *e)
{
	static const char sql[] = "SELECT " COLUMNS " FROM token t WHERE t.sha256 = $1";

	return get_one(db, sql, ARGS(arg_blob(sha256, 32)), a, t, found, e);
}

bool
store_token_used(struct db *tx, const char *id, int64_t at, struct err *e)
{
	static const char sql[] = "UPDATE token SET used_at = $2 WHERE id = $1";

	return db_run(tx, sql, ARGS(arg_text(id), arg_int(at)), NULL, e);
}

bool
store_token_get(struct db *db, const char *id, struct arena *a, struct token *t, bool *found, struct err *e)
{
	static const char sql[] = "SELECT " COLUMNS " FROM token t WHERE t.id = $1";

	return get_one(db, sql, ARGS(arg_text(id)), a, t, found, e);
}

bool
store_token_revoke(struct db *tx, const char *id, int64_t at, bool *changed, struct err *e)
{
	static const char sql[] = "UPDATE token SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
	int64_t rows;

	if (!db_run(tx, sql, ARGS(arg_text(id), arg_int(at)), &rows, e))
		return false;
	*changed = rows != 0;
	return true;
}

bool
store_token_revoke_user(struct db *tx, int64_t user_id, int64_t at, struct err *e)
{
	static const char sql[] = "UPDATE token SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL";

	return db_run(tx, sql, ARGS(arg_int(user_id), arg_int(at)), NULL, e);
}

bool
store_token_list(struct db *db, int64_t organization_id, int64_t user_id, struct arena *a, struct token **out,
    size_t *n, struct err *e)
{
	static const char sql[] =
	    "SELECT " COLUMNS ", u.username FROM token t JOIN app_user u ON u.id = t.user_id"
	    " WHERE t.organization_id = $1 AND ($2 = 0 OR t.user_id = $2) ORDER BY t.created_at DESC, t.id LIMIT $3";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct token *list = arena_array(a, LIST_MAX, sizeof(*list));
	size_t count = 0;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "token_list", "too many tokens");
	if (!db_query(db, sql, ARGS(arg_int(organization_id), arg_int(user_id), arg_int(LIST_MAX)), &rows, e))
		return false;
	while (count < LIST_MAX && db_next(rows, e)) {
		read_token(rows, a, &list[count]);
		list[count++].username = db_text_in(rows, 10, a);
	}
	if (e->kind != ERR_NONE)
		return false;
	*out = list;
	*n = count;
	return true;
}
