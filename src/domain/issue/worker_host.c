#include "domain/issue/worker_host.h"

#include <inttypes.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/str.h"
#include "domain/audit/audit.h"
#include "domain/issue/work.h"

struct call {
	const struct actor	*who;
	const char		*name;
	struct arena		*arena;
	struct worker_host	*list;
	size_t			 n;
};

static bool
list_tx(struct db *db, void *arg, struct err *e)
{
	struct call *c = arg;

	return store_worker_hosts(db, c->name, clock_now_s(), c->arena, &c->list, &c->n, e);
}

bool
worker_host_list(const struct app *app, const struct actor *who, struct arena *a, struct worker_host **out, size_t *n,
    struct err *e)
{
	struct call c = { .arena = a };

	if (who->role != ROLE_OPERATOR && who->role != ROLE_AUDITOR)
		return err_set(e, ERR_FORBIDDEN, "right", "operators and auditors see the worker hosts");
	if (!app_tx(app, DB_READ, list_tx, &c, e))
		return false;
	*out = c.list;
	*n = c.n;
	return true;
}

bool
worker_host_alive(const struct worker_host *h)
{
	int64_t now = clock_now_s();

	return h->beat_at >= now - WORK_ALIVE_S && h->beat_at <= now + WORK_ALIVE_S;
}

static bool
lost_tx(struct db *tx, void *arg, struct err *e)
{
	struct call *c = arg;
	OWN_STR struct str object = { 0 };
	json_t *detail;
	bool ok;

	if (!list_tx(tx, c, e))
		return false;
	if (c->n == 0)
		return err_set(e, ERR_NOT_FOUND, "worker_host", "no worker host \"%.60s\" is known", c->name);
	if (worker_host_alive(&c->list[0]))
		return err_set(e, ERR_CONFLICT, "worker_alive", "%.60s gave a sign of life less than %d s ago: end it first",
		    c->name, WORK_ALIVE_S);
	str_addf(&object, "worker host %s", c->name);
	detail = json_pack("{s:I, s:I, s:I, s:I}", "leases", (json_int_t)c->list[0].leases, "batches_it_alone_could_make",
	    (json_int_t)c->list[0].alone, "keys_made_in_advance", (json_int_t)c->list[0].pool, "plans_left",
	    (json_int_t)c->list[0].plans);
	ok = store_worker_forget(tx, c->name, e) && audit_append(tx, c->who, 0, "worker.lost", object.p, detail, e);
	json_decref(detail);
	return ok;
}

bool
worker_host_lost(const struct app *app, const struct actor *who, const char *name, struct arena *a,
    struct worker_host *was, struct err *e)
{
	struct call c = { .who = who, .name = name, .arena = a };

	if (who->role != ROLE_OPERATOR)
		return err_set(e, ERR_FORBIDDEN, "right", "an operator may declare a worker host lost");
	if (name[0] == '\0')
		return err_set(e, ERR_INVALID, "worker_host", "a worker host has a name");
	if (!app_tx(app, DB_WRITE, lost_tx, &c, e))
		return false;
	*was = c.list[0];
	return true;
}
