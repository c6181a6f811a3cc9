/* Batches: the table of states, the work on slices, rejecting, revoking, downloading, fairness; on both engines. */
#include <pthread.h>

#include "check_orders.h"
#include "domain/certificate/certificate.h"
#include "store/slice.h"

/* ---- the table ---- */

static void
table(void)
{
	/* Every state and step: where it leads, or nowhere. */
	static const struct { enum batch_state from; enum batch_step on; enum batch_state to; } edges[] = {
		{ BATCH_PENDING_CREATION, BATCH_ASK, BATCH_PENDING_APPROVAL },
		{ BATCH_PENDING_CREATION, BATCH_ACCEPT, BATCH_PENDING_ISSUE },
		{ BATCH_PENDING_APPROVAL, BATCH_APPROVE, BATCH_PENDING_ISSUE },
		{ BATCH_PENDING_APPROVAL, BATCH_REJECT, BATCH_REJECTED },
		{ BATCH_PENDING_ISSUE, BATCH_ISSUED, BATCH_PREPARING },
		{ BATCH_PENDING_ISSUE, BATCH_NONE_ISSUED, BATCH_FAILED },
		{ BATCH_PENDING_ISSUE, BATCH_REJECT, BATCH_REJECTED },
		{ BATCH_PREPARING, BATCH_PACK, BATCH_READY },
		{ BATCH_PREPARING, BATCH_PACK_PARTLY, BATCH_ISSUED_PARTLY },
		{ BATCH_PREPARING, BATCH_REJECT, BATCH_REJECTED },
		{ BATCH_READY, BATCH_REJECT, BATCH_REJECTED },
		{ BATCH_READY, BATCH_DOWNLOAD, BATCH_DOWNLOADED },
		{ BATCH_READY, BATCH_REVOKE, BATCH_REVOKED },
		{ BATCH_READY, BATCH_ALL_REVOKED, BATCH_REVOKED },
		{ BATCH_READY, BATCH_EXPIRE, BATCH_EXPIRED },
		{ BATCH_ISSUED_PARTLY, BATCH_REJECT, BATCH_REJECTED },
		{ BATCH_ISSUED_PARTLY, BATCH_DOWNLOAD, BATCH_DOWNLOADED },
		{ BATCH_ISSUED_PARTLY, BATCH_REVOKE, BATCH_REVOKED },
		{ BATCH_ISSUED_PARTLY, BATCH_ALL_REVOKED, BATCH_REVOKED },
		{ BATCH_ISSUED_PARTLY, BATCH_EXPIRE, BATCH_EXPIRED },
		{ BATCH_DOWNLOADED, BATCH_REVOKE, BATCH_REVOKED },
		{ BATCH_DOWNLOADED, BATCH_ALL_REVOKED, BATCH_REVOKED },
		{ BATCH_DOWNLOADED, BATCH_EXPIRE, BATCH_EXPIRED },
		{ BATCH_EXPIRED, BATCH_ALL_REVOKED, BATCH_REVOKED },
	};

	for (unsigned s = 0; s < BATCH_STATES; s++) {
		CHECK(batch_state_parse(batch_state_name((enum batch_state)s)) == s, "name of state %u", s);
		for (unsigned v = 0; v < BATCH_STEPS; v++) {
			enum batch_state want = BATCH_STATES;

			for (size_t i = 0; i < COUNT(edges); i++)
				if (edges[i].from == s && edges[i].on == v)
					want = edges[i].to;
			CHECK(batch_next((enum batch_state)s, (enum batch_step)v) == want, "%s on %s leads to %s",
			    batch_state_name((enum batch_state)s), batch_step_name((enum batch_step)v),
			    batch_state_name(batch_next((enum batch_state)s, (enum batch_step)v)));
		}
	}
}

/* ---- making it ---- */

static struct batch
order_form(struct orders_world *w, const char *name, const char *mac, int64_t size)
{
	struct order o = orders_form(w, name, mac, size);

	return orders_placed(w, &w->ann, &o);
}

static bool
state_is(struct orders_world *w, int64_t id, const char *state)
{
	return strcmp(orders_batch(w, id).state, state) == 0;
}

static void
history(struct orders_world *w)
{
	struct batch b = order_form(w, "history", "00:1A:2B:00:00:00", 3);
	struct batch_event *v = NULL;
	struct item_event *it = NULL;
	int64_t total;
	size_t n = 0;

	orders_work_all(w);
	MUST(batch_history(&w->app, &w->ann, b.id, w->arena, &v, &n, me));
	CHECK(n == 4, "%s: %zu lines of history", check_on, n);
	if (n == 4) {
		CHECK(strcmp(v[0].status, "pending_creation") == 0 && strcmp(v[0].user_name, "ann #11") == 0 &&
		    strcmp(v[0].message, "Batch created") == 0, "%s: %s by %s: %s", check_on, v[0].status, v[0].user_name,
		    v[0].message);
		CHECK(strcmp(v[1].status, "pending_issue") == 0 && v[1].user_name[0] == '\0' && v[1].message[0] == '\0',
		    "%s: second line", check_on);
		CHECK(strcmp(v[2].status, "preparing_download") == 0 && v[2].message[0] == '\0', "%s: third line", check_on);
		CHECK(strcmp(v[3].status, "ready_for_download") == 0 &&
		    strcmp(v[3].message, "Processing batch CERT_RESULTS...") == 0, "%s: last line", check_on);
	}
	MUST(batch_items(&w->app, &w->ann, b.id, ITEM_ANY, -1, 0, 100, w->arena, &it, &n, &total, me));
	CHECK(n == 6 && total == 6, "%s: %zu events of %d", check_on, n, (int)total);
	if (n == 6) {
		CHECK(strcmp(it[2].name, "history-1") == 0 && strcmp(it[2].message, "Created from form line 1") == 0 &&
		    it[2].serial_number == NULL, "%s: %s: %s", check_on, it[2].name, it[2].message);
		CHECK(strcmp(it[3].message, "ISSUED") == 0 && strlen(it[3].serial_number) == 32, "%s: issued", check_on);
	}
	/* Page by page it is the same. */
	{
		int64_t after = -1;
		int seq = 0;
		size_t seen = 0;

		do {
			MUST(batch_items(&w->app, &w->ann, b.id, ITEM_ANY, after, seq, 1, w->arena, &it, &n, &total, me));
			seen += n;
			after = n > 0 ? it[0].index : after;
			seq = n > 0 ? it[0].seq : seq;
		} while (n == 1 && seen < 20);
		CHECK(seen == 6, "%s: %zu events one by one", check_on, seen);
	}
	CHECK(orders_quota(w, w->acme.id).issued == 3, "%s: issued", check_on);
}

static void
partly(struct orders_world *w)
{
	struct quota before = orders_quota(w, w->acme.id), after;
	struct batch b = order_form(w, "partly", "00:1A:2B:01:00:00", 40);
	struct item_event *it = NULL;
	int64_t total;
	size_t n;

	while (orders_work_one(w, 7))
		;
	b = orders_batch(w, b.id);
	after = orders_quota(w, w->acme.id);
	CHECK(strcmp(b.state, "issued_partly") == 0 && b.succeeded == 39 && b.failed == 1, "%s: %s, %d and %d", check_on,
	    b.state, (int)b.succeeded, (int)b.failed);
	CHECK(after.ordered == before.ordered + 39 && after.issued == before.issued + 39, "%s: a failed one is credited", check_on);
	MUST(batch_items(&w->app, &w->ann, b.id, ITEM_FAILED, -1, 0, 100, w->arena, &it, &n, &total, me));
	CHECK(n == 2 && total == 2 && it[1].index == 7 && strcmp(it[1].status, "failed") == 0, "%s: failures", check_on);
	MUST(batch_reject(&w->app, &w->ann, b.id, w->arena, &b, me));
	after = orders_quota(w, w->acme.id);
	CHECK(after.ordered == before.ordered && after.issued == before.issued, "%s: rejected: credited once", check_on);
	CHECK(orders_count(w, "SELECT count(*) FROM certificate WHERE state = 2") == 39, "%s: certificates rejected", check_on);
	b = order_form(w, "none", "00:1A:2B:01:00:00", 1);
	while (orders_work_one(w, 0))
		;
	CHECK(state_is(w, b.id, "failed") && orders_quota(w, w->acme.id).ordered == before.ordered, "%s: none made", check_on);
}

/* ---- leases ---- */

static void
leases(struct orders_world *w)
{
	struct batch b = order_form(w, "leases", "00:1A:2B:02:00:00", 10), x;
	struct work_slice s, t;
	uint8_t plan[10 * WORK_SERIAL_LEN];
	struct work_result *r;
	struct work_orphan orphans[10];
	bool found, known[10];
	const char *key_id;
	const uint8_t *sealed;
	struct err e = { 0 };
	size_t len;

	MUST(work_lease(&w->app, "w1", "another-host", 60, w->arena, &s, &found, me));
	CHECK(!found, "%s: leased by a host that can't read the password", check_on);
	MUST(work_lease(&w->app, "w1", HOST, 60, w->arena, &s, &found, me));
	CHECK(found && s.batch_id == b.id && s.size == 10 && s.sealed && s.plan == NULL, "%s: lease", check_on);
	MUST(work_lease(&w->app, "w2", HOST, 60, w->arena, &t, &found, me));
	CHECK(!found, "%s: leased twice", check_on);
	MUST(work_secret(&w->app, b.id, HOST, w->arena, &key_id, &sealed, &len, me));
	CHECK(len > 100, "%s: sealed password", check_on);
	CHECK(strstr(s.packaging, "\"p12_mode\":\"modern\"") != NULL && s.p12_salt != NULL, "%s: %s", check_on, s.packaging);
	CHECK(strcmp(s.parameters, "{\"organization_name\":\"Acme\"}") == 0 ||
	    strcmp(s.parameters, "{\"organization_name\": \"Acme\"}") == 0, "%s: %s", check_on, s.parameters);
	MUST(work_items(&w->app, &s, w->arena, me));
	CHECK(strcmp(s.items[9].inputs, "{\"mac_address\":\"00:1A:2B:02:00:09\"}") == 0, "%s: %s", check_on, s.items[9].inputs);
	r = orders_results(w, &s, -1);
	for (size_t i = 0; i < 10; i++)
		memcpy(plan + i * WORK_SERIAL_LEN, r[i].serial, WORK_SERIAL_LEN);
	MUST(work_plan(&w->app, &s, plan, 10, me));
	MUST(work_extend(&w->app, &s, 60, me));

	/* The lease runs out: another worker takes over, sees the plan, and the first can store nothing. */
	clock_shift(100);
	MUST(work_lease(&w->app, "w2", HOST, 60, w->arena, &t, &found, me));
	CHECK(found && t.plan_n == 10 && memcmp(t.plan, plan, sizeof(plan)) == 0 && t.attempts == 2, "%s: taken over", check_on);
	CHECK(!work_store(&w->app, &s, r, 10, &e) && e.kind == ERR_CONFLICT && strcmp(e.code, "slice_lost") == 0,
	    "%s: a lost lease: %s", check_on, e.msg);
	CHECK(!work_plan(&w->app, &s, plan, 10, &e) && !work_extend(&w->app, &s, 9, &e), "%s: a lost lease acts", check_on);
	CHECK(orders_count(w, "SELECT count(*) FROM certificate WHERE subject <> 'x'") ==
	    orders_count(w, "SELECT count(*) FROM certificate_serial"), "%s: serials", check_on);
	for (size_t i = 0; i < 10; i++)
		orphans[i] = (struct work_orphan){ .der = r[i].der, .der_len = r[i].der_len, .subject = r[i].subject,
		    .item_index = r[i].index, .not_before = r[i].not_before, .not_after = r[i].not_after };
	for (size_t i = 0; i < 10; i++)
		memcpy(orphans[i].serial, r[i].serial, WORK_SERIAL_LEN);
	MUST(work_orphans(&w->app, &t, orphans, 10, me));
	MUST(work_orphans(&w->app, &t, orphans, 10, me));
	MUST(work_serials_known(&w->app, (const uint8_t (*)[WORK_SERIAL_LEN])plan, 10, known, me));
	CHECK(known[0] && known[9], "%s: orphans are known", check_on);
	CHECK(orders_count(w, "SELECT count(*) FROM certificate WHERE state = 3") == 10, "%s: orphans once", check_on);

	/* Given back, taken again, done under new serials. */
	MUST(work_release(&w->app, &t, 0, me));
	CHECK(orders_work_one(w, -1), "%s: taken again", check_on);
	CHECK(state_is(w, b.id, "ready_for_download"), "%s: done", check_on);
	CHECK(!work_store(&w->app, &t, r, 10, &e), "%s: done twice", check_on);

	/* Rejected while it is being made. */
	b = order_form(w, "stop", "00:1A:2B:03:00:00", 10);
	MUST(work_lease(&w->app, "w1", HOST, 60, w->arena, &s, &found, me));
	MUST(work_items(&w->app, &s, w->arena, me));
	MUST(batch_reject(&w->app, &w->ann, b.id, w->arena, &x, me));
	e = (struct err){ 0 };
	CHECK(!work_store(&w->app, &s, orders_results(w, &s, -1), 10, &e) && strcmp(e.code, "slice_lost") == 0,
	    "%s: stored after a reject: %s", check_on, e.msg);
	CHECK(!work_secret(&w->app, b.id, HOST, w->arena, &key_id, &sealed, &len, &e) && e.kind == ERR_NOT_FOUND,
	    "%s: the password outlived the batch", check_on);
	CHECK(order_form(w, "again", "00:1A:2B:03:00:00", 10).size == 10, "%s: names are free after a reject", check_on);
	orders_work_all(w);
	clock_shift(0);
}

static bool
rename_ca(struct db *tx, void *arg, struct err *e)
{
	return db_run(tx, *(const bool *)arg ? "UPDATE ca SET name = name || '-away'" :
	    "UPDATE ca SET name = replace(name, '-away', '')", NO_ARGS, NULL, e);
}

static int64_t
planned(struct orders_world *w, const struct work_slice *s)
{
	return orders_count(w, arena_printf(w->arena, "SELECT length(plan) FROM slice WHERE batch_id = %lld AND slice_no = %lld"
	    " AND plan_host = '" HOST "'", (long long)s->batch_id, (long long)s->slice_no));
}

/* One slice ends and the next one begins in one transaction, or neither. */
static void
one_after_the_other(struct orders_world *w)
{
	struct batch b = order_form(w, "one after the other", "00:1D:D1:02:00:00", 600);
	const struct work_taker taker = { .owner = "w1", .host = HOST, .lease_s = 60, .arena = w->arena };
	struct work_slice s, next, other;
	struct work_result *r;
	struct err e = { 0 };
	bool found, away;

	MUST(work_lease(&w->app, "w1", HOST, 60, w->arena, &s, &found, me));
	CHECK(found && s.size == 16 && s.serials != NULL && planned(w, &s) == 16 * WORK_SERIAL_LEN,
	    "%s: serials are planned with the lease", check_on);
	MUST(work_items(&w->app, &s, w->arena, me));
	MUST(work_store_next(&w->app, &s, orders_results(w, &s, -1), 16, &taker, &next, &found, me));
	CHECK(found && next.batch_id == b.id && next.slice_no == s.slice_no + 1 && next.serials != NULL &&
	    planned(w, &next) == next.size * WORK_SERIAL_LEN, "%s: the next slice", check_on);
	CHECK(memcmp(next.serials[0], next.serials[1], WORK_SERIAL_LEN) != 0, "%s: one serial twice", check_on);

	/* A lease that was lost brings no other. */
	MUST(work_items(&w->app, &next, w->arena, me));
	r = orders_results(w, &next, -1);
	clock_shift(100);
	MUST(work_lease(&w->app, "w2", HOST, 60, w->arena, &s, &found, me));
	CHECK(found && s.slice_no == next.slice_no && s.serials == NULL && s.plan_n == (size_t)next.size &&
	    memcmp(s.plan, next.serials, s.plan_n * WORK_SERIAL_LEN) == 0, "%s: what was planned is to be settled", check_on);
	CHECK(!work_store_next(&w->app, &next, r, (size_t)next.size, &taker, &other, &found, &e) && !found &&
	    strcmp(e.code, "slice_lost") == 0, "%s: a lost lease: %s", check_on, e.msg);
	CHECK(orders_count(w, "SELECT count(*) FROM slice WHERE lease_owner = 'w1'") == 0, "%s: leased with a lost one", check_on);

	/* What is wrong with the next one does not keep this one from its end. */
	MUST(work_items(&w->app, &s, w->arena, me));
	r = orders_results(w, &s, -1);
	away = true;
	MUST(app_tx(&w->app, DB_WRITE, rename_ca, &away, me));
	MUST(work_store_next(&w->app, &s, r, (size_t)s.size, &taker, &next, &found, me));
	CHECK(!found && orders_count(w, "SELECT count(*) FROM slice WHERE lease_owner IS NOT NULL") == 0 &&
	    orders_batch(w, b.id).succeeded == 16 + s.size, "%s: stored without the next", check_on);
	away = false;
	MUST(app_tx(&w->app, DB_WRITE, rename_ca, &away, me));

	/* The last one has none behind it. */
	for (int i = 0; i < 2; i++) {
		MUST(work_lease(&w->app, "w1", HOST, 60, w->arena, &s, &found, me));
		MUST(work_items(&w->app, &s, w->arena, me));
		MUST(work_store_next(&w->app, &s, orders_results(w, &s, -1), (size_t)s.size, i == 0 ? NULL : &taker, &next,
		    &found, me));
		CHECK(!found, "%s: a slice that was not asked for, or is not there", check_on);
	}
	CHECK(state_is(w, b.id, "ready_for_download"), "%s: done", check_on);
	clock_shift(0);
}

/* Small orders and other organizations get their turn. */
static void
fairness(struct orders_world *w)
{
	struct order o;
	struct batch big, small, theirs;
	struct work_slice s;
	bool found;

	o = orders_form(w, "big", "00:1D:D1:00:00:00", 2000);
	big = orders_placed(w, &w->ann, &o);
	MUST(work_lease(&w->app, "w1", HOST, 60, w->arena, &s, &found, me));
	CHECK(found && s.batch_id == big.id && s.size == 16, "%s: the first slice is small (%d)", check_on, (int)s.size);
	o = orders_form(w, "theirs", "00:1D:D1:00:00:00", 600);
	theirs = orders_placed(w, &w->carl, &o);
	o = orders_form(w, "small", "00:1A:2B:04:00:00", 10);
	small = orders_placed(w, &w->ann, &o);
	MUST(work_lease(&w->app, "w2", HOST, 60, w->arena, &s, &found, me));
	CHECK(s.batch_id == theirs.id, "%s: an organization with nothing in work goes first", check_on);
	{
		int before_small = 0, of_theirs = 0, of_big = 0;

		for (int i = 0; i < 5; i++) {
			MUST(work_lease(&w->app, "w3", HOST, 60, w->arena, &s, &found, me));
			of_theirs += s.batch_id == theirs.id;
			of_big += s.batch_id == big.id;
			if (s.batch_id == small.id)
				before_small = i + 1;
		}
		CHECK(before_small > 0 && before_small <= 4, "%s: the small order came %d.", check_on, before_small);
		CHECK(of_theirs >= 1 && of_big >= 1, "%s: %d and %d of five", check_on, of_theirs, of_big);
	}
	MUST(batch_reject(&w->app, &w->ann, big.id, w->arena, &big, me));
	MUST(batch_reject(&w->app, &w->ann, small.id, w->arena, &small, me));
	MUST(batch_reject(&w->app, &w->carl, theirs.id, w->arena, &theirs, me));
	CHECK(orders_quota(w, w->other.id).ordered == 0, "%s: all of it credited", check_on);
}

/* ---- reject against download at the same moment ---- */

struct contest {
	struct orders_world	*w;
	int64_t			 id;
	bool			 reject, ok;
	struct err		 e;
};

static void *
contest(void *arg)
{
	struct contest *c = arg;
	OWN(arena_free) struct arena *a = arena_new((size_t)1 << 20);
	struct batch b;

	c->ok = c->reject ? batch_reject(&c->w->app, &c->w->ann, c->id, a, &b, &c->e) :
	    batch_mark_downloaded(&c->w->app, &c->w->ann, c->id, NULL, &c->e);
	return NULL;
}

static void
contests(struct orders_world *w)
{
	struct quota before = orders_quota(w, w->acme.id);
	int rejected = 0, rounds = 8;

	for (int i = 0; i < rounds; i++) {
		struct batch b = order_form(w, "contest", arena_printf(w->arena, "00:1A:2B:05:%02X:00", i), 4);
		struct contest c[2] = { { .w = w, .id = b.id, .reject = true }, { .w = w, .id = b.id } };
		pthread_t t[2];

		orders_work_all(w);
		for (int k = 0; k < 2; k++)
			(void)pthread_create(&t[(k + i) % 2], NULL, contest, &c[(k + i) % 2]);
		for (int k = 0; k < 2; k++)
			(void)pthread_join(t[k], NULL);
		CHECK(c[0].ok != c[1].ok, "%s: reject %d (%s), download %d (%s)", check_on, c[0].ok, c[0].e.msg, c[1].ok,
		    c[1].e.msg);
		CHECK((c[0].ok ? &c[1].e : &c[0].e)->kind == ERR_CONFLICT, "%s: the loser: %s %s", check_on,
		    (c[0].ok ? &c[1].e : &c[0].e)->msg, (c[0].ok ? &c[1].e : &c[0].e)->trail);
		CHECK(state_is(w, b.id, c[0].ok ? "rejected" : "downloaded"), "%s: the winner's state", check_on);
		rejected += c[0].ok;
	}
	CHECK(orders_quota(w, w->acme.id).ordered == before.ordered + 4 * (rounds - rejected), "%s: quota after contests", check_on);
}

/* ---- revoking ---- */

static void
revoking(struct orders_world *w)
{
	struct batch b = order_form(w, "revoke", "00:1A:2B:06:00:00", 5), x;
	struct certificate_search search = { .batch_id = b.id, .status = -1, .limit = 10 };
	struct certificate_page p;
	struct certificate_detail d;
	struct faults f = { .arena = w->arena };
	struct quota before;
	const char *serials[6];
	int64_t revoked, already;
	struct err e = { 0 };

	CHECK(!batch_revoke(&w->app, &w->ann, b.id, REASON_SUPERSEDED, w->arena, &x, &e) && e.kind == ERR_CONFLICT,
	    "%s: revoked before it is made", check_on);
	orders_work_all(w);
	before = orders_quota(w, w->acme.id);
	MUST(certificate_list(&w->app, &w->ann, &search, w->arena, &p, me));
	CHECK(p.n == 5 && p.total == 5 && !p.more, "%s: %zu certificates", check_on, p.n);
	for (size_t i = 0; i < 5 && i < p.n; i++) {
		char *hex = arena_alloc(w->arena, 48);

		hex_upper(p.list[i].serial, 16, hex);
		serials[p.list[i].item_index] = hex;
	}
	CHECK(!certificate_fetch(&w->app, &w->ann, serials[0], w->arena, &d, &e) && strcmp(e.code, "not_downloaded") == 0,
	    "%s: fetched before its batch: %s", check_on, e.msg);
	serials[5] = "00112233445566778899AABBCCDDEEFF";
	e = (struct err){ 0 };
	CHECK(!certificate_revoke(&w->app, &w->ann, serials, 6, &(struct revocation){ .reason = REASON_SUPERSEDED }, &revoked, &already, &f, &e) &&
	    f.n == 1 && strcmp(f.list[0].field, "serial_numbers[5]") == 0, "%s: an unknown serial: %s", check_on, e.msg);
	CHECK(!certificate_revoke(&w->app, &w->carl, serials, 1, &(struct revocation){ .reason = REASON_SUPERSEDED }, &revoked, &already, &f, &e) && f.n == 1,
	    "%s: another organization's: %s", check_on, e.msg);
	e = (struct err){ 0 };
	CHECK(!certificate_revoke(&w->app, &w->ann, serials, 1, &(struct revocation){ .reason = REASON_PRIVILEGE_WITHDRAWN }, &revoked, &already, &f, &e) &&
	    e.kind == ERR_INVALID, "%s: an operators' reason: %s", check_on, e.msg);
	CHECK(!certificate_revoke(&w->app, &w->ann, serials, 1, &(struct revocation){ .reason = REASON_CESSATION_OF_OPERATION }, &revoked, &already, &f, &e) &&
	    e.kind == ERR_INVALID, "%s: a reason that the profile does not allow: %s", check_on, e.msg);
	MUST(certificate_revoke(&w->app, &w->ann, serials, 2, &(struct revocation){ .reason = REASON_KEY_COMPROMISE }, &revoked, &already, &f, me));
	CHECK(revoked == 2 && already == 0, "%s: two revoked", check_on);
	MUST(certificate_revoke(&w->app, &w->ann, serials, 3, &(struct revocation){ .reason = REASON_SUPERSEDED }, &revoked, &already, &f, me));
	CHECK(revoked == 1 && already == 2, "%s: one more", check_on);
	MUST(certificate_get(&w->app, &w->ann, serials[0], w->arena, &d, me));
	CHECK(d.c.reason == REASON_KEY_COMPROMISE, "%s: the first reason stays", check_on);
	CHECK(order_form(w, "spare", "00:1A:2B:06:00:00", 3).size == 3, "%s: revoked names are free", check_on);
	CHECK(state_is(w, b.id, "ready_for_download"), "%s: its siblings stand", check_on);
	MUST(certificate_revoke(&w->app, &w->operator, serials, 5, &(struct revocation){ .reason = REASON_PRIVILEGE_WITHDRAWN }, &revoked, &already, &f, me));
	CHECK(revoked == 2 && state_is(w, b.id, "revoked"), "%s: the last one takes the batch with it", check_on);
	orders_work_all(w);

	b = order_form(w, "whole", "00:1A:2B:07:00:00", 5);
	orders_work_all(w);
	MUST(batch_revoke(&w->app, &w->ann, b.id, REASON_SUPERSEDED, w->arena, &b, me));
	CHECK(strcmp(b.state, "revoked") == 0 && b.revoked == 5, "%s: %s, %d revoked", check_on, b.state, (int)b.revoked);
	CHECK(orders_quota(w, w->acme.id).ordered == before.ordered + 3 + 5, "%s: no credit for revoked ones", check_on);
	e = (struct err){ 0 };
	CHECK(!batch_mark_downloaded(&w->app, &w->ann, b.id, NULL, &e) && e.kind == ERR_CONFLICT, "%s: revoked is not fetched", check_on);
	CHECK(order_form(w, "whole again", "00:1A:2B:07:00:00", 5).size == 5, "%s: names of a revoked batch", check_on);
	orders_work_all(w);
}

/* ---- lists, tenants, expiry ---- */

static void
lists(struct orders_world *w)
{
	struct batch_filter f = { .limit = 1000, .descending = true };
	struct certificate_search s = { .status = -1, .limit = 7, .descending = true, .subject = "o=acme" };
	struct certificate_page p = { 0 };
	struct batch *list, x;
	struct err e = { 0 };
	int64_t total, all, seen = 0;
	size_t n;

	MUST(batch_list(&w->app, &w->carl, &f, w->arena, &list, &n, &total, me));
	for (size_t i = 0; i < n; i++)
		CHECK(list[i].organization_id == w->other.id, "%s: a foreign batch in the list", check_on);
	f = (struct batch_filter){ .limit = 1000, .name_part = "HISTO" };
	MUST(batch_list(&w->app, &w->ann, &f, w->arena, &list, &n, &total, me));
	CHECK(n == 1 && total == 1, "%s: by a part of the name, any case: %zu", check_on, n);
	f = (struct batch_filter){ .limit = 1000, .name_part = "%" };
	MUST(batch_list(&w->app, &w->ann, &f, w->arena, &list, &n, &total, me));
	CHECK(n == 0, "%s: a percent sign is itself", check_on);
	CHECK(!batch_find(&w->app, &w->carl, list[0].id == 0 ? 100001 : 100001, w->arena, &x, &e) && e.kind == ERR_NOT_FOUND,
	    "%s: a foreign batch", check_on);
	for (int sort = BATCH_BY_ID; sort <= BATCH_BY_STATE; sort++) {
		for (int down = 0; down < 2; down++) {
			int64_t got = 0, last = 0;

			f = (struct batch_filter){ .limit = 3, .sort = (enum batch_sort)sort, .descending = down == 1 };
			do {
				MUST(batch_list(&w->app, &w->ann, &f, w->arena, &list, &n, &total, me));
				got += (int64_t)n;
				if (n > 0) {
					const struct batch *b = &list[n - 1];

					CHECK(b->id != last, "%s: a page ends where the last one did", check_on);
					last = b->id;
					f.after = true;
					f.after_id = b->id;
					f.after_int = sort == BATCH_BY_SIZE ? b->size : b->created_at;
					f.after_text = sort == BATCH_BY_NAME ? b->name : b->state;
				}
			} while (n == 3 && got < 1000);
			CHECK(got == total, "%s: sort %d: %d of %d in pages", check_on, sort, (int)got, (int)total);
		}
	}
	all = orders_count(w, "SELECT count(*) FROM certificate c JOIN batch b ON b.id = c.batch_id WHERE c.state <> 3");
	s.organization_id = 0;
	do {
		MUST(certificate_list(&w->app, &w->operator, &s, w->arena, &p, me));
		seen += (int64_t)p.n;
		s.after = true;
		s.after_id = p.next_id;
	} while (p.more && seen < 10000);
	CHECK(seen == all && p.total == all, "%s: %d of %d certificates in pages", check_on, (int)seen, (int)all);
	for (int sort = CERTIFICATE_BY_CREATED_AT; sort <= CERTIFICATE_BY_NOT_AFTER; sort++) {
		s = (struct certificate_search){ .status = -1, .limit = 9, .sort = (enum certificate_sort)sort };
		seen = 0;
		do {
			MUST(certificate_list(&w->app, &w->operator, &s, w->arena, &p, me));
			seen += (int64_t)p.n;
			s.after = true;
			s.after_id = p.next_id;
			s.after_int = p.next_int;
			memcpy(s.after_serial, p.next_serial, sizeof(s.after_serial));
		} while (p.more && seen < 10000);
		CHECK(seen == all, "%s: sort %d: %d of %d certificates", check_on, sort, (int)seen, (int)all);
	}
	s = (struct certificate_search){ .status = STATUS_REVOKED, .limit = 1000, .name = "revoke-3" };
	MUST(certificate_list(&w->app, &w->ann, &s, w->arena, &p, me));
	CHECK(p.n == 1 && p.list[0].item_index == 3, "%s: by name: %zu", check_on, p.n);
	{
		char hex[33], part[33];

		hex_upper(p.list[0].serial, 16, hex);
		(void)snprintf(part, sizeof(part), "%.29s", hex + 2);
		s = (struct certificate_search){ .status = -1, .limit = 10, .serial_number = part };
		MUST(certificate_list(&w->app, &w->ann, &s, w->arena, &p, me));
		CHECK(p.n == 1, "%s: by a part of the serial number", check_on);
		s.serial_number = hex;
		s.from = clock_now_s() - 3600;
		s.to = clock_now_s() + 3600;
		MUST(certificate_list(&w->app, &w->ann, &s, w->arena, &p, me));
		CHECK(p.n == 1, "%s: by the whole of it and dates", check_on);
		s.to = clock_now_s() - 86400 * 7;
		s.from = 0;
		MUST(certificate_list(&w->app, &w->ann, &s, w->arena, &p, me));
		CHECK(p.n == 0, "%s: from before there was any", check_on);
	}
}

static void
expiry(struct orders_world *w)
{
	struct batch b = order_form(w, "old", "00:1A:2B:08:00:00", 20);
	struct err e = { 0 };
	bool did;

	orders_work_all(w);
	CHECK(orders_batch(w, b.id).expires_at > clock_now_s() + 89 * 86400, "%s: days to live", check_on);
	clock_shift(91 * 86400);
	do
		MUST(work_housekeeping(&w->app, &did, me));
	while (did);
	CHECK(state_is(w, b.id, "expired"), "%s: expired", check_on);
	CHECK(orders_count(w, "SELECT count(*) FROM slice_file") == 0, "%s: results are purged", check_on);
	CHECK(orders_count(w, "SELECT count(*) FROM batch WHERE rest <> 'none'") == 0, "%s: rests are done", check_on);
	CHECK(!batch_mark_downloaded(&w->app, &w->ann, b.id, NULL, &e) && e.kind == ERR_CONFLICT, "%s: purged is not fetched", check_on);
	clock_shift(0);
}

/* Ledger and numbers agree, whatever happened. */
static void
sums(struct orders_world *w)
{
	CHECK(orders_count(w, "SELECT count(*) FROM quota q WHERE q.ordered <> (SELECT sum(x.ordered) FROM quota_entry x WHERE"
	    " x.organization_id = q.organization_id AND x.profile_id = q.profile_id) OR q.issued <> (SELECT sum(x.issued) FROM"
	    " quota_entry x WHERE x.organization_id = q.organization_id AND x.profile_id = q.profile_id)") == 0,
	    "%s: the ledger is not the quota", check_on);
	CHECK(orders_count(w, "SELECT count(*) FROM quota q WHERE q.ordered <> (SELECT coalesce(sum(b.charged), 0) FROM batch b"
	    " WHERE b.organization_id = q.organization_id)") == 0, "%s: charges are not the quota", check_on);
	CHECK(orders_count(w, "SELECT count(*) FROM batch b WHERE b.succeeded <> (SELECT count(*) FROM certificate c"
	    " WHERE c.batch_id = b.id AND c.state <> 3)") == 0, "%s: certificates are not the progress", check_on);
	CHECK(orders_count(w, "SELECT count(*) FROM batch_secret") == 0, "%s: a secret is left", check_on);
	CHECK(orders_count(w, "SELECT count(*) FROM device_name d WHERE NOT EXISTS (SELECT 1 FROM certificate c WHERE"
	    " c.batch_id = d.batch_id AND c.item_index = d.item_index AND c.state = 0)") == 0, "%s: names without a living certificate", check_on);
}

static void
all(enum db_engine engine, const char *uri)
{
	struct orders_world w;

	(void)engine;
	orders_world_make(&w, uri, 5000);
	history(&w);
	partly(&w);
	leases(&w);
	one_after_the_other(&w);
	fairness(&w);
	contests(&w);
	revoking(&w);
	lists(&w);
	expiry(&w);
	sums(&w);
	orders_world_free(&w);
}

int
main(void)
{
	secret_init();
	table();
	check_db_on_both(all);
	return check_done();
}
