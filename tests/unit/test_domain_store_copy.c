/* A store moved to another engine and back: all of it, resumed where it was cut, refused where it would harm. */
#include "check_orders.h"
#include "domain/store_copy.h"

struct seen {
	int64_t	rows;
	int	slices, stop_after, tables;
	char	sums[4096];
};

static void
on_copied(void *arg, const char *table, int64_t rows)
{
	struct seen *s = arg;

	(void)table;
	(void)rows;
	s->slices++;
}

static void
on_verified(void *arg, const char *table, int64_t rows, const char *sum)
{
	struct seen *s = arg;

	(void)table;
	s->rows += rows;
	s->tables++;
	/* Tables come in the same order from both engines. */
	if (strlen(s->sums) + 65 < sizeof(s->sums))
		strcat(s->sums, sum);
}

static bool
on_stop(void *arg)
{
	const struct seen *s = arg;

	return s->stop_after > 0 && s->slices >= s->stop_after;
}

static bool
copied(const char *from, const char *to, int stop_after, struct seen *s, struct err *e)
{
	const struct store_copy_report report = { .copied = on_copied, .verified = on_verified, .stop = on_stop, .arg = s };

	*s = (struct seen){ .stop_after = stop_after };
	err_clear(e);
	return store_copy(from, to, &report, e);
}

/* Rows that are easily lost on the way: NULL beside "", octets that are none of text, more than one slice. */
static bool
odd_rows(struct db *tx, void *arg, struct err *e)
{
	static const char mail[] =
	    "INSERT INTO mail (id, recipient, subject, body, created_at, next_at, failure) VALUES ($1, $2, $3, $4, $5, $6, $7)";
	static const uint8_t octets[] = { 0, 0xff, 0x80, 0, '\\', 'x' };

	(void)arg;
	for (int i = 0; i < 2500; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "m%d", i * 7919 % 2500);
		if (!db_run(tx, mail, ARGS(arg_text(id), arg_text(""), arg_text("Zürich \\ 'x' \t\xf0\x9f\x90\xbf"),
		    arg_text("one\r\ntwo\n"), arg_int(INT64_MIN), arg_int(INT64_MAX), arg_text(i % 2 == 0 ? NULL : "")), NULL, e))
			return false;
	}
	return db_run(tx, "INSERT INTO key_use (spki_sha256, batch_id, item_index) VALUES ($1, -1, 0)",
	    ARGS(arg_blob(octets, sizeof(octets))), NULL, e) &&
	    db_run(tx, "INSERT INTO key_use (spki_sha256, batch_id, item_index) VALUES ($1, -1, 0)",
	    ARGS(arg_blob("", 0)), NULL, e);
}

static bool
schema_is_good(const char *uri, struct err *e)
{
	OWN(db_close) struct db *db = NULL;

	err_clear(e);
	return db_open(uri, DB_WRITE, &db, e) && db_schema_check(db, db_migrations, db_migrations_n, e);
}

static bool
beat(struct db *tx, void *arg, struct err *e)
{
	return db_run(tx, "INSERT INTO worker_beat (host, at) VALUES ('h', $1) ON CONFLICT (host) DO UPDATE SET at = $1",
	    ARGS(arg_int(*(const int64_t *)arg)), NULL, e);
}

static void
there_and_back(enum db_engine engine, const char *uri)
{
	char other[CHECK_URI], again[CHECK_URI];
	OWN(db_close) struct db *db = NULL;
	struct seen first, s;
	struct err e = { 0 };
	int64_t now = clock_now_s(), old = now - 3600;

	check_db_make(engine == DB_SQLITE ? DB_POSTGRES : DB_SQLITE, other);
	check_db_make(engine, again);
	MUST(db_open(uri, DB_WRITE, &db, me) && db_migrate(db, db_migrations, db_migrations_n, me));
	MUST(db_tx(db, DB_WRITE, odd_rows, NULL, me));
	MUST(db_tx(db, DB_WRITE, beat, &now, me));
	CHECK(!copied(uri, other, 0, &s, &e) && strcmp(e.code, "store_busy") == 0, "%s: copied from a running store: %s",
	    check_on, e.code);
	MUST(db_tx(db, DB_WRITE, beat, &old, me));

	CHECK(!copied(uri, other, 9, &s, &e) && strcmp(e.code, "stopped") == 0, "%s: not stopped: %s %s", check_on, e.msg, e.trail);
	CHECK(!schema_is_good(other, &e) && strcmp(e.code, "schema_newer") == 0, "%s: half a store can be served", check_on);
	CHECK(!copied(other, again, 0, &s, &e), "%s: half a store can be copied", check_on);
	CHECK(copied(uri, other, 0, &first, &e), "%s: not resumed: %s %s", check_on, e.msg, e.trail);
	CHECK(first.rows > 2500 && first.tables > 30, "%s: %d tables, %lld rows", check_on, first.tables, (long long)first.rows);
	CHECK(schema_is_good(other, &e), "%s: %s", check_on, e.msg);
	CHECK(!copied(uri, other, 0, &s, &e) && strcmp(e.code, "not_empty") == 0, "%s: over a store: %s", check_on, e.code);

	CHECK(copied(other, again, 0, &s, &e), "%s: not back: %s %s", check_on, e.msg, e.trail);
	CHECK(s.rows == first.rows && strcmp(s.sums, first.sums) == 0, "%s: differs after the way back", check_on);
	CHECK(!copied(again, again, 0, &s, &e), "%s: onto itself", check_on);
	check_db_drop(other);
	check_db_drop(again);
}

static bool
other_settings(struct db *tx, void *arg, struct err *e)
{
	(void)arg;
	return db_run(tx, "INSERT INTO setting (name, value, changed_at) VALUES ('another', 'store', 1)", NO_ARGS, NULL, e);
}

/* The unfinished copy of another store is not gone on with. */
static void
noticed(enum db_engine engine, const char *uri)
{
	char other[CHECK_URI];
	OWN(db_close) struct db *db = NULL;
	struct seen s;
	struct err e = { 0 };

	(void)engine;
	check_db_make(DB_SQLITE, other);
	MUST(db_open(uri, DB_WRITE, &db, me) && db_migrate(db, db_migrations, db_migrations_n, me));
	MUST(db_tx(db, DB_WRITE, odd_rows, NULL, me));
	CHECK(!copied(uri, other, 3, &s, &e) && strcmp(e.code, "stopped") == 0, "%s: %s", check_on, e.msg);
	MUST(db_tx(db, DB_WRITE, other_settings, NULL, me));
	CHECK(!copied(uri, other, 0, &s, &e) && strcmp(e.code, "other_copy") == 0,
	    "%s: went on with another store: %s", check_on, e.code);
	check_db_drop(other);
}

static bool
spoil(struct db *tx, void *arg, struct err *e)
{
	(void)arg;
	return db_run(tx, "UPDATE mail SET body = 'spoilt' WHERE id = 'm1'", NO_ARGS, NULL, e);
}

static void
verified(enum db_engine engine, const char *uri)
{
	char other[CHECK_URI];
	OWN(db_close) struct db *db = NULL;
	OWN(db_close) struct db *target = NULL;
	struct seen s;
	struct err e = { 0 };
	int stop = 1;

	check_db_make(engine, other);
	MUST(db_open(uri, DB_WRITE, &db, me) && db_migrate(db, db_migrations, db_migrations_n, me));
	MUST(db_tx(db, DB_WRITE, odd_rows, NULL, me));
	MUST(db_open(other, DB_WRITE, &target, me));
	/* Until the row is there, then it is spoilt. */
	for (int64_t found = 0; stop < 300 && found == 0; stop++) {
		bool row;

		CHECK(!copied(uri, other, 8, &s, &e) && strcmp(e.code, "stopped") == 0, "%s: %s", check_on, e.msg);
		MUST(db_get_int(target, "SELECT COUNT(*) FROM mail WHERE id = 'm1'", NO_ARGS, &found, &row, me));
	}
	MUST(db_tx(target, DB_WRITE, spoil, NULL, me));
	CHECK(!copied(uri, other, 0, &s, &e) && strcmp(e.code, "copy_differs") == 0 && strstr(e.msg, "mail") != NULL,
	    "%s: a spoilt row went unseen: %s", check_on, e.msg);
	CHECK(!schema_is_good(other, &e), "%s: a copy that differs can be served", check_on);
	db_close(give(target));
	check_db_drop(other);
}

int
main(void)
{
	check_db_on_both(there_and_back);
	check_db_on_both(noticed);
	check_db_on_both(verified);
	return check_done();
}
