/* Key pairs that were made in advance, in /metrics. */
#include "base/arena.h"
#include "base/str.h"
#include "cmd/ops.h"
#include "domain/issue/keypool.h"

void
ops_pool_metrics(struct app *app, struct str *o)
{
	OWN(arena_free) struct arena *a = arena_new((size_t)1 << 20);
	struct pool_level *levels;
	struct err e = { 0 };
	size_t n;

	if (!keypool_levels(app, a, &levels, &n, &e))
		return;		/* the store is down: an alarm of its own */
	str_adds(o, "# TYPE certmill_key_pool gauge\n"
	    "# HELP certmill_key_pool Key pairs that were made in advance and are ready.\n");
	for (size_t i = 0; i < n; i++)
		str_addf(o, "certmill_key_pool{host=\"%s\",kind=\"%s\"} %lld\n", levels[i].host, levels[i].kind,
		    (long long)levels[i].n);
}
