/* Migrations on both engines: once, unchanged, not newer, and by several starters at once. */
#include <inttypes.h>
#include <pthread.h>

#include "check_db.h"

#define at check_on

static const struct db_migration three[] = {
	{ 1, "first", "-- Why: a comment's quote; and a semicolon.\n"
	    "CREATE TABLE a (id BIGINT PRIMARY KEY, der BLOB NOT NULL, name TEXT) /* plain */;\n"
	    "INSERT INTO a (id, der) VALUES (1, CAST('x' AS BLOB));\n" },
	{ 2, "second", "CREATE TABLE b (k TEXT NOT NULL PRIMARY KEY, v BIGINT NOT NULL) /* clustered */;\n"
	    "CREATE INDEX b_v ON b (v) WHERE v > 0;\n" },
	{ 5, "fifth", "ALTER TABLE a ADD COLUMN more BLOB;\nINSERT INTO b (k, v) VALUES ('runs', 1);\n" },
};

static struct db *
open_(const char *uri)
{
	struct db *db = NULL;
	struct err e = { 0 };

	if (!CHECK(db_open(uri, DB_WRITE, &db, &e), "%s: %s", at, e.msg))
		exit(1);
	return db;
}

static int64_t
number(struct db *db, const char *sql)
{
	struct err e = { 0 };
	int64_t n = -1;
	bool found;

	CHECK(db_get_int(db, sql, NO_ARGS, &n, &found, &e), "%s: %s", at, e.trail);
	return n;
}

static void
once(enum db_engine engine, const char *uri)
{
	OWN(db_close) struct db *db = open_(uri);
	struct err e = { 0 };

	CHECK(!db_schema_check(db, three, 3, &e) && e.kind == ERR_CONFLICT && strcmp(e.code, "schema_older") == 0,
	    "%s: nothing there: %s %s", at, e.msg, e.trail);
	CHECK(db_migrate(db, three, 1, &e), "%s: %s %s", at, e.msg, e.trail);
	CHECK(!db_schema_check(db, three, 3, &e) && strcmp(e.code, "schema_older") == 0, "%s: %s", at, e.msg);
	CHECK(db_migrate(db, three, 3, &e), "%s: %s %s", at, e.msg, e.trail);
	CHECK(db_migrate(db, three, 3, &e), "%s: again: %s %s", at, e.msg, e.trail);
	CHECK(db_schema_check(db, three, 3, &e), "%s: %s %s", at, e.msg, e.trail);
	CHECK(number(db, "SELECT count(*) FROM schema_migration") == 3, "%s: recorded", at);
	CHECK(number(db, "SELECT sum(v) FROM b") == 1 && number(db, "SELECT count(*) FROM a") == 1, "%s: each once", at);
	if (engine == DB_POSTGRES)
		CHECK(number(db, "SELECT count(*) FROM pg_attribute WHERE attname IN ('der', 'more') AND attstorage = 'e'") == 2,
		    "blobs are stored as they are");
	else
		CHECK(number(db, "SELECT count(*) FROM sqlite_master WHERE name = 'b' AND sql LIKE '%WITHOUT ROWID%'") == 1 &&
		    number(db, "SELECT count(*) FROM sqlite_master WHERE name = 'a' AND sql LIKE '%INTEGER PRIMARY KEY%'") == 1,
		    "phrases of SQLite");
}

static void
refused(enum db_engine engine, const char *uri)
{
	OWN(db_close) struct db *db = open_(uri);
	struct db_migration other[3];
	struct err e = { 0 };

	(void)engine;
	CHECK(db_migrate(db, three, 3, &e), "%s: %s", at, e.trail);
	memcpy(other, three, sizeof(other));
	other[1].sql = "CREATE TABLE b (k TEXT);";
	CHECK(!db_migrate(db, other, 3, &e) && e.kind == ERR_CONFLICT && strcmp(e.code, "schema_changed") == 0 &&
	    strstr(e.msg, "0002_second") != NULL, "%s: %s", at, e.msg);
	CHECK(!db_schema_check(db, other, 3, &e) && strcmp(e.code, "schema_changed") == 0, "%s: %s", at, e.msg);
	CHECK(!db_migrate(db, three, 2, &e) && e.kind == ERR_CONFLICT && strcmp(e.code, "schema_newer") == 0 &&
	    strstr(e.msg, "0005_fifth") != NULL, "%s: %s", at, e.msg);
	CHECK(!db_schema_check(db, three, 2, &e) && strcmp(e.code, "schema_newer") == 0, "%s: %s", at, e.msg);
}

/* A migration that fails leaves nothing of itself, and those before it stay. */
static void
failing(enum db_engine engine, const char *uri)
{
	OWN(db_close) struct db *db = open_(uri);
	struct db_migration bad[2] = { three[0], { 2, "bad", "CREATE TABLE c (id BIGINT); INSERT INTO nowhere VALUES (1);" } };
	struct err e = { 0 };

	CHECK(!db_migrate(db, bad, 2, &e) && e.kind == ERR_INTERNAL && strstr(e.trail, "0002_bad") != NULL, "%s: %s", at, e.trail);
	CHECK(number(db, "SELECT count(*) FROM schema_migration") == 1, "%s: the first stays", at);
	CHECK(number(db, engine == DB_SQLITE ? "SELECT count(*) FROM sqlite_master WHERE name = 'c'" :
	    "SELECT count(*) FROM pg_class WHERE relname = 'c'") == 0, "%s: nothing of the second", at);
	CHECK(db_migrate(db, three, 3, &e), "%s: mended: %s", at, e.trail);
}

struct starter {
	const char	*uri;
	bool		 ok;
	struct err	 e;
};

static void *
start(void *arg)
{
	struct starter *s = arg;
	OWN(db_close) struct db *db = NULL;

	s->ok = db_open(s->uri, DB_WRITE, &db, &s->e) && db_migrate(db, three, 3, &s->e);
	return NULL;
}

static void
at_once(enum db_engine engine, const char *uri)
{
	OWN(db_close) struct db *db = NULL;
	struct starter s[4];
	pthread_t t[4];

	(void)engine;
	for (size_t i = 0; i < COUNT(t); i++) {
		s[i] = (struct starter){ .uri = uri };
		(void)pthread_create(&t[i], NULL, start, &s[i]);
	}
	for (size_t i = 0; i < COUNT(t); i++) {
		(void)pthread_join(t[i], NULL);
		CHECK(s[i].ok, "%s: %s %s", at, s[i].e.msg, s[i].e.trail);
	}
	db = open_(uri);
	CHECK(number(db, "SELECT sum(v) FROM b") == 1, "%s: each once", at);
}

/* The program's own, as they are embedded. */
static void
ours(enum db_engine engine, const char *uri)
{
	OWN(db_close) struct db *db = open_(uri);
	struct err e = { 0 };

	(void)engine;
	CHECK(db_migrations_n > 0, "embedded");
	CHECK(db_migrate(db, db_migrations, db_migrations_n, &e), "%s: %s %s", at, e.msg, e.trail);
	CHECK(db_schema_check(db, db_migrations, db_migrations_n, &e), "%s: %s %s", at, e.msg, e.trail);
	for (size_t i = 0; i < db_migrations_n; i++)
		CHECK(strncmp(db_migrations[i].sql, "-- ", 3) == 0, "%04d_%s opens by saying why", db_migrations[i].number,
		    db_migrations[i].name);
}

int
main(void)
{
	static void (*const parts[])(enum db_engine, const char *) = { once, refused, failing, at_once, ours };

	for (size_t i = 0; i < COUNT(parts); i++)
		check_db_on_both(parts[i]);
	return check_done();
}
