/*
 * The PostgreSQL driver.
 *
 * Connects when first needed and again after a failure: a connection that saw any error of its own, or
 * a server that became read-only under it, is dropped, and db_tx repeats the whole transaction.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "db/pg.h"

#define ARGS_MAX 100
#define PIPELINE_CHUNK 256
#define COPY_FROM 8		/* rows from which COPY costs less than so many INSERTs */

static const struct phrase phrases[] = {
	{ "/* skip_locked */", "FOR UPDATE SKIP LOCKED" },
};

/* ---- errors ---- */

static const struct class {
	const char	*state;		/* SQLSTATE or its first two characters */
	enum err_kind	 kind;
	const char	*code, *msg;
	bool		 drop;
} classes[] = {
	{ "23505", ERR_CONFLICT, "db_unique", "there is one already", false },
	{ "40001", ERR_RETRY, "db_busy", "the store is busy", false },
	{ "40P01", ERR_RETRY, "db_busy", "the store is busy", false },
	{ "55P03", ERR_RETRY, "db_busy", "the store is busy", false },
	{ "26000", ERR_RETRY, "db_busy", "the store is busy", true },	/* a kept statement it does not know */
	{ "25006", ERR_UNAVAILABLE, "db_unavailable", "the store is not available", true },
	{ "53100", ERR_UNAVAILABLE, "db_full", "the store's disk is full", false },
	{ "53300", ERR_UNAVAILABLE, "db_unavailable", "the store is not available", true },
	{ "57014", ERR_UNAVAILABLE, "db_timeout", "the store took too long", false },
	{ "57P", ERR_UNAVAILABLE, "db_unavailable", "the store is not available", true },
	{ "08", ERR_UNAVAILABLE, "db_unavailable", "the store is not available", true },
};

bool
pg_failed(struct pg *d, const PGresult *res, const char *what, struct err *e)
{
	const char *state = res == NULL ? NULL : PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *text = res == NULL ? NULL : PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const char *where = res == NULL ? NULL : PQresultErrorField(res, PG_DIAG_SOURCE_FUNCTION);
	bool drop = d->c == NULL || d->silent || PQstatus(d->c) == CONNECTION_BAD;
	char why[160];
	size_t i;

	if (text == NULL)
		text = res != NULL ? PQresultErrorMessage(res) : d->c != NULL ? PQerrorMessage(d->c) : "no connection";
	(void)snprintf(why, sizeof(why), "%s", d->silent ? "no answer in time: the connection was cut" : text);
	why[strcspn(why, "\n")] = '\0';
	if (drop)
		err_set(e, ERR_UNAVAILABLE, "db_unavailable", "the store is not available");
	else
		err_set(e, ERR_INTERNAL, "internal", "internal error");
	for (i = 0; state != NULL && i < COUNT(classes); i++) {
		const struct class *c = &classes[i];

		if (!str_starts(state, c->state))
			continue;
		err_set(e, c->kind, c->code, "%s", c->msg);
		drop = drop || c->drop;
		if (strcmp(c->code, "db_full") == 0)
			pg_note_full();
		break;
	}
	/* The table of a kept statement was changed: all are made anew. */
	if (where != NULL && strcmp(where, "RevalidateCachedQuery") == 0) {
		err_set(e, ERR_RETRY, "db_busy", "the store is busy");
		drop = true;
	}
	err_in(e, "postgresql %.80s: %s (%s)", what, why, state != NULL ? state : "-");
	if (drop)
		pg_drop(d);
	return false;
}

/* ---- connection ---- */

void
pg_drop(struct pg *d)
{
	struct stmt *s;

	pg_rows_cut(d);
	while ((s = stmts_pop(&d->stmts)) != NULL) {
		free(s->sql);
		free(s);
	}
	PQfinish(d->c);
	d->c = NULL;
	d->ended = d->silent = false;
}

static void
pg_close(struct db *db)
{
	struct pg *d = (struct pg *)db;

	pg_drop(d);
	free(d->uri);
	free(d);
}

/* Notices are of no interest, but for the server's farewell to an idle connection. */
static void
notice(void *arg, const PGresult *res)
{
	const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);
	struct pg *d = arg;

	if (severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0))
		d->ended = true;
}

/* A host that froze or went away: its statements end, and it holds no rows that others wait for. */
#define ENDS_WITH_US "SET client_connection_check_interval = '5s'"
#define HOLDS_NOTHING ENDS_WITH_US "; SET idle_in_transaction_session_timeout = '20s'"

static bool
connect_now(struct pg *d, struct err *e)
{
	/* The URI comes last, so that what it says itself goes before what we say for it. */
	const char *const names[] = { "connect_timeout", "tcp_user_timeout", "keepalives_idle",
	    "fallback_application_name", "client_encoding", "target_session_attrs", "dbname", NULL };
	const char *const values[] = { "4", "10000", "30",
	    "certmill", "UTF8", d->db.mode == DB_WRITE ? "read-write" : "any", d->uri, NULL };

	d->c = PQconnectdbParams(names, values, 1);
	if (d->c == NULL)
		abort();
	if (PQstatus(d->c) != CONNECTION_OK)
		return pg_failed(d, NULL, "connect", e);
	(void)PQsetNoticeReceiver(d->c, notice, d);
	/*
	 * A plan that was made while a table was small, or had no statistics, is kept while the table grows: what is
	 * to go down an index does so from the first row on.  An engine that knows neither setting goes without.
	 */
	if (PQsetnonblocking(d->c, 1) != 0)
		return pg_failed(d, NULL, "connect", e);
	PQclear(pg_exec(d, "SET enable_seqscan = off; SET jit = off"));
	PQclear(pg_exec(d, d->db.mode == DB_WRITE ? HOLDS_NOTHING : ENDS_WITH_US));
	return (PQstatus(d->c) == CONNECTION_OK && !d->silent) || pg_failed(d, NULL, "connect", e);
}

/* Whether there is a connection that the server has not ended while it was idle; drops it otherwise. */
static bool
alive(struct pg *d)
{
	int tries;

	for (tries = 0; d->c != NULL && tries < 4; tries++) {
		struct pollfd p = { .fd = PQsocket(d->c), .events = POLLIN };

		if (PQstatus(d->c) == CONNECTION_OK && poll(&p, 1, 0) == 0)
			break;
		/* What comes while nothing was asked is a notice, or the end. */
		if (PQconsumeInput(d->c) == 0 || PQstatus(d->c) != CONNECTION_OK || PQisBusy(d->c) != 0 || d->ended)
			pg_drop(d);
	}
	return d->c != NULL;
}

bool
postgres_open(const char *uri, enum db_mode mode, struct db **out, struct err *e)
{
	char *why = NULL;
	PQconninfoOption *options = PQconninfoParse(uri, &why);
	struct pg *d;

	if (options == NULL) {
		err_set(e, ERR_INVALID, "db_uri", "the store's postgresql URI cannot be read");
		PQfreemem(why);		/* may quote a password */
		return false;
	}
	PQconninfoFree(options);
	d = calloc(1, sizeof(*d));
	if (d == NULL || (d->uri = strdup(uri)) == NULL)
		abort();
	d->db.drv = &postgres_driver;
	d->db.mode = mode;
	*out = &d->db;
	return true;
}

/* ---- statements ---- */

static bool
good(const PGresult *res)
{
	ExecStatusType s = PQresultStatus(res);

	return s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK;
}

static bool
simple(struct pg *d, const char *sql, struct err *e)
{
	PGresult *res;
	bool ok;

	if (!pg_rows_take_in(d, e))
		return false;
	if (d->c == NULL)
		return pg_failed(d, NULL, sql, e);
	res = pg_exec(d, sql);
	ok = good(res) || pg_failed(d, res, sql, e);
	PQclear(res);
	return ok;
}

static bool
make_room(struct pg *d, struct err *e)
{
	struct stmt *old = stmts_evict(&d->stmts);
	char sql[64];

	if (old == NULL)
		return true;
	(void)snprintf(sql, sizeof(sql), "DEALLOCATE %s", ((struct pg_kept *)old)->name);
	free(old->sql);
	free(old);
	return simple(d, sql, e);
}

/* Binary pays where octets would be written as hex; it is asked for whenever we can read all columns so. */
static bool
describe(struct pg *d, struct pg_kept *k, const char *sql, struct err *e)
{
	PGresult *res = PQsendDescribePrepared(d->c, k->name) == 1 ? pg_last(d) : NULL;
	bool ok = good(res) || pg_failed(d, res, sql, e);
	int i;

	k->binary = ok;
	for (i = 0; ok && i < PQnfields(res); i++)
		k->binary = k->binary && pg_binary_type(PQftype(res, i));
	PQclear(res);
	return ok;
}

/*
 * The kept statement, prepared on this connection, which is free to send on afterwards.  Outside a
 * transaction this is where a connection is made.
 */
static bool
statement(struct pg *d, const char *sql, struct pg_kept **out, struct err *e)
{
	OWN_STR struct str text = { 0 };
	struct pg_kept *k;
	PGresult *res;
	bool ok;

	if (!pg_rows_take_in(d, e))
		return false;
	if (!d->db.in_tx ? !alive(d) && !connect_now(d, e) : d->c == NULL && !pg_failed(d, NULL, sql, e))
		return false;
	k = (struct pg_kept *)stmts_find(&d->stmts, sql);
	if (k == NULL) {
		if (!make_room(d, e))
			return false;
		k = calloc(1, sizeof(*k));
		if (k == NULL)
			abort();
		(void)snprintf(k->name, sizeof(k->name), "s%llu", (unsigned long long)++d->named);
		phrases_apply(phrases, COUNT(phrases), sql, &text);
		res = PQsendPrepare(d->c, k->name, text.p, 0, NULL) == 1 ? pg_last(d) : NULL;
		ok = (good(res) || pg_failed(d, res, sql, e)) && describe(d, k, sql, e);
		PQclear(res);
		if (!ok) {
			free(k);
			return false;
		}
		stmts_add(&d->stmts, &k->s, sql);
	}
	*out = k;
	return true;
}

struct params {
	const char	*values[ARGS_MAX];
	int		 lengths[ARGS_MAX], formats[ARGS_MAX];
	char		 digits[ARGS_MAX][24];
};

static bool
params_set(struct params *p, const struct db_arg *v, size_t n, const char *sql, struct err *e)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (n > ARGS_MAX || v[i].len > INT32_MAX) {
			err_set(e, ERR_INTERNAL, "internal", "internal error");
			return err_in(e, "postgresql: too many or too long arguments: %.80s", sql);
		}
		p->lengths[i] = (int)v[i].len;
		p->formats[i] = v[i].type == DB_BLOB;
		switch (v[i].type) {
		case DB_NULL:
			p->values[i] = NULL;
			break;
		case DB_INT:
			(void)snprintf(p->digits[i], sizeof(p->digits[i]), "%lld", (long long)v[i].i);
			p->values[i] = p->digits[i];
			break;
		case DB_TEXT:
		case DB_BLOB:
			p->values[i] = v[i].p;
			break;
		}
	}
	return true;
}

static bool
send_one(struct pg *d, const struct pg_kept *k, const struct db_arg *v, size_t n, struct err *e)
{
	struct params p;

	if (!params_set(&p, v, n, k->s.sql, e))
		return false;
	return PQsendQueryPrepared(d->c, k->name, (int)n, p.values, p.lengths, p.formats, k->binary) == 1 ||
	    pg_failed(d, NULL, k->s.sql, e);
}

static int64_t
changed_by(PGresult *res)
{
	return strtoll(PQcmdTuples(res), NULL, 10);
}

static bool
pg_run(struct db *db, const char *sql, struct db_args args, int64_t *changed, struct err *e)
{
	struct pg *d = (struct pg *)db;
	struct pg_kept *k;
	PGresult *res;
	bool ok;

	if (!statement(d, sql, &k, e) || !send_one(d, k, args.v, args.n, e))
		return false;
	res = pg_last(d);
	ok = good(res) || pg_failed(d, res, sql, e);
	if (ok && changed != NULL)
		*changed = changed_by(res);
	PQclear(res);
	return ok;
}

static bool
pg_query(struct db *db, const char *sql, struct db_args args, struct db_rows **out, struct err *e)
{
	struct pg *d = (struct pg *)db;
	struct pg_kept *k;

	if (!statement(d, sql, &k, e) || !send_one(d, k, args.v, args.n, e))
		return false;
	(void)PQsetSingleRowMode(d->c);
	*out = pg_rows_new(d, k->s.sql);
	return true;
}

/* ---- pipeline ---- */

/* Reads the answers to n statements and the sync behind them; the first error is kept, the rest skipped. */
static bool
pipeline_read(struct pg *d, const char *sql, size_t n, int64_t *changed, struct err *e)
{
	bool ok = true;
	size_t i;

	for (i = 0; i < n && d->c != NULL; i++) {
		PGresult *res = pg_result(d);

		if (res == NULL)
			return ok && pg_failed(d, NULL, sql, e);
		if (ok && good(res) && changed != NULL)
			*changed += changed_by(res);
		else if (ok && !good(res))
			ok = pg_failed(d, res, sql, e);
		PQclear(res);
		while (d->c != NULL && (res = pg_result(d)) != NULL)
			PQclear(res);		/* the NULL that ends each statement's results */
	}
	if (d->c != NULL) {
		PGresult *res = pg_result(d);

		if (PQresultStatus(res) != PGRES_PIPELINE_SYNC && ok)
			ok = pg_failed(d, res, sql, e);
		PQclear(res);
	}
	return ok;
}

static bool
pg_run_many(struct db *db, const char *sql, const struct db_arg *args, size_t k, size_t n, int64_t *changed,
    struct err *e)
{
	struct pg *d = (struct pg *)db;
	struct pg_kept *s;
	size_t i, chunk, j;
	bool ok = true;

	if (!statement(d, sql, &s, e))
		return false;
	if (PQenterPipelineMode(d->c) != 1)
		return pg_failed(d, NULL, sql, e);
	for (i = 0; ok && i < n; i += chunk) {
		chunk = n - i < PIPELINE_CHUNK ? n - i : PIPELINE_CHUNK;
		for (j = 0; ok && j < chunk; j++)
			ok = send_one(d, s, k == 0 ? NULL : args + (i + j) * k, k, e);
		if (!ok) {
			pg_drop(d);	/* half a pipeline is of no use */
			break;
		}
		ok = PQpipelineSync(d->c) == 1 ? pipeline_read(d, sql, chunk, changed, e) : pg_failed(d, NULL, sql, e);
	}
	if (d->c != NULL && PQexitPipelineMode(d->c) != 1) {
		if (ok)
			ok = pg_failed(d, NULL, sql, e);
		pg_drop(d);
	}
	return ok;
}

static bool
pg_put_many(struct db *db, const char *sql, const struct db_arg *args, size_t k, size_t n, struct err *e)
{
	return n < COPY_FROM ? pg_run_many(db, sql, args, k, n, NULL, e) : pg_put_rows((struct pg *)db, sql, args, k, n, e);
}

/* ---- transactions ---- */

static bool
pg_begin(struct db *db, enum db_mode mode, struct err *e)
{
	struct pg *d = (struct pg *)db;

	if (!pg_rows_take_in(d, e) || (!alive(d) && !connect_now(d, e)))
		return false;
	/* A reader sees one state throughout, as in SQLite. */
	return simple(d, mode == DB_WRITE ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", e);
}

static bool
pg_commit(struct db *db, struct err *e)
{
	struct pg *d = (struct pg *)db;
	PGresult *res;
	bool ok;

	if (!pg_rows_take_in(d, e))
		return false;
	if (!alive(d))
		return pg_failed(d, NULL, "COMMIT", e);		/* not sent: nothing was changed */
	res = pg_exec(d, "COMMIT");
	ok = good(res) || pg_failed(d, res, "COMMIT", e);
	if (ok && strcmp(PQcmdStatus(res), "COMMIT") != 0) {
		err_set(e, ERR_INTERNAL, "internal", "internal error");
		ok = err_in(e, "postgresql COMMIT: %s", PQcmdStatus(res));
	}
	PQclear(res);
	/* The server may have committed before the line broke: to repeat it unseen could do it twice. */
	if (!ok && e->kind == ERR_UNAVAILABLE && strcmp(e->code, "db_unavailable") == 0) {
		e->code = "db_commit_unknown";
		(void)snprintf(e->msg, sizeof(e->msg),
		    "the store went away while it was to keep the change; look whether it did");
	}
	return ok;
}

static void
pg_rollback(struct db *db)
{
	struct pg *d = (struct pg *)db;
	struct err e = { 0 };

	if (d->c != NULL && !simple(d, "ROLLBACK", &e))
		pg_drop(d);
}

static bool
pg_script(struct db *db, const char *sql, struct err *e)
{
	return simple((struct pg *)db, sql, e);
}

static void
pg_checkpoint(struct db *db, int64_t over)
{
	(void)db;			/* the server does that by itself */
	(void)over;
}

const struct driver postgres_driver = {
	.engine = DB_POSTGRES,
	.close = pg_close,
	.begin = pg_begin,
	.commit = pg_commit,
	.rollback = pg_rollback,
	.run = pg_run,
	.run_many = pg_run_many,
	.put_many = pg_put_many,
	.query = pg_query,
	.next = pg_next,
	.rows_free = pg_rows_free,
	.col_int = pg_int,
	.col_text = pg_text,
	.col_blob = pg_blob,
	.col_null = pg_null,
	.script = pg_script,
	.checkpoint = pg_checkpoint,
};
