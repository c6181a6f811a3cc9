/*
 * events - status and progress pushed to browsers as they change.
 *
 * One thread a process, alive while somebody listens: it reads what changed in the listeners'
 * organizations and pushes each batch that looks different from what was pushed last.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "api/batch.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "http/json.h"
#include "store/organization.h"

#define POLL_MS 500
#define LOOK_BACK_S 3			/* transactions commit a little after they noted the time */
#define STREAM_MAX_S 900		/* then the browser comes again, and its rights are looked at again */
#define BATCHES_MAX 1000
#define ORGANIZATIONS_MAX 1000

struct listener {
	TAILQ_ENTRY(listener)	 link;
	struct http_events	*stream;
	struct actor		 who;
	int64_t			 batch_id;	/* 0: all of the organization's */
	int64_t			 until_s;
	bool			 over;
};

/* What a batch looked like when it was pushed. */
struct seen {
	int64_t	id, version, succeeded, failed, revoked, changed_at;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t idle = PTHREAD_COND_INITIALIZER;
static TAILQ_HEAD(, listener) listeners = TAILQ_HEAD_INITIALIZER(listeners);
static bool running, stopping;
static int64_t last_id;			/* of events: rises, also over restarts */

static bool
at_rest(const struct batch *b)
{
	enum batch_state s = batch_state_parse(b->state);

	return s != BATCH_PENDING_APPROVAL && s != BATCH_PENDING_CREATION && s != BATCH_PENDING_ISSUE &&
	    s != BATCH_PREPARING && strcmp(b->rest, "none") == 0;
}

/* Unix seconds in the upper digits, so that Last-Event-ID tells from where to go on. */
static int64_t
next_id(void)
{
	int64_t now = clock_now_s() * 1000;

	last_id = now > last_id ? now : last_id + 1;
	return last_id;
}

static void
push(struct listener *l, const struct batch *b)
{
	char id[24], *text;
	json_t *o;

	if (l->over)
		return;
	o = batch_json(b, &l->who);
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	(void)snprintf(id, sizeof(id), "%" PRId64, next_id());
	if (text == NULL || !http_events_push(l->stream, id, "batch", text))
		l->over = true;
	else if (l->batch_id != 0 && at_rest(b)) {
		http_events_end(l->stream);
		l->over = true;
	}
	free(text);
}

/* ---- the thread ---- */

struct poll {
	struct app	*app;
	int64_t		 since;
	struct seen	 seen[BATCHES_MAX];
	size_t		 n;
};

/* Whether it looks different from the last time; notes how it looks now. */
static bool
news(struct poll *p, const struct batch *b)
{
	struct seen now = { b->id, b->version, b->succeeded, b->failed, b->revoked, b->changed_at };
	size_t i = 0;

	while (i < p->n && p->seen[i].id != b->id)
		i++;
	if (i < p->n && memcmp(&p->seen[i], &now, sizeof(now)) == 0)
		return false;
	if (i == BATCHES_MAX)
		i = (size_t)(b->id % BATCHES_MAX);
	else if (i == p->n)
		p->n++;
	p->seen[i] = now;
	return true;
}

/* What is older than the window can't come up again. */
static void
forget(struct poll *p, int64_t before)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->n; i++)
		if (p->seen[i].changed_at >= before)
			p->seen[kept++] = p->seen[i];
	p->n = kept;
}

static void
tell(const struct batch *b)
{
	struct listener *l;

	(void)pthread_mutex_lock(&lock);
	TAILQ_FOREACH(l, &listeners, link)
		if (actor_sees(&l->who, b->organization_id) && (l->batch_id == 0 || l->batch_id == b->id))
			push(l, b);
	(void)pthread_mutex_unlock(&lock);
}

static bool
organization_poll(struct poll *p, struct db *db, int64_t organization_id, struct arena *a, struct err *e)
{
	struct batch *list;
	size_t n;

	if (!store_batch_changes(db, organization_id, p->since, BATCHES_MAX, a, &list, &n, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (news(p, &list[i]))
			tell(&list[i]);
	return true;
}

/* Organizations that somebody listens to: each once. */
static bool
organizations(struct db *db, struct arena *a, int64_t **out, size_t *n, struct err *e)
{
	int64_t *list = arena_array(a, ORGANIZATIONS_MAX, sizeof(*list));
	struct listener *l;
	bool all = false;

	if (list == NULL)
		return err_sys(e, "no room to poll");
	*out = list;
	*n = 0;
	(void)pthread_mutex_lock(&lock);
	TAILQ_FOREACH(l, &listeners, link) {
		size_t i = 0;

		if (l->who.organization_id == 0)
			all = true;
		while (i < *n && list[i] != l->who.organization_id)
			i++;
		if (i == *n && *n < ORGANIZATIONS_MAX)
			list[(*n)++] = l->who.organization_id;
	}
	(void)pthread_mutex_unlock(&lock);
	if (all) {
		struct organization *rows;
		size_t rows_n;

		if (!store_organization_list(db, 0, ORGANIZATIONS_MAX, a, &rows, &rows_n, e))
			return false;
		for (*n = 0; *n < rows_n; (*n)++)
			list[*n] = rows[*n].id;
	}
	return true;
}

static bool
poll_once(struct poll *p, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(64 * MIB);
	int64_t now = clock_now_s(), *list = NULL;
	struct db *db;
	size_t n = 0;

	if (!db_pool_get(p->app->store, DB_READ, &db, e) || !organizations(db, a, &list, &n, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!organization_poll(p, db, list[i], a, e))
			return false;
	p->since = now - LOOK_BACK_S;
	forget(p, p->since);
	return true;
}

/* Streams that ended, or had their time.  True: nobody is left. */
static bool
tidy(void)
{
	struct listener *l, *next;
	int64_t now = clock_now_s();
	bool none;

	(void)pthread_mutex_lock(&lock);
	for (l = TAILQ_FIRST(&listeners); l != NULL; l = next) {
		next = TAILQ_NEXT(l, link);
		if (now >= l->until_s || stopping)
			http_events_end(l->stream);
		if (!l->over && now < l->until_s && !stopping)
			continue;
		TAILQ_REMOVE(&listeners, l, link);
		http_events_release(l->stream);
		free(l);
	}
	none = TAILQ_EMPTY(&listeners);
	if (none) {
		running = false;
		(void)pthread_cond_broadcast(&idle);
	}
	(void)pthread_mutex_unlock(&lock);
	return none;
}

static void *
poller(void *arg)
{
	struct poll *p = arg;
	bool failing = false;

	while (!tidy()) {
		struct err e = { 0 };

		if (!poll_once(p, &e)) {
			if (!failing)
				log_err("events.poll", &e);
			failing = true;
		} else {
			failing = false;
		}
		(void)nanosleep(&(struct timespec){ .tv_nsec = POLL_MS * 1000000L }, NULL);
	}
	free(p);
	return NULL;
}

void
api_events_stop(void)
{
	(void)pthread_mutex_lock(&lock);
	stopping = true;
	while (running)
		(void)pthread_cond_wait(&idle, &lock);
	stopping = false;
	(void)pthread_mutex_unlock(&lock);
}

/* ---- listening ---- */

static bool
start(struct app *app, struct err *e)
{
	struct poll *p;
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	if (running)
		return true;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		abort();
	p->app = app;
	p->since = clock_now_s() - LOOK_BACK_S;
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&thread, &attr, poller, p);
	(void)pthread_attr_destroy(&attr);
	if (rc != 0) {
		free(p);
		return err_set(e, ERR_UNAVAILABLE, "events", "no event streams just now");
	}
	running = true;
	return true;
}

static bool
listen_to(struct app *app, const struct http_req *q, struct http_res *s, int64_t batch_id,
    const struct batch *now, size_t n, struct err *e)
{
	struct listener *l = calloc(1, sizeof(*l));
	bool ok;

	if (l == NULL)
		abort();
	l->who = *q->actor;
	l->batch_id = batch_id;
	l->until_s = clock_now_s() + STREAM_MAX_S;
	if (!http_events(s, NULL, NULL, &l->stream, e)) {
		free(l);
		return false;
	}
	(void)pthread_mutex_lock(&lock);
	/* The present state first; what changes from here on, the thread tells. */
	for (size_t i = 0; i < n; i++)
		push(l, &now[i]);
	ok = start(app, e);
	if (ok)
		TAILQ_INSERT_TAIL(&listeners, l, link);
	(void)pthread_mutex_unlock(&lock);
	if (!ok) {
		http_events_end(l->stream);
		http_events_release(l->stream);
		free(l);
	}
	return ok;
}

bool
api_batch_events(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct batch b;
	int64_t id;

	if (!http_param_int(q, "batch_id", &id, e) || !batch_find(app, q->actor, id, q->arena, &b, e))
		return false;
	return listen_to(app, q, s, id, &b, 1, e);
}

/* Seconds of the last event that the browser got, or 0. */
static int64_t
last_event(const struct http_req *q)
{
	const char *text = http_header(q, "Last-Event-ID");
	uint64_t id;

	return text != NULL && parse_u64(text, INT64_MAX, &id) ? (int64_t)(id / 1000) : 0;
}

bool
api_events_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	int64_t organization_id = q->actor->organization_id, since = last_event(q);
	struct batch *moving = NULL, *changed = NULL, *all;
	size_t n = 0, m = 0, kept;
	struct db *db;

	if (!db_pool_get(app->store, DB_READ, &db, e))
		return false;
	/* Operators see what moves from now on. */
	if (organization_id != 0 &&
	    !store_batch_changes(db, organization_id, 0, BATCHES_MAX, q->arena, &moving, &n, e))
		return false;
	if (organization_id != 0 && since > clock_now_s() - 86400 &&
	    !store_batch_changes(
		db, organization_id, since - LOOK_BACK_S, BATCHES_MAX, q->arena, &changed, &m, e))
		return false;
	all = arena_array(q->arena, n + m + 1, sizeof(*all));
	if (all == NULL)
		return err_set(e, ERR_TOO_LARGE, "events", "too many batches at once");
	kept = n;
	if (n > 0)
		memcpy(all, moving, n * sizeof(*all));
	for (size_t i = 0; i < m; i++)
		if (at_rest(&changed[i]))
			all[kept++] = changed[i];
	return listen_to(app, q, s, 0, all, kept, e);
}
