/* certmill keys: key pairs that workers made in advance. */
#include <string.h>

#include "cmd/admin/admin.h"
#include "cmd/command.h"
#include "domain/issue/keypool.h"
#include "http/json.h"

static bool
pool(struct admin *a, struct err *e)
{
	struct pool_level *levels;
	json_t *items;
	size_t n;

	if (!keypool_levels(a->app, a->arena, &levels, &n, e))
		return false;
	items = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(items, json_pack("{s:s, s:s, s:I, s:o}", "host", levels[i].host, "kind", levels[i].kind,
		    "ready", (json_int_t)levels[i].n, "oldest_at", json_time(levels[i].oldest_at)));
	return admin_print_list(a, items, "host:Host kind:Kind ready:Ready oldest_at:Oldest");
}

static bool
drop(struct admin *a, struct err *e)
{
	const char *host = admin_option(a, "host", 0);
	int64_t dropped;

	if (host == NULL && !admin_flag(a, "all"))
		return admin_usage(a, e, "--host HOST, or --all");
	if (!keypool_drop(a->app, &a->who, host, &dropped, e))
		return false;
	admin_say(a, "%lld pairs dropped", (long long)dropped);
	return !a->json || admin_print(a, json_pack("{s:I}", "dropped", (json_int_t)dropped));
}

static const struct admin_option drop_options[] = {
	{ "host", "HOST", "those of this worker host" },
	{ "all", NULL, "those of all hosts" },
	{ 0 },
};
static const struct admin_action actions[] = {
	{ "pool", "", 0, 0, pool, "shows how many key pairs are ready, by worker host and kind", NULL },
	{ "drop", "", 0, 0, drop, "throws key pairs away that were made in advance; workers make new ones", drop_options },
};
static const struct admin_command command = { "keys", "Key pairs that workers make in advance.", actions, COUNT(actions),
    false };

int
cmd_keys(int argc, char **argv)
{
	return admin_main(&command, argc, argv);
}
