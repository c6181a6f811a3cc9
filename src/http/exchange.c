#include "http/exchange.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "http/body.h"
#include "http/router.h"

#define SPARE_MAX 64

/* Exchanges that are over, their arenas emptied: a request that is answered from memory costs little else. */
static struct {
	pthread_mutex_t	 lock;
	struct exchange	*list[SPARE_MAX];
	size_t		 n;
} spare = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct exchange *
spare_take(void)
{
	struct exchange *x = NULL;

	(void)pthread_mutex_lock(&spare.lock);
	if (spare.n > 0)
		x = spare.list[--spare.n];
	(void)pthread_mutex_unlock(&spare.lock);
	if (x != NULL)
		return x;
	x = calloc(1, sizeof(*x));
	if (x == NULL)
		abort();
	x->q.arena = arena_new(REQUEST_ARENA_MAX);
	return x;
}

static bool
spare_keep(struct exchange *x)
{
	struct arena *a = x->q.arena;
	bool kept;

	arena_reset(a);
	memset(x, 0, sizeof(*x));
	x->q.arena = a;
	(void)pthread_mutex_lock(&spare.lock);
	kept = spare.n < SPARE_MAX;
	if (kept)
		spare.list[spare.n++] = x;
	(void)pthread_mutex_unlock(&spare.lock);
	return kept;
}

struct exchange *
exchange_new(struct router *r, enum http_listener listener)
{
	struct exchange *x = spare_take();
	struct timespec now;

	x->router = r;
	x->q.listener = listener;
	x->q.path = x->q.raw_path = x->q.remote = "";
	x->q.request_id = x->request_id;
	x->content_length = -1;
	x->upload.fd = -1;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	x->begun_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	res_init(&x->s, &x->q, router_events(r));
	return x;
}

void
exchange_free(struct exchange *x)
{
	if (x == NULL)
		return;
	res_clear(&x->s);
	body_free(x->body);
	if (x->upload.fd >= 0)
		(void)close(x->upload.fd);
	if (spare_keep(x))
		return;
	arena_free(x->q.arena);
	free(x);
}

void
exchange_target(struct exchange *x, const char *target)
{
	/* One octet over the limit is enough to refuse it. */
	x->target = arena_strndup(x->q.arena, target, strnlen(target, TARGET_MAX + 1));
}

void
exchange_method(struct exchange *x, const char *method)
{
	x->method = arena_strndup(x->q.arena, method, strnlen(method, 32));
}

/* Names that speak for a front.  nginx blanks them; this holds where it is not ours, or forgot one. */
static bool
pretends(const struct exchange *x, const char *name)
{
	if (strncasecmp(name, "Client-Cert", 11) == 0)
		return x->q.listener != HTTP_MTLS || name[11] != '\0';
	if (strncasecmp(name, "X-Forwarded", 11) == 0)
		return strcasecmp(name, "X-Forwarded-For") != 0;
	return strcasecmp(name, "Forwarded") == 0 || strncasecmp(name, "X-SSL-", 6) == 0;
}

static bool
header_room(struct exchange *x)
{
	size_t cap = x->header_cap == 0 ? HEADERS_FEW : 2 * x->header_cap;
	struct http_pair *more;

	if (x->header_n < x->header_cap)
		return true;
	if (cap > HEADERS_COUNT_MAX || (more = arena_array(x->q.arena, cap, sizeof(*more))) == NULL)
		return false;
	if (x->header_n > 0)
		memcpy(more, x->header_v, x->header_n * sizeof(*more));
	x->header_v = more;
	x->header_cap = cap;
	return true;
}

void
exchange_header(struct exchange *x, const char *name, const char *value)
{
	if (pretends(x, name))
		return;
	x->header_octets += strlen(name) + strlen(value) + 4;
	if (x->header_octets > HEADERS_MAX || !header_room(x)) {
		x->header_octets = HEADERS_MAX + 1;	/* router_open answers 431 */
		return;
	}
	x->header_v[x->header_n].name = arena_strdup(x->q.arena, name);
	x->header_v[x->header_n].value = arena_strdup(x->q.arena, value);
	x->header_n++;
	x->q.headers = (struct http_pairs){ x->header_v, x->header_n };
}
