#include "store/tally.h"

#include <string.h>
#include <time.h>

#include "store/query.h"

#define SUMS_MAX 4096
#define DAY_S 86400

static const char *const kind_names[] = {
	[TALLY_ORDERED] = "ordered",
	[TALLY_ISSUED] = "issued",
	[TALLY_REVOKED] = "revoked",
	[TALLY_REJECTED] = "rejected",
	[TALLY_EXPIRING] = "expiring",
};

int64_t
tally_day(enum tally_kind kind, int64_t at)
{
	time_t t = (time_t)at;
	struct tm tm;

	if (kind != TALLY_EXPIRING || gmtime_r(&t, &tm) == NULL)
		return at / DAY_S;
	return at / DAY_S - (tm.tm_mday - 1);
}

static bool
add(struct db *tx, const struct tally *t, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO tally (organization_id, kind, day, profile_id, n) VALUES ($1, $2, $3, $4, $5)"
	    " ON CONFLICT (organization_id, kind, day, profile_id) DO UPDATE SET n = tally.n + excluded.n";

	if (t->n == 0)
		return true;
	if (!db_run(tx, sql, ARGS(arg_int(t->organization_id), arg_text(kind_names[t->kind]), arg_int(t->day),
	    arg_int(t->profile_id), arg_int(t->n)), NULL, e))
		return err_in(e, "tally");
	return true;
}

static int
compare(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;
	int c = (x->organization_id > y->organization_id) - (x->organization_id < y->organization_id);

	if (c == 0)
		c = (x->kind > y->kind) - (x->kind < y->kind);
	if (c == 0)
		c = (x->day > y->day) - (x->day < y->day);
	return c != 0 ? c : (x->profile_id > y->profile_id) - (x->profile_id < y->profile_id);
}

bool
tally_write(struct db *tx, struct tally_sheet *s, struct err *e)
{
	size_t n = s->n;

	/* Always in the same order, so that two writers wait for each other and never in a circle. */
	qsort(s->v, n, sizeof(s->v[0]), compare);
	s->n = 0;
	for (size_t i = 0; i < n; i++)
		if (!add(tx, &s->v[i], e))
			return false;
	return true;
}

bool
tally_note(struct db *tx, struct tally_sheet *s, enum tally_kind kind, int64_t organization_id, int64_t profile_id,
    int64_t at, int64_t n, struct err *e)
{
	struct tally t = { .organization_id = organization_id, .profile_id = profile_id, .kind = kind,
	    .day = tally_day(kind, at), .n = n };

	for (size_t i = 0; i < s->n; i++)
		if (compare(&s->v[i], &t) == 0) {
			s->v[i].n += n;
			return true;
		}
	if (s->n == TALLY_SHEET_MAX && !tally_write(tx, s, e))
		return false;
	s->v[s->n++] = t;
	return true;
}

bool
store_tally_add(struct db *tx, enum tally_kind kind, int64_t organization_id, int64_t profile_id, int64_t at,
    int64_t n, struct err *e)
{
	struct tally t = { .organization_id = organization_id, .profile_id = profile_id, .kind = kind,
	    .day = tally_day(kind, at), .n = n };

	return add(tx, &t, e);
}

static bool
sums(struct db *db, const struct query *q, struct arena *a, struct tally_sum **out, size_t *n, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct tally_sum *list = arena_array(a, SUMS_MAX, sizeof(*list));
	size_t count = 0;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "tally", "too many figures asked for");
	if (!query_run(db, q, &rows, e))
		return err_in(e, "tally");
	while (count < SUMS_MAX && db_next(rows, e)) {
		list[count].key = db_int(rows, 0);
		list[count++].n = db_int(rows, 1);
	}
	if (e->kind != ERR_NONE)
		return false;
	*out = list;
	*n = count;
	return true;
}

static void
where_add(struct query *q, enum tally_kind kind, int64_t organization_id, int64_t first, int64_t last)
{
	/* SUM() of BIGINT is NUMERIC on PostgreSQL, which reads as text. */
	query_add(q, ", CAST(SUM(n) AS BIGINT) FROM tally WHERE kind = ?", ARGS(arg_text(kind_names[kind])));
	if (organization_id != 0)
		query_add(q, " AND organization_id = ?", ARGS(arg_int(organization_id)));
	query_add(q, " AND day >= ? AND day <= ?", ARGS(arg_int(first), arg_int(last)));
}

bool
store_tally_by_day(struct db *db, enum tally_kind kind, int64_t organization_id, int64_t profile_id, int64_t first,
    int64_t last, struct arena *a, struct tally_sum **out, size_t *n, struct err *e)
{
	OWN_QUERY struct query q = { 0 };

	query_add(&q, "SELECT day", NO_ARGS);
	where_add(&q, kind, organization_id, first, last);
	if (profile_id != 0)
		query_add(&q, " AND profile_id = ?", ARGS(arg_int(profile_id)));
	query_add(&q, " GROUP BY day ORDER BY day", NO_ARGS);
	return sums(db, &q, a, out, n, e);
}

bool
store_tally_by_profile(struct db *db, enum tally_kind kind, int64_t organization_id, int64_t first, int64_t last,
    struct arena *a, struct tally_sum **out, size_t *n, struct err *e)
{
	OWN_QUERY struct query q = { 0 };

	query_add(&q, "SELECT profile_id", NO_ARGS);
	where_add(&q, kind, organization_id, first, last);
	query_add(&q, " GROUP BY profile_id ORDER BY profile_id", NO_ARGS);
	return sums(db, &q, a, out, n, e);
}

bool
store_tally_total(struct db *db, enum tally_kind kind, int64_t organization_id, int64_t profile_id, int64_t *n,
    struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	OWN_QUERY struct query q = { 0 };

	query_add(&q, "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM tally WHERE kind = ?", ARGS(arg_text(kind_names[kind])));
	if (organization_id != 0)
		query_add(&q, " AND organization_id = ?", ARGS(arg_int(organization_id)));
	if (profile_id != 0)
		query_add(&q, " AND profile_id = ?", ARGS(arg_int(profile_id)));
	if (!query_run(db, &q, &rows, e))
		return err_in(e, "tally");
	*n = db_next(rows, e) ? db_int(rows, 0) : 0;
	return e->kind == ERR_NONE;
}
