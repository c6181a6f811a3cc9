/*
 * Filling.  Makers search for primes at a low priority and never touch the store; the keeper, of ordinary
 * priority, looks whether an order waits and stores what was made.
 */
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/box.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "worker/keypool_run.h"

#define TICK_MS 20		/* an order waits no longer than this for makers to stop */
#define FULL_MS 200
#define COUNT_MS 2000
#define STORE_MS 1000		/* what was made is stored then, */
#define STORE_N 64		/*   or when it is so many */
#define NICE 10

struct maker {
	struct keypool		*pool;
	const volatile bool	*stop;
};

static void
rest(const volatile bool *stop, int ms)
{
	const struct timespec t = { 0, 10 * 1000 * 1000 };

	for (; ms > 0 && !*stop; ms -= 10)
		(void)nanosleep(&t, NULL);
}

static bool
enough(void *arg)
{
	const struct maker *m = arg;

	return *m->stop || !atomic_load_explicit(&m->pool->go, memory_order_relaxed);
}

/* ---- makers ---- */

/* The kind of which the largest part is missing, counted as coming; false: none is. */
static bool
kind_choose(struct keypool *k, size_t *kind, char seal[SEAL_ID_LEN + 1])
{
	double most = 0;

	(void)pthread_mutex_lock(&k->lock);
	for (size_t i = 0; i < KEYPOOL_KINDS; i++) {
		double missing = k->conf.size[i] <= 0 ? 0 :
		    (double)(k->conf.size[i] - k->level[i] - k->coming[i]) / (double)k->conf.size[i];

		if (missing > most) {
			most = missing;
			*kind = i;
		}
	}
	if (k->current[0] == '\0')
		most = 0;
	if (most > 0)
		k->coming[*kind]++;
	memcpy(seal, k->current, sizeof(k->current));
	(void)pthread_mutex_unlock(&k->lock);
	return most > 0;
}

static bool
pair_seal(struct keypool *k, size_t kind, const char *seal, const struct keypair *pair, struct err *e)
{
	OWN(secret_free) struct secret *key = NULL;
	OWN_STR struct str about = { 0 };
	struct made *m;
	char name[24];
	bool ok;

	if (!keypool_seal_open(k, seal, &key, e))
		return false;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		abort();
	m->kind = kind;
	memcpy(m->seal, seal, sizeof(m->seal));
	str_add(&m->spki, pair->spki, pair->spki_len);
	m->key = (struct pool_key){ .kind = key_type_text(keypool_kinds[kind], name), .spki = (const uint8_t *)m->spki.p,
	    .spki_len = m->spki.len, .created_at = clock_now_s() };
	key_spki_sha256((struct der){ pair->spki, pair->spki_len }, m->key.spki_sha256);
	keypool_about(&m->key, &about);
	m->key.kind = NULL;		/* kind says it */
	ok = box_seal(key, about.p, about.len, pair->pkcs8, &m->box, e);
	if (!ok) {
		str_free(&m->spki);
		str_free(&m->box);
		free(m);
		return false;
	}
	m->key.sealed = (const uint8_t *)m->box.p;
	m->key.sealed_len = m->box.len;
	(void)pthread_mutex_lock(&k->lock);
	m->next = k->made;
	k->made = m;
	k->made_n++;
	(void)pthread_mutex_unlock(&k->lock);
	return true;
}

void
keypool_make(struct keypool *k, const volatile bool *stop)
{
	struct maker me = { k, stop };
	OWN(keymaker_free) struct keymaker *maker = keymaker_new(k->conf.rsa_keygen);

	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	keymaker_stop(maker, enough, &me);
	while (!*stop) {
		OWN_KEYPAIR struct keypair pair = { 0 };
		char seal[SEAL_ID_LEN + 1];
		struct err e = { 0 };
		size_t kind = 0;

		if (enough(&me) || !kind_choose(k, &kind, seal)) {
			rest(stop, TICK_MS);
			continue;
		}
		if (keypair_make(maker, keypool_kinds[kind], &pair, &e) && pair_seal(k, kind, seal, &pair, &e))
			continue;
		(void)pthread_mutex_lock(&k->lock);
		k->coming[kind]--;
		(void)pthread_mutex_unlock(&k->lock);
		if (strcmp(e.code, "stopped") != 0) {
			log_err("keypool.make", &e);
			rest(stop, 1000);
		}
	}
}

/* ---- the keeper ---- */

struct keeper {
	struct keypool	*pool;
	int64_t		 count_ms, store_ms;	/* when next */
	int64_t		 failed_ms;		/* when a failure was logged */
};

static void
failed(struct keeper *me, const char *event, struct err *e)
{
	if (me->failed_ms == 0 || clock_mono_ms() - me->failed_ms > 60 * 1000) {
		log_err(event, e);
		me->failed_ms = clock_mono_ms();
	}
	err_clear(e);
}

/* Takes what was made out of the list, of one kind. */
static struct made *
made_take(struct keypool *k, size_t kind, size_t *n)
{
	struct made *mine = NULL;

	*n = 0;
	(void)pthread_mutex_lock(&k->lock);
	for (struct made **at = &k->made; *at != NULL && *n < STORE_N;) {
		struct made *m = *at;

		if (m->kind != kind) {
			at = &m->next;
			continue;
		}
		*at = m->next;
		m->next = mine;
		mine = m;
		k->made_n--;
		++*n;
	}
	(void)pthread_mutex_unlock(&k->lock);
	return mine;
}

static bool
kind_store(struct keeper *me, size_t kind, struct err *e)
{
	struct keypool *k = me->pool;
	struct pool_key list[STORE_N];
	char name[24];
	size_t n;
	struct made *made = made_take(k, kind, &n);
	int64_t added = 0;
	size_t i = 0;
	bool ok;

	for (struct made *m = made; m != NULL; m = m->next) {
		list[i] = m->key;
		list[i].kind = key_type_text(keypool_kinds[kind], name);
		list[i++].worker_key_id = m->seal;
	}
	ok = n == 0 || keypool_add(k->app, k->host, list, n, k->conf.size[kind], &added, e);
	(void)pthread_mutex_lock(&k->lock);
	k->coming[kind] -= (int64_t)n;
	k->level[kind] += added;
	(void)pthread_mutex_unlock(&k->lock);
	while (made != NULL) {
		struct made *m = made;

		made = m->next;
		str_free(&m->spki);
		str_free(&m->box);
		free(m);
	}
	return ok;
}

static void
store_all(struct keeper *me)
{
	struct err e = { 0 };

	for (size_t i = 0; i < KEYPOOL_KINDS; i++)
		if (!kind_store(me, i, &e))
			failed(me, "keypool.store", &e);
	me->store_ms = clock_mono_ms() + STORE_MS;
}

static void
count_all(struct keeper *me)
{
	struct keypool *k = me->pool;
	struct err e = { 0 };

	for (size_t i = 0; i < KEYPOOL_KINDS; i++) {
		int64_t n;

		if (k->conf.size[i] <= 0)
			continue;
		if (!keypool_count(k->app, k->host, keypool_kinds[i], &n, &e)) {
			failed(me, "keypool.count", &e);
			continue;
		}
		(void)pthread_mutex_lock(&k->lock);
		k->level[i] = n;
		(void)pthread_mutex_unlock(&k->lock);
	}
	me->count_ms = clock_mono_ms() + COUNT_MS;
}

/* Whether pairs are missing; *waiting: how many were made and not stored. */
static bool
missing(struct keypool *k, size_t *waiting)
{
	bool any = false;

	(void)pthread_mutex_lock(&k->lock);
	for (size_t i = 0; i < KEYPOOL_KINDS; i++)
		any = any || k->level[i] < k->conf.size[i];
	*waiting = k->made_n;
	(void)pthread_mutex_unlock(&k->lock);
	return any;
}

void
keypool_keep(struct keypool *k, const volatile bool *stop)
{
	struct keeper me = { .pool = k };

	count_all(&me);
	while (!*stop) {
		struct err e = { 0 };
		size_t waiting;
		bool more = missing(k, &waiting), idle = false;

		if (more && !keypool_idle(k->app, k->host, &idle, &e))
			failed(&me, "keypool.idle", &e);
		atomic_store(&k->go, more && idle);
		if (waiting > 0 && (waiting >= STORE_N || !idle || clock_mono_ms() >= me.store_ms))
			store_all(&me);
		if (clock_mono_ms() >= me.count_ms)
			count_all(&me);
		rest(stop, more ? TICK_MS : FULL_MS);
	}
	atomic_store(&k->go, false);
	store_all(&me);
}
