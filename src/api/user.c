#include "api/admin.h"

#include <inttypes.h>
#include <string.h>

#include "api/factor.h"
#include "api/page.h"
#include "base/str.h"
#include "domain/account/organization.h"
#include "domain/account/user.h"
#include "http/json.h"
#include "http/list.h"

static const char *const roles[] = { "viewer", "orderer", "revoker", "organization_admin", "operator", "auditor", NULL };
static const char *const statuses[] = { "active", "disabled", NULL };

static json_t *
membership_json(const struct membership *m)
{
	json_t *ids = m->profile_ids_n == 0 ? json_null() : json_array();

	for (size_t i = 0; i < m->profile_ids_n; i++)
		json_array_append_new(ids, json_integer((json_int_t)m->profile_ids[i]));
	return json_pack("{s:o, s:s, s:o}", "organization", reference_json(m->organization_id, m->organization_name), "role",
	    m->role, "profile_ids", ids);
}

static json_t *
user_json(const struct user *u, const struct membership *m, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, membership_json(&m[i]));
	return json_pack("{s:I, s:s, s:o, s:o, s:s, s:b, s:o, s:o, s:o}", "id", (json_int_t)u->id, "username", u->username,
	    "full_name", json_text(u->full_name), "email", json_text(u->email), "status", u->status, "service", u->service,
	    "memberships", list, "created_at", json_time(u->created_at), "last_login", u->last_login_at == 0 ? json_null() :
	    json_pack("{s:o, s:o}", "time", json_time(u->last_login_at), "address",
	    json_text(u->last_login_address == NULL ? "" : u->last_login_address)));
}

/* The account as it is now, with what of its memberships the caller may see. */
static bool
reply(struct app *app, const struct http_req *q, struct http_res *s, int status, const struct user *u, struct err *e)
{
	struct membership *m;
	size_t n;

	return user_memberships(app, q->actor, u->id, q->arena, &m, &n, e) &&
	    http_json(s, status, user_json(u, m, n));
}

/* ---- list ---- */

struct filters {
	const char	*username;
	int		 role;
	int64_t		 organization_id;
};
static const struct field filter_fields[] = {
	TEXT(struct filters, username, 1, 200, OPTIONAL),
	ENUM(struct filters, role, roles, OPTIONAL),
	INT(struct filters, organization_id, 0, INT64_MAX, OPTIONAL),
};
static const char *const sorts[] = { "username", "id", NULL };
static const struct list_spec spec = { sorts, filter_fields, COUNT(filter_fields) };

bool
api_users_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct filters in = { .role = -1, .organization_id = -1 };
	struct user_filter f = { 0 };
	struct user_row *rows = NULL;
	struct list page;
	json_t *items;
	const char *next = NULL;
	int64_t total;
	size_t n;

	if (!page_decode(q, s, &spec, &page, &in, e) || !page_from_int(&page, &f.after_id, e))
		return false;
	f.organization_id = in.organization_id;
	f.role = in.role < 0 ? NULL : roles[in.role];
	f.username_part = in.username;
	f.by_id = page.sort == 1;
	f.descending = page.descending;
	f.after_username = page.after_key;
	f.limit = page.limit + 1;
	if (!user_search(app, q->actor, &f, q->arena, &rows, &n, &total, e))
		return false;
	if (n > (size_t)page.limit) {
		const struct user *last = &rows[--n - 1].user;

		next = list_cursor(q->arena, &page, last->username, arena_printf(q->arena, "%" PRId64, last->id));
	}
	items = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(items, user_json(&rows[i].user, rows[i].memberships, rows[i].memberships_n));
	return http_json(s, 200, json_list(items, next, total));
}

/* ---- one ---- */

struct new_body {
	const char	*username, *full_name, *email;
	bool		 service, invite;
	int64_t		 organization_id;
	int		 role;
};
static const struct field new_fields[] = {
	TEXT(struct new_body, username, 1, 100),
	NAME(struct new_body, full_name, 200),
	TEXT(struct new_body, email, 3, 254),
	BOOL(struct new_body, service, OPTIONAL),
	INT(struct new_body, organization_id, 0, INT64_MAX, OPTIONAL),
	ENUM(struct new_body, role, roles),
	BOOL(struct new_body, invite, OPTIONAL),
};

bool
api_users_post(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct new_body in = { .organization_id = q->actor->organization_id };
	struct user_new want = { 0 };
	struct user made;

	if (!json_decode(q->body, new_fields, COUNT(new_fields), q->arena, &in, e, http_faults(s)))
		return false;
	want = (struct user_new){ .username = in.username, .full_name = in.full_name, .email = in.email,
	    .role = role_parse(roles[in.role]), .organization_id = in.organization_id, .service = in.service, .invite = in.invite };
	if ((want.role == ROLE_OPERATOR || want.role == ROLE_AUDITOR) && !actor_may(q->actor, RIGHT_OPERATE, e))
		return false;
	if (!user_create(app, q->actor, &want, q->arena, &made, http_faults(s), e)) {
		/* The body names it, not the path: a wrong field, in one text for none and for another's. */
		if (e->kind == ERR_NOT_FOUND) {
			fault_add(http_faults(s), NULL, 0, "organization_id", NULL, "there is no such organization");
			return err_set(e, ERR_INVALID, "fields", "there is no such organization");
		}
		if (e->kind == ERR_INVALID && e->code != NULL && strcmp(e->code, "role") == 0)
			fault_add(http_faults(s), NULL, 0, "role", roles[in.role], "%s", e->msg);
		return false;
	}
	http_setf(s, "Location", "/api/v1/users/%" PRId64, made.id);
	return reply(app, q, s, 201, &made, e);
}

bool
api_user_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct user u;
	int64_t id;

	return http_param_int(q, "user_id", &id, e) && user_get(app, q->actor, id, q->arena, &u, e) &&
	    reply(app, q, s, 200, &u, e);
}

struct change_body {
	const char	*full_name, *email;
	int		 status;
};
static const struct field change_fields[] = {
	NAME(struct change_body, full_name, 200, OPTIONAL),
	TEXT(struct change_body, email, 3, 254, OPTIONAL),
	ENUM(struct change_body, status, statuses, OPTIONAL),
};

bool
api_user_patch(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct change_body in = { .status = -1 };
	struct user_change change = { 0 };
	struct user u;
	int64_t id;

	if (!http_param_int(q, "user_id", &id, e) ||
	    !json_decode(q->body, change_fields, COUNT(change_fields), q->arena, &in, e, http_faults(s)))
		return false;
	change.full_name = in.full_name;
	change.email = in.email;
	change.status = in.status < 0 ? NULL : statuses[in.status];
	if (change.full_name == NULL && change.email == NULL && change.status == NULL)
		return err_set(e, ERR_INVALID, "fields", "nothing is to be changed");
	return user_update(app, q->actor, id, &change, q->arena, &u, http_faults(s), e) && reply(app, q, s, 200, &u, e);
}

/* ---- memberships ---- */

static const char *
membership_id(const void *rows, size_t i, struct arena *a)
{
	const struct membership *m = rows;

	return arena_printf(a, "%" PRId64, m[i].organization_id);
}

bool
api_memberships_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct membership *m;
	struct page page;
	struct user u;
	json_t *items;
	int64_t id;
	size_t n;

	if (!http_param_int(q, "user_id", &id, e) || !user_get(app, q->actor, id, q->arena, &u, e) ||
	    !user_memberships(app, q->actor, id, q->arena, &m, &n, e) ||
	    !page_cut(q, s, m, n, membership_id, &page, e))
		return false;
	items = json_array();
	for (size_t i = page.from; i < page.to; i++)
		json_array_append_new(items, membership_json(&m[i]));
	return http_json(s, 200, json_list(items, page.next, (int64_t)n));
}

struct membership_body {
	int		 role;
	struct int_list	 profile_ids;
};
static const struct field membership_fields[] = {
	ENUM(struct membership_body, role, roles),
	INT_LIST(struct membership_body, profile_ids, 1, 1000, OPTIONAL),
};

bool
api_membership_put(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct membership_body in = { 0 };
	struct membership_new want = { 0 };
	struct membership *m;
	size_t n, i = 0;

	if (!http_param_int(q, "user_id", &want.user_id, e) ||
	    !http_param_int(q, "organization_id", &want.organization_id, e) ||
	    !json_decode(q->body, membership_fields, COUNT(membership_fields), q->arena, &in, e, http_faults(s)))
		return false;
	want.role = role_parse(roles[in.role]);
	want.profile_ids = in.profile_ids.n == 0 ? NULL : in.profile_ids.v;
	want.profile_ids_n = in.profile_ids.n;
	if (!membership_set(app, q->actor, &want, http_faults(s), e)) {
		if (e->kind == ERR_INVALID && e->code != NULL && strcmp(e->code, "role") == 0)
			fault_add(http_faults(s), NULL, 0, "role", roles[in.role], "%s", e->msg);
		return false;
	}
	if (!user_memberships(app, q->actor, want.user_id, q->arena, &m, &n, e))
		return false;
	while (i < n && m[i].organization_id != want.organization_id)
		i++;
	if (i == n)
		return err_set(e, ERR_CONFLICT, "membership", "the membership was ended meanwhile");
	return http_json(s, 200, membership_json(&m[i]));
}

bool
api_membership_delete(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	int64_t user, organization;

	return http_param_int(q, "user_id", &user, e) && http_param_int(q, "organization_id", &organization, e) &&
	    membership_drop(app, q->actor, user, organization, e) && http_empty(s, 204);
}

/* ---- admin certificates ---- */

static const char *
certificate_id(const void *rows, size_t i, struct arena *a)
{
	const struct user_certificate *c = rows;
	char hex[65];

	hex_lower(c[i].sha256, sizeof(c[i].sha256), hex);
	return arena_strdup(a, hex);
}

json_t *
user_certificate_json(const struct user_certificate *c)
{
	char hex[65];

	hex_lower(c->sha256, sizeof(c->sha256), hex);
	return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o}", "sha256", hex, "subject", json_text(c->subject), "serial_number",
	    c->serial_number, "not_after", json_time(c->not_after), "created_at", json_time(c->created_at), "revoked_at",
	    json_time_or_null(c->revoked_at));
}

bool
api_user_certificates_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct user_certificate *list;
	struct page page;
	json_t *items;
	int64_t id;
	size_t n;

	if (!http_param_int(q, "user_id", &id, e) || !user_certificates(app, q->actor, id, q->arena, &list, &n, e) ||
	    !page_cut(q, s, list, n, certificate_id, &page, e))
		return false;
	items = json_array();
	for (size_t i = page.from; i < page.to; i++)
		json_array_append_new(items, user_certificate_json(&list[i]));
	return http_json(s, 200, json_list(items, page.next, (int64_t)n));
}

bool
api_user_certificate_delete(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	const char *hex = http_param(q, "sha256");
	uint8_t sha256[32];
	int64_t id;

	if (!http_param_int(q, "user_id", &id, e))
		return false;
	if (!hex_decode(hex, strlen(hex), sha256, sizeof(sha256)))
		return err_set(e, ERR_NOT_FOUND, "certificate", "no such certificate of this user");
	return user_certificate_revoke(app, q->actor, id, sha256, e) && http_empty(s, 204);
}
