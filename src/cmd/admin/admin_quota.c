/* certmill quota: which profiles an organization may order, and how many certificates are left. */
#include <inttypes.h>
#include <string.h>

#include "cmd/admin/admin.h"
#include "cmd/command.h"
#include "domain/quota/ledger.h"
#include "domain/account/organization.h"
#include "domain/quota/quota.h"
#include "http/json.h"

#define PAGE 500

static bool
account(struct admin *a, int64_t *organization_id, int64_t *profile_id, struct err *e)
{
	struct organization o;

	if (!admin_organization(a, a->argv[0], &o, e))
		return false;
	*organization_id = o.id;
	return admin_profile(a, a->argv[1], profile_id, e);
}

static json_t *
line_json(const struct quota_line *l)
{
	const struct quota_row *r = &l->quota;

	return json_pack("{s:{s:I, s:o}, s:I, s:I, s:I, s:I, s:o, s:o}", "profile", "id", (json_int_t)l->profile_id,
	    "name", json_text(l->profile_name), "allocated", (json_int_t)r->allocated, "ordered", (json_int_t)r->ordered,
	    "issued", (json_int_t)r->issued, "available", (json_int_t)(r->revoked_at != 0 ? 0 : r->allocated - r->ordered),
	    "granted_at", json_time(r->granted_at), "withdrawn_at", json_time_or_null(r->revoked_at));
}

static bool
show(struct admin *a, struct err *e)
{
	struct organization o;
	struct quota_line *lines;
	json_t *items = json_array();
	int64_t after = 0, total;
	size_t n;

	if (!admin_organization(a, a->argv[0], &o, e)) {
		json_decref(items);
		return false;
	}
	do {
		if (!ledger_lines(a->app, &a->who, o.id, after, PAGE, a->arena, &lines, &n, &total, e)) {
			json_decref(items);
			return false;
		}
		for (size_t i = 0; i < n; i++)
			json_array_append_new(items, line_json(&lines[i]));
		after = n == 0 ? 0 : lines[n - 1].profile_id;
	} while (n == PAGE);
	return admin_print_list(a, items, "profile:Profile allocated:Allocated ordered:Ordered issued:Issued"
	    " available:Available granted_at:Granted withdrawn_at:Withdrawn");
}

static json_t *
entry_json(const struct quota_entry *q)
{
	return json_pack("{s:I, s:o, s:s, s:I, s:I, s:I, s:o, s:o, s:o}", "id", (json_int_t)q->id, "time",
	    json_time(q->at), "kind", q->kind, "allocated", (json_int_t)q->allocated, "ordered", (json_int_t)q->ordered,
	    "issued", (json_int_t)q->issued, "batch_id",
	    q->batch_id == 0 ? json_null() : json_integer((json_int_t)q->batch_id), "user", json_text(q->actor), "reason",
	    json_text(q->reason));
}

static bool
ledger(struct admin *a, struct err *e)
{
	struct quota_entry *entries;
	json_t *items;
	int64_t organization_id, profile_id, total, limit = PAGE, before = 0;
	const char *most = admin_option(a, "limit", 0);
	size_t n;

	if ((most != NULL && !admin_int(a, "--limit", most, 1, 100000, &limit, e)) ||
	    !account(a, &organization_id, &profile_id, e))
		return false;
	items = json_array();
	do {
		int64_t ask = limit < PAGE ? limit : PAGE;

		if (!ledger_entries(a->app, &a->who, organization_id, profile_id, before, ask, a->arena, &entries, &n, &total,
		    e)) {
			json_decref(items);
			return false;
		}
		for (size_t i = 0; i < n; i++)
			json_array_append_new(items, entry_json(&entries[i]));
		before = n == 0 ? 0 : entries[n - 1].id;
		limit -= (int64_t)n;
	} while (n == PAGE && limit > 0);
	return admin_print_list(a, items, "id:Id time:Time kind:Kind allocated:Allocated ordered:Ordered issued:Issued"
	    " batch_id:Batch user:User reason:Reason");
}

static bool
top_up(struct admin *a, struct err *e)
{
	const char *reason = admin_option(a, "reason", 0);
	struct quota_line line;
	struct quota_entry made;
	int64_t organization_id, profile_id, amount;

	if (reason == NULL)
		return admin_usage(a, e, "a change of quota needs --reason TEXT");
	if (!admin_int(a, "AMOUNT", a->argv[2], -1000000000, 1000000000, &amount, e) ||
	    !account(a, &organization_id, &profile_id, e) ||
	    !quota_book(a->app, &a->who, organization_id, profile_id, amount, reason, a->arena, &made, e))
		return false;
	if (a->json)
		return admin_print(a, entry_json(&made));
	return ledger_line(a->app, &a->who, organization_id, profile_id, a->arena, &line, e) &&
	    admin_print(a, line_json(&line));
}

static bool
grant(struct admin *a, struct err *e)
{
	struct quota_line line;
	int64_t organization_id, profile_id;

	return account(a, &organization_id, &profile_id, e) &&
	    grant_put(a->app, &a->who, organization_id, profile_id, e) &&
	    ledger_line(a->app, &a->who, organization_id, profile_id, a->arena, &line, e) &&
	    admin_print(a, line_json(&line));
}

static bool
withdraw(struct admin *a, struct err *e)
{
	struct quota_line line;
	int64_t organization_id, profile_id;

	return account(a, &organization_id, &profile_id, e) &&
	    grant_drop(a->app, &a->who, organization_id, profile_id, e) &&
	    ledger_line(a->app, &a->who, organization_id, profile_id, a->arena, &line, e) &&
	    admin_print(a, line_json(&line));
}

static const struct admin_option top_up_options[] = {
	{ "reason", "TEXT", "why: stands in the ledger" },
	{ 0 },
};
static const struct admin_option ledger_options[] = {
	{ "limit", "N", "the newest N lines; 500 when left out" },
	{ 0 },
};
static const struct admin_action actions[] = {
	{ "show", "ORGANIZATION", 1, 1, show, "shows what an organization may order, and what is left", NULL },
	{ "grant", "ORGANIZATION PROFILE", 2, 2, grant, "lets it order a profile, with nothing allocated at first", NULL },
	{ "withdraw", "ORGANIZATION PROFILE", 2, 2, withdraw, "takes a profile back; the numbers stay", NULL },
	{ "top-up", "ORGANIZATION PROFILE AMOUNT", 3, 3, top_up,
	    "adds to what is allocated; a negative amount takes back", top_up_options },
	{ "ledger", "ORGANIZATION PROFILE", 2, 2, ledger, "shows the lines that add up to it, newest first", ledger_options },
};
static const struct admin_command command = { "quota", "Grants of profiles, and quotas.", actions, COUNT(actions),
    false };

int
cmd_quota(int argc, char **argv)
{
	return admin_main(&command, argc, argv);
}
