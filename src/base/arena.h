/*
 * arena - memory that lives as long as one request or job.
 *
 * The arena's limit is the caller's limit: an allocation past it returns NULL
 * and the work is refused (ERR_TOO_LARGE).  When the machine is out of memory
 * the process aborts: daemons are supervised and every change is a transaction.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/own.h"

struct arena;

struct arena *arena_new(size_t limit_octets);
void arena_free(struct arena *);
OWN_TYPE(struct arena, arena_free)

/* Zeroed, aligned for any type; NULL past the limit. */
void *arena_alloc(struct arena *, size_t octets);
/* n elements of `size` octets; NULL past the limit or on overflow of n * size. */
void *arena_array(struct arena *, size_t n, size_t size);
char *arena_strdup(struct arena *, const char *);
char *arena_strndup(struct arena *, const char *, size_t);
void *arena_memdup(struct arena *, const void *, size_t);
char *arena_printf(struct arena *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Forgets all allocations but keeps the first block, for loops over slices. */
void arena_reset(struct arena *);
size_t arena_used(const struct arena *);

#define ARENA_NEW(a, T) ((T *)arena_alloc((a), sizeof(T)))

#endif
