#include "api/page.h"

#include <inttypes.h>
#include <string.h>

#include "base/str.h"

bool
page_decode(const struct http_req *q, struct http_res *s, const struct list_spec *spec, struct list *out, void *filters,
    struct err *e)
{
	if (http_query(q, "sort") != NULL && spec->sorts[1] == NULL) {
		fault_add(http_faults(s), NULL, 0, "sort", NULL, "is not a parameter of this list");
		return err_set(e, ERR_INVALID, "query", "wrong query parameter: sort");
	}
	return list_decode(q, spec, out, filters, http_faults(s), e);
}

bool
page_plain(const struct http_req *q, struct http_res *s, struct list *out, struct err *e)
{
	static const char *const sorts[] = { "id", NULL };
	static const struct list_spec spec = { .sorts = sorts };

	return page_decode(q, s, &spec, out, NULL, e);
}

const char *
page_after(const struct http_req *q, const struct list *l, const char *id)
{
	return list_cursor(q->arena, l, "", id);
}

const char *
page_after_int(const struct http_req *q, const struct list *l, int64_t id)
{
	return page_after(q, l, arena_printf(q->arena, "%" PRId64, id));
}

bool
page_from_int(const struct list *l, int64_t *id, struct err *e)
{
	uint64_t n;

	*id = 0;
	if (l->after_id == NULL)
		return true;
	if (!parse_u64(l->after_id, INT64_MAX, &n) || n == 0)
		return err_set(e, ERR_INVALID, "query", "the cursor is not one of this list");
	*id = (int64_t)n;
	return true;
}

bool
page_cut(const struct http_req *q, struct http_res *s, const void *rows, size_t n, page_id *id, struct page *out,
    struct err *e)
{
	struct list l;

	if (!page_plain(q, s, &l, e))
		return false;
	*out = (struct page){ 0 };
	if (l.after_id != NULL)
		while (out->from < n && strcmp(id(rows, out->from++, q->arena), l.after_id) != 0)
			continue;
	out->to = n - out->from > (size_t)l.limit ? out->from + (size_t)l.limit : n;
	if (out->to < n)
		out->next = page_after(q, &l, id(rows, out->to - 1, q->arena));
	return true;
}
