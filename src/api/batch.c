#include "api/batch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "domain/order/csv.h"
#include "domain/delivery/packaging.h"
#include "domain/profile/profile.h"
#include "http/json.h"
#include "http/list.h"

#define ERRORS_A_PAGE 1000
#define ERRORS_MAX (64 * MIB)		/* some hundred thousand rows */

static json_t *
actions_json(unsigned actions)
{
	static const struct { unsigned bit; const char *name; } names[] = {
		{ ACTION_DOWNLOAD, "download" }, { ACTION_REJECT, "reject" }, { ACTION_REVOKE, "revoke" },
		{ ACTION_APPROVE, "approve" },
	};
	json_t *list = json_array();

	for (size_t i = 0; i < COUNT(names); i++)
		if ((actions & names[i].bit) != 0)
			json_array_append_new(list, json_string(names[i].name));
	return list;
}

/* What the download can be asked for. */
static json_t *
formats_json(enum packaging ordered)
{
	json_t *list = json_array();

	for (int i = 0; i < PACKAGINGS; i++)
		if (packaging_available(ordered, (enum packaging)i))
			json_array_append_new(list, json_string(packaging_names[i]));
	return list;
}

json_t *
batch_json(const struct batch *b, const struct actor *who)
{
	bool purged = b->purged_at != 0 && batch_state_parse(b->state) != BATCH_EXPIRED;
	enum packaging ordered = PACKAGING_P12;
	struct err e = { 0 };
	json_t *o;

	o = json_pack("{s:I, s:o, s:s, s:{s:I, s:o}, s:{s:I, s:o}, s:I, s:I, s:s, s:o, s:o, s:I, s:I, "
		      "s:I, s:o, s:o, s:o}",
	    "id", (json_int_t)b->id, "name", json_text(b->name), "method", b->method, "organization", "id",
	    (json_int_t)b->organization_id, "name", json_text(b->organization_name), "profile", "id",
	    (json_int_t)b->profile_id, "name", json_text(b->profile_name), "profile_version",
	    (json_int_t)b->profile_version, "size", (json_int_t)b->size, "status", b->state, "created_at",
	    json_time(b->created_at), "created_by", json_text(b->created_by_name), "succeeded",
	    (json_int_t)b->succeeded, "failed", (json_int_t)b->failed, "revoked", (json_int_t)b->revoked,
	    "downloaded_at", json_time_or_null(b->downloaded_at), "expires_at",
	    json_time_or_null(purged ? 0 : b->expires_at), "actions", actions_json(batch_actions(b, who)));
	if (packaging_of(b->packaging, &ordered, &e)) {
		json_object_set_new(o, "packaging", json_string(packaging_names[ordered]));
		json_object_set_new(o, "formats", formats_json(ordered));
	}
	return o;
}

/* ---- lists ---- */

struct filters {
	int	 status;		/* -1: any */
	int64_t	 from, to, min_size, max_size, id, profile_id, organization_id;
	const char *name;
};
static const struct field filters[] = {
	ENUM(struct filters, status, batch_state_names, OPTIONAL),
	TIME(struct filters, from, OPTIONAL),
	TIME_END(struct filters, to, OPTIONAL),
	INT(struct filters, min_size, 1, INT64_MAX, OPTIONAL),
	INT(struct filters, max_size, 1, INT64_MAX, OPTIONAL),
	TEXT(struct filters, name, 1, 200, OPTIONAL),
	INT(struct filters, id, 1, INT64_MAX, OPTIONAL),
	INT(struct filters, profile_id, 1, INT64_MAX, OPTIONAL),
	INT(struct filters, organization_id, 1, INT64_MAX, OPTIONAL),
};
static const char *const sorts[] = { "-id", "created_at", "size", "name", "status", NULL };
static const enum batch_sort sort_of[] = { BATCH_BY_ID, BATCH_BY_CREATED_AT, BATCH_BY_SIZE, BATCH_BY_NAME,
    BATCH_BY_STATE };
static const struct list_spec spec = { sorts, filters, COUNT(filters) };

static bool
cursor_wrong(struct http_res *s, struct err *e)
{
	fault_add(http_faults(s), NULL, 0, "cursor", NULL, "is not a cursor of this list");
	return err_set(e, ERR_INVALID, "cursor", "is not a cursor of this list");
}

static char *
cursor_of(struct arena *a, const struct list *l, enum batch_sort sort, const struct batch *b)
{
	const char *key = "";

	switch (sort) {
	case BATCH_BY_ID:
		break;
	case BATCH_BY_CREATED_AT:
		key = arena_printf(a, "%" PRId64, b->created_at);
		break;
	case BATCH_BY_SIZE:
		key = arena_printf(a, "%" PRId64, b->size);
		break;
	case BATCH_BY_NAME:
		key = b->name;
		break;
	case BATCH_BY_STATE:
		key = b->state;
		break;
	}
	return list_cursor(a, l, key, arena_printf(a, "%" PRId64, b->id));
}

static bool
number(const char *text, int64_t *out)
{
	uint64_t v;

	if (!parse_u64(text, INT64_MAX, &v))
		return false;
	*out = (int64_t)v;
	return true;
}

bool
api_batches_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct filters f = { .status = -1 };
	struct batch_filter want;
	struct batch *list;
	struct list page;
	const char *next = NULL;
	int64_t total;
	json_t *items;
	size_t n;

	if (!list_decode(q, &spec, &page, &f, http_faults(s), e))
		return false;
	want = (struct batch_filter){ .organization_id = f.organization_id,
		.state = f.status < 0 ? NULL : batch_state_names[f.status],
		.from = f.from,
		.to = f.to,
		.min_size = f.min_size,
		.max_size = f.max_size,
		.name_part = f.name,
		.id = f.id,
		.profile_id = f.profile_id,
		.sort = sort_of[page.sort],
		.descending = page.descending,
		.limit = page.limit + 1 };
	if (page.after_id != NULL) {
		bool by_number = want.sort == BATCH_BY_CREATED_AT || want.sort == BATCH_BY_SIZE;

		want.after = true;
		want.after_text = page.after_key;
		if (!number(page.after_id, &want.after_id) ||
		    (by_number && !number(page.after_key, &want.after_int)))
			return cursor_wrong(s, e);
	}
	if (!batch_list(app, q->actor, &want, q->arena, &list, &n, &total, e))
		return false;
	if (n > (size_t)page.limit) {
		n = (size_t)page.limit;
		next = cursor_of(q->arena, &page, want.sort, &list[n - 1]);
	}
	items = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(items, batch_json(&list[i], q->actor));
	return http_json(s, 200, json_list(items, next, total));
}

bool
api_batch_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct batch b;
	int64_t id;

	if (!http_param_int(q, "batch_id", &id, e) || !batch_find(app, q->actor, id, q->arena, &b, e))
		return false;
	return http_json(s, 200, batch_json(&b, q->actor));
}

bool
api_batch_history(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct batch_event *list;
	json_t *items;
	int64_t id;
	size_t n;

	if (!http_param_int(q, "batch_id", &id, e) || !batch_history(app, q->actor, id, q->arena, &list, &n, e))
		return false;
	items = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(items,
		    json_pack("{s:o, s:s, s:o, s:s}", "time", json_time(list[i].at), "status", list[i].status,
			"user", list[i].user_name[0] == '\0' ? json_null() : json_text(list[i].user_name),
			"message", list[i].message));
	return http_json(s, 200, items);
}

/* ---- items ---- */

static const char *const results[] = { "succeeded", "failed", NULL };
struct item_filters {
	int	result;			/* -1: any */
};
static const struct field item_filters[] = {
	ENUM(struct item_filters, result, results, OPTIONAL),
};
static const char *const item_sorts[] = { "index", NULL };
static const struct list_spec item_spec = { item_sorts, item_filters, COUNT(item_filters) };

bool
api_batch_items(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct item_filters f = { .result = -1 };
	int64_t id, after = -1, seq = 0, total;
	enum item_result result;
	struct item_event *list;
	const char *next = NULL;
	struct list page;
	json_t *items;
	size_t n;

	if (!http_param_int(q, "batch_id", &id, e) || !list_decode(q, &item_spec, &page, &f, http_faults(s), e))
		return false;
	if (page.descending) {
		fault_add(http_faults(s), NULL, 0, "sort", "-index", "items come in index order");
		return err_set(e, ERR_INVALID, "sort", "items come in index order");
	}
	if (page.after_id != NULL && (!number(page.after_key, &after) || !number(page.after_id, &seq) || seq > 1))
		return cursor_wrong(s, e);
	result = f.result < 0 ? ITEM_ANY : f.result == 0 ? ITEM_SUCCEEDED : ITEM_FAILED;
	if (!batch_items(
		app, q->actor, id, result, after, (int)seq, page.limit + 1, q->arena, &list, &n, &total, e))
		return false;
	if (n > (size_t)page.limit) {
		n = (size_t)page.limit;
		next = list_cursor(q->arena, &page, arena_printf(q->arena, "%" PRId64, list[n - 1].index),
		    list[n - 1].seq == 0 ? "0" : "1");
	}
	items = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(items,
		    json_pack("{s:I, s:o, s:o, s:o, s:s?, s:s, s:o}", "index", (json_int_t)list[i].index,
			"time", json_time(list[i].time), "name", json_text(list[i].name), "subject",
			json_text(list[i].subject), "serial_number", list[i].serial_number, "status",
			list[i].status, "message", json_text(list[i].message)));
	return http_json(s, 200, json_list(items, next, total));
}

static void
error_row(struct str *out, const struct profile_input *in, size_t n_in, const struct item_outcome *o)
{
	json_error_t why;
	json_t *inputs = json_loads(o->inputs, 0, &why);

	str_addf(out, "%" PRId64 ",%" PRId64, o->index, o->line);
	for (size_t i = 0; i < n_in; i++) {
		const char *value = json_string_value(json_object_get(inputs, in[i].name));

		str_addc(out, ',');
		csv_cell(out, value == NULL ? "" : value);
	}
	str_addc(out, ',');
	csv_cell(out, o->message == NULL ? "" : o->message);
	str_adds(out, "\r\n");
	json_decref(inputs);
}

bool
api_batch_errors(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(8 * MIB);
	OWN_STR struct str out = { 0 };
	const struct profile_input *in;
	const struct profile *doc;
	struct item_outcome *list;
	int64_t id, from = 0;
	struct batch b;
	struct db *db;
	size_t n, n_in;

	if (!http_param_int(q, "batch_id", &id, e) || !batch_find(app, q->actor, id, q->arena, &b, e) ||
	    !db_pool_get(app->store, DB_READ, &db, e) ||
	    !profile_document(app, db, b.profile_id, b.profile_version, &doc, e))
		return false;
	in = profile_inputs(doc, &n_in);
	str_adds(&out, "index,line");
	for (size_t i = 0; i < n_in; i++) {
		str_addc(&out, ',');
		csv_cell(&out, in[i].name);
	}
	str_adds(&out, ",message\r\n");
	do {
		arena_reset(a);
		if (!batch_failures(app, q->actor, id, from, ERRORS_A_PAGE, a, &list, &n, e))
			return false;
		for (size_t i = 0; i < n; i++)
			error_row(&out, in, n_in, &list[i]);
		from = n > 0 ? list[n - 1].index + 1 : from;
	} while (n == ERRORS_A_PAGE && out.len < ERRORS_MAX);
	if (n == ERRORS_A_PAGE)
		str_addf(&out, "%" PRId64 ",,the list ends here; the items that failed are %" PRId64 "\r\n", from, b.failed);
	http_attachment(s, arena_printf(q->arena, "batch-%" PRId64 "-errors.csv", id));
	return http_bytes(s, 200, "text/csv; charset=utf-8", out.p, out.len);
}
