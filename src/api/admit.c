#include "api/auth.h"
#include "api/batch.h"
#include "base/str.h"
#include "domain/organization.h"
#include "domain/user.h"

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

static const struct {
	const char	*param;
	bool		(*admit)(struct app *, const struct http_req *, struct err *);
} objects[] = {
	{ "organization_id", organization_admit },
	{ "user_id", user_admit },
	{ "batch_id", batch_admit },
};

bool
auth_admit(struct app *app, const struct http_req *q, struct err *e)
{
	if (q->actor == NULL || q->route->json_max + q->route->upload_max == 0)
		return true;		/* without a body, the handler finds out by itself */
	for (size_t i = 0; i < COUNT(objects); i++)
		if (http_param(q, objects[i].param) != NULL && !objects[i].admit(app, q, e))
			return false;
	return true;
}
