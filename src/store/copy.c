#include "store/copy.h"

#include <string.h>

#include "base/str.h"

#define TABLES_MAX 500
#define COLUMNS_MAX 90

/* Table, column, type, place in the primary key; in order of table and column. */
static const char sqlite_catalog[] =
    "SELECT m.name, c.name, lower(c.type), c.pk FROM sqlite_master m JOIN pragma_table_info(m.name) c"
    " WHERE m.type = 'table' AND substr(m.name, 1, 7) <> 'sqlite_' ORDER BY m.name, c.cid";
static const char postgres_catalog[] =
    "SELECT CAST(t.relname AS TEXT), CAST(a.attname AS TEXT), CAST(format_type(a.atttypid, NULL) AS TEXT),"
    " CAST(COALESCE(array_position(CAST(i.indkey AS SMALLINT[]), a.attnum) + 1, 0) AS BIGINT)"
    " FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped"
    " LEFT JOIN pg_index i ON i.indrelid = t.oid AND i.indisprimary"
    " WHERE t.relkind IN ('r', 'p') AND NOT t.relispartition"
    " AND t.relnamespace = CAST(current_schema() AS regnamespace)"
    " ORDER BY CAST(t.relname AS TEXT) COLLATE \"C\", a.attnum";

static bool
no_room(struct err *e)
{
	return err_set(e, ERR_TOO_LARGE, "copy", "the store has more tables or larger rows than can be copied");
}

/* ---- tables ---- */

static bool
type_of(const char *type, struct copy_column *c)
{
	if (strcmp(type, "bigint") == 0 || strcmp(type, "integer") == 0)
		c->type = COPY_INT;
	else if (strcmp(type, "text") == 0)
		c->type = COPY_TEXT;
	else if (strcmp(type, "blob") == 0 || strcmp(type, "bytea") == 0)
		c->type = COPY_BLOB;
	else
		return false;
	return true;
}

static void
key_names(const struct copy_table *t, const char *sep, bool numbers, struct str *out)
{
	for (size_t k = 1; k <= t->keys; k++)
		for (size_t i = 0; i < t->n; i++) {
			if (t->columns[i].key != k)
				continue;
			if (numbers)
				str_addf(out, "%s$%zu", k == 1 ? "" : sep, k);
			else
				str_addf(out, "%s%s", k == 1 ? "" : sep, t->columns[i].name);
		}
}

static bool
statements(struct copy_table *t, struct arena *a)
{
	OWN_STR struct str names = { 0 };
	OWN_STR struct str numbers = { 0 };
	OWN_STR struct str keys = { 0 };
	OWN_STR struct str wanted = { 0 };

	for (size_t i = 0; i < t->n; i++) {
		str_addf(&names, "%s%s", i == 0 ? "" : ", ", t->columns[i].name);
		str_addf(&numbers, "%s$%zu", i == 0 ? "" : ", ", i + 1);
	}
	key_names(t, ", ", false, &keys);
	key_names(t, ", ", true, &wanted);
	t->first_sql = arena_printf(a, "SELECT %s FROM %s ORDER BY %s LIMIT $1", names.p, t->name, keys.p);
	t->next_sql = arena_printf(a, "SELECT %s FROM %s WHERE (%s) > (%s) ORDER BY %s LIMIT $%zu", names.p, t->name, keys.p,
	    wanted.p, keys.p, t->keys + 1);
	t->put_sql = arena_printf(a, "INSERT INTO %s (%s) VALUES (%s)", t->name, names.p, numbers.p);
	return t->first_sql != NULL && t->next_sql != NULL && t->put_sql != NULL;
}

static bool
own_table(const char *name)
{
	return strcmp(name, "schema_migration") == 0 || strcmp(name, "store_copy") == 0 ||
	    strcmp(name, "store_copy_table") == 0;
}

static bool
tables_finish(struct copy_table *list, size_t n, struct arena *a, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct copy_table *t = &list[i];

		for (size_t k = 0; k < t->n; k++)
			t->keys += t->columns[k].key != 0;
		if (t->keys == 0)
			return err_sys(e, "table %s has no primary key", t->name);
		if (!statements(t, a))
			return no_room(e);
	}
	return true;
}

bool
store_copy_tables(struct db *db, struct arena *a, struct copy_table **out, size_t *n, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct copy_table *list = arena_array(a, TABLES_MAX, sizeof(*list)), *t = NULL;

	*n = 0;
	if (list == NULL)
		return no_room(e);
	if (!db_query(db, db_engine(db) == DB_SQLITE ? sqlite_catalog : postgres_catalog, NO_ARGS, &rows, e))
		return err_in(e, "catalog");
	while (db_next(rows, e)) {
		const char *name = db_text(rows, 0);

		if (own_table(name))
			continue;
		if (t == NULL || strcmp(t->name, name) != 0) {
			if (*n == TABLES_MAX)
				return no_room(e);
			t = &list[(*n)++];
			*t = (struct copy_table){ .name = arena_strdup(a, name),
			    .columns = arena_array(a, COLUMNS_MAX, sizeof(*t->columns)) };
			if (t->name == NULL || t->columns == NULL)
				return no_room(e);
		}
		if (t->n == COLUMNS_MAX || (t->columns[t->n].name = db_text_in(rows, 1, a)) == NULL)
			return no_room(e);
		t->columns[t->n].key = (size_t)db_int(rows, 3);
		if (!type_of(db_text(rows, 2), &t->columns[t->n++]))
			return err_sys(e, "column %s of table %s has a type of its own", db_text(rows, 1), name);
	}
	if (e->kind != ERR_NONE)
		return false;
	*out = list;
	return tables_finish(list, *n, a, e);
}

bool
store_copy_any(struct db *db, bool *any, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;

	if (!db_query(db, db_engine(db) == DB_SQLITE ? sqlite_catalog : postgres_catalog, NO_ARGS, &rows, e))
		return err_in(e, "catalog");
	*any = db_next(rows, e);
	return e->kind == ERR_NONE;
}

/* ---- rows ---- */

static bool
value_read(const struct db_rows *rows, const struct copy_table *t, size_t i, struct arena *a, struct db_arg *out,
    size_t *octets)
{
	const uint8_t *p;
	size_t len;

	*octets += 16;
	if (db_null(rows, (int)i)) {
		*out = arg_null();
		return true;
	}
	switch (t->columns[i].type) {
	case COPY_INT:
		*out = arg_int(db_int(rows, (int)i));
		return true;
	case COPY_TEXT:
		*out = arg_text(db_text_in(rows, (int)i, a));
		*octets += out->len;
		return out->p != NULL;
	case COPY_BLOB:
		p = db_blob(rows, (int)i, &len);
		*out = (struct db_arg){ .type = DB_BLOB, .p = len == 0 ? "" : arena_memdup(a, p, len), .len = len };
		*octets += len;
		return out->p != NULL;
	}
	return false;
}

bool
store_copy_page(struct db *db, const struct copy_table *t, const struct db_arg *after, size_t limit,
    size_t octets_max, struct arena *a, struct db_arg **values, size_t *n, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct db_arg args[COLUMNS_MAX + 1];
	size_t k = after == NULL ? 0 : t->keys, octets = 0;

	*n = 0;
	*values = arena_array(a, limit * t->n, sizeof(**values));
	if (*values == NULL)
		return no_room(e);
	if (after != NULL)
		memcpy(args, after, k * sizeof(*args));
	args[k] = arg_int((int64_t)limit);
	if (!db_query(db, after == NULL ? t->first_sql : t->next_sql, (struct db_args){ args, k + 1 }, &rows, e))
		return err_in(e, "table %s", t->name);
	while (*n < limit && octets < octets_max && db_next(rows, e)) {
		for (size_t i = 0; i < t->n; i++)
			if (!value_read(rows, t, i, a, &(*values)[*n * t->n + i], &octets))
				return no_room(e);
		++*n;
	}
	return e->kind == ERR_NONE || err_in(e, "table %s", t->name);
}

bool
store_copy_put(struct db *tx, const struct copy_table *t, const struct db_arg *values, size_t n, struct err *e)
{
	return db_put_many(tx, t->put_sql, values, t->n, n, e) || err_in(e, "table %s", t->name);
}

bool
store_copy_clear(struct db *tx, const struct copy_table *t, struct err *e)
{
	OWN_STR struct str sql = { 0 };

	str_addf(&sql, "DELETE FROM %s", t->name);
	return db_run(tx, sql.p, NO_ARGS, NULL, e) || err_in(e, "table %s", t->name);
}

/* A letter for the type, the length, the octets. */
static void
value_write(const struct db_arg *v, struct str *out)
{
	char number[24];
	const void *p = v->p;
	size_t len = v->len;
	uint8_t head[9];

	if (v->type == DB_INT) {
		len = (size_t)snprintf(number, sizeof(number), "%lld", (long long)v->i);
		p = number;
	} else if (v->type == DB_NULL)
		len = 0;
	head[0] = (uint8_t)"nitb"[v->type];
	for (size_t i = 0; i < 8; i++)
		head[1 + i] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
	str_add(out, head, sizeof(head));
	if (len > 0)
		str_add(out, p, len);
}

void
store_copy_key(const struct copy_table *t, const struct db_arg *row, struct str *out)
{
	str_clear(out);
	for (size_t k = 1; k <= t->keys; k++)
		for (size_t i = 0; i < t->n; i++)
			if (t->columns[i].key == k)
				value_write(&row[i], out);
}

bool
store_copy_key_read(const struct copy_table *t, const uint8_t *p, size_t len, struct arena *a, struct db_arg **after,
    struct err *e)
{
	struct db_arg *list = arena_array(a, t->keys, sizeof(*list));

	for (size_t k = 0; list != NULL && k < t->keys; k++) {
		uint64_t n = 0;
		char *text;

		for (size_t i = 1; i < 9 && len >= 9; i++)
			n = n << 8 | p[i];
		if (len < 9 || n > len - 9 || (text = arena_strndup(a, (const char *)p + 9, (size_t)n)) == NULL)
			return err_sys(e, "the progress of table %s cannot be read", t->name);
		if (p[0] == 'i')
			list[k] = arg_int(strtoll(text, NULL, 10));
		else if (p[0] == 't')
			list[k] = arg_text(text);
		else
			list[k] = (struct db_arg){ .type = DB_BLOB, .p = n == 0 ? "" : arena_memdup(a, p + 9, (size_t)n),
			    .len = (size_t)n };
		p += 9 + n;
		len -= 9 + (size_t)n;
	}
	*after = list;
	return list != NULL || no_room(e);
}

void
store_copy_sum(const struct copy_table *t, const struct db_arg *row, struct str *scratch, uint8_t sum[SHA256_LEN])
{
	uint8_t hash[SHA256_LEN];
	unsigned carry = 0;

	str_clear(scratch);
	for (size_t i = 0; i < t->n; i++)
		value_write(&row[i], scratch);
	sha256(scratch->p, scratch->len, hash);
	for (size_t i = SHA256_LEN; i-- > 0;) {
		carry += (unsigned)sum[i] + hash[i];
		sum[i] = (uint8_t)carry;
		carry >>= 8;
	}
}

/* ---- what the target remembers ---- */

bool
store_copy_source(struct db *db, struct arena *a, const char **source, bool *marked, struct err *e)
{
	static const char sqlite[] = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'store_copy'";
	static const char postgres[] =
	    "SELECT CAST(1 AS BIGINT) FROM pg_class WHERE relname = 'store_copy'"
	    " AND relnamespace = CAST(current_schema() AS regnamespace)";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	int64_t one;
	bool found;

	*source = NULL;
	*marked = false;
	if (!db_get_int(db, db_engine(db) == DB_SQLITE ? sqlite : postgres, NO_ARGS, &one, &found, e))
		return err_in(e, "catalog");
	if (!found)
		return true;
	if (!db_query(db, "SELECT source, marked FROM store_copy", NO_ARGS, &rows, e))
		return false;
	if (db_next(rows, e)) {
		*source = db_text_in(rows, 0, a);
		*marked = db_int(rows, 1) != 0;
	}
	return e->kind == ERR_NONE;
}

bool
store_copy_begin(struct db *tx, const char *source, struct err *e)
{
	/* Octets as hex: the name for them that the migrations use is not there yet. */
	static const char *const make[] = {
		"CREATE TABLE store_copy (source TEXT NOT NULL PRIMARY KEY, marked BIGINT NOT NULL)",
		"CREATE TABLE store_copy_table (name TEXT NOT NULL PRIMARY KEY, last_key TEXT, copied BIGINT NOT NULL,"
		" whole BIGINT NOT NULL)",
	};

	for (size_t i = 0; i < COUNT(make); i++)
		if (!db_run(tx, make[i], NO_ARGS, NULL, e))
			return err_in(e, "target");
	return db_run(tx, "INSERT INTO store_copy (source, marked) VALUES ($1, 0)", ARGS(arg_text(source)), NULL, e);
}

bool
store_copy_mark(struct db *tx, int64_t now, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO schema_migration (number, name, sha256, applied_at) VALUES ($1, 'unfinished_copy', '', $2)";

	return db_run(tx, sql, ARGS(arg_int(COPY_MARK), arg_int(now)), NULL, e) &&
	    db_run(tx, "UPDATE store_copy SET marked = 1", NO_ARGS, NULL, e);
}

bool
store_copy_done(struct db *tx, struct err *e)
{
	return db_run(tx, "DROP TABLE store_copy_table", NO_ARGS, NULL, e) &&
	    db_run(tx, "DROP TABLE store_copy", NO_ARGS, NULL, e) &&
	    db_run(tx, "DELETE FROM schema_migration WHERE number = $1", ARGS(arg_int(COPY_MARK)), NULL, e);
}

bool
store_copy_progress(struct db *db, const char *table, struct arena *a, struct copy_progress *out, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	const char *hex;

	*out = (struct copy_progress){ .rows = 0 };
	if (!db_query(db, "SELECT last_key, copied, whole FROM store_copy_table WHERE name = $1", ARGS(arg_text(table)), &rows,
	    e))
		return false;
	if (!db_next(rows, e))
		return e->kind == ERR_NONE;
	out->rows = db_int(rows, 1);
	out->whole = db_int(rows, 2) != 0;
	hex = db_text(rows, 0);
	if (hex != NULL) {
		uint8_t *p = arena_alloc(a, strlen(hex) / 2 + 1);

		if (p == NULL || !hex_decode(hex, strlen(hex), p, strlen(hex) / 2))
			return err_sys(e, "the progress of table %s cannot be read", table);
		out->after = p;
		out->after_len = strlen(hex) / 2;
	}
	return true;
}

bool
store_copy_advance(struct db *tx, const char *table, const struct copy_progress *p, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO store_copy_table (name, last_key, copied, whole) VALUES ($1, $2, $3, $4)"
	    " ON CONFLICT (name) DO UPDATE SET last_key = excluded.last_key, copied = excluded.copied,"
	    " whole = excluded.whole";
	OWN_STR struct str hex = { 0 };

	for (size_t i = 0; i < p->after_len; i++)
		str_addf(&hex, "%02x", p->after[i]);
	return db_run(tx, sql, ARGS(arg_text(table), arg_text(p->after == NULL ? NULL : hex.p), arg_int(p->rows),
	    arg_int(p->whole)), NULL, e) || err_in(e, "progress of table %s", table);
}

bool
store_copy_last_beat(struct db *db, int64_t *at, struct err *e)
{
	bool found;

	return db_get_int(db, "SELECT CAST(COALESCE(MAX(at), 0) AS BIGINT) FROM worker_beat", NO_ARGS, at, &found, e);
}

bool
store_copy_top(struct db *db, int64_t *top, struct err *e)
{
	bool found;

	return db_get_int(db, "SELECT CAST(COALESCE(MAX(value), 0) AS BIGINT) FROM counter WHERE name = 'certificate'", NO_ARGS,
	    top, &found, e);
}
