#include "http/workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct workers {
	pthread_mutex_t	 lock;
	pthread_cond_t	 work, ready;
	struct job	*first, **last;
	size_t		 waiting;
	bool		 stop;
	int		 threads, started, failed;
	pthread_t	*thread;
	struct err	 err;
	bool		(*start)(struct app *, struct err *);
	void		(*end)(struct app *);
	struct app	*app;
};

static bool
begin(struct workers *w)
{
	struct err e = { 0 };
	bool ok = w->start == NULL || w->start(w->app, &e);

	(void)pthread_mutex_lock(&w->lock);
	if (ok)
		w->started++;
	else if (w->failed++ == 0)
		w->err = e;
	(void)pthread_cond_signal(&w->ready);
	(void)pthread_mutex_unlock(&w->lock);
	return ok;
}

static void *
worker(void *arg)
{
	struct workers *w = arg;

	if (!begin(w))
		return NULL;
	(void)pthread_mutex_lock(&w->lock);
	for (;;) {
		struct job *job;

		while (w->first == NULL && !w->stop)
			(void)pthread_cond_wait(&w->work, &w->lock);
		job = w->first;
		if (job == NULL)
			break;
		w->first = job->next;
		if (w->first == NULL)
			w->last = &w->first;
		w->waiting--;
		(void)pthread_mutex_unlock(&w->lock);
		job->run(job->arg);
		(void)pthread_mutex_lock(&w->lock);
	}
	(void)pthread_mutex_unlock(&w->lock);
	if (w->end != NULL)
		w->end(w->app);
	return NULL;
}

bool
workers_new(int threads, bool (*start)(struct app *, struct err *), void (*end)(struct app *), struct app *app,
    struct workers **out, struct err *e)
{
	struct workers *w = calloc(1, sizeof(*w));
	sigset_t all, old;

	if (w == NULL || threads < 1 || (w->thread = calloc((size_t)threads, sizeof(*w->thread))) == NULL)
		abort();
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->work, NULL);
	(void)pthread_cond_init(&w->ready, NULL);
	w->last = &w->first;
	w->start = start;
	w->end = end;
	w->app = app;
	/* Signals are the main thread's. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	for (; w->threads < threads; w->threads++)
		if (pthread_create(&w->thread[w->threads], NULL, worker, w) != 0)
			abort();
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)pthread_mutex_lock(&w->lock);
	while (w->started + w->failed < threads)
		(void)pthread_cond_wait(&w->ready, &w->lock);
	(void)pthread_mutex_unlock(&w->lock);
	if (w->failed > 0) {
		*e = w->err;
		workers_free(w);
		return false;
	}
	*out = w;
	return true;
}

void
workers_add(struct workers *w, struct job *job)
{
	job->next = NULL;
	(void)pthread_mutex_lock(&w->lock);
	*w->last = job;
	w->last = &job->next;
	w->waiting++;
	(void)pthread_cond_signal(&w->work);
	(void)pthread_mutex_unlock(&w->lock);
}

size_t
workers_waiting(struct workers *w)
{
	size_t n;

	(void)pthread_mutex_lock(&w->lock);
	n = w->waiting;
	(void)pthread_mutex_unlock(&w->lock);
	return n;
}

void
workers_free(struct workers *w)
{
	if (w == NULL)
		return;
	(void)pthread_mutex_lock(&w->lock);
	w->stop = true;
	(void)pthread_cond_broadcast(&w->work);
	(void)pthread_mutex_unlock(&w->lock);
	for (int i = 0; i < w->threads; i++)
		(void)pthread_join(w->thread[i], NULL);
	(void)pthread_mutex_destroy(&w->lock);
	(void)pthread_cond_destroy(&w->work);
	(void)pthread_cond_destroy(&w->ready);
	free(w->thread);
	free(w);
}
