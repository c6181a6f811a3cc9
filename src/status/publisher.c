/*
 * The publisher: makes revocation lists in time.  A list is read from the store as a stream into a file, signed,
 * and put in the place of the one before in one step; its number was taken before.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "domain/certificate/status_feed.h"
#include "signlink/signlink.h"
#include "status/build.h"
#include "status/feed.h"

#define LOOK_MS		250
#define ROWS_MS		1000
#define KEYS_MS		30000
#define QUIET_MS	2000		/* a large revocation goes on: one list at its end */
#define PATIENCE_MS	60000		/* but no longer than this */
#define RETRY_MIN_MS	2000
#define RETRY_MAX_MS	300000
#define SCOPES_MAX	4096

struct scope {
	const struct authority	*ca;
	int64_t			 shard;
	bool			 has_full, has_delta;
	struct crl_row		 full, delta;
	int64_t			 seen_seq, dirty_ms, moved_ms;	/* what waits to be listed: since when, last change */
	int64_t			 retry_ms, wait_ms;
};

struct publisher {
	struct status	*st;
	struct signlink	*signer;
	char		 owner[33];	/* "" until the folder is ours */
	int		 folder;	/* its lock */
	struct scope	*list[SCOPES_MAX];
	size_t		 n;
	bool		 noted;		/* changes from before our start are known */
};

/* ---- whose folder ---- */

/*
 * One publisher a folder, and the owner's name stays with the folder: who comes after one that was killed
 * holds its leases, and waits for none to run out.
 */
static bool
folder_take(struct publisher *p, struct err *e)
{
	char path[LIST_PATH_MAX], fresh[33];
	ssize_t n;

	if (p->owner[0] != '\0')
		return true;
	if (p->folder < 0) {
		(void)snprintf(path, sizeof(path), "%s/" PUBLISHER_FILE, p->st->conf.crl_dir);
		p->folder = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (p->folder < 0)
			return err_sys(e, "%s", path);
	}
	if (flock(p->folder, LOCK_EX | LOCK_NB) != 0)
		return err_set(e, ERR_UNAVAILABLE, "crl_dir", "another process publishes from this folder");
	n = pread(p->folder, fresh, 32, 0);
	if (n != 32) {
		rand_id(fresh);
		if (ftruncate(p->folder, 0) != 0 || pwrite(p->folder, fresh, 32, 0) != 32)
			return err_sys(e, "the publisher's name");
	}
	memcpy(p->owner, fresh, 32);
	p->owner[32] = '\0';
	return true;
}

/* ---- whose lists ---- */

static void
scope_add(struct publisher *p, const struct authority *ca, int64_t shard)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->list[i]->ca == ca && p->list[i]->shard == shard)
			return;
	if (p->n == SCOPES_MAX || (p->list[p->n] = calloc(1, sizeof(**p->list))) == NULL)
		return;
	*p->list[p->n++] = (struct scope){ .ca = ca, .shard = shard };
}

/* The CAs whose keys are in the signer. */
static bool
scopes_find(struct publisher *p, struct err *e)
{
	OWN_STR struct str text = { 0 };
	json_error_t why;
	json_t *info, *ca;
	size_t i;

	if (!signlink_info(p->signer, &text, e))
		return false;
	info = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, &why);
	json_array_foreach(json_object_get(info, "cas"), i, ca) {
		const char *ski = json_string_value(json_object_get(ca, "ski"));
		const struct authority *a = ski == NULL ? NULL : authorities_by_ski(p->st->cas, ski);
		json_int_t shards = json_integer_value(json_object_get(ca, "shard_lists"));

		if (a == NULL || !json_is_string(json_object_get(ca, "key")) || !a->issuer.signs_crls)
			continue;
		scope_add(p, a, CRL_WHOLE_CA);
		for (int64_t shard = 0; shard < shards; shard++)
			scope_add(p, a, shard);
	}
	json_decref(info);
	return true;
}

static bool
note(void *arg, int64_t ca_id, int64_t seq)
{
	changed_note(arg, ca_id, seq);
	return true;
}

/* Rows as they are in the store: another process may publish too. */
static bool
rows_read(struct publisher *p, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new((size_t)16 << 20);
	int64_t least = INT64_MAX, seq;
	struct crl_row *rows;
	size_t n;

	if (!crl_rows(&p->st->app, a, &rows, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (rows[i].seq < least)
			least = rows[i].seq;
		for (size_t k = 0; k < p->n; k++) {
			struct scope *s = p->list[k];

			if (s->ca->id != rows[i].ca_id || s->shard != rows[i].shard)
				continue;
			*(rows[i].delta ? &s->delta : &s->full) = rows[i];
			*(rows[i].delta ? &s->has_delta : &s->has_full) = true;
		}
	}
	if (p->noted || n == 0)
		return true;
	if (!status_latest(&p->st->app, least, &seq, note, &p->st->changed, e))
		return false;
	p->noted = true;
	return true;
}

/* ---- when ---- */

static bool
delta_is_of(const struct scope *s)
{
	return s->has_delta && s->delta.base_number == s->full.number;
}

/* Changes wait that are old enough, and no more of them come in. */
static bool
settled(struct scope *s, struct publisher *p, int64_t listed_seq)
{
	int64_t seq = changed_last(&p->st->changed, s->ca->id), now_ms = clock_mono_ms();
	int64_t patience = PATIENCE_MS > p->st->conf.crl_delay_s * 1000 ? PATIENCE_MS : p->st->conf.crl_delay_s * 1000;

	if (seq <= listed_seq) {
		s->dirty_ms = 0;
		return false;
	}
	if (s->dirty_ms == 0)
		s->dirty_ms = now_ms;
	if (seq != s->seen_seq) {
		s->seen_seq = seq;
		s->moved_ms = now_ms;
	}
	if (now_ms - s->dirty_ms >= patience)
		return true;
	return now_ms - s->dirty_ms >= p->st->conf.crl_delay_s * 1000 && now_ms - s->moved_ms >=
	    (p->st->conf.crl_delay_s * 1000 < QUIET_MS ? p->st->conf.crl_delay_s * 1000 : QUIET_MS);
}

static bool
worn(const struct publisher *p, const struct crl_row *r, int64_t now_s)
{
	int64_t half = p->st->conf.crl_validity_s / 2;
	int64_t turn = p->st->conf.crl_interval_s < half ? p->st->conf.crl_interval_s : half;

	return now_s - r->this_update >= turn || r->next_update - now_s <= half || r->this_update > now_s + 300;
}

enum work { NOTHING, FULL, DELTA };

static enum work
due(struct publisher *p, struct scope *s)
{
	int64_t now_s = clock_now_s(), listed;
	bool whole = s->shard == CRL_WHOLE_CA;

	if (!s->has_full || s->full.asked >= s->full.number || worn(p, &s->full, now_s))
		return FULL;
	listed = whole && delta_is_of(s) ? s->delta.seq : s->full.seq;
	if (settled(s, p, listed))
		return whole && s->full.entries >= p->st->conf.crl_delta_above ? DELTA : FULL;
	if (whole && (!delta_is_of(s) || worn(p, &s->delta, now_s)))
		return DELTA;
	return NOTHING;
}

/* ---- doing it ---- */

static bool
publish(struct publisher *p, struct scope *s, bool delta, bool *held, struct err *e)
{
	const struct app *app = &p->st->app;
	int64_t begin_ms = clock_mono_ms();
	struct build b = { .st = p->st, .signer = p->signer, .ca = s->ca, .base = s->has_full ? &s->full : NULL,
		.row = { .ca_id = s->ca->id, .shard = s->shard, .delta = delta } };

	if (!crl_lease(app, s->ca->id, s->shard, p->owner, BUILD_LEASE_S, held, e))
		return false;
	if (!*held)
		return true;
	/* What another process did meanwhile counts. */
	if (!crl_row(app, s->ca->id, s->shard, false, &s->full, &s->has_full, e))
		return false;
	b.base = s->has_full ? &s->full : NULL;
	if (delta && b.base == NULL)
		return true;
	if (!build_list(&b, e))
		return false;
	*(delta ? &s->delta : &s->full) = b.row;
	*(delta ? &s->has_delta : &s->has_full) = true;
	log_info("crl.published", "ca=%s shard=%" PRId64 " delta=%d number=%" PRId64 " entries=%" PRId64 " ms=%" PRId64,
	    s->ca->issuer.id, s->shard, delta, b.row.number, b.row.entries, clock_mono_ms() - begin_ms);
	return crl_release(app, s->ca->id, s->shard, p->owner, e);
}

static void
scope_step(struct publisher *p, struct scope *s)
{
	struct err e = { 0 }, ignored = { 0 };
	enum work work = clock_mono_ms() < s->retry_ms ? NOTHING : due(p, s);
	bool held = false;

	if (work == NOTHING)
		return;
	if (publish(p, s, work == DELTA, &held, &e)) {
		s->wait_ms = 0;
		if (!held)
			s->retry_ms = clock_mono_ms() + RETRY_MIN_MS;
		return;
	}
	(void)err_in(&e, "list of CA %s", s->ca->issuer.id);
	log_err("crl.failed", &e);
	s->wait_ms = s->wait_ms == 0 ? RETRY_MIN_MS : s->wait_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : s->wait_ms * 2;
	s->retry_ms = clock_mono_ms() + s->wait_ms;
	if (held)
		(void)!crl_release(&p->st->app, s->ca->id, s->shard, p->owner, &ignored);
	err_clear(&ignored);
	(void)!crl_failed(&p->st->app, s->ca->id, s->shard, e.msg, &ignored);
}

void *
publisher_main(void *arg)
{
	struct publisher *p = calloc(1, sizeof(*p));
	int64_t keys_ms = 0, rows_ms = 0;

	if (p == NULL)
		abort();
	p->st = arg;
	p->signer = signlink_new(p->st->conf.signer_socket);
	signlink_timeout(p->signer, BUILD_TIMEOUT_MS);
	p->folder = -1;
	while (!atomic_load(&p->st->stop)) {
		struct err e = { 0 };
		bool ok = true;

		ok = folder_take(p, &e);
		if (ok && clock_mono_ms() >= keys_ms) {
			ok = scopes_find(p, &e);
			keys_ms = clock_mono_ms() + (ok && p->n > 0 ? KEYS_MS : 1000);
		}
		if (ok && clock_mono_ms() >= rows_ms) {
			ok = rows_read(p, &e);
			rows_ms = clock_mono_ms() + ROWS_MS;
		}
		if (!ok)
			status_log_err("crl.publisher", &e);
		for (size_t i = 0; ok && i < p->n && !atomic_load(&p->st->stop); i++)
			scope_step(p, p->list[i]);
		status_pause(p->st, LOOK_MS);
	}
	signlink_free(p->signer);
	if (p->folder >= 0)
		(void)close(p->folder);
	for (size_t i = 0; i < p->n; i++)
		free(p->list[i]);
	free(p);
	return NULL;
}
