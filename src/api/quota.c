#include "api/admin.h"

#include "api/page.h"
#include "domain/quota/ledger.h"
#include "domain/account/organization.h"
#include "domain/quota/quota.h"
#include "http/json.h"

static json_t *
line_json(const struct quota_line *l)
{
	const struct quota_row *r = &l->quota;

	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:o, s:o}", "profile", reference_json(l->profile_id, l->profile_name),
	    "allocated", (json_int_t)r->allocated, "ordered", (json_int_t)r->ordered, "issued", (json_int_t)r->issued,
	    "available", (json_int_t)(r->revoked_at != 0 ? 0 : r->allocated - r->ordered), "granted_at",
	    json_time(r->granted_at), "withdrawn_at", json_time_or_null(r->revoked_at));
}

bool
api_quota_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct quota_line *lines;
	struct list page;
	json_t *items;
	const char *next = NULL;
	int64_t id, after, total;
	size_t n;

	if (!http_param_int(q, "organization_id", &id, e) || !page_plain(q, s, &page, e) ||
	    !page_from_int(&page, &after, e) ||
	    !ledger_lines(app, q->actor, id, after, page.limit + 1, q->arena, &lines, &n, &total, e))
		return false;
	if (n > (size_t)page.limit)
		next = page_after_int(q, &page, lines[--n - 1].profile_id);
	items = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(items, line_json(&lines[i]));
	return http_json(s, 200, json_list(items, next, total));
}

/* ---- grants ---- */

bool
api_grant_put(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct quota_line line;
	int64_t id, profile;

	return http_param_int(q, "organization_id", &id, e) && http_param_int(q, "profile_id", &profile, e) &&
	    grant_put(app, q->actor, id, profile, e) &&
	    ledger_line(app, q->actor, id, profile, q->arena, &line, e) && http_json(s, 200, line_json(&line));
}

bool
api_grant_delete(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	int64_t id, profile;

	return http_param_int(q, "organization_id", &id, e) && http_param_int(q, "profile_id", &profile, e) &&
	    grant_drop(app, q->actor, id, profile, e) && http_empty(s, 204);
}

/* ---- ledger ---- */

static json_t *
entry_json(const struct quota_entry *q)
{
	return json_pack("{s:I, s:o, s:s, s:I, s:I, s:I, s:o, s:o, s:o}", "id", (json_int_t)q->id, "time",
	    json_time(q->at), "kind", q->kind, "allocated", (json_int_t)q->allocated, "ordered", (json_int_t)q->ordered,
	    "issued", (json_int_t)q->issued, "batch_id", q->batch_id == 0 ? json_null() : json_integer((json_int_t)q->batch_id),
	    "reason", json_text(q->reason), "user", json_text(q->actor));
}

bool
api_quota_entries_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct quota_entry *entries;
	struct list page;
	json_t *items;
	const char *next = NULL;
	int64_t id, profile, before, total;
	size_t n;

	if (!http_param_int(q, "organization_id", &id, e) || !http_param_int(q, "profile_id", &profile, e) ||
	    !page_plain(q, s, &page, e) || !page_from_int(&page, &before, e) ||
	    !ledger_entries(app, q->actor, id, profile, before, page.limit + 1, q->arena, &entries, &n, &total, e))
		return false;
	if (n > (size_t)page.limit)
		next = page_after_int(q, &page, entries[--n - 1].id);
	items = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(items, entry_json(&entries[i]));
	return http_json(s, 200, json_list(items, next, total));
}

struct top_up {
	int64_t		 amount;
	const char	*reason;
};
static const struct field top_up_fields[] = {
	INT (struct top_up, amount, -1000000000, 1000000000),
	NAME(struct top_up, reason, 500),
};

bool
api_quota_entries_post(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct quota_entry made;
	struct top_up in;
	int64_t id, profile;

	if (!http_param_int(q, "organization_id", &id, e) || !http_param_int(q, "profile_id", &profile, e) ||
	    !json_decode(q->body, top_up_fields, COUNT(top_up_fields), q->arena, &in, e, http_faults(s)))
		return false;
	if (in.amount == 0) {
		fault_add(http_faults(s), NULL, 0, "amount", "0", "nothing would change");
		return err_set(e, ERR_INVALID, "fields", "an amount of 0 changes nothing");
	}
	return quota_book(app, q->actor, id, profile, in.amount, in.reason, q->arena, &made, e) &&
	    http_json(s, 201, entry_json(&made));
}
