/* Many rows at once: values as written one by one, errors of the same kinds, the whole repeated. */
#include <inttypes.h>
#include <signal.h>

#include "check_db.h"

#define PUT "INSERT INTO thing (id, name, data, n) VALUES ($1, $2, $3, $4)"
enum { N = 3000, K = 4 };

#define MUST(x) do { struct err must_e = { 0 }; struct err *me = &must_e; \
	CHECK((x), "%s: %s %s", check_on, must_e.msg, must_e.trail); } while (0)

static struct db *
open_with_table(const char *uri)
{
	static const struct db_migration one[] = { { 1, "thing",
	    "CREATE TABLE thing (id BIGINT PRIMARY KEY, name TEXT UNIQUE, data BLOB, n BIGINT);" } };
	OWN(db_close) struct db *db = NULL;

	MUST(db_open(uri, DB_WRITE, &db, me) && db_migrate(db, one, 1, me));
	return give(db);
}

struct rows {
	struct db_arg	 v[N * K];
	char		 names[N][16];
	uint8_t		 octets[2000];
};

/* Extremes, NULLs, empty ones, zeros in octets, lengths of every size; more than fits one write to the server. */
static void
rows_make(struct rows *r)
{
	for (size_t i = 0; i < sizeof(r->octets); i++)
		r->octets[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < N; i++) {
		struct db_arg *a = &r->v[i * K];

		(void)snprintf(r->names[i], sizeof(r->names[i]), "n\xc3\xa4\t%zu\\N", i);
		a[0] = arg_int(i == 0 ? INT64_MIN : i == 1 ? INT64_MAX : i % 3 == 0 ? -(int64_t)i : (int64_t)i);
		a[1] = i % 5 == 4 ? arg_null() : arg_text(i == 2 ? "" : r->names[i]);
		a[2] = i % 7 == 6 ? arg_null() : arg_blob(r->octets, i % sizeof(r->octets));
		a[3] = i % 2 == 0 ? arg_null() : arg_int((int64_t)i << 32);
	}
}

static bool
same(const struct db_rows *rows, int c, const struct db_arg *v)
{
	size_t len;
	const uint8_t *p;

	if (db_null(rows, c) || v->type == DB_NULL)
		return db_null(rows, c) && v->type == DB_NULL;
	if (v->type == DB_INT)
		return db_int(rows, c) == v->i;
	if (v->type == DB_TEXT)
		return strcmp(db_text(rows, c), v->p) == 0;
	p = db_blob(rows, c, &len);
	return len == v->len && (len == 0 || memcmp(p, v->p, len) == 0);
}

static void
values(enum db_engine engine, const char *uri)
{
	OWN(db_close) struct db *db = open_with_table(uri);
	static struct rows r;
	struct err e = { 0 };

	(void)engine;
	rows_make(&r);
	CHECK(!db_put_many(db, PUT, r.v, K, N, &e), "%s: outside a transaction", check_on);
	MUST(db_begin(db, DB_WRITE, me));
	MUST(db_put_many(db, PUT, r.v, K, 0, me));
	MUST(db_put_many(db, PUT, r.v, K, 3, me));
	MUST(db_put_many(db, PUT, r.v + 3 * K, K, N - 3, me));
	MUST(db_commit(db, me));
	CHECK(check_db_number(db, "SELECT count(*) FROM thing") == N, "%s: all there", check_on);
	for (size_t i = 0; i < N; i++) {
		OWN(db_rows_free) struct db_rows *rows = NULL;

		MUST(db_query(db, "SELECT id, name, data, n FROM thing WHERE id = $1", ARGS(r.v[i * K]), &rows, me));
		MUST(db_next(rows, me));
		for (int c = 0; c < K; c++)
			CHECK(same(rows, c, &r.v[i * K + (size_t)c]), "%s: row %zu, column %d", check_on, i, c);
	}
}

static void
refused(enum db_engine engine, const char *uri)
{
	OWN(db_close) struct db *db = open_with_table(uri);
	OWN(db_rows_free) struct db_rows *rows = NULL;
	static struct rows r;
	struct err e = { 0 };

	(void)engine;
	rows_make(&r);
	MUST(db_begin(db, DB_WRITE, me) && db_put_many(db, PUT, r.v, K, 100, me) && db_commit(db, me));
	MUST(db_begin(db, DB_WRITE, me));
	CHECK(!db_put_many(db, PUT, r.v + 99 * K, K, N - 99, &e) && e.kind == ERR_CONFLICT && strcmp(e.code, "db_unique") == 0,
	    "%s: the first is there: %d %s", check_on, e.kind, e.trail);
	err_clear(&e);
	CHECK(!db_put_many(db, PUT, r.v + 200 * K, K, 10, &e), "%s: a failed transaction goes on", check_on);
	db_rollback(db);
	CHECK(check_db_number(db, "SELECT count(*) FROM thing") == 100, "%s: a part stayed", check_on);
	/* Rows being read do not stand in the way. */
	MUST(db_begin(db, DB_WRITE, me) && db_query(db, "SELECT id FROM thing ORDER BY id", NO_ARGS, &rows, me));
	MUST(db_next(rows, me) && db_put_many(db, PUT, r.v + 100 * K, K, N - 100, me) && db_next(rows, me));
	db_rows_free(give(rows));
	MUST(db_commit(db, me));
	CHECK(check_db_number(db, "SELECT count(*) FROM thing") == N, "%s: usable after", check_on);
}

struct attempt {
	const struct rows	*r;
	struct db		*by;
	const char		*state;		/* SQLSTATE the first run is to meet; NULL: its server process ends */
	int			 runs;
};

static bool
body(struct db *db, void *arg, struct err *e)
{
	struct attempt *a = arg;
	OWN_STR struct str sql = { 0 };
	int64_t pid = 0;
	bool found;

	if (!db_put_many(db, PUT, a->r->v, K, 50, e))
		return false;
	if (a->runs++ == 0 && a->state != NULL) {
		str_addf(&sql, "SET LOCAL thing.fails = '%s'", a->state);
		if (!db_run(db, sql.p, NO_ARGS, NULL, e))
			return false;
	} else if (a->runs == 1) {
		if (!db_get_int(db, "SELECT pg_backend_pid()", NO_ARGS, &pid, &found, e))
			return false;
		MUST(db_run(a->by, "SELECT pg_terminate_backend($1, 2000)", ARGS(arg_int(pid)), NULL, me));
	}
	return db_put_many(db, PUT, a->r->v + 50 * K, K, N - 50, e);
}

static void
repeated(enum db_engine engine, const char *uri)
{
	static const char trigger[] =
	    "CREATE FUNCTION thing_fails() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN"
	    " IF COALESCE(current_setting('thing.fails', true), '') <> '' AND NEW.n > 4294967296000 THEN"
	    "  RAISE EXCEPTION 'told to' USING ERRCODE = current_setting('thing.fails'); END IF;"
	    " RETURN NEW; END $f$";
	static const char *const passing[] = { NULL, "25006", "40001", "40P01", "57P01", "08006" };
	OWN(db_close) struct db *db = open_with_table(uri), *by = open_with_table(uri);
	static struct rows r;
	struct err e = { 0 };

	if (engine == DB_SQLITE)
		return;
	rows_make(&r);
	MUST(db_run(db, trigger, NO_ARGS, NULL, me));
	MUST(db_run(db, "CREATE TRIGGER thing_fails BEFORE INSERT ON thing FOR EACH ROW EXECUTE FUNCTION thing_fails()", NO_ARGS,
	    NULL, me));
	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
		struct attempt a = { .r = &r, .by = by, .state = passing[i] };

		MUST(db_tx(db, DB_WRITE, body, &a, me));
		CHECK(a.runs == 2, "%s: %d runs", passing[i], a.runs);
		CHECK(check_db_number(db, "SELECT count(*) FROM thing") == N, "%s: once", passing[i]);
		MUST(db_run(db, "DELETE FROM thing", NO_ARGS, NULL, me));
	}
	CHECK(!db_tx(db, DB_WRITE, body, &(struct attempt){ .r = &r, .state = "53100" }, &e) && e.kind == ERR_UNAVAILABLE &&
	    strcmp(e.code, "db_full") == 0, "a full disk: %d %s", e.kind, e.trail);
	CHECK(!db_tx(db, DB_WRITE, body, &(struct attempt){ .r = &r, .state = "22000" }, &e) && e.kind == ERR_INTERNAL,
	    "another: %d %s", e.kind, e.trail);
	CHECK(check_db_number(db, "SELECT count(*) FROM thing") == 0, "nothing of them");
	MUST(db_begin(db, DB_WRITE, me));
	CHECK(!db_put_many(db, "INSERT INTO thing (id) VALUES ($1) ON CONFLICT DO NOTHING", r.v, 1, 9, &e) &&
	    e.kind == ERR_INTERNAL, "not rows alone");
	db_rollback(db);
}

/* ---- a server that is silent ---- */

struct frozen {
	const struct rows	*r;
	enum { IN_RUN, IN_PREPARE, IN_ROWS, IN_MANY, IN_COPY, IN_COMMIT } where;
	int			 runs;
	int64_t			 pid;
};

static bool
run_frozen(struct db *db, struct frozen *f, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;

	switch (f->where) {
	case IN_RUN:
		return db_run(db, "UPDATE thing SET n = 1 WHERE id = $1", ARGS(arg_int(1)), NULL, e);
	case IN_PREPARE:
		return db_run(db, f->runs == 1 ? "SELECT 1 AS one" : "SELECT 2 AS two", NO_ARGS, NULL, e);
	case IN_ROWS:
		if (!db_query(db, "SELECT id FROM thing ORDER BY id", NO_ARGS, &rows, e))
			return false;
		while (db_next(rows, e))
			continue;
		return e->kind == ERR_NONE;
	case IN_MANY:
		return db_run_many(db, "UPDATE thing SET n = 1 WHERE name = $2 AND data = $3 AND id = $1 AND n = $4", f->r->v, K, N,
		    NULL, e);
	case IN_COPY:
		return db_put_many(db, PUT, f->r->v, K, N, e);
	case IN_COMMIT:
		break;
	}
	return true;
}

static bool
frozen_body(struct db *db, void *arg, struct err *e)
{
	struct frozen *f = arg;
	int64_t pid = 0;
	bool found;

	if (!db_get_int(db, "SELECT pg_backend_pid()", NO_ARGS, &pid, &found, e))
		return false;
	if (f->runs++ > 0) {
		/* Thawed it finds its line cut, and gives up what it holds. */
		(void)kill((pid_t)f->pid, SIGCONT);
		CHECK(pid != f->pid, "the same connection again");
		return run_frozen(db, f, e);
	}
	if (f->where == IN_RUN && !db_run(db, "UPDATE thing SET n = 1 WHERE id = $1", ARGS(arg_int(1)), NULL, e))
		return false;
	f->pid = pid;
	CHECK(kill((pid_t)pid, SIGSTOP) == 0, "cannot freeze a server process");
	return run_frozen(db, f, e);
}

static void
silent(enum db_engine engine, const char *uri)
{
	static struct rows r;

	if (engine == DB_SQLITE)
		return;
	rows_make(&r);
	db_patience(400);
	for (int where = IN_RUN; where <= IN_COMMIT; where++) {
		OWN(db_close) struct db *db = open_with_table(uri);
		struct frozen f = { .r = &r, .where = where };
		struct err e = { 0 };
		bool ok;

		MUST(db_run(db, "DELETE FROM thing", NO_ARGS, NULL, me));
		if (where == IN_RUN)
			MUST(db_run(db, "INSERT INTO thing (id) VALUES (1)", NO_ARGS, NULL, me));
		ok = db_tx(db, DB_WRITE, frozen_body, &f, &e);
		(void)kill((pid_t)f.pid, SIGCONT);
		/* What was sent last may have been done: only the caller can look. */
		if (where == IN_COMMIT)
			CHECK(!ok && e.kind == ERR_UNAVAILABLE && strcmp(e.code, "db_commit_unknown") == 0 && f.runs == 1, "commit: %s %s",
			    e.msg, e.trail);
		else
			CHECK(ok && f.runs == 2, "%d: %d runs: %s %s", where, f.runs, e.msg, e.trail);
		MUST(db_run(db, "SELECT 1", NO_ARGS, NULL, me));
	}
	db_patience(0);
}

int
main(void)
{
	static void (*const parts[])(enum db_engine, const char *) = { values, refused, repeated, silent };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		check_db_on_both(parts[i]);
	return check_done();
}
