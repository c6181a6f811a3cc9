#include "store/status.h"

#include <string.h>

#include "store/organization.h"

#define COLUMNS "serial, ca_id, state, revoked_at, reason, invalidity_at"

bool
store_status_next(struct db *tx, int64_t *seq, struct err *e)
{
	return store_counter_take(tx, "status", 1, seq, e);
}

bool
store_status_last(struct db *db, int64_t *seq, struct err *e)
{
	bool found;

	if (!db_get_int(db, "SELECT value FROM counter WHERE name = 'status'", NO_ARGS, seq, &found, e))
		return err_in(e, "status counter");
	return found || err_sys(e, "no counter of changes");
}

static void
row_read(const struct db_rows *rows, struct status_row *r)
{
	size_t len;
	const uint8_t *serial = db_blob(rows, 0, &len);

	*r = (struct status_row){ .ca_id = db_int(rows, 1), .state = db_int(rows, 2), .revoked_at = db_int(rows, 3),
		.reason = db_null(rows, 4) ? -1 : db_int(rows, 4), .invalid_since = db_int(rows, 5) };
	if (serial != NULL && len == sizeof(r->serial))
		memcpy(r->serial, serial, sizeof(r->serial));
}

bool
store_status_find(struct db *db, const uint8_t serial[16], struct status_row *r, bool *found, struct err *e)
{
	static const char sql[] =
	    "SELECT c.serial, c.ca_id, c.state, c.revoked_at, c.reason, c.invalidity_at, c.status_seq"
	    " FROM certificate_serial s JOIN certificate c ON c.id = s.certificate_id WHERE s.serial = $1";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	if (!db_query(db, sql, ARGS(arg_blob(serial, 16)), &rows, e))
		return err_in(e, "status of a certificate");
	*found = db_next(rows, e);
	if (*found) {
		row_read(rows, r);
		r->seq = db_int(rows, 6);
	}
	return e->kind == ERR_NONE;
}

static bool
walk(struct db *db, const char *sql, struct db_args args, bool with_seq, store_status_each *each, void *arg, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct status_row r;

	if (!db_query(db, sql, args, &rows, e))
		return false;
	while (db_next(rows, e)) {
		row_read(rows, &r);
		r.seq = with_seq ? db_int(rows, 6) : 0;
		if (!each(arg, &r, e))
			return false;
	}
	return e->kind == ERR_NONE;
}

bool
store_status_changes(struct db *db, int64_t after, int64_t upto, store_status_each *each, void *arg, struct err *e)
{
	static const char sql[] = "SELECT " COLUMNS ", status_seq FROM certificate"
	    " WHERE status_seq > $1 AND status_seq <= $2 ORDER BY status_seq";

	return walk(db, sql, ARGS(arg_int(after), arg_int(upto)), true, each, arg, e);
}

bool
store_status_delta(struct db *db, int64_t ca_id, int64_t after, int64_t upto, store_status_each *each, void *arg,
    struct err *e)
{
	static const char sql[] = "SELECT " COLUMNS ", status_seq FROM certificate"
	    " WHERE status_seq > $2 AND status_seq <= $3 AND ca_id = $1 ORDER BY serial";

	return walk(db, sql, ARGS(arg_int(ca_id), arg_int(after), arg_int(upto)), true, each, arg, e);
}

/* A million times in one walk: as few columns as say it, each read once. */
static bool
walk_revoked(struct db *db, const char *sql, struct db_args args, store_status_each *each, void *arg, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct status_row r = { .ca_id = args.v[0].i };
	const uint8_t *serial;
	size_t len;

	if (!db_query(db, sql, args, &rows, e))
		return false;
	while (db_next(rows, e)) {
		serial = db_blob(rows, 0, &len);
		if (serial == NULL || len != sizeof(r.serial))
			return err_sys(e, "a serial number of %zu octets", len);
		memcpy(r.serial, serial, sizeof(r.serial));
		r.state = db_int(rows, 1);
		r.revoked_at = db_int(rows, 2);
		r.reason = db_int(rows, 3);
		r.invalid_since = db_int(rows, 4);
		if (!each(arg, &r, e))
			return false;
	}
	return e->kind == ERR_NONE;
}

bool
store_status_revoked(struct db *db, int64_t ca_id, int64_t shard, int64_t ends_after, store_status_each *each,
    void *arg, struct err *e)
{
	static const char all[] = "SELECT serial, state, revoked_at, reason, invalidity_at FROM certificate"
	    " WHERE ca_id = $1 AND state <> 0 AND not_after > $2 ORDER BY serial";
	static const char part[] = "SELECT serial, state, revoked_at, reason, invalidity_at FROM certificate"
	    " WHERE ca_id = $1 AND state <> 0 AND not_after > $2 AND shard = $3 ORDER BY serial";

	if (shard < 0)
		return walk_revoked(db, all, ARGS(arg_int(ca_id), arg_int(ends_after)), each, arg, e);
	return walk_revoked(db, part, ARGS(arg_int(ca_id), arg_int(ends_after), arg_int(shard)), each, arg, e);
}

/* Not GROUP BY, for which SQLite would sort all of them in memory. */
bool
store_status_latest(struct db *db, int64_t after, bool (*each)(void *, int64_t, int64_t), void *arg, struct err *e)
{
	static const char sql[] = "SELECT ca_id, status_seq FROM certificate WHERE status_seq > $1 ORDER BY status_seq";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	int64_t ca_id = 0, seq = 0;

	if (!db_query(db, sql, ARGS(arg_int(after)), &rows, e))
		return err_in(e, "last changes");
	while (db_next(rows, e)) {
		if (seq != 0 && db_int(rows, 0) != ca_id && !each(arg, ca_id, seq))
			return true;
		ca_id = db_int(rows, 0);
		seq = db_int(rows, 1);
	}
	if (e->kind != ERR_NONE)
		return false;
	if (seq != 0)
		(void)each(arg, ca_id, seq);
	return true;
}
