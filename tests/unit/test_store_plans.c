/*
 * How much is read for a page of a long list: 5,000 batches, 200,000 certificates, on both engines.
 *
 * SQLite tells of each statement how many steps its program took; PostgreSQL how many rows of tables a
 * transaction read.  A page of 50 must cost about 50 rows, wherever in the list it is and whatever the
 * filter.  With -v the plans are shown.
 */
#include <sqlite3.h>

#include "check_db.h"
#include "store/batch.h"
#include "store/certificate.h"
#include "store/organization.h"

#define BATCHES 5000
#define CERTIFICATES 200000
#define PAGE 50
#define STEPS_A_ROW 150
#define T0 1700000000

#define MUST(x) do { struct err must_e = { 0 }; struct err *me = &must_e; \
	CHECK((x), "%s: %s %s", check_on, must_e.msg, must_e.trail); } while (0)

static bool verbose;
static int64_t steps;			/* SQLite's, since they were set to 0 */
static char last_sql[8192];

static int
on_profile(unsigned what, void *arg, void *statement, void *ns)
{
	sqlite3_stmt *s = statement;

	(void)what;
	(void)arg;
	(void)ns;
	steps += sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 1);
	if (strncmp(sqlite3_sql(s), "SELECT", 6) == 0)
		(void)snprintf(last_sql, sizeof(last_sql), "%s", sqlite3_sql(s));
	return 0;
}

static int
on_open(sqlite3 *db, char **why, const struct sqlite3_api_routines *api)
{
	(void)why;
	(void)api;
	return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, on_profile, NULL);
}

static void
plan_show(const char *uri)
{
	sqlite3_stmt *s = NULL;
	sqlite3 *db = NULL;
	char sql[sizeof(last_sql) + 32];

	(void)snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", last_sql);
	if (sqlite3_open_v2(uri + strlen("sqlite:"), &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK)
		while (sqlite3_step(s) == SQLITE_ROW)
			(void)printf("        %s\n", (const char *)sqlite3_column_text(s, 3));
	(void)sqlite3_finalize(s);
	(void)sqlite3_close(db);
}

/* ---- the lists ---- */

static void
fill(struct db *db, enum db_engine engine)
{
	static const char batches[] =
	    "WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
	    " INSERT INTO batch (id, organization_id, profile_id, profile_version, parameters, parameters_version, method, name,"
	    " name_fold, size, state, version, packaging, created_at, created_by, created_by_name, staged_until, changed_at)"
	    " SELECT 100000 + i, 1 + (i % 5) / 4, 7 + i % 3, 1, '{}', 1, 'csv', 'Line ' || i, 'line ' || i, 1 + i % 1000,"
	    " CASE WHEN i % 1000 = 0 THEN 'failed' WHEN i % 50 = 0 THEN 'ready_for_download' ELSE 'downloaded' END,"
	    " 1, '{}', 1700000000 + i * 100, 3, 'ann', 0, 1700000000 + i * 100 FROM n";
	static const char before[] =
	    "WITH RECURSIVE n(i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < 199999)"
	    " INSERT INTO certificate (id, serial, batch_id, item_index, organization_id, profile_id, ca_id, state, created_at,"
	    " not_before, not_after, subject, revoked_at, reason)"
	    " SELECT i + 1, ";
	static const char after[] =
	    ", 100001 + i / 40, i % 40, 1 + ((1 + i / 40) % 5) / 4, 7 + (1 + i / 40) % 3, 1,"
	    " CASE WHEN i % 500 = 7 THEN 1 ELSE 0 END, 1700000000 + i * 2, 1700000000 + i * 2,"
	    " 1700000000 + i * 2 + CASE WHEN i % 1000 = 9 THEN 10 WHEN i % 3 = 0 THEN 9000000000 - i * 2 ELSE 630720000 END, 'C=US, O=Acme, CN=00:1A:2B:' || i,"
	    " CASE WHEN i % 500 = 7 THEN 1700000000 + i * 2 + 60 END, CASE WHEN i % 500 = 7 THEN 1 END FROM n";
	OWN_STR struct str sql = { 0 };
	int64_t first;

	str_adds(&sql, before);
	str_adds(&sql, engine == DB_SQLITE ? "randomblob(16)" : "decode(md5(CAST(i AS TEXT)), 'hex')");
	str_adds(&sql, after);
	MUST(db_migrate(db, db_migrations, db_migrations_n, me));
	MUST(db_begin(db, DB_WRITE, me));
	MUST(db_run(db, batches, NO_ARGS, NULL, me));
	MUST(db_run(db, sql.p, NO_ARGS, NULL, me));
	MUST(db_run(db, "INSERT INTO certificate_serial (serial, certificate_id) SELECT serial, id FROM certificate", NO_ARGS,
	    NULL, me));
	MUST(store_counter_take(db, "certificate", CERTIFICATES, &first, me));
	MUST(db_commit(db, me));
	if (engine == DB_POSTGRES)
		MUST(db_run(db, "ANALYZE", NO_ARGS, NULL, me));
}

/* ---- one page ---- */

struct world {
	enum db_engine	 engine;
	struct db	*db;
	const char	*uri;
};

static int64_t
rows_read(const struct world *w)
{
	static const char sql[] =
	    "SELECT CAST(coalesce(sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)), 0) AS BIGINT)"
	    " FROM pg_stat_xact_user_tables";
	int64_t n = -1;
	bool found;

	MUST(db_get_int(w->db, sql, NO_ARGS, &n, &found, me));
	return n;
}

static int64_t read_before;		/* the counters go on from transaction to transaction */

static void
begin(const struct world *w)
{
	MUST(db_begin(w->db, DB_READ, me));
	steps = 0;
	read_before = w->engine == DB_POSTGRES ? rows_read(w) : 0;
}

static void
end(const struct world *w, const char *what, size_t got, size_t want, int64_t rows_max)
{
	int64_t cost = w->engine == DB_SQLITE ? steps : rows_read(w) - read_before;
	int64_t most = w->engine == DB_SQLITE ? rows_max * STEPS_A_ROW : rows_max;

	MUST(db_commit(w->db, me));
	CHECK(got == want, "%s: %s: %zu rows, not %zu", check_on, what, got, want);
	/* Of nothing at all PostgreSQL reads no row. */
	CHECK((cost > 0 || want == 0) && cost <= most, "%s: %s: %lld %s for %zu rows, more than %lld", check_on, what, (long long)cost,
	    w->engine == DB_SQLITE ? "steps" : "rows read", got, (long long)most);
	if (verbose) {
		(void)printf("%-10s %-56s %3zu rows, %6lld %s\n", check_on, what, got, (long long)cost,
		    w->engine == DB_SQLITE ? "steps" : "read");
		if (w->engine == DB_SQLITE)
			plan_show(w->uri);
	}
}

static void
batch_page(const struct world *w, const char *what, struct batch_filter f, size_t want, int64_t rows_max)
{
	OWN(arena_free) struct arena *a = arena_new((size_t)8 << 20);
	struct batch *list;
	size_t n = 0;

	f.limit = PAGE;
	begin(w);
	MUST(store_batch_list(w->db, &f, a, &list, &n, me));
	end(w, what, n, want, rows_max);
}

static void
certificate_page(const struct world *w, const char *what, struct certificate_filter f, size_t want, int64_t rows_max)
{
	OWN(arena_free) struct arena *a = arena_new((size_t)8 << 20);
	struct certificate *list;
	size_t n = 0;

	f.limit = PAGE;
	f.now = T0 + (int64_t)86400 * 365;
	begin(w);
	MUST(store_certificate_list(w->db, &f, a, &list, &n, me));
	end(w, what, n, want, rows_max);
}

/* Twice the page: certificates bring the row of their batch along. */
#define FEW (4 * PAGE)

/*
 * Every filter that the list of batches offers, with every order, of one organization and of all.  Filters that go
 * with the order of ids run down an index of their own; with another order, or with a part of a name, at most all
 * batches are looked at, and no certificate.
 */
static const struct {
	const char		*name;
	struct batch_filter	 f;
	size_t			 mine, all;	/* rows of a page: of organization 1, of all */
	bool			 few;		/* whatever the order */
	bool			 few_by_id;
} batch_filters[] = {
	{ "no filter",		{ 0 },						PAGE, PAGE, true, true },
	{ "a rare status",	{ .state = "failed" },				5, 5, true, true },
	{ "a common status",	{ .state = "downloaded" },			PAGE, PAGE, false, true },
	{ "no such status",	{ .state = "rejected" },			0, 0, true, true },
	{ "a profile",		{ .profile_id = 8 },				PAGE, PAGE, false, true },
	{ "an id",		{ .id = 102501 },				1, 1, true, true },
	{ "a few minutes",	{ .from = T0 + 250000, .to = T0 + 251000 },	9, 11, false, false },
	{ "since",		{ .from = T0 + 400000 },			PAGE, PAGE, false, false },
	{ "from a size on",	{ .min_size = 990 },				40, PAGE, false, false },
	{ "to a size",		{ .max_size = 10 },				40, PAGE, false, false },
	{ "part of a name",	{ .name_part = "499" },				8, 15, false, false },
};

static void
batches(const struct world *w)
{
	static const char *const sorts[] = { "id", "date", "size", "name", "status" };
	char what[96];

	for (int64_t organization = 0; organization <= 1; organization++)
		for (size_t i = 0; i < COUNT(batch_filters); i++)
			for (int sort = BATCH_BY_ID; sort <= BATCH_BY_STATE; sort++)
				for (int down = 0; down < 2; down++) {
					struct batch_filter f = batch_filters[i].f;
					bool few = batch_filters[i].few || (sort == BATCH_BY_ID && batch_filters[i].few_by_id);

					f.organization_id = organization;
					f.sort = (enum batch_sort)sort;
					f.descending = down;
					(void)snprintf(what, sizeof(what), "batches: %s, by %s%s%s", batch_filters[i].name,
					    sorts[sort], down ? ", downwards" : "", organization == 0 ? ", of all" : "");
					batch_page(w, what, f, organization == 0 ? batch_filters[i].all :
					    batch_filters[i].mine, few ? FEW : BATCHES + FEW);
				}
}

/* The page that follows some batch in the middle costs no more than the first. */
static void
batches_middle(const struct world *w)
{
	static const struct { const char *name; enum batch_sort sort; int64_t at; const char *text; } from[] = {
		{ "id", BATCH_BY_ID, 0, NULL }, { "date", BATCH_BY_CREATED_AT, T0 + 250000, NULL }, { "size", BATCH_BY_SIZE, 500, NULL },
		{ "name", BATCH_BY_NAME, 0, "line 2500" }, { "status", BATCH_BY_STATE, 0, "downloaded" },
	};
	char what[96];

	for (int64_t organization = 0; organization <= 1; organization++)
		for (size_t i = 0; i < COUNT(from); i++)
			for (int down = 0; down < 2; down++) {
				struct batch_filter f = { .organization_id = organization, .sort = from[i].sort, .descending = down,
				    .after = true, .after_int = from[i].at, .after_text = from[i].text, .after_id = 102500 };

				(void)snprintf(what, sizeof(what), "batches: in the middle, by %s%s%s", from[i].name,
				    down ? ", downwards" : "", organization == 0 ? ", of all" : "");
				batch_page(w, what, f, PAGE, FEW);
			}
}

static void
certificates(const struct world *w)
{
	const struct certificate_filter all = { .organization_id = 1, .state = -1 };
	struct certificate_filter f = all;
	OWN(arena_free) struct arena *a = arena_new((size_t)1 << 20);
	struct certificate *one;
	int64_t from_id, to_id;
	size_t n;
	char hex[33];

	certificate_page(w, "certificates: oldest first", all, PAGE, FEW);
	f.descending = true;
	certificate_page(w, "certificates: newest first", f, PAGE, FEW);
	f.after = true;
	f.after_id = 100000;
	certificate_page(w, "certificates: a page in the middle", f, PAGE, FEW);
	f = (struct certificate_filter){ .state = -1, .descending = true };
	certificate_page(w, "certificates: of all organizations", f, PAGE, FEW);
	f = all;
	f.batch_id = 102501;
	certificate_page(w, "certificates: of a batch", f, 40, FEW);
	f = all;
	f.state = 1;
	certificate_page(w, "certificates: revoked", f, PAGE, 5 * FEW);
	f.descending = true;
	certificate_page(w, "certificates: revoked, newest first", f, PAGE, 5 * FEW);
	f = all;
	f.profile_id = 8;
	certificate_page(w, "certificates: of a profile", f, PAGE, 4 * FEW);
	f = all;
	f.state = CERTIFICATE_EXPIRED;
	f.sort = CERTIFICATE_BY_NOT_AFTER;
	certificate_page(w, "certificates: expired", f, PAGE, FEW);
	f = all;
	f.sort = CERTIFICATE_BY_NOT_AFTER;
	f.descending = true;
	certificate_page(w, "certificates: by end, downwards", f, PAGE, FEW);
	f.after = true;
	f.after_int = T0 + INT64_C(9000000000);
	f.after_id = 100000;
	certificate_page(w, "certificates: by end, in the middle of those that end together, downwards", f, PAGE, FEW);
	f.descending = false;
	certificate_page(w, "certificates: by end, in the middle of those that end together", f, PAGE, FEW);
	f.after = false;
	f.descending = true;
	f.sort = CERTIFICATE_BY_SERIAL;
	certificate_page(w, "certificates: by serial number, downwards", f, PAGE, 3 * FEW);
	f.sort = CERTIFICATE_BY_BATCH;
	certificate_page(w, "certificates: by batch, downwards", f, PAGE, 3 * FEW);
	f = all;
	MUST(store_certificate_id_at(w->db, T0 + 200000, &from_id, me));
	MUST(store_certificate_id_at(w->db, T0 + 200500, &to_id, me));
	f.id_min = from_id;
	f.id_max = to_id + 1;
	f.from = T0 + 200000;
	f.to = T0 + 200500;
	certificate_page(w, "certificates: of a few minutes", f, PAGE, 2 * FEW);
	f = all;
	f.limit = 1;
	MUST(store_certificate_list(w->db, &f, a, &one, &n, me));
	hex_upper(one->serial, 16, hex);
	f.serial_part = hex;
	certificate_page(w, "certificates: by whole serial number", f, 1, FEW);
	f = all;
	f.subject_part = "00:1a:2b:10000";
	f.id_min = 10001;
	f.id_max = 11000;
	certificate_page(w, "certificates: part of a subject, in a window of 1,000", f, 1, 2500);
}

/* Every filter of the list of certificates with its usual order, of one organization and of all. */
static const struct {
	const char			*name;
	struct certificate_filter	 f;
	size_t				 rows;
	int64_t				 mine, all;	/* rows read at most: of organization 1, of all */
} certificate_filters[] = {
	{ "no filter",	{ .state = -1 },			PAGE, FEW, FEW },
	{ "a batch",	{ .state = -1, .batch_id = 102501 },	40, FEW, FEW },
	{ "a profile",	{ .state = -1, .profile_id = 8 },	PAGE, 4 * FEW, 4 * FEW },
	{ "issued",	{ .state = CERTIFICATE_ISSUED },	PAGE, FEW, FEW },
	{ "revoked",	{ .state = 1 },				PAGE, 5 * FEW, 5 * FEW },
	{ "rejected",	{ .state = 2 },				0, FEW, FEW },
	/* Of all organizations: no index leads to ends, so those of half a table are looked at. */
	{ "expired",	{ .state = CERTIFICATE_EXPIRED },	PAGE, 5 * FEW, CERTIFICATES },
};

static void
certificates_filtered(const struct world *w)
{
	char what[96];

	for (int64_t organization = 0; organization <= 1; organization++)
		for (size_t i = 0; i < COUNT(certificate_filters); i++)
			for (int down = 0; down < 2; down++) {
				struct certificate_filter f = certificate_filters[i].f;

				f.organization_id = organization;
				f.descending = down;
				(void)snprintf(what, sizeof(what), "certificates: %s%s%s", certificate_filters[i].name,
				    down ? ", newest first" : "", organization == 0 ? ", of all" : "");
				certificate_page(w, what, f, certificate_filters[i].rows,
				    organization == 0 ? certificate_filters[i].all : certificate_filters[i].mine);
			}
}

static void
lists(enum db_engine engine, const char *uri)
{
	OWN(db_close) struct db *db = NULL;
	struct world w = { .engine = engine, .uri = uri };

	MUST(db_open(uri, DB_WRITE, &db, me));
	w.db = db;
	fill(db, engine);
	batches(&w);
	batches_middle(&w);
	certificates(&w);
	certificates_filtered(&w);
}

int
main(int argc, char **argv)
{
	verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
	(void)sqlite3_auto_extension((void (*)(void))on_open);
	check_db_on_both(lists);
	return check_done();
}
