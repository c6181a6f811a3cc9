#include "domain/store_making.h"

#include <string.h>

#include "base/clock.h"
#include "store/copy.h"
#include "store/idempotency.h"
#include "store/organization.h"
#include "store/profile.h"

#define MARK "being_made_by"
#define SCRATCH_MAX ((size_t)4 * 1024 * 1024)

struct making {
	const char	*who;
	struct arena	*arena;
};

/* Counters stay: they only rise. */
static bool
clear_all(struct db *tx, struct arena *a, struct err *e)
{
	struct copy_table *tables;
	size_t n;

	if (!store_copy_tables(tx, a, &tables, &n, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(tables[i].name, "counter") != 0 && !store_copy_clear(tx, &tables[i], e))
			return false;
	return true;
}

static bool
begin_tx(struct db *tx, void *arg, struct err *e)
{
	struct making *m = arg;
	const char *by;
	struct ca *cas;
	size_t n;

	arena_reset(m->arena);
	if (!store_setting_get(tx, MARK, m->arena, &by, e))
		return false;
	if (by != NULL && strcmp(by, m->who) == 0) {
		if (!clear_all(tx, m->arena, e))
			return false;
	} else if (by != NULL || !store_ca_list(tx, m->arena, &cas, &n, e) || n > 0)
		return e->kind == ERR_NONE;
	return store_setting_keep(tx, MARK, m->who, clock_now_s(), e);
}

bool
store_making_begin(const struct app *app, const char *who, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct making m = { who, a };

	return app_tx(app, DB_WRITE, begin_tx, &m, e);
}

static bool
end_tx(struct db *tx, void *arg, struct err *e)
{
	(void)arg;
	return store_setting_drop(tx, MARK, e);
}

bool
store_making_end(const struct app *app, struct err *e)
{
	return app_tx(app, DB_WRITE, end_tx, NULL, e);
}
