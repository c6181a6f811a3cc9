/* Names and keys in use: found by their whole key, whatever the planner knows of the tables. */
#include "check_db.h"
#include "store/item.h"

#define MUST(x) do { struct err must_e = { 0 }; struct err *me = &must_e; \
	CHECK((x), "%s: %s %s", check_on, must_e.msg, must_e.trail); } while (0)

enum { ROWS = 200000, ASKED = 150 };

/* Every second name that will be asked for. */
static void
fill(struct db *db)
{
	static const char names[] =
	    "WITH RECURSIVE k (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < $1)"
	    " INSERT INTO device_name (organization_id, profile_id, input, value, batch_id, item_index)"
	    " SELECT 1, 7, 'mac_address', CAST(2 * i AS TEXT), 60 + i % 2, i FROM k";
	static const uint8_t keys[3][32] = { { 2 }, { 4 }, { 200, 1 } };

	MUST(db_begin(db, DB_WRITE, me));
	MUST(db_run(db, names, ARGS(arg_int(ROWS)), NULL, me));
	for (size_t i = 0; i < 3; i++) {
		struct key_use k = { .item_index = (int64_t)i };

		memcpy(k.spki_sha256, keys[i], 32);
		MUST(store_key_use_add(db, 60, &k, 1, me));
	}
	MUST(db_commit(db, me));
}

/* What PostgreSQL read of the tables in this transaction. */
static void
read_little(struct db *db, const char *what, const char *sql)
{
	int64_t n = db_engine(db) == DB_POSTGRES ? check_db_number(db, sql) : 0;

	CHECK(n >= 0 && n <= 4 * ASKED, "%s: %lld rows read to look for %d %s", check_on, (long long)n, ASKED, what);
}

static void
look(enum db_engine engine, const char *uri)
{
	static const char read_names[] =
	    "SELECT CAST(seq_tup_read + idx_tup_fetch AS BIGINT) FROM pg_stat_xact_user_tables WHERE relname = 'device_name'";
	static const char read_keys[] =
	    "SELECT CAST(seq_tup_read + idx_tup_fetch AS BIGINT) FROM pg_stat_xact_user_tables WHERE relname = 'key_use'";
	OWN(db_close) struct db *db = NULL;
	char text[ASKED][24];
	const char *values[ASKED];
	uint8_t keys[ASKED][32] = { { 0 } };
	int64_t batch_id[ASKED];
	bool used[ASKED];

	(void)engine;
	MUST(db_open(uri, DB_WRITE, &db, me) && db_migrate(db, db_migrations, db_migrations_n, me));
	fill(db);
	for (size_t i = 0; i < ASKED; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "%zu", ROWS + i);
		values[i] = text[i];
		keys[i][0] = (uint8_t)i;
	}
	MUST(db_begin(db, DB_READ, me));
	MUST(store_device_name_find(db, 1, 7, "mac_address", values, ASKED, batch_id, me));
	for (size_t i = 0; i < ASKED; i++)
		CHECK(batch_id[i] == (i % 2 == 0 ? (int64_t)(60 + i / 2 % 2) : 0), "%s: %s: batch %lld", check_on, values[i],
		    (long long)batch_id[i]);
	read_little(db, "names", read_names);
	MUST(store_device_name_find(db, 1, 8, "mac_address", values, ASKED, batch_id, me));
	CHECK(batch_id[0] == 0, "%s: another profile's name", check_on);
	MUST(store_key_use_find(db, (const uint8_t (*)[32])keys, ASKED, used, me));
	for (size_t i = 0; i < ASKED; i++)
		CHECK(used[i] == (i == 2 || i == 4), "%s: key %zu", check_on, i);
	read_little(db, "keys", read_keys);
	MUST(store_key_use_find(db, (const uint8_t (*)[32])keys + 2, 1, used, me));
	CHECK(used[0], "%s: a key alone", check_on);
	db_rollback(db);
}

int
main(void)
{
	check_db_on_both(look);
	return check_done();
}
