/* What is held against something outside the rows: read in pages. */
#include <string.h>

#include "base/hash.h"
#include "store/check.h"

bool
store_check_certificates(struct db *db, int64_t after, int64_t limit, struct arena *a,
    struct check_certificate **out, size_t *n, struct err *e)
{
	static const char sql[] =
	    "SELECT c.id, c.batch_id, c.serial, d.der, c.ca_id, c.not_before, c.not_after, c.subject, c.shard"
	    " FROM certificate c JOIN certificate_der d ON d.certificate_id = c.id WHERE c.id > $1 ORDER BY c.id LIMIT $2";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct check_certificate *list = arena_array(a, (size_t)limit, sizeof(*list));

	*n = 0;
	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "check", "too many certificates asked for");
	if (!db_query(db, sql, ARGS(arg_int(after), arg_int(limit)), &rows, e))
		return false;
	while (*n < (size_t)limit && db_next(rows, e)) {
		struct check_certificate *c = &list[(*n)++];
		const uint8_t *p;
		size_t len;

		c->id = db_int(rows, 0);
		c->batch_id = db_int(rows, 1);
		p = db_blob(rows, 2, &len);
		if (p != NULL && len == sizeof(c->serial))
			memcpy(c->serial, p, len);
		p = db_blob(rows, 3, &c->der_len);
		c->der = arena_memdup(a, p == NULL ? (const uint8_t *)"" : p, c->der_len);
		c->ca_id = db_int(rows, 4);
		c->not_before = db_int(rows, 5);
		c->not_after = db_int(rows, 6);
		c->subject = db_text_in(rows, 7, a);
		c->shard = db_int(rows, 8);
		if (c->der == NULL || c->subject == NULL)
			return err_set(e, ERR_TOO_LARGE, "check", "too many certificates asked for");
	}
	*out = list;
	return e->kind == ERR_NONE;
}

bool
store_check_serial(struct db *db, const uint8_t serial[16], uint8_t hash[32], bool *found, struct err *e)
{
	static const char sql[] =
	    "SELECT d.der FROM certificate_serial s JOIN certificate_der d ON d.certificate_id = s.certificate_id"
	    " WHERE s.serial = $1";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*found = false;
	if (!db_query(db, sql, ARGS(arg_blob(serial, 16)), &rows, e))
		return false;
	if (db_next(rows, e)) {
		size_t len;
		const uint8_t *p = db_blob(rows, 0, &len);

		sha256(p, len, hash);
		*found = true;
	}
	return e->kind == ERR_NONE;
}

bool
store_check_planned(struct db *db, const uint8_t serial[16], bool *planned, struct err *e)
{
	static const char sql[] = "SELECT plan FROM slice WHERE plan IS NOT NULL AND state IN ('queued', 'void')"
	    " UNION ALL SELECT plan FROM plan_left";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*planned = false;
	if (!db_query(db, sql, NO_ARGS, &rows, e))
		return false;
	while (db_next(rows, e)) {
		size_t len;
		const uint8_t *p = db_blob(rows, 0, &len);

		for (size_t i = 0; p != NULL && i + 16 <= len && !*planned; i += 16)
			*planned = memcmp(p + i, serial, 16) == 0;
	}
	return e->kind == ERR_NONE;
}

bool
store_check_admin(struct db *db, const uint8_t hash[32], bool *found, struct err *e)
{
	static const char sql[] = "SELECT 1 FROM user_certificate WHERE sha256 = $1";
	int64_t one;

	return db_get_int(db, sql, ARGS(arg_blob(hash, 32)), &one, found, e);
}

bool
store_check_events(struct db *db, int64_t batch_id, int64_t seq, int64_t limit, struct arena *a,
    struct check_event **out, size_t *n, struct err *e)
{
	static const char sql[] =
	    "SELECT batch_id, seq, status FROM batch_event WHERE (batch_id, seq) > ($1, $2) ORDER BY batch_id, seq LIMIT $3";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct check_event *list = arena_array(a, (size_t)limit, sizeof(*list));

	*n = 0;
	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "check", "too much history asked for");
	if (!db_query(db, sql, ARGS(arg_int(batch_id), arg_int(seq), arg_int(limit)), &rows, e))
		return false;
	while (*n < (size_t)limit && db_next(rows, e)) {
		list[*n] = (struct check_event){ db_int(rows, 0), db_int(rows, 1), db_text_in(rows, 2, a) };
		(*n)++;
	}
	*out = list;
	return e->kind == ERR_NONE;
}

bool
store_check_deliverable(struct db *db, int64_t after, int64_t *id, bool *found, struct err *e)
{
	static const char sql[] =
	    "SELECT id FROM batch WHERE id > $1 AND state IN ('ready_for_download', 'downloaded', 'issued_partly')"
	    " AND purged_at IS NULL ORDER BY id LIMIT 1";

	return db_get_int(db, sql, ARGS(arg_int(after)), id, found, e);
}
