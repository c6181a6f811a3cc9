/*
 * workers - threads that may block, and the queue before them; private to src/http.
 */
#ifndef HTTP_WORKERS_H
#define HTTP_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct app;

struct job {			/* lives in what it works on; in one queue at a time */
	void		(*run)(void *arg);
	void		*arg;
	struct job	*next;
};

struct workers;
/* All threads have run `start` when this returns; its first error is returned. */
must_check bool workers_new(int threads, bool (*start)(struct app *, struct err *), void (*end)(struct app *),
    struct app *, struct workers **, struct err *);
void workers_add(struct workers *, struct job *);
size_t workers_waiting(struct workers *);
/* What waits is still done; then the threads end. */
void workers_free(struct workers *);

#endif
