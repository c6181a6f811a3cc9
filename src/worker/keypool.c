/* Seals, taking, and the host's mark. */
#include "worker/keypool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "base/box.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "worker/keypool_run.h"
#include "x509/seal.h"

#define PAGE 200
#define SCRATCH_MAX ((size_t)16 * 1024 * 1024)
#define MARK_LEN 20		/* digits */
#define MARK_FAR INT64_C(1000000000000000)	/* what an unreadable one is taken for: no store is ahead of it */

bool
keypool_open(const struct app *app, const struct keypool_conf *conf, const char *host, const char *keys_dir,
    struct hostkeys *hostkeys, struct keypool **out, struct err *e)
{
	OWN(keypool_free) struct keypool *k = calloc(1, sizeof(*k));
	OWN_STR struct str path = { 0 };

	if (k == NULL)
		abort();
	k->app = app;
	k->conf = *conf;
	k->host = host;
	k->hostkeys = hostkeys;
	(void)pthread_mutex_init(&k->lock, NULL);
	(void)pthread_mutex_init(&k->mark_lock, NULL);
	str_addf(&path, "%s/pool.mark", keys_dir);
	k->mark_fd = open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (k->mark_fd < 0)
		return err_sys(e, "%s", path.p);
	*out = give(k);
	return true;
}

static void
made_free(struct made *m)
{
	str_free(&m->spki);
	str_free(&m->box);
	free(m);
}

void
keypool_free(struct keypool *k)
{
	if (k == NULL)
		return;
	while (k->seals != NULL) {
		struct seal *s = k->seals;

		k->seals = s->next;
		secret_free(s->key);
		free(s);
	}
	while (k->made != NULL) {
		struct made *m = k->made;

		k->made = m->next;
		made_free(m);
	}
	if (k->mark_fd >= 0)
		(void)close(k->mark_fd);
	(void)pthread_mutex_destroy(&k->lock);
	(void)pthread_mutex_destroy(&k->mark_lock);
	free(k);
}

bool
keypool_off(const struct keypool *k)
{
	for (size_t i = 0; i < KEYPOOL_KINDS; i++)
		if (k->conf.size[i] > 0)
			return false;
	return true;
}

/* The public key is part of what is authenticated: no private key opens as another's. */
void
keypool_about(const struct pool_key *p, struct str *out)
{
	str_clear(out);
	str_addf(out, "certmill pool key %s\n", p->kind);
	str_add(out, p->spki, p->spki_len);
}

/* ---- the mark ---- */

static bool
mark_lock(struct keypool *k, struct err *e)
{
	(void)pthread_mutex_lock(&k->mark_lock);
	if (flock(k->mark_fd, LOCK_EX) == 0)
		return true;
	(void)pthread_mutex_unlock(&k->mark_lock);
	return err_sys(e, "pool.mark");
}

static void
mark_unlock(struct keypool *k)
{
	(void)flock(k->mark_fd, LOCK_UN);
	(void)pthread_mutex_unlock(&k->mark_lock);
}

/* What cannot be read counts as a store that was set back. */
static bool
mark_read(const struct keypool *k, int64_t *mark, struct err *e)
{
	char text[MARK_LEN + 1] = "";
	ssize_t n = pread(k->mark_fd, text, MARK_LEN, 0);
	uint64_t v = 0;

	if (n < 0)
		return err_sys(e, "pool.mark");
	if (n > 0 && !parse_u64(text, INT64_MAX / 2, &v)) {
		log_warn("keypool.mark", "reason=\"pool.mark cannot be read\"");
		v = MARK_FAR;
	}
	*mark = (int64_t)v;
	return true;
}

static bool
mark_known(struct keypool *k, int64_t *mark, struct err *e)
{
	bool ok;

	if (!mark_lock(k, e))
		return false;
	ok = mark_read(k, mark, e);
	mark_unlock(k);
	return ok;
}

/* Never lowers it: other threads and processes of the host write it too. */
static bool
mark_remember(struct keypool *k, int64_t mark, struct err *e)
{
	char text[MARK_LEN + 2];
	int64_t known;
	bool ok;

	if (!mark_lock(k, e))
		return false;
	(void)snprintf(text, sizeof(text), "%020" PRId64 "\n", mark);
	ok = mark_read(k, &known, e) && (known >= mark || (pwrite(k->mark_fd, text, MARK_LEN + 1, 0) == MARK_LEN + 1 &&
	    fsync(k->mark_fd) == 0) || err_sys(e, "pool.mark"));
	mark_unlock(k);
	return ok;
}

/* ---- seals ---- */

static struct secret *
seal_kept(struct keypool *k, const char *id)
{
	struct secret *key = NULL;

	(void)pthread_mutex_lock(&k->lock);
	for (const struct seal *s = k->seals; s != NULL && key == NULL; s = s->next)
		if (strcmp(s->id, id) == 0)
			key = secret_from(s->key->p, s->key->len);
	(void)pthread_mutex_unlock(&k->lock);
	return key;
}

static void
seal_keep(struct keypool *k, const char *id, const struct secret *key)
{
	struct seal *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	(void)snprintf(s->id, sizeof(s->id), "%s", id);
	s->key = secret_from(key->p, key->len);
	(void)pthread_mutex_lock(&k->lock);
	s->next = k->seals;		/* a twin of another thread's is harmless */
	k->seals = s;
	(void)pthread_mutex_unlock(&k->lock);
}

static void
seal_forget(struct keypool *k, const char *id)
{
	(void)pthread_mutex_lock(&k->lock);
	for (struct seal **at = &k->seals; *at != NULL;) {
		struct seal *s = *at;

		if (strcmp(s->id, id) != 0) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		secret_free(s->key);
		free(s);
	}
	(void)pthread_mutex_unlock(&k->lock);
}

bool
keypool_seal_open(struct keypool *k, const char *id, struct secret **out, struct err *e)
{
	OWN(secret_free) struct secret *key = seal_kept(k, id);
	OWN(arena_free) struct arena *a = NULL;
	struct pool_seal *seals;
	size_t n, i;

	if (key != NULL) {
		*out = give(key);
		return true;
	}
	a = arena_new(SCRATCH_MAX);
	if (!keypool_seals(k->app, k->host, a, &seals, &n, e))
		return false;
	for (i = 0; i < n && strcmp(seals[i].worker_key_id, id) != 0; i++)
		continue;
	if (i == n)
		return err_set(e, ERR_NOT_FOUND, "pool_seal", "a pool of keys without its seal %.16s", id);
	if (!hostkeys_unseal(k->hostkeys, id, (struct der){ seals[i].sealed, seals[i].sealed_len }, &key, e))
		return false;
	if (key->len != BOX_KEY_LEN)
		return err_set(e, ERR_INVALID, "pool_seal", "the seal %.16s is no key", id);
	seal_keep(k, id, key);
	*out = give(key);
	return true;
}

/* A seal of the newest sealing key, made when there is none. */
static bool
seal_current(struct keypool *k, struct arena *a, char id[SEAL_ID_LEN + 1], struct err *e)
{
	OWN(secret_free) struct secret *key = NULL;
	OWN_STR struct str sealed = { 0 };
	const uint8_t *certificate;
	struct pool_seal *seals, made;
	struct der recipient;
	const char *newest;
	size_t n;

	if (!keypool_sealing_key(k->app, k->host, a, &newest, &certificate, &recipient.len, e) ||
	    !keypool_seals(k->app, k->host, a, &seals, &n, e))
		return false;
	recipient.p = certificate;
	(void)snprintf(id, SEAL_ID_LEN + 1, "%s", newest);
	for (size_t i = 0; i < n; i++)
		if (strcmp(seals[i].worker_key_id, newest) == 0)
			return true;
	key = box_key_make();
	if (!seal_make(key, &recipient, 1, &sealed, e))
		return false;
	made = (struct pool_seal){ newest, (const uint8_t *)sealed.p, sealed.len };
	return keypool_seal_add(k->app, k->host, &made, e);	/* who was faster is read by keypool_seal_open */
}

/* A page of pairs from under one seal to under another. */
static bool
page_reseal(struct keypool *k, struct pool_key *list, size_t n, const struct secret *from, const struct secret *to,
    const char *id, struct arena *a, struct err *e)
{
	OWN_STR struct str about = { 0 };
	OWN_STR struct str box = { 0 };
	const char *was = list[0].worker_key_id;

	for (size_t i = 0; i < n; i++) {
		OWN(secret_free) struct secret *pkcs8 = NULL;

		keypool_about(&list[i], &about);
		str_clear(&box);
		if (!box_open(from, about.p, about.len, list[i].sealed, list[i].sealed_len, &pkcs8, e) ||
		    !box_seal(to, about.p, about.len, pkcs8, &box, e))
			return false;
		list[i].worker_key_id = id;
		list[i].sealed = arena_memdup(a, box.p, box.len);
		list[i].sealed_len = box.len;
		if (list[i].sealed == NULL)
			return err_sys(e, "no room to seal keys anew");
	}
	return keypool_reseal(k->app, list, n, was, e);
}

static bool
old_seal_empty(struct keypool *k, const char *was, const char *now, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	OWN(secret_free) struct secret *from = NULL, *to = NULL;
	struct pool_key *list;
	size_t n = 1;

	if (!keypool_seal_open(k, was, &from, e) || !keypool_seal_open(k, now, &to, e))
		return false;
	while (n > 0) {
		arena_reset(a);
		if (!keypool_sealed(k->app, was, PAGE, a, &list, &n, e) ||
		    (n > 0 && !page_reseal(k, list, n, from, to, now, a, e)))
			return false;
	}
	return true;
}

/* Another seal than the one in use: emptied and forgotten. */
static bool
old_seal_end(struct keypool *k, const char *was, const char *now, struct err *e)
{
	bool hopeless = false;
	int64_t dropped;

	if (now != NULL && !old_seal_empty(k, was, now, e)) {
		hopeless = e->kind == ERR_NOT_FOUND || e->kind == ERR_INVALID || e->kind == ERR_FORBIDDEN || e->kind == ERR_MALFORMED;
		if (!hopeless)
			return false;
		log_err("keypool.unopened", e);
		err_clear(e);
	}
	if (!keypool_seal_drop(k->app, was, hopeless, &dropped, e))
		return false;
	if (dropped > 0)
		log_warn("keypool.lost", "pairs=%lld seal=%.16s", (long long)dropped, was);
	seal_forget(k, was);
	return true;
}

bool
keypool_turn(struct keypool *k, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	char id[SEAL_ID_LEN + 1] = "";
	struct pool_seal *seals;
	int64_t dropped;
	size_t n;

	for (size_t i = 0; i < KEYPOOL_KINDS; i++) {
		if (!keypool_trim(k->app, k->host, keypool_kinds[i], k->conf.size[i], &dropped, e))
			return false;
		if (dropped > 0)
			log_info("keypool.trimmed", "pairs=%lld kind=%zu", (long long)dropped, i);
	}
	if (!keypool_off(k) && !seal_current(k, a, id, e))
		return false;
	(void)pthread_mutex_lock(&k->lock);
	memcpy(k->current, id, sizeof(id));
	(void)pthread_mutex_unlock(&k->lock);
	if (!keypool_seals(k->app, k->host, a, &seals, &n, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(seals[i].worker_key_id, id) != 0 &&
		    !old_seal_end(k, seals[i].worker_key_id, id[0] == '\0' ? NULL : id, e))
			return false;
	return true;
}

/* ---- taking ---- */

static size_t
kind_of(struct key_type type)
{
	size_t i;

	for (i = 0; i < KEYPOOL_KINDS; i++)
		if (keypool_kinds[i].algorithm == type.algorithm && keypool_kinds[i].bits == type.bits)
			break;
	return i;
}

static bool
pair_open(struct keypool *k, const struct pool_key *p, struct keypair *out, struct err *e)
{
	OWN(secret_free) struct secret *key = NULL, *pkcs8 = NULL;
	OWN_STR struct str about = { 0 };

	if (p->spki_len > sizeof(out->spki))
		return err_sys(e, "a public key of the pool is too long");
	keypool_about(p, &about);
	if (!keypool_seal_open(k, p->worker_key_id, &key, e) ||
	    !box_open(key, about.p, about.len, p->sealed, p->sealed_len, &pkcs8, e))
		return false;
	memcpy(out->spki, p->spki, p->spki_len);
	out->spki_len = p->spki_len;
	out->pkcs8 = give(pkcs8);
	return true;
}

bool
keypool_pairs(struct keypool *k, struct work_slice *slice, struct key_type type, size_t n, struct arena *a,
    struct keypair *out, size_t *got, struct err *e)
{
	size_t kind = kind_of(type);
	struct keypool_taken taken;
	struct err why = { 0 };
	int64_t known;

	*got = 0;
	if (kind == KEYPOOL_KINDS || n == 0)
		return true;
	if (!mark_known(k, &known, e) || !keypool_take(k->app, slice, type, n, known, a, &taken, e))
		return false;
	if (taken.set_back)
		log_warn("keypool.set_back", "reason=\"the store is older than this host remembers: its pool was thrown away\"");
	if (taken.mark == 0)
		return true;
	/* From here on the pairs may be used: not before the host knows that they were taken. */
	if (!mark_remember(k, taken.mark, e))
		return false;
	(void)pthread_mutex_lock(&k->lock);
	k->level[kind] = taken.set_back ? 0 : k->level[kind] - (int64_t)taken.n;
	(void)pthread_mutex_unlock(&k->lock);
	for (size_t i = 0; i < taken.n; i++)
		if (pair_open(k, &taken.list[i], &out[*got], &why))
			++*got;
	if (why.kind != ERR_NONE)
		log_err("keypool.unopened", &why);
	return true;
}
