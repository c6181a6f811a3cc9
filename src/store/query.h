/*
 * query - a SELECT put together from the filters that apply, so that each combination runs down its
 * own index instead of testing "is this filter set" row by row.  Values are always bound.
 */
#ifndef STORE_QUERY_H
#define STORE_QUERY_H

#include "base/arena.h"
#include "base/str.h"
#include "db/db.h"

#define QUERY_ARGS_MAX 24

struct query {
	struct str	sql;
	struct db_arg	v[QUERY_ARGS_MAX];
	size_t		n;
};

/* Appends text in which each '?' takes the next argument; as many as there are '?'. */
void query_add(struct query *, const char *text, struct db_args);
/* Runs it.  The text is kept for good, one copy a combination, since statements are cached by it. */
must_check bool query_run(struct db *, const struct query *, struct db_rows **, struct err *);
void query_clear(struct query *);
#define OWN_QUERY __attribute__((cleanup(query_clear)))

/* "%part%" with '%', '_' and '\' of the part escaped by '\'; ASCII letters in lower case. */
char *query_like(struct arena *, const char *part);
/* Lower case of all letters (simple case mapping), for columns that are kept folded. */
char *query_fold(struct arena *, const char *text);

#endif
