#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ALIGN alignof(max_align_t)
#define FIRST_BLOCK 4096
#define LARGEST_BLOCK ((size_t)1 << 20)

struct block {
	struct block	*next;		/* older one */
	size_t		 size, used;
	alignas(max_align_t) unsigned char data[];
};

struct arena {
	size_t		 limit, used;
	size_t		 next_size;
	struct block	*now;		/* where small allocations come from */
	struct block	*first;		/* kept over arena_reset */
};

static struct block *
block_new(size_t size)
{
	struct block *b = calloc(1, sizeof(*b) + size);

	if (b == NULL)
		abort();
	b->size = size;
	return b;
}

struct arena *
arena_new(size_t limit)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a == NULL)
		abort();
	a->limit = limit > SIZE_MAX - ALIGN ? SIZE_MAX / ALIGN * ALIGN : (limit + ALIGN - 1) / ALIGN * ALIGN;
	a->first = a->now = block_new(a->limit < FIRST_BLOCK ? a->limit : FIRST_BLOCK);
	a->next_size = 2 * FIRST_BLOCK;
	return a;
}

static void
blocks_free(struct arena *a)
{
	struct block *b, *next;

	for (b = a->now; b != NULL; b = next) {
		next = b->next;
		if (b != a->first)
			free(b);
	}
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	blocks_free(a);
	free(a->first);
	free(a);
}

void
arena_reset(struct arena *a)
{
	blocks_free(a);
	memset(a->first->data, 0, a->first->used);
	a->first->used = 0;
	a->first->next = NULL;
	a->now = a->first;
	a->used = 0;
	a->next_size = 2 * FIRST_BLOCK;
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}

/* A block for n octets and those that come after; one of its own for a large n, behind the current one. */
static struct block *
block_for(struct arena *a, size_t n)
{
	struct block *b;

	if (n > a->next_size / 4) {
		b = block_new(n);
		b->next = a->now->next;
		a->now->next = b;
		return b;
	}
	b = block_new(a->next_size);
	b->next = a->now;
	a->now = b;
	if (a->next_size < LARGEST_BLOCK)
		a->next_size *= 2;
	return b;
}

void *
arena_alloc(struct arena *a, size_t octets)
{
	struct block *b;
	size_t n;
	void *p;

	if (octets > SIZE_MAX - ALIGN)
		return NULL;
	n = octets == 0 ? ALIGN : (octets + ALIGN - 1) / ALIGN * ALIGN;
	if (n > a->limit - a->used)
		return NULL;
	b = a->now;
	if (n > b->size - b->used)
		b = block_for(a, n);
	p = b->data + b->used;
	b->used += n;
	a->used += n;
	return p;
}

void *
arena_array(struct arena *a, size_t n, size_t size)
{
	size_t octets;

	if (__builtin_mul_overflow(n, size, &octets))
		return NULL;
	return arena_alloc(a, octets);
}

void *
arena_memdup(struct arena *a, const void *p, size_t n)
{
	void *copy = arena_alloc(a, n);

	if (copy != NULL && n > 0)
		memcpy(copy, p, n);
	return copy;
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy;

	copy = arena_alloc(a, len + 1);
	if (copy != NULL && len > 0)
		memcpy(copy, s, len);
	return copy;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_memdup(a, s, strlen(s) + 1);
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *s = NULL;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n >= 0)
		s = arena_alloc(a, (size_t)n + 1);
	if (s != NULL)
		(void)vsnprintf(s, (size_t)n + 1, fmt, again);
	va_end(again);
	return s;
}
