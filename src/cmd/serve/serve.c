/* certmill serve: checks, then a supervisor over nginx, web, workers, status and signer. */
#include "cmd/serve/serve.h"

#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/command.h"
#include "cmd/config.h"
#include "cmd/instance.h"
#include "cmd/serve/lock.h"
#include "cmd/serve/nginx_conf.h"
#include "cmd/serve/preflight.h"
#include "cmd/serve/supervise.h"

#define SELF "/proc/self/exe"
#define CHILDREN_MAX 80
#define BODY_MAX ((size_t)4096)

/* ---- one kind alone ---- */

static int
signer_main(const struct config *c)
{
	const char *const argv[] = { c->signer.program, "serve", "--config", c->signer.config, NULL };

	if (c->signer.config == NULL) {
		(void)fprintf(stderr, "certmill serve: [signer] config is off: no signer is run here\n");
		return EXIT_FAILED;
	}
	(void)execv(argv[0], (char *const *)(uintptr_t)argv);
	(void)fprintf(stderr, "certmill serve: cannot run [signer] program %s: %s\n", argv[0], strerror(errno));
	return EXIT_FAILED;
}

static int
nginx_main(const struct config *c)
{
	const char *const *argv = nginx_argv(c);
	struct err e = { 0 };

	if (!preflight_ports(c, &e) || !nginx_conf_write(c, &e) || !nginx_conf_test(c, &e))
		return command_failed("serve", &e);
	(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
	(void)fprintf(stderr, "certmill serve: cannot run [nginx] program %s: %s\n", argv[0], strerror(errno));
	return EXIT_FAILED;
}

static const struct kind {
	const char	*name;
	int		(*run)(const struct config *);
} kinds[] = {
	{ "web", web_main },
	{ "worker", worker_main },
	{ "status", status_main },
	{ "signer", signer_main },
	{ "nginx", nginx_main },
};

static int
run_kind(const char *name, const char *file)
{
	OWN(config_free) struct config *c = NULL;
	struct err e = { 0 };

	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (strcmp(kinds[i].name, name) != 0)
			continue;
		if (!config_read(file, &c, &e) || !preflight_files(c, &e))
			return command_failed("serve", &e);
		log_init(kinds[i].name, c->instance.log_level);
		return kinds[i].run(c);
	}
	return command_usage("serve", "there is no kind \"%.20s\"", name);
}

/* ---- the whole instance ---- */

static size_t
keep_body(char *p, size_t size, size_t n, void *arg)
{
	struct str *body = arg;

	if (body->len < BODY_MAX)
		str_add(body, p, size * n);
	return size * n;
}

/* Workers that run on other hosts need not be there yet. */
static bool
good_enough(const struct config *c, long status, const struct str *body)
{
	json_t *o;
	bool ok;

	if (status != 503 || c->worker.processes > 0 || body->len == 0)
		return status == 200;
	o = json_loadb(body->p, body->len, JSON_REJECT_DUPLICATES, NULL);
	ok = json_is_true(json_object_get(o, "store")) && json_is_true(json_object_get(o, "signer")) &&
	    json_is_true(json_object_get(o, "disk"));
	json_decref(o);
	return ok;
}

/* /readyz, through nginx where it is ours. */
static bool
is_ready(const void *arg)
{
	const struct config *c = arg;
	const char *host = c->listen.ops.address;
	CURL *curl = c->web.run ? curl_easy_init() : NULL;
	char url[128];
	long status = 0;
	bool any = host == NULL || strcmp(host, "0.0.0.0") == 0;
	OWN_STR struct str body = { 0 };

	if (!c->web.run)
		return true;		/* the children's sockets were waited for */
	if (curl == NULL)
		return false;
	(void)snprintf(url, sizeof(url), "http://%s:%d/readyz", any ? "127.0.0.1" : strcmp(host, "[::]") == 0 ? "[::1]" : host,
	    c->listen.ops.port);
	if (!c->nginx.managed) {
		(void)curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, c->web.ops_socket);
		(void)snprintf(url, sizeof(url), "http://localhost/readyz");
	}
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 3000L);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_body);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
	if (curl_easy_perform(curl) != CURLE_OK || curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK)
		status = 0;
	curl_easy_cleanup(curl);
	return good_enough(c, status, &body);
}

static void
announce(const void *arg)
{
	const struct config *c = arg;

	(void)printf("ready %s\n", c->instance.origin);
	(void)fflush(stdout);
}

static bool
nginx_reload(const void *arg, struct err *e)
{
	return nginx_conf_test(arg, e);
}

/* `certmill serve --only KIND`, from this very program. */
static struct child
own_child(const struct config *c, const char *name, const char *kind, const char *socket)
{
	const char **argv = arena_array(c->arena, 7, sizeof(*argv));
	const char *const words[] = { "certmill", "serve", "--only", kind, "--config", c->file, NULL };

	memcpy(argv, words, sizeof(words));
	return (struct child){ .name = name, .argv = argv, .program = SELF, .socket = socket, .stop_signal = SIGTERM };
}

/* In the order in which they need each other. */
static size_t
list_children(const struct config *c, struct child *list)
{
	size_t n = 0;

	if (c->signer.config != NULL) {
		list[n] = own_child(c, "signer", "signer", c->signer.ops_socket);
		list[n++].stop_late = true;
	}
	if (c->web.run)
		list[n++] = own_child(c, "web", "web", c->web.ops_socket);
	for (int i = 0; i < c->worker.processes; i++)
		list[n++] = own_child(c, arena_printf(c->arena, "worker-%d", i + 1), "worker", NULL);
	if (c->status.run)
		list[n++] = own_child(c, "status", "status", c->status.socket);
	if (c->nginx.managed)
		list[n++] = (struct child){ .name = "nginx", .argv = nginx_argv(c), .stop_signal = SIGQUIT,
			.leaves_orphans = true, .reload = nginx_reload };
	return n;
}

/* The schema is brought up to date once, before many processes look at it. */
static bool
prepare_store(const struct config *c, struct err *e)
{
	OWN(instance_close) struct instance *in = NULL;

	return instance_open(c, true, &in, e);
}

int
serve_run(const char *config_file)
{
	OWN(config_free) struct config *c = NULL;
	struct child list[CHILDREN_MAX] = { 0 };
	struct supervise s = { .children = list, .ready = is_ready, .announce = announce };
	struct err e = { 0 };
	bool ok;

	if (!config_read(config_file, &c, &e))
		return command_failed("serve", &e);
	log_init("serve", c->instance.log_level);
	if (!preflight_files(c, &e) || !lock_take(c->instance.run_dir, &e) || !preflight_ports(c, &e) ||
	    !prepare_store(c, &e))
		return command_failed("serve", &e);
	if (c->nginx.managed && (!nginx_conf_write(c, &e) || !nginx_conf_test(c, &e)))
		return command_failed("serve", &e);
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	s.conf = c;
	s.n = list_children(c, list);
	ok = supervise(&s, &e);
	curl_global_cleanup();
	return ok ? EXIT_DONE : command_failed("serve", &e);
}

static void
help(void)
{
	(void)printf(
	    "usage: certmill serve --config FILE [--only web|worker|status|signer|nginx]\n"
	    "\n"
	    "Runs an instance in the foreground: nginx, web, workers, status and signer as child processes,\n"
	    "each started again when it dies.  Prints \"ready URL\" once all of it answers.\n"
	    "SIGTERM ends everything within 10 s, SIGHUP takes new TLS certificates.\n"
	    "\n"
	    "  --config FILE  the instance's certmill.conf\n"
	    "  --only KIND    one kind alone, in this process, for hosts of their own or systemd\n"
	    "  --help\n"
	    "\n"
	    "Keys of the configuration:\n");
	config_help(stdout);
}

int
cmd_serve(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { "only", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	const char *file = NULL, *only = NULL;
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (opt) {
		case 'c':
			file = optarg;
			break;
		case 'o':
			only = optarg;
			break;
		case 'h':
			help();
			return EXIT_DONE;
		default:
			return command_usage("serve", "unknown option %.40s, or one without its value", argv[optind - 1]);
		}
	if (optind != argc)
		return command_usage("serve", "unexpected argument \"%.40s\"", argv[optind]);
	if (file == NULL)
		return command_usage("serve", "--config FILE is needed");
	return only == NULL ? serve_run(file) : run_kind(only, file);
}
