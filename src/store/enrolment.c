#include "store/enrolment.h"

#include <string.h>

#define COLUMNS "id, link_sha256, user_id, spki, state, certificate_sha256, failure, address, request_id, created_at," \
	" attempts, lease_until"
#define LINKS_MAX 100

bool
store_enrolment_add(struct db *tx, const struct enrolment *x, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO enrolment (id, link_sha256, user_id, spki, state, address, request_id, created_at)"
	    " VALUES ($1, $2, $3, $4, 'asked', $5, $6, $7)";

	if (!db_run(tx, sql, ARGS(arg_text(x->id), arg_blob(x->link_sha256, 32), arg_int(x->user_id),
	    arg_blob(x->spki, x->spki_len), arg_text(x->address), arg_text(x->request_id), arg_int(x->created_at)), NULL, e))
		return err_in(e, "enrolment");
	return true;
}

static const uint8_t *
hash_in(const struct db_rows *rows, int column, struct arena *a)
{
	size_t len;
	const uint8_t *p = db_blob(rows, column, &len);

	return p != NULL && len == 32 ? arena_memdup(a, p, len) : NULL;
}

static bool
read_one(struct db *db, const char *sql, struct db_args args, struct arena *a, struct enrolment *x, bool *found,
    struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	const uint8_t *link;

	*found = false;
	if (!db_query(db, sql, args, &rows, e))
		return err_in(e, "enrolment");
	if (!db_next(rows, e))
		return e->kind == ERR_NONE;
	*x = (struct enrolment){ .id = db_text_in(rows, 0, a), .user_id = db_int(rows, 2), .state = db_text_in(rows, 4, a),
	    .certificate_sha256 = hash_in(rows, 5, a), .failure = db_text_in(rows, 6, a), .address = db_text_in(rows, 7, a),
	    .request_id = db_text_in(rows, 8, a), .created_at = db_int(rows, 9), .attempts = db_int(rows, 10),
	    .lease_until = db_int(rows, 11) };
	link = hash_in(rows, 1, a);
	if (link != NULL)
		memcpy(x->link_sha256, link, 32);
	x->spki = db_blob(rows, 3, &x->spki_len);
	x->spki = arena_memdup(a, x->spki, x->spki_len);
	*found = true;
	return true;
}

bool
store_enrolment_get(struct db *db, const char *id, struct arena *a, struct enrolment *x, bool *found, struct err *e)
{
	return read_one(db, "SELECT " COLUMNS " FROM enrolment WHERE id = $1", ARGS(arg_text(id)), a, x, found, e);
}

bool
store_enrolment_of(struct db *db, const uint8_t link_sha256[32], struct arena *a, struct enrolment *x, bool *found,
    struct err *e)
{
	static const char sql[] = "SELECT " COLUMNS " FROM enrolment WHERE link_sha256 = $1 AND state <> 'failed'";

	return read_one(db, sql, ARGS(arg_blob(link_sha256, 32)), a, x, found, e);
}

bool
store_enrolment_lease(struct db *tx, int64_t now, int64_t until, struct arena *a, struct enrolment *x, bool *found,
    struct err *e)
{
	static const char sql[] =
	    "UPDATE enrolment SET lease_until = $2, attempts = attempts + 1"
	    " WHERE id IN (SELECT id FROM enrolment WHERE state = 'asked' AND lease_until < $1"
	    " ORDER BY created_at LIMIT 1 /* skip_locked */)"
	    " AND state = 'asked' AND lease_until < $1 RETURNING " COLUMNS;

	return read_one(tx, sql, ARGS(arg_int(now), arg_int(until)), a, x, found, e);
}

bool
store_enrolment_end(struct db *tx, const char *id, const char *state, const uint8_t *certificate_sha256,
    const char *failure, bool *changed, struct err *e)
{
	static const char sql[] =
	    "UPDATE enrolment SET state = $2, certificate_sha256 = $3, failure = $4 WHERE id = $1 AND state = 'asked'";
	int64_t n;

	if (!db_run(tx, sql, ARGS(arg_text(id), arg_text(state), arg_blob(certificate_sha256, 32), arg_text(failure)), &n,
	    e))
		return err_in(e, "enrolment %s", id);
	*changed = n == 1;
	return true;
}

bool
store_enrolment_drop(struct db *tx, const char *id, int64_t now, bool *dropped, struct err *e)
{
	static const char sql[] = "DELETE FROM enrolment WHERE id = $1 AND state = 'asked' AND lease_until < $2";
	int64_t n;

	if (!db_run(tx, sql, ARGS(arg_text(id), arg_int(now)), &n, e))
		return err_in(e, "enrolment %s", id);
	*dropped = n == 1;
	return true;
}

bool
store_enrolment_sweep(struct db *tx, int64_t before, struct err *e)
{
	return db_run(tx, "DELETE FROM enrolment WHERE created_at < $1", ARGS(arg_int(before)), NULL, e);
}

/* ---- invitations ---- */

bool
store_link_list(struct db *db, int64_t user_id, const char *purpose, int64_t now, struct arena *a,
    struct one_time_link **out, size_t *n, struct err *e)
{
	static const char sql[] =
	    "SELECT sha256, created_at, expires_at FROM one_time_link"
	    " WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3"
	    " ORDER BY created_at DESC LIMIT $4";
	struct one_time_link *list = arena_array(a, LINKS_MAX, sizeof(*list));
	OWN(db_rows_free) struct db_rows *rows = NULL;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "link_list", "too many invitations");
	if (!db_query(db, sql, ARGS(arg_int(user_id), arg_text(purpose), arg_int(now), arg_int(LINKS_MAX)), &rows, e))
		return err_in(e, "links of user %lld", (long long)user_id);
	*n = 0;
	while (*n < LINKS_MAX && db_next(rows, e)) {
		struct one_time_link *l = &list[(*n)++];
		const uint8_t *hash = hash_in(rows, 0, a);

		*l = (struct one_time_link){ .purpose = purpose, .user_id = user_id, .created_at = db_int(rows, 1),
		    .expires_at = db_int(rows, 2) };
		if (hash != NULL)
			memcpy(l->sha256, hash, 32);
	}
	*out = list;
	return e->kind == ERR_NONE;
}

bool
store_link_drop(struct db *tx, const uint8_t sha256[32], bool *dropped, struct err *e)
{
	int64_t n;

	if (!db_run(tx, "DELETE FROM one_time_link WHERE sha256 = $1", ARGS(arg_blob(sha256, 32)), &n, e))
		return err_in(e, "link");
	*dropped = n == 1;
	return true;
}

/* ---- certificates that end ---- */

bool
store_user_certificate_ending(struct db *db, int64_t now, int64_t until, int64_t warned_before, struct arena *a,
    struct user_certificate *c, bool *found, struct err *e)
{
	static const char sql[] =
	    "SELECT c.sha256, c.user_id, c.serial_number, c.not_after FROM user_certificate c"
	    " JOIN app_user u ON u.id = c.user_id AND u.status = 'active'"
	    " WHERE c.revoked_at IS NULL AND c.not_after > $1 AND c.not_after <= $2"
	    " AND (c.warned_at IS NULL OR c.warned_at < $3)"
	    " AND NOT EXISTS (SELECT 1 FROM user_certificate o WHERE o.user_id = c.user_id AND o.revoked_at IS NULL"
	    " AND o.not_after > $2)"
	    " ORDER BY c.not_after LIMIT 1";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	const uint8_t *hash;

	*found = false;
	if (!db_query(db, sql, ARGS(arg_int(now), arg_int(until), arg_int(warned_before)), &rows, e))
		return err_in(e, "certificates that end");
	if (!db_next(rows, e))
		return e->kind == ERR_NONE;
	*c = (struct user_certificate){ .user_id = db_int(rows, 1), .serial_number = db_text_in(rows, 2, a),
	    .not_after = db_int(rows, 3) };
	hash = hash_in(rows, 0, a);
	if (hash != NULL)
		memcpy(c->sha256, hash, 32);
	*found = true;
	return true;
}

bool
store_user_certificate_warned(struct db *tx, const uint8_t sha256[32], int64_t at, struct err *e)
{
	static const char sql[] = "UPDATE user_certificate SET warned_at = $2 WHERE sha256 = $1";

	return db_run(tx, sql, ARGS(arg_blob(sha256, 32), arg_int(at)), NULL, e);
}
