/* The worker process: `certmill serve --only worker`. */
#include <signal.h>
#include <sys/stat.h>

#include "base/log.h"
#include "cmd/config.h"
#include "cmd/confine.h"
#include "cmd/instance.h"
#include "worker/worker.h"

/* A commit waits for a standby, and for that to be given up when it is gone. */
#define PATIENCE_MS 30000

static volatile bool stop;

static void
on_term(int signo)
{
	(void)signo;
	stop = true;
}

static void
signals_set(void)
{
	struct sigaction term = { .sa_handler = on_term }, ignore = { .sa_handler = SIG_IGN };

	(void)sigaction(SIGTERM, &term, NULL);
	(void)sigaction(SIGINT, &term, NULL);
	(void)sigaction(SIGHUP, &ignore, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
}

static bool
worker_confine(const struct config *c, struct err *e)
{
	bool files = c->mail.server == NULL;
	const struct confine box = { .kind = SANDBOX_WORKER, .write = { c->worker.keys_dir, files ? c->mail.dir : NULL },
	    .read = { files ? NULL : c->mail.password_file, files ? NULL : c->mail.ca }, .inet = !files };

	return confine(c, &box, e);
}

int
worker_main(const struct config *conf)
{
	struct instance *in = NULL;
	struct worker_conf work = { .threads = conf->worker.threads, .keys_dir = conf->worker.keys_dir,
	    .signer_socket = conf->signer.worker_socket, .rsa_keygen = conf->worker.rsa_keygen,
	    .lease_s = conf->worker.lease_s, .host = conf->worker.host,
	    .mail = { .server = conf->mail.server, .user = conf->mail.user, .password_file = conf->mail.password_file,
	    .from = conf->mail.from, .dir = conf->mail.dir, .ca = conf->mail.ca, .tls_required = conf->mail.tls_required } };
	struct err e = { 0 };
	bool ok;

	memcpy(work.pool, conf->worker.pool, sizeof(work.pool));
	signals_set();
	db_patience(PATIENCE_MS);
	(void)mkdir(conf->worker.keys_dir, 0700);
	if (conf->mail.server == NULL)
		(void)mkdir(conf->mail.dir, 0700);
	ok = instance_open(conf, false, &in, &e) && worker_confine(conf, &e) &&
	    worker_run(instance_app(in), &work, &stop, &e);
	if (!ok)
		log_err("worker.failed", &e);
	if (in != NULL)
		instance_close(in);
	return ok ? 0 : 1;
}
