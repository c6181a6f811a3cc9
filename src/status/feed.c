/* The feed: what changed is dropped from memory and made anew; CAs and lists that are new are taken in. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "domain/certificate/status_feed.h"
#include "status/feed.h"

#define LOOK_MS		400
#define LISTS_MS	1000
#define CAS_MS		5000
#define RENEW_MS	5000
#define QUEUE_MAX	50000		/* more are made when they are asked for */

void
status_pause(const struct status *st, int ms)
{
	struct timespec t = { 0, 10 * 1000 * 1000 };

	for (; ms > 0 && !atomic_load(&st->stop); ms -= 10)
		(void)nanosleep(&t, NULL);
}

void
status_log_err(const char *event, const struct err *e)
{
	static atomic_int_least64_t next_ms;
	int64_t now = clock_mono_ms(), was = atomic_load(&next_ms);

	if (now >= was && atomic_compare_exchange_strong(&next_ms, &was, now + 10000))
		log_err(event, e);
}

/* ---- what waits to be made anew ---- */

void
queue_add(struct renew_queue *q, const struct authority *ca, const uint8_t *certid, size_t len)
{
	(void)pthread_mutex_lock(&q->lock);
	if (q->n < QUEUE_MAX && len <= ANSWER_CERTID_MAX) {
		if (q->n == q->cap) {
			q->cap = q->cap == 0 ? 64 : q->cap * 2;
			q->list = realloc(q->list, q->cap * sizeof(*q->list));
			if (q->list == NULL)
				abort();
		}
		q->list[q->n].ca = ca;
		q->list[q->n].certid_len = len;
		memcpy(q->list[q->n++].certid, certid, len);
	}
	(void)pthread_mutex_unlock(&q->lock);
}

static size_t
queue_take(struct renew_queue *q, struct renewal **list)
{
	size_t n;

	(void)pthread_mutex_lock(&q->lock);
	n = q->n;
	*list = give(q->list);
	q->n = q->cap = 0;
	(void)pthread_mutex_unlock(&q->lock);
	return n;
}

static void
queue_answer(void *arg, const struct answer *a)
{
	queue_add(arg, a->ca, a->certid, a->certid_len);
}

/* ---- changes ---- */

void
changed_note(struct changed *c, int64_t ca_id, int64_t seq)
{
	size_t i = 0;

	(void)pthread_mutex_lock(&c->lock);
	while (i < c->n && c->list[i].ca_id != ca_id)
		i++;
	if (i == c->n) {
		c->list = realloc(c->list, (c->n + 1) * sizeof(*c->list));
		if (c->list == NULL)
			abort();
		c->list[c->n++] = (struct change){ ca_id, 0 };
	}
	if (c->list[i].seq < seq)
		c->list[i].seq = seq;
	(void)pthread_mutex_unlock(&c->lock);
}

int64_t
changed_last(struct changed *c, int64_t ca_id)
{
	int64_t seq = 0;

	(void)pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].ca_id == ca_id)
			seq = c->list[i].seq;
	(void)pthread_mutex_unlock(&c->lock);
	return seq;
}

static void
on_begin(void *arg, int64_t seq)
{
	struct status *st = arg;

	answers_moved(st->answers, seq);
}

static bool
on_change(void *arg, const struct status_row *row, struct err *e)
{
	struct status *st = arg;

	(void)e;
	answers_drop(st->answers, (struct der){ row->serial, sizeof(row->serial) }, queue_answer, &st->queue);
	changed_note(&st->changed, row->ca_id, row->seq);
	return true;
}

bool
feed_look(struct status *st, struct err *e)
{
	const struct status_walk walk = { on_begin, on_change, st };

	return status_changes(&st->app, &st->seq, &walk, e);
}

void *
feed_main(void *arg)
{
	struct status *st = arg;
	int64_t cas_ms = clock_mono_ms() + CAS_MS, lists_ms = 0;

	while (!atomic_load(&st->stop)) {
		struct err e = { 0 };

		bool looked = feed_look(st, &e);

		atomic_store(&st->store_answers, looked);
		if (!looked)
			status_log_err("status.feed", &e);
		if (clock_mono_ms() >= cas_ms) {
			err_clear(&e);
			if (!authorities_refresh(st->cas, &st->app, &e))
				status_log_err("status.cas", &e);
			cas_ms = clock_mono_ms() + CAS_MS;
		}
		if (clock_mono_ms() >= lists_ms) {
			err_clear(&e);
			if (!crl_files_refresh(st->lists, &st->app, st->cas, &e))
				status_log_err("status.lists", &e);
			lists_ms = clock_mono_ms() + LISTS_MS;
		}
		status_pause(st, LOOK_MS);
	}
	return NULL;
}

void *
renewer_main(void *arg)
{
	struct status *st = arg;
	int64_t due_ms = clock_mono_ms() + RENEW_MS;

	while (!atomic_load(&st->stop)) {
		struct renewal *list = NULL;
		size_t n;

		if (clock_mono_ms() >= due_ms) {
			answers_due(st->answers, clock_now_s(), queue_answer, &st->queue);
			due_ms = clock_mono_ms() + RENEW_MS;
		}
		n = queue_take(&st->queue, &list);
		if (n > 0)
			ocsp_renew(st, list, n);
		free(list);
		status_pause(st, 50);
	}
	return NULL;
}
