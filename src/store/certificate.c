#include "store/certificate.h"

#include <string.h>

#include "store/certificate_row.h"
#include "store/status.h"
#include "store/tally.h"

enum { MANY = 128 };

static bool
add_rows(struct db *tx, const struct certificate *c, size_t n, int64_t seq, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO certificate (id, serial, batch_id, item_index, organization_id, profile_id, ca_id, "
	    "state,"
	    " created_at, not_before, not_after, subject, revoked_at, reason, shard, status_seq)"
	    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
	enum { K = 16 };
	struct db_arg args[MANY * K];

	for (size_t i = 0; i < n; i++) {
		struct db_arg *a = &args[i * K];
		bool revoked = c[i].state != CERTIFICATE_ISSUED;

		a[0] = arg_int(c[i].id);
		a[1] = arg_blob(c[i].serial, sizeof(c[i].serial));
		a[2] = arg_int(c[i].batch_id);
		a[3] = arg_int(c[i].item_index);
		a[4] = arg_int(c[i].organization_id);
		a[5] = arg_int(c[i].profile_id);
		a[6] = arg_int(c[i].ca_id);
		a[7] = arg_int(c[i].state);
		a[8] = arg_int(c[i].created_at);
		a[9] = arg_int(c[i].not_before);
		a[10] = arg_int(c[i].not_after);
		a[11] = arg_text(c[i].subject);
		a[12] = revoked ? arg_int(c[i].revoked_at) : arg_null();
		a[13] = revoked ? arg_int(c[i].reason) : arg_null();
		a[14] = arg_int(c[i].shard);
		a[15] = revoked ? arg_int(seq) : arg_null();
	}
	return db_put_many(tx, sql, args, K, n, e);
}

static bool
add_serials(struct db *tx, const struct certificate *c, size_t n, struct err *e)
{
	static const char sql[] = "INSERT INTO certificate_serial (serial, certificate_id) VALUES ($1, $2)";
	struct db_arg args[MANY * 2];

	for (size_t i = 0; i < n; i++) {
		args[2 * i] = arg_blob(c[i].serial, sizeof(c[i].serial));
		args[2 * i + 1] = arg_int(c[i].id);
	}
	return db_put_many(tx, sql, args, 2, n, e);
}

static bool
add_ders(struct db *tx, const struct certificate *c, size_t n, struct err *e)
{
	static const char sql[] = "INSERT INTO certificate_der (certificate_id, der) VALUES ($1, $2)";
	struct db_arg args[MANY * 2];

	for (size_t i = 0; i < n; i++) {
		args[2 * i] = arg_int(c[i].id);
		args[2 * i + 1] = arg_blob(c[i].der, c[i].der_len);
	}
	return db_put_many(tx, sql, args, 2, n, e);
}

static bool
count_issued(struct db *tx, const struct certificate *c, size_t n, struct tally_sheet *t, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (c[i].state == CERTIFICATE_ISSUED &&
		    (!tally_note(
			 tx, t, TALLY_ISSUED, c[i].organization_id, c[i].profile_id, c[i].created_at, 1, e) ||
			!tally_note(tx, t, TALLY_EXPIRING, c[i].organization_id, c[i].profile_id,
			    c[i].not_after, 1, e)))
			return false;
	return true;
}

bool
store_certificate_add(struct db *tx, const struct certificate *c, size_t n, struct err *e)
{
	struct tally_sheet tally = { .n = 0 };
	bool revoked = false;
	int64_t seq = 0;

	for (size_t i = 0; i < n && !revoked; i++)
		revoked = c[i].state != CERTIFICATE_ISSUED;
	if (revoked && !store_status_next(tx, &seq, e))
		return false;
	while (n > 0) {
		size_t some = n < MANY ? n : MANY;

		if (!add_rows(tx, c, some, seq, e) || !add_serials(tx, c, some, e) || !add_ders(tx, c, some, e) ||
		    !count_issued(tx, c, some, &tally, e))
			return err_in(e, "certificates of batch %lld", (long long)c->batch_id);
		c += some;
		n -= some;
	}
	return tally_write(tx, &tally, e);
}

bool
store_certificate_ids(struct db *db, const uint8_t (*serials)[16], size_t n, int64_t *id, struct err *e)
{
	static const char sql[] = "SELECT certificate_id FROM certificate_serial WHERE serial = $1";

	for (size_t i = 0; i < n; i++) {
		bool found;

		if (!db_get_int(db, sql, ARGS(arg_blob(serials[i], 16)), &id[i], &found, e))
			return err_in(e, "serial numbers");
		if (!found)
			id[i] = 0;
	}
	return true;
}

void
certificate_read(const struct db_rows *rows, struct arena *a, struct certificate *c)
{
	size_t len;
	const uint8_t *serial = db_blob(rows, 1, &len);

	*c = (struct certificate){
		.id = db_int(rows, 0), .batch_id = db_int(rows, 2), .item_index = db_int(rows, 3),
		.organization_id = db_int(rows, 4), .profile_id = db_int(rows, 5), .ca_id = db_int(rows, 6),
		.state = db_int(rows, 7), .created_at = db_int(rows, 8), .not_before = db_int(rows, 9),
		.not_after = db_int(rows, 10), .subject = db_text_in(rows, 11, a), .revoked_at = db_int(rows, 12),
		.reason = db_null(rows, 13) ? -1 : db_int(rows, 13), .shard = db_int(rows, 14),
		.batch_name = db_text_in(rows, 15, a), .batch_method = db_text_in(rows, 16, a),
		.batch_downloaded_at = db_int(rows, 17),
	};
	if (serial != NULL && len == sizeof(c->serial))
		memcpy(c->serial, serial, sizeof(c->serial));
}

bool
store_certificate_get(struct db *db, const uint8_t serial[16], struct arena *a, struct certificate *c,
    bool *found, struct err *e)
{
	static const char sql[] = "SELECT " CERTIFICATE_COLUMNS
				  " FROM certificate_serial s JOIN certificate c ON c.id = s.certificate_id"
				  " JOIN batch b ON b.id = c.batch_id WHERE s.serial = $1 AND c.state <> 3";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	if (!db_query(db, sql, ARGS(arg_blob(serial, 16)), &rows, e))
		return err_in(e, "certificate");
	*found = db_next(rows, e);
	if (*found)
		certificate_read(rows, a, c);
	return e->kind == ERR_NONE;
}

bool
store_certificate_der(struct db *db, int64_t id, struct arena *a, const uint8_t **der, size_t *len, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	const uint8_t *p;

	if (!db_query(
		db, "SELECT der FROM certificate_der WHERE certificate_id = $1", ARGS(arg_int(id)), &rows, e))
		return err_in(e, "certificate %lld", (long long)id);
	if (!db_next(rows, e))
		return e->kind != ERR_NONE ? false : err_sys(e, "certificate %lld has no DER", (long long)id);
	p = db_blob(rows, 0, len);
	*der = arena_memdup(a, p, *len);
	return *der != NULL ? true : err_set(e, ERR_TOO_LARGE, "certificate", "no room for a certificate");
}

bool
store_certificate_ders(struct db *db, int64_t from, int64_t n,
    bool (*each)(void *, int64_t, const uint8_t *, size_t, struct err *), void *arg, struct err *e)
{
	static const char sql[] =
	    "SELECT certificate_id, der FROM certificate_der WHERE certificate_id >= $1 AND certificate_id < $2"
	    " ORDER BY certificate_id";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	if (!db_query(db, sql, ARGS(arg_int(from), arg_int(from + n)), &rows, e))
		return err_in(e, "certificates from %lld", (long long)from);
	while (db_next(rows, e)) {
		size_t len;
		const uint8_t *der = db_blob(rows, 1, &len);

		if (!each(arg, db_int(rows, 0), der, len, e))
			return false;
	}
	return e->kind == ERR_NONE;
}

/* Runs an UPDATE that returns what the tallies need of each row that it changed. */
static bool
revoke_rows(struct db *tx, const char *sql, struct db_args args, enum certificate_state state, int64_t at,
    int64_t *changed, struct err *e)
{
	struct tally_sheet tally = { .n = 0 };
	OWN(db_rows_free) struct db_rows *rows = NULL;
	enum tally_kind kind = state == CERTIFICATE_REJECTED ? TALLY_REJECTED : TALLY_REVOKED;

	*changed = 0;
	if (!db_query(tx, sql, args, &rows, e))
		return false;
	while (db_next(rows, e)) {
		int64_t organization_id = db_int(rows, 0), profile_id = db_int(rows, 1);

		(*changed)++;
		if (!tally_note(tx, &tally, kind, organization_id, profile_id, at, 1, e) ||
		    !tally_note(tx, &tally, TALLY_EXPIRING, organization_id, profile_id, db_int(rows, 2), -1, e))
			return false;
	}
	if (e->kind != ERR_NONE)
		return false;
	db_rows_free(give(rows));
	return tally_write(tx, &tally, e);
}

bool
store_certificate_revoke(struct db *tx, int64_t id, enum certificate_state state, int64_t at, int64_t reason,
    bool *changed, struct err *e)
{
	static const char sql[] =
	    "UPDATE certificate SET state = $2, revoked_at = $3, reason = $4, status_seq = $5"
	    " WHERE id = $1 AND state IN (0, 4) RETURNING organization_id, profile_id, not_after";
	int64_t rows, seq;

	if (!store_status_next(tx, &seq, e) ||
	    !revoke_rows(tx, sql,
		ARGS(arg_int(id), arg_int(state), arg_int(at), arg_int(reason), arg_int(seq)), state, at,
		&rows, e))
		return err_in(e, "certificate %lld", (long long)id);
	*changed = rows == 1;
	return true;
}

bool
store_certificate_revoke_range(struct db *tx, int64_t batch_id, int64_t from, int64_t to,
    enum certificate_state state, int64_t at, int64_t reason, int64_t *changed, struct err *e)
{
	/* "state <> 3" lets the partial index of items serve. */
	static const char sql[] =
	    "UPDATE certificate SET state = $4, revoked_at = $5, reason = $6, status_seq = $7"
	    " WHERE batch_id = $1 AND item_index >= $2 AND item_index < $3 AND state <> 3 AND state IN (0, 4)"
	    " RETURNING organization_id, profile_id, not_after";

	int64_t seq;

	if (!store_status_next(tx, &seq, e) ||
	    !revoke_rows(tx, sql,
		ARGS(arg_int(batch_id), arg_int(from), arg_int(to), arg_int(state), arg_int(at),
		    arg_int(reason), arg_int(seq)),
		state, at, changed, e))
		return err_in(e, "certificates of batch %lld", (long long)batch_id);
	return true;
}

static bool
change(struct db *tx, const char *sql, struct db_args args, bool *changed, struct err *e)
{
	int64_t rows;

	if (!db_run(tx, sql, args, &rows, e))
		return err_in(e, "certificate %lld", (long long)args.v[0].i);
	*changed = rows == 1;
	return true;
}

bool
store_certificate_hold(struct db *tx, int64_t id, int64_t at, bool *changed, struct err *e)
{
	static const char sql[] =
	    "UPDATE certificate SET state = 4, revoked_at = $2, reason = 6, status_seq = $3 WHERE id = $1 AND state = 0";
	int64_t seq;

	return store_status_next(tx, &seq, e) && change(tx, sql, ARGS(arg_int(id), arg_int(at), arg_int(seq)), changed, e);
}

bool
store_certificate_release(struct db *tx, int64_t id, bool *changed, struct err *e)
{
	static const char sql[] =
	    "UPDATE certificate SET state = 0, revoked_at = NULL, reason = NULL, invalidity_at = NULL, status_seq = $2"
	    " WHERE id = $1 AND state = 4";
	int64_t seq;

	return store_status_next(tx, &seq, e) && change(tx, sql, ARGS(arg_int(id), arg_int(seq)), changed, e);
}

bool
store_certificate_invalid_since(struct db *tx, int64_t id, int64_t since, struct err *e)
{
	bool changed;

	return change(tx, "UPDATE certificate SET invalidity_at = $2 WHERE id = $1", ARGS(arg_int(id), arg_int(since)),
	    &changed, e);
}

bool
store_certificate_named(struct db *db, int64_t organization_id, int64_t profile_id, const char *input, const char *value,
    uint8_t (*serials)[16], size_t cap, size_t *n, struct err *e)
{
	static const char sql[] =
	    "SELECT c.serial FROM device_name d JOIN certificate c ON c.batch_id = d.batch_id AND c.item_index = d.item_index"
	    " AND c.state <> 3 WHERE d.organization_id = $1 AND d.profile_id = $2 AND d.input = $3 AND d.value = $4";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	const uint8_t *serial;
	size_t len;

	if (!db_query(db, sql, ARGS(arg_int(organization_id), arg_int(profile_id), arg_text(input), arg_text(value)), &rows, e))
		return err_in(e, "certificate by name");
	for (*n = 0; *n < cap && db_next(rows, e);) {
		serial = db_blob(rows, 0, &len);
		if (serial != NULL && len == 16)
			memcpy(serials[(*n)++], serial, 16);
	}
	return e->kind == ERR_NONE;
}
