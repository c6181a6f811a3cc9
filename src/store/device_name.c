#include <string.h>

#include "base/str.h"
#include "store/item.h"

enum { LOOK = 64, MANY = 128 };

#define VALUES_8(a, b, c, d, e, f, g, h) \
	"($" #a "), ($" #b "), ($" #c "), ($" #d "), ($" #e "), ($" #f "), ($" #g "), ($" #h ")"
#define VALUES_64 \
	VALUES_8(4, 5, 6, 7, 8, 9, 10, 11) ", " VALUES_8(12, 13, 14, 15, 16, 17, 18, 19) ", " \
	VALUES_8(20, 21, 22, 23, 24, 25, 26, 27) ", " VALUES_8(28, 29, 30, 31, 32, 33, 34, 35) ", " \
	VALUES_8(36, 37, 38, 39, 40, 41, 42, 43) ", " VALUES_8(44, 45, 46, 47, 48, 49, 50, 51) ", " \
	VALUES_8(52, 53, 54, 55, 56, 57, 58, 59) ", " VALUES_8(60, 61, 62, 63, 64, 65, 66, 67)
#define MARKS_8(a, b, c, d, e, f, g, h) "$" #a ", $" #b ", $" #c ", $" #d ", $" #e ", $" #f ", $" #g ", $" #h
#define MARKS_64 \
	MARKS_8(1, 2, 3, 4, 5, 6, 7, 8) ", " MARKS_8(9, 10, 11, 12, 13, 14, 15, 16) ", " \
	MARKS_8(17, 18, 19, 20, 21, 22, 23, 24) ", " MARKS_8(25, 26, 27, 28, 29, 30, 31, 32) ", " \
	MARKS_8(33, 34, 35, 36, 37, 38, 39, 40) ", " MARKS_8(41, 42, 43, 44, 45, 46, 47, 48) ", " \
	MARKS_8(49, 50, 51, 52, 53, 54, 55, 56) ", " MARKS_8(57, 58, 59, 60, 61, 62, 63, 64)

bool
store_device_name_find(struct db *db, int64_t organization_id, int64_t profile_id, const char *input,
    const char *const *values, size_t n, int64_t *batch_id, struct err *e)
{
	/*
	 * One text of a fixed number of marks: prepared once; a short last portion repeats its first value.  A
	 * sub-select a value, for it is looked up by the whole key: of value IN (...) a planner that knows little of
	 * the table may read all names of the organization.
	 */
	static const char sql[] =
	    "WITH asked (value) AS (VALUES " VALUES_64 ")"
	    " SELECT a.value, (SELECT CASE WHEN b.state = 'pending_creation' THEN -1 ELSE d.batch_id END"
	    "  FROM device_name d LEFT JOIN batch b ON b.id = d.batch_id"
	    "  WHERE d.organization_id = $1 AND d.profile_id = $2 AND d.input = $3 AND d.value = a.value) FROM asked a";

	for (size_t at = 0; at < n; at += LOOK) {
		size_t some = n - at < LOOK ? n - at : LOOK;
		struct db_arg args[3 + LOOK] = { arg_int(organization_id), arg_int(profile_id), arg_text(input) };
		OWN(db_rows_free) struct db_rows *rows = NULL;

		for (size_t i = 0; i < LOOK; i++)
			args[3 + i] = arg_text(values[at + (i < some ? i : 0)]);
		for (size_t i = 0; i < some; i++)
			batch_id[at + i] = 0;
		if (!db_query(db, sql, (struct db_args){ args, COUNT(args) }, &rows, e))
			return err_in(e, "ledger of names");
		while (db_next(rows, e))
			for (size_t i = 0; i < some; i++)
				if (!db_null(rows, 1) && strcmp(values[at + i], db_text(rows, 0)) == 0)
					batch_id[at + i] = db_int(rows, 1);
		if (e->kind != ERR_NONE)
			return false;
	}
	return true;
}

bool
store_device_name_add(struct db *tx, int64_t organization_id, int64_t profile_id, int64_t batch_id,
    const struct device_name *d, size_t n, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO device_name (organization_id, profile_id, input, value, batch_id, item_index)"
	    " VALUES ($1, $2, $3, $4, $5, $6)";
	enum { K = 6 };
	struct db_arg args[MANY * K];

	while (n > 0) {
		size_t some = n < MANY ? n : MANY;

		for (size_t i = 0; i < some; i++) {
			struct db_arg *a = &args[i * K];

			a[0] = arg_int(organization_id);
			a[1] = arg_int(profile_id);
			a[2] = arg_text(d[i].input);
			a[3] = arg_text(d[i].value);
			a[4] = arg_int(batch_id);
			a[5] = arg_int(d[i].item_index);
		}
		if (!db_put_many(tx, sql, args, K, some, e))
			return err_in(e, "names of batch %lld", (long long)batch_id);
		d += some;
		n -= some;
	}
	return true;
}

bool
store_device_name_release(struct db *tx, int64_t batch_id, int64_t from, int64_t to, struct err *e)
{
	return db_run(tx, "DELETE FROM device_name WHERE batch_id = $1 AND item_index >= $2 AND item_index < $3",
	    ARGS(arg_int(batch_id), arg_int(from), arg_int(to)), NULL, e);
}

/* ---- keys ---- */

static bool
key_find(struct db *db, const uint8_t spki_sha256[32], bool *used, struct err *e)
{
	static const char sql[] = "SELECT 1 FROM key_use WHERE spki_sha256 = $1";
	int64_t one;

	return db_get_int(db, sql, ARGS(arg_blob(spki_sha256, 32)), &one, used, e);
}

bool
store_key_use_find(struct db *db, const uint8_t (*spki_sha256)[32], size_t n, bool *used, struct err *e)
{
	static const char sql[] = "SELECT spki_sha256 FROM key_use WHERE spki_sha256 IN (" MARKS_64 ")";

	if (n == 1)
		return key_find(db, spki_sha256[0], used, e) || err_in(e, "ledger of keys");
	for (size_t at = 0; at < n; at += LOOK) {
		size_t some = n - at < LOOK ? n - at : LOOK, len;
		OWN(db_rows_free) struct db_rows *rows = NULL;
		struct db_arg args[LOOK];

		for (size_t i = 0; i < LOOK; i++)
			args[i] = arg_blob(spki_sha256[at + (i < some ? i : 0)], 32);
		for (size_t i = 0; i < some; i++)
			used[at + i] = false;
		if (!db_query(db, sql, (struct db_args){ args, COUNT(args) }, &rows, e))
			return err_in(e, "ledger of keys");
		while (db_next(rows, e)) {
			const uint8_t *there = db_blob(rows, 0, &len);

			for (size_t i = 0; len == 32 && i < some; i++)
				if (memcmp(spki_sha256[at + i], there, 32) == 0)
					used[at + i] = true;
		}
		if (e->kind != ERR_NONE)
			return false;
	}
	return true;
}

bool
store_key_use_add(struct db *tx, int64_t batch_id, const struct key_use *k, size_t n, struct err *e)
{
	static const char sql[] = "INSERT INTO key_use (spki_sha256, batch_id, item_index) VALUES ($1, $2, $3)";
	enum { K = 3 };
	struct db_arg args[MANY * K];

	while (n > 0) {
		size_t some = n < MANY ? n : MANY;

		for (size_t i = 0; i < some; i++) {
			struct db_arg *a = &args[i * K];

			a[0] = arg_blob(k[i].spki_sha256, 32);
			a[1] = arg_int(batch_id);
			a[2] = arg_int(k[i].item_index);
		}
		if (!db_put_many(tx, sql, args, K, some, e))
			return err_in(e, "keys of batch %lld", (long long)batch_id);
		k += some;
		n -= some;
	}
	return true;
}

bool
store_key_use_release(struct db *tx, int64_t batch_id, int64_t limit, bool *more, struct err *e)
{
	static const char sql[] =
	    "DELETE FROM key_use WHERE spki_sha256 IN"
	    " (SELECT spki_sha256 FROM key_use WHERE batch_id = $1 LIMIT $2)";
	int64_t changed;

	if (!db_run(tx, sql, ARGS(arg_int(batch_id), arg_int(limit)), &changed, e))
		return err_in(e, "keys of batch %lld", (long long)batch_id);
	*more = changed == limit;
	return true;
}

bool
store_key_use_release_item(struct db *tx, int64_t batch_id, int64_t item_index, struct err *e)
{
	return db_run(tx, "DELETE FROM key_use WHERE batch_id = $1 AND item_index = $2",
	    ARGS(arg_int(batch_id), arg_int(item_index)), NULL, e);
}
