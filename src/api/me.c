#include "api/profile.h"

#include <stdlib.h>

#include "domain/account/organization.h"
#include "domain/account/session.h"
#include "domain/account/user.h"
#include "http/json.h"

static json_t *
rights_json(unsigned rights)
{
	json_t *list = json_array();

	for (unsigned bit = 1; bit != 0 && bit <= rights; bit <<= 1)
		if (rights & bit)
			json_array_append_new(list, json_string(right_name(bit)));
	return list;
}

static bool
organization_json(struct app *app, const struct actor *who, struct arena *a, json_t **out, struct err *e)
{
	struct organization o;
	json_t *prefixes;

	*out = json_null();
	if (who->organization_id == 0)
		return true;
	if (!organization_get(app, who, who->organization_id, a, &o, e))
		return false;
	prefixes = json_loads(o.mac_prefixes, 0, NULL);
	*out = json_pack("{s:I, s:s, s:o}", "id", (json_int_t)o.id, "name", o.name, "mac_prefixes",
	    prefixes == NULL ? json_array() : prefixes);
	return true;
}

/* The log-in before this session; of a token the last one at all. */
static bool
last_login_json(struct app *app, const struct actor *who, const char *cookie, const struct user *u, struct arena *a,
    json_t **out, struct err *e)
{
	int64_t at = u->last_login_at;
	const char *address = u->last_login_address;

	if (cookie != NULL) {
		struct session s = { 0 };

		if (!session_get(app, who, cookie, a, &s, e))
			return false;
		at = s.previous_login_at;
		address = s.previous_login_address;
	}
	*out = at == 0 ? json_null()
	    : json_pack("{s:o, s:s}", "time", json_time(at), "address", address == NULL ? "" : address);
	return true;
}

bool
me_json(struct app *app, const struct actor *who, const char *cookie, struct arena *a, json_t **out, struct err *e)
{
	struct user u;
	struct membership *memberships;
	struct profile_ref *profiles;
	struct ecosystem *ecosystems;
	json_t *organization, *last_login, *list, *me;
	size_t n_memberships, n_profiles, n_ecosystems;

	if (!user_get(app, who, who->user_id, a, &u, e) ||
	    !user_memberships(app, who, who->user_id, a, &memberships, &n_memberships, e) ||
	    !profile_list(app, who, NULL, a, &profiles, &n_profiles, e) ||
	    !ecosystem_list(app, who, a, &ecosystems, &n_ecosystems, e) ||
	    !organization_json(app, who, a, &organization, e) ||
	    !last_login_json(app, who, cookie, &u, a, &last_login, e))
		return false;
	me = json_pack("{s:I, s:s, s:s, s:s, s:o, s:o, s:o}", "id", (json_int_t)u.id, "username", u.username,
	    "full_name", u.full_name, "role", role_name(who->role), "rights", rights_json(who->rights), "organization",
	    organization, "last_login", last_login);
	list = json_array();
	for (size_t i = 0; i < n_memberships; i++)
		json_array_append_new(list, json_pack("{s:I, s:s, s:s}", "id", (json_int_t)memberships[i].organization_id,
		    "name", memberships[i].organization_name, "role", memberships[i].role));
	json_object_set_new(me, "organizations", list);
	list = json_array();
	for (size_t i = 0; i < n_ecosystems; i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "id", ecosystems[i].id, "name", ecosystems[i].name));
	json_object_set_new(me, "ecosystems", list);
	list = json_array();
	for (size_t i = 0; i < n_profiles; i++)
		json_array_append_new(list, profile_summary_json(who, &profiles[i]));
	json_object_set_new(me, "profiles", list);
	*out = me;
	return true;
}
