/* certmill store: what concerns the store as a whole. */
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "cmd/command.h"
#include "domain/store_copy.h"

static volatile sig_atomic_t stop;

static void
on_signal(int signo)
{
	(void)signo;
	stop = 1;
}

static void
help(void)
{
	(void)printf(
	    "usage: certmill store copy --from URI --to URI\n\n"
	    "Copies everything into an empty store, table by table, then reads both again and compares them. Stop\n"
	    "every process that uses the store first. An interrupted copy goes on where it was with the same\n"
	    "command; until it is whole nothing serves from the target. The source stays as it is.\n\n"
	    "  --from URI  sqlite:PATH or postgresql://…\n"
	    "  --to URI    the same; a file that is not there yet, or an empty database\n\n"
	    "Then name the target as [store] uri in certmill.conf, and run certmill check.\n");
}

struct said {
	const char	*table;
	int64_t		 at_ms, tables, rows;
};

/* Now and then, on a terminal's side; what was verified is the result. */
static void
on_copied(void *arg, const char *table, int64_t rows)
{
	struct said *s = arg;

	if (s->table == table && clock_mono_ms() - s->at_ms < 2000)
		return;
	if (s->table == table)
		(void)fprintf(stderr, "%s: %lld rows\n", table, (long long)rows);
	s->table = table;
	s->at_ms = clock_mono_ms();
}

static void
on_verified(void *arg, const char *table, int64_t rows, const char *sum)
{
	struct said *s = arg;

	s->tables++;
	s->rows += rows;
	(void)printf("%-20s %12lld  %s\n", table, (long long)rows, sum);
}

static bool
asked_to_stop(void *arg)
{
	(void)arg;
	return stop != 0;
}

/* "sqlite:x.db" is below the folder one is in. */
static bool
absolute(const char *uri, char out[PATH_MAX], struct err *e)
{
	char dir[PATH_MAX];

	if (!str_starts(uri, "sqlite:") || uri[7] == '/')
		return snprintf(out, PATH_MAX, "%s", uri) < PATH_MAX || err_set(e, ERR_INVALID, "store", "the URI is too long");
	if (getcwd(dir, sizeof(dir)) == NULL)
		return err_sys(e, "the current directory");
	return snprintf(out, PATH_MAX, "sqlite:%s/%s", dir, uri + 7) < PATH_MAX ||
	    err_set(e, ERR_INVALID, "store", "the URI is too long");
}

static int
copy(const char *from, const char *to)
{
	struct said said = { .rows = 0 };
	const struct store_copy_report report = { .copied = on_copied, .verified = on_verified, .stop = asked_to_stop,
	    .arg = &said };
	struct sigaction act = { .sa_handler = on_signal };
	char source[PATH_MAX], target[PATH_MAX];
	struct err e = { 0 };

	(void)sigaction(SIGINT, &act, NULL);
	(void)sigaction(SIGTERM, &act, NULL);
	if (!absolute(from, source, &e) || !absolute(to, target, &e) || !store_copy(source, target, &report, &e))
		return command_failed("store copy", &e);
	(void)printf("%lld rows of %lld tables, the same on both sides\n", (long long)said.rows, (long long)said.tables);
	return EXIT_DONE;
}

int
cmd_store(int argc, char **argv)
{
	static const struct option options[] = {
		{ "from", required_argument, NULL, 'f' }, { "to", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' }, { 0 }
	};
	const char *from = NULL, *to = NULL;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (o) {
		case 'f': from = optarg; break;
		case 't': to = optarg; break;
		case 'h': help(); return EXIT_DONE;
		default: return EXIT_USAGE;
		}
	if (optind + 1 != argc || strcmp(argv[optind], "copy") != 0)
		return command_usage("store", "the one thing to do is: copy --from URI --to URI");
	if (from == NULL || to == NULL)
		return command_usage("store", "--from URI and --to URI are needed");
	return copy(from, to);
}
