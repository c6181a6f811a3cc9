/* The watch over requests: bodies that only drip, answers that linger, heartbeats of event streams, the end. */
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/flight.h"

#define RATE_WINDOW_MS	  10000

/* With the lock held. */
static void
check_linger(struct flight *f, int64_t now_ms)
{
	if (f->linger_ms <= 0 || now_ms < f->linger_ms)
		return;
	f->linger_ms = -1;
	f->front->server->lingering--;
	flight_resume(f);
}

/*
 * A body that only drips holds a connection and a spool file: nginx sees stalls, not slowness.  The next drop is
 * answered; where none comes, the connection is cut.
 */
static void
check_rate(struct flight *f, int64_t now_ms, int rate_min)
{
	uint64_t octets = atomic_load(&f->octets);

	if (!atomic_load(&f->reading) || now_ms - f->window_ms < RATE_WINDOW_MS)
		return;
	if (atomic_load(&f->slow)) {
		(void)shutdown(f->fd, SHUT_RDWR);
	} else if (octets - f->window_octets < (uint64_t)rate_min * (RATE_WINDOW_MS / 1000)) {
		log_info("http.slow_body", "request=%s octets=%llu", f->x->request_id, (unsigned long long)octets);
		atomic_store(&f->slow, true);
	}
	f->window_octets = octets;
	f->window_ms = now_ms;
}

static void *
timer(void *arg)
{
	struct http_server *server = arg;
	int rate_min = server->conf.body_rate_min > 0 ? server->conf.body_rate_min : 1024;

	(void)pthread_mutex_lock(&server->lock);
	while (!server->timer_stop) {
		struct timespec until;
		struct flight *f;
		int64_t now_ms = clock_mono_ms();

		TAILQ_FOREACH(f, &server->flights, link) {
			check_rate(f, now_ms, rate_min);
			check_linger(f, now_ms);
		}
		(void)pthread_mutex_unlock(&server->lock);
		events_set_tick(router_events(server->router), now_ms);
		(void)pthread_mutex_lock(&server->lock);
		now_ms += server->lingering > 0 ? LINGER_MS / 3 : 1000;
		until = (struct timespec){ .tv_sec = now_ms / 1000, .tv_nsec = (now_ms % 1000) * 1000000 };
		if (!server->timer_stop)
			(void)pthread_cond_timedwait(&server->changed, &server->lock, &until);
	}
	(void)pthread_mutex_unlock(&server->lock);
	return NULL;
}

void
watch_start(struct http_server *server)
{
	if (pthread_create(&server->timer, NULL, timer, server) != 0)
		abort();
	server->timer_runs = true;
}

void
watch_end(struct http_server *server)
{
	if (!server->timer_runs)
		return;
	(void)pthread_mutex_lock(&server->lock);
	server->timer_stop = true;
	(void)pthread_cond_broadcast(&server->changed);
	(void)pthread_mutex_unlock(&server->lock);
	(void)pthread_join(server->timer, NULL);
	server->timer_runs = false;
}

bool
watch_idle(struct http_server *server, int ms)
{
	int64_t end_ms = clock_mono_ms() + ms;
	bool idle;

	(void)pthread_mutex_lock(&server->lock);
	while (server->active > 0 && clock_mono_ms() < end_ms) {
		struct timespec until = { .tv_sec = end_ms / 1000, .tv_nsec = (end_ms % 1000) * 1000000 };

		(void)pthread_cond_timedwait(&server->changed, &server->lock, &until);
	}
	idle = server->active == 0;
	(void)pthread_mutex_unlock(&server->lock);
	return idle;
}

void
watch_cut(struct http_server *server)
{
	struct flight *f;

	(void)pthread_mutex_lock(&server->lock);
	TAILQ_FOREACH(f, &server->flights, link)
		if (f->fd >= 0)
			(void)shutdown(f->fd, SHUT_RDWR);
	(void)pthread_mutex_unlock(&server->lock);
}
