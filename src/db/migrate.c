/* Migrations: numbered texts, each run once in a transaction that records its hash. */
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "db/driver.h"

/* Any number, as long as all programs that migrate take the same. */
#define LOCK "SELECT pg_advisory_xact_lock(4848211701)"

static const char table_sql[] =
    "CREATE TABLE IF NOT EXISTS schema_migration (number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL,"
    " sha256 TEXT NOT NULL, applied_at BIGINT NOT NULL)";

/* BLOB is bytea by another name, made where CREATE TABLE will look for it. */
static const char blob_sql[] =
    "DO $do$ BEGIN"
    " IF to_regtype('blob') IS NULL THEN CREATE DOMAIN blob AS bytea; END IF;"
    " END $do$";

/* What we keep as BLOB is DER and encrypted: trying to compress it costs time and saves nothing. */
static const char storage_sql[] =
    "DO $do$ DECLARE c record; BEGIN"
    " FOR c IN SELECT a.attrelid::regclass AS tab, a.attname AS col FROM pg_attribute a"
    " JOIN pg_class t ON t.oid = a.attrelid"
    " WHERE a.atttypid = 'blob'::regtype AND a.attstorage <> 'e' AND t.relkind = 'r' AND NOT a.attisdropped"
    " LOOP EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STORAGE EXTERNAL', c.tab, c.col); END LOOP;"
    " END $do$";

struct run {
	const struct db_migration	*list;
	size_t				 n;
	size_t				 now;	/* the one to apply, or n to prepare and look */
	size_t				 missing;	/* out: how many are not applied */
};

static const struct db_migration *
known(const struct run *r, int64_t number)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->list[i].number == number)
			return &r->list[i];
	return NULL;
}

/* Holds what was applied against what this program brings; *done says whether `number` is there. */
static bool
compare(struct db *db, struct run *r, int number, bool *done, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	size_t there = 0;

	*done = false;
	if (!db_query(db, "SELECT number, name, sha256 FROM schema_migration ORDER BY number", NO_ARGS, &rows, e))
		return false;
	while (db_next(rows, e)) {
		int64_t n = db_int(rows, 0);
		const struct db_migration *m = known(r, n);
		char hex[2 * SHA256_LEN + 1];

		if (m == NULL)
			return err_set(e, ERR_CONFLICT, "schema_newer", "the store has migration %04lld_%s, which this"
			    " program does not know: run the newer release that made it", (long long)n, db_text(rows, 1));
		sha256_hex(m->sql, strlen(m->sql), hex);
		if (strcmp(hex, db_text(rows, 2)) != 0)
			return err_set(e, ERR_CONFLICT, "schema_changed", "migration %04lld_%s differs from what was run"
			    " on this store: run the release that it belongs to", (long long)n, m->name);
		there++;
		*done = *done || n == number;
	}
	r->missing = r->n - there;
	return e->kind == ERR_NONE;
}

/* Starters wait for each other here; on SQLite the transaction itself is the lock. */
static bool
lock(struct db *db, struct err *e)
{
	return db_engine(db) != DB_POSTGRES || db->drv->script(db, LOCK, e);
}

static bool
prepare_tx(struct db *db, void *arg, struct err *e)
{
	bool done;

	return lock(db, e) && (db_engine(db) != DB_POSTGRES || db->drv->script(db, blob_sql, e)) &&
	    db->drv->script(db, table_sql, e) && compare(db, arg, 0, &done, e);
}

static bool
apply_tx(struct db *db, void *arg, struct err *e)
{
	struct run *r = arg;
	const struct db_migration *m = &r->list[r->now];
	char hex[2 * SHA256_LEN + 1];
	bool done;

	if (!lock(db, e) || !compare(db, r, m->number, &done, e))
		return false;
	if (done)
		return true;
	sha256_hex(m->sql, strlen(m->sql), hex);
	if (!db->drv->script(db, m->sql, e) ||
	    (db_engine(db) == DB_POSTGRES && !db->drv->script(db, storage_sql, e)))
		return err_in(e, "migration %04d_%s", m->number, m->name);
	return db_run(db, "INSERT INTO schema_migration (number, name, sha256, applied_at) VALUES ($1, $2, $3, $4)",
	    ARGS(arg_int(m->number), arg_text(m->name), arg_text(hex), arg_int(clock_now_s())), NULL, e);
}

bool
db_migrate(struct db *db, const struct db_migration *list, size_t n, struct err *e)
{
	struct run r = { .list = list, .n = n, .now = n };

	if (!db_tx(db, DB_WRITE, prepare_tx, &r, e))
		return false;
	if (r.missing == 0)
		return true;
	for (r.now = 0; r.now < n; r.now++)
		if (!db_tx(db, DB_WRITE, apply_tx, &r, e))
			return false;
	return true;
}

static bool
check_tx(struct db *db, void *arg, struct err *e)
{
	static const char sqlite[] = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migration'";
	static const char postgres[] = "SELECT 1 WHERE to_regclass('schema_migration') IS NOT NULL";
	struct run *r = arg;
	int64_t one;
	bool found, done;

	if (!db_get_int(db, db_engine(db) == DB_SQLITE ? sqlite : postgres, NO_ARGS, &one, &found, e))
		return false;
	r->missing = r->n;
	return !found || compare(db, r, 0, &done, e);
}

bool
db_schema_check(struct db *db, const struct db_migration *list, size_t n, struct err *e)
{
	struct run r = { .list = list, .n = n, .now = n };

	if (!db_tx(db, DB_READ, check_tx, &r, e))
		return false;
	if (r.missing > 0)
		return err_set(e, ERR_CONFLICT, "schema_older", "the store lacks %zu migrations of this program:"
		    " start the web process, which runs them", r.missing);
	return true;
}
