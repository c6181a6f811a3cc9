#include "api/auth.h"

#include <string.h>

#include "api/factor.h"
#include "api/routes.h"
#include "api/session.h"
#include "domain/actor.h"

const struct http_hooks api_hooks = { .authenticate = auth_authenticate, .check = auth_check, .admit = auth_admit };

struct origin
auth_origin(const struct http_req *q)
{
	const char *agent = http_header(q, "User-Agent");
	struct origin from = { .address = q->remote, .agent = "", .request_id = q->request_id,
	    .browser = http_cookie(q, COOKIE_BROWSER) };

	if (agent != NULL) {
		from.agent = arena_strndup(q->arena, agent, 256);
		if (from.agent == NULL)
			from.agent = "";
	}
	return from;
}

void
auth_cookies(struct http_res *s, const struct login_done *done)
{
	http_cookie_set(s, COOKIE_PENDING, "", 0);
	http_cookie_set(s, COOKIE_SESSION, done->cookie, -1);
	http_cookie_set(s, COOKIE_BROWSER, done->browser, (int64_t)180 * 86400);
}

bool
auth_authenticate(struct app *app, struct http_req *q, struct err *e)
{
	struct origin from = auth_origin(q);
	struct actor *who = ARENA_NEW(q->arena, struct actor);
	const char *bearer = http_bearer(q), *cookie = http_cookie(q, COOKIE_SESSION);

	if (who == NULL)
		return err_set(e, ERR_TOO_LARGE, "request", "the request is too large");
	if (bearer != NULL) {
		if (!token_actor(app, bearer, &from, who, e))
			return false;
		q->actor = who;
		return true;
	}
	if (http_header(q, "Authorization") != NULL)
		return err_set(e, ERR_UNAUTHENTICATED, "not_signed_in", "sign in, or send a valid bearer token");
	if (q->client_cert != NULL) {
		bool found;

		if (!service_actor(app, q->client_cert, q->client_cert_len, &from, who, &found, e))
			return false;
		if (found) {
			q->actor = who;
			return true;
		}
	}
	if (cookie == NULL)
		return true;
	if (session_actor(app, cookie, &from, who, e)) {
		q->actor = who;
		return true;
	}
	/* A cookie that is over must not keep its browser from the public routes: nobody is asked there. */
	if (e->kind == ERR_UNAUTHENTICATED && q->route != NULL && q->route->needs == RIGHT_PUBLIC) {
		err_clear(e);
		return true;
	}
	return false;
}

/* What a token never does, whatever its scopes. */
static bool
session_only(const struct route *r)
{
	static http_handler *const handlers[] = { api_tokens_post, api_session_organization, api_session_delete,
		api_passkey_options, api_passkeys_post, api_passkey_delete };

	for (size_t i = 0; i < COUNT(handlers); i++)
		if (r->handler == handlers[i])
			return true;
	return false;
}

bool
auth_check(struct app *app, const struct http_req *q, unsigned needs, struct err *e)
{
	(void)app;
	if (needs == RIGHT_PUBLIC)
		return true;
	if (q->actor == NULL)
		return err_set(e, ERR_UNAUTHENTICATED, "not_signed_in", "sign in, or send a valid bearer token");
	if (!actor_may(q->actor, needs, e))
		return false;
	if (q->actor->by_token && session_only(q->route))
		return err_set(e, ERR_FORBIDDEN, "session_needed", "this needs a session: sign in with a browser");
	return true;
}
