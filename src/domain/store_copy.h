/*
 * store_copy - moves a whole store to another engine: table by table in order of key, in slices.
 *
 * The target remembers how far it is, in the transaction of each slice, so that a repeat goes on where it was
 * interrupted; until everything is verified no program serves from it.
 */
#ifndef DOMAIN_STORE_COPY_H
#define DOMAIN_STORE_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct store_copy_report {
	void	(*copied)(void *arg, const char *table, int64_t rows);		/* so far; may be told often */
	void	(*verified)(void *arg, const char *table, int64_t rows, const char *sum);	/* 64 hex digits */
	bool	(*stop)(void *arg);		/* asked between slices; NULL: never.  What is copied stays. */
	void	*arg;
};

/*
 * From URI to URI (db_open).  Refusals (ERR_CONFLICT): "store_busy" a worker was alive within the last 20 s,
 * "not_empty" the target has tables, "other_copy" it has the unfinished copy of another store, "copy_differs"
 * a table is not the same on both sides, "stopped".
 */
must_check bool store_copy(const char *from, const char *to, const struct store_copy_report *, struct err *);

#endif
