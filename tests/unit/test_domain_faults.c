/* What is left when something dies half-way, a clock is set or a disk fills up; on both engines. */
#include "check_orders.h"
#include "domain/order/room.h"
#include "store/slice.h"

/* Rejected after its serials were planned: the plan waits until it was held against the journal. */
static void
planned_and_rejected(struct orders_world *w)
{
	struct order o = orders_form(w, "planned", "00:1A:2B:01:00:00", 10);
	struct batch b = orders_placed(w, &w->ann, &o), x;
	uint8_t plan[10 * WORK_SERIAL_LEN];
	struct work_slice s, left;
	bool found;

	memset(plan, 0x5a, sizeof(plan));
	MUST(work_lease(&w->app, "w1", HOST, 60, w->arena, &s, &found, me));
	MUST(work_unsettled(&w->app, HOST, w->arena, &left, &found, me));
	CHECK(!found, "%s: a slice in hand is not to be settled", check_on);
	MUST(work_plan(&w->app, &s, plan, 10, me));
	MUST(batch_reject(&w->app, &w->ann, b.id, w->arena, &x, me));
	MUST(work_unsettled(&w->app, HOST, w->arena, &left, &found, me));
	CHECK(found && left.batch_id == b.id && left.plan_n == 10 && memcmp(left.plan, plan, sizeof(plan)) == 0 &&
	    left.ca_id == s.ca_id && left.profile_id == s.profile_id, "%s: the plan of a rejected batch", check_on);
	MUST(work_settled(&w->app, &left, me));
	MUST(work_unsettled(&w->app, HOST, w->arena, &left, &found, me));
	CHECK(!found, "%s: settled twice", check_on);
}

static bool
made_elsewhere(struct db *tx, void *arg, struct err *e)
{
	const struct work_slice *s = arg;

	return db_run(tx, "UPDATE slice SET plan_host = 'far' WHERE batch_id = $1", ARGS(arg_int(s->batch_id)), NULL, e);
}

/* A plan of another host stays that host's to settle; the slice goes on without it. */
static void
planned_elsewhere(struct orders_world *w)
{
	struct order o = orders_form(w, "elsewhere", "00:1A:2B:03:00:00", 10);
	struct batch b = orders_placed(w, &w->ann, &o);
	uint8_t plan[10 * WORK_SERIAL_LEN];
	struct work_slice s, t, left;
	bool found;

	memset(plan, 0x3c, sizeof(plan));
	MUST(work_lease(&w->app, "w1", HOST, 60, w->arena, &s, &found, me));
	MUST(work_plan(&w->app, &s, plan, 10, me));
	MUST(work_release(&w->app, &s, 0, me));
	MUST(work_lease(&w->app, "w1", HOST, 60, w->arena, &s, &found, me));
	CHECK(found && s.batch_id == b.id && s.plan_n == 10, "%s: the plan of one's own host", check_on);
	MUST(work_release(&w->app, &s, 0, me));
	MUST(app_tx(&w->app, DB_WRITE, made_elsewhere, &s, me));
	MUST(work_lease(&w->app, "w2", HOST, 60, w->arena, &t, &found, me));
	CHECK(found && t.batch_id == b.id && t.plan_n == 0, "%s: the plan of another host was handed on", check_on);
	MUST(work_unsettled(&w->app, HOST, w->arena, &left, &found, me));
	CHECK(!found, "%s: another host's plan is not ours to settle", check_on);
	MUST(work_unsettled(&w->app, "far", w->arena, &left, &found, me));
	CHECK(found && left.left && left.batch_id == b.id && left.plan_n == 10 && left.size == 10 &&
	    left.ca_id == t.ca_id && memcmp(left.plan, plan, sizeof(plan)) == 0, "%s: the plan that was left", check_on);
	MUST(work_settled(&w->app, &left, me));
	MUST(work_unsettled(&w->app, "far", w->arena, &left, &found, me));
	CHECK(!found, "%s: left twice", check_on);
	MUST(batch_reject(&w->app, &w->ann, b.id, w->arena, &b, me));
}

/* A lease from a day ahead does not hold a slice for a day once the clock is right again. */
static void
leased_tomorrow(struct orders_world *w)
{
	struct order o = orders_form(w, "tomorrow", "00:1A:2B:02:00:00", 10);
	struct work_watch watch = { .n = 0 };
	struct work_slice s, t;
	bool found;

	(void)orders_placed(w, &w->ann, &o);
	clock_shift(86400);
	MUST(work_lease(&w->app, "w1", HOST, 60, w->arena, &s, &found, me));
	CHECK(found, "%s: nothing to lease", check_on);
	clock_shift(0);
	MUST(work_lease(&w->app, "w2", HOST, 60, w->arena, &t, &found, me));
	CHECK(!found, "%s: leased twice", check_on);
	MUST(work_mend_leases(&w->app, &watch, 60, me));
	CHECK(watch.n == 1, "%s: %zu leases are watched", check_on, watch.n);
	/* Its owner lives: what changes is left alone. */
	MUST(work_extend(&w->app, &s, 86400, me));
	watch.list[0].since_ms -= 60 * 1000;
	MUST(work_mend_leases(&w->app, &watch, 60, me));
	MUST(work_lease(&w->app, "w2", HOST, 60, w->arena, &t, &found, me));
	CHECK(!found && watch.n == 1, "%s: freed under its owner", check_on);
	watch.list[0].since_ms -= 60 * 1000;
	MUST(work_mend_leases(&w->app, &watch, 60, me));
	CHECK(orders_work_one(w, -1), "%s: a lease of tomorrow holds", check_on);
}

/* A sweeper and an acceptance that cross: one of them wins, never both. */
static void
swept_or_accepted(struct orders_world *w)
{
	struct order o = orders_form(w, "crossing", "00:1A:2B:03:00:00", 10);
	struct batch b = orders_placed(w, &w->ann, &o);
	struct err e = { 0 };
	struct db *db;

	MUST(db_pool_get(w->app.store, DB_WRITE, &db, me));
	MUST(store_batch_give_up(db, b.id, me));
	b = orders_batch(w, b.id);
	CHECK(strcmp(b.rest, "none") == 0 && strcmp(b.state, "pending_issue") == 0, "%s: an accepted batch was given up",
	    check_on);
	MUST(store_batch_rest(db, b.id, "sweep", 0, me));
	CHECK(!store_batch_accepted(db, b.id, 10, 1, &e) && e.kind == ERR_UNAVAILABLE && strcmp(e.code, "staging_lost") == 0,
	    "%s: a batch that is swept was accepted", check_on);
	MUST(store_batch_rest(db, b.id, "none", 0, me));
	orders_work_all(w);
}

/* A staging whose maker died, begun by a clock a day ahead: swept, and its devices may be ordered. */
static void
staged_tomorrow(struct orders_world *w)
{
	struct batch b = { .id = 900001, .organization_id = w->ann.organization_id, .profile_id = PROFILE_ID,
	    .profile_version = 1, .parameters = "{}", .method = "form", .name = "staged", .state = "pending_creation",
	    .packaging = "{}", .created_at = clock_now_s(), .created_by = w->ann.user_id, .created_by_name = "ann",
	    .staged_until = clock_now_s() + 30 };
	struct err e = { 0 };
	struct db *db;
	bool did;

	MUST(db_pool_get(w->app.store, DB_WRITE, &db, me));
	MUST(store_batch_add(db, &b, me));
	MUST(batch_sweep(&w->app, &did, me));
	CHECK(!did, "%s: swept too early", check_on);
	MUST(store_batch_staging_keep(db, b.id, clock_now_s() + 500, me));
	clock_shift(100);
	MUST(batch_sweep(&w->app, &did, me));
	CHECK(!did, "%s: swept while another of its order is staged", check_on);
	clock_shift(-86400);
	MUST(batch_sweep(&w->app, &did, me));
	CHECK(did, "%s: a staging of tomorrow is kept", check_on);
	CHECK(!store_batch_staging_keep(db, b.id, clock_now_s(), &e) && strcmp(e.code, "staging_lost") == 0,
	    "%s: kept after it was given up", check_on);
	clock_shift(0);
	MUST(batch_rest_run(&w->app, b.id, 100, me));
	CHECK(orders_count(w, "SELECT count(*) FROM batch WHERE id = 900001") == 0, "%s: not swept", check_on);
}

static void
life(struct orders_world *w)
{
	bool alive;

	MUST(work_alive(&w->app, &alive, me));
	CHECK(!alive, "%s: alive before the first sign", check_on);
	MUST(work_beat(&w->app, HOST, me));
	MUST(work_beat(&w->app, HOST, me));
	MUST(work_alive(&w->app, &alive, me));
	CHECK(alive, "%s: not alive after a sign of life", check_on);
	clock_shift(3600);
	MUST(work_alive(&w->app, &alive, me));
	CHECK(!alive, "%s: alive an hour after the last sign", check_on);
	clock_shift(-3600);
	MUST(work_alive(&w->app, &alive, me));
	CHECK(!alive, "%s: alive by a sign from the future", check_on);
	clock_shift(0);
}

static void
room(struct orders_world *w)
{
	struct order o = orders_form(w, "room", "00:1A:2B:04:00:00", 10);
	struct faults f;
	struct batch b;
	struct err e;

	w->app.store_dir = "/";
	w->app.free_min = INT64_C(1) << 60;
	CHECK(!orders_place(w, &w->ann, &o, &b, &f, &e) && e.kind == ERR_UNAVAILABLE && strcmp(e.code, "disk_full") == 0 &&
	    e.retry_after_s > 0 && strstr(e.msg, "store") != NULL, "%s: ordered on a full disk: %s", check_on, e.msg);
	w->app.store_dir = NULL;
	w->app.journal_dir = "/";
	CHECK(!orders_place(w, &w->ann, &o, &b, &f, &e) && strstr(e.msg, "journal") != NULL,
	    "%s: ordered with a full journal: %s", check_on, e.msg);
	w->app.free_min = 0;
	MUST(room_for(&w->app, 10, me));
	CHECK(!room_for(&w->app, INT64_C(1) << 45, &e), "%s: room for more devices than octets", check_on);
	w->app.journal_dir = "/nowhere";
	MUST(room_for(&w->app, INT64_C(1) << 45, me));
	w->app.journal_dir = NULL;
	CHECK(orders_count(w, "SELECT count(*) FROM batch WHERE name = 'room'") == 0, "%s: a refused order left rows", check_on);
	CHECK(orders_placed(w, &w->ann, &o).size == 10, "%s: room again", check_on);
	orders_work_all(w);
}

static void
all(enum db_engine engine, const char *uri)
{
	struct orders_world w;

	(void)engine;
	orders_world_make(&w, uri, 5000);
	planned_and_rejected(&w);
	planned_elsewhere(&w);
	leased_tomorrow(&w);
	swept_or_accepted(&w);
	staged_tomorrow(&w);
	life(&w);
	room(&w);
	orders_world_free(&w);
}

int
main(void)
{
	secret_init();
	check_db_on_both(all);
	return check_done();
}
