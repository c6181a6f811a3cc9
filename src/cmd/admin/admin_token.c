/* certmill token: API tokens. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/admin/admin.h"
#include "cmd/command.h"
#include "domain/account/token.h"
#include "http/json.h"

static json_t *
token_json(const struct token *t)
{
	return json_pack("{s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "id", t->id, "name", json_text(t->name), "user",
	    json_text(t->username), "scopes", t->scopes, "created_at", json_time(t->created_at), "expires_at",
	    json_time(t->expires_at), "last_used_at", json_time_or_null(t->used_at), "revoked_at",
	    json_time_or_null(t->revoked_at));
}

/* Tokens belong to one organization: the console acts there. */
static bool
act_for(struct admin *a, struct err *e)
{
	const char *text = admin_option(a, "org", 0);
	struct organization o = { 0 };

	if (text != NULL && !admin_organization(a, text, &o, e))
		return false;
	a->who.organization_id = o.id;
	return true;
}

static bool
create(struct admin *a, struct err *e)
{
	struct token_new in = { .name = admin_option(a, "name", 0) };
	const char *scope, *days = admin_option(a, "days", 0);
	struct token made;
	struct user u;
	char text[TOKEN_TEXT_LEN];
	int64_t for_days = TOKEN_DAYS_DEFAULT;
	json_t *out;

	if (in.name == NULL || admin_option(a, "scope", 0) == NULL)
		return admin_usage(a, e, "a token needs --name and --scope");
	for (size_t i = 0; (scope = admin_option(a, "scope", i)) != NULL; i++) {
		unsigned rights;

		if (!rights_parse(scope, &rights))
			return admin_usage(a, e, "a scope is view, order, revoke, admin, operate or audit");
		in.rights |= rights;
	}
	if ((days != NULL && !admin_int(a, "--days", days, 1, TOKEN_DAYS_MAX, &for_days, e)) || !act_for(a, e) ||
	    !admin_user(a, a->argv[0], &u, e))
		return false;
	in.user_id = u.id;
	in.expires_at = clock_now_s() + for_days * 86400;
	if (!token_create(a->app, &a->who, &in, a->arena, &made, text, e))
		return false;
	out = token_json(&made);
	json_object_set_new(out, "token", json_string(text));
	wipe(text, sizeof(text));
	return admin_print(a, out);
}

static bool
list(struct admin *a, struct err *e)
{
	struct token *tokens;
	json_t *items;
	size_t n;

	if (!act_for(a, e) || !token_list(a->app, &a->who, a->arena, &tokens, &n, e))
		return false;
	items = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(items, token_json(&tokens[i]));
	return admin_print_list(a, items, "id:Id name:Name user:User scopes:Scopes expires_at:Until last_used_at:Last_used"
	    " revoked_at:Revoked");
}

static bool
end(struct admin *a, struct err *e)
{
	return act_for(a, e) && token_revoke(a->app, &a->who, a->argv[0], e);
}

static const struct admin_option create_options[] = {
	{ "org", "ORGANIZATION", "which one it acts for; left out: the instance" },
	{ "name", "NAME", "what it is for" },
	{ "scope", "SCOPE", "view, order, revoke, admin, operate or audit (again for more)" },
	{ "days", "N", "how long it is good; 90 when left out" },
	{ 0 },
};
static const struct admin_option org_options[] = {
	{ "org", "ORGANIZATION", "which one they act for; left out: the instance" },
	{ 0 },
};
static const struct admin_action actions[] = {
	{ "create", "USER", 1, 1, create, "makes a token for a user; it is shown this once", create_options },
	{ "list", "", 0, 0, list, "shows tokens", org_options },
	{ "revoke", "ID", 1, 1, end, "ends a token", org_options },
};
static const struct admin_command command = { "token", "API tokens.", actions, COUNT(actions), false };

int
cmd_token(int argc, char **argv)
{
	return admin_main(&command, argc, argv);
}
