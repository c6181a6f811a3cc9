/* Worker hosts: what an operator sees, and what becomes of the work of one that is lost. */
#include "check_orders.h"
#include "domain/issue/worker_host.h"

static const struct worker_host *
host_of(struct orders_world *w, const char *name)
{
	struct worker_host *list;
	size_t n;

	MUST(worker_host_list(&w->app, &w->operator, w->arena, &list, &n, me));
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

static bool
taken(struct orders_world *w, const char *host, struct work_slice *s)
{
	OWN_STR struct str owner = { 0 };
	bool found = false;

	str_addf(&owner, "%s 4711 0", host);
	MUST(work_lease(&w->app, arena_strdup(w->arena, owner.p), host, 60, w->arena, s, &found, me));
	return found;
}

/* As a worker does that finds no password. */
static void
failed(struct orders_world *w, struct work_slice *s)
{
	struct work_result *r = arena_array(w->arena, (size_t)s->size, sizeof(*r));

	if (s->items == NULL)
		MUST(work_items(&w->app, s, w->arena, me));
	for (int64_t i = 0; i < s->size; i++)
		r[i] = (struct work_result){ .index = s->items[i].index, .code = "secret_gone", .message = "its worker host was lost" };
	MUST(work_store(&w->app, s, r, (size_t)s->size, me));
}

static void
lost(enum db_engine engine, const char *uri)
{
	struct orders_world w;
	struct order o;
	struct batch alone, shared;
	struct work_slice s, t;
	struct worker_host was;
	struct db *db;
	struct quota q;
	const uint8_t *sealed;
	const char *key_id;
	size_t len;
	struct err e = { 0 };

	(void)engine;
	orders_world_make(&w, uri, 1000);
	o = orders_form(&w, "alone", "00:1A:2B:00:00:00", 300);
	alone = orders_placed(&w, &w.ann, &o);
	orders_worker_key(&w, "host-2");
	o = orders_form(&w, "shared", "00:1A:2B:01:00:00", 20);
	shared = orders_placed(&w, &w.ann, &o);
	/* The host has one slice of the first order in hand; its fellow cannot help with that order. */
	CHECK(taken(&w, HOST, &s) && s.batch_id == alone.id, "%s: the first slice", check_on);
	CHECK(taken(&w, "host-2", &t) && t.batch_id == shared.id, "%s: the other order", check_on);
	MUST(work_release(&w.app, &t, 0, me));
	MUST(work_beat(&w.app, HOST, me));
	CHECK(host_of(&w, HOST) != NULL && worker_host_alive(host_of(&w, HOST)) && host_of(&w, HOST)->leases == 1 &&
	    host_of(&w, HOST)->alone == 1 && host_of(&w, HOST)->keys == 1, "%s: what the host holds", check_on);
	CHECK(host_of(&w, "host-2") != NULL && !worker_host_alive(host_of(&w, "host-2")) && host_of(&w, "host-2")->leases == 0 &&
	    host_of(&w, "host-2")->alone == 0, "%s: what the other holds", check_on);

	CHECK(!worker_host_lost(&w.app, &w.operator, HOST, w.arena, &was, &e) && e.kind == ERR_CONFLICT, "%s: alive: %s", check_on,
	    e.msg);
	CHECK(!worker_host_lost(&w.app, &w.operator, "host-9", w.arena, &was, &e) && e.kind == ERR_NOT_FOUND, "%s: unknown: %s",
	    check_on, e.msg);
	CHECK(!worker_host_lost(&w.app, &w.ann, HOST, w.arena, &was, &e) && e.kind == ERR_FORBIDDEN, "%s: anyone: %s", check_on,
	    e.msg);
	CHECK(orders_count(&w, "SELECT count(*) FROM batch_secret") == 3, "%s: refused, yet something went", check_on);

	MUST(db_pool_get(w.app.store, DB_WRITE, &db, me));
	MUST(db_run(db, "UPDATE worker_beat SET at = at - 3600", NO_ARGS, NULL, me));
	MUST(worker_host_lost(&w.app, &w.operator, HOST, w.arena, &was, me));
	CHECK(was.leases == 1 && was.alone == 1, "%s: %d leases, %d batches", check_on, (int)was.leases, (int)was.alone);
	CHECK(host_of(&w, HOST) == NULL, "%s: still listed", check_on);
	CHECK(orders_count(&w, "SELECT count(*) FROM audit WHERE action = 'worker.lost'") == 1, "%s: no evidence", check_on);
	CHECK(orders_count(&w, "SELECT count(*) FROM batch_secret") == 1, "%s: sealed to nobody", check_on);
	/* Should it live after all, its slice is not its own any more. */
	MUST(work_items(&w.app, &s, w.arena, me));
	CHECK(!work_store(&w.app, &s, orders_results(&w, &s, -1), (size_t)s.size, &e) && strcmp(e.code, "slice_lost") == 0,
	    "%s: a lost host stores: %s", check_on, e.msg);

	/* The fellow makes what it can, and fails what nobody can. */
	while (taken(&w, "host-2", &t)) {
		err_clear(&e);
		if (work_secret(&w.app, t.batch_id, "host-2", w.arena, &key_id, &sealed, &len, &e)) {
			CHECK(t.batch_id == shared.id, "%s: a password of a lost host", check_on);
			MUST(work_items(&w.app, &t, w.arena, me));
			MUST(work_store(&w.app, &t, orders_results(&w, &t, -1), (size_t)t.size, me));
		} else {
			CHECK(t.batch_id == alone.id && strcmp(e.code, "secret_gone") == 0, "%s: %s", check_on, e.msg);
			failed(&w, &t);
		}
	}
	CHECK(strcmp(orders_batch(&w, alone.id).state, "failed") == 0, "%s: %s", check_on, orders_batch(&w, alone.id).state);
	CHECK(strcmp(orders_batch(&w, shared.id).state, "ready_for_download") == 0, "%s: %s", check_on,
	    orders_batch(&w, shared.id).state);
	MUST(db_pool_get(w.app.store, DB_READ, &db, me));
	MUST(quota_get(db, w.acme.id, PROFILE_ID, &q, me));
	CHECK(q.available == 980, "%s: %d available: no credit", check_on, (int)q.available);
	/* And its names may be ordered again. */
	o = orders_form(&w, "again", "00:1A:2B:00:00:00", 300);
	(void)orders_placed(&w, &w.ann, &o);
	orders_world_free(&w);
}

int
main(void)
{
	secret_init();
	check_db_on_both(lost);
	return check_done();
}
