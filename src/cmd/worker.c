/* The worker process: `certmill serve --only worker`. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/sandbox.h"
#include "base/str.h"
#include "cmd/config.h"
#include "cmd/instance.h"
#include "worker/worker.h"

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

/* The folder of "sqlite:/path/file.db": the file, its WAL and its shared memory. */
static void
store_dir(const struct config *conf, char *out, size_t cap)
{
	const char *uri = conf->store.uri;

	(void)snprintf(out, cap, "%s", conf->instance.run_dir);
	if (str_starts(uri, "sqlite:")) {
		(void)snprintf(out, cap, "%s", uri + strlen("sqlite:"));
		if (strrchr(out, '/') != NULL)
			*strrchr(out, '/') = '\0';
	}
}

static bool
confine(const struct config *conf, struct err *e)
{
	char db[4096];
	const char *const write[] = { db, conf->worker.keys_dir, conf->instance.run_dir,
	    conf->mail.server == NULL ? conf->mail.dir : conf->instance.run_dir, NULL };
	const char *const read[] = { "/etc", "/usr/share", conf->instance.dir, NULL };
	const struct sandbox box = { .kind = SANDBOX_WORKER, .read = read, .write = write,
	    .inet = !str_starts(conf->store.uri, "sqlite:") || conf->mail.server != NULL };

	store_dir(conf, db, sizeof(db));
	return sandbox_enter(&box, e);
}

int
worker_main(const struct config *conf)
{
	struct instance *in = NULL;
	struct worker_conf work = { .threads = conf->worker.threads, .keys_dir = conf->worker.keys_dir,
	    .signer_socket = conf->signer.worker_socket, .rsa_keygen = conf->worker.rsa_keygen,
	    .lease_s = conf->worker.lease_s, .host = conf->worker.host,
	    .mail = { .server = conf->mail.server, .user = conf->mail.user, .password_file = conf->mail.password_file,
	    .from = conf->mail.from, .dir = conf->mail.dir } };
	struct err e = { 0 };
	bool ok;

	signals_set();
	(void)mkdir(conf->worker.keys_dir, 0700);
	if (conf->mail.server == NULL)
		(void)mkdir(conf->mail.dir, 0700);
	ok = instance_open(conf, false, &in, &e) && confine(conf, &e) &&
	    worker_run(instance_app(in), &work, &stop, &e);
	if (!ok)
		log_err("worker.failed", &e);
	if (in != NULL)
		instance_close(in);
	return ok ? 0 : 1;
}
