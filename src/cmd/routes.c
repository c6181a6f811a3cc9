/* certmill routes: the table of the API, as tests hold it against the contract. */
#include "api/routes.h"
#include "cmd/admin/admin.h"
#include "cmd/command.h"
#include "http/json.h"

static bool
list(struct admin *a, struct err *e)
{
	static const char *const methods[] = { [GET] = "GET", [HEAD] = "HEAD", [POST] = "POST", [PUT] = "PUT",
		[PATCH] = "PATCH", [DELETE] = "DELETE" };
	json_t *items = json_array();

	(void)e;
	for (size_t i = 0; i < api_routes_n; i++)
		json_array_append_new(items, json_pack("{s:s, s:s, s:s}", "method", methods[api_routes[i].method], "pattern",
		    api_routes[i].pattern, "needs", right_name(api_routes[i].needs)));
	if (a->json)
		return admin_print(a, items);
	return admin_print_list(a, items, "method:Method pattern:Path needs:Right");
}

static const struct admin_action actions[] = {
	{ "list", "", 0, 0, list, "shows method, path and right of every route", NULL },
};
static const struct admin_command command = { "routes", "Routes of the API.", actions, COUNT(actions), true };

int
cmd_routes(int argc, char **argv)
{
	return admin_main(&command, argc, argv);
}
