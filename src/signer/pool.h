/*
 * pool - helpers that share the items of one large request.
 *
 * The caller works too, and a request that is small, or comes while the helpers are busy with another,
 * is done by its caller alone: nobody waits for a helper.
 */
#ifndef SIGNER_POOL_H
#define SIGNER_POOL_H

#include <stddef.h>

#include "base/err.h"
#include "base/own.h"

struct pool;

/* Helpers beside the caller; 0: as many as there are cores, less one. */
must_check bool pool_new(unsigned helpers, struct pool **, struct err *);
void pool_free(struct pool *);
OWN_TYPE(struct pool, pool_free)

/* fn(arg, from, to) for parts of 0..n, some at the same time; back when all are done. */
typedef void pool_fn(void *arg, size_t from, size_t to);
void pool_run(struct pool *, size_t n, size_t part, pool_fn *, void *arg);

#endif
