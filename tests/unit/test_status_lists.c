/* Rows of revocation lists on both engines: leases, numbers, changes, octets, alarms. */
#include <sys/mman.h>

#include "check_orders.h"
#include "domain/certificate/crl.h"
#include "domain/certificate/status_feed.h"
#include "store/certificate.h"

static struct orders_world w;
static int64_t ca_id;

static struct crl_row
row_of(int64_t number, bool delta)
{
	struct crl_row r = { .ca_id = ca_id, .shard = CRL_WHOLE_CA, .delta = delta, .number = number,
		.base_number = delta ? number - 1 : 0, .seq = 5, .this_update = clock_now_s(),
		.next_update = clock_now_s() + 3600, .entries = 3, .octets = 0 };

	return r;
}

static void
test_leases(void)
{
	bool held;

	MUST(crl_lease(&w.app, ca_id, CRL_WHOLE_CA, "one", 60, &held, me));
	CHECK(held, "%s: free", check_on);
	MUST(crl_lease(&w.app, ca_id, CRL_WHOLE_CA, "two", 60, &held, me));
	CHECK(!held, "%s: another has it", check_on);
	MUST(crl_lease(&w.app, ca_id, CRL_WHOLE_CA, "one", 60, &held, me));
	CHECK(held, "%s: one's own is renewed", check_on);
	MUST(crl_lease(&w.app, ca_id, 3, "two", 60, &held, me));
	CHECK(held, "%s: another scope", check_on);
	clock_shift(61);
	MUST(crl_lease(&w.app, ca_id, CRL_WHOLE_CA, "two", 60, &held, me));
	CHECK(held, "%s: its time was over", check_on);
	clock_shift(0);
	MUST(crl_release(&w.app, ca_id, CRL_WHOLE_CA, "one", me));
	MUST(crl_lease(&w.app, ca_id, CRL_WHOLE_CA, "one", 60, &held, me));
	CHECK(!held, "%s: a stranger releases nothing", check_on);
	MUST(crl_release(&w.app, ca_id, CRL_WHOLE_CA, "two", me));
	MUST(crl_lease(&w.app, ca_id, CRL_WHOLE_CA, "one", 60, &held, me));
	CHECK(held, "%s: released", check_on);
}

static void
test_numbers(void)
{
	int64_t a, b, c;

	MUST(crl_number(&w.app, ca_id, CRL_WHOLE_CA, &a, me));
	MUST(crl_number(&w.app, ca_id, CRL_WHOLE_CA, &b, me));
	CHECK(a >= clock_now_s() - 5 && b > a, "%s: rises, not below the clock: %lld %lld", check_on, (long long)a, (long long)b);
	clock_shift(-100000);
	MUST(crl_number(&w.app, ca_id, CRL_WHOLE_CA, &c, me));
	clock_shift(0);
	CHECK(c == b + 1, "%s: rises though the clock went back: %lld", check_on, (long long)c);
}

static void
test_rows(void)
{
	OWN_FD int fd = memfd_create("list", MFD_CLOEXEC);
	OWN_FD int got = memfd_create("got", MFD_CLOEXEC);
	struct crl_row r = row_of(100, false), back, *rows;
	uint8_t octets[600000], check[600000];
	struct err e = { 0 };
	bool found;
	size_t n;

	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i * 7);
	CHECK(write(fd, octets, sizeof(octets)) == (ssize_t)sizeof(octets), "write");
	r.octets = sizeof(octets);
	memcpy(check, octets + CRL_HASH_LAST, sizeof(octets) - CRL_HASH_LAST);
	memcpy(check + sizeof(octets) - CRL_HASH_LAST, octets, CRL_HASH_LAST);
	sha256(check, sizeof(check), r.sha256);
	MUST(crl_put(&w.app, &r, fd, me));
	MUST(crl_row(&w.app, ca_id, CRL_WHOLE_CA, false, &back, &found, me));
	CHECK(found && back.number == 100 && back.seq == 5 && back.entries == 3 && back.before_update == 0 &&
	    memcmp(back.sha256, r.sha256, 32) == 0, "%s: comes back", check_on);
	MUST(crl_fetch(&w.app, &r, got, me));
	CHECK(pread(got, check, sizeof(check), 0) == (ssize_t)sizeof(check) && memcmp(check, octets, sizeof(check)) == 0,
	    "%s: octets", check_on);
	CHECK(!crl_put(&w.app, &r, -1, &e) && e.kind == ERR_CONFLICT, "%s: the same number again", check_on);
	err_clear(&e);
	back = row_of(99, false);
	CHECK(!crl_put(&w.app, &back, -1, &e) && e.kind == ERR_CONFLICT, "%s: a lower one", check_on);
	err_clear(&e);
	back = row_of(101, true);
	MUST(crl_put(&w.app, &back, -1, me));
	back = row_of(102, false);
	MUST(crl_put(&w.app, &back, fd, me));
	CHECK(!crl_fetch(&w.app, &r, got, &e) && e.kind == ERR_NOT_FOUND, "%s: octets of the one before are gone", check_on);
	MUST(crl_rows(&w.app, w.arena, &rows, &n, me));
	CHECK(n == 2 && rows[0].delta && rows[0].base_number == 100 && rows[1].number == 102 &&
	    rows[1].before_update == r.this_update, "%s: both kinds", check_on);
}

static int64_t
add_one(int64_t id, uint8_t serial[16])
{
	static const uint8_t der[] = { 0x30, 0 };
	struct certificate c = { .id = id, .batch_id = 7, .item_index = id, .organization_id = w.acme.id, .profile_id = PROFILE_ID,
		.ca_id = ca_id, .state = CERTIFICATE_ISSUED, .created_at = clock_now_s(), .not_before = clock_now_s(),
		.not_after = clock_now_s() + 1000, .subject = "CN=x", .der = der, .der_len = sizeof(der) };
	struct db *db;

	cert_serial_make(c.serial);
	memcpy(serial, c.serial, 16);
	MUST(db_pool_get(w.app.store, DB_WRITE, &db, me));
	MUST(db_begin(db, DB_WRITE, me) && store_certificate_add(db, &c, 1, me) && db_commit(db, me));
	return id;
}

struct seen {
	int	n, released;
	int64_t	last_seq, begun;
};

static void
see_begin(void *arg, int64_t seq)
{
	((struct seen *)arg)->begun = seq;
}

static bool
see(void *arg, const struct status_row *r, struct err *e)
{
	struct seen *s = arg;

	(void)e;
	CHECK(r->seq >= s->last_seq && r->seq <= s->begun, "%s: in order", check_on);
	s->last_seq = r->seq;
	s->n++;
	s->released += r->state == CERTIFICATE_ISSUED;
	return true;
}

static int
changes(int64_t *seq, struct seen *s)
{
	const struct status_walk walk = { see_begin, see, s };

	*s = (struct seen){ 0 };
	MUST(status_changes(&w.app, seq, &walk, me));
	return s->n;
}

static void
test_changes(void)
{
	uint8_t serials[3][16];
	int64_t seq = 0;
	struct status_row row;
	struct seen s;
	struct db *db;
	bool changed, found;

	for (int i = 0; i < 3; i++)
		(void)add_one(1000 + i, serials[i]);
	(void)changes(&seq, &s);
	CHECK(changes(&seq, &s) == 0, "%s: nothing new", check_on);
	MUST(status_find(&w.app, serials[0], &row, &found, me));
	CHECK(found && row.state == CERTIFICATE_ISSUED && row.seq == 0 && row.ca_id == ca_id, "%s: stands", check_on);
	MUST(db_pool_get(w.app.store, DB_WRITE, &db, me));
	MUST(db_begin(db, DB_WRITE, me));
	MUST(store_certificate_revoke(db, 1000, CERTIFICATE_REVOKED, 5000, 1, &changed, me) && changed);
	MUST(store_certificate_invalid_since(db, 1000, 4000, me));
	MUST(store_certificate_hold(db, 1001, 6000, &changed, me) && changed);
	MUST(db_commit(db, me));
	CHECK(changes(&seq, &s) == 2 && s.released == 0, "%s: both", check_on);
	MUST(status_find(&w.app, serials[0], &row, &found, me));
	CHECK(row.state == CERTIFICATE_REVOKED && row.reason == 1 && row.revoked_at == 5000 && row.invalid_since == 4000 && row.seq > 0,
	    "%s: revoked", check_on);
	MUST(db_begin(db, DB_WRITE, me));
	MUST(store_certificate_hold(db, 1000, 7000, &changed, me) && !changed);
	MUST(store_certificate_release(db, 1000, &changed, me) && !changed);
	MUST(store_certificate_release(db, 1001, &changed, me) && changed);
	MUST(store_certificate_release(db, 1002, &changed, me) && !changed);
	MUST(db_commit(db, me));
	CHECK(changes(&seq, &s) == 1 && s.released == 1, "%s: the release", check_on);
	MUST(status_find(&w.app, serials[1], &row, &found, me));
	CHECK(row.state == CERTIFICATE_ISSUED && row.revoked_at == 0 && row.reason == -1, "%s: stands again", check_on);
	serials[2][5] ^= 1;
	MUST(status_find(&w.app, serials[2], &row, &found, me));
	CHECK(!found, "%s: never issued", check_on);
}

static void
test_alarm(void)
{
	struct crl_row r = row_of(200, false), shard = row_of(201, false);
	struct crl_alarm *list;
	int64_t alarms;
	bool held;
	size_t n;

	shard.shard = 3;	/* leased above */
	shard.next_update = clock_now_s() + 86400;
	MUST(crl_put(&w.app, &shard, -1, me));
	MUST(crl_alarm(&w.app, &alarms, me));
	CHECK(alarms == 0, "%s: the lists are fresh", check_on);
	clock_shift(4000);
	MUST(crl_alarm(&w.app, &alarms, me));
	CHECK(alarms == 1 && orders_count(&w, "SELECT COUNT(*) FROM audit WHERE action = 'crl.overdue'") == 1, "%s: past its end",
	    check_on);
	MUST(crl_alarms(&w.app, w.arena, &list, &n, me));
	CHECK(n == 1 && crl_trouble(&list[0]) == CRL_EXPIRED && list[0].told_at != 0, "%s: expired", check_on);
	MUST(crl_alarm(&w.app, &alarms, me));
	CHECK(alarms == 0, "%s: told once", check_on);
	r.next_update = clock_now_s() + 3600;
	MUST(crl_put(&w.app, &r, -1, me));
	MUST(crl_alarm(&w.app, &alarms, me));
	CHECK(orders_count(&w, "SELECT COUNT(*) FROM crl_scope WHERE alarmed_at IS NOT NULL") == 0 &&
	    orders_count(&w, "SELECT COUNT(*) FROM audit WHERE action = 'crl.recovered'") == 1, "%s: over, and told", check_on);
	MUST(crl_alarm(&w.app, &alarms, me));
	CHECK(orders_count(&w, "SELECT COUNT(*) FROM audit WHERE action = 'crl.recovered'") == 1, "%s: once", check_on);

	MUST(crl_failed(&w.app, ca_id, CRL_WHOLE_CA, "the signer does not answer", me));
	MUST(crl_alarm(&w.app, &alarms, me));
	CHECK(alarms == 0, "%s: one failure is none yet", check_on);
	clock_shift(4000 + 130);
	MUST(crl_failed(&w.app, ca_id, CRL_WHOLE_CA, "the signer does not answer", me));
	MUST(crl_alarm(&w.app, &alarms, me));
	MUST(crl_alarms(&w.app, w.arena, &list, &n, me));
	CHECK(alarms == 1 && n == 1 && crl_trouble(&list[0]) == CRL_FAILING && list[0].failure != NULL, "%s: failing", check_on);
	r.number = 202;
	MUST(crl_put(&w.app, &r, -1, me));
	MUST(crl_alarms(&w.app, w.arena, &list, &n, me));
	CHECK(n == 0, "%s: made again", check_on);
	MUST(crl_alarm(&w.app, &alarms, me));

	MUST(crl_lease(&w.app, ca_id, 7, "one", 60, &held, me));
	MUST(crl_alarm(&w.app, &alarms, me));
	CHECK(alarms == 0, "%s: a shard's first list is being made", check_on);
	clock_shift(4000 + 300);
	MUST(crl_alarm(&w.app, &alarms, me));
	MUST(crl_alarms(&w.app, w.arena, &list, &n, me));
	CHECK(alarms == 1 && n == 1 && list[0].shard == 7 && crl_trouble(&list[0]) == CRL_MISSING, "%s: a shard's is missing", check_on);
	shard.shard = 7;
	shard.next_update = clock_now_s() + 86400;
	MUST(crl_put(&w.app, &shard, -1, me));
	MUST(crl_alarm(&w.app, &alarms, me));
	MUST(crl_alarms(&w.app, w.arena, &list, &n, me));
	CHECK(n == 0, "%s: it is there", check_on);
	clock_shift(0);
}

static void
both(enum db_engine engine, const char *uri)
{
	(void)engine;
	orders_world_make(&w, uri, 10);
	ca_id = orders_count(&w, "SELECT id FROM ca WHERE name = 'trial-ca'");
	test_leases();
	test_numbers();
	test_rows();
	test_changes();
	test_alarm();
	orders_world_free(&w);
}

int
main(void)
{
	check_db_on_both(both);
	return check_done();
}
