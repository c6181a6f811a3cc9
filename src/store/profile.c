#include "store/profile.h"

#define CA_COLUMNS "id, ski, name, label, subject, serial_number, der, parent_id, purpose, not_before, not_after," \
	" created_at, shards"
#define PROFILE_COLUMNS "p.id, p.name, p.ecosystem_id, p.ca_id, p.version, p.status, p.created_at"
#define LIST_MAX 2000

bool
store_ecosystem_put(struct db *tx, const struct ecosystem *s, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO ecosystem (id, name, position) VALUES ($1, $2, $3)"
	    " ON CONFLICT (id) DO UPDATE SET name = excluded.name, position = excluded.position";

	if (db_run(tx, sql, ARGS(arg_text(s->id), arg_text(s->name), arg_int(s->position)), NULL, e))
		return true;
	if (e->kind == ERR_CONFLICT)
		return err_set(e, ERR_CONFLICT, "ecosystem_exists", "another ecosystem has this name");
	return false;
}

bool
store_ecosystem_list(struct db *db, int64_t organization_id, struct arena *a, struct ecosystem **out, size_t *n,
    struct err *e)
{
	static const char sql[] =
	    "SELECT id, name, position FROM ecosystem WHERE $1 = -1 OR id IN"
	    " (SELECT p.ecosystem_id FROM quota q JOIN profile p ON p.id = q.profile_id"
	    " WHERE q.organization_id = $1 AND q.revoked_at IS NULL AND p.status = 'active')"
	    " ORDER BY position, name LIMIT $2";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct ecosystem *list = arena_array(a, LIST_MAX, sizeof(*list));
	size_t count = 0;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "ecosystem_list", "too many ecosystems");
	if (!db_query(db, sql, ARGS(arg_int(organization_id), arg_int(LIST_MAX)), &rows, e))
		return false;
	while (count < LIST_MAX && db_next(rows, e)) {
		struct ecosystem *s = &list[count++];

		s->id = db_text_in(rows, 0, a);
		s->name = db_text_in(rows, 1, a);
		s->position = db_int(rows, 2);
	}
	if (e->kind != ERR_NONE)
		return false;
	*out = list;
	*n = count;
	return true;
}

bool
store_ca_add(struct db *tx, const struct ca *c, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO ca (" CA_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

	return db_run(tx, sql, ARGS(arg_int(c->id), arg_text(c->ski), arg_text(c->name), arg_text(c->label), arg_text(c->subject),
	    arg_text(c->serial_number), arg_blob(c->der, c->der_len),
	    c->parent_id == 0 ? arg_null() : arg_int(c->parent_id), arg_text(c->purpose), arg_int(c->not_before),
	    arg_int(c->not_after), arg_int(c->created_at), arg_int(c->shards)), NULL, e);
}

bool
store_ca_shards(struct db *tx, int64_t id, int64_t shards, struct err *e)
{
	return db_run(tx, "UPDATE ca SET shards = $2 WHERE id = $1", ARGS(arg_int(id), arg_int(shards)), NULL, e);
}

static void
read_ca(const struct db_rows *rows, struct arena *a, struct ca *c)
{
	const uint8_t *p;

	c->id = db_int(rows, 0);
	c->ski = db_text_in(rows, 1, a);
	c->name = db_text_in(rows, 2, a);
	c->label = db_text_in(rows, 3, a);
	c->subject = db_text_in(rows, 4, a);
	c->serial_number = db_text_in(rows, 5, a);
	p = db_blob(rows, 6, &c->der_len);
	c->der = arena_memdup(a, p, c->der_len);
	c->parent_id = db_int(rows, 7);
	c->purpose = db_text_in(rows, 8, a);
	c->not_before = db_int(rows, 9);
	c->not_after = db_int(rows, 10);
	c->created_at = db_int(rows, 11);
	c->shards = db_int(rows, 12);
}

bool
store_ca_get(struct db *db, int64_t id, struct arena *a, struct ca *c, struct err *e)
{
	static const char sql[] = "SELECT " CA_COLUMNS " FROM ca WHERE id = $1";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	if (!db_query(db, sql, ARGS(arg_int(id)), &rows, e))
		return false;
	if (db_next(rows, e)) {
		read_ca(rows, a, c);
		return true;
	}
	if (e->kind != ERR_NONE)
		return false;
	return err_set(e, ERR_NOT_FOUND, "ca", "no such CA");
}

static bool
ca_maybe(struct db *db, const char *sql, const char *key, struct arena *a, struct ca *c, bool *found, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*found = false;
	if (!db_query(db, sql, ARGS(arg_text(key)), &rows, e))
		return false;
	if (db_next(rows, e)) {
		read_ca(rows, a, c);
		*found = true;
	}
	return e->kind == ERR_NONE;
}

bool
store_ca_find(struct db *db, const char *ski, struct arena *a, struct ca *c, bool *found, struct err *e)
{
	static const char sql[] = "SELECT " CA_COLUMNS " FROM ca WHERE ski = $1";

	return ca_maybe(db, sql, ski, a, c, found, e);
}

bool
store_ca_named(struct db *db, const char *name, struct arena *a, struct ca *c, bool *found, struct err *e)
{
	static const char sql[] = "SELECT " CA_COLUMNS " FROM ca WHERE name = $1";

	return ca_maybe(db, sql, name, a, c, found, e);
}

bool
store_ca_list(struct db *db, struct arena *a, struct ca **out, size_t *n, struct err *e)
{
	static const char sql[] = "SELECT " CA_COLUMNS " FROM ca ORDER BY id LIMIT $1";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct ca *list = arena_array(a, LIST_MAX, sizeof(*list));
	size_t count = 0;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "ca_list", "too many CAs");
	if (!db_query(db, sql, ARGS(arg_int(LIST_MAX)), &rows, e))
		return false;
	while (count < LIST_MAX && db_next(rows, e))
		read_ca(rows, a, &list[count++]);
	if (e->kind != ERR_NONE)
		return false;
	*out = list;
	*n = count;
	return true;
}

bool
store_profile_add(struct db *tx, const struct profile_row *p, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO profile (id, name, ecosystem_id, ca_id, version, status, created_at)"
	    " VALUES ($1, $2, $3, $4, $5, $6, $7)";

	if (db_run(tx, sql, ARGS(arg_int(p->id), arg_text(p->name), arg_text(p->ecosystem_id), arg_int(p->ca_id),
	    arg_int(p->version), arg_text(p->status), arg_int(p->created_at)), NULL, e))
		return true;
	if (e->kind == ERR_CONFLICT)
		return err_set(e, ERR_CONFLICT, "profile_exists", "there is a profile of this id or name already");
	return err_in(e, "profile %lld", (long long)p->id);
}

static void
read_profile(const struct db_rows *rows, struct arena *a, struct profile_row *p)
{
	p->id = db_int(rows, 0);
	p->name = db_text_in(rows, 1, a);
	p->ecosystem_id = db_text_in(rows, 2, a);
	p->ca_id = db_int(rows, 3);
	p->version = db_int(rows, 4);
	p->status = db_text_in(rows, 5, a);
	p->created_at = db_int(rows, 6);
}

bool
store_profile_get(struct db *db, int64_t id, struct arena *a, struct profile_row *p, bool *found, struct err *e)
{
	static const char sql[] = "SELECT " PROFILE_COLUMNS " FROM profile p WHERE p.id = $1";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*found = false;
	if (!db_query(db, sql, ARGS(arg_int(id)), &rows, e))
		return false;
	if (db_next(rows, e)) {
		read_profile(rows, a, p);
		*found = true;
	}
	return e->kind == ERR_NONE;
}

bool
store_profile_list(struct db *db, int64_t organization_id, const char *ecosystem_id, struct arena *a,
    struct profile_row **out, size_t *n, struct err *e)
{
	static const char all[] =
	    "SELECT " PROFILE_COLUMNS " FROM profile p WHERE $1 = -1 AND ($2 = '' OR p.ecosystem_id = $2)"
	    " ORDER BY p.id LIMIT $3";
	static const char granted[] =
	    "SELECT " PROFILE_COLUMNS " FROM quota q JOIN profile p ON p.id = q.profile_id"
	    " WHERE q.organization_id = $1 AND q.revoked_at IS NULL AND p.status = 'active'"
	    " AND ($2 = '' OR p.ecosystem_id = $2) ORDER BY p.id LIMIT $3";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct profile_row *list = arena_array(a, LIST_MAX, sizeof(*list));
	size_t count = 0;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "profile_list", "too many profiles");
	if (!db_query(db, organization_id == -1 ? all : granted, ARGS(arg_int(organization_id),
	    arg_text(ecosystem_id == NULL ? "" : ecosystem_id), arg_int(LIST_MAX)), &rows, e))
		return false;
	while (count < LIST_MAX && db_next(rows, e))
		read_profile(rows, a, &list[count++]);
	if (e->kind != ERR_NONE)
		return false;
	*out = list;
	*n = count;
	return true;
}

bool
store_profile_granted(struct db *db, int64_t organization_id, int64_t user_id, int64_t profile_id, bool *granted,
    struct err *e)
{
	static const char sql[] =
	    "SELECT 1 FROM quota q JOIN profile p ON p.id = q.profile_id"
	    " WHERE q.organization_id = $1 AND q.profile_id = $3 AND q.revoked_at IS NULL AND p.status = 'active'"
	    " AND (NOT EXISTS (SELECT 1 FROM user_profile u WHERE u.user_id = $2 AND u.organization_id = $1)"
	    " OR EXISTS (SELECT 1 FROM user_profile u WHERE u.user_id = $2 AND u.organization_id = $1"
	    " AND u.profile_id = $3))";
	int64_t one;

	return db_get_int(db, sql, ARGS(arg_int(organization_id), arg_int(user_id), arg_int(profile_id)), &one,
	    granted, e);
}

bool
store_profile_version_max(struct db *db, int64_t id, int64_t *version, struct err *e)
{
	static const char sql[] = "SELECT COALESCE(MAX(version), 0) FROM profile_version WHERE profile_id = $1";
	bool found;

	return db_get_int(db, sql, ARGS(arg_int(id)), version, &found, e);
}

bool
store_profile_activate(struct db *tx, int64_t id, int64_t version, const char *name, const char *ecosystem_id,
    int64_t ca_id, int64_t at, struct err *e)
{
	static const char head[] =
	    "UPDATE profile SET version = $2, name = $3, ecosystem_id = $4, ca_id = $5 WHERE id = $1";
	static const char mark[] =
	    "UPDATE profile_version SET activated_at = $3 WHERE profile_id = $1 AND version = $2"
	    " AND activated_at IS NULL";

	return db_run(tx, head, ARGS(arg_int(id), arg_int(version), arg_text(name), arg_text(ecosystem_id),
	    arg_int(ca_id)), NULL, e) &&
	    db_run(tx, mark, ARGS(arg_int(id), arg_int(version), arg_int(at)), NULL, e);
}

bool
store_profile_version_add(struct db *tx, int64_t profile_id, int64_t version, const char *document,
    const char *created_by, int64_t at, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO profile_version (profile_id, version, document, created_at, created_by)"
	    " VALUES ($1, $2, $3, $4, $5)";

	if (db_run(tx, sql, ARGS(arg_int(profile_id), arg_int(version), arg_text(document), arg_int(at),
	    arg_text(created_by)), NULL, e))
		return true;
	if (e->kind == ERR_CONFLICT)
		return err_set(e, ERR_CONFLICT, "profile_version_exists", "there is a version %lld of profile %lld already",
		    (long long)version, (long long)profile_id);
	return err_in(e, "profile %lld version %lld", (long long)profile_id, (long long)version);
}

bool
store_profile_version_get(struct db *db, int64_t profile_id, int64_t version, struct arena *a, const char **document,
    bool *found, struct err *e)
{
	static const char sql[] = "SELECT document FROM profile_version WHERE profile_id = $1 AND version = $2";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*found = false;
	if (!db_query(db, sql, ARGS(arg_int(profile_id), arg_int(version)), &rows, e))
		return false;
	if (db_next(rows, e)) {
		*document = db_text_in(rows, 0, a);
		*found = true;
	}
	return e->kind == ERR_NONE;
}

bool
store_profile_version_list(struct db *db, int64_t profile_id, struct arena *a, struct profile_version_row **out,
    size_t *n, struct err *e)
{
	static const char sql[] =
	    "SELECT version, created_at, activated_at, created_by FROM profile_version WHERE profile_id = $1"
	    " ORDER BY version DESC LIMIT $2";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct profile_version_row *list = arena_array(a, LIST_MAX, sizeof(*list));
	size_t count = 0;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "profile_versions", "too many versions");
	if (!db_query(db, sql, ARGS(arg_int(profile_id), arg_int(LIST_MAX)), &rows, e))
		return false;
	while (count < LIST_MAX && db_next(rows, e)) {
		struct profile_version_row *v = &list[count++];

		v->version = db_int(rows, 0);
		v->created_at = db_int(rows, 1);
		v->activated_at = db_int(rows, 2);
		v->created_by = db_text_in(rows, 3, a);
	}
	if (e->kind != ERR_NONE)
		return false;
	*out = list;
	*n = count;
	return true;
}

bool
store_grant_put(struct db *tx, int64_t organization_id, int64_t profile_id, int64_t at, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO quota (organization_id, profile_id, granted_at) VALUES ($1, $2, $3)"
	    " ON CONFLICT (organization_id, profile_id) DO UPDATE SET revoked_at = NULL";

	return db_run(tx, sql, ARGS(arg_int(organization_id), arg_int(profile_id), arg_int(at)), NULL, e);
}

bool
store_grant_drop(struct db *tx, int64_t organization_id, int64_t profile_id, int64_t at, bool *dropped,
    struct err *e)
{
	static const char sql[] =
	    "UPDATE quota SET revoked_at = $3 WHERE organization_id = $1 AND profile_id = $2 AND revoked_at IS NULL";
	int64_t changed;

	if (!db_run(tx, sql, ARGS(arg_int(organization_id), arg_int(profile_id), arg_int(at)), &changed, e))
		return false;
	*dropped = changed != 0;
	return true;
}
