/*
 * driver - what an engine's driver supplies; for the files of db/ only.
 *
 * db.c keeps what both have in common: the state of the transaction, its repetition, kept statements and
 * the pool.  A driver's functions are called with a connection in the state that their comment names.
 */
#ifndef DB_DRIVER_H
#define DB_DRIVER_H

#include "base/str.h"
#include "db/db.h"

struct driver {
	enum db_engine	 engine;
	void		 (*close)(struct db *);
	bool		 (*begin)(struct db *, enum db_mode, struct err *);	/* connects when need be */
	bool		 (*commit)(struct db *, struct err *);		/* after a failure: rollback follows */
	void		 (*rollback)(struct db *);
	bool		 (*run)(struct db *, const char *, struct db_args, int64_t *, struct err *);
	bool		 (*run_many)(struct db *, const char *, const struct db_arg *, size_t k, size_t n,
			     int64_t *, struct err *);
	bool		 (*put_many)(struct db *, const char *, const struct db_arg *, size_t k, size_t n, struct err *);
	bool		 (*query)(struct db *, const char *, struct db_args, struct db_rows **, struct err *);
	bool		 (*next)(struct db_rows *, struct err *);
	void		 (*rows_free)(struct db_rows *);
	int64_t		 (*col_int)(const struct db_rows *, int);
	const char	*(*col_text)(const struct db_rows *, int);
	const uint8_t	*(*col_blob)(const struct db_rows *, int, size_t *);
	bool		 (*col_null)(const struct db_rows *, int);
	/* Several statements without arguments, in a transaction. */
	bool		 (*script)(struct db *, const char *, struct err *);
	void		 (*checkpoint)(struct db *, int64_t over);
};

extern const struct driver sqlite_driver, postgres_driver;
bool sqlite_open(const char *path, enum db_mode, struct db **, struct err *);
bool postgres_open(const char *uri, enum db_mode, struct db **, struct err *);

/* The head of a driver's own struct. */
struct db {
	const struct driver	*drv;
	enum db_mode		 mode, tx_mode;
	bool			 in_tx;
	bool			 tx_failed;	/* only a rollback is left */
};

struct db_rows {
	const struct driver	*drv;
	struct db		*db;
};

/* ---- kept statements ---- */

struct stmt {
	struct stmt	*next;		/* in its bucket */
	struct stmt	*newer, *older;	/* by last use */
	uint64_t	 hash;
	char		*sql;		/* as the caller wrote it */
	unsigned	 busy;		/* rows are open on it: not to be dropped */
};

#define STMT_BUCKETS 256
#define STMT_SLOTS 256
#define STMT_KEPT 512

struct stmts {
	struct {
		const char	*at;
		struct stmt	*s;
	}		 slots[STMT_SLOTS];	/* by address: a look-up costs one comparison */
	struct stmt	*buckets[STMT_BUCKETS];	/* by text */
	struct stmt	*newest, *oldest;
	size_t		 n;
};

struct stmt *stmts_find(struct stmts *, const char *sql);
/* Takes over `s`, whose sql and hash it fills.  */
void stmts_add(struct stmts *, struct stmt *, const char *sql);
/* The one to drop before another is added, taken out of the table; NULL while there is room. */
struct stmt *stmts_evict(struct stmts *);
/* Takes out any; for the end of a connection. */
struct stmt *stmts_pop(struct stmts *);

/* ---- phrases ---- */

struct phrase {
	const char	*from, *to;
};
/* Replaces each phrase in `sql`, behind what is in `out`. */
void phrases_apply(const struct phrase *, size_t n, const char *sql, struct str *out);

#endif
