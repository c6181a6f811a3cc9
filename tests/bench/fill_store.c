/*
 * fill_store - certificates by the million, written straight into the SQLite file of a stopped instance: a store
 * as it is after years, for measuring lists and searches.
 *
 *	fill_store STORE.db ORGANIZATION_ID PROFILE_ID UPTO [all]
 *
 * Fills until UPTO certificates are there: batches of a thousand, one MAC address each, every hundredth
 * certificate revoked, created over the last three years.  Encoded certificates are a few octets here: lists
 * never read them.  Serial numbers rise, which fills a store faster than random ones do.
 *
 * With `all`, every certificate is revoked and serial numbers are random, for measuring revocation lists.
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/rand.h>

#define BATCH		1000
#define COMMIT_BATCHES	100
#define YEARS_S		(INT64_C(3) * 365 * 86400)
#define FIRST_MAC	UINT64_C(0x001A2B000000)

static sqlite3 *db;

static void
fail(const char *what)
{
	(void)fprintf(stderr, "fill_store: %s: %s\n", what, db == NULL ? "" : sqlite3_errmsg(db));
	exit(1);
}

static void
run(const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail(sql);
}

static sqlite3_stmt *
prepare(const char *sql)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		fail(sql);
	return s;
}

static int64_t
value(const char *sql)
{
	sqlite3_stmt *s = prepare(sql);
	int64_t v = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;

	(void)sqlite3_finalize(s);
	return v;
}

static void
step(sqlite3_stmt *s)
{
	if (sqlite3_step(s) != SQLITE_DONE)
		fail("insert");
	(void)sqlite3_reset(s);
}

static struct {
	sqlite3_stmt	*batch, *slice, *certificate, *serial, *der;
	int64_t		 organization, profile, ca, upto, now, seq;
	bool		 all;
} f;

static void
statements(void)
{
	f.batch = prepare("INSERT INTO batch (id, organization_id, profile_id, profile_version, parameters, parameters_version,"
	    " method, name, name_fold, size, state, version, packaging, created_at, created_by, created_by_name, staged_until,"
	    " succeeded, changed_at) VALUES (?1, ?2, ?3, 1, '{}', 1, 'form', 'lot ' || ?1, 'lot ' || ?1, 1000, 'downloaded', 1,"
	    " '{}', ?4, 1, 'filler', 0, 1000, ?4)");
	f.slice = prepare("INSERT INTO slice (batch_id, slice_no, organization_id, first_index, size, state, turn, version,"
	    " certificate_base, succeeded) VALUES (?1, 0, ?2, 0, 1000, 'done', ?3, 1, ?3, 1000)");
	f.certificate = prepare("INSERT INTO certificate (id, serial, batch_id, item_index, organization_id, profile_id, ca_id,"
	    " state, created_at, not_before, not_after, subject, revoked_at, reason, status_seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6,"
	    " ?7, ?8, ?9, ?9, ?9 + 631152000, ?10, ?11, ?12, ?13)");
	f.serial = prepare("INSERT INTO certificate_serial (serial, certificate_id) VALUES (?1, ?2)");
	f.der = prepare("INSERT INTO certificate_der (certificate_id, der) VALUES (?1, x'3003020101')");
}

static void
certificate_add(int64_t id, int64_t batch, int64_t item, int64_t at)
{
	uint64_t mac = FIRST_MAC + (uint64_t)id, ticks = (uint64_t)at * 128 + (uint64_t)item % 128;
	bool revoked = f.all || id % 100 == 0;
	uint8_t serial[16];
	char subject[96];

	if (RAND_bytes(serial, sizeof(serial)) != 1)
		fail("random");
	serial[0] = (serial[0] & 0x3f) | 0x40;
	for (int i = 0; i < 5 && !f.all; i++)
		serial[i] = (uint8_t)(ticks >> 8 * (4 - i));
	(void)snprintf(subject, sizeof(subject), "O=Acme Broadband Devices, CN=%02X:%02X:%02X:%02X:%02X:%02X",
	    (unsigned)(mac >> 40 & 255), (unsigned)(mac >> 32 & 255), (unsigned)(mac >> 24 & 255), (unsigned)(mac >> 16 & 255),
	    (unsigned)(mac >> 8 & 255), (unsigned)(mac & 255));
	(void)sqlite3_bind_int64(f.certificate, 1, id);
	(void)sqlite3_bind_blob(f.certificate, 2, serial, sizeof(serial), SQLITE_STATIC);
	(void)sqlite3_bind_int64(f.certificate, 3, batch);
	(void)sqlite3_bind_int64(f.certificate, 4, item);
	(void)sqlite3_bind_int64(f.certificate, 5, f.organization);
	(void)sqlite3_bind_int64(f.certificate, 6, f.profile);
	(void)sqlite3_bind_int64(f.certificate, 7, f.ca);
	(void)sqlite3_bind_int64(f.certificate, 8, revoked);
	(void)sqlite3_bind_int64(f.certificate, 9, at);
	(void)sqlite3_bind_text(f.certificate, 10, subject, -1, SQLITE_STATIC);
	if (revoked) {
		(void)sqlite3_bind_int64(f.certificate, 11, at + 86400);
		(void)sqlite3_bind_int64(f.certificate, 12, 4);
		(void)sqlite3_bind_int64(f.certificate, 13, f.seq);
	} else {
		(void)sqlite3_bind_null(f.certificate, 11);
		(void)sqlite3_bind_null(f.certificate, 12);
		(void)sqlite3_bind_null(f.certificate, 13);
	}
	step(f.certificate);
	(void)sqlite3_bind_blob(f.serial, 1, serial, sizeof(serial), SQLITE_STATIC);
	(void)sqlite3_bind_int64(f.serial, 2, id);
	step(f.serial);
	(void)sqlite3_bind_int64(f.der, 1, id);
	step(f.der);
}

static void
batch_add(int64_t batch, int64_t first)
{
	int64_t at = f.now - YEARS_S + (int64_t)((double)YEARS_S * (double)first / (double)(f.upto + 1));

	(void)sqlite3_bind_int64(f.batch, 1, batch);
	(void)sqlite3_bind_int64(f.batch, 2, f.organization);
	(void)sqlite3_bind_int64(f.batch, 3, f.profile);
	(void)sqlite3_bind_int64(f.batch, 4, at);
	step(f.batch);
	(void)sqlite3_bind_int64(f.slice, 1, batch);
	(void)sqlite3_bind_int64(f.slice, 2, f.organization);
	(void)sqlite3_bind_int64(f.slice, 3, first);
	step(f.slice);
	for (int64_t i = 0; i < BATCH; i++)
		certificate_add(first + i, batch, i, at);
}

int
main(int argc, char **argv)
{
	char sql[700];
	int64_t batch, id, batch_before;

	if (argc != 5 && (argc != 6 || strcmp(argv[5], "all") != 0)) {
		(void)fprintf(stderr, "usage: fill_store STORE.db ORGANIZATION_ID PROFILE_ID UPTO [all]\n");
		return 2;
	}
	if (sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		fail(argv[1]);
	f.organization = strtoll(argv[2], NULL, 10);
	f.profile = strtoll(argv[3], NULL, 10);
	f.upto = strtoll(argv[4], NULL, 10);
	f.all = argc == 6;
	f.now = (int64_t)time(NULL);
	run("PRAGMA synchronous = OFF; PRAGMA cache_size = -524288; PRAGMA wal_autocheckpoint = 20000");
	(void)snprintf(sql, sizeof(sql), "SELECT ca_id FROM profile WHERE id = %" PRId64, f.profile);
	f.ca = value(sql);
	f.seq = value("SELECT value FROM counter WHERE name = 'status'") + 1;
	batch = batch_before = value("SELECT value FROM counter WHERE name = 'batch'");
	id = value("SELECT value FROM counter WHERE name = 'certificate'");
	statements();
	run("BEGIN");
	for (int64_t n = 1; id + BATCH <= f.upto; n++) {
		batch_add(++batch, id + 1);
		id += BATCH;
		if (n % COMMIT_BATCHES == 0)
			run("COMMIT; BEGIN");
	}
	(void)snprintf(sql, sizeof(sql), "INSERT INTO tally (organization_id, kind, day, profile_id, n)"
	    " SELECT organization_id, 'issued', created_at / 86400, profile_id, sum(succeeded) FROM batch WHERE id > %" PRId64
	    " GROUP BY 1, 3, 4 ON CONFLICT (organization_id, kind, day, profile_id) DO UPDATE SET n = tally.n + excluded.n",
	    batch_before);
	run(sql);
	(void)snprintf(sql, sizeof(sql), "UPDATE counter SET value = %" PRId64 " WHERE name = 'batch';"
	    " UPDATE counter SET value = %" PRId64 " WHERE name = 'certificate';"
	    " UPDATE counter SET value = %" PRId64 " WHERE name = 'status'", batch, id, f.seq);
	run(sql);
	run("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
	(void)printf("{\"certificates\": %" PRId64 ", \"batches\": %" PRId64 "}\n", id, batch);
	for (sqlite3_stmt *s; (s = sqlite3_next_stmt(db, NULL)) != NULL;)
		(void)sqlite3_finalize(s);
	return sqlite3_close(db) == SQLITE_OK ? 0 : 1;
}
