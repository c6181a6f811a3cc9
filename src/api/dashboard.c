#include "api/admin.h"

#include "api/batch.h"
#include "api/page.h"
#include "api/profile.h"
#include "base/clock.h"
#include "domain/certificate/authority.h"
#include "domain/certificate/crl.h"
#include "domain/dashboard.h"
#include "http/json.h"
#include "http/list.h"

/* "2026-03-02" */
static json_t *
date_json(int64_t unix_s)
{
	char text[TIME_TEXT_LEN];

	time_text(unix_s, text);
	text[10] = '\0';
	return json_string(text);
}

static json_t *
days_json(const struct dashboard *d)
{
	json_t *list = json_array();

	for (int i = 0; i < DASHBOARD_DAYS; i++)
		json_array_append_new(list, json_pack("{s:o, s:I, s:I}", "date", date_json(d->days[i].day * 86400), "issued",
		    (json_int_t)d->days[i].issued, "revoked", (json_int_t)d->days[i].revoked));
	return list;
}

static json_t *
months_json(const struct dashboard *d)
{
	json_t *list = json_array();

	for (int i = 0; i < DASHBOARD_MONTHS; i++)
		json_array_append_new(list, json_pack("{s:o, s:I}", "month", json_sprintf("%04d-%02d", d->months[i].year,
		    d->months[i].month), "count", (json_int_t)d->months[i].expiring));
	return list;
}

static json_t *
states_json(const struct dashboard *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->states_n; i++)
		json_array_append_new(list, json_pack("{s:s, s:I}", "status", d->states[i].state, "count",
		    (json_int_t)d->states[i].n));
	return list;
}

static json_t *
forecasts_json(const struct dashboard *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->quota_n; i++) {
		const struct dashboard_quota *q = &d->quota[i];

		json_array_append_new(list, json_pack("{s:o, s:I, s:I, s:I, s:I, s:f, s:o}", "profile",
		    reference_json(q->profile_id, q->profile_name), "allocated", (json_int_t)q->allocated, "ordered",
		    (json_int_t)q->ordered, "issued", (json_int_t)q->issued, "available", (json_int_t)q->available, "per_day",
		    (double)(int64_t)(q->per_day * 100 + 0.5) / 100, "lasts_until",
		    q->lasts_until == 0 ? json_null() : date_json(q->lasts_until)));
	}
	return list;
}

static json_t *
batches_json(const struct batch *b, size_t n, const struct actor *who)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, batch_json(&b[i], who));
	return list;
}

/* For those who run the instance. */
static bool
alarms_json(struct app *app, const struct actor *who, struct arena *a, json_t **out, struct err *e)
{
	struct crl_alarm *list;
	size_t n = 0;

	if ((who->role == ROLE_OPERATOR || who->role == ROLE_AUDITOR) && !crl_alarms(app, a, &list, &n, e))
		return false;
	*out = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(*out, json_pack("{s:s, s:s, s:s, s:o, s:o}", "kind",
		    crl_trouble(&list[i]) == CRL_MISSING ? "crl_missing" : crl_trouble(&list[i]) == CRL_EXPIRED ? "crl_expired" :
		    "crl_failing", "ca_id", list[i].ski, "label", list[i].label, "shard", list[i].shard < 0 ? json_null() :
		    json_integer(list[i].shard), "next_update", json_time_or_null(list[i].next_update)));
	return true;
}

struct filters {
	int64_t	profile_id;
};
static const struct field filter_fields[] = {
	INT(struct filters, profile_id, 1, INT64_MAX, OPTIONAL),
};

bool
api_dashboard_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	static const char *const names[] = { "profile_id", NULL };
	struct dashboard *d = ARENA_NEW(q->arena, struct dashboard);
	const char *profile = http_query(q, "profile_id");
	struct filters in = { 0 };
	json_t *alarms;

	if (d == NULL)
		return err_set(e, ERR_TOO_LARGE, "request", "the request is too large");
	if (!http_query_only(q, names, http_faults(s), e))
		return false;
	if (profile != NULL && !field_from_text(&filter_fields[0], profile, q->arena, &in, http_faults(s)))
		return err_set(e, ERR_INVALID, "query", "wrong query parameter: profile_id");
	if (!dashboard_get(app, q->actor, in.profile_id, q->arena, d, e) ||
	    !alarms_json(app, q->actor, q->arena, &alarms, e))
		return false;
	return http_json(s, 200, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "issued_per_day", days_json(d),
	    "expiring_per_month", months_json(d), "batches_by_status", states_json(d), "quota", forecasts_json(d),
	    "running", batches_json(d->running, d->running_n, q->actor), "ready",
	    batches_json(d->ready, d->ready_n, q->actor), "failures",
	    batches_json(d->failures, d->failures_n, q->actor), "alarms", alarms));
}

/* ---- authorities ---- */

static const char *
authority_id(const void *rows, size_t i, struct arena *a)
{
	const struct authority_view *v = rows;

	(void)a;
	return v[i].ca.ski;
}

static json_t *
authority_json(const struct app *app, const struct authority_view *v)
{
	json_t *profiles = json_array();

	for (size_t i = 0; i < v->profiles_n; i++)
		json_array_append_new(profiles, reference_json(v->profiles[i]->id, v->profiles[i]->name));
	return json_pack("{s:s, s:s, s:o, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "id", v->ca.ski, "name",
	    v->ca.name, "label", json_text(v->ca.label), "purpose", v->ca.purpose, "subject", json_text(v->ca.subject),
	    "issuer", json_text(v->issuer), "serial_number", v->ca.serial_number, "parent_id", json_text(v->parent_ski), "not_before",
	    json_time(v->ca.not_before), "not_after", json_time(v->ca.not_after), "key", key_type_json(v->key), "profiles",
	    profiles, "certificate_url", json_sprintf("%s/ca/%s.cer", app->public_url, v->ca.ski), "crl_url",
	    json_sprintf("%s/crl/%s.crl", app->public_url, v->ca.ski), "shards", (json_int_t)v->ca.shards);
}

bool
api_cas_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct authority_view *list;
	struct page page;
	json_t *items;
	size_t n;

	if (!authority_list(app, q->actor, false, q->arena, &list, &n, e) ||
	    !page_cut(q, s, list, n, authority_id, &page, e))
		return false;
	items = json_array();
	for (size_t i = page.from; i < page.to; i++)
		json_array_append_new(items, authority_json(app, &list[i]));
	return http_json(s, 200, json_list(items, page.next, (int64_t)n));
}
