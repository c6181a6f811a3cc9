/* Figures that certificates and the quota ledger leave behind: every check on both engines. */
#include <inttypes.h>

#include "base/arena.h"
#include "check_db.h"
#include "store/certificate.h"
#include "store/quota.h"
#include "store/tally.h"

#define on check_on
#define DAY INT64_C(86400)
#define NOW (20000 * DAY + 3600)		/* 2024-10-04 */
#define MARCH (20538 * DAY)			/* 2026-03-26 */
#define FIRST_OF_MARCH INT64_C(20513)

struct world {
	struct db	*db;
	struct arena	*arena;
};

static int64_t
sum(struct world *w, enum tally_kind kind, int64_t organization_id, int64_t profile_id, int64_t first, int64_t last)
{
	struct tally_sum *list;
	struct err e = { 0 };
	int64_t total = 0;
	size_t n;

	if (!CHECK(store_tally_by_day(w->db, kind, organization_id, profile_id, first, last, w->arena, &list, &n, &e),
	    "%s: %s", on, e.trail))
		return -1;
	for (size_t i = 0; i < n; i++)
		total += list[i].n;
	return total;
}

static void
days(void)
{
	CHECK(tally_day(TALLY_ISSUED, NOW) == 20000, "%" PRId64, tally_day(TALLY_ISSUED, NOW));
	CHECK(tally_day(TALLY_EXPIRING, MARCH + 5) == FIRST_OF_MARCH, "%" PRId64, tally_day(TALLY_EXPIRING, MARCH));
	CHECK(tally_day(TALLY_EXPIRING, FIRST_OF_MARCH * DAY) == FIRST_OF_MARCH, "the first itself");
	CHECK(tally_day(TALLY_EXPIRING, FIRST_OF_MARCH * DAY - 1) < FIRST_OF_MARCH - 20, "the last of February");
}

/* n certificates of one profile, ids and serials from `from` on. */
static void
issue(struct world *w, int64_t from, int64_t profile_id, size_t n, int64_t not_after, enum certificate_state state)
{
	struct certificate *c = arena_array(w->arena, n, sizeof(*c));
	struct err e = { 0 };

	for (size_t i = 0; i < n; i++) {
		c[i] = (struct certificate){ .id = from + (int64_t)i, .batch_id = 7, .item_index = from + (int64_t)i,
		    .organization_id = 1, .profile_id = profile_id, .ca_id = 1, .state = state, .created_at = NOW,
		    .not_before = NOW, .not_after = not_after, .subject = "CN=x", .revoked_at = NOW, .reason = 0,
		    .der = (const uint8_t *)"x", .der_len = 1 };
		c[i].serial[0] = (uint8_t)(from >> 8);
		c[i].serial[1] = (uint8_t)from;
		c[i].serial[2] = (uint8_t)(i >> 8);
		c[i].serial[3] = (uint8_t)i;
	}
	CHECK(db_begin(w->db, DB_WRITE, &e) && store_certificate_add(w->db, c, n, &e) && db_commit(w->db, &e), "%s: %s",
	    on, e.trail);
}

static void
certificates(struct world *w)
{
	struct err e = { 0 };
	int64_t changed = 0;
	bool one = false;

	issue(w, 1000, 51, 300, MARCH, CERTIFICATE_ISSUED);
	issue(w, 2000, 52, 5, NOW + 9000 * DAY, CERTIFICATE_ISSUED);
	issue(w, 3000, 51, 2, MARCH, CERTIFICATE_ORPHAN);
	CHECK(sum(w, TALLY_ISSUED, 1, 0, 20000, 20000) == 305, "%s: issued", on);
	CHECK(sum(w, TALLY_ISSUED, 1, 52, 20000, 20000) == 5, "%s: issued of one profile", on);
	CHECK(sum(w, TALLY_ISSUED, 0, 0, 0, 30000) == 305, "%s: of all", on);
	CHECK(sum(w, TALLY_ISSUED, 2, 0, 0, 30000) == 0, "%s: of another organization", on);
	CHECK(sum(w, TALLY_ISSUED, 1, 0, 20001, 30000) == 0, "%s: of other days", on);
	CHECK(sum(w, TALLY_EXPIRING, 1, 0, FIRST_OF_MARCH, FIRST_OF_MARCH) == 300, "%s: expiring, without orphans", on);

	CHECK(db_begin(w->db, DB_WRITE, &e) && store_certificate_revoke(w->db, 1000, CERTIFICATE_REVOKED, NOW + DAY, 1,
	    &one, &e) && db_commit(w->db, &e) && one, "%s: %s", on, e.trail);
	CHECK(db_begin(w->db, DB_WRITE, &e) && store_certificate_revoke(w->db, 1000, CERTIFICATE_REVOKED, NOW + DAY, 1,
	    &one, &e) && db_commit(w->db, &e) && !one, "%s: a second time is nothing: %s", on, e.trail);
	CHECK(db_begin(w->db, DB_WRITE, &e) && store_certificate_revoke_range(w->db, 7, 1000, 1100,
	    CERTIFICATE_REJECTED, NOW + DAY, 0, &changed, &e) && db_commit(w->db, &e), "%s: %s", on, e.trail);
	CHECK(changed == 99, "%s: %" PRId64 " of the range", on, changed);
	CHECK(sum(w, TALLY_REVOKED, 1, 51, 20001, 20001) == 1, "%s: revoked", on);
	CHECK(sum(w, TALLY_REJECTED, 1, 51, 20001, 20001) == 99, "%s: rejected", on);
	CHECK(sum(w, TALLY_EXPIRING, 1, 51, FIRST_OF_MARCH, FIRST_OF_MARCH) == 200, "%s: expiring, less what is revoked", on);
}

static void
orders(struct world *w)
{
	struct quota_entry q = { .organization_id = 1, .profile_id = 51, .kind = "order", .ordered = 40, .batch_id = 7,
	    .reason = "", .actor = "x", .at = NOW };
	struct tally_sum *list;
	struct err e = { 0 };
	size_t n;

	CHECK(db_begin(w->db, DB_WRITE, &e) && store_quota_entry_add(w->db, &q, &e), "%s: %s", on, e.trail);
	q.kind = "credit_failed";
	q.ordered = -3;
	CHECK(store_quota_entry_grow(w->db, &q, &e) && store_quota_entry_grow(w->db, &q, &e), "%s: %s", on, e.trail);
	q.kind = "issued";
	q.ordered = 0;
	CHECK(store_quota_entry_grow(w->db, &q, &e) && db_commit(w->db, &e), "%s: %s", on, e.trail);
	if (CHECK(store_tally_by_profile(w->db, TALLY_ORDERED, 1, 19990, 20000, w->arena, &list, &n, &e), "%s: %s", on,
	    e.trail))
		CHECK(n == 1 && list[0].key == 51 && list[0].n == 34, "%s: ordered less what was given back", on);
}

static void
sheets(struct world *w)
{
	struct tally_sheet s = { .n = 0 };
	struct err e = { 0 };

	CHECK(db_begin(w->db, DB_WRITE, &e), "%s: %s", on, e.trail);
	for (int64_t i = 0; i < 200; i++)
		CHECK(tally_note(w->db, &s, TALLY_ISSUED, 9, 100 + i % 100, NOW, 1, &e), "%s: %s", on, e.trail);
	CHECK(tally_write(w->db, &s, &e) && s.n == 0 && db_commit(w->db, &e), "%s: %s", on, e.trail);
	CHECK(sum(w, TALLY_ISSUED, 9, 0, 20000, 20000) == 200, "%s: a full sheet is written and goes on", on);
	CHECK(sum(w, TALLY_ISSUED, 9, 150, 20000, 20000) == 2, "%s: one of them", on);
}

static void
all(enum db_engine engine, const char *uri)
{
	struct world w = { .arena = arena_new((size_t)16 * 1024 * 1024) };
	struct err e = { 0 };

	(void)engine;
	CHECK(db_open(uri, DB_WRITE, &w.db, &e) && db_migrate(w.db, db_migrations, db_migrations_n, &e), "%s: %s %s", on,
	    e.msg, e.trail);
	certificates(&w);
	orders(&w);
	sheets(&w);
	db_close(w.db);
	arena_free(w.arena);
}

int
main(void)
{
	days();
	check_db_on_both(all);
	return check_done();
}
