#include "domain/dashboard.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "store/quota.h"
#include "store/tally.h"

#define DAY_S INT64_C(86400)
#define LINES_MAX 2000
#define RUNNING_MAX 100
#define FAILURES_S (7 * DAY_S)
#define IN_SIGHT_DAYS 3650.0

struct work {
	int64_t			 organization_id;	/* 0: all */
	int64_t			 profile_id, now;
	struct arena		*arena;
	struct dashboard	*out;
};

static bool
days(struct db *db, const struct work *q, struct err *e)
{
	int64_t today = tally_day(TALLY_ISSUED, q->now), first = today - DASHBOARD_DAYS + 1;
	struct tally_sum *issued, *revoked;
	size_t n_issued, n_revoked;

	for (int i = 0; i < DASHBOARD_DAYS; i++)
		q->out->days[i] = (struct dashboard_day){ .day = first + i };
	if (!store_tally_by_day(db, TALLY_ISSUED, q->organization_id, q->profile_id, first, today, q->arena, &issued,
	    &n_issued, e) || !store_tally_by_day(db, TALLY_REVOKED, q->organization_id, q->profile_id, first, today,
	    q->arena, &revoked, &n_revoked, e))
		return false;
	for (size_t i = 0; i < n_issued; i++)
		q->out->days[issued[i].key - first].issued = issued[i].n;
	for (size_t i = 0; i < n_revoked; i++)
		q->out->days[revoked[i].key - first].revoked = revoked[i].n;
	return true;
}

static bool
months(struct db *db, const struct work *q, struct err *e)
{
	int64_t first_of[DASHBOARD_MONTHS];
	struct tally_sum *list;
	struct tm tm = { 0 };
	time_t now = (time_t)q->now;
	size_t n;

	(void)gmtime_r(&now, &tm);
	for (int i = 0; i < DASHBOARD_MONTHS; i++) {
		struct tm month = { .tm_year = tm.tm_year + (tm.tm_mon + i) / 12, .tm_mon = (tm.tm_mon + i) % 12,
		    .tm_mday = 1 };

		q->out->months[i] = (struct dashboard_month){ .year = month.tm_year + 1900, .month = month.tm_mon + 1 };
		first_of[i] = (int64_t)timegm(&month) / DAY_S;
	}
	if (!store_tally_by_day(db, TALLY_EXPIRING, q->organization_id, q->profile_id, first_of[0],
	    first_of[DASHBOARD_MONTHS - 1], q->arena, &list, &n, e))
		return false;
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < DASHBOARD_MONTHS; k++)
			if (list[i].key == first_of[k] && list[i].n > 0)
				q->out->months[k].expiring = list[i].n;
	return true;
}

static void
forecast(struct dashboard_quota *d, int64_t ordered_lately, int64_t now)
{
	double left;

	d->per_day = ordered_lately > 0 ? (double)ordered_lately / DASHBOARD_DAYS : 0;
	if (d->per_day <= 0)
		return;
	left = (double)d->available / d->per_day;
	if (left < IN_SIGHT_DAYS)
		d->lasts_until = now + (int64_t)(left * (double)DAY_S);
}

static bool
quota(struct db *db, const struct work *q, struct err *e)
{
	int64_t today = tally_day(TALLY_ORDERED, q->now);
	struct quota_line *lines;
	struct tally_sum *ordered;
	size_t n, n_ordered;
	bool ok = q->organization_id == 0
	    ? store_quota_sums(db, q->profile_id, LINES_MAX, q->arena, &lines, &n, e)
	    : store_quota_lines(db, q->organization_id, q->profile_id, 0, LINES_MAX, q->arena, &lines, &n, e);

	if (!ok || !store_tally_by_profile(db, TALLY_ORDERED, q->organization_id, today - DASHBOARD_DAYS + 1, today,
	    q->arena, &ordered, &n_ordered, e))
		return false;
	q->out->quota_n = 0;
	q->out->quota = arena_array(q->arena, n + 1, sizeof(*q->out->quota));
	if (q->out->quota == NULL)
		return err_set(e, ERR_TOO_LARGE, "dashboard", "too many profiles");
	for (size_t i = 0; i < n; i++) {
		struct dashboard_quota *d = &q->out->quota[q->out->quota_n];
		const struct quota_row *r = &lines[i].quota;
		int64_t lately = 0;

		if (r->revoked_at != 0)
			continue;
		for (size_t k = 0; k < n_ordered; k++)
			if (ordered[k].key == lines[i].profile_id)
				lately = ordered[k].n;
		*d = (struct dashboard_quota){ .profile_id = lines[i].profile_id, .profile_name = lines[i].profile_name,
		    .allocated = r->allocated, .ordered = r->ordered, .issued = r->issued,
		    .available = r->allocated - r->ordered };
		forecast(d, lately, q->now);
		q->out->quota_n++;
	}
	return true;
}

static bool
dashboard_tx(struct db *db, void *arg, struct err *e)
{
	const struct work *q = arg;
	struct dashboard *out = q->out;
	int64_t o = q->organization_id, p = q->profile_id;

	return days(db, q, e) && months(db, q, e) && quota(db, q, e) &&
	    store_batch_states(db, o, p, q->arena, &out->states, &out->states_n, e) &&
	    store_batch_pick(db, PICK_RUNNING, o, p, 0, RUNNING_MAX, q->arena, &out->running, &out->running_n, e) &&
	    store_batch_pick(db, PICK_READY, o, p, 0, DASHBOARD_BATCHES, q->arena, &out->ready, &out->ready_n, e) &&
	    store_batch_pick(db, PICK_FAILED, o, p, q->now - FAILURES_S, DASHBOARD_BATCHES, q->arena, &out->failures,
	    &out->failures_n, e);
}

bool
dashboard_get(const struct app *app, const struct actor *who, int64_t profile_id, struct arena *a,
    struct dashboard *out, struct err *e)
{
	struct work q = { .profile_id = profile_id, .now = clock_now_s(), .arena = a, .out = out };

	if (who->role != ROLE_OPERATOR && who->role != ROLE_AUDITOR)
		q.organization_id = who->organization_id;
	memset(out, 0, sizeof(*out));
	return app_tx(app, DB_READ, dashboard_tx, &q, e);
}
