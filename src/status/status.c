#include "status/status.h"

#include <stdlib.h>

#include "base/log.h"
#include "domain/certificate/status_feed.h"
#include "status/inside.h"

const struct route status_routes[] = {
	{ POST, "/ocsp",              0, OCSP_REQUEST_MAX, 0, status_ocsp_route    },
	{ GET,  "/ocsp/{request...}", 0, 0,                0, status_ocsp_route    },
	{ GET,  "/crl/{ca}.crl",      0, 0,                0, status_crl_get       },
	{ GET,  "/crl/{ca}/{shard}.crl", 0, 0,             0, status_crl_shard_get },
	{ GET,  "/ca/{ca}.cer",       0, 0,                0, status_ca_cer        },
	{ GET,  "/ca/{ca}.p7c",       0, 0,                0, status_ca_p7c        },
};
const size_t status_routes_n = COUNT(status_routes);

struct app *
status_app(struct status *st)
{
	return &st->app;
}

bool
status_quick(struct app *app, const struct http_req *q, struct http_res *s)
{
	return q->route->handler == status_ocsp_route && status_ocsp((struct status *)(void *)app, q, s);
}

/* Nothing changed after the end of numbers: only the last one is asked for. */
static bool
nothing(void *arg, int64_t ca_id, int64_t seq)
{
	(void)arg;
	(void)ca_id;
	(void)seq;
	return true;
}

bool
status_new(const struct app *app, const struct status_conf *conf, struct status **out, struct err *e)
{
	OWN(status_free) struct status *st = calloc(1, sizeof(*st));
	struct err why = { 0 };

	if (st == NULL)
		abort();
	st->app = *app;
	st->conf = *conf;
	(void)pthread_mutex_init(&st->queue.lock, NULL);
	(void)pthread_mutex_init(&st->changed.lock, NULL);
	st->cas = authorities_new();
	st->answers = answers_new(conf->cache_max);
	st->signing = signing_new(conf->signer_socket, ocsp_look, st);
	atomic_store(&st->store_answers, true);
	st->lists = crl_files_new(conf->crl_dir);
	if (!authorities_refresh(st->cas, &st->app, e) ||
	    !status_latest(&st->app, INT64_MAX, &st->seq, nothing, NULL, e))
		return false;
	answers_moved(st->answers, st->seq);
	if (!crl_files_refresh(st->lists, &st->app, st->cas, &why))
		log_err("status.lists", &why);
	*out = give(st);
	return true;
}

void
status_free(struct status *st)
{
	status_stop(st);
	signing_free(st->signing);
	answers_free(st->answers);
	crl_files_free(st->lists);
	authorities_free(st->cas);
	free(st->queue.list);
	free(st->changed.list);
	(void)pthread_mutex_destroy(&st->queue.lock);
	(void)pthread_mutex_destroy(&st->changed.lock);
	free(st);
}

bool
status_start(struct status *st, struct err *e)
{
	if (!signing_start(st->signing, e))
		return false;
	st->feed_runs = pthread_create(&st->feed, NULL, feed_main, st) == 0;
	st->renewer_runs = st->feed_runs && pthread_create(&st->renewer, NULL, renewer_main, st) == 0;
	st->publisher_runs = st->renewer_runs && st->conf.publish &&
	    pthread_create(&st->publisher, NULL, publisher_main, st) == 0;
	if (!st->renewer_runs || st->publisher_runs != st->conf.publish)
		return err_sys(e, "threads cannot be started");
	return true;
}

void
status_stop(struct status *st)
{
	atomic_store(&st->stop, true);
	if (st->feed_runs)
		(void)pthread_join(st->feed, NULL);
	if (st->renewer_runs)
		(void)pthread_join(st->renewer, NULL);
	if (st->publisher_runs)
		(void)pthread_join(st->publisher, NULL);
	st->feed_runs = st->renewer_runs = st->publisher_runs = false;
	signing_stop(st->signing);
}
