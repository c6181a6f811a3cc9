/* The web process: `certmill serve --only web`. */
#include <signal.h>

#include "api/batch.h"
#include "api/routes.h"
#include "base/log.h"
#include "cmd/config.h"
#include "cmd/confine.h"
#include "cmd/instance.h"
#include "cmd/serve/nginx_conf.h"
#include "cmd/ops.h"
#include "cmd/signals.h"
#include "http/http.h"

#define STOP_GRACE_MS 4000
#define PATIENCE_MS 5000		/* with a database server that is silent: then 503 */
/* All threads' page caches: the process stays below 128 MiB whatever is ordered. */
#define CACHES_OCTETS ((int64_t)40 * 1024 * 1024)

static bool
web_confine(const struct config *c, struct err *e)
{
	const struct confine box = { .kind = SANDBOX_WEB, .write = { c->web.spool_dir } };

	return confine(c, &box, e);
}

static bool
serve(const struct config *c, struct app *app, struct http_server **server, struct err *e)
{
	const char *group = nginx_socket_group(c);
	static struct http_mount mounts[2];
	const struct http_listen at[] = {
		{ .listener = HTTP_PORTAL, .unix_path = c->web.socket, .group = group },
		{ .listener = HTTP_MTLS, .unix_path = c->web.mtls_socket, .group = group },
		{ .listener = HTTP_OPS, .unix_path = c->web.ops_socket, .group = group },
	};
	const struct http_conf conf = { .app = app, .mounts = mounts, .mounts_n = COUNT(mounts), .listen = at,
		.listen_n = COUNT(at), .origin = c->instance.origin, .spool_dir = c->web.spool_dir,
		.upload_max = (size_t)c->web.upload_max, .threads = c->web.threads,
		.events_max = c->web.events_max, .body_rate_min = c->web.body_rate_min };

	mounts[0] = (struct http_mount){ .routes = api_routes, .n = api_routes_n, .listeners = HTTP_PORTAL | HTTP_MTLS,
		.hooks = api_hooks };
	mounts[1] = (struct http_mount){ .routes = ops_routes, .n = ops_routes_n, .listeners = HTTP_OPS, .quick = ops_quick };
	return http_server_start(&conf, server, e);
}

int
web_main(const struct config *c)
{
	OWN(instance_close) struct instance *in = NULL;
	struct http_server *server = NULL;
	struct err e = { 0 };
	sigset_t set;
	int signo;

	signals_block(&set);
	db_memory_limit(CACHES_OCTETS);
	db_patience(PATIENCE_MS);
	if (!instance_open(c, false, &in, &e) || !web_confine(c, &e) || !serve(c, instance_app(in), &server, &e)) {
		log_err("web.failed", &e);
		return 1;
	}
	ops_serve(server);
	log_info("web.serves", "threads=%d", c->web.threads);
	/* Nothing of ours changes on SIGHUP: certificates are nginx's. */
	while (sigwait(&set, &signo) == 0 && signo == SIGHUP)
		continue;
	if (!http_server_stop(server, STOP_GRACE_MS))
		_exit(0);	/* a handler still runs; what it has not committed did not happen */
	api_events_stop();
	http_server_free(server);
	return 0;
}
