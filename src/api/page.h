/* page - small lists that are read whole: cut into pages by the id of their rows. */
#ifndef API_PAGE_H
#define API_PAGE_H

#include "http/http.h"
#include "http/list.h"

/* limit and cursor, and filters (spec->sorts has one key): an unknown parameter, `sort` among them, is refused. */
must_check bool page_decode(const struct http_req *, struct http_res *, const struct list_spec *, struct list *,
    void *filters, struct err *);
/* limit and cursor alone. */
must_check bool page_plain(const struct http_req *, struct http_res *, struct list *, struct err *);
/* The cursor of a page that ends at the row of this id. */
const char *page_after(const struct http_req *, const struct list *, const char *id);
const char *page_after_int(const struct http_req *, const struct list *, int64_t id);
/* The id behind which the page begins, 0: at the beginning; ERR_INVALID when the cursor has no number. */
must_check bool page_from_int(const struct list *, int64_t *, struct err *);

/* Rows from..to-1 of n are the page; `id` gives a row's id, `next` is the cursor behind it or NULL. */
struct page {
	size_t		 from, to;
	const char	*next;
};
typedef const char *page_id(const void *rows, size_t i, struct arena *);
must_check bool page_cut(const struct http_req *, struct http_res *, const void *rows, size_t n, page_id *,
    struct page *, struct err *);

#endif
