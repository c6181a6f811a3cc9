#include "store/organization.h"

#include "store/query.h"

#define COLUMNS "id, name, status, parameters, parameters_version, mac_prefixes, approval_above, passkeys," \
	" created_at, version, password_min, invitation_days"

bool
store_counter_take(struct db *tx, const char *name, int64_t n, int64_t *first, struct err *e)
{
	static const char sql[] = "UPDATE counter SET value = value + $2 WHERE name = $1 RETURNING value";
	int64_t last;
	bool found;

	if (!db_get_int(tx, sql, ARGS(arg_text(name), arg_int(n)), &last, &found, e))
		return err_in(e, "counter %s", name);
	if (!found)
		return err_sys(e, "no counter %s", name);
	*first = last - n + 1;
	return true;
}

bool
store_counter_raise(struct db *tx, const char *name, int64_t value, struct err *e)
{
	static const char sql[] = "UPDATE counter SET value = $2 WHERE name = $1 AND value < $2";

	return db_run(tx, sql, ARGS(arg_text(name), arg_int(value)), NULL, e);
}

bool
store_setting_get(struct db *db, const char *name, struct arena *a, const char **value, struct err *e)
{
	static const char sql[] = "SELECT value FROM setting WHERE name = $1";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*value = NULL;
	if (!db_query(db, sql, ARGS(arg_text(name)), &rows, e))
		return err_in(e, "setting %s", name);
	if (db_next(rows, e))
		*value = db_text_in(rows, 0, a);
	return e->kind == ERR_NONE;
}

bool
store_setting_put(struct db *tx, const char *name, const char *value, int64_t at, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO setting (name, value, changed_at) VALUES ($1, $2, $3)"
	    " ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at";

	return db_run(tx, sql, ARGS(arg_text(name), arg_text(value), arg_int(at)), NULL, e);
}

bool
store_organization_add(struct db *tx, const struct organization *o, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO organization (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

	if (db_run(tx, sql, ARGS(arg_int(o->id), arg_text(o->name), arg_text(o->status), arg_text(o->parameters),
	    arg_int(o->parameters_version), arg_text(o->mac_prefixes),
	    o->approval_above < 0 ? arg_null() : arg_int(o->approval_above), arg_int(o->passkeys),
	    arg_int(o->created_at), arg_int(1), arg_int(o->password_min), arg_int(o->invitation_days)), NULL, e))
		return true;
	if (e->kind == ERR_CONFLICT)
		return err_set(e, ERR_CONFLICT, "organization_exists", "there is an organization of this name already");
	return err_in(e, "organization %s", o->name);
}

static void
read_row(const struct db_rows *rows, struct arena *a, struct organization *o)
{
	o->id = db_int(rows, 0);
	o->name = db_text_in(rows, 1, a);
	o->status = db_text_in(rows, 2, a);
	o->parameters = db_text_in(rows, 3, a);
	o->parameters_version = db_int(rows, 4);
	o->mac_prefixes = db_text_in(rows, 5, a);
	o->approval_above = db_null(rows, 6) ? -1 : db_int(rows, 6);
	o->passkeys = db_int(rows, 7) != 0;
	o->created_at = db_int(rows, 8);
	o->version = db_int(rows, 9);
	o->password_min = db_int(rows, 10);
	o->invitation_days = db_int(rows, 11);
}

static bool
get_one(struct db *db, const char *sql, struct db_args args, struct arena *a, struct organization *o, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;

	if (!db_query(db, sql, args, &rows, e))
		return false;
	if (db_next(rows, e)) {
		read_row(rows, a, o);
		return true;
	}
	if (e->kind != ERR_NONE)
		return false;
	return err_set(e, ERR_NOT_FOUND, "organization", "no such organization");
}

bool
store_organization_get(struct db *db, int64_t id, struct arena *a, struct organization *o, struct err *e)
{
	static const char sql[] = "SELECT " COLUMNS " FROM organization WHERE id = $1";

	return get_one(db, sql, ARGS(arg_int(id)), a, o, e);
}

bool
store_organization_find(struct db *db, const char *name, struct arena *a, struct organization *o, struct err *e)
{
	static const char sql[] = "SELECT " COLUMNS " FROM organization WHERE name = $1";

	return get_one(db, sql, ARGS(arg_text(name)), a, o, e);
}

bool
store_organization_put(struct db *tx, const struct organization *o, struct err *e)
{
	static const char sql[] =
	    "UPDATE organization SET name = $3, status = $4, parameters = $5, parameters_version = $6,"
	    " mac_prefixes = $7, approval_above = $8, passkeys = $9, password_min = $10, invitation_days = $11,"
	    " version = version + 1"
	    " WHERE id = $1 AND version = $2";
	int64_t changed;

	if (!db_run(tx, sql, ARGS(arg_int(o->id), arg_int(o->version), arg_text(o->name), arg_text(o->status),
	    arg_text(o->parameters), arg_int(o->parameters_version), arg_text(o->mac_prefixes),
	    o->approval_above < 0 ? arg_null() : arg_int(o->approval_above), arg_int(o->passkeys),
	    arg_int(o->password_min), arg_int(o->invitation_days)), &changed, e)) {
		if (e->kind == ERR_CONFLICT)
			return err_set(e, ERR_CONFLICT, "organization_exists",
			    "there is an organization of this name already");
		return err_in(e, "organization %lld", (long long)o->id);
	}
	if (changed != 1)
		return err_set(e, ERR_CONFLICT, "organization_changed", "the organization was changed meanwhile");
	return true;
}

static bool
read_list(struct db_rows *rows, int64_t limit, struct arena *a, struct organization **out, size_t *n, struct err *e)
{
	struct organization *list = arena_array(a, (size_t)limit, sizeof(*list));
	size_t count = 0;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "organization_list", "too many organizations asked for");
	while (count < (size_t)limit && db_next(rows, e))
		read_row(rows, a, &list[count++]);
	if (e->kind != ERR_NONE)
		return false;
	*out = list;
	*n = count;
	return true;
}

bool
store_organization_list(struct db *db, int64_t after, int64_t limit, struct arena *a, struct organization **out,
    size_t *n, struct err *e)
{
	static const char sql[] = "SELECT " COLUMNS " FROM organization WHERE id > $1 ORDER BY id LIMIT $2";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	return db_query(db, sql, ARGS(arg_int(after), arg_int(limit)), &rows, e) &&
	    read_list(rows, limit, a, out, n, e);
}

static void
filter_add(struct query *q, const struct organization_filter *f, struct arena *a)
{
	query_add(q, " FROM organization WHERE id > 0", NO_ARGS);
	if (f->id != 0)
		query_add(q, " AND id = ?", ARGS(arg_int(f->id)));
	if (f->name_part != NULL)
		/* One engine's lower() knows ASCII only, the other's every letter. */
		query_add(q, " AND (lower(name) LIKE ? ESCAPE '\\' OR lower(name) LIKE ? ESCAPE '\\')",
		    ARGS(arg_text(query_like(a, f->name_part)), arg_text(query_like(a, query_fold(a, f->name_part)))));
}

bool
store_organization_search(struct db *db, const struct organization_filter *f, struct arena *a,
    struct organization **out, size_t *n, struct err *e)
{
	const char *way = f->descending ? "DESC" : "ASC", *past = f->descending ? "<" : ">";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	OWN_QUERY struct query q = { 0 };

	query_add(&q, "SELECT " COLUMNS, NO_ARGS);
	filter_add(&q, f, a);
	if (f->after_id != 0) {
		str_addf(&q.sql, f->by_name ? " AND (name, id) %s " : " AND id %s ", past);
		if (f->by_name)
			query_add(&q, "(?, ?)", ARGS(arg_text(f->after_name), arg_int(f->after_id)));
		else
			query_add(&q, "?", ARGS(arg_int(f->after_id)));
	}
	if (f->by_name)
		str_addf(&q.sql, " ORDER BY name %s, id %s", way, way);
	else
		str_addf(&q.sql, " ORDER BY id %s", way);
	query_add(&q, " LIMIT ?", ARGS(arg_int(f->limit)));
	return query_run(db, &q, &rows, e) && read_list(rows, f->limit, a, out, n, e);
}

bool
store_organization_count(struct db *db, const struct organization_filter *f, struct arena *a, int64_t *n,
    struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	OWN_QUERY struct query q = { 0 };

	query_add(&q, "SELECT count(*)", NO_ARGS);
	filter_add(&q, f, a);
	if (!query_run(db, &q, &rows, e))
		return err_in(e, "count of organizations");
	*n = db_next(rows, e) ? db_int(rows, 0) : 0;
	return e->kind == ERR_NONE;
}

bool
store_organization_name(struct db *db, int64_t id, struct arena *a, const char **name, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*name = NULL;
	if (!db_query(db, "SELECT name FROM organization WHERE id = $1", ARGS(arg_int(id)), &rows, e))
		return err_in(e, "organization %lld", (long long)id);
	if (db_next(rows, e))
		*name = db_text_in(rows, 0, a);
	return e->kind == ERR_NONE;
}
