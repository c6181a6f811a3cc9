#include "cmd/ops.h"

#include <stdatomic.h>
#include <string.h>

#include "base/frame.h"
#include "base/log.h"
#include "base/str.h"
#include "domain/app.h"

static const struct http_server *_Atomic server;

void
ops_serve(const struct http_server *s)
{
	atomic_store(&server, s);
}

bool
ops_quick(struct app *app, const struct http_req *q, struct http_res *s)
{
	(void)app;
	return strcmp(q->path, "/healthz") == 0 && http_bytes_from(s, 200, "text/plain; charset=utf-8", "ok\n", 3, NULL, NULL);
}

static bool
healthz(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	(void)e;
	return ops_quick(app, q, s);
}

static bool
signer_answers(const char *socket)
{
	struct err e = { 0 };
	OWN_FD int fd = -1;

	return socket == NULL || unix_connect(socket, 500, &fd, &e);
}

/* The store has our schema, the signer takes connections. */
static bool
readyz(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct err why = { 0 };
	struct db *db;
	bool store = db_pool_get(app->store, DB_READ, &db, &why) && db_schema_check(db, db_migrations, db_migrations_n, &why);
	bool signer = signer_answers(app->signer_ops);

	(void)q;
	(void)e;
	if (!store)
		log_err("ready.store", &why);
	return http_json(s, store && signer ? 200 : 503, json_pack("{s:b, s:b}", "store", store, "signer", signer));
}

static void
counter(struct str *o, const char *name, const char *help, uint64_t value)
{
	str_addf(o, "# TYPE certmill_%s counter\n# HELP certmill_%s %s\ncertmill_%s_total %llu\n", name, name, help, name,
	    (unsigned long long)value);
}

static void
gauge(struct str *o, const char *name, const char *help, uint64_t value)
{
	str_addf(o, "# TYPE certmill_%s gauge\n# HELP certmill_%s %s\ncertmill_%s %llu\n", name, name, help, name,
	    (unsigned long long)value);
}

static bool
metrics(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	OWN_STR struct str o = { 0 };
	struct http_stats st = { 0 };
	const struct http_server *of = atomic_load(&server);

	(void)app;
	(void)q;
	(void)e;
	if (of != NULL)
		http_server_stats(of, &st);
	counter(&o, "http_requests", "Requests since the start of the web process.", st.requests);
	str_adds(&o, "# TYPE certmill_http_answers counter\n# HELP certmill_http_answers Answers by class of status.\n");
	str_addf(&o, "certmill_http_answers_total{class=\"2xx\"} %llu\n", (unsigned long long)st.answers_2xx);
	str_addf(&o, "certmill_http_answers_total{class=\"3xx\"} %llu\n", (unsigned long long)st.answers_3xx);
	str_addf(&o, "certmill_http_answers_total{class=\"4xx\"} %llu\n", (unsigned long long)st.answers_4xx);
	str_addf(&o, "certmill_http_answers_total{class=\"5xx\"} %llu\n", (unsigned long long)st.answers_5xx);
	gauge(&o, "http_active", "Requests that are worked on or answered now.", st.active);
	gauge(&o, "http_waiting", "Requests that wait for a thread.", st.queue);
	gauge(&o, "http_event_streams", "Event streams that are open.", st.events);
	str_adds(&o, "# EOF\n");
	return http_bytes(s, 200, "application/openmetrics-text; version=1.0.0; charset=utf-8", o.p, o.len);
}

const struct route ops_routes[] = {
	{ GET, "/healthz", 0, 0, 0, healthz },
	{ GET, "/readyz",  0, 0, 0, readyz  },
	{ GET, "/metrics", 0, 0, 0, metrics },
};
const size_t ops_routes_n = COUNT(ops_routes);
