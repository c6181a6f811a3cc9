/* Connections, arguments, rows, errors and transactions: every check on both engines. */
#include <inttypes.h>
#include <pthread.h>

#include "base/arena.h"
#include "check_db.h"

#define at check_on

/* A connection with the table that most checks use. */
static struct db *
open_with_table(const char *uri)
{
	static const struct db_migration one[] = { { 1, "table",
	    "CREATE TABLE thing (id BIGINT PRIMARY KEY, name TEXT UNIQUE, data BLOB, n BIGINT);" } };
	OWN(db_close) struct db *db = NULL;
	struct err e = { 0 };

	if (!CHECK(db_open(uri, DB_WRITE, &db, &e) && db_migrate(db, one, 1, &e), "%s: %s (%s)", at, e.msg, e.trail))
		exit(1);
	return give(db);
}

static bool
insert(struct db *db, int64_t id, const char *name, struct err *e)
{
	return db_run(db, "INSERT INTO thing (id, name, n) VALUES ($1, $2, 0)", ARGS(arg_int(id), arg_text(name)), NULL, e);
}

static int64_t
count(struct db *db)
{
	struct err e = { 0 };
	int64_t n = -1;
	bool found = false;

	CHECK(db_get_int(db, "SELECT count(*) FROM thing", NO_ARGS, &n, &found, &e) && found, "%s: %s", at, e.trail);
	return n;
}

static void
arguments_and_columns(enum db_engine engine, const char *uri)
{
	static const uint8_t blob[] = { 0, 1, 0, 255, '\\', 'x', 0 };
	OWN(db_close) struct db *db = open_with_table(uri);
	OWN(db_rows_free) struct db_rows *r = NULL;
	OWN(arena_free) struct arena *a = arena_new(4096);
	struct err e = { 0 };
	int64_t changed = -1;
	const uint8_t *p;
	size_t len;

	(void)engine;
	CHECK(db_run(db, "INSERT INTO thing (id, name, data, n) VALUES ($1, $2, $3, $4)",
	    ARGS(arg_int(INT64_MIN), arg_text("M\xc3\xbcller's \"x\" \\"), arg_blob(blob, sizeof(blob)), arg_int(INT64_MAX)),
	    &changed, &e), "%s: %s", at, e.trail);
	CHECK(changed == 1, "%s: %" PRId64, at, changed);
	/* The order of parameters in the text is not that of the arguments, and one stands there twice. */
	CHECK(db_run(db, "INSERT INTO thing (data, name, n, id) VALUES ($3, $2, $1, $1)",
	    ARGS(arg_int(7), arg_text(NULL), arg_blob("", 0)), NULL, &e), "%s: %s", at, e.trail);
	CHECK(db_run(db, "INSERT INTO thing (id, name, data, n) VALUES ($1, $2, $3, $4)",
	    ARGS(arg_int(8), arg_text(""), arg_null(), arg_null()), NULL, &e), "%s: %s", at, e.trail);

	if (!CHECK(db_query(db, "SELECT id, name, data, n FROM thing ORDER BY id", NO_ARGS, &r, &e), "%s: %s", at, e.trail))
		return;
	CHECK(db_next(r, &e), "%s: %s", at, e.trail);
	CHECK(db_int(r, 0) == INT64_MIN && db_int(r, 3) == INT64_MAX, "%s: extremes", at);
	CHECK(strcmp(db_text(r, 1), "M\xc3\xbcller's \"x\" \\") == 0, "%s: %s", at, db_text(r, 1));
	CHECK(strcmp(db_text(r, 3), "9223372036854775807") == 0, "%s: an integer as text: %s", at, db_text(r, 3));
	p = db_blob(r, 2, &len);
	CHECK(len == sizeof(blob) && memcmp(p, blob, len) == 0, "%s: %zu octets", at, len);
	CHECK(!db_null(r, 1) && !db_null(r, 2), "%s: not NULL", at);
	CHECK(strcmp(db_text_in(r, 1, a), db_text(r, 1)) == 0, "%s: copy", at);

	CHECK(db_next(r, &e), "%s: %s", at, e.trail);
	CHECK(db_int(r, 0) == 7 && db_int(r, 3) == 7, "%s: $1 twice", at);
	CHECK(db_null(r, 1) && db_text(r, 1) == NULL && db_text_in(r, 1, a) == NULL && db_int(r, 1) == 0, "%s: NULL text", at);
	p = db_blob(r, 2, &len);
	CHECK(!db_null(r, 2) && p != NULL && len == 0, "%s: an empty blob is not NULL", at);

	CHECK(db_next(r, &e), "%s: %s", at, e.trail);
	CHECK(!db_null(r, 1) && strcmp(db_text(r, 1), "") == 0, "%s: empty text is not NULL", at);
	p = db_blob(r, 2, &len);
	CHECK(p == NULL && len == 0 && db_null(r, 3) && db_int(r, 3) == 0, "%s: NULL", at);
	CHECK(!db_next(r, &e) && e.kind == ERR_NONE, "%s: the end: %s", at, e.trail);
	CHECK(!db_next(r, &e) && e.kind == ERR_NONE, "%s: still the end", at);
}

/* Results that PostgreSQL gives as numeric or boolean, a blob beside them, and a join of many columns. */
static void
expressions(enum db_engine engine, const char *uri)
{
	static const uint8_t blob[] = { 0, '\\', 0xfe };
	OWN(db_close) struct db *db = open_with_table(uri);
	OWN(db_rows_free) struct db_rows *r = NULL;
	struct err e = { 0 };
	const uint8_t *p;
	size_t len;

	(void)engine;
	CHECK(db_run(db, "INSERT INTO thing (id, data, n) VALUES ($1, $2, 5), ($3, $2, 6)",
	    ARGS(arg_int(1), arg_blob(blob, sizeof(blob)), arg_int(2)), NULL, &e), "%s: %s", at, e.trail);
	if (!CHECK(db_query(db, "SELECT sum(n), count(*) > $1, max(id) = 9, min(name), (SELECT data FROM thing WHERE id = 1)"
	    " FROM thing", ARGS(arg_int(1)), &r, &e) && db_next(r, &e), "%s: %s", at, e.trail))
		return;
	CHECK(db_int(r, 0) == 11, "%s: sum: %" PRId64, at, db_int(r, 0));
	CHECK(strcmp(db_text(r, 0), "11") == 0, "%s: sum: %s", at, db_text(r, 0));
	CHECK(db_int(r, 1) == 1 && db_int(r, 2) == 0, "%s: true is 1, false 0", at);
	CHECK(strcmp(db_text(r, 1), "1") == 0, "%s: true: %s", at, db_text(r, 1));
	CHECK(db_null(r, 3), "%s: min of nothing", at);
	p = db_blob(r, 4, &len);
	CHECK(len == sizeof(blob) && memcmp(p, blob, len) == 0, "%s: blob beside a numeric: %zu octets", at, len);
}

static void
errors(enum db_engine engine, const char *uri)
{
	OWN(db_close) struct db *db = open_with_table(uri), *reader = NULL;
	struct db_rows *r = NULL;
	struct err e = { 0 };
	int64_t n;
	bool found;

	CHECK(insert(db, 1, "a", &e), "%s: %s", at, e.trail);
	CHECK(!insert(db, 2, "a", &e) && e.kind == ERR_CONFLICT && strcmp(e.code, "db_unique") == 0,
	    "%s: unique text: %s", at, e.trail);
	CHECK(!insert(db, 1, "b", &e) && e.kind == ERR_CONFLICT && strcmp(e.code, "db_unique") == 0,
	    "%s: primary key: %s", at, e.trail);
	CHECK(!db_run(db, "INSERT INTO nowhere (id) VALUES ($1)", ARGS(arg_int(1)), NULL, &e) && e.kind == ERR_INTERNAL,
	    "%s: no such table", at);
	CHECK(strstr(e.trail, "nowhere") != NULL && strstr(e.msg, "nowhere") == NULL, "%s: %s / %s", at, e.msg, e.trail);
	CHECK(!insert(db, 3, "c", &e) || !db_run(db, "INSERT INTO thing (id) VALUES ($1)", NO_ARGS, NULL, &e),
	    "%s: too few arguments are refused", at);
	CHECK(db_run(db, "INSERT INTO thing (id, name) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
	    ARGS(arg_int(9), arg_text("a")), &n, &e) && n == 0, "%s: ON CONFLICT: %s", at, e.trail);
	CHECK(db_get_int(db, "SELECT n FROM thing WHERE id = $1", ARGS(arg_int(99)), &n, &found, &e) && !found,
	    "%s: none found: %s", at, e.trail);
	CHECK(!db_run_many(db, "INSERT INTO thing (id) VALUES ($1)", ARGS(arg_int(50)).v, 1, 1, &n, &e),
	    "%s: many outside a transaction", at);

	/* A failed transaction stays failed, on SQLite too. */
	CHECK(db_begin(db, DB_WRITE, &e), "%s: %s", at, e.trail);
	CHECK(insert(db, 20, "t", &e) && !insert(db, 20, "t", &e), "%s: conflict inside", at);
	CHECK(!insert(db, 21, "u", &e) && e.kind == ERR_INTERNAL, "%s: nothing goes after an error", at);
	CHECK(!db_query(db, "SELECT 1", NO_ARGS, &r, &e), "%s: no reading either", at);
	CHECK(!db_commit(db, &e) && !db_in_tx(db), "%s: nor a commit", at);
	CHECK(db_get_int(db, "SELECT n FROM thing WHERE id = $1", ARGS(arg_int(20)), &n, &found, &e) && !found,
	    "%s: rolled back: %s", at, e.trail);

	/* Errors of a statement with rows come with it or with the first row. */
	CHECK(!(db_query(db, "INSERT INTO thing (id, name) VALUES ($1, $2) RETURNING id", ARGS(arg_int(1), arg_text("z")), &r, &e)
	    && db_next(r, &e)) && e.kind == ERR_CONFLICT, "%s: RETURNING: %s", at, e.trail);
	db_rows_free(r);

	/* A connection for reading does not write. */
	CHECK(db_open(uri, DB_READ, &reader, &e), "%s: %s", at, e.trail);
	CHECK(!db_begin(reader, DB_WRITE, &e), "%s: a reader's transaction", at);
	CHECK(db_begin(reader, DB_READ, &e), "%s: %s", at, e.trail);
	CHECK(!insert(reader, 70, "reader", &e), "%s: a reader's insert", at);
	db_rollback(reader);
	(void)engine;
}

static void
returning(enum db_engine engine, const char *uri)
{
	OWN(db_close) struct db *db = open_with_table(uri);
	struct db_rows *r = NULL;
	struct err e = { 0 };

	(void)engine;
	/* It happens whether or not its rows are read. */
	CHECK(db_query(db, "INSERT INTO thing (id, n) VALUES ($1, 1), ($2, 2) RETURNING id",
	    ARGS(arg_int(1), arg_int(2)), &r, &e), "%s: %s", at, e.trail);
	db_rows_free(r);
	r = NULL;
	CHECK(count(db) == 2, "%s: inserted unread", at);
	CHECK(db_query(db, "UPDATE thing SET n = n + 10 WHERE n >= $1 RETURNING id, n", ARGS(arg_int(2)), &r, &e) &&
	    db_next(r, &e) && db_int(r, 0) == 2 && db_int(r, 1) == 12 && !db_next(r, &e) && e.kind == ERR_NONE,
	    "%s: %s", at, e.trail);
	db_rows_free(r);
}

/* The same statement while its rows are open, another one, and rows left unread. */
static void
nested(enum db_engine engine, const char *uri)
{
	static const char all[] = "SELECT id, n FROM thing ORDER BY id";
	OWN(db_close) struct db *db = open_with_table(uri);
	struct err e = { 0 };
	int64_t i, sum = 0, inner = 0;

	(void)engine;
	CHECK(db_begin(db, DB_WRITE, &e), "%s: %s", at, e.trail);
	for (i = 0; i < 200; i++)
		CHECK(db_run(db, "INSERT INTO thing (id, n) VALUES ($1, $2)", ARGS(arg_int(i), arg_int(1)), NULL, &e),
		    "%s: %s", at, e.trail);
	CHECK(db_run(db, "CREATE TABLE other (id BIGINT PRIMARY KEY)", NO_ARGS, NULL, &e), "%s: %s", at, e.trail);
	CHECK(db_commit(db, &e), "%s: %s", at, e.trail);
	CHECK(db_begin(db, DB_WRITE, &e), "%s: %s", at, e.trail);
	{
		OWN(db_rows_free) struct db_rows *r = NULL;

		CHECK(db_query(db, all, NO_ARGS, &r, &e), "%s: %s", at, e.trail);
		while (db_next(r, &e)) {
			sum += db_int(r, 1);
			if (db_int(r, 0) % 50 == 0) {
				OWN(db_rows_free) struct db_rows *again = NULL;

				CHECK(db_run(db, "INSERT INTO other (id) VALUES ($1)", ARGS(arg_int(db_int(r, 0))), NULL, &e),
				    "%s: %s", at, e.trail);
				CHECK(db_query(db, all, NO_ARGS, &again, &e), "%s: %s", at, e.trail);
				for (i = 0; i < 10 && db_next(again, &e); i++)
					inner += db_int(again, 1);
			}
		}
		CHECK(e.kind == ERR_NONE, "%s: %s", at, e.trail);
	}
	CHECK(sum == 200 && inner == 40, "%s: %" PRId64 " and %" PRId64, at, sum, inner);
	CHECK(db_commit(db, &e), "%s: %s", at, e.trail);
}

/* Rows given up in the middle: of a read transaction, outside of one, of a write transaction. */
static void
unread(enum db_engine engine, const char *uri)
{
	static const char many[] = "WITH RECURSIVE s(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM s WHERE x < 20000) SELECT x FROM s";
	OWN(db_close) struct db *db = open_with_table(uri), *reader = NULL;
	struct db_rows *r = NULL;
	struct err e = { 0 };

	(void)engine;
	CHECK(db_open(uri, DB_READ, &reader, &e) && db_begin(reader, DB_READ, &e) && db_query(reader, many, NO_ARGS, &r, &e) &&
	    db_next(r, &e) && db_int(r, 0) == 1, "%s: %s", at, e.trail);
	db_rows_free(r);
	db_rollback(reader);
	CHECK(count(reader) == 0, "%s: usable after", at);
	CHECK(db_query(reader, many, NO_ARGS, &r, &e) && db_next(r, &e), "%s: %s", at, e.trail);
	db_rows_free(r);
	CHECK(count(reader) == 0, "%s: usable after, alone", at);
	CHECK(db_begin(db, DB_WRITE, &e) && insert(db, 1, "kept", &e) && db_query(db, many, NO_ARGS, &r, &e) && db_next(r, &e),
	    "%s: %s", at, e.trail);
	db_rows_free(r);
	CHECK(db_commit(db, &e) && count(db) == 1, "%s: a writer's transaction goes on: %s", at, e.trail);
}

static void
many(enum db_engine engine, const char *uri)
{
	enum { N = 1500 };
	OWN(db_close) struct db *db = open_with_table(uri);
	static struct db_arg args[N * 3];
	static char names[N][16];
	struct err e = { 0 };
	int64_t changed = -1, i;

	(void)engine;
	for (i = 0; i < N; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "n%" PRId64, i);
		args[3 * i] = arg_int(i);
		args[3 * i + 1] = arg_text(names[i]);
		args[3 * i + 2] = arg_blob(&names[i], sizeof(names[i]));
	}
	CHECK(db_begin(db, DB_WRITE, &e), "%s: %s", at, e.trail);
	CHECK(db_run_many(db, "INSERT INTO thing (id, name, data, n) VALUES ($1, $2, $3, 0)", args, 3, N, &changed, &e) &&
	    changed == N, "%s: %s: %" PRId64, at, e.trail, changed);
	CHECK(db_run_many(db, "UPDATE thing SET n = n + 1 WHERE id = $1", args, 3, 0, &changed, &e) && changed == 0,
	    "%s: none: %s", at, e.trail);
	CHECK(db_commit(db, &e), "%s: %s", at, e.trail);
	CHECK(count(db) == N, "%s: all there", at);

	/* One that fails in the middle: the first error, and nothing of it stays. */
	args[3 * 700] = arg_int(10);
	for (i = 0; i < N; i++) {
		args[3 * i].i += i == 700 ? 0 : N;
		args[3 * i + 1] = arg_null();
	}
	CHECK(db_begin(db, DB_WRITE, &e), "%s: %s", at, e.trail);
	CHECK(!db_run_many(db, "INSERT INTO thing (id, name, data, n) VALUES ($1, $2, $3, 0)", args, 3, N, &changed, &e) &&
	    e.kind == ERR_CONFLICT, "%s: %s", at, e.trail);
	db_rollback(db);
	CHECK(count(db) == N, "%s: rolled back", at);
	CHECK(db_begin(db, DB_WRITE, &e) && insert(db, 100000, NULL, &e) && db_commit(db, &e), "%s: usable after: %s", at, e.trail);
}

/* ---- transactions ---- */

static bool
body_fails(struct db *db, void *arg, struct err *e)
{
	int *runs = arg;

	(*runs)++;
	if (!insert(db, 1, "x", e))
		return false;
	return err_set(e, ERR_INVALID, "no", "no");
}

static bool
body_retries(struct db *db, void *arg, struct err *e)
{
	int *runs = arg;

	if (!insert(db, 1, "x", e))
		return false;
	return ++*runs >= 3 ? true : err_set(e, ERR_RETRY, "again", "again");
}

static void
transactions(enum db_engine engine, const char *uri)
{
	OWN(db_close) struct db *db = open_with_table(uri), *other = open_with_table(uri);
	struct err e = { 0 };
	int runs = 0;

	(void)engine;
	CHECK(!db_tx(db, DB_WRITE, body_fails, &runs, &e) && e.kind == ERR_INVALID && runs == 1, "%s: %d runs", at, runs);
	CHECK(count(db) == 0 && !db_in_tx(db), "%s: rolled back", at);
	runs = 0;
	CHECK(db_tx(db, DB_WRITE, body_retries, &runs, &e) && runs == 3, "%s: %d runs: %s", at, runs, e.trail);
	CHECK(count(db) == 1, "%s: once", at);
	CHECK(e.kind == ERR_NONE, "%s: no error is left", at);

	/* A reader sees one state throughout, whatever is committed beside it. */
	CHECK(db_begin(other, DB_READ, &e) && count(other) == 1, "%s: %s", at, e.trail);
	CHECK(insert(db, 2, "y", &e), "%s: %s", at, e.trail);
	CHECK(count(other) == 1, "%s: one state", at);
	CHECK(db_commit(other, &e) && count(other) == 2, "%s: and the next: %s", at, e.trail);

	CHECK(db_begin(db, DB_WRITE, &e) && !db_begin(db, DB_WRITE, &e), "%s: not one in another", at);
	db_rollback(db);
	db_rollback(db);
	CHECK(!db_commit(db, &e), "%s: nothing to commit", at);
}

struct crossing {
	const char	*uri;
	int64_t		 first, second;
	int		 runs;
	bool		 ok;
	struct err	 e;
};
static pthread_barrier_t both_hold_one;

/* Two of these in opposite order: on PostgreSQL one must be ended and run again, on SQLite one waits. */
static bool
body_crosses(struct db *db, void *arg, struct err *e)
{
	static const char add[] = "UPDATE thing SET n = n + 1 WHERE id = $1";
	struct crossing *c = arg;

	if (!db_run(db, add, ARGS(arg_int(c->first)), NULL, e))
		return false;
	if (c->runs++ == 0 && db_engine(db) == DB_POSTGRES)
		(void)pthread_barrier_wait(&both_hold_one);
	return db_run(db, add, ARGS(arg_int(c->second)), NULL, e);
}

static void *
cross(void *arg)
{
	struct crossing *c = arg;
	OWN(db_close) struct db *db = NULL;

	c->ok = db_open(c->uri, DB_WRITE, &db, &c->e) && db_tx(db, DB_WRITE, body_crosses, c, &c->e);
	return NULL;
}

static void
conflicts(enum db_engine engine, const char *uri)
{
	OWN(db_close) struct db *db = open_with_table(uri);
	struct crossing c[2] = { { .uri = uri, .first = 1, .second = 2 }, { .uri = uri, .first = 2, .second = 1 } };
	pthread_t t[2];
	struct err e = { 0 };
	int64_t n = 0;
	bool found;

	(void)pthread_barrier_init(&both_hold_one, NULL, 2);
	CHECK(insert(db, 1, "a", &e) && insert(db, 2, "b", &e), "%s: %s", at, e.trail);
	for (int i = 0; i < 2; i++)
		(void)pthread_create(&t[i], NULL, cross, &c[i]);
	for (int i = 0; i < 2; i++) {
		(void)pthread_join(t[i], NULL);
		CHECK(c[i].ok, "%s: %s", at, c[i].e.trail);
	}
	CHECK(db_get_int(db, "SELECT sum(n) FROM thing", NO_ARGS, &n, &found, &e) && n == 4, "%s: each once: %" PRId64, at, n);
	CHECK(c[0].runs + c[1].runs == (engine == DB_POSTGRES ? 3 : 2), "%s: %d runs", at, c[0].runs + c[1].runs);
	(void)pthread_barrier_destroy(&both_hold_one);
}

/* ---- claiming work ---- */

#define CLAIMERS 8
#define WORK 400

struct claimer {
	struct db_pool	*pool;
	int		 taken[WORK];
	int		 n;
	struct err	 e;
};

static bool
body_claims(struct db *db, void *arg, struct err *e)
{
	static const char sql[] =
	    "UPDATE thing SET n = n + 1"
	    " WHERE id IN (SELECT id FROM thing WHERE n = 0 ORDER BY id LIMIT $1 /* skip_locked */)"
	    " AND n = 0 RETURNING id";
	OWN(db_rows_free) struct db_rows *r = NULL;
	struct claimer *c = arg;
	int got[16], n = 0;

	c->n = c->n < 0 ? 0 : c->n;
	if (!db_query(db, sql, ARGS(arg_int(7)), &r, e))
		return false;
	while (db_next(r, e))
		got[n++] = (int)db_int(r, 0);
	if (e->kind != ERR_NONE)
		return false;
	for (int i = 0; i < n; i++)
		c->taken[got[i]] = 1;
	c->n = n;
	return true;
}

static void *
claim(void *arg)
{
	struct claimer *c = arg;
	struct db *db = NULL;

	do {
		if (!db_pool_get(c->pool, DB_WRITE, &db, &c->e) || !db_tx(db, DB_WRITE, body_claims, c, &c->e))
			return NULL;
	} while (c->n > 0);
	return NULL;
}

static void
claims(enum db_engine engine, const char *uri)
{
	static struct claimer c[CLAIMERS];
	OWN(db_close) struct db *db = open_with_table(uri);
	OWN(db_pool_free) struct db_pool *pool = NULL;
	static struct db_arg ids[WORK];
	pthread_t t[CLAIMERS];
	struct err e = { 0 };
	int64_t n = 0;
	int twice = 0, never = 0;
	bool found;

	(void)engine;
	for (int i = 0; i < WORK; i++)
		ids[i] = arg_int(i);
	CHECK(db_pool_new(uri, &pool, &e) && db_begin(db, DB_WRITE, &e) &&
	    db_run_many(db, "INSERT INTO thing (id, n) VALUES ($1, 0)", ids, 1, WORK, NULL, &e) && db_commit(db, &e),
	    "%s: %s", at, e.trail);
	for (int i = 0; i < CLAIMERS; i++) {
		c[i] = (struct claimer){ .pool = pool };
		(void)pthread_create(&t[i], NULL, claim, &c[i]);
	}
	for (int i = 0; i < CLAIMERS; i++) {
		(void)pthread_join(t[i], NULL);
		CHECK(c[i].e.kind == ERR_NONE, "%s: %s %s", at, c[i].e.msg, c[i].e.trail);
	}
	for (int w = 0; w < WORK; w++) {
		int by = 0;

		for (int i = 0; i < CLAIMERS; i++)
			by += c[i].taken[w];
		twice += by > 1;
		never += by == 0;
	}
	CHECK(twice == 0 && never == 0, "%s: %d twice, %d never", at, twice, never);
	CHECK(db_get_int(db, "SELECT count(*) FROM thing WHERE n = 1", NO_ARGS, &n, &found, &e) && n == WORK, "%s: %" PRId64, at, n);
}

/* ---- losing the server ---- */

struct killed {
	struct db	*by;
	int		 runs;
};

/* The first run has its server process ended in the middle. */
static bool
body_killed(struct db *db, void *arg, struct err *e)
{
	struct killed *k = arg;
	struct err by = { 0 };
	int64_t pid = 0;
	bool found;

	if (!insert(db, 1, "x", e) || !db_get_int(db, "SELECT pg_backend_pid()", NO_ARGS, &pid, &found, e))
		return false;
	if (k->runs++ == 0)
		CHECK(db_run(k->by, "SELECT pg_terminate_backend($1)", ARGS(arg_int(pid)), NULL, &by), "%s", by.trail);
	return insert(db, 2, "y", e);
}

static void
lost_connections(enum db_engine engine, const char *uri)
{
	OWN(db_close) struct db *db = open_with_table(uri), *by = open_with_table(uri);
	struct killed k = { .by = by };
	struct err e = { 0 };
	int64_t pid = 0, n = 0;
	bool found;

	if (engine == DB_SQLITE)
		return;
	CHECK(db_tx(db, DB_WRITE, body_killed, &k, &e) && k.runs == 2, "%d runs: %s %s", k.runs, e.msg, e.trail);
	CHECK(count(db) == 2, "once");
	/* Ended while idle: the next statement connects anew and nobody notices. */
	CHECK(db_get_int(db, "SELECT pg_backend_pid()", NO_ARGS, &pid, &found, &e), "%s", e.trail);
	CHECK(db_run(by, "SELECT pg_terminate_backend($1, 2000)", ARGS(arg_int(pid)), NULL, &e), "%s", e.trail);
	CHECK(db_get_int(db, "SELECT count(*) FROM thing", NO_ARGS, &n, &found, &e) && n == 2, "%s", e.trail);
	/* In the moment of the commit, before it was sent: known to be undone. */
	CHECK(db_begin(db, DB_WRITE, &e) && insert(db, 3, "z", &e) &&
	    db_get_int(db, "SELECT pg_backend_pid()", NO_ARGS, &pid, &found, &e), "%s", e.trail);
	CHECK(db_run(by, "SELECT pg_terminate_backend($1, 2000)", ARGS(arg_int(pid)), NULL, &e), "%s", e.trail);
	CHECK(!db_commit(db, &e) && e.kind == ERR_UNAVAILABLE && strcmp(e.code, "db_unavailable") == 0, "%s %s", e.code, e.trail);
	CHECK(count(db) == 2, "undone");
	/* A statement kept on the server and forgotten there. */
	CHECK(db_run(db, "DEALLOCATE ALL", NO_ARGS, NULL, &e), "%s", e.trail);
	k.runs = 1;
	CHECK(db_run(by, "DELETE FROM thing", NO_ARGS, NULL, &e) && db_tx(db, DB_WRITE, body_killed, &k, &e), "%s", e.trail);
}

static void
unreachable(enum db_engine engine, const char *uri)
{
	OWN(db_close) struct db *db = NULL;
	struct err e = { 0 };
	int64_t n;
	bool found;

	(void)uri;
	if (engine == DB_SQLITE) {
		CHECK(!db_open("sqlite:/nonexistent/x.db", DB_WRITE, &db, &e) && e.kind == ERR_UNAVAILABLE &&
		    strstr(e.msg, "/nonexistent/x.db") != NULL, "%s", e.msg);
		CHECK(!db_open("sqlite:/etc/passwd", DB_WRITE, &db, &e) && e.kind == ERR_INVALID, "not a store: %s %s", e.msg, e.trail);
		CHECK(!db_open("mysql://x", DB_WRITE, &db, &e) && e.kind == ERR_INVALID, "%s", e.msg);
		return;
	}
	CHECK(!db_open("postgresql://u:secret@h:99999x/y?nosuch=1", DB_WRITE, &db, &e) && e.kind == ERR_INVALID &&
	    strstr(e.msg, "secret") == NULL && strstr(e.trail, "secret") == NULL, "%s", e.msg);
	/* Opens lazily; the first use says so. */
	CHECK(db_open("postgresql:///postgres?host=/nonexistent&user=x", DB_WRITE, &db, &e), "%s", e.msg);
	CHECK(!db_get_int(db, "SELECT 1", NO_ARGS, &n, &found, &e) && e.kind == ERR_UNAVAILABLE, "%s", e.trail);
}

static void
full_disk_and_checkpoint(enum db_engine engine, const char *uri)
{
	OWN(db_close) struct db *db = open_with_table(uri);
	struct err e = { 0 };
	static uint8_t large[1 << 20];

	if (engine == DB_SQLITE) {
		FILE *f;
		char wal[CHECK_URI];
		long size;

		(void)snprintf(wal, sizeof(wal), "%s-wal", uri + strlen("sqlite:"));
		CHECK(db_run(db, "INSERT INTO thing (id, data) VALUES ($1, $2)", ARGS(arg_int(1), arg_blob(large, sizeof(large))), NULL, &e),
		    "%s", e.trail);
		db_checkpoint(db, 64 << 20);
		f = fopen(wal, "r");
		if (!CHECK(f != NULL && fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) > (1 << 20), "the log is kept below the bound"))
			return;
		(void)fclose(f);
		db_checkpoint(db, 1000);
		f = fopen(wal, "r");
		CHECK(f != NULL && fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) == 0, "and moved above it");
		if (f != NULL)
			(void)fclose(f);
		CHECK(count(db) == 1, "nothing lost");
		CHECK(db_run(db, "PRAGMA max_page_count = 300", NO_ARGS, NULL, &e), "%s", e.trail);
		CHECK(db_begin(db, DB_WRITE, &e), "%s", e.trail);
		CHECK(!db_run(db, "INSERT INTO thing (id, data) VALUES ($1, $2)", ARGS(arg_int(2), arg_blob(large, sizeof(large))), NULL, &e) &&
		    e.kind == ERR_UNAVAILABLE && strcmp(e.code, "db_full") == 0, "%s %s", e.msg, e.trail);
		db_rollback(db);
		CHECK(count(db) == 1 && insert(db, 3, "small", &e), "usable after: %s", e.trail);
	} else {
		db_checkpoint(db, 0);
		CHECK(count(db) == 0, "nothing to do");
	}
}

/* More statements than are kept, and one address with changing text. */
static void
statements(enum db_engine engine, const char *uri)
{
	OWN(db_close) struct db *db = open_with_table(uri);
	struct err e = { 0 };
	char sql[64];
	bool found;

	(void)engine;
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 700; i++) {
			int64_t n = -1;

			(void)snprintf(sql, sizeof(sql), "SELECT CAST(%d AS BIGINT) + $1", i);
			CHECK(db_get_int(db, sql, ARGS(arg_int(1000)), &n, &found, &e) && n == 1000 + i, "%s: %d: %" PRId64 " %s", at, i, n, e.trail);
		}
}

int
main(void)
{
	static void (*const parts[])(enum db_engine, const char *) = {
		arguments_and_columns, expressions, errors, returning, nested, unread, many, transactions, conflicts, claims,
		lost_connections, unreachable, full_disk_and_checkpoint, statements,
	};

	for (size_t i = 0; i < COUNT(parts); i++)
		check_db_on_both(parts[i]);
	return check_done();
}
