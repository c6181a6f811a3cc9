#include "http/router.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "http/body.h"
#include "http/match.h"

struct router {
	struct http_conf	 conf;
	struct match_table	*table;
	struct events_set	*events;
	atomic_uint_fast64_t	 requests, answers[6];
};

static const struct { const char *text; enum http_method method; } methods[] = {
	{ "GET", GET }, { "HEAD", HEAD }, { "POST", POST }, { "PUT", PUT }, { "PATCH", PATCH }, { "DELETE", DELETE },
};

struct router *
router_new(const struct http_conf *conf)
{
	struct router *r = calloc(1, sizeof(*r));

	if (r == NULL)
		abort();
	r->conf = *conf;
	r->table = match_table_new(conf->mounts, conf->mounts_n);
	r->events = events_set_new(conf->events_max);
	return r;
}

void
router_free(struct router *r)
{
	if (r == NULL)
		return;
	match_table_free(r->table);
	events_set_free(r->events);
	free(r);
}

struct events_set *
router_events(struct router *r)
{
	return r->events;
}

void
router_stats(const struct router *r, struct http_stats *out)
{
	*out = (struct http_stats){
		.requests = atomic_load(&r->requests),
		.answers_2xx = atomic_load(&r->answers[2]), .answers_3xx = atomic_load(&r->answers[3]),
		.answers_4xx = atomic_load(&r->answers[4]), .answers_5xx = atomic_load(&r->answers[5]),
		.events = events_set_count(r->events),
	};
}

#define LOGGED_A_SECOND 20

/* A failure that repeats with every request fills no disk: so many lines a second, then how many were left out. */
static bool
may_log(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static int64_t second;
	static unsigned logged, left_out;
	int64_t now_s = clock_mono_ms() / 1000;
	unsigned tell = 0;
	bool may;

	(void)pthread_mutex_lock(&lock);
	if (now_s != second) {
		tell = left_out;
		second = now_s;
		logged = left_out = 0;
	}
	may = logged < LOGGED_A_SECOND;
	*(may ? &logged : &left_out) += 1;
	(void)pthread_mutex_unlock(&lock);
	if (tell > 0)
		log_error("http.failed_more", "n=%u", tell);
	return may;
}

void
router_log_err(const struct exchange *x, const struct err *e)
{
	char msg[256], trail[320];
	enum log_level level = e->kind == ERR_INTERNAL || e->kind == ERR_UNAVAILABLE ? LOG_ERROR_ : LOG_DEBUG_;

	if (level == LOG_ERROR_ && !may_log())
		return;
	log_line(level, "http.failed", "request=%s method=%s path=%s code=%s msg=%s trail=%s", x->request_id,
	    x->method == NULL ? "-" : x->method, x->q.route == NULL ? "-" : x->q.route->pattern,
	    e->code == NULL ? "-" : e->code, log_quote(e->msg, msg, sizeof(msg)),
	    log_quote(e->trail, trail, sizeof(trail)));
}

/* The one place where an error becomes an answer. */
static enum step
fail(struct exchange *x, const struct err *e)
{
	router_log_err(x, e);
	problem_from_err(&x->s, &x->q, e);
	return STEP_ANSWER;
}

static enum step
refuse(struct exchange *x, int status, const char *code, const char *detail)
{
	problem_set(&x->s, &x->q, status, code, detail);
	return STEP_ANSWER;
}

void
router_refuse(struct exchange *x, const struct err *e)
{
	(void)fail(x, e);
}

static uint8_t process_id[8];
static atomic_uint_fast64_t made;

static void
made_begin(void)
{
	rand_octets(process_id, sizeof(process_id));
}

/* Unique, and no secret: random for the process, counted within it. */
static void
request_id_make(char out[33])
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	uint8_t id[16];
	uint64_t n = atomic_fetch_add(&made, 1);

	(void)pthread_once(&once, made_begin);
	memcpy(id, process_id, 8);
	memcpy(id + 8, &n, 8);
	hex_lower(id, sizeof(id), out);
}

static bool
request_id_ok(const char *id)
{
	return id != NULL && strlen(id) == 32 && strspn(id, "0123456789abcdef") == 32;
}

/* Headers that mean something else, or nothing, when they come twice. */
static const char *
header_twice(const struct http_req *q)
{
	static const char *const once[] = { "Authorization", "Content-Type", "Content-Length", "Origin", "Range",
		"Idempotency-Key", "Client-Cert", "X-Request-Id", "X-Forwarded-For" };

	for (size_t i = 1; i < q->headers.n; i++)
		for (size_t j = 0; j < i; j++) {
			const char *a = q->headers.v[i].name, *b = q->headers.v[j].name;

			if (((a[0] ^ b[0]) & 0xdf) != 0 || strcasecmp(a, b) != 0)
				continue;
			for (size_t k = 0; k < COUNT(once); k++)
				if (strcasecmp(a, once[k]) == 0)
					return once[k];
		}
	return NULL;
}

/* What our nginx says about the request; only it can open the Unix sockets. */
static bool
read_front(struct exchange *x, struct err *e)
{
	struct http_req *q = &x->q;
	const char *id = http_header(q, "X-Request-Id"), *from = http_header(q, "X-Forwarded-For");
	const char *cert = http_header(q, "Client-Cert"), *cookie = http_header(q, "Cookie");
	const char *twice = header_twice(q);

	if (request_id_ok(id))
		memcpy(x->request_id, id, sizeof(x->request_id));
	else
		request_id_make(x->request_id);
	if (from != NULL && q->remote[0] == '\0' && strlen(from) < 46)
		q->remote = from;
	if (twice != NULL)
		return err_set(e, ERR_MALFORMED, "header_twice", "the header %s came more than once", twice);
	if (cookie != NULL)
		req_cookies(x, cookie);
	if (q->listener == HTTP_MTLS && cert != NULL && cert[0] != '\0' && !req_client_cert(x, cert, e))
		return false;
	return true;
}

static bool
read_body_headers(struct exchange *x, struct err *e)
{
	const char *length = http_header(&x->q, "Content-Length"), *coding = http_header(&x->q, "Transfer-Encoding");
	uint64_t n;

	x->content_type = http_header(&x->q, "Content-Type");
	x->has_body = coding != NULL;
	if (length != NULL) {
		if (coding != NULL || !parse_u64(length, INT64_MAX, &n))
			return err_set(e, ERR_MALFORMED, "content_length", "wrong Content-Length");
		x->content_length = (int64_t)n;
		x->has_body = n > 0;
	}
	return true;
}

/*
 * "..", "//", an encoded slash or backslash mean something else to the server in front, which matched the
 * normalized path and handed on the raw one: they are refused, not interpreted.
 */
char *
path_decode(struct arena *a, const char *raw, size_t n)
{
	char *path;

	if (n == 0 || raw[0] != '/')
		return NULL;
	for (size_t i = 0; i + 2 < n; i++)
		if (raw[i] == '%' && (strncasecmp(raw + i, "%2f", 3) == 0 || strncasecmp(raw + i, "%5c", 3) == 0))
			return NULL;
	path = pct_decode(a, raw, n, false);
	if (path == NULL || strstr(path, "//") != NULL || strchr(path, '\\') != NULL)
		return NULL;
	for (const char *p = path; (p = strstr(p, "/.")) != NULL; p++)
		if (p[2] == '\0' || p[2] == '/' || (p[2] == '.' && (p[3] == '\0' || p[3] == '/')))
			return NULL;
	return path;
}

/*
 * Cross-site requests: cookies go along with what another page sends, but it cannot hide its Origin.  Our
 * own page always sends one with an unsafe method; scripts with a token bear neither.
 */
static bool
origin_ok(const struct exchange *x)
{
	const char *origin = http_header(&x->q, "Origin"), *cookie = http_header(&x->q, "Cookie");
	bool unsafe = x->q.method != GET && x->q.method != HEAD;

	if (!unsafe || (x->q.listener & (HTTP_PORTAL | HTTP_MTLS)) == 0)
		return true;
	if (origin == NULL)
		return cookie == NULL;
	return x->router->conf.origin != NULL && strcmp(origin, x->router->conf.origin) == 0;
}

static enum step
no_route(struct exchange *x, const struct match *m)
{
	enum step step;

	if (m->allow[0] == '\0')
		return refuse(x, 404, "not_found", "there is nothing at this address");
	step = refuse(x, 405, "method", "this address does not take that method");
	http_set(&x->s, "Allow", m->allow);
	return step;
}

enum step
router_open(struct exchange *x)
{
	struct router *r = x->router;
	struct http_req *q = &x->q;
	struct match m;
	struct err e = { 0 };
	size_t path_n;

	atomic_fetch_add(&r->requests, 1);
	if (!read_front(x, &e))
		return fail(x, &e);
	if (x->method == NULL || x->target == NULL || x->header_octets > HEADERS_MAX)
		return refuse(x, 431, "headers_too_large", "the header fields are too many or too long");
	if (strlen(x->target) > TARGET_MAX)
		return refuse(x, 414, "target_too_long", "the request target is too long");
	if (!read_body_headers(x, &e))
		return fail(x, &e);
	q->has_body = x->has_body;
	for (size_t i = 0; i < COUNT(methods); i++)
		if (strcmp(x->method, methods[i].text) == 0)
			q->method = methods[i].method;
	x->is_head = q->method == HEAD;
	path_n = strcspn(x->target, "?");
	q->raw_path = arena_strndup(q->arena, x->target, path_n);
	q->path = path_decode(q->arena, x->target, path_n);
	if (q->path == NULL)		/* only a row that takes the raw rest may have such a path */
		q->path = "";
	if (!match_find(r->table, q, &m)) {
		if (q->path[0] == '\0' && m.allow[0] == '\0')
			return refuse(x, 400, "path", "the path has dot segments, empty segments or wrong escapes");
		return no_route(x, &m);
	}
	q->route = m.route;
	q->params = m.params;
	x->mount = m.mount;
	if (x->target[path_n] == '?' && !req_query(x, x->target + path_n + 1, &e))
		return fail(x, &e);
	if (!origin_ok(x))
		return refuse(x, 403, "origin", "requests of other sites are not taken: wrong or missing Origin");
	if (x->mount->hooks.authenticate != NULL || x->mount->hooks.check != NULL || x->mount->hooks.admit != NULL)
		return STEP_ADMIT;
	if (!body_begin(x, &r->conf))
		return STEP_ANSWER;
	return x->body != NULL ? STEP_BODY : router_ready(x);
}

enum step
router_admit(struct exchange *x)
{
	const struct http_hooks *h = &x->mount->hooks;
	struct app *app = x->router->conf.app;
	struct err e = { 0 };

	if ((h->authenticate != NULL && !h->authenticate(app, &x->q, &e)) ||
	    (h->check != NULL && !h->check(app, &x->q, x->q.route->needs, &e)) ||
	    (h->admit != NULL && !h->admit(app, &x->q, &e)))
		return fail(x, &e);
	if (!body_begin(x, &x->router->conf))
		return STEP_ANSWER;
	return x->body != NULL ? STEP_BODY : STEP_HANDLE;
}

static void
finish(struct exchange *x)
{
	struct http_res *s = &x->s;
	struct err e = { 0 };

	if (s->kind == RES_NONE) {
		(void)err_set(&e, ERR_INTERNAL, "internal", "a handler gave no answer");
		(void)fail(x, &e);
		return;
	}
	if (s->kind != RES_STREAM || !res_range(s, &x->q) || x->is_head || s->stream.start == NULL)
		return;
	if (!s->stream.start(s->stream.arg, &e))
		(void)fail(x, &e);
}

enum step
router_ready(struct exchange *x)
{
	if (!body_finish(x))
		return STEP_ANSWER;
	if (x->mount->quick != NULL && x->mount->quick(x->router->conf.app, &x->q, &x->s)) {
		if (x->s.kind == RES_LATER)
			return STEP_LATER;
		finish(x);
		return STEP_ANSWER;
	}
	return STEP_HANDLE;
}

void
router_late(struct exchange *x)
{
	if (x->s.kind == RES_LATER)
		x->s.kind = RES_NONE;
	finish(x);
}

void
router_handle(struct exchange *x)
{
	struct err e = { 0 };

	if (x->q.route->handler(x->router->conf.app, &x->q, &x->s, &e)) {
		finish(x);
		return;
	}
	if (e.kind == ERR_NONE)
		(void)err_set(&e, ERR_INTERNAL, "internal", "a handler failed and did not say why");
	(void)fail(x, &e);
}

void
router_done(struct exchange *x)
{
	struct router *r = x->router;
	int status = x->s.status;
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (status >= 200 && status < 600)
		atomic_fetch_add(&r->answers[status / 100], 1);
	if (x->mount != NULL && x->mount->hooks.done != NULL)
		x->mount->hooks.done(r->conf.app, &x->q, status,
		    (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 - x->begun_us);
}
