/*
 * The SQLite driver: one file, many readers, one writer at a time.
 *
 * Every writer begins with BEGIN IMMEDIATE, so a transaction waits at its start and not in its middle,
 * where it could only be run again.  A transaction is durable when its commit returns (synchronous=FULL).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/rand.h"
#include "db/driver.h"

#define WAIT_FOR_MS 5000
#define READER_CACHE_KIB 65536
#define WRITER_CACHE_KIB 262144
/* Should nobody call db_checkpoint, the log does not grow for ever: 1 GiB in pages of 4 KiB. */
#define WAL_LAST_RESORT_PAGES 262144
#define WAL_KEPT_OCTETS 67108864
#define ARGS_MAX 100

static const struct phrase phrases[] = {
	{ "BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY" },
	{ "/* clustered */", "WITHOUT ROWID" },
};

struct kept {
	struct stmt	 s;
	sqlite3_stmt	*h;
	int		 args;
	int		 at[ARGS_MAX];		/* where $1, $2, ... are bound */
};

/*
 * Writers of one process queue here and get on with it as soon as the one before is done; among processes
 * SQLite has no queue, and they look again after a little sleep.
 */
struct gate {
	pthread_mutex_t	 lock;		/* recursive: a thread that waits for itself gets SQLite's own answer */
	struct gate	*next;
	char		 path[];
};

struct sqlite {
	struct db	 db;
	struct gate	*gate;		/* of a writer */
	bool		 inside;
	sqlite3		*h;
	char		*path;
	struct stmts	 stmts;
	int64_t		 waiting_since_ms;
};

struct sqlite_rows {
	struct db_rows	 rows;
	struct kept	*k;
	bool		 own;		/* the statement is not a kept one: it was in use */
	bool		 first;		/* stepped already: a statement that changes runs at once */
	bool		 done;
	int		 rc;
};

static bool
failed(struct sqlite *d, int rc, const char *what, struct err *e)
{
	int system = sqlite3_system_errno(d->h);

	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		err_set(e, ERR_RETRY, "db_busy", "the store is busy");
		break;
	case SQLITE_CONSTRAINT:
		if (rc != SQLITE_CONSTRAINT_UNIQUE && rc != SQLITE_CONSTRAINT_PRIMARYKEY &&
		    rc != SQLITE_CONSTRAINT_ROWID)
			goto ours;
		err_set(e, ERR_CONFLICT, "db_unique", "there is one already");
		break;
	case SQLITE_IOERR:
		if (system != ENOSPC && system != EDQUOT)
			goto ours;
		/* FALLTHROUGH */
	case SQLITE_FULL:
		err_set(e, ERR_UNAVAILABLE, "db_full", "the store's disk is full");
		break;
	case SQLITE_CANTOPEN:
	case SQLITE_PROTOCOL:
		err_set(e, ERR_UNAVAILABLE, "db_unavailable", "the store cannot be opened");
		break;
	default:
	ours:
		err_set(e, ERR_INTERNAL, "internal", "internal error");
		break;
	}
	return err_in(e, "sqlite %s: %s (%d)", what, sqlite3_errmsg(d->h), rc);
}

/*
 * Sleeps a little and lets SQLite try again.  Who has waited long sleeps less, so that among many writers
 * none is passed over until its time is up.
 */
static int
wait_turn(void *arg, int count)
{
	struct sqlite *d = arg;
	int64_t now = clock_mono_ms(), waited;
	struct timespec t = { 0 };
	uint32_t r;

	if (count == 0)
		d->waiting_since_ms = now;
	waited = now - d->waiting_since_ms;
	if (waited >= WAIT_FOR_MS)
		return 0;
	rand_octets(&r, sizeof(r));
	t.tv_nsec = 200000 + (long)(r % 4000000) * (WAIT_FOR_MS - waited) / WAIT_FOR_MS;
	(void)nanosleep(&t, NULL);
	return 1;
}

/* ---- the queue of writers ---- */

/* One for each path that was ever opened; few. */
static struct gate *
gate_of(const char *path)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct gate *gates;
	pthread_mutexattr_t kind;
	struct gate *g;

	(void)pthread_mutex_lock(&lock);
	for (g = gates; g != NULL && strcmp(g->path, path) != 0;)
		g = g->next;
	if (g == NULL) {
		g = calloc(1, sizeof(*g) + strlen(path) + 1);
		if (g == NULL || pthread_mutexattr_init(&kind) != 0 ||
		    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE) != 0 || pthread_mutex_init(&g->lock, &kind) != 0)
			abort();
		(void)pthread_mutexattr_destroy(&kind);
		memcpy(g->path, path, strlen(path) + 1);
		g->next = gates;
		gates = g;
	}
	(void)pthread_mutex_unlock(&lock);
	return g;
}

static bool
gate_enter(struct sqlite *d, struct err *e)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += WAIT_FOR_MS / 1000;
	if (pthread_mutex_clocklock(&d->gate->lock, CLOCK_MONOTONIC, &until) != 0)
		return err_set(e, ERR_RETRY, "db_busy", "the store is busy");
	d->inside = true;
	return true;
}

static void
gate_leave(struct sqlite *d)
{
	if (!d->inside)
		return;
	d->inside = false;
	(void)pthread_mutex_unlock(&d->gate->lock);
}

/* ---- connection ---- */

static void
kept_free(struct kept *k)
{
	(void)sqlite3_finalize(k->h);
	free(k->s.sql);
	free(k);
}
OWN_TYPE(struct kept, kept_free)

static void
sqlite_close_(struct db *db)
{
	struct sqlite *d = (struct sqlite *)db;
	struct stmt *s;

	gate_leave(d);
	while ((s = stmts_pop(&d->stmts)) != NULL)
		kept_free((struct kept *)s);
	(void)sqlite3_close_v2(d->h);
	free(d->path);
	free(d);
}
OWN_TYPE(struct db, sqlite_close_)

static bool
set_up(struct sqlite *d, struct err *e)
{
	bool writer = d->db.mode == DB_WRITE;
	char sql[512];
	int rc, tries = 0;

	(void)sqlite3_extended_result_codes(d->h, 1);
	(void)sqlite3_busy_handler(d->h, wait_turn, d);
	(void)sqlite3_db_config(d->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(d->h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)snprintf(sql, sizeof(sql), "%s PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
	    " PRAGMA cache_size = -%d; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = %d;"
	    " PRAGMA secure_delete = ON; PRAGMA journal_size_limit = %d; PRAGMA query_only = %d;",
	    writer ? "PRAGMA journal_mode = WAL;" : "", writer ? WRITER_CACHE_KIB : READER_CACHE_KIB,
	    writer ? WAL_LAST_RESORT_PAGES : 0, WAL_KEPT_OCTETS, !writer);
	/* Where several open a new file at once, SQLite does not wait by itself for the change to WAL. */
	do
		rc = sqlite3_exec(d->h, sql, NULL, NULL, NULL);
	while ((rc & 0xff) == SQLITE_BUSY && wait_turn(d, tries++) == 1);
	if (rc != SQLITE_OK) {
		failed(d, rc, "open", e);
		return (rc & 0xff) != SQLITE_NOTADB ? false : err_set(e, ERR_INVALID, "db_file",
		    "%s is not a store: choose another file, or move this one away", d->path);
	}
	return true;
}

/* Holds keys and hashes: the owner's alone from the first moment.  The log and index take its mode. */
static void
create_private(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		(void)close(fd);
}

bool
sqlite_open(const char *path, enum db_mode mode, struct db **out, struct err *e)
{
	OWN(sqlite_close_) struct db *db = NULL;
	struct sqlite *d = calloc(1, sizeof(*d));
	int rc;

	if (d == NULL || (d->path = strdup(path)) == NULL)
		abort();
	db = &d->db;
	db->drv = &sqlite_driver;
	db->mode = mode;
	if (mode == DB_WRITE) {
		d->gate = gate_of(path);
		create_private(path);
	}
	/* A reader too may have to write the index of the log; query_only keeps it from the rows. */
	rc = sqlite3_open_v2(path, &d->h, (db_is_read_only() ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
	    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
	    NULL);
	if (rc != SQLITE_OK) {
		int why = sqlite3_system_errno(d->h);

		err_set(e, ERR_UNAVAILABLE, "db_unavailable", "the store %s cannot be opened: %s", path,
		    why != 0 ? strerrordesc_np(why) : sqlite3_errstr(rc));
		return err_in(e, "sqlite open");
	}
	if (!set_up(d, e))
		return false;
	*out = give(db);
	return true;
}

/* ---- statements ---- */

/* $1 is a name to SQLite, numbered by appearance: finds where each argument goes. */
static bool
number_args(struct sqlite *d, struct kept *k, const char *sql, struct err *e)
{
	int n = sqlite3_bind_parameter_count(k->h), i;

	if (n > ARGS_MAX)
		return failed(d, SQLITE_RANGE, sql, e);
	for (i = 0; i < n; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "$%d", i + 1);
		k->at[i] = sqlite3_bind_parameter_index(k->h, name);
		if (k->at[i] == 0) {
			err_set(e, ERR_INTERNAL, "internal", "internal error");
			return err_in(e, "sqlite: parameters are not $1 to $%d: %.80s", n, sql);
		}
	}
	k->args = n;
	return true;
}

static bool
prepare(struct sqlite *d, const char *sql, unsigned flags, struct kept **out, struct err *e)
{
	OWN(kept_free) struct kept *k = calloc(1, sizeof(*k));
	OWN_STR struct str text = { 0 };
	int rc;

	if (k == NULL)
		abort();
	phrases_apply(phrases, COUNT(phrases), sql, &text);
	rc = sqlite3_prepare_v3(d->h, text.p, (int)text.len + 1, flags, &k->h, NULL);
	if (rc != SQLITE_OK) {
		char what[128];

		(void)snprintf(what, sizeof(what), "prepare %.90s", sql);
		failed(d, rc, what, e);
		return false;
	}
	if (!number_args(d, k, sql, e))
		return false;
	*out = give(k);
	return true;
}

/* A kept statement that is not in use, or a new one (*own when it is not to be kept). */
static bool
statement(struct sqlite *d, const char *sql, struct kept **out, bool *own, struct err *e)
{
	struct kept *k = (struct kept *)stmts_find(&d->stmts, sql), *old;

	*own = k != NULL && k->s.busy > 0;
	if (k != NULL && !*own) {
		*out = k;
		return true;
	}
	if (!prepare(d, sql, *own ? 0 : SQLITE_PREPARE_PERSISTENT, out, e))
		return false;
	if (!*own) {
		if ((old = (struct kept *)stmts_evict(&d->stmts)) != NULL)
			kept_free(old);
		stmts_add(&d->stmts, &(*out)->s, sql);
	}
	return true;
}

static bool
bind_args(struct sqlite *d, struct kept *k, const struct db_arg *v, size_t n, sqlite3_destructor_type life,
    struct err *e)
{
	size_t i;

	if ((size_t)k->args != n) {
		err_set(e, ERR_INTERNAL, "internal", "internal error");
		return err_in(e, "sqlite: %zu arguments for %d parameters: %.80s", n, k->args, sqlite3_sql(k->h));
	}
	for (i = 0; i < n; i++) {
		int rc = SQLITE_OK, at = k->at[i];

		switch (v[i].type) {
		case DB_NULL:
			rc = sqlite3_bind_null(k->h, at);
			break;
		case DB_INT:
			rc = sqlite3_bind_int64(k->h, at, v[i].i);
			break;
		case DB_TEXT:
			rc = sqlite3_bind_text64(k->h, at, v[i].p, v[i].len, life, SQLITE_UTF8);
			break;
		case DB_BLOB:
			rc = v[i].len == 0 ? sqlite3_bind_zeroblob(k->h, at, 0) :
			    sqlite3_bind_blob64(k->h, at, v[i].p, v[i].len, life);
			break;
		}
		if (rc != SQLITE_OK)
			return failed(d, rc, "bind", e);
	}
	return true;
}

static bool
step_failed(struct sqlite *d, struct kept *k, int rc, struct err *e)
{
	char what[128];

	(void)snprintf(what, sizeof(what), "%.100s", sqlite3_sql(k->h));
	return failed(d, rc, what, e);
}

static bool
run_one(struct sqlite *d, struct kept *k, const struct db_arg *v, size_t n, int64_t *changed, struct err *e)
{
	int rc;

	if (!bind_args(d, k, v, n, SQLITE_STATIC, e))
		return false;
	while ((rc = sqlite3_step(k->h)) == SQLITE_ROW)
		;
	if (rc != SQLITE_DONE) {
		step_failed(d, k, rc, e);
		(void)sqlite3_reset(k->h);
		return false;
	}
	if (changed != NULL)
		*changed += sqlite3_changes64(d->h);
	(void)sqlite3_reset(k->h);
	return true;
}

static bool
sqlite_run_many(struct db *db, const char *sql, const struct db_arg *args, size_t k, size_t n, int64_t *changed,
    struct err *e)
{
	struct sqlite *d = (struct sqlite *)db;
	struct kept *s = NULL;
	size_t i;
	bool own, ok = true;

	if (!statement(d, sql, &s, &own, e))
		return false;
	for (i = 0; i < n && ok; i++)
		ok = run_one(d, s, k == 0 ? NULL : args + i * k, k, changed, e);
	(void)sqlite3_clear_bindings(s->h);	/* they point to what is the caller's */
	if (own)
		kept_free(s);
	return ok;
}

static bool
sqlite_put_many(struct db *db, const char *sql, const struct db_arg *args, size_t k, size_t n, struct err *e)
{
	return sqlite_run_many(db, sql, args, k, n, NULL, e);
}

static bool
sqlite_run(struct db *db, const char *sql, struct db_args args, int64_t *changed, struct err *e)
{
	if (changed != NULL)
		*changed = 0;
	return sqlite_run_many(db, sql, args.v, args.n, 1, changed, e);
}

static bool
sqlite_script(struct db *db, const char *sql, struct err *e)
{
	struct sqlite *d = (struct sqlite *)db;
	OWN_STR struct str text = { 0 };
	int rc;

	phrases_apply(phrases, COUNT(phrases), sql, &text);
	rc = sqlite3_exec(d->h, text.p, NULL, NULL, NULL);
	return rc == SQLITE_OK ? true : failed(d, rc, "script", e);
}

/* ---- rows ---- */

static void
sqlite_rows_free(struct db_rows *rows)
{
	struct sqlite_rows *r = (struct sqlite_rows *)rows;

	r->k->s.busy--;
	if (r->own) {
		kept_free(r->k);
	} else {
		(void)sqlite3_reset(r->k->h);
		(void)sqlite3_clear_bindings(r->k->h);
	}
	free(r);
}

static bool
sqlite_query(struct db *db, const char *sql, struct db_args args, struct db_rows **out, struct err *e)
{
	struct sqlite *d = (struct sqlite *)db;
	struct sqlite_rows *r;
	struct kept *k = NULL;
	bool own;

	if (!statement(d, sql, &k, &own, e))
		return false;
	if (!bind_args(d, k, args.v, args.n, SQLITE_TRANSIENT, e)) {
		if (own)
			kept_free(k);
		return false;
	}
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		abort();
	r->rows.drv = &sqlite_driver;
	r->rows.db = db;
	r->k = k;
	r->own = own;
	k->s.busy++;
	if (!sqlite3_stmt_readonly(k->h)) {
		r->first = true;
		r->rc = sqlite3_step(k->h);
		if (r->rc != SQLITE_ROW && r->rc != SQLITE_DONE) {
			step_failed(d, k, r->rc, e);
			sqlite_rows_free(&r->rows);
			return false;
		}
	}
	*out = &r->rows;
	return true;
}

static bool
sqlite_next(struct db_rows *rows, struct err *e)
{
	struct sqlite_rows *r = (struct sqlite_rows *)rows;
	int rc;

	if (r->done)
		return false;
	rc = r->first ? r->rc : sqlite3_step(r->k->h);
	r->first = false;
	if (rc == SQLITE_ROW)
		return true;
	r->done = true;
	if (rc != SQLITE_DONE)
		step_failed((struct sqlite *)rows->db, r->k, rc, e);
	(void)sqlite3_reset(r->k->h);	/* a read outside a transaction ends here */
	return false;
}

static int64_t
sqlite_int(const struct db_rows *rows, int i)
{
	return sqlite3_column_int64(((const struct sqlite_rows *)rows)->k->h, i);
}

static const char *
sqlite_text(const struct db_rows *rows, int i)
{
	return (const char *)sqlite3_column_text(((const struct sqlite_rows *)rows)->k->h, i);
}

static const uint8_t *
sqlite_blob(const struct db_rows *rows, int i, size_t *len)
{
	sqlite3_stmt *h = ((const struct sqlite_rows *)rows)->k->h;
	const uint8_t *p = sqlite3_column_blob(h, i);

	*len = (size_t)sqlite3_column_bytes(h, i);
	if (p == NULL && sqlite3_column_type(h, i) != SQLITE_NULL)
		p = (const uint8_t *)"";	/* empty is not NULL */
	return p;
}

static bool
sqlite_null(const struct db_rows *rows, int i)
{
	return sqlite3_column_type(((const struct sqlite_rows *)rows)->k->h, i) == SQLITE_NULL;
}

/* ---- transactions ---- */

static bool
exec_kept(struct db *db, const char *sql, struct err *e)
{
	return sqlite_run_many(db, sql, NULL, 0, 1, NULL, e);
}

static bool
sqlite_begin(struct db *db, enum db_mode mode, struct err *e)
{
	struct sqlite *d = (struct sqlite *)db;

	if (mode == DB_READ)
		return exec_kept(db, "BEGIN", e);
	if (!gate_enter(d, e))
		return false;
	if (exec_kept(db, "BEGIN IMMEDIATE", e))
		return true;
	gate_leave(d);
	return false;
}

static bool
sqlite_commit(struct db *db, struct err *e)
{
	if (!exec_kept(db, "COMMIT", e))
		return false;
	gate_leave((struct sqlite *)db);
	return true;
}

static void
sqlite_rollback(struct db *db)
{
	struct err e = { 0 };

	/* After some failures SQLite has rolled back by itself. */
	if (sqlite3_get_autocommit(((struct sqlite *)db)->h) == 0 && !exec_kept(db, "ROLLBACK", &e))
		err_clear(&e);
	gate_leave((struct sqlite *)db);
}

static void
sqlite_checkpoint(struct db *db, int64_t over)
{
	struct sqlite *d = (struct sqlite *)db;
	OWN_STR struct str wal = { 0 };
	struct stat st;
	int in_log = 0, moved = 0;

	str_addf(&wal, "%s-wal", d->path);
	if (stat(wal.p, &st) != 0 || st.st_size <= over)
		return;
	/*
	 * First what holds nobody up.  Once all is moved, the log is cut when no reader is in it at this very
	 * moment; else the next writer begins it anew, or another call cuts it.
	 */
	if (sqlite3_wal_checkpoint_v2(d->h, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved) != SQLITE_OK ||
	    in_log != moved)
		return;
	(void)sqlite3_busy_handler(d->h, NULL, NULL);
	(void)sqlite3_wal_checkpoint_v2(d->h, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	(void)sqlite3_busy_handler(d->h, wait_turn, d);
}

const struct driver sqlite_driver = {
	.engine = DB_SQLITE,
	.close = sqlite_close_,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.run = sqlite_run,
	.run_many = sqlite_run_many,
	.put_many = sqlite_put_many,
	.query = sqlite_query,
	.next = sqlite_next,
	.rows_free = sqlite_rows_free,
	.col_int = sqlite_int,
	.col_text = sqlite_text,
	.col_blob = sqlite_blob,
	.col_null = sqlite_null,
	.script = sqlite_script,
	.checkpoint = sqlite_checkpoint,
};

void
db_memory_limit(int64_t octets)
{
	(void)sqlite3_soft_heap_limit64(octets);
}
