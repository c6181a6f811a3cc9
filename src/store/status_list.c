#include "store/status_list.h"

#include <string.h>

#define COLUMNS "ca_id, shard, kind, number, base_number, seq, this_update, next_update, entries, octets, sha256, before_update"

/* With what was asked for, of the scope. */
#define ROWS "SELECT crl.ca_id, crl.shard, crl.kind, crl.number, crl.base_number, crl.seq, crl.this_update, crl.next_update," \
	" crl.entries, crl.octets, crl.sha256, crl.before_update, COALESCE(crl_scope.asked, 0)" \
	" FROM crl LEFT JOIN crl_scope ON crl_scope.ca_id = crl.ca_id AND crl_scope.shard = crl.shard"

static struct db_arg
kind(bool delta)
{
	return arg_text(delta ? "delta" : "full");
}

static void
row_read(const struct db_rows *rows, struct crl_row *r)
{
	size_t len;
	const uint8_t *hash = db_blob(rows, 10, &len);

	*r = (struct crl_row){ .ca_id = db_int(rows, 0), .shard = db_int(rows, 1),
		.delta = strcmp(db_text(rows, 2), "delta") == 0, .number = db_int(rows, 3), .base_number = db_int(rows, 4),
		.seq = db_int(rows, 5), .this_update = db_int(rows, 6), .next_update = db_int(rows, 7),
		.entries = db_int(rows, 8), .octets = db_int(rows, 9), .before_update = db_int(rows, 11),
		.asked = db_int(rows, 12) };
	if (hash != NULL && len == sizeof(r->sha256))
		memcpy(r->sha256, hash, sizeof(r->sha256));
}

bool
store_crl_list(struct db *db, struct arena *a, struct crl_row **out, size_t *n, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct crl_row *list = NULL;
	int64_t count;
	bool found;

	if (!db_get_int(db, "SELECT COUNT(*) FROM crl", NO_ARGS, &count, &found, e) ||
	    !db_query(db, ROWS " ORDER BY crl.ca_id, crl.shard, crl.kind", NO_ARGS, &rows, e))
		return err_in(e, "revocation lists");
	list = arena_array(a, (size_t)count + 1, sizeof(*list));
	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "crl_list", "too many revocation lists");
	for (*n = 0; *n < (size_t)count && db_next(rows, e); (*n)++)
		row_read(rows, &list[*n]);
	*out = list;
	return e->kind == ERR_NONE;
}

bool
store_crl_get(struct db *db, int64_t ca_id, int64_t shard, bool delta, struct crl_row *r, bool *found, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;

	if (!db_query(db, ROWS " WHERE crl.ca_id = $1 AND crl.shard = $2 AND crl.kind = $3",
	    ARGS(arg_int(ca_id), arg_int(shard), kind(delta)), &rows, e))
		return err_in(e, "revocation list");
	*found = db_next(rows, e);
	if (*found)
		row_read(rows, r);
	return e->kind == ERR_NONE;
}

bool
store_crl_put(struct db *tx, const struct crl_row *r, bool *newer, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO crl (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)"
	    " ON CONFLICT (ca_id, shard, kind) DO UPDATE SET number = excluded.number, base_number = excluded.base_number,"
	    " seq = excluded.seq, this_update = excluded.this_update, next_update = excluded.next_update,"
	    " entries = excluded.entries, octets = excluded.octets, sha256 = excluded.sha256, before_update = crl.this_update"
	    " WHERE excluded.number > crl.number";
	int64_t changed;

	if (!db_run(tx, sql, ARGS(arg_int(r->ca_id), arg_int(r->shard), kind(r->delta), arg_int(r->number),
	    r->base_number == 0 ? arg_null() : arg_int(r->base_number), arg_int(r->seq), arg_int(r->this_update),
	    arg_int(r->next_update), arg_int(r->entries), arg_int(r->octets), arg_blob(r->sha256, sizeof(r->sha256))),
	    &changed, e))
		return err_in(e, "revocation list");
	*newer = changed == 1;
	return true;
}

bool
store_crl_drop(struct db *tx, int64_t ca_id, int64_t shard, bool delta, struct err *e)
{
	return db_run(tx, "DELETE FROM crl WHERE ca_id = $1 AND shard = $2 AND kind = $3",
	    ARGS(arg_int(ca_id), arg_int(shard), kind(delta)), NULL, e);
}

bool
store_crl_ask(struct db *tx, int64_t ca_id, int64_t *n, struct err *e)
{
	return db_run(tx, "UPDATE crl_scope SET asked = number WHERE ca_id = $1", ARGS(arg_int(ca_id)), n, e);
}

bool
store_crl_lease(struct db *tx, int64_t ca_id, int64_t shard, const char *owner, int64_t now, int64_t until, bool *held,
    struct err *e)
{
	static const char sql[] =
	    "INSERT INTO crl_scope (ca_id, shard, number, lease_owner, lease_until_s) VALUES ($1, $2, 0, $3, $5)"
	    " ON CONFLICT (ca_id, shard) DO UPDATE SET lease_owner = excluded.lease_owner,"
	    " lease_until_s = excluded.lease_until_s"
	    " WHERE crl_scope.lease_owner IS NULL OR crl_scope.lease_owner = $3 OR crl_scope.lease_until_s < $4";
	int64_t changed;

	if (!db_run(tx, sql, ARGS(arg_int(ca_id), arg_int(shard), arg_text(owner), arg_int(now), arg_int(until)), &changed,
	    e))
		return err_in(e, "lease of a revocation list");
	*held = changed == 1;
	return true;
}

bool
store_crl_release(struct db *tx, int64_t ca_id, int64_t shard, const char *owner, struct err *e)
{
	return db_run(tx, "UPDATE crl_scope SET lease_owner = NULL, lease_until_s = 0"
	    " WHERE ca_id = $1 AND shard = $2 AND lease_owner = $3",
	    ARGS(arg_int(ca_id), arg_int(shard), arg_text(owner)), NULL, e);
}

bool
store_crl_number(struct db *tx, int64_t ca_id, int64_t shard, int64_t least, int64_t *number, struct err *e)
{
	static const char sql[] =
	    "UPDATE crl_scope SET number = CASE WHEN number < $3 THEN $3 ELSE number + 1 END"
	    " WHERE ca_id = $1 AND shard = $2 RETURNING number";
	bool found;

	if (!db_get_int(tx, sql, ARGS(arg_int(ca_id), arg_int(shard), arg_int(least)), number, &found, e))
		return err_in(e, "number of a revocation list");
	return found || err_sys(e, "no scope of revocation lists for CA %lld", (long long)ca_id);
}

/* ---- octets ---- */

bool
store_crl_piece_add(struct db *tx, const struct crl_row *r, int64_t piece, const void *p, size_t len, struct err *e)
{
	return db_run(tx, "INSERT INTO crl_piece (ca_id, shard, kind, number, piece, octets) VALUES ($1, $2, $3, $4, $5, $6)",
	    ARGS(arg_int(r->ca_id), arg_int(r->shard), kind(r->delta), arg_int(r->number), arg_int(piece), arg_blob(p, len)),
	    NULL, e);
}

bool
store_crl_piece_get(struct db *db, const struct crl_row *r, int64_t piece, void *buf, size_t cap, size_t *len,
    struct err *e)
{
	static const char sql[] =
	    "SELECT octets FROM crl_piece WHERE ca_id = $1 AND shard = $2 AND kind = $3 AND number = $4 AND piece = $5";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	const uint8_t *p;

	*len = 0;
	if (!db_query(db, sql, ARGS(arg_int(r->ca_id), arg_int(r->shard), kind(r->delta), arg_int(r->number),
	    arg_int(piece)), &rows, e))
		return err_in(e, "octets of a revocation list");
	if (!db_next(rows, e))
		return e->kind == ERR_NONE;
	p = db_blob(rows, 0, len);
	if (*len > cap)
		return err_sys(e, "a piece of a revocation list is too large");
	memcpy(buf, p, *len);
	return true;
}

bool
store_crl_piece_drop(struct db *tx, int64_t ca_id, int64_t shard, bool delta, int64_t below, struct err *e)
{
	return db_run(tx, "DELETE FROM crl_piece WHERE ca_id = $1 AND shard = $2 AND kind = $3 AND number < $4",
	    ARGS(arg_int(ca_id), arg_int(shard), kind(delta), arg_int(below)), NULL, e);
}

bool
store_crl_ended(struct db *db, int64_t ca_id, int64_t shard, int64_t after, int64_t upto,
    bool (*each)(void *, const uint8_t *, size_t, struct err *), void *arg, struct err *e)
{
	static const char sql[] =
	    "SELECT d.der FROM certificate c JOIN certificate_der d ON d.certificate_id = c.id"
	    " WHERE c.ca_id = $1 AND c.state <> 0 AND c.not_after > $2 AND c.not_after <= $3 AND ($4 < 0 OR c.shard = $4)";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	const uint8_t *der;
	size_t len;

	if (!db_query(db, sql, ARGS(arg_int(ca_id), arg_int(after), arg_int(upto), arg_int(shard)), &rows, e))
		return err_in(e, "certificates that ended");
	while (db_next(rows, e)) {
		der = db_blob(rows, 0, &len);
		if (!each(arg, der, len, e))
			return false;
	}
	return e->kind == ERR_NONE;
}

/* ---- alarms ---- */

bool
store_crl_failed(struct db *tx, int64_t ca_id, int64_t shard, int64_t at, const char *why, struct err *e)
{
	return db_run(tx, "UPDATE crl_scope SET failed_at = CASE WHEN failed_at IS NULL THEN $3 ELSE failed_at END, failure = $4"
	    " WHERE ca_id = $1 AND shard = $2", ARGS(arg_int(ca_id), arg_int(shard), arg_int(at), arg_text(why)), NULL, e);
}

bool
store_crl_made(struct db *tx, int64_t ca_id, int64_t shard, struct err *e)
{
	return db_run(tx, "UPDATE crl_scope SET failed_at = NULL, failure = NULL"
	    " WHERE ca_id = $1 AND shard = $2 AND failed_at IS NOT NULL", ARGS(arg_int(ca_id), arg_int(shard)), NULL, e);
}

static bool
alarms_read(struct db *db, const char *sql, const struct crl_alarm_times *t, struct arena *a, struct crl_alarm **out,
    size_t *n, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct crl_alarm *list = arena_array(a, STORE_CRL_ALARMS, sizeof(*list));

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "crl_alarms", "no room for alarms");
	if (!db_query(db, sql, ARGS(arg_int(t->now), arg_int(t->failing), arg_int(t->added)), &rows, e))
		return err_in(e, "overdue lists");
	for (*n = 0; *n < STORE_CRL_ALARMS && db_next(rows, e); (*n)++)
		list[*n] = (struct crl_alarm){ .ca_id = db_int(rows, 0), .shard = db_int(rows, 1), .ski = db_text_in(rows, 2, a),
		    .label = db_text_in(rows, 3, a), .next_update = db_int(rows, 4), .failed_at = db_int(rows, 5),
		    .failure = db_text_in(rows, 6, a), .told_at = db_int(rows, 7) };
	*out = list;
	return e->kind == ERR_NONE;
}

/* A first list that is being made is not missing yet. */
bool
store_crl_alarms(struct db *db, const struct crl_alarm_times *t, struct arena *a, struct crl_alarm **out, size_t *n,
    struct err *e)
{
	static const char sql[] =
	    "SELECT s.ca_id, s.shard, ca.ski, ca.label, l.next_update, s.failed_at, s.failure, s.alarmed_at"
	    " FROM crl_scope s JOIN ca ON ca.id = s.ca_id"
	    " LEFT JOIN crl l ON l.ca_id = s.ca_id AND l.shard = s.shard AND l.kind = 'full'"
	    " WHERE (l.next_update IS NULL AND s.lease_until_s < $1) OR l.next_update < $1 OR s.failed_at < $2"
	    " UNION ALL SELECT ca.id, -1, ca.ski, ca.label, 0, 0, '', 0 FROM ca WHERE ca.purpose = 'issuing'"
	    " AND ca.created_at < $3 AND NOT EXISTS (SELECT 1 FROM crl_scope s WHERE s.ca_id = ca.id AND s.shard = -1)"
	    " ORDER BY 1, 2 LIMIT 64";

	return alarms_read(db, sql, t, a, out, n, e);
}

bool
store_crl_recovered(struct db *db, const struct crl_alarm_times *t, struct arena *a, struct crl_alarm **out, size_t *n,
    struct err *e)
{
	static const char sql[] =
	    "SELECT s.ca_id, s.shard, ca.ski, ca.label, l.next_update, s.failed_at, s.failure, s.alarmed_at"
	    " FROM crl_scope s JOIN ca ON ca.id = s.ca_id"
	    " JOIN crl l ON l.ca_id = s.ca_id AND l.shard = s.shard AND l.kind = 'full'"
	    " WHERE s.alarmed_at IS NOT NULL AND l.next_update >= $1 AND (s.failed_at IS NULL OR s.failed_at >= $2)"
	    " AND $3 >= 0 ORDER BY 1, 2 LIMIT 64";

	return alarms_read(db, sql, t, a, out, n, e);
}

bool
store_crl_told_at(struct db *tx, int64_t ca_id, int64_t shard, int64_t at, struct err *e)
{
	/* A CA that never had a list has no row either. */
	return db_run(tx, "INSERT INTO crl_scope (ca_id, shard, number, alarmed_at) VALUES ($1, $2, 0, $3)"
	    " ON CONFLICT (ca_id, shard) DO UPDATE SET alarmed_at = excluded.alarmed_at",
	    ARGS(arg_int(ca_id), arg_int(shard), at == 0 ? arg_null() : arg_int(at)), NULL, e);
}

bool
store_crl_told(struct db *db, struct arena *a, const char ***out, size_t *n, struct err *e)
{
	enum { MOST = 100 };
	static const char sql[] =
	    "SELECT DISTINCT u.email FROM app_user u JOIN membership m ON m.user_id = u.id"
	    " WHERE m.organization_id = 0 AND m.role = 'operator' AND u.status = 'active' ORDER BY u.email LIMIT 100";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	const char **list = arena_array(a, MOST, sizeof(*list));

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "crl_told", "no room for addresses");
	if (!db_query(db, sql, NO_ARGS, &rows, e))
		return err_in(e, "operators");
	for (*n = 0; *n < MOST && db_next(rows, e); (*n)++)
		list[*n] = db_text_in(rows, 0, a);
	*out = list;
	return e->kind == ERR_NONE;
}
