#include "cmd/config.h"

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/str.h"

enum kind { PATH, TEXT, URL, INT, SIZE, BOOL, LISTEN, LEVEL, KEYGEN };

struct key {
	const char	*section, *name;
	enum kind	 kind;
	size_t		 offset;
	const char	*otherwise;	/* NULL: none; "@…" is found out, see defaults() */
	int64_t		 min, max;
	const char	*help;
};

#define MAY_BE_OFF 1		/* min of a PATH */
#define AT(m) offsetof(struct config, m)

static const struct key keys[] = {
	{ "instance", "dir", PATH, AT(instance.dir), ".", 0, 0, "the instance's directory; other paths are relative to it" },
	{ "instance", "host_name", TEXT, AT(instance.host_name), "localhost", 0, 0, "name that browsers and scripts call" },
	{ "instance", "origin", URL, AT(instance.origin), "@origin", 0, 0,
	  "the portal's origin; https://HOST_NAME:PORT unless a balancer stands before it" },
	{ "instance", "mtls_url", URL, AT(instance.mtls_url), "@mtls", 0, 0, "where client certificates are asked for" },
	{ "instance", "public_url", URL, AT(instance.public_url), "@public", 0, 0, "where relying parties fetch CRLs and OCSP" },
	{ "instance", "run_dir", PATH, AT(instance.run_dir), "run", 0, 0, "sockets and locks" },
	{ "instance", "log_level", LEVEL, AT(instance.log_level), "info", 0, 0, "debug, info, warn or error" },

	{ "listen", "portal", LISTEN, AT(listen.portal), "8443", 0, 0, "HTTPS: the page and the API; PORT or ADDRESS:PORT" },
	{ "listen", "mtls", LISTEN, AT(listen.mtls), "8444", 0, 0, "HTTPS: the same API, asks for a client certificate" },
	{ "listen", "public", LISTEN, AT(listen.public_), "8080", 0, 0, "HTTP: /ocsp, /crl, /ca; off: none" },
	{ "listen", "ops", LISTEN, AT(listen.ops), "127.0.0.1:8081", 0, 0, "HTTP: /healthz, /readyz, /metrics; keep it inside" },

	{ "store", "uri", TEXT, AT(store.uri), "@store", 0, 0, "sqlite:PATH or postgresql://USER@HOST1,HOST2/DB?…" },
	{ "store", "free_min", SIZE, AT(store.free_min), "256M", 0, INT64_C(1) << 40,
	  "with less free on the store's or the journal's disk no order is taken; K, M, G" },

	{ "tls", "certificate", PATH, AT(tls.certificate), "tls/server.pem", 0, 0, "PEM, the issuing CAs behind the leaf" },
	{ "tls", "key", PATH, AT(tls.key), "tls/server.key", 0, 0, "PEM" },
	{ "tls", "ca_bundle", PATH, AT(tls.ca_bundle), NULL, 0, 0, "PEM that the certificate chains to; none: the system's" },
	{ "tls", "client_ca", PATH, AT(tls.client_ca), NULL, 0, 0,
	  "PEM of CAs whose names are offered to browsers when they pick a certificate" },

	{ "web", "run", BOOL, AT(web.run), "yes", 0, 0, "no: the portal and the API run on other hosts" },
	{ "web", "threads", INT, AT(web.threads), "8", 1, 256, "requests worked on at once" },
	{ "web", "events_max", INT, AT(web.events_max), "500", 0, 100000, "event streams open at once" },
	{ "web", "body_rate_min", INT, AT(web.body_rate_min), "1024", 1, 1000000000, "octets a second that a body must bring" },
	{ "web", "upload_max", SIZE, AT(web.upload_max), "256M", 1024, INT64_C(1) << 40, "largest upload; K, M, G" },
	{ "web", "spool_dir", PATH, AT(web.spool_dir), "spool", 0, 0, "where uploads wait, unlinked" },
	{ "web", "static_dir", PATH, AT(web.static_dir), "@static", 0, 0, "the built page" },
	{ "web", "socket", PATH, AT(web.socket), "@run/web.sock", 0, 0, "Unix socket behind [listen] portal" },
	{ "web", "mtls_socket", PATH, AT(web.mtls_socket), "@run/web-mtls.sock", 0, 0, "behind [listen] mtls" },
	{ "web", "ops_socket", PATH, AT(web.ops_socket), "@run/web-ops.sock", 0, 0, "behind [listen] ops" },

	{ "worker", "host", TEXT, AT(worker.host), "@host", 0, 0,
	  "name of this host among all that share the store; stays the same as long as its keys and its signer do" },
	{ "worker", "processes", INT, AT(worker.processes), "1", 0, 64, "worker processes" },
	{ "worker", "threads", INT, AT(worker.threads), "0", 0, 1024, "threads of each that issue; 0: one a core, and one" },
	{ "worker", "rsa_keygen", KEYGEN, AT(worker.rsa_keygen), "fast", 0, 0,
	  "who makes RSA keys: fast (a search of ours) or library (nettle alone); docs/rsa-keys.md" },
	{ "worker", "pool_rsa_1024", INT, AT(worker.pool[0]), "0", 0, 1000000,
	  "RSA key pairs kept ready, made while nothing is ordered; docs/rsa-keys.md" },
	{ "worker", "pool_rsa_2048", INT, AT(worker.pool[1]), "0", 0, 1000000, "the same of 2048 bits" },
	{ "worker", "pool_rsa_3072", INT, AT(worker.pool[2]), "0", 0, 1000000, "the same of 3072 bits" },
	{ "worker", "pool_rsa_4096", INT, AT(worker.pool[3]), "0", 0, 1000000, "the same of 4096 bits" },
	{ "worker", "keys_dir", PATH, AT(worker.keys_dir), "keys", 0, 0, "this host's keys for sealed passwords" },
	{ "worker", "lease_s", INT, AT(worker.lease_s), "60", 1, 3600,
	  "seconds after which what a silent worker had goes to another; the same on all hosts" },

	{ "signer", "program", PATH, AT(signer.program), "@beside/certmill-signer", 0, 0, "certmill-signer" },
	{ "signer", "config", PATH, AT(signer.config), "signer/signer.conf", MAY_BE_OFF, 0,
	  "its own configuration; off: it runs elsewhere" },
	{ "signer", "worker_socket", PATH, AT(signer.worker_socket), "@run/signer-worker.sock", 0, 0, "for workers" },
	{ "signer", "status_socket", PATH, AT(signer.status_socket), "@run/signer-status.sock", 0, 0, "for status" },
	{ "signer", "ops_socket", PATH, AT(signer.ops_socket), "@run/signer-ops.sock", MAY_BE_OFF, 0,
	  "for web and administration; off: no signer on this host" },

	{ "mail", "server", TEXT, AT(mail.server), NULL, 0, 0, "smtp://HOST:PORT (STARTTLS where the server offers it) or smtps://HOST:PORT; none: files in dir" },
	{ "mail", "user", TEXT, AT(mail.user), NULL, 0, 0, "name for the mail server" },
	{ "mail", "password_file", PATH, AT(mail.password_file), NULL, 0, 0, "file that holds the password" },
	{ "mail", "ca", PATH, AT(mail.ca), NULL, 0, 0, "PEM that the mail server's certificate chains to; none: the system's" },
	{ "mail", "tls_required", BOOL, AT(mail.tls_required), "no", 0, 0,
	  "yes: no mail to a server without TLS; with user it is so anyway" },
	{ "mail", "from", TEXT, AT(mail.from), "@from", 0, 0, "sender; certmill@HOST_NAME" },
	{ "mail", "dir", PATH, AT(mail.dir), "mail", 0, 0, "where mail is put without a server" },

	{ "status", "run", BOOL, AT(status.run), "yes", 0, 0, "no: relying parties are served by other hosts" },
	{ "status", "threads", INT, AT(status.threads), "4", 1, 256, "lists and certificates sent at once; OCSP needs none of them" },
	{ "status", "socket", PATH, AT(status.socket), "@run/status.sock", 0, 0, "Unix socket behind [listen] public" },
	{ "status", "ops_socket", PATH, AT(status.ops_socket), "@run/status-ops.sock", 0, 0, "... behind [listen] ops: /metrics/status" },
	{ "status", "listen", LISTEN, AT(status.listen), "off", 0, 0, "ADDRESS:PORT without nginx, behind a balancer of yours" },
	{ "status", "publish", BOOL, AT(status.publish), "yes", 0, 0,
	  "makes the revocation lists of CAs whose keys are in its signer; no where another host does" },
	{ "status", "crl_dir", PATH, AT(status.crl_dir), "crl", 0, 0, "files of revocation lists" },
	{ "status", "crl_interval", INT, AT(status.crl_interval_s), "3600", 1, 2592000, "seconds after which a list is made anew" },
	{ "status", "crl_delay", INT, AT(status.crl_delay_s), "30", 0, 60, "seconds from a revocation to the list that has it" },
	{ "status", "crl_validity", INT, AT(status.crl_validity_s), "86400", 60, 3024000, "seconds to a list's nextUpdate" },
	{ "status", "crl_delta_above", INT, AT(status.crl_delta_above), "100000", 0, 1000000000,
	  "entries from which a revocation gives a delta, and the whole list waits for crl_interval" },
	{ "status", "ocsp_validity", INT, AT(status.ocsp_validity_s), "86400", 10, 604800, "seconds to an OCSP answer's nextUpdate" },
	{ "status", "max_age", INT, AT(status.max_age_s), "300", 0, 604800, "seconds that caches may keep answers and lists" },
	{ "status", "nonce", BOOL, AT(status.nonce), "yes", 0, 0, "sign the nonce of an OCSP request; no: leave it out" },
	{ "status", "cache", SIZE, AT(status.cache_max), "64M", 1 << 20, INT64_C(1) << 40, "OCSP answers kept in memory; K, M, G" },

	{ "nginx", "managed", BOOL, AT(nginx.managed), "yes", 0, 0, "no: you run nginx (docs/nginx.md)" },
	{ "nginx", "program", TEXT, AT(nginx.program), "nginx", 0, 0, "path, or a name that is looked for in PATH and the sbin folders" },
	{ "nginx", "dir", PATH, AT(nginx.dir), "nginx", 0, 0, "its prefix: configuration, logs, temporary files" },
	{ "nginx", "user", TEXT, AT(nginx.user), "www-data", 0, 0, "user of its workers when started as root" },
	{ "nginx", "workers", INT, AT(nginx.workers), "0", 0, 256, "worker processes; 0: one a core" },
	{ "nginx", "connections", INT, AT(nginx.connections), "4096", 64, 1000000, "connections of a worker" },
};

struct reading {
	struct config	*c;
	FILE		*f;
	const char	*file;
	int		 line;
	bool		 continued;		/* the line begins with a blank: it goes on with the one before */
	bool		 seen[COUNT(keys)];
	struct err	*e;
	bool		 failed;
};

static bool
wrong(struct reading *r, const char *what, const char *which)
{
	if (r->failed)
		return false;
	r->failed = true;
	if (r->line == 0)		/* of no one line */
		return err_set(r->e, ERR_INVALID, "config", "%s: %s", r->file, what);
	return err_set(r->e, ERR_INVALID, "config", "%s:%d: %s%s%.80s", r->file, r->line, what, which[0] == '\0' ? "" : ": ",
	    which);
}

static const char *
below(struct config *c, const char *dir, const char *path)
{
	const char *p;

	if (path[0] == '/')
		return path;
	p = strcmp(path, ".") == 0 ? arena_strdup(c->arena, dir) : arena_printf(c->arena, "%s/%s", dir, path);
	if (p == NULL)
		abort();
	return p;
}

static bool
parse_listen(struct config *c, const char *text, struct config_listen *out)
{
	const char *colon = strrchr(text, ':'), *port = colon == NULL ? text : colon + 1;
	uint64_t n;

	if (strcmp(text, "off") == 0) {
		*out = (struct config_listen){ NULL, 0 };
		return true;
	}
	if (!parse_u64(port, 65535, &n) || n == 0)
		return false;
	out->port = (int)n;
	out->address = colon == NULL ? NULL : arena_strndup(c->arena, text, (size_t)(colon - text));
	return colon == NULL || (colon != text && strspn(out->address, "0123456789abcdefABCDEF.:[]") == strlen(out->address));
}

static bool
parse_size(const char *text, int64_t *out)
{
	static const char units[] = "KMG";
	char number[24];
	size_t n = strlen(text);
	const char *unit = n > 0 ? strchr(units, text[n - 1]) : NULL;
	uint64_t v;

	if (n == 0 || n >= sizeof(number))
		return false;
	memcpy(number, text, n + 1);
	if (unit != NULL && *unit != '\0')
		number[n - 1] = '\0';
	else
		unit = NULL;
	if (!parse_u64(number, INT64_C(1) << 40, &v))
		return false;
	for (const char *u = units; unit != NULL && u <= unit; u++)
		v *= 1024;
	*out = (int64_t)v;
	return true;
}

static bool
parse_level(const char *text, enum log_level *out)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(text, names[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	return false;
}

/* NULL when the value is good, else what it should be. */
static const char *
put(struct config *c, const struct key *k, const char *text)
{
	void *at = (char *)c + k->offset;
	int64_t v;

	switch (k->kind) {
	case PATH:
	case TEXT:
	case URL:
		if (text[0] == '\0')
			return "a value is missing";
		if (k->kind == URL && ((!str_starts(text, "https://") && !str_starts(text, "http://")) || str_ends(text, "/")))
			return "must be a URL without a slash at the end";
		*(const char **)at = k->kind == PATH && k->min == MAY_BE_OFF && strcmp(text, "off") == 0 ? NULL :
		    arena_strdup(c->arena, text);
		return NULL;
	case INT:
	case SIZE:
		if (!parse_size(text, &v) || v < k->min || v > k->max)
			return k->kind == INT ? "not a number in its range" : "not a size in its range";
		if (k->kind == INT)
			*(int *)at = (int)v;
		else
			*(int64_t *)at = v;
		return NULL;
	case BOOL:
		if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
			return "must be yes or no";
		*(bool *)at = text[0] == 'y';
		return NULL;
	case LISTEN:
		return parse_listen(c, text, at) ? NULL : "must be PORT, ADDRESS:PORT or off";
	case LEVEL:
		return parse_level(text, at) ? NULL : "must be debug, info, warn or error";
	case KEYGEN:
		return rsagen_setting_parse(text, at) ? NULL : "must be fast or library";
	}
	return "unknown";
}

static int
on_value(void *arg, const char *section, const char *name, const char *value)
{
	struct reading *r = arg;
	const char *what;
	bool known = false;

	if (r->failed)
		return 0;
	for (size_t i = 0; i < COUNT(keys); i++) {
		const struct key *k = &keys[i];

		known = known || strcmp(k->section, section) == 0;
		if (strcmp(k->section, section) != 0 || strcmp(k->name, name) != 0)
			continue;
		if (r->continued && (k->kind == TEXT || k->kind == URL) && r->seen[i]) {
			const char **at = (const char **)(void *)((char *)r->c + k->offset);

			*at = arena_printf(r->c->arena, "%s%s", *at, value);
			return 1;
		}
		if (r->seen[i])
			return wrong(r, "the key is given twice", name);
		r->seen[i] = true;
		what = put(r->c, k, value);
		return what == NULL || wrong(r, what, name);
	}
	return known ? wrong(r, "unknown key", name) : wrong(r, "unknown section", section);
}

/* The library counts the lines it cut as its own; ours are the file's. */
static char *
read_line(char *buf, int cap, void *arg)
{
	struct reading *r = arg;
	char *line = fgets(buf, cap, r->f);
	size_t n;

	if (line == NULL || r->failed)
		return NULL;
	r->line++;
	r->continued = line[0] == ' ' || line[0] == '\t';
	n = strlen(line);
	if (n > 0 && line[n - 1] != '\n' && !feof(r->f)) {
		(void)wrong(r, "the line is too long; go on in lines that begin with a blank", "");
		return NULL;
	}
	return line;
}

/* The directory this program lies in. */
static const char *
program_dir(struct config *c)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return "/usr/bin";
	path[n] = '\0';
	*strrchr(path, '/') = '\0';
	return path[0] == '\0' ? "/" : arena_strdup(c->arena, path);
}

/* Beside a build tree, else where the package puts it. */
static const char *
static_dir(struct config *c)
{
	const char *beside = arena_printf(c->arena, "%s/../web/dist", program_dir(c));
	char real[PATH_MAX];

	if (beside != NULL && realpath(beside, real) != NULL)
		return arena_strdup(c->arena, real);
	return "/usr/share/certmill/web";
}

static const char *
url(struct config *c, const char *scheme, const struct config_listen *l, int usual)
{
	if (l->port == usual || l->port == 0)
		return arena_printf(c->arena, "%s://%s", scheme, c->instance.host_name);
	return arena_printf(c->arena, "%s://%s:%d", scheme, c->instance.host_name, l->port);
}

/* Defaults that follow from other values; NULL for an ordinary one. */
static const char *
derived(struct config *c, const char *what)
{
	if (strcmp(what, "@origin") == 0)
		return url(c, "https", &c->listen.portal, 443);
	if (strcmp(what, "@mtls") == 0)
		return url(c, "https", &c->listen.mtls, 443);
	if (strcmp(what, "@public") == 0)
		return url(c, "http", &c->listen.public_, 80);
	if (strcmp(what, "@store") == 0)
		return arena_printf(c->arena, "sqlite:%s/store/certmill.db", c->instance.dir);
	if (strcmp(what, "@static") == 0)
		return static_dir(c);
	if (strcmp(what, "@from") == 0)
		return arena_printf(c->arena, "certmill@%s", c->instance.host_name);
	if (str_starts(what, "@run/"))
		return arena_printf(c->arena, "%s/%s", c->instance.run_dir, what + 5);
	if (str_starts(what, "@beside/"))
		return arena_printf(c->arena, "%s/%s", program_dir(c), what + 8);
	return NULL;
}

/*
 * In the table's order, so that what a default follows from is there before it: [instance] dir and host name
 * first; those of [instance] that need the ports come in a second round.
 */
static void
defaults(struct reading *r)
{
	struct config *c = r->c;

	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < COUNT(keys); i++) {
			const struct key *k = &keys[i];
			const char **at = (const char **)(void *)((char *)c + k->offset);
			bool is_url = k->kind == URL;

			if (is_url != (round == 1))
				continue;
			if (!r->seen[i] && k->otherwise != NULL) {
				if (k->otherwise[0] == '@')
					*at = derived(c, k->otherwise);
				else if (put(c, k, k->otherwise) != NULL)
					abort();
			}
			if (k->kind == PATH && *at != NULL && i > 0)
				*at = below(c, c->instance.dir, *at);
			else if (i == 0) {
				const char *slash = strrchr(c->file, '/');
				const char *home = slash == c->file ? "/" :
				    arena_strndup(c->arena, c->file, (size_t)(slash - c->file));

				c->instance.dir = below(c, home, c->instance.dir);
			}
		}
}

/* "sqlite:store/x.db" is below the instance's directory, as every other path. */
static void
absolute_store(struct config *c)
{
	if (str_starts(c->store.uri, "sqlite:") && c->store.uri[7] != '/')
		c->store.uri = arena_printf(c->arena, "sqlite:%s/%s", c->instance.dir, c->store.uri + 7);
}

static bool
check(struct reading *r)
{
	const struct config *c = r->c;
	const struct config_listen *l[] = { &c->listen.portal, &c->listen.mtls, &c->listen.public_, &c->listen.ops };

	r->line = 0;
	if (!str_starts(c->store.uri, "sqlite:") && !str_starts(c->store.uri, "postgresql://") &&
	    !str_starts(c->store.uri, "postgres://"))
		return wrong(r, "[store] uri must begin with sqlite: or postgresql://", "");
	for (size_t i = 0; i < COUNT(l); i++)
		for (size_t k = i + 1; k < COUNT(l); k++)
			if (l[i]->port != 0 && l[i]->port == l[k]->port && (l[i]->address == NULL || l[k]->address == NULL ||
			    strcmp(l[i]->address, l[k]->address) == 0))
				return wrong(r, "two listeners of [listen] share a port", "");
	if (c->nginx.managed && c->web.run && (c->listen.portal.port == 0 || c->listen.mtls.port == 0 || c->listen.ops.port == 0))
		return wrong(r, "[listen] portal, mtls and ops cannot be off", "");
	if (c->nginx.managed && !c->web.run)
		return wrong(r, "without [web] run there is nothing for nginx to stand before: [nginx] managed = no", "");
	if (c->worker.host != NULL && (strlen(c->worker.host) > 39 || strpbrk(c->worker.host, " \t") != NULL))
		return wrong(r, "[worker] host must be a name without blanks, of at most 39 characters", "");
	if (!c->web.run && !c->status.run && c->worker.processes == 0 && c->signer.config == NULL)
		return wrong(r, "everything is off", "");
	if (c->mail.server != NULL && !str_starts(c->mail.server, "smtp://") && !str_starts(c->mail.server, "smtps://"))
		return wrong(r, "[mail] server must begin with smtp:// or smtps://", "");
	if (c->mail.user != NULL && c->mail.password_file == NULL)
		return wrong(r, "[mail] user needs a password_file", "");
	if (strpbrk(c->instance.host_name, " \t;{}\"'$/\\") != NULL)
		return wrong(r, "[instance] host_name is no host name", "");
	return true;
}

bool
config_read(const char *file, struct config **out, struct err *e)
{
	OWN(config_free) struct config *c = calloc(1, sizeof(*c));
	OWN(fclose) FILE *f = fopen(file, "re");
	struct reading r = { .c = c, .f = f, .file = file, .e = e };
	char real[PATH_MAX];
	int line;

	if (c == NULL)
		abort();
	c->arena = arena_new((size_t)1 << 20);
	if (f == NULL || realpath(file, real) == NULL)
		return err_set(e, ERR_INVALID, "config", "cannot read the configuration %.120s: %s", file, strerror(errno));
	c->file = arena_strdup(c->arena, real);
	line = ini_parse_stream(read_line, &r, on_value, &r);
	if (line != 0 && !r.failed) {
		r.line = line;
		return wrong(&r, "neither a [section] nor key = value", "");
	}
	if (r.failed)
		return false;
	defaults(&r);
	absolute_store(c);
	if (!check(&r))
		return false;
	*out = give(c);
	return true;
}

void
config_free(struct config *c)
{
	if (c == NULL)
		return;
	arena_free(c->arena);
	free(c);
}

const char *
config_store_dir(const struct config *c)
{
	const char *path = c->store.uri + strlen("sqlite:"), *slash;

	if (!str_starts(c->store.uri, "sqlite:") || (slash = strrchr(path, '/')) == NULL)
		return c->instance.run_dir;
	return slash == path ? "/" : arena_strndup(c->arena, path, (size_t)(slash - path));
}

static const char *
default_text(const char *otherwise)
{
	static const struct { const char *name, *text; } derived_texts[] = {
		{ "@origin", "https://HOST_NAME:PORT" }, { "@mtls", "https://HOST_NAME:PORT" },
		{ "@public", "http://HOST_NAME:PORT" }, { "@store", "sqlite:store/certmill.db" },
		{ "@host", "KEYS_DIR/host, at first the machine's" },
		{ "@static", "found beside the program" }, { "@from", "certmill@HOST_NAME" },
	};

	if (otherwise == NULL)
		return "none";
	for (size_t i = 0; i < COUNT(derived_texts); i++)
		if (strcmp(derived_texts[i].name, otherwise) == 0)
			return derived_texts[i].text;
	if (str_starts(otherwise, "@beside/"))
		return "beside this program";
	return otherwise[0] == '@' ? otherwise + 1 : otherwise;
}

void
config_help(FILE *to)
{
	const char *section = "";

	for (size_t i = 0; i < COUNT(keys); i++) {
		if (strcmp(section, keys[i].section) != 0) {
			section = keys[i].section;
			(void)fprintf(to, "\n[%s]\n", section);
		}
		(void)fprintf(to, "  %-15s %s (default: %s)\n", keys[i].name, keys[i].help, default_text(keys[i].otherwise));
	}
}
