/*
 * http_app - a small application for the tests of src/http: every kind of body and answer once.
 */
#ifndef TESTS_HTTP_APP_H
#define TESTS_HTTP_APP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "http/http.h"
#include "http/json.h"
#include "http/list.h"

enum { APP_PUBLIC = 0, APP_VIEW = 1, APP_ORDER = 2, APP_NOBODY_HAS = 4 };

struct actor {
	char		 name[16];
	unsigned	 rights;
};

struct app {
	atomic_int	 started;	/* streams that began */
	atomic_int	 closed;	/* streams that ended */
	atomic_int	 events_closed;
	atomic_int	 threads;
	atomic_int	 done;		/* requests that ended without an answer */
	atomic_int	 handled;	/* bodies that reached a handler */
	atomic_int	 ready_done;
	struct http_ready *ready;
	pthread_mutex_t	 lock;
	struct http_events *events[64];
	size_t		 events_n;
};

static bool
app_authenticate(struct app *app, struct http_req *q, struct err *e)
{
	const char *token = http_bearer(q), *cookie = http_cookie(q, "__Host-session");
	struct actor *a = ARENA_NEW(q->arena, struct actor);

	(void)app;
	if (token == NULL && cookie == NULL)
		return true;
	if (strcmp(token != NULL ? token : cookie, "good") != 0)
		return err_set(e, ERR_UNAUTHENTICATED, "token", "the token is not known");
	(void)snprintf(a->name, sizeof(a->name), "kim");
	a->rights = APP_VIEW | APP_ORDER;
	q->actor = a;
	return true;
}

static bool
app_check(struct app *app, const struct http_req *q, unsigned needs, struct err *e)
{
	(void)app;
	if (needs == APP_PUBLIC)
		return true;
	if (q->actor == NULL)
		return err_set(e, ERR_UNAUTHENTICATED, "no_token", "log in first");
	if ((q->actor->rights & needs) != needs)
		return err_set(e, ERR_FORBIDDEN, "right", "the right is missing");
	return true;
}

static bool
app_admit(struct app *app, const struct http_req *q, struct err *e)
{
	int64_t id;

	(void)app;
	if (http_param(q, "id") == NULL)
		return true;
	if (!http_param_int(q, "id", &id, e))
		return false;
	return id < 1000 || err_set(e, ERR_NOT_FOUND, "no_batch", "no such batch");
}

static void
app_done(struct app *app, const struct http_req *q, int status, int64_t us)
{
	(void)q;
	(void)us;
	atomic_fetch_add(&app->done, status == 0);
}

/* What came in, as JSON. */
static bool
app_echo(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	json_t *o = json_object(), *query = json_object();

	(void)app;
	(void)e;
	for (size_t i = 0; i < q->query.n; i++)
		json_object_set_new(query, q->query.v[i].name, json_text(q->query.v[i].value));
	json_object_set_new(o, "query", query);
	json_object_set_new(o, "path", json_text(q->path));
	json_object_set_new(o, "id", json_text(http_param(q, "id")));
	json_object_set_new(o, "remote", json_text(q->remote));
	json_object_set_new(o, "listener", json_integer(q->listener));
	json_object_set_new(o, "actor", json_text(q->actor == NULL ? NULL : q->actor->name));
	json_object_set_new(o, "cert", json_integer((json_int_t)q->client_cert_len));
	json_object_set_new(o, "client_cert", json_text(http_header(q, "Client-Cert")));
	json_object_set_new(o, "forwarded", json_text(http_header(q, "Forwarded")));
	json_object_set_new(o, "x_ssl", json_text(http_header(q, "X-SSL-Client-S-DN")));
	json_object_set_new(o, "forwarded_host", json_text(http_header(q, "X-Forwarded-Host")));
	http_cookie_set(s, "__Host-session", "abc", 600);
	return http_json(s, 200, o);
}

struct order {
	int64_t		 profile_id;
	const char	*name;
	int64_t		 size;
	struct secret	*password;
};

static const struct field order_fields[] = {
	INT   (struct order, profile_id, 1, INT32_MAX),
	NAME  (struct order, name, 200),
	INT   (struct order, size, 1, 1000000, OPTIONAL),
	SECRET(struct order, password, 1, 100, OPTIONAL, AS("pkcs12_password")),
};

static uint64_t
upload_sum(const struct http_upload *u, uint64_t *n)
{
	unsigned char buf[65536];
	uint64_t sum = 0;
	ssize_t k;

	*n = 0;
	while ((k = pread(u->fd, buf, sizeof(buf), (off_t)*n)) > 0) {
		for (ssize_t i = 0; i < k; i++)
			sum = sum * 31 + buf[i];
		*n += (uint64_t)k;
	}
	return sum;
}

static bool
app_order(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct order in = { .size = 1 };
	json_t *o;

	if (!json_decode(q->body, order_fields, COUNT(order_fields), q->arena, &in, e, http_faults(s)))
		return false;
	atomic_fetch_add(&app->handled, 1);
	o = json_object();
	json_object_set_new(o, "profile_id", json_integer(in.profile_id));
	json_object_set_new(o, "name", json_text(in.name));
	json_object_set_new(o, "size", json_integer(in.size));
	json_object_set_new(o, "password_octets", json_integer(in.password == NULL ? -1 : (json_int_t)in.password->len));
	secret_free(in.password);
	if (q->upload != NULL) {
		uint64_t n, sum = upload_sum(q->upload, &n);

		json_object_set_new(o, "file_name", json_text(q->upload->file_name));
		json_object_set_new(o, "file_type", json_text(q->upload->content_type));
		json_object_set_new(o, "file_octets", json_integer((json_int_t)n));
		json_object_set_new(o, "file_said", json_integer((json_int_t)q->upload->size));
		json_object_set_new(o, "file_sum", json_integer((json_int_t)(sum & INT32_MAX)));
	}
	http_set(s, "Location", "/api/v1/batches/7");
	return http_json(s, 201, o);
}

/* Octet i of a stream is the low octet of i * 7 + i / 251. */
static unsigned char
stream_octet(uint64_t i)
{
	return (unsigned char)(i * 7 + i / 251);
}

static bool
app_stream_start(void *arg, struct err *e)
{
	struct app *app = arg;

	(void)e;
	atomic_fetch_add(&app->started, 1);
	return true;
}

static ssize_t
app_stream_read(void *arg, uint64_t offset, void *buf, size_t cap, struct err *e)
{
	unsigned char *p = buf;

	(void)arg;
	(void)e;
	for (size_t i = 0; i < cap; i++)
		p[i] = stream_octet(offset + i);
	return (ssize_t)cap;
}

static void
app_stream_close(void *arg)
{
	struct app *app = arg;

	atomic_fetch_add(&app->closed, 1);
}

static bool
app_download(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	uint64_t length = 1000000;

	if (http_query(q, "length") != NULL && !parse_u64(http_query(q, "length"), UINT64_MAX, &length))
		return err_set(e, ERR_INVALID, "length", "no length");
	http_attachment(s, "batch \xc3\xa4.zip");
	return http_stream(s, "application/zip", &(struct http_stream){ .length = length, .etag = "\"v1\"",
	    .start = app_stream_start, .read = app_stream_read, .close = app_stream_close, .arg = app });
}

static ssize_t
app_broken_read(void *arg, uint64_t offset, void *buf, size_t cap, struct err *e)
{
	if (offset >= 300000)
		return err_set(e, ERR_INTERNAL, "internal", "the store went away") ? 0 : -1;
	return app_stream_read(arg, offset, buf, offset + cap > 300000 ? 300000 - offset : cap, e);
}

static bool
app_broken(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	(void)q;
	(void)e;
	return http_stream(s, "application/zip", &(struct http_stream){ .length = 1000000, .read = app_broken_read,
	    .close = app_stream_close, .arg = app });
}

static void
app_events_closed(void *arg)
{
	struct app *app = arg;

	atomic_fetch_add(&app->events_closed, 1);
}

static bool
app_events(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct http_events *ev;

	(void)q;
	if (!http_events(s, app_events_closed, app, &ev, e))
		return false;
	(void)http_events_push(ev, "1", "state", "first\nsecond");
	(void)pthread_mutex_lock(&app->lock);
	app->events[app->events_n++ % COUNT(app->events)] = ev;
	(void)pthread_mutex_unlock(&app->lock);
	return true;
}

static bool
app_slow(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	uint64_t ms = 100;

	(void)app;
	(void)e;
	if (http_query(q, "ms") != NULL && !parse_u64(http_query(q, "ms"), 10000, &ms))
		return err_set(e, ERR_INVALID, "ms", "no number");
	(void)usleep((useconds_t)ms * 1000);
	return http_json(s, 200, json_pack("{s:I}", "slept_ms", (json_int_t)ms));
}

static bool
app_fail(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	static const struct { const char *name; enum err_kind kind; } kinds[] = {
		{ "malformed", ERR_MALFORMED }, { "invalid", ERR_INVALID }, { "unauthenticated", ERR_UNAUTHENTICATED },
		{ "forbidden", ERR_FORBIDDEN }, { "not_found", ERR_NOT_FOUND }, { "conflict", ERR_CONFLICT },
		{ "too_large", ERR_TOO_LARGE }, { "limit", ERR_LIMIT }, { "retry", ERR_RETRY },
		{ "unavailable", ERR_UNAVAILABLE }, { "internal", ERR_INTERNAL },
	};

	(void)app;
	http_set(s, "X-Half", "done");
	(void)http_json(s, 200, json_object());
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (strcmp(http_param(q, "kind"), kinds[i].name) == 0) {
			(void)err_set(e, kinds[i].kind, "test_code", "what the caller may read");
			return err_in(e, "what only operators read");
		}
	return err_set(e, ERR_NOT_FOUND, "kind", "no such kind");
}

static bool
app_raw(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	const char *text = q->body != NULL ? (const char *)q->body->p : http_param(q, "rest");

	(void)app;
	(void)e;
	return http_bytes(s, 200, "application/octet-stream", text, strlen(text));
}

static void *
later_main(void *arg)
{
	struct http_turn *turn = arg;
	const struct timespec t = { .tv_nsec = 20000000 };

	(void)nanosleep(&t, NULL);
	(void)http_bytes(http_turn_res(turn), 200, "text/plain", "later", 5);
	http_turn_over(turn);
	return NULL;
}

/* Another thread answers; without a turn to be taken (a bad query) nobody does, and the request fails. */
static void
later_begin(void *arg, struct http_turn *turn)
{
	pthread_t thread;

	if (arg != NULL) {
		http_turn_over(turn);
		return;
	}
	if (pthread_create(&thread, NULL, later_main, turn) != 0)
		abort();
	(void)pthread_detach(thread);
}

static void
ready_done(void *arg)
{
	atomic_fetch_add(&((struct app *)arg)->ready_done, 1);
}

static bool
app_quick(struct app *app, const struct http_req *q, struct http_res *s)
{
	if (strcmp(q->path, "/later") == 0)
		return http_later(s, later_begin, http_query(q, "nothing") == NULL ? NULL : app);
	if (strcmp(q->path, "/ready") == 0)
		return http_ready(s, app->ready, ready_done, app);
	return strcmp(q->path, "/quick") == 0 && http_bytes_from(s, 200, "text/plain", "quick", 5, NULL, NULL);
}

static bool
app_healthz(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	(void)app;
	(void)q;
	(void)e;
	return http_bytes_from(s, 200, "text/plain", "ok\n", 3, NULL, NULL);
}

static const struct route api_routes[] = {
	{ GET,    "/api/v1/echo",               APP_PUBLIC,     0,         0,         app_echo     },
	{ GET,    "/api/v1/me",                 APP_VIEW,       0,         0,         app_echo     },
	{ GET,    "/api/v1/forbidden",          APP_NOBODY_HAS, 0,         0,         app_echo     },
	{ POST,   "/api/v1/batches",             APP_ORDER,      64 * KIB,  300 * MIB, app_order    },
	{ POST,   "/api/v1/batches/{id}/json",  APP_ORDER,      1 * KIB,   0,         app_order    },
	{ POST,   "/api/v1/batches/{id}/file",  APP_ORDER,      1 * KIB,   HTTP_UPLOAD, app_order  },
	{ POST,   "/api/v1/batches/{id}/empty", APP_ORDER,      0,         0,         app_echo     },
	{ GET,    "/api/v1/batches/{id}",       APP_VIEW,       0,         0,         app_echo     },
	{ DELETE, "/api/v1/batches/{id}",       APP_ORDER,      0,         0,         app_echo     },
	{ GET,    "/api/v1/batches/mine",       APP_VIEW,       0,         0,         app_echo     },
	{ GET,    "/api/v1/download",           APP_PUBLIC,     0,         0,         app_download },
	{ GET,    "/api/v1/broken",             APP_PUBLIC,     0,         0,         app_broken   },
	{ GET,    "/api/v1/events",             APP_PUBLIC,     0,         0,         app_events   },
	{ GET,    "/api/v1/slow",               APP_PUBLIC,     0,         0,         app_slow     },
	{ GET,    "/api/v1/fail/{kind}",        APP_PUBLIC,     0,         0,         app_fail     },
};

static const struct route status_routes[] = {
	{ GET,  "/quick",              0, 0,       0, app_raw  },
	{ GET,  "/later",              0, 0,       0, app_raw  },
	{ GET,  "/ready",              0, 0,       0, app_raw  },
	{ POST, "/ocsp",               0, 4 * KIB, 0, app_raw  },
	{ GET,  "/ocsp/{rest...}",     0, 0,       0, app_raw  },
	{ GET,  "/crl/{ca}.crl",       0, 0,       0, app_echo },
	{ GET,  "/crl/{ca}.delta.crl", 0, 0,       0, app_echo },
	{ GET,  "/crl/{ca}/{n}.crl",   0, 0,       0, app_echo },
};

static const struct route ops_routes[] = {
	{ GET, "/healthz", 0, 0, 0, app_healthz },
};

static const struct http_mount app_mounts[] = {
	{ .routes = api_routes, .n = COUNT(api_routes), .listeners = HTTP_PORTAL | HTTP_MTLS,
	  .hooks = { app_authenticate, app_check, app_admit, app_done } },
	{ .routes = status_routes, .n = COUNT(status_routes), .listeners = HTTP_STATUS,
	  .body_type = "application/ocsp-request", .quick = app_quick },
	{ .routes = ops_routes, .n = COUNT(ops_routes), .listeners = HTTP_OPS },
};

__attribute__((unused)) static bool
app_thread_start(struct app *app, struct err *e)
{
	(void)e;
	atomic_fetch_add(&app->threads, 1);
	return true;
}

__attribute__((unused)) static void
app_thread_end(struct app *app)
{
	atomic_fetch_sub(&app->threads, 1);
}

#endif
