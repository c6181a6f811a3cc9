#include "api/admin.h"

#include <inttypes.h>
#include <string.h>

#include "api/page.h"
#include "base/clock.h"
#include "base/str.h"
#include "domain/audit/audit_view.h"
#include "domain/account/organization.h"
#include "http/json.h"
#include "http/list.h"

struct filters {
	int64_t		 from, to, organization_id;
	const char	*user, *action, *object;
};
static const struct field filter_fields[] = {
	TIME(struct filters, from, OPTIONAL),
	TIME_END(struct filters, to, OPTIONAL),
	TEXT(struct filters, user, 1, 200, OPTIONAL),
	TEXT(struct filters, action, 1, 200, OPTIONAL),
	TEXT(struct filters, object, 1, 200, OPTIONAL),
	INT(struct filters, organization_id, 0, INT64_MAX, OPTIONAL),
};
static const char *const sorts[] = { "-time", NULL };
static const struct list_spec spec = { sorts, filter_fields, COUNT(filter_fields) };

static struct audit_filter
filter_of(const struct filters *in)
{
	return (struct audit_filter){ .organization_id = in->organization_id, .actor_part = in->user,
	    .action_prefix = in->action, .object = in->object, .from = in->from, .to = in->to };
}

static json_t *
entry_json(const struct audit_row *r, const char *organization)
{
	json_t *detail = r->detail == NULL ? NULL : json_loads(r->detail, 0, NULL);

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", r->id, "seq",
	    r->seq == 0 ? json_null() : json_integer((json_int_t)r->seq), "time", json_time(r->at), "user",
	    json_text(r->actor), "organization", organization == NULL ? json_null() :
	    reference_json(r->organization_id, organization), "action", json_text(r->action), "object",
	    json_text(r->object), "detail", detail == NULL ? json_object() : detail, "address", json_text(r->address),
	    "request_id", json_text(r->request_id));
}

static bool
cursor_read(const struct list *l, struct audit_filter *f, struct err *e)
{
	uint64_t at;

	if (l->after_id == NULL)
		return true;
	if (!parse_u64(l->after_key, INT64_MAX, &at) || at == 0)
		return err_set(e, ERR_INVALID, "query", "the cursor is not one of this list");
	f->before_at = (int64_t)at;
	f->before_id = l->after_id;
	return true;
}

bool
api_audit_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct filters in = { .organization_id = -1 };
	struct audit_filter f;
	struct audit_row *rows;
	struct list page;
	const char **names, *next = NULL;
	int64_t *ids, total;
	json_t *items;
	size_t n;

	if (!page_decode(q, s, &spec, &page, &in, e))
		return false;
	f = filter_of(&in);
	f.limit = page.limit + 1;
	if (!cursor_read(&page, &f, e) || !audit_list(app, q->actor, &f, q->arena, &rows, &n, &total, e))
		return false;
	if (n > (size_t)page.limit) {
		const struct audit_row *last = &rows[--n - 1];

		next = list_cursor(q->arena, &page, arena_printf(q->arena, "%" PRId64, last->at), last->id);
	}
	ids = arena_array(q->arena, n + 1, sizeof(*ids));
	names = arena_array(q->arena, n + 1, sizeof(*names));
	if (ids == NULL || names == NULL)
		return err_set(e, ERR_TOO_LARGE, "audit_list", "too many audit records asked for");
	for (size_t i = 0; i < n; i++)
		ids[i] = rows[i].organization_id;
	if (!organization_names(app, q->actor, ids, n, q->arena, names, e))
		return false;
	items = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(items, entry_json(&rows[i], names[i]));
	return http_json(s, 200, json_list(items, next, total));
}

/* ---- export ---- */

static ssize_t
export_read(void *arg, uint64_t offset, void *buf, size_t cap, struct err *e)
{
	return audit_export_read(arg, offset, buf, cap, e);
}

static void
export_close(void *arg)
{
	audit_export_free(arg);
}

bool
api_audit_csv(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct filters in = { .organization_id = -1 };
	struct audit_export *x = NULL;
	struct audit_filter f;
	struct list page;
	char today[TIME_TEXT_LEN];

	if (http_query(q, "limit") != NULL || http_query(q, "cursor") != NULL) {
		fault_add(http_faults(s), NULL, 0, http_query(q, "limit") != NULL ? "limit" : "cursor", NULL,
		    "the export has all that match");
		return err_set(e, ERR_INVALID, "query", "the export has neither limit nor cursor");
	}
	if (!page_decode(q, s, &spec, &page, &in, e))
		return false;
	f = filter_of(&in);
	if (!audit_export_new(app, q->actor, &f, &x, e))
		return false;
	time_text(clock_now_s(), today);
	today[10] = '\0';
	http_attachment(s, arena_printf(q->arena, "audit-%s.csv", today));
	http_set(s, "Cache-Control", "no-store");
	return http_stream(s, "text/csv; charset=utf-8", &(struct http_stream){ .length = audit_export_length(x),
	    .read = export_read, .close = export_close, .arg = x });
}
