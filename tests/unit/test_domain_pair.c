/* Paired orders: one list of devices to two profiles, both batches or none. */
#include "check_orders.h"
#include "store/batch.h"

#define SECOND_ID 803

static void
second_profile(struct orders_world *w, int64_t allocated)
{
	OWN_STR struct str doc = { 0 };
	struct catalog_version version;
	struct faults f = { .arena = w->arena };
	const char *at = strstr(orders_profile, "\"id\":802"), *name = strstr(orders_profile, "\"Trial\"");
	struct quota q;

	str_add(&doc, orders_profile, (size_t)(at - orders_profile));
	str_adds(&doc, "\"id\":803");
	str_add(&doc, at + 8, (size_t)(name - at - 8));
	str_adds(&doc, "\"Second\"");
	str_adds(&doc, name + 7);
	MUST(catalog_profile(&w->app, &w->operator, doc.p, doc.len, w->arena, &version, &f, me));
	MUST(catalog_activate(&w->app, &w->operator, SECOND_ID, 1, me));
	MUST(grant_put(&w->app, &w->operator, w->acme.id, SECOND_ID, me));
	MUST(quota_top_up(&w->app, &w->operator, w->acme.id, SECOND_ID, allocated, "test", &q, me));
}

static int64_t
available(struct orders_world *w, int64_t profile_id)
{
	struct quota q = { 0 };
	struct db *db;

	MUST(db_pool_get(w->app.store, DB_READ, &db, me));
	MUST(quota_get(db, w->acme.id, profile_id, &q, me));
	return q.available;
}

static const int64_t both[] = { PROFILE_ID, SECOND_ID };

static struct order
paired(struct orders_world *w, const char *name, const char *mac, int64_t size)
{
	struct order o = orders_form(w, name, mac, size);

	o.profile_id = 0;
	o.profile_ids = both;
	o.profiles_n = 2;
	return o;
}

static bool
place(struct orders_world *w, const struct order *o, struct batch out[2], bool *replayed, struct faults *f, struct err *e)
{
	*f = (struct faults){ .arena = w->arena };
	*e = (struct err){ 0 };
	return order_place_all(&w->app, &w->ann, o, w->arena, out, replayed, f, e);
}

static void
nothing_changed(struct orders_world *w, const char *what, int64_t batches, int64_t first, int64_t second)
{
	CHECK(orders_count(w, "SELECT count(*) FROM batch") == batches, "%s: %s: a batch is left", check_on, what);
	CHECK(orders_count(w, "SELECT count(*) FROM device_name WHERE batch_id NOT IN (SELECT id FROM batch)") == 0,
	    "%s: %s: names are left", check_on, what);
	CHECK(available(w, PROFILE_ID) == first && available(w, SECOND_ID) == second, "%s: %s: quota %d, %d", check_on,
	    what, (int)available(w, PROFILE_ID), (int)available(w, SECOND_ID));
}

static void
pairs(struct orders_world *w)
{
	struct order o = paired(w, "both", "00:1A:2B:00:00:00", 30), alone;
	struct order_part parts[2];
	struct batch b[2] = { { 0 } }, again[2] = { { 0 } }, one;
	struct faults f;
	struct err e;
	bool replayed;

	MUST(order_preview_all(&w->app, &w->ann, &o, w->arena, parts, me));
	CHECK(strcmp(parts[1].name, "both (Second)") == 0 && parts[1].preview.size == 30 &&
	    parts[1].preview.quota_after == 20 && parts[0].preview.quota_after == 970 && parts[0].errors.total == 0,
	    "%s: preview %s, %d", check_on, parts[1].name, (int)parts[1].preview.quota_after);
	order_preview_clear(&parts[0].preview);
	order_preview_clear(&parts[1].preview);
	nothing_changed(w, "preview", 0, 1000, 50);

	o.idempotency_key = "pair-1";
	CHECK(place(w, &o, b, &replayed, &f, &e) && !replayed, "%s: %s %s", check_on, e.msg, f.n > 0 ? f.list[0].message : "");
	CHECK(strcmp(b[0].name, "both (Trial)") == 0 && b[1].profile_id == SECOND_ID && b[0].size == 30 && b[1].size == 30,
	    "%s: %s and %s", check_on, b[0].name, b[1].name);
	nothing_changed(w, "placed", 2, 970, 20);
	CHECK(place(w, &o, again, &replayed, &f, &e) && replayed && again[0].id == b[0].id && again[1].id == b[1].id,
	    "%s: not the first answer again: %s", check_on, e.msg);
	alone = orders_form(w, "both", "00:1A:2B:00:00:00", 30);
	alone.idempotency_key = "pair-1";
	CHECK(!orders_place(w, &w->ann, &alone, &one, &f, &e) && e.kind == ERR_CONFLICT, "%s: another order", check_on);

	/* The second profile's quota is too small: nothing of the first either. */
	o = paired(w, "too many", "00:1A:2B:01:00:00", 25);
	o.idempotency_key = "pair-2";
	CHECK(!place(w, &o, b, &replayed, &f, &e) && strcmp(e.code, "quota_exceeded") == 0 && strstr(e.msg, "Second") != NULL,
	    "%s: %s", check_on, e.msg);
	nothing_changed(w, "quota", 2, 970, 20);
	/* A name that only the second knows. */
	alone = orders_form(w, "alone", "00:1A:2B:02:00:05", 1);
	alone.profile_id = SECOND_ID;
	CHECK(orders_place(w, &w->ann, &alone, &one, &f, &e), "%s: %s", check_on, e.msg);
	o = paired(w, "name", "00:1A:2B:02:00:00", 10);
	CHECK(!place(w, &o, b, &replayed, &f, &e) && e.kind == ERR_INVALID && f.n == 1 &&
	    strncmp(f.list[0].message, "Second: has a certificate", 25) == 0, "%s: %s", check_on,
	    f.n > 0 ? f.list[0].message : e.msg);
	nothing_changed(w, "name", 3, 970, 19);
	/* What can't be. */
	o = paired(w, "foreign", "00:1A:2B:03:00:00", 1);
	o.profile_ids = (const int64_t[]){ PROFILE_ID, 999 };
	CHECK(!place(w, &o, b, &replayed, &f, &e) && e.kind == ERR_INVALID && f.n >= 1 &&
	    strcmp(f.list[0].field, "profile_id") == 0, "%s: a profile that is not there: %s", check_on, e.msg);
	o.profile_ids = (const int64_t[]){ PROFILE_ID, PROFILE_ID };
	CHECK(!place(w, &o, b, &replayed, &f, &e) && e.kind == ERR_INVALID, "%s: the same twice", check_on);
	o = paired(w, "input", "00:1A:2B:03:00:00", 1);
	o.inputs = (const struct order_input[]){ { "mac_address", "00:1A:2B:03:00:00" }, { "colour", "red" } };
	o.inputs_n = 2;
	CHECK(!place(w, &o, b, &replayed, &f, &e) && f.n == 1 && strcmp(f.list[0].field, "colour") == 0,
	    "%s: nobody's input", check_on);
	nothing_changed(w, "wrong", 3, 970, 19);
	/* Both are issued like any. */
	orders_work_all(w);
	for (int i = 0; i < 2; i++)
		CHECK(strcmp(orders_batch(w, again[i].id).state, "ready_for_download") == 0, "%s: %s", check_on,
		    orders_batch(w, again[i].id).state);
	CHECK(orders_count(w, "SELECT count(*) FROM batch_pair") == 2, "%s: who belongs together", check_on);
}

static void
all(enum db_engine engine, const char *uri)
{
	struct orders_world w;

	(void)engine;
	orders_world_make(&w, uri, 1000);
	second_profile(&w, 50);
	pairs(&w);
	orders_world_free(&w);
}

int
main(void)
{
	secret_init();
	check_db_on_both(all);
	return check_done();
}
