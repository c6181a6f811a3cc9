#include "cmd/instance.h"

#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "domain/profile/profile.h"
#include "x509/verify.h"

#define PEM_MAX ((size_t)1024 * 1024)

struct instance {
	struct app		 app;
	struct db_pool		*store;
	struct profile_cache	*profiles;
	struct trust		*trust;
	char			 journal_dir[PATH_MAX];
};

struct journal_place {
	const char	*file;
	char		*out;
};

static int
on_signer_setting(void *arg, const char *section, const char *name, const char *value)
{
	const struct journal_place *p = arg;
	const char *slash = strrchr(p->file, '/');

	if (strcmp(section, "signer") != 0 || strcmp(name, "journal") != 0)
		return 1;
	(void)snprintf(p->out, PATH_MAX, "%.*s%s", value[0] == '/' || slash == NULL ? 0 : (int)(slash - p->file + 1), p->file,
	    value);
	return 1;
}

/* Where the signer's own configuration has it; a file that is not ours to read names none. */
static const char *
journal_dir(struct instance *in, const char *file)
{
	struct journal_place p = { .file = file, .out = in->journal_dir };

	if (file == NULL)
		return NULL;
	(void)on_signer_setting(&p, "signer", "journal", "journal");
	(void)ini_parse(file, on_signer_setting, &p);
	return in->journal_dir;
}

static bool
file_read(const char *path, struct str *out, struct err *e)
{
	OWN(fclose) FILE *f = fopen(path, "re");
	char buf[8192];
	size_t n;

	if (f == NULL)
		return err_sys(e, "%s", path);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0 && out->len < PEM_MAX)
		str_add(out, buf, n);
	return true;
}

static bool
trust_load(const char *path, struct trust **out, struct err *e)
{
	OWN_STR struct str pem = { 0 };

	if (path == NULL)
		return true;
	if (!file_read(path, &pem, e) || !trust_new_pem(pem.p == NULL ? "" : pem.p, pem.len, out, e))
		return err_set(e, ERR_INVALID, "client_ca", "%s: no readable CA certificates for [tls] client_ca", path);
	return true;
}

bool
instance_open(const struct config *conf, bool migrate, struct instance **out, struct err *e)
{
	OWN(instance_close) struct instance *in = calloc(1, sizeof(*in));
	struct db *db;

	if (in == NULL)
		abort();
	in->profiles = profile_cache_new();
	if (!db_pool_new(conf->store.uri, &in->store, e) || 
	    !db_pool_get(in->store, db_is_read_only() ? DB_READ : DB_WRITE, &db, e))
		return false;
	if (!(migrate ? db_migrate(db, db_migrations, db_migrations_n, e)
	    : db_schema_check(db, db_migrations, db_migrations_n, e)))
		return false;
	if (!trust_load(conf->tls.client_ca, &in->trust, e))
		return false;
	in->app = (struct app){ .store = in->store, .profiles = in->profiles, .client_trust = in->trust,
	    .signer_ops = conf->signer.ops_socket, .instance_dir = conf->instance.dir,
	    .portal_origin = conf->instance.origin, .mtls_origin = conf->instance.mtls_url,
	    .public_url = conf->instance.public_url, .csv_rows_max = 1000000, .upload_max = conf->web.upload_max,
	    .slice_size = 500, .store_dir = str_starts(conf->store.uri, "sqlite:") ? config_store_dir(conf) : NULL,
	    .journal_dir = journal_dir(in, conf->signer.config),
	    .free_min = conf->store.free_min };
	*out = give(in);
	return true;
}

void
instance_close(struct instance *in)
{
	if (in->store != NULL)
		db_pool_free(in->store);
	profile_cache_free(in->profiles);
	if (in->trust != NULL)
		trust_free(in->trust);
	free(in);
}

struct app *
instance_app(struct instance *in)
{
	return &in->app;
}

bool
instance_share(const char *what, char *out, size_t cap, struct err *e)
{
	static const char *const places[] = { "../", "../share/certmill/" };
	char exe[PATH_MAX], path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	struct stat st;

	if (n <= 0)
		return err_sys(e, "/proc/self/exe");
	exe[n] = '\0';
	*strrchr(exe, '/') = '\0';
	for (size_t i = 0; i < COUNT(places); i++) {
		char real[PATH_MAX];

		if (snprintf(path, sizeof(path), "%s/%s%s", exe, places[i], what) < (int)sizeof(path) &&
		    stat(path, &st) == 0 && realpath(path, real) != NULL && strlen(real) < cap) {
			(void)snprintf(out, cap, "%s", real);
			return true;
		}
	}
	return err_set(e, ERR_NOT_FOUND, "share", "%s is not beside the program; build or install it whole", what);
}
