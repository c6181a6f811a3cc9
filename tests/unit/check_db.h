/*
 * check_db - a fresh, empty database for a test, on either engine.
 *
 *	char uri[CHECK_URI];
 *	check_db_make(engine, uri);		// aborts the test when there is none
 *	...
 *	check_db_drop(uri);
 * PostgreSQL's stand in the cluster that CERTMILL_TEST_PG names ('pg' in meson.build); a run without it
 * is an error, not a pass.  check_db_on_both(f) calls f with a database of each, and names the engine in
 * check_on for messages.
 */
#ifndef TESTS_CHECK_DB_H
#define TESTS_CHECK_DB_H

#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "base/str.h"
#include "check.h"
#include "db/db.h"

#define CHECK_URI 512

static const char *check_on = "";

__attribute__((unused))
static void
check_db_admin(const char *fmt, const char *name)
{
	OWN(db_close) struct db *db = NULL;
	OWN_STR struct str sql = { 0 };
	const char *admin = getenv("CERTMILL_TEST_PG");
	struct err e = { 0 };

	str_addf(&sql, "%s %s", fmt, name);
	if (admin == NULL || !db_open(admin, DB_WRITE, &db, &e) || !db_run(db, sql.p, NO_ARGS, NULL, &e)) {
		(void)fprintf(stderr, "no PostgreSQL for the test (CERTMILL_TEST_PG): %s %s\n", e.msg, e.trail);
		exit(1);
	}
}

__attribute__((unused))
static void
check_db_make(enum db_engine engine, char uri[CHECK_URI])
{
	char id[33], name[48];

	rand_id(id);
	if (engine == DB_SQLITE) {
		char dir[] = "/tmp/certmill-test.XXXXXX";

		if (mkdtemp(dir) == NULL)
			exit(1);
		(void)snprintf(uri, CHECK_URI, "sqlite:%s/test.db", dir);
		return;
	}
	(void)snprintf(name, sizeof(name), "test_%s", id);
	check_db_admin("CREATE DATABASE", name);
	/* The admin's URI with another database: postgresql://.../postgres?... */
	{
		const char *admin = getenv("CERTMILL_TEST_PG"), *at = strstr(admin, "/postgres?");

		if (at == NULL)
			exit(1);
		(void)snprintf(uri, CHECK_URI, "%.*s/%s%s", (int)(at - admin), admin, name, at + strlen("/postgres"));
	}
}

__attribute__((unused))
static void
check_db_drop(const char *uri)
{
	const char *name = strstr(uri, "/test_");
	char path[CHECK_URI];

	if (name != NULL && !str_starts(uri, "sqlite:")) {
		(void)snprintf(path, sizeof(path), "%.*s WITH (FORCE)", (int)strcspn(name + 1, "?"), name + 1);
		check_db_admin("DROP DATABASE", path);
		return;
	}
	static const char *const tails[] = { "", "-wal", "-shm" };
	for (size_t i = 0; i < COUNT(tails); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", uri + strlen("sqlite:"), tails[i]);
		(void)unlink(path);
	}
	(void)snprintf(path, sizeof(path), "%s", uri + strlen("sqlite:"));
	*strrchr(path, '/') = '\0';
	(void)rmdir(path);
}

__attribute__((unused))
static void
check_db_on_both(void (*f)(enum db_engine, const char *uri))
{
	static const enum db_engine engines[] = { DB_SQLITE, DB_POSTGRES };

	for (size_t i = 0; i < COUNT(engines); i++) {
		char uri[CHECK_URI];

		check_on = engines[i] == DB_SQLITE ? "sqlite" : "postgresql";
		check_db_make(engines[i], uri);
		f(engines[i], uri);
		check_db_drop(uri);
	}
}

/* The one number that the statement finds; -1 when it finds none. */
__attribute__((unused))
static int64_t
check_db_number(struct db *db, const char *sql)
{
	struct err e = { 0 };
	int64_t n = -1;
	bool found;

	CHECK(db_get_int(db, sql, NO_ARGS, &n, &found, &e), "%s: %s: %s %s", check_on, sql, e.msg, e.trail);
	return n;
}

#endif
