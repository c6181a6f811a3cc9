/* What the store of orders promises statement by statement, on both engines. */
#include "check_db.h"
#include "store/batch.h"
#include "store/certificate.h"
#include "store/idempotency.h"
#include "store/item.h"
#include "store/query.h"
#include "store/quota.h"
#include "store/slice.h"

#define MUST(x) do { struct err must_e = { 0 }; struct err *me = &must_e; \
	CHECK((x), "%s: %s %s", check_on, must_e.msg, must_e.trail); } while (0)

struct store {
	struct db	*db;
	struct arena	*arena;
};

static struct batch
batch_new(int64_t id, int64_t organization_id, const char *name)
{
	return (struct batch){ .id = id, .organization_id = organization_id, .profile_id = 7, .profile_version = 1,
	    .parameters = "{}", .method = "csv", .name = name, .state = "pending_creation", .packaging = "{}",
	    .created_at = 1000 + id, .created_by = 3, .created_by_name = "ann", .staged_until = 500 };
}

static void
patterns(void)
{
	OWN(arena_free) struct arena *a = arena_new(65536);

	CHECK(strcmp(query_like(a, "50%_a\\B"), "%50\\%\\_a\\\\b%") == 0, "%s", query_like(a, "50%_a\\B"));
	CHECK(strcmp(query_fold(a, "GR\xc3\x9cN \xd0\x96 x"), "gr\xc3\xbcn \xd0\xb6 x") == 0, "%s",
	    query_fold(a, "GR\xc3\x9cN \xd0\x96 x"));
}

static void
batches(struct store *s)
{
	struct batch b = batch_new(1, 1, "Gr\xc3\x9cN 50%"), x;
	struct batch_filter f = { .organization_id = 1, .limit = 10 };
	struct batch *list;
	bool found, again, taken;
	int64_t n, id, revoked;
	struct err e = { 0 };
	size_t got;

	MUST(store_batch_add(s->db, &b, me));
	MUST(store_batch_get(s->db, 1, s->arena, &x, &found, me));
	CHECK(found && strcmp(x.name, b.name) == 0 && x.p12_salt == NULL && strcmp(x.rest, "none") == 0, "%s: read back", check_on);
	MUST(store_batch_list(s->db, &f, s->arena, &list, &got, me));
	CHECK(got == 0, "%s: a staged order is listed", check_on);
	/* Chunks: in order, each once. */
	MUST(store_batch_staging(s->db, 1, 1, 1000, 600, &again, me));
	CHECK(!again, "%s: the first chunk is new", check_on);
	MUST(store_batch_staging(s->db, 1, 1, 1000, 600, &again, me));
	CHECK(again, "%s: the first chunk again", check_on);
	CHECK(!store_batch_staging(s->db, 1, 3, 3000, 600, &again, &e) && strcmp(e.code, "staging_lost") == 0, "%s: a gap", check_on);
	MUST(store_batch_staging_find(s->db, 599, &found, me));
	CHECK(!found, "%s: staged until 600", check_on);
	MUST(store_batch_get(s->db, 1, s->arena, &x, &found, me));
	MUST(store_batch_move(s->db, &x, "pending_issue", 2000, me));
	CHECK(x.version == 2 && strcmp(x.state, "pending_issue") == 0, "%s: moved", check_on);
	e = (struct err){ 0 };
	b.version = 1;
	CHECK(!store_batch_move(s->db, &b, "rejected", 2001, &e) && e.kind == ERR_RETRY, "%s: an old version moved it", check_on);
	MUST(store_batch_accepted(s->db, 1, 1000, 2, me));
	MUST(store_batch_progress(s->db, 1, 499, 1, 2002, &x, &found, me));
	CHECK(found && x.slices_left == 1 && x.charged == 999 && x.version == 2, "%s: progress", check_on);
	MUST(store_batch_add_revoked(s->db, 1, 3, 2003, &revoked, me));
	CHECK(revoked == 3, "%s: revoked", check_on);
	MUST(store_batch_made(s->db, 1, 7, 0, &n, me));
	CHECK(n == 499, "%s: made", check_on);
	f.name_part = "\xc3\xbcn 50%";
	MUST(store_batch_list(s->db, &f, s->arena, &list, &got, me));
	CHECK(got == 1, "%s: by part of the name, any case", check_on);
	f.name_part = "50_";
	MUST(store_batch_count(s->db, &f, s->arena, &n, me));
	CHECK(n == 0, "%s: an underscore is itself", check_on);
	MUST(store_batch_changes(s->db, 1, 2003, 10, s->arena, &list, &got, me));
	CHECK(got == 1, "%s: changed since", check_on);
	MUST(store_batch_changes(s->db, 1, 2004, 10, s->arena, &list, &got, me));
	CHECK(got == 0, "%s: nothing changed since", check_on);
	MUST(store_batch_active(s->db, 1, &n, me));
	CHECK(n == 1, "%s: active", check_on);
	/* The rest: one step is taken once. */
	MUST(store_batch_rest(s->db, 1, "reject", -1, me));
	MUST(store_batch_rest_step(s->db, 1, "reject", -1, 0, &taken, me));
	CHECK(taken, "%s: a step", check_on);
	MUST(store_batch_rest_step(s->db, 1, "reject", -1, 0, &taken, me));
	CHECK(!taken, "%s: the same step", check_on);
	MUST(store_batch_rest_find(s->db, &id, &found, me));
	CHECK(found && id == 1, "%s: a rest is found", check_on);
	MUST(store_batch_rest(s->db, 1, "none", 0, me));
}

static void
slices(struct store *s)
{
	struct slice list[70], x, *read;
	struct batch b = batch_new(2, 1, "slices");
	int64_t turn, next;
	OWN_STR struct str text = { 0 };
	bool found, held;
	size_t n;
	struct err e = { 0 };

	for (int i = 0; i < 70; i++)
		list[i] = (struct slice){ .batch_id = 2, .slice_no = i, .organization_id = 1, .first_index = i * 10, .size = 10 };
	MUST(store_batch_add(s->db, &b, me));
	MUST(db_begin(s->db, DB_WRITE, me));
	MUST(store_slice_add(s->db, list, 70, me));
	MUST(db_commit(s->db, me));
	MUST(store_slice_front(s->db, &turn, &found, me));
	CHECK(!found, "%s: staged slices wait for nobody", check_on);
	MUST(store_slice_queue(s->db, 2, 100, 5, me));
	MUST(store_slice_front(s->db, &turn, &found, me));
	CHECK(found && turn == 100, "%s: the front is %d", check_on, (int)turn);
	for (int i = 0; i < 3; i++) {
		MUST(store_slice_lease(s->db, "w", "h", 1000, 1060, s->arena, &x, &found, me));
		CHECK(found && x.slice_no == i && x.attempts == 1 && x.turn == 100 + 5 * i, "%s: lease %d", check_on, i);
	}
	MUST(store_slice_front(s->db, &turn, &found, me));
	CHECK(turn == 115, "%s: the front moved to %d", check_on, (int)turn);
	MUST(store_slice_plan(s->db, &x, (const uint8_t *)"0123456789abcdef", 16, &held, me));
	CHECK(held, "%s: plan", check_on);
	MUST(store_slice_plan(s->db, &x, (const uint8_t *)"0123456789abcdef", 16, &held, me));
	CHECK(!held, "%s: an old version plans", check_on);
	MUST(store_slice_lease(s->db, "w2", "h", 1061, 1100, s->arena, &x, &found, me));
	CHECK(found && x.slice_no == 0 && x.attempts == 2, "%s: a lease that ran out", check_on);
	x.succeeded = 9;
	x.failed = 1;
	MUST(store_slice_done(s->db, &x, &held, me));
	CHECK(held, "%s: done", check_on);
	MUST(store_slice_void(s->db, 2, me));
	MUST(store_slice_waiting(s->db, 999999, &found, me));
	CHECK(!found, "%s: void slices wait", check_on);
	MUST(store_slice_list(s->db, 2, 0, 100, s->arena, &read, &n, me));
	CHECK(n == 70 && strcmp(read[0].state, "done") == 0 && read[0].succeeded == 9 && strcmp(read[69].state, "void") == 0,
	    "%s: list", check_on);
	MUST(store_slice_file_add(s->db, 2, 0, "d", 1, "m", 1, "body", 4, me));
	MUST(store_slice_file_add(s->db, 2, 40, "d", 1, "m", 1, NULL, 0, me));
	MUST(store_slice_file_get(s->db, 2, 0, SLICE_BODY, &text, me));
	CHECK(text.len == 4 && memcmp(text.p, "body", 4) == 0, "%s: body", check_on);
	MUST(store_slice_file_get(s->db, 2, 40, SLICE_BODY, &text, me));
	CHECK(text.len == 0, "%s: no body", check_on);
	MUST(store_slice_file_drop(s->db, 2, 0, 32, &next, me));
	CHECK(next == 40, "%s: next file at %d", check_on, (int)next);
	MUST(store_slice_file_drop(s->db, 2, 40, 32, &next, me));
	CHECK(next == -1, "%s: no file is left", check_on);
	CHECK(!store_slice_file_get(s->db, 2, 0, SLICE_BODY, &text, &e) && e.kind == ERR_NOT_FOUND, "%s: purged", check_on);
}

static void
ledgers(struct store *s)
{
	enum { N = 150 };
	struct device_name d[N];
	struct key_use k[N];
	const char *values[N];
	int64_t holder[N];
	uint8_t hashes[N][32];
	bool used[N], more;
	struct err e = { 0 };

	memset(hashes, 0, sizeof(hashes));
	for (int i = 0; i < N; i++) {
		values[i] = arena_printf(s->arena, "00:1A:2B:00:00:%02X", i);
		d[i] = (struct device_name){ "mac_address", values[i], i };
		hashes[i][3] = (uint8_t)i;
		k[i].item_index = i;
		memcpy(k[i].spki_sha256, hashes[i], 32);
	}
	MUST(db_begin(s->db, DB_WRITE, me));
	MUST(store_device_name_add(s->db, 1, 7, 1, d, 100, me));
	MUST(store_device_name_add(s->db, 1, 7, 3, d + 100, 20, me));
	MUST(store_key_use_add(s->db, 1, k, 130, me));
	MUST(db_commit(s->db, me));
	MUST(store_device_name_find(s->db, 1, 7, "mac_address", values, N, holder, me));
	CHECK(holder[0] == 1 && holder[99] == 1 && holder[119] == 3 && holder[120] == 0 && holder[N - 1] == 0,
	    "%s: holders %d %d %d %d", check_on, (int)holder[0], (int)holder[99], (int)holder[119], (int)holder[120]);
	MUST(store_device_name_find(s->db, 2, 7, "mac_address", values, N, holder, me));
	CHECK(holder[0] == 0, "%s: another organization's names", check_on);
	MUST(db_begin(s->db, DB_WRITE, me));
	CHECK(!store_device_name_add(s->db, 1, 7, 4, d + 119, 2, &e) && e.kind == ERR_CONFLICT && strcmp(e.code, "db_unique") == 0,
	    "%s: a name twice: %s", check_on, e.msg);
	db_rollback(s->db);
	MUST(store_device_name_release(s->db, 1, 0, 50, me));
	MUST(store_device_name_find(s->db, 1, 7, "mac_address", values, N, holder, me));
	CHECK(holder[49] == 0 && holder[50] == 1, "%s: released", check_on);
	MUST(store_key_use_find(s->db, (const uint8_t (*)[32])hashes, N, used, me));
	CHECK(used[0] && used[129] && !used[130], "%s: keys in use", check_on);
	MUST(store_key_use_release_item(s->db, 1, 5, me));
	MUST(store_key_use_release(s->db, 1, 100, &more, me));
	CHECK(more, "%s: more keys", check_on);
	MUST(store_key_use_release(s->db, 1, 100, &more, me));
	CHECK(!more, "%s: no more keys", check_on);
	MUST(store_key_use_find(s->db, (const uint8_t (*)[32])hashes, N, used, me));
	CHECK(!used[0] && !used[129], "%s: keys are free", check_on);
}

static void
keys(struct store *s)
{
	struct idempotency i = { .fingerprint_len = FINGERPRINT_LEN, .batch_id = 1, .created_at = 100 }, x;
	struct err e = { 0 };
	int64_t dropped;
	bool found;

	memset(i.fingerprint, 7, 32);
	memset(i.fingerprint + 32, 9, 32);
	MUST(store_idempotency_add(s->db, 1, "k", &i, me));
	CHECK(!store_idempotency_add(s->db, 1, "k", &i, &e) && strcmp(e.code, "db_unique") == 0, "%s: a key twice", check_on);
	MUST(store_idempotency_add(s->db, 2, "k", &i, me));
	MUST(store_idempotency_open(s->db, 1, 1, me));
	MUST(store_idempotency_get(s->db, 1, "k", &x, &found, me));
	CHECK(found && x.fingerprint_len == 32 && x.fingerprint[31] == 7, "%s: what is left", check_on);
	MUST(store_idempotency_get(s->db, 2, "k", &x, &found, me));
	CHECK(found && x.fingerprint_len == 64, "%s: another organization's", check_on);
	MUST(store_idempotency_old(s->db, 101, &found, me));
	CHECK(found, "%s: old ones", check_on);
	MUST(store_idempotency_sweep(s->db, 101, 1, &dropped, me));
	CHECK(dropped == 1, "%s: one at a time", check_on);
	MUST(store_setting_keep(s->db, "x", "first", 1, me));
	MUST(store_setting_keep(s->db, "x", "second", 2, me));
}

static void
secrets(struct store *s)
{
	struct worker_key k = { .id = "k1", .host = "h1", .certificate = (const uint8_t *)"cert", .certificate_len = 4,
	    .created_at = 5 }, *list;
	const uint8_t *sealed;
	const char *id;
	bool added, dropped, found;
	size_t n, len;

	MUST(store_worker_key_put(s->db, &k, me));
	MUST(store_worker_key_put(s->db, &k, me));
	MUST(store_batch_secret_add(s->db, 1, "k1", (const uint8_t *)"sealed", 6, &added, me));
	CHECK(added, "%s: sealed", check_on);
	MUST(store_batch_secret_add(s->db, 1, "gone", (const uint8_t *)"sealed", 6, &added, me));
	CHECK(!added, "%s: sealed to a key that is gone", check_on);
	MUST(store_batch_secret_get(s->db, 1, "h1", s->arena, &id, &sealed, &len, &found, me));
	CHECK(found && len == 6 && strcmp(id, "k1") == 0, "%s: of this host", check_on);
	MUST(store_batch_secret_get(s->db, 1, "h2", s->arena, &id, &sealed, &len, &found, me));
	CHECK(!found, "%s: of another host", check_on);
	MUST(store_worker_key_retire(s->db, "k1", 9, me));
	MUST(store_worker_key_list(s->db, NULL, true, s->arena, &list, &n, me));
	CHECK(n == 0, "%s: a retired key is live", check_on);
	MUST(store_worker_key_list(s->db, "h1", false, s->arena, &list, &n, me));
	CHECK(n == 1 && list[0].needed && list[0].retired_at == 9, "%s: retired, but needed", check_on);
	MUST(store_worker_key_drop(s->db, "k1", &dropped, me));
	CHECK(!dropped, "%s: a needed key is dropped", check_on);
	MUST(store_batch_secret_drop(s->db, 1, me));
	MUST(store_worker_key_drop(s->db, "k1", &dropped, me));
	CHECK(dropped, "%s: a key that nothing needs", check_on);
}

static void
certificates(struct store *s)
{
	enum { N = 200 };
	struct certificate *c = arena_array(s->arena, N, sizeof(*c)), *list, x;
	struct certificate_filter f = { .organization_id = 1, .state = -1, .limit = 30, .descending = true };
	uint8_t serials[2][16];
	int64_t id, ids[2], changed, total;
	bool found, once;
	struct err e = { 0 };
	size_t n;

	for (int i = 0; i < N; i++) {
		c[i] = (struct certificate){ .id = i + 1, .batch_id = 1, .item_index = i, .organization_id = 1, .profile_id = 7,
		    .ca_id = 1, .created_at = 10000 + 100 * i, .not_before = 1, .not_after = 50000, .subject = "CN=x",
		    .der = (const uint8_t *)"der", .der_len = 3 };
		c[i].serial[0] = 0x5a;
		c[i].serial[15] = (uint8_t)i;
	}
	c[N - 1].subject = "CN=M\xc3\x9cNCHEN 100%";
	MUST(db_begin(s->db, DB_WRITE, me));
	MUST(store_certificate_add(s->db, c, N, me));
	MUST(db_run(s->db, "UPDATE counter SET value = 200 WHERE name = 'certificate'", NO_ARGS, NULL, me));
	MUST(db_commit(s->db, me));
	MUST(db_begin(s->db, DB_WRITE, me));
	CHECK(!store_certificate_add(s->db, c, 1, &e) && e.kind == ERR_CONFLICT, "%s: a serial twice: %s", check_on, e.msg);
	db_rollback(s->db);
	memcpy(serials[0], c[3].serial, 16);
	memset(serials[1], 0x11, 16);
	MUST(store_certificate_ids(s->db, (const uint8_t (*)[16])serials, 2, ids, me));
	CHECK(ids[0] == 4 && ids[1] == 0, "%s: by serial", check_on);
	MUST(store_certificate_id_at(s->db, 10000 + 100 * 50, &id, me));
	CHECK(id == 50, "%s: ids by time: %d", check_on, (int)id);
	MUST(store_certificate_id_at(s->db, 1, &id, me));
	CHECK(id == 0, "%s: before all", check_on);
	MUST(store_certificate_id_at(s->db, 9999999, &id, me));
	CHECK(id == 200, "%s: after all", check_on);
	MUST(store_certificate_list(s->db, &f, s->arena, &list, &n, me));
	CHECK(n == 30 && list[0].id == 200 && list[29].id == 171, "%s: newest first", check_on);
	f.subject_part = "m\xc3\x9cnchen 100%";
	MUST(store_certificate_list(s->db, &f, s->arena, &list, &n, me));
	CHECK(n == 1, "%s: by part of the subject: %zu", check_on, n);
	f.subject_part = "100_";
	MUST(store_certificate_count(s->db, &f, 1000, s->arena, &total, me));
	CHECK(total == 0, "%s: an underscore is itself", check_on);
	f.subject_part = NULL;
	f.serial_part = "5A000";
	f.id_max = 20;
	MUST(store_certificate_list(s->db, &f, s->arena, &list, &n, me));
	CHECK(n == 20, "%s: by part of the serial number, in a window: %zu", check_on, n);
	MUST(db_begin(s->db, DB_WRITE, me));
	MUST(store_certificate_revoke(s->db, 4, CERTIFICATE_REVOKED, 777, 4, &once, me));
	CHECK(once, "%s: revoked", check_on);
	MUST(store_certificate_revoke(s->db, 4, CERTIFICATE_REVOKED, 778, 1, &once, me));
	CHECK(!once, "%s: revoked twice", check_on);
	MUST(store_certificate_revoke_range(s->db, 1, 0, 10, CERTIFICATE_REJECTED, 779, 5, &changed, me));
	CHECK(changed == 9, "%s: the rest of ten: %d", check_on, (int)changed);
	MUST(db_commit(s->db, me));
	MUST(store_certificate_get(s->db, c[3].serial, s->arena, &x, &found, me));
	CHECK(found && x.revoked_at == 777 && x.reason == 4, "%s: the first reason", check_on);
}

static void
all(enum db_engine engine, const char *uri)
{
	OWN(arena_free) struct arena *a = arena_new((size_t)8 << 20);
	OWN(db_close) struct db *db = NULL;
	struct store s = { .arena = a };

	(void)engine;
	MUST(db_open(uri, DB_WRITE, &db, me));
	MUST(db_migrate(db, db_migrations, db_migrations_n, me));
	s.db = db;
	batches(&s);
	slices(&s);
	ledgers(&s);
	keys(&s);
	secrets(&s);
	certificates(&s);
}

int
main(void)
{
	patterns();
	check_db_on_both(all);
	return check_done();
}
