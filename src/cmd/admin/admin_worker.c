/* certmill worker: worker hosts, and what to do when one is lost. */
#include "cmd/admin/admin.h"
#include "cmd/command.h"
#include "domain/issue/worker_host.h"
#include "http/json.h"

static json_t *
host_json(const struct worker_host *h)
{
	return json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:I}", "host", h->name, "state",
	    worker_host_alive(h) ? "alive" : "away", "seen_at", json_time_or_null(h->beat_at), "sealing_keys",
	    (json_int_t)h->keys, "leases", (json_int_t)h->leases, "batches_alone", (json_int_t)h->alone, "pool",
	    (json_int_t)h->pool, "plans_left", (json_int_t)h->plans);
}

static bool
list(struct admin *a, struct err *e)
{
	struct worker_host *hosts;
	json_t *items;
	size_t n;

	if (!worker_host_list(a->app, &a->who, a->arena, &hosts, &n, e))
		return false;
	items = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(items, host_json(&hosts[i]));
	return admin_print_list(a, items, "host:Host state:State seen_at:Seen sealing_keys:Keys leases:Leases"
	    " batches_alone:Alone pool:Pool plans_left:Plans");
}

static bool
lost(struct admin *a, struct err *e)
{
	struct worker_host was;

	if (!worker_host_lost(a->app, &a->who, a->argv[0], a->arena, &was, e))
		return false;
	admin_say(a, "%s is lost: %lld slices given to others, %lld batches fail with credit, %lld plans wait for its journal",
	    was.name, (long long)was.leases, (long long)was.alone, (long long)was.plans);
	return !a->json || admin_print(a, host_json(&was));
}

static const struct admin_action actions[] = {
	{ "list", "", 0, 0, list, "shows the worker hosts, and what each holds", NULL },
	{ "lost", "HOST", 1, 1, lost, "declares one lost for good: others take its work, what only it could make fails", NULL },
};
static const struct admin_command command = { "worker", "Worker hosts.", actions, COUNT(actions), false };

int
cmd_worker(int argc, char **argv)
{
	return admin_main(&command, argc, argv);
}
