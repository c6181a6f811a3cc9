#include "store/item.h"

#include <string.h>

#include "store/query.h"

enum { MANY = 128 };			/* rows a call of db_put_many */

bool
store_item_add(struct db *tx, int64_t batch_id, const struct item *it, size_t n, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO item (batch_id, item_index, line, inputs, spki, ignored) VALUES ($1, $2, $3, $4, $5, $6)";
	enum { K = 6 };
	struct db_arg args[MANY * K];

	while (n > 0) {
		size_t some = n < MANY ? n : MANY;

		for (size_t i = 0; i < some; i++) {
			struct db_arg *a = &args[i * K];

			a[0] = arg_int(batch_id);
			a[1] = arg_int(it[i].index);
			a[2] = arg_int(it[i].line);
			a[3] = arg_text(it[i].inputs);
			a[4] = arg_blob(it[i].spki, it[i].spki_len);
			a[5] = arg_text(it[i].ignored);
		}
		if (!db_put_many(tx, sql, args, K, some, e))
			return err_in(e, "items of batch %lld", (long long)batch_id);
		it += some;
		n -= some;
	}
	return true;
}

bool
store_item_read(struct db *db, int64_t batch_id, int64_t from, int64_t n, struct arena *a, struct item **out,
    size_t *got, struct err *e)
{
	static const char sql[] =
	    "SELECT item_index, line, inputs, spki FROM item"
	    " WHERE batch_id = $1 AND item_index >= $2 AND item_index < $3 ORDER BY item_index";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct item *list = arena_array(a, (size_t)n, sizeof(*list));
	size_t count = 0;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "items", "no room for the items of a slice");
	if (!db_query(db, sql, ARGS(arg_int(batch_id), arg_int(from), arg_int(from + n)), &rows, e))
		return err_in(e, "items of batch %lld", (long long)batch_id);
	while (count < (size_t)n && db_next(rows, e)) {
		struct item *it = &list[count++];
		const uint8_t *spki = db_blob(rows, 3, &it->spki_len);

		it->index = db_int(rows, 0);
		it->line = db_int(rows, 1);
		it->inputs = db_text_in(rows, 2, a);
		it->spki = spki == NULL ? NULL : arena_memdup(a, spki, it->spki_len);
		if (it->inputs == NULL || (spki != NULL && it->spki == NULL))
			return err_set(e, ERR_TOO_LARGE, "items", "no room for the items of a slice");
	}
	if (e->kind != ERR_NONE)
		return false;
	*out = list;
	*got = count;
	return true;
}

bool
store_item_drop(struct db *tx, int64_t batch_id, int64_t from, int64_t to, struct err *e)
{
	return db_run(tx, "DELETE FROM item WHERE batch_id = $1 AND item_index >= $2 AND item_index < $3",
	    ARGS(arg_int(batch_id), arg_int(from), arg_int(to)), NULL, e);
}

bool
store_item_failure_add(struct db *tx, int64_t batch_id, const struct item_failure *f, size_t n, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO item_failure (batch_id, item_index, at, code, message) VALUES ($1, $2, $3, $4, $5)";
	enum { K = 5 };
	struct db_arg args[MANY * K];

	while (n > 0) {
		size_t some = n < MANY ? n : MANY;

		for (size_t i = 0; i < some; i++) {
			struct db_arg *a = &args[i * K];

			a[0] = arg_int(batch_id);
			a[1] = arg_int(f[i].index);
			a[2] = arg_int(f[i].at);
			a[3] = arg_text(f[i].code);
			a[4] = arg_text(f[i].message);
		}
		if (!db_put_many(tx, sql, args, K, some, e))
			return err_in(e, "failures of batch %lld", (long long)batch_id);
		f += some;
		n -= some;
	}
	return true;
}

bool
store_item_outcomes(struct db *db, int64_t batch_id, enum item_result result, int64_t from, int64_t limit,
    struct arena *a, struct item_outcome **out, size_t *n, struct err *e)
{
	static const char *const sql[] = {
		[ITEM_ANY] = "SELECT i.item_index, i.line, i.inputs, c.serial, c.subject, c.created_at, "
			     "f.at, f.message, i.ignored"
			     " FROM item i LEFT JOIN certificate c ON c.batch_id = i.batch_id AND "
			     "c.item_index = i.item_index"
			     " AND c.state <> 3 LEFT JOIN item_failure f ON f.batch_id = i.batch_id"
			     " AND f.item_index = i.item_index"
			     " WHERE i.batch_id = $1 AND i.item_index >= $2 ORDER BY i.item_index LIMIT $3",
		[ITEM_SUCCEEDED] =
		    "SELECT i.item_index, i.line, i.inputs, c.serial, c.subject, c.created_at, NULL, NULL, i.ignored"
		    " FROM certificate c JOIN item i ON i.batch_id = c.batch_id AND i.item_index = "
		    "c.item_index"
		    " WHERE c.batch_id = $1 AND c.item_index >= $2 AND c.state <> 3 ORDER BY c.item_index "
		    "LIMIT $3",
		[ITEM_FAILED] =
		    "SELECT i.item_index, i.line, i.inputs, NULL, NULL, NULL, f.at, f.message, i.ignored"
		    " FROM item_failure f JOIN item i ON i.batch_id = f.batch_id AND i.item_index = "
		    "f.item_index"
		    " WHERE f.batch_id = $1 AND f.item_index >= $2 ORDER BY f.item_index LIMIT $3",
	};
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct item_outcome *list = arena_array(a, (size_t)limit, sizeof(*list));
	size_t count = 0;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "items", "too many items asked for");
	if (!db_query(db, sql[result], ARGS(arg_int(batch_id), arg_int(from), arg_int(limit)), &rows, e))
		return err_in(e, "items of batch %lld", (long long)batch_id);
	while (count < (size_t)limit && db_next(rows, e)) {
		struct item_outcome *o = &list[count++];
		const uint8_t *serial;
		size_t len = 0;

		o->index = db_int(rows, 0);
		o->line = db_int(rows, 1);
		o->inputs = db_text_in(rows, 2, a);
		serial = db_null(rows, 3) ? NULL : db_blob(rows, 3, &len);
		o->issued = serial != NULL && len == sizeof(o->serial);
		if (o->issued)
			memcpy(o->serial, serial, sizeof(o->serial));
		o->subject = db_text_in(rows, 4, a);
		o->failed = !o->issued && !db_null(rows, 6);
		o->at = o->issued ? db_int(rows, 5) : o->failed ? db_int(rows, 6) : 0;
		o->message = db_text_in(rows, 7, a);
		o->ignored = db_text_in(rows, 8, a);
	}
	if (e->kind != ERR_NONE)
		return false;
	*out = list;
	*n = count;
	return true;
}
