#include <pthread.h>
#include <signal.h>

#include "signer/command/commands.h"
#include "signer/signer.h"

static const char help[] =
"certmill-signer serve --config FILE | --dir DIR\n"
"\n"
"Serves the sockets named in the configuration until SIGTERM; SIGHUP reads the documents again.\n"
"Sockets may also be handed down: LISTEN_FDS with LISTEN_FDNAMES=worker:status:ops.\n";

/* Blocked before there are threads: the server's loop reads them from a descriptor. */
static void
signals_block(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int
cmd_serve(int argc, char **argv)
{
	OWN(signer_free) struct signer *s = NULL;
	struct common c;
	struct err e = { 0 };
	int rest, status = command_options("serve", help, argc, argv, &c, NULL, 0, &rest);

	if (status != -1)
		return status;
	if (rest != argc)
		return command_usage("serve", "too many arguments");
	status = command_needs_conf("serve", &c);
	if (status != -1)
		return status;
	signals_block();
	if (!signer_open(c.conf, &s, &e) || !server_run(s, &status, &e))
		return command_failed("serve", &e);
	return status;
}
