#include "domain/store_copy.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "store/copy.h"
#include "store/partition.h"

#define PAGE_ROWS ((size_t)1000)
#define PAGE_OCTETS ((size_t)8 * 1024 * 1024)
#define ARENA_MAX ((size_t)512 * 1024 * 1024)	/* a slice's body is one row */
#define BUSY_S 20
#define COPY_CHECKPOINT ((int64_t)64 * 1024 * 1024)

struct copying {
	struct db			*from, *to;
	const struct store_copy_report	*report;
	struct arena			*keep, *page;
	struct copy_table		*tables;
	size_t				 n;
	char				 source[2 * SHA256_LEN + 1];
	int64_t				 top;		/* certificate id */
	const struct copy_table		*table;		/* the one in hand */
	struct db_arg			*values;
	size_t				 rows;
	struct copy_progress		 progress;
};

static void
sum_hex(const uint8_t sum[SHA256_LEN], char out[2 * SHA256_LEN + 1])
{
	hex_lower(sum, SHA256_LEN, out);
}

/* ---- whole tables ---- */

static bool
table_sum(struct copying *c, struct db *db, const struct copy_table *t, int64_t *rows, uint8_t sum[SHA256_LEN],
    struct err *e)
{
	OWN_STR struct str scratch = { 0 };
	OWN_STR struct str key = { 0 };
	struct db_arg *after = NULL, *values;
	size_t n;

	*rows = 0;
	memset(sum, 0, SHA256_LEN);
	do {
		arena_reset(c->page);
		if (key.len > 0 && !store_copy_key_read(t, (const uint8_t *)key.p, key.len, c->page, &after, e))
			return false;
		if (!store_copy_page(db, t, after, PAGE_ROWS, PAGE_OCTETS, c->page, &values, &n, e))
			return false;
		for (size_t i = 0; i < n; i++)
			store_copy_sum(t, values + i * t->n, &scratch, sum);
		if (n > 0)
			store_copy_key(t, values + (n - 1) * t->n, &key);
		*rows += (int64_t)n;
	} while (n > 0);
	return true;
}

static const struct copy_table *
table_named(const struct copy_table *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

/* A store is known by its settings: keys made at random when it was. */
static bool
source_look(struct copying *c, struct err *e)
{
	const struct copy_table *settings;
	uint8_t sum[SHA256_LEN];
	int64_t rows, beat;

	if (!store_copy_tables(c->from, c->keep, &c->tables, &c->n, e) || !store_copy_last_beat(c->from, &beat, e) ||
	    !store_copy_top(c->from, &c->top, e))
		return false;
	if (beat > clock_now_s() - BUSY_S)
		return err_set(e, ERR_CONFLICT, "store_busy",
		    "a worker gave a sign of life just now: stop every process that uses the store, wait %d s", BUSY_S);
	settings = table_named(c->tables, c->n, "setting");
	if (settings == NULL)
		return err_sys(e, "a store without settings");
	if (!table_sum(c, c->from, settings, &rows, sum, e))
		return false;
	sum_hex(sum, c->source);
	return true;
}

/* ---- the target ---- */

static bool
begin_tx(struct db *tx, void *arg, struct err *e)
{
	const struct copying *c = arg;

	return store_copy_begin(tx, c->source, e);
}

/* What the migrations put into a new store is not the old one's. */
static bool
mark_tx(struct db *tx, void *arg, struct err *e)
{
	const struct copying *c = arg;

	for (size_t i = 0; i < c->n; i++)
		if (!store_copy_clear(tx, &c->tables[i], e))
			return false;
	return store_partition_ensure(tx, c->top, e) && store_copy_mark(tx, clock_now_s(), e);
}

static bool
same_tables(const struct copying *c, struct err *e)
{
	struct copy_table *list;
	size_t n;

	if (!store_copy_tables(c->to, c->keep, &list, &n, e))
		return false;
	for (size_t i = 0; i < c->n; i++) {
		const struct copy_table *t = table_named(list, n, c->tables[i].name);

		if (t == NULL || t->n != c->tables[i].n)
			return err_set(e, ERR_CONFLICT, "copy_schema", "the table %s is another one in the target", c->tables[i].name);
	}
	return n == c->n || err_set(e, ERR_CONFLICT, "copy_schema", "the target has tables of its own");
}

static bool
target_prepare(struct copying *c, struct err *e)
{
	const char *source;
	bool marked, any;

	if (!store_copy_source(c->to, c->keep, &source, &marked, e))
		return false;
	if (source != NULL && strcmp(source, c->source) != 0)
		return err_set(e, ERR_CONFLICT, "other_copy",
		    "the target has the unfinished copy of another store, or this one was used since: empty the target");
	if (source == NULL) {
		if (!store_copy_any(c->to, &any, e))
			return false;
		if (any)
			return err_set(e, ERR_CONFLICT, "not_empty", "the target has tables already: name an empty database");
		if (!db_tx(c->to, DB_WRITE, begin_tx, c, e))
			return false;
	}
	if (marked)
		return true;
	return db_migrate(c->to, db_migrations, db_migrations_n, e) && same_tables(c, e) &&
	    db_tx(c->to, DB_WRITE, mark_tx, c, e);
}

/* ---- copying ---- */

static bool
put_tx(struct db *tx, void *arg, struct err *e)
{
	const struct copying *c = arg;

	return (c->rows == 0 || store_copy_put(tx, c->table, c->values, c->rows, e)) &&
	    store_copy_advance(tx, c->table->name, &c->progress, e);
}

static bool
slice_copy(struct copying *c, struct err *e)
{
	OWN_STR struct str key = { 0 };
	struct db_arg *after = NULL;

	if (c->progress.after != NULL &&
	    !store_copy_key_read(c->table, c->progress.after, c->progress.after_len, c->page, &after, e))
		return false;
	if (!store_copy_page(c->from, c->table, after, PAGE_ROWS, PAGE_OCTETS, c->page, &c->values, &c->rows, e))
		return false;
	c->progress.whole = c->rows == 0;
	c->progress.rows += (int64_t)c->rows;
	if (c->rows > 0) {
		store_copy_key(c->table, c->values + (c->rows - 1) * c->table->n, &key);
		c->progress.after = (const uint8_t *)key.p;
		c->progress.after_len = key.len;
	}
	if (!db_tx(c->to, DB_WRITE, put_tx, c, e))
		return false;
	db_checkpoint(c->to, COPY_CHECKPOINT);
	c->report->copied(c->report->arg, c->table->name, c->progress.rows);
	return true;
}

static bool
table_copy(struct copying *c, struct err *e)
{
	do {
		arena_reset(c->page);
		if (!store_copy_progress(c->to, c->table->name, c->page, &c->progress, e))
			return false;
		if (c->progress.whole)
			return true;
		if (c->report->stop != NULL && c->report->stop(c->report->arg))
			return err_set(e, ERR_CONFLICT, "stopped", "stopped; the same command goes on from here");
		if (!slice_copy(c, e))
			return false;
	} while (!c->progress.whole);
	return true;
}

/* ---- verifying ---- */

static bool
table_verify(struct copying *c, const struct copy_table *t, struct err *e)
{
	uint8_t here[SHA256_LEN], there[SHA256_LEN];
	char hex[2 * SHA256_LEN + 1];
	int64_t n, m;

	if (!table_sum(c, c->from, t, &n, here, e) || !table_sum(c, c->to, t, &m, there, e))
		return false;
	if (n != m || memcmp(here, there, sizeof(here)) != 0)
		return err_set(e, ERR_CONFLICT, "copy_differs",
		    "table %s has %" PRId64 " rows here and %" PRId64 " there, or they differ: the store was used while it was "
		    "copied; empty the target and begin again", t->name, n, m);
	sum_hex(here, hex);
	c->report->verified(c->report->arg, t->name, n, hex);
	return true;
}

static bool
done_tx(struct db *tx, void *arg, struct err *e)
{
	(void)arg;
	return store_copy_done(tx, e);
}

static bool
copy_run(struct copying *c, struct err *e)
{
	if (!db_schema_check(c->from, db_migrations, db_migrations_n, e) || !source_look(c, e) || !target_prepare(c, e))
		return false;
	for (size_t i = 0; i < c->n; i++) {
		c->table = &c->tables[i];
		if (!table_copy(c, e))
			return false;
	}
	for (size_t i = 0; i < c->n; i++)
		if (!table_verify(c, &c->tables[i], e))
			return false;
	if (!db_tx(c->to, DB_WRITE, done_tx, c, e))
		return false;
	db_checkpoint(c->to, 0);
	return true;
}

bool
store_copy(const char *from, const char *to, const struct store_copy_report *report, struct err *e)
{
	OWN(arena_free) struct arena *keep = arena_new(ARENA_MAX);
	OWN(arena_free) struct arena *page = arena_new(ARENA_MAX);
	OWN(db_close) struct db *source = NULL;
	OWN(db_close) struct db *target = NULL;
	struct copying c = { .report = report, .keep = keep, .page = page };

	/* A file that is not there is not to be made; of several servers the primary is asked, not one behind it. */
	if (strcmp(from, to) == 0)
		return err_set(e, ERR_INVALID, "copy", "the two stores are one");
	if (!db_open(from, str_starts(from, "sqlite:") ? DB_READ : DB_WRITE, &source, e) ||
	    !db_open(to, DB_WRITE, &target, e))
		return false;
	c.from = source;
	c.to = target;
	return copy_run(&c, e);
}
