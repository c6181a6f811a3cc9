#include "domain/quota/ledger.h"

#include "store/organization.h"

struct work {
	const struct actor	*who;
	int64_t			 organization_id, profile_id, after, limit;
	struct arena		*arena;
	struct quota_line	*lines;
	struct quota_entry	*entries;
	size_t			 n;
	int64_t			 total;
};

static bool
organization_there(struct db *db, const struct work *q, struct err *e)
{
	struct organization o;

	if (!actor_sees(q->who, q->organization_id))
		return err_set(e, ERR_NOT_FOUND, "organization", "no such organization");
	return store_organization_get(db, q->organization_id, q->arena, &o, e);
}

static bool
lines_tx(struct db *db, void *arg, struct err *e)
{
	struct work *q = arg;

	return organization_there(db, q, e) &&
	    store_quota_lines(db, q->organization_id, q->profile_id, q->after, q->limit, q->arena, &q->lines, &q->n, e) &&
	    store_quota_lines_count(db, q->organization_id, &q->total, e);
}

bool
ledger_lines(const struct app *app, const struct actor *who, int64_t organization_id, int64_t after, int64_t limit,
    struct arena *a, struct quota_line **out, size_t *n, int64_t *total, struct err *e)
{
	struct work q = { .who = who, .organization_id = organization_id, .after = after, .limit = limit, .arena = a };

	if (!app_tx(app, DB_READ, lines_tx, &q, e))
		return false;
	*out = q.lines;
	*n = q.n;
	*total = q.total;
	return true;
}

bool
ledger_line(const struct app *app, const struct actor *who, int64_t organization_id, int64_t profile_id,
    struct arena *a, struct quota_line *out, struct err *e)
{
	struct work q = { .who = who, .organization_id = organization_id, .profile_id = profile_id, .limit = 1,
	    .arena = a };

	if (!app_tx(app, DB_READ, lines_tx, &q, e))
		return false;
	if (q.n == 0)
		return err_set(e, ERR_NOT_FOUND, "quota", "this profile was never granted to the organization");
	*out = q.lines[0];
	return true;
}

static bool
entries_tx(struct db *db, void *arg, struct err *e)
{
	struct work *q = arg;
	struct quota_row row;
	bool found;

	if (!organization_there(db, q, e) || !store_quota_get(db, q->organization_id, q->profile_id, &row, &found, e))
		return false;
	if (!found)
		return err_set(e, ERR_NOT_FOUND, "quota", "this profile was never granted to the organization");
	return store_quota_entry_list(db, q->organization_id, q->profile_id, q->after, q->limit, q->arena, &q->entries,
	    &q->n, e) && store_quota_entry_count(db, q->organization_id, q->profile_id, &q->total, e);
}

bool
ledger_entries(const struct app *app, const struct actor *who, int64_t organization_id, int64_t profile_id,
    int64_t before, int64_t limit, struct arena *a, struct quota_entry **out, size_t *n, int64_t *total, struct err *e)
{
	struct work q = { .who = who, .organization_id = organization_id, .profile_id = profile_id, .after = before,
	    .limit = limit, .arena = a };

	if (!app_tx(app, DB_READ, entries_tx, &q, e))
		return false;
	*out = q.entries;
	*n = q.n;
	*total = q.total;
	return true;
}
