#include "store/session.h"

#include <string.h>

#define COLUMNS "cookie_sha256, id, stage, user_id, organization_id, role, ticket_sha256, address, agent," \
	" previous_login_at, previous_login_address, created_at, seen_at, expires_at, factor"
#define LIST_MAX 1000

static struct db_arg
int_or_null(int64_t v)
{
	return v == 0 ? arg_null() : arg_int(v);
}

bool
store_session_add(struct db *tx, const struct session *s, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO session (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

	return db_run(tx, sql, ARGS(arg_blob(s->cookie_sha256, 32), arg_text(s->id), arg_text(s->stage),
	    arg_int(s->user_id), arg_int(s->organization_id), arg_text(s->role), arg_blob(s->ticket_sha256, 32),
	    arg_text(s->address), arg_text(s->agent), int_or_null(s->previous_login_at),
	    arg_text(s->previous_login_address), arg_int(s->created_at), arg_int(s->seen_at), arg_int(s->expires_at),
	    arg_text(s->factor == NULL ? "certificate" : s->factor)), NULL, e);
}

static void
read_session(const struct db_rows *rows, struct arena *a, struct session *s)
{
	size_t len;
	const uint8_t *p = db_blob(rows, 0, &len);

	if (p != NULL && len == 32)
		memcpy(s->cookie_sha256, p, 32);
	s->id = db_text_in(rows, 1, a);
	s->stage = db_text_in(rows, 2, a);
	s->user_id = db_int(rows, 3);
	s->organization_id = db_int(rows, 4);
	s->role = db_text_in(rows, 5, a);
	p = db_blob(rows, 6, &len);
	s->ticket_sha256 = p != NULL && len == 32 ? arena_memdup(a, p, len) : NULL;
	s->address = db_text_in(rows, 7, a);
	s->agent = db_text_in(rows, 8, a);
	s->previous_login_at = db_int(rows, 9);
	s->previous_login_address = db_text_in(rows, 10, a);
	s->created_at = db_int(rows, 11);
	s->seen_at = db_int(rows, 12);
	s->expires_at = db_int(rows, 13);
	s->factor = db_text_in(rows, 14, a);
}

bool
store_session_find(struct db *db, const uint8_t cookie_sha256[32], struct arena *a, struct session *s, bool *found,
    struct err *e)
{
	static const char sql[] = "SELECT " COLUMNS " FROM session WHERE cookie_sha256 = $1";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*found = false;
	if (!db_query(db, sql, ARGS(arg_blob(cookie_sha256, 32)), &rows, e))
		return false;
	if (db_next(rows, e)) {
		read_session(rows, a, s);
		*found = true;
	}
	return e->kind == ERR_NONE;
}

bool
store_session_seen(struct db *tx, const uint8_t cookie_sha256[32], int64_t at, int64_t expires_at, struct err *e)
{
	static const char sql[] = "UPDATE session SET seen_at = $2, expires_at = $3 WHERE cookie_sha256 = $1";

	return db_run(tx, sql, ARGS(arg_blob(cookie_sha256, 32), arg_int(at), arg_int(expires_at)), NULL, e);
}

static bool
run_changed(struct db *tx, const char *sql, struct db_args args, bool *any, struct err *e)
{
	int64_t changed;

	if (!db_run(tx, sql, args, &changed, e))
		return false;
	*any = changed != 0;
	return true;
}

bool
store_session_drop(struct db *tx, const uint8_t cookie_sha256[32], bool *dropped, struct err *e)
{
	static const char sql[] = "DELETE FROM session WHERE cookie_sha256 = $1";

	return run_changed(tx, sql, ARGS(arg_blob(cookie_sha256, 32)), dropped, e);
}

bool
store_session_drop_id(struct db *tx, int64_t user_id, const char *id, bool *dropped, struct err *e)
{
	static const char sql[] = "DELETE FROM session WHERE user_id = $1 AND id = $2";

	return run_changed(tx, sql, ARGS(arg_int(user_id), arg_text(id)), dropped, e);
}

bool
store_session_drop_user(struct db *tx, int64_t user_id, const char *but_id, struct err *e)
{
	static const char sql[] = "DELETE FROM session WHERE user_id = $1 AND id <> $2";

	return db_run(tx, sql, ARGS(arg_int(user_id), arg_text(but_id == NULL ? "" : but_id)), NULL, e);
}

bool
store_session_list(struct db *db, int64_t user_id, int64_t now, struct arena *a, struct session **out, size_t *n,
    struct err *e)
{
	static const char sql[] =
	    "SELECT " COLUMNS " FROM session WHERE user_id = $1 AND stage = 'open' AND expires_at > $2"
	    " ORDER BY created_at DESC LIMIT $3";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct session *list = arena_array(a, LIST_MAX, sizeof(*list));
	size_t count = 0;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "session_list", "too many sessions");
	if (!db_query(db, sql, ARGS(arg_int(user_id), arg_int(now), arg_int(LIST_MAX)), &rows, e))
		return false;
	while (count < LIST_MAX && db_next(rows, e))
		read_session(rows, a, &list[count++]);
	if (e->kind != ERR_NONE)
		return false;
	*out = list;
	*n = count;
	return true;
}

bool
store_session_sweep(struct db *tx, int64_t now, struct err *e)
{
	static const char sql[] = "DELETE FROM session WHERE expires_at < $1";
	static const char links[] = "DELETE FROM one_time_link WHERE expires_at < $1";
	static const char failures[] = "DELETE FROM login_failure WHERE last_at < $1";

	return db_run(tx, sql, ARGS(arg_int(now)), NULL, e) &&
	    db_run(tx, links, ARGS(arg_int(now - 86400)), NULL, e) &&
	    db_run(tx, failures, ARGS(arg_int(now - 86400)), NULL, e);
}

bool
store_browser_put(struct db *tx, const uint8_t cookie_sha256[32], int64_t user_id, int64_t at, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO known_browser (cookie_sha256, user_id, seen_at) VALUES ($1, $2, $3)"
	    " ON CONFLICT (cookie_sha256) DO UPDATE SET user_id = excluded.user_id, seen_at = excluded.seen_at";

	return db_run(tx, sql, ARGS(arg_blob(cookie_sha256, 32), arg_int(user_id), arg_int(at)), NULL, e);
}

bool
store_browser_find(struct db *db, const uint8_t cookie_sha256[32], int64_t *user_id, bool *found, struct err *e)
{
	static const char sql[] = "SELECT user_id FROM known_browser WHERE cookie_sha256 = $1";

	return db_get_int(db, sql, ARGS(arg_blob(cookie_sha256, 32)), user_id, found, e);
}

bool
store_login_failure_get(struct db *db, const char *subject, struct login_failure *f, struct err *e)
{
	static const char sql[] = "SELECT failures, last_at, blocked_until FROM login_failure WHERE subject = $1";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*f = (struct login_failure){ 0 };
	if (!db_query(db, sql, ARGS(arg_text(subject)), &rows, e))
		return false;
	if (db_next(rows, e)) {
		f->failures = db_int(rows, 0);
		f->last_at = db_int(rows, 1);
		f->blocked_until = db_int(rows, 2);
	}
	return e->kind == ERR_NONE;
}

bool
store_login_failure_put(struct db *tx, const char *subject, const struct login_failure *f, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO login_failure (subject, failures, last_at, blocked_until) VALUES ($1, $2, $3, $4)"
	    " ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at,"
	    " blocked_until = excluded.blocked_until";

	return db_run(tx, sql, ARGS(arg_text(subject), arg_int(f->failures), arg_int(f->last_at),
	    arg_int(f->blocked_until)), NULL, e);
}

bool
store_login_failure_drop(struct db *tx, const char *subject, struct err *e)
{
	static const char sql[] = "DELETE FROM login_failure WHERE subject = $1";

	return db_run(tx, sql, ARGS(arg_text(subject)), NULL, e);
}

bool
store_link_add(struct db *tx, const struct one_time_link *l, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO one_time_link (sha256, purpose, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)";

	return db_run(tx, sql, ARGS(arg_blob(l->sha256, 32), arg_text(l->purpose), arg_int(l->user_id),
	    arg_int(l->created_at), arg_int(l->expires_at)), NULL, e);
}

bool
store_link_find(struct db *db, const uint8_t sha256[32], struct arena *a, struct one_time_link *l, bool *found,
    struct err *e)
{
	static const char sql[] =
	    "SELECT purpose, user_id, created_at, expires_at, used_at FROM one_time_link WHERE sha256 = $1";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*found = false;
	if (!db_query(db, sql, ARGS(arg_blob(sha256, 32)), &rows, e))
		return false;
	if (db_next(rows, e)) {
		memcpy(l->sha256, sha256, 32);
		l->purpose = db_text_in(rows, 0, a);
		l->user_id = db_int(rows, 1);
		l->created_at = db_int(rows, 2);
		l->expires_at = db_int(rows, 3);
		l->used_at = db_int(rows, 4);
		*found = true;
	}
	return e->kind == ERR_NONE;
}

bool
store_link_use(struct db *tx, const uint8_t sha256[32], int64_t at, bool *used, struct err *e)
{
	static const char sql[] = "UPDATE one_time_link SET used_at = $2 WHERE sha256 = $1 AND used_at IS NULL";

	return run_changed(tx, sql, ARGS(arg_blob(sha256, 32), arg_int(at)), used, e);
}

bool
store_link_drop_user(struct db *tx, int64_t user_id, const char *purpose, struct err *e)
{
	static const char sql[] = "DELETE FROM one_time_link WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL";

	return db_run(tx, sql, ARGS(arg_int(user_id), arg_text(purpose)), NULL, e);
}
