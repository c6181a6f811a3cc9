/* Revocation of all that a search finds: the number expected, holds, what others own. */
#include "check_orders.h"
#include "domain/certificate/revoke_filter.h"

static const struct revocation superseded = { .reason = REASON_SUPERSEDED };

static bool
matching(struct orders_world *w, const struct actor *who, const struct certificate_search *s, int64_t expected,
    struct revoke_filter_result *out, struct err *e)
{
	*e = (struct err){ 0 };
	return revoke_filter(&w->app, who, s, expected, &superseded, out, e);
}

static void
filters(struct orders_world *w)
{
	struct order o = orders_form(w, "first", "00:1A:2B:00:00:00", 1200), p = orders_form(w, "second", "00:1A:2B:01:00:00", 5);
	struct batch a = orders_placed(w, &w->ann, &o), b = orders_placed(w, &w->carl, &p);
	struct certificate_search all = { .status = -1 }, s = { .status = -1, .batch_id = a.id };
	struct revoke_filter_result out;
	struct err e;

	orders_work_all(w);
	CHECK(!matching(w, &w->ann, &all, -1, &out, &e) && e.kind == ERR_INVALID, "%s: everything", check_on);
	CHECK(matching(w, &w->ann, &s, -1, &out, &e) && out.certificates == 1200 && out.revoked == 1200 && out.already == 0,
	    "%s: dry run of %d: %s", check_on, (int)out.certificates, e.msg);
	CHECK(!matching(w, &w->ann, &s, 1199, &out, &e) && e.kind == ERR_CONFLICT && strcmp(e.code, "expected") == 0,
	    "%s: another number than expected", check_on);
	CHECK(orders_count(w, "SELECT count(*) FROM certificate WHERE state <> 0") == 0, "%s: revoked by trying", check_on);
	/* Another organization's are not found at all. */
	s.batch_id = b.id;
	CHECK(matching(w, &w->ann, &s, -1, &out, &e) && out.certificates == 0, "%s: another's batch", check_on);
	s = (struct certificate_search){ .status = -1, .name = "FIRST-11" };
	CHECK(matching(w, &w->ann, &s, -1, &out, &e) && out.revoked == 111, "%s: %d by part of a name", check_on,
	    (int)out.revoked);
	CHECK(matching(w, &w->ann, &s, 111, &out, &e) && out.revoked == 111 && out.remaining == 0, "%s: %s", check_on, e.msg);
	CHECK(matching(w, &w->ann, &s, 0, &out, &e) && out.revoked == 0 && out.already == 111, "%s: once more", check_on);
	s = (struct certificate_search){ .status = STATUS_ISSUED, .profile_id = PROFILE_ID };
	CHECK(matching(w, &w->ann, &s, 1089, &out, &e) && out.revoked == 1089, "%s: the rest, %d: %s", check_on,
	    (int)out.revoked, e.msg);
	CHECK(strcmp(orders_batch(w, a.id).state, "revoked") == 0, "%s: %s", check_on, orders_batch(w, a.id).state);
	CHECK(strcmp(orders_batch(w, b.id).state, "ready_for_download") == 0, "%s: %s", check_on, orders_batch(w, b.id).state);
	/* An operator sees all. */
	s = (struct certificate_search){ .status = -1, .organization_id = w->other.id };
	CHECK(matching(w, &w->operator, &s, 5, &out, &e) && out.revoked == 5, "%s: by the operator: %s", check_on, e.msg);
	CHECK(orders_count(w, "SELECT count(*) FROM certificate WHERE state = 1") == 1205, "%s: revoked", check_on);
	{
		struct actor viewer = orders_actor("vera", 14, ROLE_VIEWER, w->acme.id);

		CHECK(!matching(w, &viewer, &s, -1, &out, &e) && e.kind == ERR_FORBIDDEN, "%s: a viewer", check_on);
	}
}

static void
all(enum db_engine engine, const char *uri)
{
	struct orders_world w;

	(void)engine;
	orders_world_make(&w, uri, 5000);
	filters(&w);
	orders_world_free(&w);
}

int
main(void)
{
	secret_init();
	check_db_on_both(all);
	return check_done();
}
