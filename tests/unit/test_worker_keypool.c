/*
 * The pool of key pairs: filled while nothing is ordered, each pair given once, whatever becomes of who has it;
 * seals that turn with the host's keys; a store that was set back.
 */
#include "worker/keypool.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

#include "base/secret.h"
#include "check_orders.h"

#define POOL_HOST "pool-1"
#define SIZE 10

static const struct key_type small = { KEY_RSA, 1024 };

struct crew {
	struct orders_world	 w;
	char			 dir[64];
	struct hostkeys		*keys;
	struct keypool		*pool;
	volatile bool		 stop;
	pthread_t		 threads[3];
	const char		*uri;
};

static int64_t
count(struct crew *c)
{
	int64_t n = -1;

	MUST(keypool_count(&c->w.app, POOL_HOST, small, &n, me));
	return n;
}

static void
open_pool(struct crew *c, int size)
{
	struct keypool_conf conf = { .size = { size, 0, 0, 0 }, .rsa_keygen = RSAGEN_FAST };

	MUST(hostkeys_open(&c->w.app, c->dir, POOL_HOST, &c->keys, me));
	MUST(keypool_open(&c->w.app, &conf, POOL_HOST, c->dir, c->keys, &c->pool, me));
	MUST(keypool_turn(c->pool, me));
}

static void
close_pool(struct crew *c)
{
	keypool_free(give(c->pool));
	hostkeys_free(give(c->keys));
}

static void *
keeper(void *arg)
{
	struct crew *c = arg;

	keypool_keep(c->pool, &c->stop);
	return NULL;
}

static void *
maker(void *arg)
{
	struct crew *c = arg;

	keypool_make(c->pool, &c->stop);
	return NULL;
}

static void
start(struct crew *c)
{
	c->stop = false;
	for (size_t i = 0; i < COUNT(c->threads); i++)
		if (pthread_create(&c->threads[i], NULL, i == 0 ? keeper : maker, c) != 0)
			abort();
}

static void
end(struct crew *c)
{
	c->stop = true;
	for (size_t i = 0; i < COUNT(c->threads); i++)
		(void)pthread_join(c->threads[i], NULL);
}

static void
rest_ms(int ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	(void)nanosleep(&t, NULL);
}

static void
wait_for(struct crew *c, int64_t n)
{
	for (int i = 0; i < 3000 && count(c) < n; i++)
		rest_ms(10);
	CHECK(count(c) == n, "%s: %lld pairs, not %lld", check_on, (long long)count(c), (long long)n);
}

static void
fill_up(struct crew *c)
{
	start(c);
	wait_for(c, SIZE);
	end(c);
	CHECK(count(c) == SIZE, "%s: %lld pairs in a pool of %d", check_on, (long long)count(c), SIZE);
}

/* An order that waits for a worker, leased. */
static struct work_slice
lease(struct crew *c, int64_t n)
{
	static int64_t mac = 1;
	struct order o = orders_form(&c->w, "lot", arena_printf(c->w.arena, "00:1A:2B:00:%02X:%02X", (unsigned)(mac >> 8),
	    (unsigned)mac & 255u), n);
	struct work_slice s = { 0 };
	bool found = false;

	mac += n;
	(void)orders_placed(&c->w, &c->w.ann, &o);
	MUST(work_lease(&c->w.app, "w1", HOST, 60, c->w.arena, &s, &found, me));
	CHECK(found, "%s: nothing to lease", check_on);
	s.host = POOL_HOST;
	return s;
}

static void
finish(struct crew *c, struct work_slice *s)
{
	MUST(work_items(&c->w.app, s, c->w.arena, me));
	MUST(work_store(&c->w.app, s, orders_results(&c->w, s, -1), (size_t)s->size, me));
	orders_work_all(&c->w);
}

/* A whole pair: the private half belongs to the public one. */
static void
pair_check(const struct keypair *k)
{
	const uint8_t *p = k->spki, *q = k->pkcs8->p;
	EVP_PKEY *public = d2i_PUBKEY(NULL, &p, (long)k->spki_len);
	EVP_PKEY *private = d2i_AutoPrivateKey(NULL, &q, (long)k->pkcs8->len);

	CHECK(public != NULL && private != NULL && EVP_PKEY_get_bits(private) == 1024 && EVP_PKEY_eq(public, private) == 1,
	    "%s: no pair", check_on);
	EVP_PKEY_free(public);
	EVP_PKEY_free(private);
}

#define SEEN_MAX 400
static uint8_t seen[SEEN_MAX][SHA256_LEN];
static size_t seen_n;

/* None of them was ever seen. */
static void
fresh_check(struct keypair *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t hash[SHA256_LEN];

		pair_check(&list[i]);
		key_spki_sha256((struct der){ list[i].spki, list[i].spki_len }, hash);
		for (size_t k = 0; k < seen_n; k++)
			CHECK(memcmp(seen[k], hash, sizeof(hash)) != 0, "%s: a pair was given twice", check_on);
		memcpy(seen[seen_n++ % SEEN_MAX], hash, sizeof(hash));
		keypair_clear(&list[i]);
	}
}

static size_t
take(struct crew *c, struct work_slice *s, size_t n)
{
	OWN(arena_free) struct arena *a = arena_new((size_t)4 << 20);
	struct keypair list[64] = { { 0 } };
	size_t got = 0;

	MUST(keypool_pairs(c->pool, s, small, n, a, list, &got, me));
	fresh_check(list, got);
	return got;
}

/* ---- cases ---- */

static void
given_once(struct crew *c)
{
	struct keypair none[1] = { { 0 } };
	struct work_slice s, stale;
	struct err e = { 0 };
	size_t got;

	fill_up(c);
	s = lease(c, 40);
	stale = s;
	CHECK(take(c, &s, 4) == 4 && count(c) == SIZE - 4, "%s: %lld left", check_on, (long long)count(c));
	CHECK(!keypool_pairs(c->pool, &stale, small, 1, c->w.arena, none, &got, &e) && strcmp(e.code, "slice_lost") == 0 &&
	    count(c) == SIZE - 4, "%s: who lost the slice had a pair: %s", check_on, e.code);
	CHECK(take(c, &s, 40) == SIZE - 4 && count(c) == 0, "%s: not the rest", check_on);
	CHECK(take(c, &s, 1) == 0, "%s: from an empty pool", check_on);
	finish(c, &s);
}

static void
not_while_ordered(struct crew *c)
{
	struct work_slice s = lease(c, 3);

	start(c);
	rest_ms(300);
	CHECK(count(c) == 0, "%s: %lld pairs were made while an order waited", check_on, (long long)count(c));
	finish(c, &s);
	wait_for(c, SIZE);
	end(c);
}

/* A worker that died, and another of this host; a record that somebody touched. */
static void
after_a_crash(struct crew *c)
{
	struct work_slice s;
	struct db *db;

	close_pool(c);
	open_pool(c, SIZE);
	MUST(db_pool_get(c->w.app.store, DB_WRITE, &db, me));
	MUST(db_run(db, "UPDATE pool_key SET sealed = (SELECT p.sealed FROM pool_key p ORDER BY p.spki_sha256 LIMIT 1)"
	    " WHERE spki_sha256 = (SELECT p.spki_sha256 FROM pool_key p ORDER BY p.spki_sha256 DESC LIMIT 1)", NO_ARGS, NULL, me));
	s = lease(c, 20);
	CHECK(take(c, &s, SIZE) == SIZE - 1, "%s: an altered record was used", check_on);
	CHECK(count(c) == 0, "%s: it stayed", check_on);
	finish(c, &s);
}

/* The host's key of the day changes: pairs go with it, and the old key is free to be deleted. */
static void
seals_turn(struct crew *c)
{
	const char *was, *now;
	const uint8_t *cert;
	struct work_slice s;
	struct pool_seal *seals;
	struct err e = { 0 };
	size_t len, n;

	fill_up(c);
	MUST(keypool_sealing_key(&c->w.app, POOL_HOST, c->w.arena, &was, &cert, &len, me));
	CHECK(!work_key_drop(&c->w.app, was, &e), "%s: a key that seals the pool could be dropped", check_on);
	MUST(work_key_retire(&c->w.app, was, me));
	MUST(hostkeys_turn(&c->w.app, c->keys, me));
	MUST(keypool_turn(c->pool, me));
	MUST(keypool_sealing_key(&c->w.app, POOL_HOST, c->w.arena, &now, &cert, &len, me));
	MUST(keypool_seals(&c->w.app, POOL_HOST, c->w.arena, &seals, &n, me));
	CHECK(strcmp(was, now) != 0 && n == 1 && strcmp(seals[0].worker_key_id, now) == 0, "%s: %zu seals", check_on, n);
	MUST(work_key_drop(&c->w.app, was, me));
	CHECK(count(c) == SIZE, "%s: %lld pairs left", check_on, (long long)count(c));
	close_pool(c);
	open_pool(c, SIZE);
	s = lease(c, 20);
	CHECK(take(c, &s, 20) == SIZE, "%s: pairs do not open under the new seal", check_on);
	finish(c, &s);
}

/* A store from before some pairs were used: none of them comes again, and none of the others. */
static void
set_back(struct crew *c)
{
	OWN_STR struct str copy = { 0 };
	struct work_slice s;
	struct db *db;

	fill_up(c);
	MUST(db_pool_get(c->w.app.store, DB_WRITE, &db, me));
	MUST(db_run(db, "CREATE TABLE kept AS SELECT * FROM pool_key", NO_ARGS, NULL, me));
	MUST(db_run(db, "CREATE TABLE kept_mark AS SELECT * FROM pool_host", NO_ARGS, NULL, me));
	s = lease(c, 20);
	CHECK(take(c, &s, 5) == 5, "%s: not five", check_on);
	MUST(db_run(db, "DELETE FROM pool_key", NO_ARGS, NULL, me));
	MUST(db_run(db, "DELETE FROM pool_host", NO_ARGS, NULL, me));
	MUST(db_run(db, "INSERT INTO pool_key SELECT * FROM kept", NO_ARGS, NULL, me));
	MUST(db_run(db, "INSERT INTO pool_host SELECT * FROM kept_mark", NO_ARGS, NULL, me));
	CHECK(take(c, &s, 5) == 0 && count(c) == 0, "%s: pairs of an older store were given", check_on);
	finish(c, &s);
	fill_up(c);
	s = lease(c, 20);
	CHECK(take(c, &s, 3) == 3, "%s: the pool is of no use any more", check_on);
	/* The mark itself is damaged: as good as set back, once. */
	str_addf(&copy, "%s/pool.mark", c->dir);
	CHECK(truncate(copy.p, 3) == 0, "truncate");
	close_pool(c);
	open_pool(c, SIZE);
	{
		FILE *f = fopen(copy.p, "w");
		CHECK(f != NULL && fputs("nonsense", f) >= 0 && fclose(f) == 0, "damage");
	}
	CHECK(take(c, &s, 3) == 0 && count(c) == 0, "%s: pairs under a mark that nobody knows", check_on);
	finish(c, &s);
	fill_up(c);
	s = lease(c, 20);
	CHECK(take(c, &s, 3) == 3, "%s: not useful after that", check_on);
	finish(c, &s);
	MUST(db_run(db, "DROP TABLE kept", NO_ARGS, NULL, me));
	MUST(db_run(db, "DROP TABLE kept_mark", NO_ARGS, NULL, me));
}

/* The host key is gone: what nobody can open goes. */
static void
key_lost(struct crew *c)
{
	OWN_STR struct str command = { 0 };
	struct err e = { 0 };

	fill_up(c);
	close_pool(c);
	str_addf(&command, "rm -f %s/*.key", c->dir);
	CHECK(system(command.p) == 0, "rm");
	open_pool(c, SIZE);
	CHECK(count(c) == 0, "%s: %lld pairs that nobody can open", check_on, (long long)count(c));
	fill_up(c);
	(void)e;
}

/* Smaller, and off. */
static void
trimmed(struct crew *c)
{
	struct pool_level *levels;
	int64_t dropped;
	size_t n;

	close_pool(c);
	open_pool(c, 4);
	CHECK(count(c) == 4, "%s: %lld pairs in a pool of 4", check_on, (long long)count(c));
	MUST(keypool_levels(&c->w.app, c->w.arena, &levels, &n, me));
	CHECK(n == 1 && levels[0].n == 4 && strcmp(levels[0].kind, "RSA 1024") == 0 && strcmp(levels[0].host, POOL_HOST) == 0,
	    "%s: %zu levels", check_on, n);
	MUST(keypool_drop(&c->w.app, &c->w.operator, "elsewhere", &dropped, me));
	CHECK(dropped == 0 && count(c) == 4, "%s: another host's", check_on);
	MUST(keypool_drop(&c->w.app, &c->w.operator, POOL_HOST, &dropped, me));
	CHECK(dropped == 4 && count(c) == 0, "%s: %lld dropped", check_on, (long long)dropped);
	CHECK(orders_count(&c->w, "SELECT count(*) FROM audit WHERE action = 'pool.dropped'") == 2, "%s: no evidence", check_on);
	close_pool(c);
	open_pool(c, 0);
	CHECK(orders_count(&c->w, "SELECT count(*) FROM pool_seal") == 0, "%s: a seal stays", check_on);
	CHECK(keypool_off(c->pool), "off");
}

/* Two workers ask at once. */
static struct crew *both;

struct taker {
	struct arena		*arena;
	struct keypool_taken	 out;
};

static void *
takes(void *arg)
{
	struct taker *t = arg;
	struct arena *a = t->arena = arena_new((size_t)4 << 20);
	struct work_slice s = { .host = POOL_HOST };
	bool found;
	struct err e = { 0 };

	CHECK(work_lease(&both->w.app, "w2", HOST, 60, a, &s, &found, &e) && found, "%s: %s", check_on, e.msg);
	s.host = POOL_HOST;
	CHECK(keypool_take(&both->w.app, &s, small, 7, 0, a, &t->out, &e), "%s: %s %s", check_on, e.msg, e.trail);
	return NULL;
}

static void
at_once(struct crew *c)
{
	struct order o = orders_form(&c->w, "two", "00:1A:2B:10:00:00", 500);
	struct taker ta = { 0 }, tb = { 0 };
	struct keypool_taken a, b;
	pthread_t one, other;

	fill_up(c);
	both = c;
	(void)orders_placed(&c->w, &c->w.ann, &o);	/* in several slices */
	if (pthread_create(&one, NULL, takes, &ta) != 0 || pthread_create(&other, NULL, takes, &tb) != 0)
		abort();
	(void)pthread_join(one, NULL);
	(void)pthread_join(other, NULL);
	a = ta.out;
	b = tb.out;
	MUST(work_free(&c->w.app, "w2", me));
	orders_work_all(&c->w);
	/* With SKIP LOCKED the second may find some that were locked by the first, and pass them over. */
	CHECK(a.n + b.n + (size_t)count(c) == SIZE && a.n <= 7 && b.n <= 7 && a.n + b.n >= 7, "%s: %zu and %zu of %d, %lld left", check_on, a.n, b.n, SIZE,
	    (long long)count(c));
	for (size_t i = 0; i < a.n; i++)
		for (size_t k = 0; k < b.n; k++)
			CHECK(memcmp(a.list[i].spki_sha256, b.list[k].spki_sha256, SHA256_LEN) != 0, "%s: both have it", check_on);
	arena_free(ta.arena);
	arena_free(tb.arena);
}

/* Nothing of a pair that was given is left in the file or its log. */
static bool
file_has(const char *path, const uint8_t *what, size_t len)
{
	OWN(fclose) FILE *f = fopen(path, "re");
	OWN_STR struct str all = { 0 };
	char buf[65536];
	size_t n;

	while (f != NULL && (n = fread(buf, 1, sizeof(buf), f)) > 0)
		str_add(&all, buf, n);
	return all.len >= len && memmem(all.p, all.len, what, len) != NULL;
}

static void
wiped(struct crew *c)
{
	OWN(arena_free) struct arena *a = arena_new((size_t)4 << 20);
	const char *file = c->uri + strlen("sqlite:");
	const char *wal = arena_printf(a, "%s-wal", file), *seal;
	struct pool_seal *seals;
	struct pool_key *list;
	struct work_slice s;
	struct db *db;
	size_t n, m;

	fill_up(c);
	MUST(db_pool_get(c->w.app.store, DB_WRITE, &db, me));
	db_checkpoint(db, 0);
	MUST(keypool_seals(&c->w.app, POOL_HOST, a, &seals, &m, me));
	seal = seals[0].worker_key_id;
	MUST(keypool_sealed(&c->w.app, seal, SIZE, a, &list, &n, me));
	CHECK(n == SIZE, "%zu", n);
	for (size_t i = 0; i < n; i++)
		CHECK(file_has(file, list[i].sealed, list[i].sealed_len - 600), "a stored pair is not in the file: the check below is void");
	s = lease(c, 20);
	CHECK(take(c, &s, SIZE) == SIZE, "not all");
	finish(c, &s);
	db_checkpoint(db, 0);
	for (size_t i = 0; i < n; i++)
		for (size_t at = 0; at + 64 <= list[i].sealed_len; at += 64)
			CHECK(!file_has(file, list[i].sealed + at, 64) && !file_has(wal, list[i].sealed + at, 64),
			    "octets %zu of a pair that was given are still there", at);
}

static void
all(enum db_engine engine, const char *uri)
{
	static struct crew c;
	OWN_STR struct str command = { 0 };

	memset(&c, 0, sizeof(c));
	seen_n = 0;
	c.uri = uri;
	(void)snprintf(c.dir, sizeof(c.dir), "/tmp/certmill-keys.XXXXXX");
	if (mkdtemp(c.dir) == NULL)
		exit(1);
	orders_world_make(&c.w, uri, 100000);
	open_pool(&c, SIZE);
	given_once(&c);
	not_while_ordered(&c);
	after_a_crash(&c);
	seals_turn(&c);
	at_once(&c);
	if (engine == DB_SQLITE)
		wiped(&c);
	set_back(&c);
	key_lost(&c);
	trimmed(&c);
	close_pool(&c);
	orders_world_free(&c.w);
	str_addf(&command, "rm -rf %s", c.dir);
	CHECK(system(command.p) == 0, "rm");
}

int
main(void)
{
	secret_init();
	check_db_on_both(all);
	return check_done();
}
