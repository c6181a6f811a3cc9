#include "store/user.h"

#include <string.h>

#define CERT_COLUMNS "sha256, user_id, serial_number, der, not_after, created_at, revoked_at"
#define LIST_MAX 1000

bool
store_user_add(struct db *tx, const struct user *u, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO app_user (id, username, full_name, email, status, password_hash, service, created_at, version)"
	    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)";

	if (db_run(tx, sql, ARGS(arg_int(u->id), arg_text(u->username), arg_text(u->full_name), arg_text(u->email),
	    arg_text(u->status), arg_text(u->password_hash), arg_int(u->service), arg_int(u->created_at)), NULL, e))
		return true;
	if (e->kind == ERR_CONFLICT)
		return err_set(e, ERR_CONFLICT, "username_taken", "this username is taken");
	return err_in(e, "user %s", u->username);
}

void
user_read(const struct db_rows *rows, struct arena *a, struct user *u)
{
	u->id = db_int(rows, 0);
	u->username = db_text_in(rows, 1, a);
	u->full_name = db_text_in(rows, 2, a);
	u->email = db_text_in(rows, 3, a);
	u->status = db_text_in(rows, 4, a);
	u->password_hash = db_text_in(rows, 5, a);
	u->service = db_int(rows, 6) != 0;
	u->created_at = db_int(rows, 7);
	u->last_login_at = db_int(rows, 8);
	u->last_login_address = db_text_in(rows, 9, a);
	u->version = db_int(rows, 10);
}

bool
store_user_get(struct db *db, int64_t id, struct arena *a, struct user *u, struct err *e)
{
	static const char sql[] = "SELECT " USER_COLUMNS " FROM app_user u WHERE u.id = $1";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	if (!db_query(db, sql, ARGS(arg_int(id)), &rows, e))
		return false;
	if (db_next(rows, e)) {
		user_read(rows, a, u);
		return true;
	}
	if (e->kind != ERR_NONE)
		return false;
	return err_set(e, ERR_NOT_FOUND, "user", "no such user");
}

bool
store_user_find(struct db *db, const char *username, struct arena *a, struct user *u, bool *found, struct err *e)
{
	static const char sql[] = "SELECT " USER_COLUMNS " FROM app_user u WHERE u.username = $1";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*found = false;
	if (!db_query(db, sql, ARGS(arg_text(username)), &rows, e))
		return false;
	if (db_next(rows, e)) {
		user_read(rows, a, u);
		*found = true;
	}
	return e->kind == ERR_NONE;
}

bool
store_user_put(struct db *tx, const struct user *u, struct err *e)
{
	static const char sql[] =
	    "UPDATE app_user SET full_name = $3, email = $4, status = $5, version = version + 1"
	    " WHERE id = $1 AND version = $2";
	int64_t changed;

	if (!db_run(tx, sql, ARGS(arg_int(u->id), arg_int(u->version), arg_text(u->full_name), arg_text(u->email),
	    arg_text(u->status)), &changed, e))
		return err_in(e, "user %lld", (long long)u->id);
	if (changed != 1)
		return err_set(e, ERR_CONFLICT, "user_changed", "the user was changed meanwhile");
	return true;
}

bool
store_user_set_password(struct db *tx, int64_t id, const char *hash, struct err *e)
{
	static const char sql[] = "UPDATE app_user SET password_hash = $2, version = version + 1 WHERE id = $1";

	return db_run(tx, sql, ARGS(arg_int(id), arg_text(hash)), NULL, e);
}

bool
store_user_logged_in(struct db *tx, int64_t id, int64_t at, const char *address, struct err *e)
{
	static const char sql[] = "UPDATE app_user SET last_login_at = $2, last_login_address = $3 WHERE id = $1";

	return db_run(tx, sql, ARGS(arg_int(id), arg_int(at), arg_text(address)), NULL, e);
}

bool
store_user_certificate_add(struct db *tx, const struct user_certificate *c, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO user_certificate (sha256, user_id, serial_number, der, not_after, created_at)"
	    " VALUES ($1, $2, $3, $4, $5, $6)";

	if (db_run(tx, sql, ARGS(arg_blob(c->sha256, 32), arg_int(c->user_id), arg_text(c->serial_number),
	    arg_blob(c->der, c->der_len), arg_int(c->not_after), arg_int(c->created_at)), NULL, e))
		return true;
	if (e->kind == ERR_CONFLICT)
		return err_set(e, ERR_CONFLICT, "certificate_registered", "this certificate is registered already");
	return err_in(e, "user certificate");
}

static void
read_certificate(const struct db_rows *rows, struct arena *a, struct user_certificate *c)
{
	size_t len;
	const uint8_t *p = db_blob(rows, 0, &len);

	if (p != NULL && len == 32)
		memcpy(c->sha256, p, 32);
	c->user_id = db_int(rows, 1);
	c->serial_number = db_text_in(rows, 2, a);
	p = db_blob(rows, 3, &c->der_len);
	c->der = arena_memdup(a, p, c->der_len);
	c->not_after = db_int(rows, 4);
	c->created_at = db_int(rows, 5);
	c->revoked_at = db_int(rows, 6);
}

bool
store_user_certificate_find(struct db *db, const uint8_t sha256[32], struct arena *a, struct user_certificate *c,
    bool *found, struct err *e)
{
	static const char sql[] = "SELECT " CERT_COLUMNS " FROM user_certificate WHERE sha256 = $1";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*found = false;
	if (!db_query(db, sql, ARGS(arg_blob(sha256, 32)), &rows, e))
		return false;
	if (db_next(rows, e)) {
		read_certificate(rows, a, c);
		*found = true;
	}
	return e->kind == ERR_NONE;
}

bool
store_user_certificate_list(struct db *db, int64_t user_id, struct arena *a, struct user_certificate **out,
    size_t *n, struct err *e)
{
	static const char sql[] =
	    "SELECT " CERT_COLUMNS " FROM user_certificate WHERE user_id = $1 ORDER BY created_at DESC LIMIT $2";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct user_certificate *list = arena_array(a, LIST_MAX, sizeof(*list));
	size_t count = 0;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "certificate_list", "too many certificates");
	if (!db_query(db, sql, ARGS(arg_int(user_id), arg_int(LIST_MAX)), &rows, e))
		return false;
	while (count < LIST_MAX && db_next(rows, e))
		read_certificate(rows, a, &list[count++]);
	if (e->kind != ERR_NONE)
		return false;
	*out = list;
	*n = count;
	return true;
}

bool
store_user_certificate_revoke(struct db *tx, int64_t user_id, const char *serial_number, int64_t at, bool *changed,
    struct err *e)
{
	static const char sql[] =
	    "UPDATE user_certificate SET revoked_at = $3"
	    " WHERE user_id = $1 AND serial_number = $2 AND revoked_at IS NULL";
	int64_t rows;

	if (!db_run(tx, sql, ARGS(arg_int(user_id), arg_text(serial_number), arg_int(at)), &rows, e))
		return false;
	*changed = rows != 0;
	return true;
}
