/*
 * match - which row of the route tables a request means; private to src/http.
 */
#ifndef HTTP_MATCH_H
#define HTTP_MATCH_H

#include "http/http.h"

struct match {
	const struct route	*route;
	const struct http_mount	*mount;
	struct http_pairs	 params;
	char			 allow[64];	/* methods of the path when none fits; "" for an unknown path */
};

struct match_table;
/* Aborts when two rows of a listener mean the same requests, or a pattern is wrong: our mistake. */
struct match_table *match_table_new(const struct http_mount *, size_t n);
void match_table_free(struct match_table *);
/* By listener, method, path and raw_path. */
bool match_find(const struct match_table *, const struct http_req *, struct match *);

#endif
