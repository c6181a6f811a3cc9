#include "cmd/ops.h"

#include <stdatomic.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "domain/order/room.h"
#include "domain/issue/work.h"
#include "signlink/signlink.h"

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

#define SIGNER_WAIT_MS 800
#define FULL_MS 10000

/* Not that it takes connections: the kernel does that for a process that hangs. */
static bool
signer_answers(const struct app *app, struct err *e)
{
	OWN(signlink_free) struct signlink *l = NULL;
	OWN_STR struct str info = { 0 };

	if (app->signer_ops == NULL)
		return true;
	l = signlink_new(app->signer_ops);
	signlink_timeout(l, SIGNER_WAIT_MS);
	return signlink_info(l, &info, e);
}

static bool
store_answers(const struct app *app, struct err *e)
{
	struct db *db;

	return db_pool_get(app->store, DB_READ, &db, e) && db_schema_check(db, db_migrations, db_migrations_n, e);
}

static bool
worker_lives(const struct app *app, struct err *e)
{
	bool alive;

	return work_alive(app, &alive, e) &&
	    (alive || err_set(e, ERR_UNAVAILABLE, "no_worker", "no worker host gave a sign of life lately"));
}

static bool
disk_has_room(const struct app *app, struct err *e)
{
	/* A server's disk can't be looked at from here: what it says when it is written to counts. */
	if (db_full_lately(FULL_MS))
		return err_set(e, ERR_UNAVAILABLE, "db_full", "the disk of the database server was full a moment ago");
	return room_for(app, 0, e);
}

/* Each part by its name; what asks the store is not asked without it. */
static bool
readyz(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	static const struct {
		const char	*name;
		bool		(*ok)(const struct app *, struct err *);
		bool		 by_store;
		const char	*event;		/* in the log; those without come up after us */
	} parts[] = {
		{ "store", store_answers, false, "ready.store" }, { "signer", signer_answers, false, NULL },
		{ "worker", worker_lives, true, NULL }, { "disk", disk_has_room, true, "ready.disk" },
	};
	json_t *answer = json_object();
	bool all = true, store = true;

	(void)q;
	(void)e;
	for (size_t i = 0; i < COUNT(parts); i++) {
		struct err why = { 0 };
		bool ok = (store || !parts[i].by_store) && parts[i].ok(app, &why);

		if (!ok && parts[i].event != NULL && why.kind != ERR_NONE)
			log_err(parts[i].event, &why);
		json_object_set_new(answer, parts[i].name, json_boolean(ok));
		store = store && (i > 0 || ok);
		all = all && ok;
	}
	if (!all)
		http_set(s, "Retry-After", "1");
	return http_json(s, all ? 200 : 503, answer);
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

/* An alarm is for disk_low: orders are refused then, and what was ordered goes on in what is left. */
static void
disk_metrics(const struct app *app, struct str *o)
{
	struct room_disk disks[ROOM_DISKS];
	struct err e = { 0 };

	room_disks(app, disks);
	str_adds(o, "# TYPE certmill_disk_free_bytes gauge\n# HELP certmill_disk_free_bytes Room left on a disk.\n");
	for (size_t i = 0; i < ROOM_DISKS; i++)
		if (disks[i].there)
			str_addf(o, "certmill_disk_free_bytes{disk=\"%s\"} %llu\n", disks[i].name,
			    (unsigned long long)disks[i].free);
	gauge(o, "disk_low", "1 while orders are refused because a disk has too little room.",
	    !room_for(app, 0, &e) && strcmp(e.code, "disk_full") == 0);
}

static bool
metrics(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	OWN_STR struct str o = { 0 };
	struct http_stats st = { 0 };
	const struct http_server *of = atomic_load(&server);

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
	disk_metrics(app, &o);
	ops_crl_metrics(app, &o);
	ops_pool_metrics(app, &o);
	str_adds(&o, "# EOF\n");
	return http_bytes(s, 200, "application/openmetrics-text; version=1.0.0; charset=utf-8", o.p, o.len);
}

const struct route ops_routes[] = {
	{ GET, "/healthz", 0, 0, 0, healthz },
	{ GET, "/readyz",  0, 0, 0, readyz  },
	{ GET, "/metrics", 0, 0, 0, metrics },
};
const size_t ops_routes_n = COUNT(ops_routes);
