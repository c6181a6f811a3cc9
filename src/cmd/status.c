/* The status process: `certmill serve --only status`. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/config.h"
#include "cmd/confine.h"
#include "cmd/instance.h"
#include "cmd/serve/nginx_conf.h"
#include "cmd/signals.h"
#include "status/status.h"

#define STOP_GRACE_MS 4000
#define PATIENCE_MS 5000		/* with a database server that is silent */
#define STORE_CACHE ((int64_t)24 << 20)		/* octets: look-ups are single rows, lists run down an index once */

static bool
dir_make(const struct config *c, struct err *e)
{
	return mkdir(c->status.crl_dir, 0700) == 0 || errno == EEXIST || err_sys(e, "%s", c->status.crl_dir);
}

static bool
status_confine(const struct config *c, struct err *e)
{
	bool listens = c->status.listen.port != 0;
	const struct confine box = { .kind = SANDBOX_STATUS, .write = { c->status.crl_dir }, .reads = !c->status.publish,
	    .inet = listens, .listen = listens };

	return confine(c, &box, e);
}

static struct status_conf
settings(const struct config *c)
{
	return (struct status_conf){ .signer_socket = c->signer.status_socket, .crl_dir = c->status.crl_dir,
		.publish = c->status.publish, .shared_store = !str_starts(c->store.uri, "sqlite:"),
		.crl_interval_s = c->status.crl_interval_s, .crl_delay_s = c->status.crl_delay_s,
		.crl_validity_s = c->status.crl_validity_s, .crl_delta_above = c->status.crl_delta_above,
		.ocsp_validity_s = c->status.ocsp_validity_s, .max_age_s = c->status.max_age_s, .nonce = c->status.nonce,
		.cache_max = (size_t)c->status.cache_max };
}

static bool
listen_start(const struct config *c, struct status *st, struct http_server **server, struct err *e)
{
	static struct http_mount mounts[2];
	struct http_listen at[3] = {
		{ .listener = HTTP_STATUS, .unix_path = c->status.socket, .group = nginx_socket_group(c) },
		{ .listener = HTTP_OPS, .unix_path = c->status.ops_socket, .group = nginx_socket_group(c) },
		{ .listener = HTTP_STATUS },
	};
	const struct http_conf conf = { .app = status_app(st), .mounts = mounts, .mounts_n = COUNT(mounts), .listen = at,
		.listen_n = c->status.listen.port == 0 ? 2 : 3, .origin = c->instance.public_url, .threads = c->status.threads };

	if (c->status.listen.port != 0)
		at[2].address = arena_printf(c->arena, "%s:%d", c->status.listen.address == NULL ? "[::]" :
		    c->status.listen.address, c->status.listen.port);
	mounts[0] = (struct http_mount){ .routes = status_routes, .n = status_routes_n, .listeners = HTTP_STATUS,
		.body_type = "application/ocsp-request", .quick = status_quick };
	mounts[1] = (struct http_mount){ .routes = status_ops_routes, .n = status_ops_routes_n, .listeners = HTTP_OPS };
	if (!http_server_start(&conf, server, e))
		return false;
	status_ops_serve(*server);
	return true;
}

int
status_main(const struct config *c)
{
	OWN(instance_close) struct instance *in = NULL;
	OWN(status_free) struct status *st = NULL;
	struct http_server *server = NULL;
	const struct status_conf conf = settings(c);
	struct err e = { 0 };
	sigset_t set;
	int signo;

	signals_block(&set);
	db_memory_limit(STORE_CACHE);
	db_patience(PATIENCE_MS);
	if (!conf.publish)		/* lists are another host's: nothing is written */
		db_read_only();
	(void)signal(SIGPIPE, SIG_IGN);
	if (!dir_make(c, &e) || !instance_open(c, false, &in, &e) || !status_new(instance_app(in), &conf, &st, &e) ||
	    !status_confine(c, &e) || !status_start(st, &e) || !listen_start(c, st, &server, &e)) {
		log_err("status.failed", &e);
		return 1;
	}
	log_info("status.serves", "threads=%d publish=%d", c->status.threads, conf.publish);
	while (sigwait(&set, &signo) == 0 && signo == SIGHUP)
		continue;
	if (!http_server_stop(server, STOP_GRACE_MS))
		_exit(0);
	http_server_free(server);
	return 0;
}
