/*
 * copy - a whole store as tables and rows, whatever they mean: for moving it to another engine.
 *
 * Tables and columns come from the engine's own catalog; all but schema_migration and what the copying itself
 * keeps in the target.  Texts and values live in the arena.
 */
#ifndef STORE_COPY_H
#define STORE_COPY_H

#include "base/arena.h"
#include "base/hash.h"
#include "db/db.h"

struct str;

struct copy_column {
	const char	*name;
	enum { COPY_INT, COPY_TEXT, COPY_BLOB } type;
	size_t		 key;		/* place in the primary key, from 1; 0: not in it */
};

struct copy_table {
	const char		*name;
	struct copy_column	*columns;
	size_t			 n;
	size_t			 keys;		/* columns of the primary key, at least 1 */
	const char		*first_sql, *next_sql, *put_sql;
};

must_check bool store_copy_tables(struct db *, struct arena *, struct copy_table **, size_t *n, struct err *);
/* Whether there is any table at all. */
must_check bool store_copy_any(struct db *, bool *any, struct err *);

/*
 * Rows in order of the primary key, behind `after` (its values, NULL: from the beginning): at most `limit`, and
 * none after that with which they came to `octets_max`.  values[row * t->n + column].
 */
must_check bool store_copy_page(struct db *, const struct copy_table *, const struct db_arg *after, size_t limit,
    size_t octets_max, struct arena *, struct db_arg **values, size_t *n, struct err *);
must_check bool store_copy_put(struct db *tx, const struct copy_table *, const struct db_arg *values, size_t n,
    struct err *);
must_check bool store_copy_clear(struct db *tx, const struct copy_table *, struct err *);
/* The primary key of one row, as octets that may be kept, and back. */
void store_copy_key(const struct copy_table *, const struct db_arg *row, struct str *out);
must_check bool store_copy_key_read(const struct copy_table *, const uint8_t *, size_t len, struct arena *,
    struct db_arg **after, struct err *);
/* Adds the row to a sum that does not depend on the order of rows: SHA-256 of each, modulo 2^256. */
void store_copy_sum(const struct copy_table *, const struct db_arg *row, struct str *scratch, uint8_t sum[SHA256_LEN]);

/* ---- what the target remembers until the copy is whole ---- */

#define COPY_MARK 999999	/* migration that no program knows: an unfinished copy is not served */

/* *source is NULL when the target has no copy in the making. */
must_check bool store_copy_source(struct db *, struct arena *, const char **source, bool *marked, struct err *);
must_check bool store_copy_begin(struct db *tx, const char *source, struct err *);
must_check bool store_copy_mark(struct db *tx, int64_t now, struct err *);
must_check bool store_copy_done(struct db *tx, struct err *);
struct copy_progress {
	const uint8_t	*after;		/* key of the last row that was copied; NULL: none */
	size_t		 after_len;
	int64_t		 rows;
	bool		 whole;
};
must_check bool store_copy_progress(struct db *, const char *table, struct arena *, struct copy_progress *, struct err *);
must_check bool store_copy_advance(struct db *tx, const char *table, const struct copy_progress *, struct err *);
/* The highest certificate id that was handed out. */
must_check bool store_copy_top(struct db *, int64_t *top, struct err *);
/* When a worker gave its last sign of life; 0: never. */
must_check bool store_copy_last_beat(struct db *, int64_t *at, struct err *);

#endif
