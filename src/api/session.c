#include "api/session.h"

#include <string.h>

#include "api/auth.h"
#include "api/factor.h"
#include "api/page.h"
#include "api/profile.h"
#include "base/clock.h"
#include "base/str.h"
#include "domain/actor.h"
#include "domain/account/organization.h"
#include "domain/account/session.h"
#include "domain/account/user.h"
#include "http/json.h"

struct credentials {
	const char	*username;
	struct secret	*password;
};
static const struct field credentials_fields[] = {
	TEXT(struct credentials, username, 1, 200),
	SECRET(struct credentials, password, 1, 1024),
};

bool
api_session_post(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct credentials in = { 0 };
	struct origin from = auth_origin(q);
	struct passkey_request passkey;
	struct login_step step;
	const char *url;
	json_t *body, *request;
	bool ok;

	if (!json_decode(q->body, credentials_fields, COUNT(credentials_fields), q->arena, &in, e, http_faults(s)))
		return false;
	ok = login_password(app, in.username, in.password, &from, &step, e);
	secret_free(in.password);
	if (!ok || !passkey_request(app, &step, q->arena, &passkey, e))
		return false;
	url = arena_printf(q->arena, "%s/api/v1/session/certificate?ticket=%s", app->mtls_origin, step.ticket);
	http_cookie_set(s, COOKIE_PENDING, step.pending, TICKET_S);
	body = json_pack("{s:s, s:s}", "next", passkey.n > 0 && !passkey.certificate ? "passkey" : "client_certificate",
	    "url", url);
	request = passkey_request_json(&passkey);
	if (request != NULL)
		json_object_set_new(body, "passkey", request);
	return http_json(s, 200, body);
}

static bool
wants_html(const struct http_req *q)
{
	const char *accept = http_header(q, "Accept");

	return accept != NULL && strstr(accept, "text/html") != NULL;
}

bool
api_session_certificate(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct origin from = auth_origin(q);
	struct login_done done;
	const char *pending = http_cookie(q, COOKIE_PENDING), *ticket = http_query(q, "ticket");

	if (q->listener != HTTP_MTLS)
		return err_set(e, ERR_NOT_FOUND, "route", "this step is on the listener that asks for client certificates");
	if (!login_certificate(app, pending, ticket, q->client_cert, q->client_cert_len, &from, &done, e)) {
		if (e->kind != ERR_UNAUTHENTICATED || !wants_html(q))
			return false;
		err_clear(e);
		http_cookie_set(s, COOKIE_PENDING, "", 0);
		return http_redirect(s, 303, arena_printf(q->arena, "%s/login?refused=%s", app->portal_origin,
		    q->client_cert == NULL ? "no-certificate" : "certificate"));
	}
	auth_cookies(s, &done);
	return http_redirect(s, 303, arena_printf(q->arena, "%s/", app->portal_origin));
}

bool
api_session_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	const char *cookie = http_cookie(q, COOKIE_SESSION);
	struct session session = { 0 };

	if (q->actor->by_token)
		return http_json(s, 200, json_pack("{s:s, s:o, s:n, s:n, s:n}", "kind",
		    http_bearer(q) == NULL ? "certificate" : "token", "id",
		    json_text(q->actor->session_id[0] == '\0' ? NULL : q->actor->session_id), "created_at", "expires_at",
		    "idle_expires_at"));
	if (cookie == NULL)
		return err_set(e, ERR_UNAUTHENTICATED, "not_signed_in", "sign in first");
	if (!session_get(app, q->actor, cookie, q->arena, &session, e))
		return false;
	return http_json(s, 200, json_pack("{s:s, s:s, s:o, s:o, s:o}", "kind", "session", "id", session.id,
	    "created_at", json_time(session.created_at), "expires_at", json_time(session.expires_at),
	    "idle_expires_at", json_time(clock_now_s() + SESSION_IDLE_S)));
}

bool
api_session_delete(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	if (q->actor->by_token)
		return err_set(e, ERR_FORBIDDEN, "session_needed", "only a session can be left; revoke a token instead");
	if (!session_end(app, q->actor, q->actor->session_id, e))
		return false;
	http_cookie_set(s, COOKIE_SESSION, "", 0);
	return http_empty(s, 204);
}

struct choice {
	int64_t	organization_id;
};
static const struct field choice_fields[] = {
	INT(struct choice, organization_id, 0, INT64_MAX),
};

bool
api_session_organization(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct origin from = auth_origin(q);
	struct choice in = { 0 };
	char cookie[COOKIE_TEXT_LEN];
	struct actor *who = ARENA_NEW(q->arena, struct actor);
	json_t *me;

	if (!json_decode(q->body, choice_fields, COUNT(choice_fields), q->arena, &in, e, http_faults(s)))
		return false;
	if (q->actor->by_token || http_cookie(q, COOKIE_SESSION) == NULL)
		return err_set(e, ERR_FORBIDDEN, "session_needed", "a token acts for one organization only");
	if (!session_switch(app, q->actor, in.organization_id, http_cookie(q, COOKIE_SESSION), &from, cookie, e) ||
	    !session_actor(app, cookie, &from, who, e) || !me_json(app, who, cookie, q->arena, &me, e))
		return false;
	http_cookie_set(s, COOKIE_SESSION, cookie, -1);
	return http_json(s, 200, me);
}

bool
api_me_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	json_t *me;

	if (!me_json(app, q->actor, q->actor->by_token ? NULL : http_cookie(q, COOKIE_SESSION), q->arena, &me, e))
		return false;
	return http_json(s, 200, me);
}

/* {"id","name"}, or null for the instance. */
static json_t *
organization_reference(struct app *app, const struct actor *who, int64_t id, struct arena *a)
{
	struct organization o;
	struct actor there = *who;
	struct err e = { 0 };

	there.organization_id = id;	/* one's own session there shows its name */
	if (id == 0 || !organization_get(app, &there, id, a, &o, &e))
		return json_null();
	return json_pack("{s:I, s:s}", "id", (json_int_t)o.id, "name", o.name);
}

static const char *
session_id(const void *rows, size_t i, struct arena *a)
{
	const struct session *list = rows;

	(void)a;
	return list[i].id;
}

bool
api_sessions_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct session *list;
	struct page page;
	json_t *items;
	size_t n;

	if (!session_list(app, q->actor, q->arena, &list, &n, e) || !page_cut(q, s, list, n, session_id, &page, e))
		return false;
	items = json_array();
	for (size_t i = page.from; i < page.to; i++)
		json_array_append_new(items, json_pack("{s:s, s:b, s:o, s:s, s:o, s:o, s:o, s:o}", "id", list[i].id,
		    "current", strcmp(list[i].id, q->actor->session_id) == 0, "organization",
		    organization_reference(app, q->actor, list[i].organization_id, q->arena), "address", list[i].address,
		    "agent", json_text(list[i].agent), "created_at", json_time(list[i].created_at), "seen_at",
		    json_time(list[i].seen_at), "expires_at", json_time(list[i].expires_at)));
	return http_json(s, 200, json_list(items, page.next, (int64_t)n));
}

bool
api_sessions_delete(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	return session_end(app, q->actor, http_param(q, "session_id"), e) && http_empty(s, 204);
}

/* ---- passwords ---- */

static const struct field reset_fields[] = {
	TEXT(struct credentials, username, 1, 200),
};

bool
api_password_resets_post(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct credentials in = { 0 };

	return json_decode(q->body, reset_fields, COUNT(reset_fields), q->arena, &in, e, http_faults(s)) &&
	    password_reset_request(app, in.username, e) && http_empty(s, 202);
}

static const struct field new_password_fields[] = {
	SECRET(struct credentials, password, 1, 1024),
};

bool
api_password_reset_use(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct credentials in = { 0 };
	bool ok;

	if (!json_decode(q->body, new_password_fields, COUNT(new_password_fields), q->arena, &in, e, http_faults(s)))
		return false;
	ok = password_reset_use(app, http_param(q, "token"), in.password, q->remote, q->request_id, e);
	secret_free(in.password);
	if (!ok && e->kind == ERR_INVALID)
		fault_add(http_faults(s), NULL, 0, "password", NULL, "%s", e->msg);
	return ok && http_empty(s, 204);
}
