#include "api/admin.h"

#include <inttypes.h>
#include <string.h>

#include "api/page.h"
#include "domain/account/organization.h"
#include "domain/account/settings.h"
#include "http/json.h"
#include "http/list.h"

static const char *const statuses[] = { "active", "suspended", NULL };

json_t *
reference_json(int64_t id, const char *name)
{
	return json_pack("{s:I, s:o}", "id", (json_int_t)id, "name", json_text(name == NULL ? "" : name));
}

/* What the store keeps as JSON text. */
static json_t *
stored(const char *text, json_t *otherwise)
{
	json_t *v = json_loads(text, 0, NULL);

	if (v == NULL)
		return otherwise;
	json_decref(otherwise);
	return v;
}

static json_t *
or_null(int64_t approval_above)
{
	return approval_above < 0 ? json_null() : json_integer((json_int_t)approval_above);
}

static json_t *
organization_json(const struct organization *o)
{
	return json_pack("{s:I, s:o, s:s, s:o, s:o, s:o, s:b, s:o}", "id", (json_int_t)o->id, "name", json_text(o->name),
	    "status", o->status, "parameters", stored(o->parameters, json_object()), "mac_prefixes",
	    stored(o->mac_prefixes, json_array()), "approval_above", or_null(o->approval_above), "passkeys", o->passkeys,
	    "created_at", json_time(o->created_at));
}

/* ---- list ---- */

struct filters {
	const char	*name;
};
static const struct field filter_fields[] = {
	TEXT(struct filters, name, 1, 200, OPTIONAL),
};
static const char *const sorts[] = { "id", "name", NULL };
static const struct list_spec spec = { sorts, filter_fields, COUNT(filter_fields) };

bool
api_organizations_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct filters in = { 0 };
	struct organization_filter f = { 0 };
	struct organization *list;
	struct list page;
	json_t *items;
	const char *next = NULL;
	int64_t total;
	size_t n;

	if (!page_decode(q, s, &spec, &page, &in, e) || !page_from_int(&page, &f.after_id, e))
		return false;
	f.name_part = in.name;
	f.by_name = page.sort == 1;
	f.descending = page.descending;
	f.after_name = page.after_key;
	f.limit = page.limit + 1;
	if (!organization_search(app, q->actor, &f, q->arena, &list, &n, &total, e))
		return false;
	if (n > (size_t)page.limit) {
		const struct organization *last = &list[--n - 1];

		next = list_cursor(q->arena, &page, last->name, arena_printf(q->arena, "%" PRId64, last->id));
	}
	items = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(items, organization_json(&list[i]));
	return http_json(s, 200, json_list(items, next, total));
}

/* ---- one ---- */

struct body {
	const char		*name;
	int			 status;
	json_t			*parameters;
	struct text_list	 mac_prefixes;
};
static const struct field new_fields[] = {
	NAME(struct body, name, 200),
	JSON(struct body, parameters, OPTIONAL),
	TEXT_LIST(struct body, mac_prefixes, 0, MAC_PREFIXES_MAX, 40, OPTIONAL),
};
static const struct field change_fields[] = {
	NAME(struct body, name, 200, OPTIONAL),
	ENUM(struct body, status, statuses, OPTIONAL),
	JSON(struct body, parameters, OPTIONAL),
	TEXT_LIST(struct body, mac_prefixes, 0, MAC_PREFIXES_MAX, 40, OPTIONAL),
};

/* The elements of an empty list are NULL as those of an absent one are: only the text of the body tells. */
static struct organization_change
change_of(const struct body *in, bool has_prefixes)
{
	return (struct organization_change){ .name = in->name,
	    .status = in->status < 0 ? NULL : statuses[in->status], .parameters = in->parameters,
	    .mac_prefixes = in->mac_prefixes.v, .mac_prefixes_n = in->mac_prefixes.n, .set_mac_prefixes = has_prefixes };
}

/* Decodes the body; *given counts its members. */
static bool
read_body(const struct http_req *q, struct http_res *s, const struct field *fields, size_t n, struct body *in,
    bool *has_prefixes, size_t *given, struct err *e)
{
	json_t *v = NULL;
	bool ok;

	*in = (struct body){ .status = -1 };
	if (q->body == NULL)
		return err_set(e, ERR_MALFORMED, "json", "a JSON body is needed");
	ok = json_parse(q->body->p, q->body->len, &v, e) &&
	    json_decode_value(v, fields, n, q->arena, in, e, http_faults(s));
	*has_prefixes = json_is_array(json_object_get(v, "mac_prefixes"));
	*given = json_object_size(v);
	json_decref(v);
	return ok;
}

bool
api_organizations_post(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct organization_change change;
	struct organization made;
	struct body in;
	size_t given;
	bool has_prefixes, ok;

	if (!read_body(q, s, new_fields, COUNT(new_fields), &in, &has_prefixes, &given, e))
		return false;
	change = change_of(&in, has_prefixes);
	ok = organization_create(app, q->actor, &change, q->arena, &made, http_faults(s), e);
	json_decref(in.parameters);
	if (!ok)
		return false;
	http_setf(s, "Location", "/api/v1/organizations/%" PRId64, made.id);
	return http_json(s, 201, organization_json(&made));
}

bool
api_organization_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct organization o;
	int64_t id;

	return http_param_int(q, "organization_id", &id, e) && organization_get(app, q->actor, id, q->arena, &o, e) &&
	    http_json(s, 200, organization_json(&o));
}

bool
api_organization_patch(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct organization_change change;
	struct organization o;
	struct body in;
	int64_t id;
	size_t given;
	bool has_prefixes, ok;

	if (!http_param_int(q, "organization_id", &id, e) ||
	    !read_body(q, s, change_fields, COUNT(change_fields), &in, &has_prefixes, &given, e))
		return false;
	change = change_of(&in, has_prefixes);
	ok = given > 0 ? organization_update(app, q->actor, id, &change, q->arena, &o, http_faults(s), e)
	    : err_set(e, ERR_INVALID, "fields", "nothing is to be changed");
	json_decref(in.parameters);
	return ok && http_json(s, 200, organization_json(&o));
}

/* ---- security settings ---- */

static json_t *
settings_json(const struct settings *v)
{
	return json_pack("{s:o, s:b, s:I, s:I}", "approval_above", or_null(v->approval_above), "passkeys", v->passkeys,
	    "password_min_length", (json_int_t)v->password_min, "invitation_days", (json_int_t)v->invitation_days);
}

bool
api_security_settings_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct settings v;
	int64_t id;

	return http_param_int(q, "organization_id", &id, e) && settings_get(app, q->actor, id, &v, e) &&
	    http_json(s, 200, settings_json(&v));
}

static const struct field settings_fields[] = {
	INT(struct settings, approval_above, 0, INT64_MAX, OPTIONAL),
	BOOL(struct settings, passkeys),
	INT(struct settings, password_min, PASSWORD_MIN, PASSWORD_MIN_MAX, OPTIONAL, AS("password_min_length")),
	INT(struct settings, invitation_days, 1, INVITATION_DAYS_MAX, OPTIONAL),
};

/* What a form shows is set as a whole, so approval_above must be there; null is a value of it. */
static bool
settings_decode(const struct http_req *q, struct http_res *s, struct settings *in, struct err *e)
{
	json_t *v = NULL;
	bool ok;

	*in = (struct settings){ .approval_above = -1 };
	if (q->body == NULL)
		return err_set(e, ERR_MALFORMED, "json", "a JSON body is needed");
	ok = json_parse(q->body->p, q->body->len, &v, e) && json_decode_value(v, settings_fields,
	    COUNT(settings_fields), q->arena, in, e, http_faults(s));
	if (ok && json_object_get(v, "approval_above") == NULL) {
		fault_add(http_faults(s), NULL, 0, "approval_above", NULL, "is missing");
		ok = err_set(e, ERR_INVALID, "fields", "approval_above is missing");
	}
	json_decref(v);
	return ok;
}

bool
api_security_settings_put(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct settings in, now;
	int64_t id;

	return http_param_int(q, "organization_id", &id, e) && settings_decode(q, s, &in, e) &&
	    settings_put(app, q->actor, id, &in, http_faults(s), e) && settings_get(app, q->actor, id, &now, e) &&
	    http_json(s, 200, settings_json(&now));
}
