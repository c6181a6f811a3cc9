/*
 * db - how to talk to a database engine: SQLite or PostgreSQL behind one small interface.
 *
 * SQL is written once, above this header, in the dialect both engines accept: TEXT, BIGINT, BLOB
 * (a domain over bytea on PostgreSQL), $1 parameters, ON CONFLICT, RETURNING, CTEs, partial indexes.
 * A driver supplies three phrases:
 *	skip_locked	written as a comment behind LIMIT: FOR UPDATE SKIP LOCKED on PostgreSQL
 *	BIGINT PRIMARY KEY	in migrations: SQLite's INTEGER PRIMARY KEY (the row id)
 *	clustered	written as a comment behind a CREATE TABLE's ")": WITHOUT ROWID on SQLite
 * A connection belongs to one thread at a time.  Statements are prepared once and kept, by the address
 * and text of their SQL.  A failed connection is dropped and opened anew at the next db_begin.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/own.h"

struct db;
struct db_rows;

enum db_engine { DB_SQLITE, DB_POSTGRES };
enum db_mode { DB_READ, DB_WRITE };

/* ---- connection ---- */

/*
 * URI: "sqlite:/abs/path.db" or a libpq URI "postgresql://…" (several hosts allowed; the driver adds
 * target_session_attrs=read-write for DB_WRITE unless given).  Opens lazily for PostgreSQL.
 * SQLite: WAL, synchronous=FULL, foreign_keys=ON, busy time-out, cache of 64 MB (writers 256 MB), a new file
 * is its owner's alone; checkpoints are the caller's (db_checkpoint), short of a log of 1 GiB.
 */
must_check bool db_open(const char *uri, enum db_mode, struct db **, struct err *);
void db_close(struct db *);
OWN_TYPE(struct db, db_close)
enum db_engine db_engine(const struct db *);

/* ---- arguments ---- */

struct db_arg {
	enum { DB_NULL, DB_INT, DB_TEXT, DB_BLOB } type;
	int64_t		 i;
	const void	*p;		/* borrowed until the call returns */
	size_t		 len;
};
static inline struct db_arg arg_int(int64_t v) { return (struct db_arg){ .type = DB_INT, .i = v }; }
struct db_arg arg_text(const char *);			/* NULL pointer binds NULL */
static inline struct db_arg arg_blob(const void *p, size_t len) { return (struct db_arg){ .type = p == NULL ? DB_NULL : DB_BLOB, .p = p, .len = len }; }
static inline struct db_arg arg_null(void) { return (struct db_arg){ .type = DB_NULL }; }

struct db_args {
	const struct db_arg	*v;
	size_t			 n;
};
#define ARGS(...) ((struct db_args){ (const struct db_arg[]){ __VA_ARGS__ }, \
    sizeof((const struct db_arg[]){ __VA_ARGS__ }) / sizeof(struct db_arg) })
#define NO_ARGS ((struct db_args){ NULL, 0 })

/* ---- statements; inside db_begin/db_commit, or alone (their own transaction) ---- */

/*
 * Runs a statement that returns no rows; *changed (may be NULL) is the number of rows it changed.
 * ERR_CONFLICT "db_unique" on a uniqueness violation, ERR_RETRY on serialization failure, deadlock or
 * a busy file, ERR_UNAVAILABLE when the engine cannot be reached (or is read-only, SQLSTATE 25006),
 * ERR_UNAVAILABLE "db_full" when the disk is full; everything else ERR_INTERNAL.  After any error a
 * transaction can only be rolled back, on both engines: use ON CONFLICT where a conflict is expected.
 */
must_check bool db_run(struct db *, const char *sql, struct db_args, int64_t *changed, struct err *);
/*
 * Runs one statement n times with k arguments each (args[n * k]): a prepared loop on SQLite, a pipeline
 * on PostgreSQL.  All or the first error.  Only inside a transaction.
 */
must_check bool db_run_many(struct db *, const char *sql, const struct db_arg *args, size_t k, size_t n,
    int64_t *changed, struct err *);
/*
 * Puts n rows of k columns (args[n * k]) into a table: a prepared loop on SQLite, COPY on PostgreSQL, in bounded
 * memory.  `sql` is "INSERT INTO table (columns) VALUES ($1, ... $k)" and nothing else; the types of the arguments are
 * those of the columns.  All or an error, as from db_run.  Only inside a transaction.
 */
must_check bool db_put_many(struct db *, const char *sql, const struct db_arg *args, size_t k, size_t n, struct err *);
/*
 * Rows to read with db_next, in constant memory; errors come here or there.  Finish with db_rows_free
 * before the next statement of this connection that might write the same table.
 */
must_check bool db_query(struct db *, const char *sql, struct db_args, struct db_rows **, struct err *);
/* True: at the next row.  False: no more (e->kind == ERR_NONE) or an error. */
must_check bool db_next(struct db_rows *, struct err *);
void db_rows_free(struct db_rows *);
OWN_TYPE(struct db_rows, db_rows_free)

/* Columns from 0; pointers are good until the next db_next.  NULL reads as 0, NULL, 0. */
int64_t db_int(const struct db_rows *, int column);
const char *db_text(const struct db_rows *, int column);
const uint8_t *db_blob(const struct db_rows *, int column, size_t *len);
bool db_null(const struct db_rows *, int column);
/* A copy in the arena; NULL for NULL. */
struct arena;
char *db_text_in(const struct db_rows *, int column, struct arena *);
/* The first column of the first row as an integer; *found false when there is none. */
must_check bool db_get_int(struct db *, const char *sql, struct db_args, int64_t *value, bool *found, struct err *);

/* ---- transactions ---- */

/*
 * DB_READ sees one state of the store throughout.  DB_WRITE is alone on SQLite (BEGIN IMMEDIATE) and
 * READ COMMITTED on PostgreSQL: decide by the conditions of an UPDATE, or by rows that it locked.
 */
must_check bool db_begin(struct db *, enum db_mode, struct err *);
/*
 * False: rolled back.  But ERR_UNAVAILABLE "db_commit_unknown", when the line to PostgreSQL broke in this
 * very moment, leaves open whether the change was kept; db_tx does not repeat it.
 */
must_check bool db_commit(struct db *, struct err *);
void db_rollback(struct db *);		/* nothing to do is fine */
bool db_in_tx(const struct db *);
/*
 * Begins, runs body, commits; on ERR_RETRY, and on ERR_UNAVAILABLE while the engine comes back, runs
 * the whole again, a bounded number of times with growing pauses (about 5 s in all).  So a body touches
 * the database and its arguments, and sets what it returns only.
 */
must_check bool db_tx(struct db *, enum db_mode, bool (*body)(struct db *, void *, struct err *), void *, struct err *);

/* SQLite: moves the WAL into the file when it is larger than `over` octets; nothing on PostgreSQL. */
void db_checkpoint(struct db *, int64_t over);
/*
 * PostgreSQL: how long this process waits for a server that sends nothing, neither rows nor the end of a
 * statement, before it takes it for unavailable (the transaction is rolled back there and repeated here as after any
 * lost connection); 0, at first: any time.  Nothing on SQLite, whose waits are bounded.
 */
void db_patience(int ms);
/* PostgreSQL: this process was told within so many milliseconds that the server's disk is full. */
bool db_full_lately(int64_t within_ms);
/*
 * SQLite: the page caches of all connections of this process together stay at about this many octets, so
 * that a process with many threads has a bounded size; nothing on PostgreSQL.  Before the first db_open.
 */
void db_memory_limit(int64_t octets);

/*
 * This process opens stores for reading alone: SQLite files by a name for reading, so that the right to read them
 * is enough while a process that writes is up (it keeps the log and its index).  Opening for writing is
 * ERR_FORBIDDEN.  Before the first db_open.
 */
void db_read_only(void);
bool db_is_read_only(void);

/* ---- pool: one connection a thread ---- */

struct db_pool;
must_check bool db_pool_new(const char *uri, struct db_pool **, struct err *);
void db_pool_free(struct db_pool *);
OWN_TYPE(struct db_pool, db_pool_free)
/* This thread's connection, opened when first asked for; freed with the pool. */
must_check bool db_pool_get(struct db_pool *, enum db_mode, struct db **, struct err *);

/* ---- migrations: sql/NNNN_name.sql, embedded in the program ---- */

struct db_migration {
	int		 number;
	const char	*name;
	const char	*sql;
};
/* The table is generated at build time from sql/ (tools/embed.py). */
extern const struct db_migration db_migrations[];
extern const size_t db_migrations_n;

/*
 * Brings the schema up to date, each migration in one transaction with its SHA-256 recorded in
 * schema_migration(number, name, sha256, applied_at).  ERR_CONFLICT "schema_changed" when the text of an
 * applied one differs, "schema_newer" when the database knows a migration this program does not;
 * both say what to do.  Safe to run from several processes at once.
 */
must_check bool db_migrate(struct db *, const struct db_migration *, size_t n, struct err *);
/* Only looks: the same two refusals, and "schema_older" when something is not applied yet. */
must_check bool db_schema_check(struct db *, const struct db_migration *, size_t n, struct err *);

#endif
