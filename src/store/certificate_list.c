#include <string.h>

#include "base/clock.h"
#include "store/certificate_row.h"
#include "store/query.h"

/* A whole serial number is looked up; a part of one is compared with the hex of each row that is left. */
#define SERIAL_DIGITS 32

static void
like_add(struct query *q, const char *before, const char *part, struct arena *a)
{
	const char *ascii = query_like(a, part), *full = query_like(a, query_fold(a, part));

	/* lower() of one engine knows ASCII only, of the other all letters: either spelling finds. */
	if (strcmp(ascii, full) == 0) {
		query_add(q, before, ARGS(arg_text(ascii)));
	} else {
		str_adds(&q->sql, " AND (0 = 1");
		for (int i = 0; i < 2; i++) {
			str_adds(&q->sql, " OR ");
			query_add(q, before + strlen(" AND "), ARGS(arg_text(i == 0 ? ascii : full)));
		}
		str_addc(&q->sql, ')');
	}
}

/* The batches whose names can make a certificate's name ("batch-12") hold the part. */
static void
name_add(struct query *q, const char *part, struct arena *a)
{
	query_add(q, " AND lower(b.name_fold || '-' || CAST(c.item_index AS TEXT)) LIKE ? ESCAPE '\\'",
	    ARGS(arg_text(query_like(a, query_fold(a, part)))));
}

/*
 * A part of "BATCH-INDEX" lies in the batch's name; or it ends with "-" and the first digits of an index, and what
 * stands before is the end of a name; or it lies in the index, which then is not smaller than the part as a number.
 */
static void
name_batches_add(struct query *q, const char *part, struct arena *a)
{
	const char *fold = query_fold(a, part), *dash = strrchr(fold, '-');
	uint64_t least;

	query_add(q, "(lower(b.name_fold) LIKE ? ESCAPE '\\'", ARGS(arg_text(query_like(a, fold))));
	if (dash != NULL && strspn(dash + 1, "0123456789") == strlen(dash + 1)) {
		char *end = query_like(a, arena_strndup(a, fold, (size_t)(dash - fold)));

		end[strlen(end) - 1] = '\0';		/* "%part": nothing behind it */
		query_add(q, " OR lower(b.name_fold) LIKE ? ESCAPE '\\'", ARGS(arg_text(end)));
	} else if (parse_u64(fold, INT64_MAX - 1, &least))
		query_add(q, " OR b.size > ?", ARGS(arg_int((int64_t)least)));
	query_add(q, ")", NO_ARGS);
}

bool
store_certificate_named_ranges(struct db *db, int64_t organization_id, const char *part, struct arena *a,
    struct certificate_range *list, size_t cap, size_t *n, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	OWN_QUERY struct query q = { 0 };

	*n = 0;
	query_add(&q, "SELECT s.certificate_base, s.succeeded FROM batch b CROSS JOIN slice s WHERE ", NO_ARGS);
	name_batches_add(&q, part, a);
	if (organization_id != 0)
		query_add(&q, " AND b.organization_id = ?", ARGS(arg_int(organization_id)));
	query_add(&q, " AND s.batch_id = b.id AND s.succeeded > 0 ORDER BY s.certificate_base", NO_ARGS);
	if (!query_run(db, &q, &rows, e))
		return err_in(e, "names of certificates");
	while (db_next(rows, e)) {
		int64_t first = db_int(rows, 0), last = first + db_int(rows, 1) - 1;

		if (*n > 0 && list[*n - 1].last + 1 >= first) {
			list[*n - 1].last = last > list[*n - 1].last ? last : list[*n - 1].last;
			continue;
		}
		if (++*n > cap)
			return true;
		list[*n - 1] = (struct certificate_range){ first, last };
	}
	return e->kind == ERR_NONE;
}

static void
serial_add(struct query *q, enum db_engine engine, const char *part, struct arena *a)
{
	uint8_t whole[16];

	if (strlen(part) == SERIAL_DIGITS && hex_decode(part, SERIAL_DIGITS, whole, sizeof(whole)))
		query_add(q, " AND c.id IN (SELECT certificate_id FROM certificate_serial WHERE serial = ?)",
		    ARGS(arg_blob(arena_memdup(a, whole, sizeof(whole)), sizeof(whole))));
	else
		/* The one function that the engines name differently. */
		query_add(q, engine == DB_SQLITE ? " AND lower(hex(c.serial)) LIKE ?" :
		    " AND encode(c.serial, 'hex') LIKE ?", ARGS(arg_text(query_like(a, part))));
}

static void
filter_add(struct query *q, enum db_engine engine, const struct certificate_filter *f, struct arena *a)
{
	query_add(q, " WHERE c.state <> 3", NO_ARGS);
	/* The sign keeps the tenant's index out where the rows are to come in another one's order. */
	if (f->organization_id != 0)
		query_add(q,
		    f->sort == CERTIFICATE_BY_BATCH ? " AND +c.organization_id = ?"
						    : " AND c.organization_id = ?",
		    ARGS(arg_int(f->organization_id)));
	if (f->batch_id != 0)
		query_add(q, " AND c.batch_id = ?", ARGS(arg_int(f->batch_id)));
	if (f->profile_id != 0)
		query_add(q, " AND c.profile_id = ?", ARGS(arg_int(f->profile_id)));
	if (f->state == CERTIFICATE_EXPIRED)
		query_add(q, " AND c.state = 0 AND c.not_after < ?", ARGS(arg_int(f->now)));
	else if (f->state == CERTIFICATE_ISSUED)
		/* Nearly all are: the sign keeps them from being fetched by their end and sorted. */
		query_add(q, " AND c.state = 0 AND +c.not_after >= ?", ARGS(arg_int(f->now)));
	else if (f->state > 0)
		/* Said twice for the partial index of what is not simply issued. */
		query_add(q, " AND c.state <> 0 AND c.state = ?", ARGS(arg_int(f->state)));
	if (f->id_min != 0)
		query_add(q, " AND c.id >= ?", ARGS(arg_int(f->id_min)));
	if (f->id_max != 0)
		query_add(q, " AND c.id <= ?", ARGS(arg_int(f->id_max)));
	if (f->from != 0)
		query_add(q, " AND c.created_at >= ?", ARGS(arg_int(f->from)));
	if (f->to != 0)
		query_add(q, " AND c.created_at <= ?", ARGS(arg_int(f->to)));
	if (f->serial_part != NULL)
		serial_add(q, engine, f->serial_part, a);
	if (f->subject_part != NULL)
		like_add(q, " AND lower(c.subject) LIKE ? ESCAPE '\\'", f->subject_part, a);
	if (f->name_part != NULL)
		name_add(q, f->name_part, a);
}

/* Ids are handed out as slices are leased: their order is that of time, and serves for created_at. */
static const char *const sort_columns[] = {
	[CERTIFICATE_BY_CREATED_AT] = NULL,
	[CERTIFICATE_BY_SERIAL] = "s.serial",
	[CERTIFICATE_BY_BATCH] = "c.batch_id",
	[CERTIFICATE_BY_NOT_AFTER] = "c.not_after",
};

/*
 * What follows a row in a list by end: first those that end at the same moment, then those past it.  In one
 * condition SQLite would begin with the first of that moment, and all certificates of a profile may have the same.
 */
enum part { PART_ALL, PART_SAME_END, PART_PAST_END };

static void
after_add(struct query *q, const struct certificate_filter *f, enum part part, const char *column, const char *second)
{
	const char *past = f->descending ? "<" : ">";

	if (part == PART_SAME_END) {
		str_addf(&q->sql, " AND c.not_after = ");
		query_add(q, "?", ARGS(arg_int(f->after_int)));
		str_addf(&q->sql, " AND c.id %s ", past);
		query_add(q, "?", ARGS(arg_int(f->after_id)));
	} else if (part == PART_PAST_END) {
		str_addf(&q->sql, " AND c.not_after %s ", past);
		query_add(q, "?", ARGS(arg_int(f->after_int)));
	} else if (f->after && column == NULL) {
		str_addf(&q->sql, " AND %s %s ", second, past);
		query_add(q, "?", ARGS(arg_int(f->after_id)));
	} else if (f->after) {
		struct db_arg key = f->sort == CERTIFICATE_BY_SERIAL ? arg_blob(f->after_serial, 16) :
		    arg_int(f->after_int);

		str_addf(&q->sql, " AND (%s, %s) %s ", column, second, past);
		query_add(q, "(?, ?)", ARGS(key, arg_int(f->after_id)));
	}
}

static bool
part_read(struct db *db, const struct certificate_filter *f, enum part part, int64_t limit, struct arena *a,
    struct certificate *list, size_t *n, struct err *e)
{
	const char *column = part == PART_SAME_END ? NULL : sort_columns[f->sort], *way = f->descending ? "DESC" : "ASC";
	const char *second = "c.id";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	OWN_QUERY struct query q = { 0 };
	size_t count = 0;

	/* Of one batch: down the index of its items. */
	if (f->sort == CERTIFICATE_BY_BATCH || (f->sort == CERTIFICATE_BY_CREATED_AT && f->batch_id != 0))
		second = "c.item_index";
	/* CROSS: in this order, certificates (or serial numbers) outside, their batches inside. */
	query_add(&q, "SELECT " CERTIFICATE_COLUMNS " FROM ", NO_ARGS);
	if (f->sort == CERTIFICATE_BY_SERIAL)
		query_add(&q, "certificate_serial s CROSS JOIN certificate c CROSS JOIN batch b", NO_ARGS);
	else
		query_add(&q, "certificate c CROSS JOIN batch b", NO_ARGS);
	filter_add(&q, db_engine(db), f, a);
	query_add(&q, f->sort == CERTIFICATE_BY_SERIAL ? " AND c.id = s.certificate_id AND b.id = c.batch_id" :
	    " AND b.id = c.batch_id", NO_ARGS);
	after_add(&q, f, part, column, second);
	if (column == NULL)
		str_addf(&q.sql, " ORDER BY %s %s", second, way);
	else
		str_addf(&q.sql, " ORDER BY %s %s, %s %s", column, way, second, way);
	query_add(&q, " LIMIT ?", ARGS(arg_int(limit)));
	if (!query_run(db, &q, &rows, e))
		return err_in(e, "list of certificates");
	while (count < (size_t)limit && db_next(rows, e))
		certificate_read(rows, a, &list[count++]);
	*n = count;
	return e->kind == ERR_NONE;
}

bool
store_certificate_list(struct db *db, const struct certificate_filter *f, struct arena *a,
    struct certificate **out, size_t *n, struct err *e)
{
	struct certificate *list = arena_array(a, (size_t)f->limit, sizeof(*list));
	bool by_end = f->after && f->sort == CERTIFICATE_BY_NOT_AFTER;
	size_t some = 0, rest = 0;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "certificate_list", "too many certificates asked for");
	if (!part_read(db, f, by_end ? PART_SAME_END : PART_ALL, f->limit, a, list, &some, e))
		return false;
	if (by_end && (int64_t)some < f->limit &&
	    !part_read(db, f, PART_PAST_END, f->limit - (int64_t)some, a, list + some, &rest, e))
		return false;
	*out = list;
	*n = some + rest;
	return true;
}

bool
store_certificate_count(struct db *db, const struct certificate_filter *f, int64_t most, struct arena *a,
    int64_t *n, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	OWN_QUERY struct query q = { 0 };

	query_add(&q, "SELECT count(*) FROM (SELECT 1 FROM certificate c", NO_ARGS);
	if (f->name_part != NULL)
		query_add(&q, " CROSS JOIN batch b", NO_ARGS);
	filter_add(&q, db_engine(db), f, a);
	if (f->name_part != NULL)
		query_add(&q, " AND b.id = c.batch_id", NO_ARGS);
	query_add(&q, " LIMIT ?) x", ARGS(arg_int(most)));
	if (!query_run(db, &q, &rows, e))
		return err_in(e, "count of certificates");
	*n = db_next(rows, e) ? db_int(rows, 0) : 0;
	return e->kind == ERR_NONE;
}

/* Where from lo + 1 to hi a time would stand, were they handed out evenly. */
static int64_t
between(int64_t lo, int64_t hi, int64_t lo_at, int64_t hi_at, int64_t at)
{
	double share = hi_at <= lo_at ? 0.5 : (double)(at - lo_at) / (double)(hi_at - lo_at);
	int64_t mid = lo + 1 + (int64_t)((double)(hi - lo - 1) * (share < 0 ? 0 : share > 1 ? 1 : share));

	return mid > hi ? hi : mid;
}

bool
store_certificate_id_at(struct db *db, int64_t at, int64_t *id, struct err *e)
{
	static const char probe[] = "SELECT created_at FROM certificate WHERE id <= $1 ORDER BY id DESC LIMIT 1";
	int64_t lo = 0, hi, top, lo_at, hi_at;
	bool found, guess = true;

	if (!store_certificate_last_id(db, &hi, e) ||
	    !db_get_int(db, "SELECT created_at FROM certificate ORDER BY id LIMIT 1", NO_ARGS, &lo_at, &found, e))
		return false;
	if (!found)
		lo_at = 0;
	hi_at = clock_now_s();
	/*
	 * The last id whose row, or the one before it, is older than `at`.  Halving finds it for sure; a guess by time
	 * in every other step finds it in few, and each step may be a page that has to be read.
	 */
	while (lo < hi) {
		int64_t mid = guess ? between(lo, hi, lo_at, hi_at, at) : lo + (hi - lo + 1) / 2;

		if (!db_get_int(db, probe, ARGS(arg_int(mid)), &top, &found, e))
			return err_in(e, "certificates by time");
		if (!found || top < at) {
			lo = mid;
			lo_at = found ? top : lo_at;
		} else {
			hi = mid - 1;
			hi_at = top;
		}
		guess = !guess;
	}
	*id = lo;
	return true;
}

bool
store_certificate_last_id(struct db *db, int64_t *id, struct err *e)
{
	bool found;

	*id = 0;
	return db_get_int(db, "SELECT value FROM counter WHERE name = 'certificate'", NO_ARGS, id, &found, e);
}
