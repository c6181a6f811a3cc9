/*
 * What a status process without `publish` reads, with the rights that docs/status.md says are enough: the GRANT
 * statements are taken from there.
 */
#include "check_db.h"

#include <stdio.h>

#include "base/arena.h"
#include "store/profile.h"
#include "store/status.h"
#include "store/status_list.h"

static bool
grants_read(struct str *out)
{
	const char *root = getenv("CERTMILL_SOURCE");
	char path[512], line[512];
	OWN(fclose) FILE *f = NULL;

	(void)snprintf(path, sizeof(path), "%s/docs/status.md", root == NULL ? "." : root);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (str_starts(line, "GRANT SELECT ON "))
			str_adds(out, line);
	return out->len > 0;
}

/* The line's statement for a role of the test's own. */
static void
grant(struct db *db, const char *text, const char *role)
{
	const char *to = strstr(text, " TO ");
	OWN_STR struct str sql = { 0 };
	struct err e = { 0 };

	str_add(&sql, text, (size_t)(to - text));
	str_addf(&sql, " TO %s", role);
	CHECK(db_run(db, sql.p, NO_ARGS, NULL, &e), "%s: %s %s", sql.p, e.msg, e.trail);
}

static bool
each_row(void *arg, const struct status_row *row, struct err *e)
{
	(void)row;
	(void)e;
	++*(int *)arg;
	return true;
}

static bool
each_ca(void *arg, int64_t ca_id, int64_t seq)
{
	(void)arg;
	(void)ca_id;
	(void)seq;
	return true;
}

static void
reads(struct db *db)
{
	OWN(arena_free) struct arena *a = arena_new((size_t)1 << 20);
	static const uint8_t serial[16] = { 0x11 };
	struct crl_row *lists, list = { .ca_id = 1, .shard = -1, .number = 1 };
	struct status_row row;
	struct err e = { 0 };
	int64_t seq = 0;
	size_t n, len;
	struct ca *cas;
	uint8_t octets[16];
	bool found;
	int rows = 0;

	CHECK(db_schema_check(db, db_migrations, db_migrations_n, &e), "schema: %s %s", e.msg, e.trail);
	CHECK(store_status_last(db, &seq, &e), "last change: %s %s", e.msg, e.trail);
	CHECK(store_status_find(db, serial, &row, &found, &e) && !found, "status: %s %s", e.msg, e.trail);
	CHECK(store_status_changes(db, 0, seq, each_row, &rows, &e), "changes: %s %s", e.msg, e.trail);
	CHECK(store_status_latest(db, 0, each_ca, NULL, &e), "latest: %s %s", e.msg, e.trail);
	CHECK(store_ca_list(db, a, &cas, &n, &e), "CAs: %s %s", e.msg, e.trail);
	CHECK(store_crl_list(db, a, &lists, &n, &e), "lists: %s %s", e.msg, e.trail);
	CHECK(store_crl_piece_get(db, &list, 0, octets, sizeof(octets), &len, &e) && len == 0, "a list: %s %s", e.msg, e.trail);
}

/* No more than that. */
static void
refused(struct db *db)
{
	static const char *const wrong[] = { "UPDATE counter SET value = value + 1 WHERE name = 'status'",
		"UPDATE certificate SET state = 0", "DELETE FROM crl", "SELECT 1 FROM app_user", "SELECT 1 FROM item",
		"SELECT 1 FROM batch" };

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct err e = { 0 };

		CHECK(!db_run(db, wrong[i], NO_ARGS, NULL, &e) && strstr(e.trail, "permission denied") != NULL, "%s: %s", wrong[i],
		    e.trail);
	}
}

int
main(void)
{
	OWN_STR struct str grants = { 0 };
	OWN(db_close) struct db *db = NULL;
	char uri[CHECK_URI], id[33], role[48], sql[96], *line, *rest;
	struct err e = { 0 };

	rand_id(id);
	(void)snprintf(role, sizeof(role), "reader_%s", id);
	check_db_make(DB_POSTGRES, uri);
	check_db_admin("CREATE ROLE", role);
	if (!CHECK(grants_read(&grants), "docs/status.md says what to grant") ||
	    !CHECK(db_open(uri, DB_WRITE, &db, &e) && db_migrate(db, db_migrations, db_migrations_n, &e), "%s %s", e.msg, e.trail))
		return check_done();
	for (line = strtok_r(grants.p, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		grant(db, line, role);
	(void)snprintf(sql, sizeof(sql), "SET ROLE %s", role);
	CHECK(db_run(db, sql, NO_ARGS, NULL, &e), "%s %s", e.msg, e.trail);
	reads(db);
	refused(db);
	db_close(give(db));
	check_db_drop(uri);
	check_db_admin("DROP ROLE", role);
	db_read_only();
	CHECK(!db_open(uri, DB_WRITE, &db, &e) && e.kind == ERR_FORBIDDEN, "a process that only reads opens nothing for writing");
	return check_done();
}
