#include <pthread.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "x509/csr.h"

#define BLOCK 8			/* requests a thread takes at a time */
#define THREADS_FROM 64		/* fewer are checked sooner than a thread starts */
#define THREADS_MAX 16

struct csr_crew {
	struct csr_verifier	*verifier;	/* of the thread that calls */
	pthread_t		 threads[THREADS_MAX];
	int			 wanted, started;
	pthread_mutex_t		 lock;		/* the rest */
	pthread_cond_t		 work, done;
	struct csr_proof	*list;
	size_t			 n, next, left;	/* `left` are not checked yet */
	bool			 stop;
};

struct csr_crew *
csr_crew_new(int threads)
{
	struct csr_crew *c = calloc(1, sizeof(*c));

	if (c == NULL)
		abort();
	c->wanted = threads < 0 ? cpu_count() - 1 : threads;
	if (c->wanted > THREADS_MAX)
		c->wanted = THREADS_MAX;
	c->verifier = csr_verifier_new();
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->work, NULL);
	(void)pthread_cond_init(&c->done, NULL);
	return c;
}

struct csr_verifier *
csr_crew_verifier(struct csr_crew *c)
{
	return c->verifier;
}

static void
prove(struct csr_verifier *v, struct csr_proof *p)
{
	struct err e = { 0 };
	struct csr csr;

	p->proved = csr_decode(p->der, p->len, &csr, &e) && csr_verify(v, &csr, &e);
}

/* With the lock held, which it lets go of while it checks: one block.  False: all are taken. */
static bool
block(struct csr_crew *c, struct csr_verifier *v)
{
	struct csr_proof *p = &c->list[c->next];
	size_t n = c->n - c->next < BLOCK ? c->n - c->next : BLOCK;

	if (n == 0)
		return false;
	c->next += n;
	(void)pthread_mutex_unlock(&c->lock);
	for (size_t i = 0; i < n; i++)
		prove(v, &p[i]);
	(void)pthread_mutex_lock(&c->lock);
	c->left -= n;
	if (c->left == 0)
		(void)pthread_cond_signal(&c->done);
	return true;
}

static void *
crew_main(void *arg)
{
	struct csr_crew *c = arg;
	OWN(csr_verifier_free) struct csr_verifier *v = csr_verifier_new();

	(void)pthread_mutex_lock(&c->lock);
	while (!c->stop)
		if (!block(c, v))
			(void)pthread_cond_wait(&c->work, &c->lock);
	(void)pthread_mutex_unlock(&c->lock);
	return NULL;
}

void
csr_crew_begin(struct csr_crew *c, struct csr_proof *list, size_t n)
{
	/* A thread that cannot be had is done without. */
	while (n >= THREADS_FROM && c->started < c->wanted) {
		if (pthread_create(&c->threads[c->started], NULL, crew_main, c) != 0)
			c->wanted = c->started;
		else
			c->started++;
	}
	(void)pthread_mutex_lock(&c->lock);
	c->list = list;
	c->n = c->left = n;
	c->next = 0;
	if (n > 0 && c->started > 0)
		(void)pthread_cond_broadcast(&c->work);
	(void)pthread_mutex_unlock(&c->lock);
}

void
csr_crew_finish(struct csr_crew *c)
{
	(void)pthread_mutex_lock(&c->lock);
	while (block(c, c->verifier))
		;
	while (c->left > 0)
		(void)pthread_cond_wait(&c->done, &c->lock);
	c->n = c->next = 0;
	(void)pthread_mutex_unlock(&c->lock);
}

void
csr_crew_free(struct csr_crew *c)
{
	if (c == NULL)
		return;
	(void)pthread_mutex_lock(&c->lock);
	c->next = c->n;
	c->stop = true;
	(void)pthread_cond_broadcast(&c->work);
	(void)pthread_mutex_unlock(&c->lock);
	for (int i = 0; i < c->started; i++)
		(void)pthread_join(c->threads[i], NULL);
	(void)pthread_cond_destroy(&c->work);
	(void)pthread_cond_destroy(&c->done);
	(void)pthread_mutex_destroy(&c->lock);
	csr_verifier_free(c->verifier);
	free(c);
}
