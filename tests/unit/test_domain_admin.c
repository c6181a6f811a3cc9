/* What administrators and operators look at and change: every check on both engines. */
#include "check_orders.h"
#include "domain/audit/audit_chain.h"
#include "domain/audit/audit_view.h"
#include "domain/certificate/authority.h"
#include "domain/dashboard.h"
#include "domain/quota/ledger.h"
#include "domain/account/user.h"

#define on check_on

static struct user
person(struct orders_world *w, const char *username, enum role role, int64_t organization_id)
{
	struct user_new in = { .username = username, .full_name = "A Person", .email = "a@example.org", .role = role,
	    .organization_id = organization_id };
	struct faults f = { .arena = w->arena };
	struct user u = { 0 };

	MUST(user_create(&w->app, &w->operator, &in, w->arena, &u, &f, me));
	return u;
}

/* Names of a page, joined: "ann bea". */
static const char *
users(struct orders_world *w, const struct actor *who, struct user_filter f, int64_t *total)
{
	struct user_row *rows = NULL;
	OWN_STR struct str s = { 0 };
	size_t n = 0;

	MUST(user_search(&w->app, who, &f, w->arena, &rows, &n, total, me));
	for (size_t i = 0; i < n; i++)
		str_addf(&s, "%s%s", i > 0 ? " " : "", rows[i].user.username);
	return s.len == 0 ? "" : arena_strdup(w->arena, s.p);
}

static void
lists_of_users(struct orders_world *w)
{
	struct user_filter f = { .organization_id = -1, .limit = 10 };
	int64_t total = 0;

	CHECK(strcmp(users(w, &w->operator, f, &total), "adam berta carol root2") == 0 && total == 4, "%s: all", on);
	CHECK(strcmp(users(w, &w->ann, f, &total), "adam berta") == 0 && total == 2, "%s: an administrator's own", on);
	f.descending = true;
	f.limit = 2;
	CHECK(strcmp(users(w, &w->operator, f, &total), "root2 carol") == 0 && total == 4, "%s: descending", on);
	f.after_username = "carol";
	f.after_id = 1;
	CHECK(strcmp(users(w, &w->operator, f, &total), "berta adam") == 0, "%s: the next page", on);
	f = (struct user_filter){ .organization_id = -1, .limit = 10, .username_part = "AR" };
	CHECK(strcmp(users(w, &w->operator, f, &total), "carol") == 0 && total == 1, "%s: part, any case", on);
	f.username_part = "_";
	CHECK(strcmp(users(w, &w->operator, f, &total), "") == 0 && total == 0, "%s: _ is itself", on);
	f = (struct user_filter){ .organization_id = -1, .limit = 10, .role = "viewer" };
	CHECK(strcmp(users(w, &w->operator, f, &total), "berta") == 0, "%s: by role", on);
	f = (struct user_filter){ .organization_id = w->other.id, .limit = 10 };
	CHECK(strcmp(users(w, &w->operator, f, &total), "carol") == 0, "%s: by organization", on);
	CHECK(strcmp(users(w, &w->ann, f, &total), "") == 0 && total == 0, "%s: another's is empty", on);
	f.organization_id = 0;
	CHECK(strcmp(users(w, &w->operator, f, &total), "root2") == 0, "%s: of the instance", on);
}

static void
memberships(struct orders_world *w, const struct user *berta, const struct user *carol)
{
	static const int64_t granted[] = { PROFILE_ID }, unknown[] = { PROFILE_ID, 4711 };
	struct membership_new in = { .user_id = berta->id, .organization_id = w->acme.id, .role = ROLE_ORDERER,
	    .profile_ids = granted, .profile_ids_n = 1 };
	struct user_filter filter = { .organization_id = w->acme.id, .limit = 10, .username_part = "berta" };
	struct faults f = { .arena = w->arena };
	struct membership *m;
	struct user_row *rows;
	struct err e = { 0 };
	int64_t total;
	size_t n;

	MUST(membership_set(&w->app, &w->ann, &in, &f, me));
	MUST(user_memberships(&w->app, &w->ann, berta->id, w->arena, &m, &n, me));
	CHECK(n == 1 && strcmp(m[0].role, "orderer") == 0 && m[0].profile_ids_n == 1 && m[0].profile_ids[0] == PROFILE_ID,
	    "%s: narrowed", on);
	MUST(user_search(&w->app, &w->ann, &filter, w->arena, &rows, &n, &total, me));
	CHECK(n == 1 && rows[0].memberships_n == 1 && rows[0].memberships[0].profile_ids_n == 1 &&
	    strcmp(rows[0].memberships[0].organization_name, "Acme") == 0, "%s: in the list too", on);
	in.profile_ids = unknown;
	in.profile_ids_n = 2;
	CHECK(!membership_set(&w->app, &w->ann, &in, &f, &e) && e.kind == ERR_INVALID && f.n == 1 &&
	    strcmp(f.list[0].field, "profile_ids[1]") == 0, "%s: a profile that is not granted", on);
	MUST(membership_put(&w->app, &w->ann, berta->id, w->acme.id, ROLE_VIEWER, me));
	MUST(user_memberships(&w->app, &w->ann, berta->id, w->arena, &m, &n, me));
	CHECK(n == 1 && m[0].profile_ids_n == 0, "%s: all profiles again", on);

	in = (struct membership_new){ .user_id = carol->id, .organization_id = w->acme.id, .role = ROLE_VIEWER };
	err_clear(&e);
	CHECK(!membership_set(&w->app, &w->ann, &in, &f, &e) && e.kind == ERR_NOT_FOUND, "%s: a stranger", on);
	MUST(membership_set(&w->app, &w->operator, &in, &f, me));
	MUST(user_memberships(&w->app, &w->operator, carol->id, w->arena, &m, &n, me));
	CHECK(n == 2, "%s: of two organizations now", on);
	MUST(user_memberships(&w->app, &w->ann, carol->id, w->arena, &m, &n, me));
	CHECK(n == 1 && m[0].organization_id == w->acme.id, "%s: the other one is not shown", on);
}

static void
shared_accounts(struct orders_world *w, const struct user *carol, const struct user *adam)
{
	struct user_change change = { .email = "mine@example.org" }, off = { .status = "disabled" };
	struct actor self = orders_actor("adam", adam->id, ROLE_ORGANIZATION_ADMIN, w->acme.id);
	struct faults f = { .arena = w->arena };
	struct user u;
	struct err e = { 0 };

	CHECK(!user_update(&w->app, &w->ann, carol->id, &change, w->arena, &u, &f, &e) && e.kind == ERR_FORBIDDEN,
	    "%s: an account of two organizations: %s", on, e.msg);
	MUST(user_update(&w->app, &w->operator, carol->id, &change, w->arena, &u, &f, me));
	MUST(membership_drop(&w->app, &w->ann, carol->id, w->acme.id, me));
	err_clear(&e);
	CHECK(!user_update(&w->app, &self, adam->id, &off, w->arena, &u, &f, &e) && e.kind == ERR_CONFLICT,
	    "%s: oneself: %s", on, e.msg);
	err_clear(&e);
	CHECK(!membership_put(&w->app, &self, adam->id, w->acme.id, ROLE_VIEWER, &e) && e.kind == ERR_CONFLICT,
	    "%s: one's own role", on);
	err_clear(&e);
	CHECK(!membership_drop(&w->app, &self, adam->id, w->acme.id, &e) && e.kind == ERR_CONFLICT,
	    "%s: one's own membership", on);
	self.role = ROLE_VIEWER;
	self.rights = role_rights(ROLE_VIEWER);
	err_clear(&e);
	CHECK(!user_update(&w->app, &self, adam->id, &change, w->arena, &u, &f, &e) && e.kind == ERR_FORBIDDEN,
	    "%s: a viewer", on);
}

static void
organizations(struct orders_world *w)
{
	struct organization_filter f = { .by_name = true, .descending = true, .limit = 10 };
	const int64_t ids[] = { w->acme.id, 0, w->other.id, w->acme.id };
	const char *names[4];
	struct organization *list;
	int64_t total;
	size_t n;

	MUST(organization_search(&w->app, &w->operator, &f, w->arena, &list, &n, &total, me));
	CHECK(n == 2 && total == 2 && strcmp(list[0].name, "Other") == 0, "%s: by name", on);
	f.after_name = "Other";
	f.after_id = w->other.id;
	MUST(organization_search(&w->app, &w->operator, &f, w->arena, &list, &n, &total, me));
	CHECK(n == 1 && strcmp(list[0].name, "Acme") == 0, "%s: the next page", on);
	f = (struct organization_filter){ .name_part = "THE", .limit = 10 };
	MUST(organization_search(&w->app, &w->operator, &f, w->arena, &list, &n, &total, me));
	CHECK(n == 1 && list[0].id == w->other.id, "%s: by part", on);
	f = (struct organization_filter){ .limit = 10 };
	MUST(organization_search(&w->app, &w->ann, &f, w->arena, &list, &n, &total, me));
	CHECK(n == 1 && list[0].id == w->acme.id, "%s: one's own", on);
	MUST(organization_names(&w->app, &w->ann, ids, 4, w->arena, names, me));
	CHECK(names[0] != NULL && strcmp(names[0], "Acme") == 0 && names[1] == NULL && names[2] == NULL &&
	    names[3] == names[0], "%s: names of what one sees", on);
}

static void
ledgers(struct orders_world *w)
{
	struct quota_line *lines, line;
	struct quota_entry *entries, made;
	struct err e = { 0 };
	int64_t total;
	size_t n;

	MUST(quota_book(&w->app, &w->operator, w->acme.id, PROFILE_ID, 25, "contract 2", w->arena, &made, me));
	CHECK(made.allocated == 25 && strcmp(made.kind, "top_up") == 0 && strcmp(made.reason, "contract 2") == 0,
	    "%s: the line that was booked", on);
	MUST(ledger_lines(&w->app, &w->ann, w->acme.id, 0, 10, w->arena, &lines, &n, &total, me));
	CHECK(n == 1 && total == 1 && lines[0].quota.allocated == 525 && strcmp(lines[0].profile_name, "Trial") == 0,
	    "%s: lines", on);
	MUST(ledger_entries(&w->app, &w->ann, w->acme.id, PROFILE_ID, 0, 10, w->arena, &entries, &n, &total, me));
	CHECK(n == 2 && total == 2 && entries[0].id == made.id, "%s: newest first", on);
	CHECK(!ledger_lines(&w->app, &w->ann, w->other.id, 0, 10, w->arena, &lines, &n, &total, &e) &&
	    e.kind == ERR_NOT_FOUND, "%s: another organization's", on);
	err_clear(&e);
	CHECK(!ledger_entries(&w->app, &w->carl, w->acme.id, PROFILE_ID, 0, 10, w->arena, &entries, &n, &total, &e) &&
	    e.kind == ERR_NOT_FOUND, "%s: another organization's entries", on);
	err_clear(&e);
	CHECK(!ledger_line(&w->app, &w->operator, w->acme.id, 4711, w->arena, &line, &e) && e.kind == ERR_NOT_FOUND,
	    "%s: never granted", on);
	err_clear(&e);
	CHECK(!quota_book(&w->app, &w->operator, w->acme.id, PROFILE_ID, -1000, "back", w->arena, &made, &e) &&
	    e.kind == ERR_CONFLICT, "%s: more than is left: %s", on, e.msg);
}

static void
authorities(struct orders_world *w)
{
	struct actor stranger = orders_actor("zoe", 99, ROLE_VIEWER, 4711);
	struct authority_view *list;
	size_t n;

	MUST(authority_list(&w->app, &w->ann, false, w->arena, &list, &n, me));
	CHECK(n == 1 && list[0].profiles_n == 1 && list[0].profiles[0]->id == PROFILE_ID && list[0].parent_ski == NULL &&
	    list[0].key.algorithm != KEY_NONE && strstr(list[0].issuer, "Trial CA") != NULL, "%s: of one's profiles", on);
	MUST(authority_list(&w->app, &stranger, false, w->arena, &list, &n, me));
	CHECK(n == 0, "%s: nothing granted, none shown", on);
}

static void
figures(struct orders_world *w)
{
	struct order o = orders_form(w, "made", "00:1A:2B:00:00:01", 10);
	struct batch b = orders_placed(w, &w->ann, &o);
	struct dashboard d;
	int64_t expiring = 0;

	MUST(dashboard_get(&w->app, &w->ann, 0, w->arena, &d, me));
	CHECK(d.running_n == 1 && d.running[0].id == b.id && d.ready_n == 0, "%s: at work", on);
	CHECK(d.quota_n == 1 && d.quota[0].available == 515 && d.quota[0].per_day > 0.33 && d.quota[0].per_day < 0.34 &&
	    d.quota[0].lasts_until > clock_now_s() + INT64_C(1000) * 86400, "%s: forecast", on);
	orders_work_all(w);
	MUST(dashboard_get(&w->app, &w->ann, 0, w->arena, &d, me));
	CHECK(d.days[DASHBOARD_DAYS - 1].issued == 10 && d.days[DASHBOARD_DAYS - 1].revoked == 0 && d.days[0].issued == 0,
	    "%s: issued today", on);
	for (int i = 0; i < DASHBOARD_MONTHS; i++)
		expiring += d.months[i].expiring;
	CHECK(expiring == 10 && d.months[0].month >= 1 && d.months[0].month <= 12, "%s: expiring", on);
	CHECK(d.ready_n == 1 && d.ready[0].id == b.id && d.running_n == 0 && d.states_n == 1 &&
	    strcmp(d.states[0].state, "ready_for_download") == 0 && d.states[0].n == 1, "%s: ready", on);
	MUST(dashboard_get(&w->app, &w->carl, 0, w->arena, &d, me));
	CHECK(d.days[DASHBOARD_DAYS - 1].issued == 0 && d.states_n == 0 && d.ready_n == 0, "%s: another organization's", on);
	MUST(dashboard_get(&w->app, &w->operator, PROFILE_ID, w->arena, &d, me));
	CHECK(d.days[DASHBOARD_DAYS - 1].issued == 10 && d.quota_n == 1 && d.quota[0].allocated == 1025, "%s: of all", on);
	MUST(dashboard_get(&w->app, &w->operator, 4711, w->arena, &d, me));
	CHECK(d.days[DASHBOARD_DAYS - 1].issued == 0 && d.quota_n == 0 && d.ready_n == 0, "%s: of another profile", on);
	MUST(batch_reject(&w->app, &w->ann, b.id, w->arena, &b, me));
	MUST(batch_rest_run(&w->app, b.id, 100, me));
	MUST(dashboard_get(&w->app, &w->ann, 0, w->arena, &d, me));
	expiring = 0;
	for (int i = 0; i < DASHBOARD_MONTHS; i++)
		expiring += d.months[i].expiring;
	CHECK(expiring == 0 && d.quota[0].per_day == 0 && d.quota[0].lasts_until == 0, "%s: rejected", on);
}

/* All of an export, in reads of `step` octets. */
static char *
exported(struct orders_world *w, struct audit_export *x, size_t step)
{
	uint64_t length = audit_export_length(x), at = 0;
	char *text = arena_alloc(w->arena, (size_t)length + 1);
	struct err e = { 0 };

	while (at < length) {
		uint64_t left = length - at;
		ssize_t n = audit_export_read(x, at, text + at, left < step ? (size_t)left : step, &e);

		if (!CHECK(n > 0, "%s: %s %s", on, e.msg, e.trail))
			break;
		at += (uint64_t)n;
	}
	return text;
}

static size_t
lines_of(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

static void
evidence(struct orders_world *w)
{
	struct audit_filter f = { .organization_id = -1, .limit = 5 }, none;
	OWN(audit_export_free) struct audit_export *x = NULL, *later = NULL;
	struct audit_row *rows;
	struct err e = { 0 };
	const char *first, *again;
	int64_t total, all;
	size_t n;
	bool did;

	MUST(audit_list(&w->app, &w->operator, &f, w->arena, &rows, &n, &all, me));
	CHECK(n == 5 && all > 20, "%s: %" PRId64 " records", on, all);
	f.before_at = rows[4].at;
	f.before_id = rows[4].id;
	{
		const char *last = rows[4].id;

		MUST(audit_list(&w->app, &w->operator, &f, w->arena, &rows, &n, &total, me));
		CHECK(n == 5 && strcmp(rows[0].id, last) != 0, "%s: the next page", on);
	}
	f = (struct audit_filter){ .organization_id = -1, .limit = 100, .action_prefix = "organization." };
	MUST(audit_list(&w->app, &w->operator, &f, w->arena, &rows, &n, &total, me));
	CHECK(n == 2 && total == 2, "%s: by action", on);
	f.action_prefix = "organization_";
	MUST(audit_list(&w->app, &w->operator, &f, w->arena, &rows, &n, &total, me));
	CHECK(n == 0, "%s: _ is itself", on);
	f = (struct audit_filter){ .organization_id = -1, .limit = 100, .object = "user 101", .actor_part = "ROOT" };
	MUST(audit_list(&w->app, &w->operator, &f, w->arena, &rows, &n, &total, me));
	CHECK(n >= 1 && strcmp(rows[n - 1].action, "user.created") == 0, "%s: of one thing", on);
	f = (struct audit_filter){ .organization_id = -1, .limit = 100 };
	MUST(audit_list(&w->app, &w->carl, &f, w->arena, &rows, &n, &total, me));
	for (size_t i = 0; i < n; i++)
		CHECK(rows[i].organization_id == w->other.id, "%s: of one's own organization", on);
	CHECK(n > 0 && total < all, "%s: not all", on);
	none = (struct audit_filter){ .organization_id = w->acme.id, .limit = 100 };
	MUST(audit_list(&w->app, &w->carl, &none, w->arena, &rows, &n, &total, me));
	CHECK(n == 0 && total == 0, "%s: another organization's", on);
	{
		struct actor viewer = orders_actor("vera", 98, ROLE_VIEWER, w->acme.id);

		CHECK(!audit_list(&w->app, &viewer, &f, w->arena, &rows, &n, &total, &e) && e.kind == ERR_FORBIDDEN,
		    "%s: a viewer", on);
	}

	/* Before and after the chain is made, read in large and in tiny pieces, from the start again: the same. */
	f = (struct audit_filter){ .organization_id = -1 };
	MUST(audit_export_new(&w->app, &w->operator, &f, &x, me));
	first = exported(w, x, 100000);
	CHECK(strncmp(first, "time,user,organization,action,object,detail,address,request_id\r\n", 64) == 0 &&
	    lines_of(first) == (size_t)all + 1 && strstr(first, ",Acme,") != NULL, "%s: %zu lines", on, lines_of(first));
	clock_shift(5);
	do
		MUST(audit_seal(&w->app, &did, me));
	while (did);
	clock_shift(0);
	again = exported(w, x, 7);
	CHECK(strcmp(first, again) == 0, "%s: the same octets after sealing", on);
	MUST(audit_export_new(&w->app, &w->operator, &f, &later, me));
	CHECK(lines_of(exported(w, later, 4096)) == (size_t)all + 1, "%s: from the chain", on);
}

static void
all(enum db_engine engine, const char *uri)
{
	struct orders_world w;
	struct user adam, berta, carol;

	(void)engine;
	orders_world_make(&w, uri, 500);
	adam = person(&w, "adam", ROLE_ORGANIZATION_ADMIN, w.acme.id);
	berta = person(&w, "berta", ROLE_VIEWER, w.acme.id);
	carol = person(&w, "carol", ROLE_ORDERER, w.other.id);
	(void)person(&w, "root2", ROLE_OPERATOR, 0);
	lists_of_users(&w);
	memberships(&w, &berta, &carol);
	shared_accounts(&w, &carol, &adam);
	organizations(&w);
	ledgers(&w);
	authorities(&w);
	figures(&w);
	evidence(&w);
	orders_world_free(&w);
}

int
main(void)
{
	secret_init();
	check_db_on_both(all);
	return check_done();
}
