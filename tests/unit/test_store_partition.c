/* certificate_der in pieces on PostgreSQL: what was there stays readable, pieces are made ahead of the ids. */
#include "check_db.h"
#include "store/partition.h"

#define MUST(x) do { struct err must_e = { 0 }; struct err *me = &must_e; \
	CHECK((x), "%s: %s %s", check_on, must_e.msg, must_e.trail); } while (0)

static bool
add(struct db *tx, void *arg, struct err *e)
{
	return db_run(tx, "INSERT INTO certificate_der (certificate_id, der) VALUES ($1, $2)",
	    ARGS(arg_int(*(int64_t *)arg), arg_blob("\0der", 4)), NULL, e);
}

static bool
ensure(struct db *tx, void *arg, struct err *e)
{
	return store_partition_ensure(tx, *(int64_t *)arg, e);
}

static void
pieces(enum db_engine engine, const char *uri)
{
	static const char count[] =
	    "SELECT COUNT(*) FROM pg_inherits WHERE inhparent = CAST('certificate_der' AS regclass)";
	OWN(db_close) struct db *db = NULL;
	int64_t ids[] = { 7, PARTITION_IDS - 1, PARTITION_IDS, 3 * PARTITION_IDS + 5 }, unknown = -1;
	struct err e = { 0 };

	MUST(db_open(uri, DB_WRITE, &db, me) && db_migrate(db, db_migrations, db_migrations_n, me));
	MUST(db_tx(db, DB_WRITE, add, &ids[0], me));
	MUST(db_tx(db, DB_WRITE, ensure, &unknown, me));
	MUST(db_tx(db, DB_WRITE, ensure, &unknown, me));
	MUST(db_tx(db, DB_WRITE, add, &ids[1], me));
	MUST(db_tx(db, DB_WRITE, add, &ids[2], me));
	CHECK(!db_tx(db, DB_WRITE, add, &ids[0], &e) && e.kind == ERR_CONFLICT, "%s: an id twice: %s", check_on, e.msg);
	if (engine == DB_POSTGRES) {
		CHECK(check_db_number(db, count) == 3, "%s: %lld pieces", check_on, (long long)check_db_number(db, count));
		err_clear(&e);
		CHECK(!db_tx(db, DB_WRITE, add, &ids[3], &e), "%s: an id beyond the pieces", check_on);
	}
	MUST(db_tx(db, DB_WRITE, ensure, &ids[3], me));
	MUST(db_tx(db, DB_WRITE, add, &ids[3], me));
	CHECK(check_db_number(db, "SELECT COUNT(*) FROM certificate_der WHERE length(der) = 4") == 4, "%s: rows are missing", check_on);
	if (engine == DB_POSTGRES) {
		CHECK(check_db_number(db, count) == 6, "%s: %lld pieces", check_on, (long long)check_db_number(db, count));
		CHECK(check_db_number(db, "SELECT COUNT(*) FROM pg_attribute WHERE attname = 'der' AND attstorage = 'e' AND attrelid IN"
		    " (SELECT inhrelid FROM pg_inherits)") == 6, "%s: DER would be compressed", check_on);
		CHECK(check_db_number(db, "SELECT COUNT(*) FROM certificate_der_3") == 1, "%s: the wrong piece", check_on);
		MUST(db_run(db, "ALTER TABLE certificate_der DETACH PARTITION certificate_der_0", NO_ARGS, NULL, me));
		MUST(db_tx(db, DB_WRITE, ensure, &ids[3], me));
		CHECK(check_db_number(db, "SELECT COUNT(*) FROM certificate_der") == 2, "%s: detached, yet there", check_on);
	}
}

int
main(void)
{
	check_db_on_both(pieces);
	return check_done();
}
