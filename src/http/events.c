/*
 * Server-sent events: one stream is a bounded buffer between producers and the engine.
 *
 * Two references hold it, the producer's and the engine's.  The engine's `wake` runs under the lock of the
 * stream, so it cannot meet a stream that just went.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/str.h"
#include "http/exchange.h"

#define PENDING_MAX (256 * KIB)		/* unsent octets before a reader counts as too slow */
#define SILENT_MS 15000

struct http_events {
	pthread_mutex_t		 lock;
	TAILQ_ENTRY(http_events) link;
	struct events_set	*set;
	struct str		 out;
	size_t			 off;
	int			 refs;
	bool			 ended;		/* nothing more is taken; what is pending is still sent */
	bool			 gone;		/* the engine let go */
	bool			 asleep;	/* the engine waits for wake */
	int64_t			 sent_ms;
	void			(*wake)(void *);
	void			*wake_arg;
	void			(*closed)(void *);
	void			*closed_arg;
};

struct events_set {
	pthread_mutex_t			 lock;
	TAILQ_HEAD(, http_events)	 list;
	size_t				 n, max;
	bool				 ending;
};

struct events_set *
events_set_new(int max)
{
	struct events_set *set = calloc(1, sizeof(*set));

	if (set == NULL)
		abort();
	(void)pthread_mutex_init(&set->lock, NULL);
	TAILQ_INIT(&set->list);
	set->max = max > 0 ? (size_t)max : 0;
	return set;
}

void
events_set_free(struct events_set *set)
{
	if (set == NULL)
		return;
	(void)pthread_mutex_destroy(&set->lock);
	free(set);
}

size_t
events_set_count(struct events_set *set)
{
	size_t n;

	(void)pthread_mutex_lock(&set->lock);
	n = set->n;
	(void)pthread_mutex_unlock(&set->lock);
	return n;
}

static void
unref_unlock(struct http_events *ev)
{
	bool last = --ev->refs == 0;

	(void)pthread_mutex_unlock(&ev->lock);
	if (!last)
		return;
	(void)pthread_mutex_destroy(&ev->lock);
	str_free(&ev->out);
	free(ev);
}

static void
wake_locked(struct http_events *ev)
{
	if (!ev->asleep)
		return;
	ev->asleep = false;
	ev->wake(ev->wake_arg);
}

bool
http_events(struct http_res *s, void (*closed)(void *), void *arg, struct http_events **out, struct err *e)
{
	struct events_set *set = s->events_set;
	struct http_events *ev = calloc(1, sizeof(*ev));
	bool full;

	if (ev == NULL)
		abort();
	(void)pthread_mutex_init(&ev->lock, NULL);
	ev->set = set;
	ev->refs = 2;
	ev->closed = closed;
	ev->closed_arg = arg;
	ev->sent_ms = clock_mono_ms();
	(void)pthread_mutex_lock(&set->lock);
	full = set->n >= set->max || set->ending;
	if (!full) {
		TAILQ_INSERT_TAIL(&set->list, ev, link);
		set->n++;
	}
	(void)pthread_mutex_unlock(&set->lock);
	if (full) {
		(void)pthread_mutex_destroy(&ev->lock);
		free(ev);
		(void)err_set(e, ERR_UNAVAILABLE, "events_full", "too many event streams are open; poll instead");
		e->retry_after_s = 30;
		return false;
	}
	res_drop(s);
	s->status = 200;
	s->kind = RES_EVENTS;
	s->events = ev;
	http_set(s, "Content-Type", "text/event-stream");
	http_set(s, "X-Accel-Buffering", "no");
	/* A comment at once: the head of the answer leaves, and the reader knows that it is connected. */
	str_adds(&ev->out, ": connected\n\n");
	*out = ev;
	return true;
}

/* One field, a line for each line of its value (CR, LF or both end one). */
static void
field_add(struct str *out, const char *name, const char *value)
{
	for (;;) {
		size_t n = strcspn(value, "\r\n");

		str_addf(out, "%s: ", name);
		str_add(out, value, n);
		str_addc(out, '\n');
		value += n;
		if (*value == '\0')
			return;
		value += value[0] == '\r' && value[1] == '\n' ? 2 : 1;
	}
}

static void
compact(struct http_events *ev)
{
	if (ev->off == 0)
		return;
	memmove(ev->out.p, ev->out.p + ev->off, ev->out.len - ev->off);
	ev->out.len -= ev->off;
	ev->off = 0;
}

bool
http_events_push(struct http_events *ev, const char *id, const char *event, const char *data)
{
	bool open;

	(void)pthread_mutex_lock(&ev->lock);
	if (!ev->ended && !ev->gone) {
		compact(ev);
		if (id != NULL)
			field_add(&ev->out, "id", id);
		if (event != NULL)
			field_add(&ev->out, "event", event);
		field_add(&ev->out, "data", data);
		str_addc(&ev->out, '\n');
		/* It reads too slowly: it comes back and asks for the present state. */
		if (ev->out.len > PENDING_MAX)
			ev->ended = true;
		wake_locked(ev);
	}
	open = !ev->ended && !ev->gone;
	(void)pthread_mutex_unlock(&ev->lock);
	return open;
}

void
http_events_end(struct http_events *ev)
{
	(void)pthread_mutex_lock(&ev->lock);
	ev->ended = true;
	wake_locked(ev);
	(void)pthread_mutex_unlock(&ev->lock);
}

void
http_events_release(struct http_events *ev)
{
	if (ev == NULL)
		return;
	(void)pthread_mutex_lock(&ev->lock);
	unref_unlock(ev);
}

void
events_attach(struct http_events *ev, void (*wake)(void *), void *arg)
{
	(void)pthread_mutex_lock(&ev->lock);
	ev->wake = wake;
	ev->wake_arg = arg;
	(void)pthread_mutex_unlock(&ev->lock);
}

ssize_t
events_take(struct http_events *ev, char *buf, size_t cap, void (*sleep)(void *), void *arg)
{
	ssize_t n = 0;

	(void)pthread_mutex_lock(&ev->lock);
	if (ev->out.len > ev->off) {
		size_t left = ev->out.len - ev->off;

		n = (ssize_t)(left < cap ? left : cap);
		memcpy(buf, ev->out.p + ev->off, (size_t)n);
		ev->off += (size_t)n;
		ev->sent_ms = clock_mono_ms();
	} else if (ev->ended) {
		n = -1;
	} else {
		ev->asleep = true;
		sleep(arg);
	}
	(void)pthread_mutex_unlock(&ev->lock);
	return n;
}

void
events_gone(struct http_events *ev)
{
	struct events_set *set = ev->set;

	(void)pthread_mutex_lock(&set->lock);
	TAILQ_REMOVE(&set->list, ev, link);
	set->n--;
	(void)pthread_mutex_unlock(&set->lock);
	(void)pthread_mutex_lock(&ev->lock);
	ev->gone = true;
	ev->asleep = false;
	(void)pthread_mutex_unlock(&ev->lock);
	if (ev->closed != NULL)
		ev->closed(ev->closed_arg);
	(void)pthread_mutex_lock(&ev->lock);
	unref_unlock(ev);
}

void
events_set_tick(struct events_set *set, int64_t now_ms)
{
	struct http_events *ev;

	(void)pthread_mutex_lock(&set->lock);
	TAILQ_FOREACH(ev, &set->list, link) {
		(void)pthread_mutex_lock(&ev->lock);
		if (ev->asleep && now_ms - ev->sent_ms >= SILENT_MS) {
			compact(ev);
			str_adds(&ev->out, ": alive\n\n");
			ev->sent_ms = now_ms;
			wake_locked(ev);
		}
		(void)pthread_mutex_unlock(&ev->lock);
	}
	(void)pthread_mutex_unlock(&set->lock);
}

void
events_set_end(struct events_set *set)
{
	struct http_events *ev;

	(void)pthread_mutex_lock(&set->lock);
	set->ending = true;
	TAILQ_FOREACH(ev, &set->list, link)
		http_events_end(ev);
	(void)pthread_mutex_unlock(&set->lock);
}
