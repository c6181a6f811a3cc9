/*
 * list - the query of a list: limit, cursor, sort and filters.
 *
 *	static const char *const sorts[] = { "-created_at", "name", "size", NULL };
 *	static const struct list_spec spec = { sorts, filters, COUNT(filters) };
 * An unknown parameter, key, status, date, cursor or limit is ERR_INVALID (422) with a fault that names it.
 */
#ifndef HTTP_LIST_H
#define HTTP_LIST_H

#include "http/http.h"
#include "http/json.h"

struct list_spec {
	const char *const	*sorts;		/* NULL-terminated; the first, "-" for descending, is the default;
						 * each is taken with and without "-" */
	const struct field	*filters;	/* INT, TEXT, NAME, BOOL, ENUM, TIME, TIME_END; all optional */
	size_t			 filters_n;
};

struct list {
	int64_t		 limit;			/* 1..1000, default 50 */
	int		 sort;			/* index into sorts */
	const char	*sort_key;		/* without "-" */
	bool		 descending;
	const char	*after_key;		/* the last row of the page before: its sort key and id, or NULL */
	const char	*after_id;
};

must_check bool list_decode(const struct http_req *, const struct list_spec *, struct list *, void *filters,
    struct faults *, struct err *);
/* The cursor of a page that ends at this row; bound to the list's sort and direction. */
char *list_cursor(struct arena *, const struct list *, const char *key, const char *id);

#endif
