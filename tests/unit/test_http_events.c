/* Event streams without a socket: bounds, heartbeats, and who holds what. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/exchange.h"

static struct events_set *set;
static struct arena *arena;
static int woken, slept, closed;

static void
wake(void *arg)
{
	(void)arg;
	woken++;
}

static void
nap(void *arg)
{
	(void)arg;
	slept++;
}

static void
on_closed(void *arg)
{
	(void)arg;
	closed++;
}

/* All that is there now, as text. */
static const char *
take(struct http_events *ev)
{
	static char all[8192];
	size_t n = 0;
	ssize_t k;

	while ((k = events_take(ev, all + n, 7, nap, NULL)) > 0)
		n += (size_t)k;
	all[n] = '\0';
	return k < 0 ? "(over)" : all;
}

static struct http_events *
open_one(struct http_res *s)
{
	static struct http_req q;
	struct http_events *ev;
	struct err e = { 0 };

	q.arena = arena;
	res_init(s, &q, set);
	if (!http_events(s, on_closed, NULL, &ev, &e))
		return NULL;
	events_attach(ev, wake, NULL);
	return ev;
}

int
main(void)
{
	struct http_res a, b, c;
	struct http_events *ev, *other;
	int64_t now_ms;
	char *big = calloc(1, 300 * KIB);

	arena = arena_new(MIB);
	set = events_set_new(2);
	ev = open_one(&a);
	other = open_one(&b);
	CHECK(ev != NULL && other != NULL && events_set_count(set) == 2, "two");
	CHECK(open_one(&c) == NULL && c.kind == RES_NONE, "no third");

	CHECK(strcmp(take(ev), ": connected\n\n") == 0 && slept == 1, "the first comment");
	CHECK(http_events_push(ev, "7\nx", "state", "a\r\nb\rc\n"), "open");
	CHECK(woken == 1, "woken once");
	CHECK(http_events_push(ev, NULL, NULL, ""), "open");
	CHECK(woken == 1, "not while awake");
	CHECK(strcmp(take(ev), "id: 7\nid: x\nevent: state\ndata: a\ndata: b\ndata: c\ndata: \n\ndata: \n\n") == 0, "lines");

	now_ms = clock_mono_ms();
	events_set_tick(set, now_ms + 14000);
	CHECK(woken == 1, "not yet");
	events_set_tick(set, now_ms + 15100);
	CHECK(woken == 2 && strcmp(take(ev), ": alive\n\n") == 0, "heartbeat");
	events_set_tick(set, now_ms + 14000);
	CHECK(woken == 2, "once");

	http_events_end(ev);
	CHECK(strcmp(take(ev), "(over)") == 0, "ended");
	CHECK(!http_events_push(ev, NULL, NULL, "x"), "takes no more");
	res_clear(&a);
	CHECK(closed == 1 && events_set_count(set) == 1, "told, and a place is free");
	http_events_release(ev);

	memset(big, 'x', 300 * KIB - 1);
	CHECK(!http_events_push(other, NULL, NULL, big), "a slow reader ends");
	free(big);
	events_set_end(set);
	CHECK(open_one(&c) == NULL, "none when the server stops");
	http_events_release(other);		/* the producer first, this time */
	res_clear(&b);
	CHECK(closed == 2 && events_set_count(set) == 0, "all gone");
	events_set_free(set);
	arena_free(arena);
	return check_done();
}
