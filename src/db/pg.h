/* pg - what postgres.c (connection, statements), pg_rows.c (results), pg_copy.c (many rows in) and pg_wait.c share. */
#ifndef DB_PG_H
#define DB_PG_H

#include <libpq-fe.h>

#include "db/driver.h"

struct pg_rows;

struct pg_kept {
	struct stmt	 s;
	char		 name[24];
	bool		 binary;	/* all result columns are of types read in binary below */
};

struct pg {
	struct db	 db;
	char		*uri;
	PGconn		*c;		/* NULL: to be connected when next needed */
	struct stmts	 stmts;
	struct pg_rows	*open;		/* rows still on the wire: taken in before anything else is sent */
	bool		 ended;		/* the server said good-bye */
	bool		 silent;	/* it did not answer in time: the line was cut */
	uint64_t	 named;		/* statements ever, for their names */
};

/* Sets the error from a result (or, with NULL, from the connection) and drops a connection that is of no use. */
bool pg_failed(struct pg *, const PGresult *, const char *what, struct err *);
/* Ends the connection; the next statement outside a transaction connects anew. */
void pg_drop(struct pg *);

/* For db_full_lately. */
void pg_note_full(void);

/* ---- waiting, as long as db_patience allows; a line that was cut then ends in an error like any ---- */

/* Sends all that is gathered. */
bool pg_flush(struct pg *);
/* PQgetResult, which alone would wait for ever. */
PGresult *pg_result(struct pg *);
/* The last result of what was sent; COPY stays open.  NULL: none came. */
PGresult *pg_last(struct pg *);
/* One text, as by PQexec. */
PGresult *pg_exec(struct pg *, const char *sql);

/*
 * Puts n rows of k columns by COPY: "INSERT INTO table (columns) VALUES ($1, ...)" names them.  Only inside a
 * transaction.
 */
bool pg_put_rows(struct pg *, const char *sql, const struct db_arg *, size_t k, size_t n, struct err *);

/* A result of these types is asked for in binary. */
bool pg_binary_type(Oid);

/* The query was sent and its rows come one by one. */
struct db_rows *pg_rows_new(struct pg *, const char *sql);
/* Reads what is on the wire into memory, so that another statement can be sent. */
bool pg_rows_take_in(struct pg *, struct err *);
/* The connection ended under them. */
void pg_rows_cut(struct pg *);

bool pg_next(struct db_rows *, struct err *);
void pg_rows_free(struct db_rows *);
int64_t pg_int(const struct db_rows *, int);
const char *pg_text(const struct db_rows *, int);
const uint8_t *pg_blob(const struct db_rows *, int, size_t *);
bool pg_null(const struct db_rows *, int);

#endif
