/* certmill demo: makes an instance in DIR if there is none, and serves it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/rand.h"
#include "cmd/command.h"
#include "cmd/config.h"
#include "cmd/demo/demo.h"
#include "cmd/instance.h"
#include "cmd/serve/serve.h"
#include "domain/store_making.h"

#define PORT_BASE 8000

/* What a demo consists of; demo.json comes last: with it the demo is whole. */
static const char *const parts[] = { "certmill.conf", "store", "signer", "keys", "tls", "nginx", "run", "spool", "crl", "mail",
    "certificates", "operator", "demo.json" };

static void
help(void)
{
	(void)printf(
	    "usage: certmill demo --dir DIR [--port-base N] [--store URI]\n\n"
	    "Makes a whole working instance in DIR if there is none, then runs it in the foreground: CAs,\n"
	    "profiles, two organizations, users, quotas. DIR/demo.json says how to log in. Keys of the roots\n"
	    "are RSA-4096 and take some seconds the first time.\n\n"
	    "  --dir DIR        where everything is kept; an empty or new directory, or an earlier demo\n"
	    "  --port-base N    ports N+443, N+444 (HTTPS), N+80, N+81 (HTTP); default %d\n"
	    "  --store URI      postgresql://… instead of SQLite in DIR; an empty database\n", PORT_BASE);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static bool
remove_tree(const char *path, struct err *e)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT || err_sys(e, "%s", path);
	return nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS) == 0 || err_sys(e, "%s", path);
}

static bool
part_path(const char *dir, const char *part, char out[DEMO_PATH], struct err *e)
{
	if (snprintf(out, DEMO_PATH, "%s/%s", dir, part) >= DEMO_PATH)
		return err_set(e, ERR_INVALID, "demo_dir", "the directory's name is too long");
	return true;
}

/* Anything in DIR that is not a demo's is somebody's: it is not touched. */
static bool
only_ours(const char *dir, struct err *e)
{
	DIR *folder = opendir(dir);
	struct dirent *entry;
	bool ok = true;

	if (folder == NULL)
		return err_sys(e, "%s", dir);
	while (ok && (entry = readdir(folder)) != NULL) {
		bool known = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    strcmp(entry->d_name, ".making") == 0 || strcmp(entry->d_name, ".lock") == 0 ||
		    strcmp(entry->d_name, "lost+found") == 0;

		for (size_t i = 0; i < COUNT(parts) && !known; i++)
			known = strcmp(entry->d_name, parts[i]) == 0;
		if (!known)
			ok = err_set(e, ERR_CONFLICT, "demo_dir", "%s is neither empty nor a demo (there is \"%.60s\"); name a new directory",
			    dir, entry->d_name);
	}
	(void)closedir(folder);
	return ok;
}

/* Two demos in one directory would fight over it: the lock is held as long as this process lives. */
static bool
dir_take(const char *dir, char out[DEMO_PATH], struct err *e)
{
	char real[PATH_MAX], lock[DEMO_PATH];
	int fd;

	if (mkdir(dir, 0711) != 0 && errno != EEXIST)
		return err_sys(e, "%s", dir);
	if (realpath(dir, real) == NULL)
		return err_sys(e, "%s", dir);
	(void)snprintf(out, DEMO_PATH, "%s", real);
	if (!part_path(out, ".lock", lock, e))
		return false;
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "%s", lock);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return err_set(e, ERR_CONFLICT, "demo_running", "a demo runs in %s already", out);
	return true;
}

static bool
store_open(struct demo *d, struct instance **in, struct config **conf, struct err *e)
{
	char file[DEMO_PATH];

	/* The configuration is read where it is made: its relative paths lead there. */
	return demo_write(d, "store/.keep", "", 0, e) && part_path(d->making, "certmill.conf", file, e) &&
	    config_read(file, conf, e) && instance_open(*conf, true, in, e);
}

static void
demo_clear(struct demo *d)
{
	for (size_t i = 0; i < d->users_n; i++) {
		secret_free(d->users[i].key);
		str_free(&d->users[i].certificate);
	}
	secret_free(d->operator_key);
	str_free(&d->operator_cert);
	if (d->arena != NULL)
		arena_free(d->arena);
	wipe(d, sizeof(*d));
}

static bool
make_all(struct demo *d, struct err *e)
{
	struct config *conf = NULL;
	struct instance *in = NULL;
	bool ok;

	(void)fprintf(stderr, "making a demo in %s\n", d->dir);
	ok = demo_signer(d, e) && demo_config(d, e) && store_open(d, &in, &conf, e);
	if (ok) {
		d->app = instance_app(in);
		/* What an earlier making left in a store elsewhere when it was cut. */
		ok = (d->store == NULL || store_making_begin(d->app, d->dir, e)) && demo_data(d, e) &&
		    demo_certificates(d, e) && demo_json(d, e);
	}
	if (in != NULL)
		instance_close(in);
	if (conf != NULL)
		config_free(conf);
	return ok;
}

static bool
move_all(const struct demo *d, struct err *e)
{
	for (size_t i = 0; i < COUNT(parts); i++) {
		char from[DEMO_PATH], to[DEMO_PATH];

		if (!part_path(d->making, parts[i], from, e) || !part_path(d->dir, parts[i], to, e) || !remove_tree(to, e))
			return false;
		if (rename(from, to) != 0 && errno != ENOENT)
			return err_sys(e, "%s", to);
	}
	return remove_tree(d->making, e);
}

static bool
made(const struct demo *d, struct err *e)
{
	OWN(config_free) struct config *conf = NULL;
	OWN(instance_close) struct instance *in = NULL;
	char file[DEMO_PATH];

	return d->store == NULL || (part_path(d->dir, "certmill.conf", file, e) && config_read(file, &conf, e) &&
	    instance_open(conf, false, &in, e) && store_making_end(instance_app(in), e));
}

static bool
make(const char *dir, int port_base, const char *store, struct err *e)
{
	struct demo *d = calloc(1, sizeof(*d));
	uint8_t raw[10];
	bool ok;

	if (d == NULL)
		abort();
	d->arena = arena_new((size_t)64 * 1024 * 1024);
	d->port_base = port_base;
	d->store = store;
	(void)snprintf(d->dir, sizeof(d->dir), "%s", dir);
	rand_octets(raw, sizeof(raw));
	hex_lower(raw, sizeof(raw), d->password);
	ok = part_path(dir, ".making", d->making, e) && only_ours(dir, e) && remove_tree(d->making, e) &&
	    instance_share("profiles", d->share, sizeof(d->share), e) && make_all(d, e) && move_all(d, e) &&
	    made(d, e);
	demo_clear(d);
	free(d);
	return ok;
}

/* Addresses stand in certificates and in demo.json: a demo keeps its ports. */
static bool
same_ports(const char *dir, int port_base, struct err *e)
{
	OWN(config_free) struct config *conf = NULL;
	char path[DEMO_PATH];

	if (port_base == 0)
		return true;
	if (!part_path(dir, "certmill.conf", path, e) || !config_read(path, &conf, e))
		return false;
	if (conf->listen.portal.port == port_base + 443)
		return true;
	return err_set(e, ERR_CONFLICT, "demo_ports",
	    "the demo in %.100s was made for --port-base %d; leave the option out, or name another directory", dir,
	    conf->listen.portal.port - 443);
}

static void
how_to_log_in(const char *dir)
{
	(void)fprintf(stderr,
	    "\nHow to log in: %s/demo.json has every user with password and token.\n"
	    "  1. Let the browser trust %s/tls/ca.pem as an authority for web sites.\n"
	    "  2. Import a user's certificate, for example %s/certificates/acme-orderer.p12\n"
	    "     (its password is the user's own).\n"
	    "  3. Open the address below; user name acme-orderer. Mail is kept in %s/mail.\n\n",
	    dir, dir, dir, dir);
}

int
cmd_demo(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dir", required_argument, NULL, 'd' }, { "port-base", required_argument, NULL, 'p' },
		{ "store", required_argument, NULL, 's' }, { "help", no_argument, NULL, 'h' }, { 0 }
	};
	const char *dir = NULL, *store = NULL;
	char real[DEMO_PATH], path[DEMO_PATH];
	uint64_t port_base = 0;
	struct err e = { 0 };
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (o) {
		case 'd': dir = optarg; break;
		case 's': store = optarg; break;
		case 'p':
			if (!parse_u64(optarg, 65535 - 444, &port_base) || port_base == 0)
				return command_usage("demo", "--port-base is a number from 1 to %d", 65535 - 444);
			break;
		case 'h': help(); return EXIT_DONE;
		default: return EXIT_USAGE;
		}
	if (dir == NULL || optind != argc)
		return command_usage("demo", "--dir DIR says where to make it");
	if (!dir_take(dir, real, &e) || !part_path(real, "demo.json", path, &e))
		return command_failed("demo", &e);
	if (access(path, F_OK) != 0) {
		if (!make(real, port_base == 0 ? PORT_BASE : (int)port_base, store, &e))
			return command_failed("demo", &e);
	} else if (!same_ports(real, (int)port_base, &e))
		return command_failed("demo", &e);
	how_to_log_in(real);
	if (!part_path(real, "certmill.conf", path, &e))
		return command_failed("demo", &e);
	return serve_run(path);
}
