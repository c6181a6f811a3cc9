#include <string.h>

#include "api/auth.h"
#include "api/batch.h"
#include "base/str.h"
#include "domain/certificate/certificate.h"
#include "domain/account/organization.h"
#include "domain/profile/profile.h"
#include "domain/account/session.h"
#include "domain/account/token.h"
#include "domain/account/user.h"

/* Organization 0 is the instance itself: a user may have a role there, and it has settings. */
static bool
organization_admit(struct app *app, const struct http_req *q, struct err *e)
{
	struct organization o;
	int64_t id;

	if (!http_param_int(q, "organization_id", &id, e))
		return false;
	if (id == 0 && actor_sees(q->actor, 0) && (http_param(q, "user_id") != NULL || str_ends(q->path, "/security-settings")))
		return true;
	return organization_get(app, q->actor, id, q->arena, &o, e);
}

static bool
user_admit(struct app *app, const struct http_req *q, struct err *e)
{
	struct user u;
	int64_t id;

	return http_param_int(q, "user_id", &id, e) && user_get(app, q->actor, id, q->arena, &u, e);
}

static bool
batch_admit(struct app *app, const struct http_req *q, struct err *e)
{
	struct batch b;
	int64_t id;

	return http_param_int(q, "batch_id", &id, e) && batch_find(app, q->actor, id, q->arena, &b, e);
}

/* What a grant or a quota is of is found out inside the organization. */
static bool
profile_admit(struct app *app, const struct http_req *q, struct err *e)
{
	struct profile_ref p;
	int64_t id;

	if (http_param(q, "organization_id") != NULL)
		return true;
	return http_param_int(q, "profile_id", &id, e) && profile_find(app, q->actor, id, q->arena, &p, e);
}

static bool
certificate_admit(struct app *app, const struct http_req *q, struct err *e)
{
	struct certificate_detail d;

	return certificate_get(app, q->actor, http_param(q, "serial_number"), q->arena, &d, e);
}

static bool
token_admit(struct app *app, const struct http_req *q, struct err *e)
{
	struct token *list;
	size_t n;

	if (!token_list(app, q->actor, q->arena, &list, &n, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].id, http_param(q, "token_id")) == 0)
			return true;
	return err_set(e, ERR_NOT_FOUND, "token", "no such token");
}

static bool
session_admit(struct app *app, const struct http_req *q, struct err *e)
{
	struct session *list;
	size_t n;

	if (!session_list(app, q->actor, q->arena, &list, &n, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].id, http_param(q, "session_id")) == 0)
			return true;
	return err_set(e, ERR_NOT_FOUND, "session", "no such session");
}

static const struct {
	const char	*param;
	bool		(*admit)(struct app *, const struct http_req *, struct err *);
} objects[] = {
	{ "organization_id", organization_admit },
	{ "user_id", user_admit },
	{ "batch_id", batch_admit },
	{ "profile_id", profile_admit },
	{ "serial_number", certificate_admit },
	{ "token_id", token_admit },
	{ "session_id", session_admit },
};

bool
auth_admit(struct app *app, const struct http_req *q, struct err *e)
{
	if (q->actor == NULL || ((q->route->json_max | q->route->upload_max) == 0 && !q->has_body))
		return true;		/* without a body, the handler finds out by itself */
	for (size_t i = 0; i < COUNT(objects); i++)
		if (http_param(q, objects[i].param) != NULL && !objects[i].admit(app, q, e))
			return false;
	return true;
}
