#include "signer/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct job {
	pool_fn		*fn;
	void		*arg;
	size_t		 n, part, next;		/* next: the first item nobody took */
	unsigned	 working;		/* threads inside fn */
};

struct pool {
	pthread_mutex_t	 lock;
	pthread_cond_t	 work, done;
	struct job	*job;			/* the one that helpers look at */
	bool		 stop;
	pthread_t	*threads;
	unsigned	 n_threads;
};

/* With the lock held: takes part after part until none is left. */
static void
work_on(struct pool *p, struct job *j)
{
	while (j->next < j->n) {
		const size_t from = j->next, to = j->n - from > j->part ? from + j->part : j->n;

		j->next = to;
		j->working++;
		pthread_mutex_unlock(&p->lock);
		j->fn(j->arg, from, to);
		pthread_mutex_lock(&p->lock);
		j->working--;
	}
	if (j->working == 0)
		pthread_cond_broadcast(&p->done);
}

static void *
helper(void *arg)
{
	struct pool *p = arg;

	pthread_mutex_lock(&p->lock);
	while (!p->stop) {
		if (p->job != NULL && p->job->next < p->job->n)
			work_on(p, p->job);
		else
			pthread_cond_wait(&p->work, &p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

bool
pool_new(unsigned helpers, struct pool **out, struct err *e)
{
	OWN(pool_free) struct pool *p = calloc(1, sizeof(*p));
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (p == NULL)
		abort();
	if (helpers == 0)
		helpers = cores > 1 ? (unsigned)cores - 1 : 0;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->done, NULL);
	p->threads = calloc((size_t)helpers + 1, sizeof(*p->threads));
	if (p->threads == NULL)
		abort();
	for (unsigned i = 0; i < helpers; i++) {
		if (pthread_create(&p->threads[i], NULL, helper, p) != 0)
			return err_sys(e, "start a thread");
		p->n_threads++;
	}
	*out = give(p);
	return true;
}

void
pool_free(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n_threads; i++)
		pthread_join(p->threads[i], NULL);
	free(p->threads);
	pthread_cond_destroy(&p->work);
	pthread_cond_destroy(&p->done);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void
pool_run(struct pool *p, size_t n, size_t part, pool_fn *fn, void *arg)
{
	struct job j = { .fn = fn, .arg = arg, .n = n, .part = part };
	bool mine;

	if (n <= part || p->n_threads == 0) {
		if (n != 0)
			fn(arg, 0, n);
		return;
	}
	pthread_mutex_lock(&p->lock);
	mine = p->job == NULL;
	if (mine) {
		p->job = &j;
		pthread_cond_broadcast(&p->work);
		work_on(p, &j);
		while (j.working != 0)
			pthread_cond_wait(&p->done, &p->lock);
		p->job = NULL;
	}
	pthread_mutex_unlock(&p->lock);
	if (!mine)
		fn(arg, 0, n);
}
