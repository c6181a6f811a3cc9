/* certmill.conf: defaults, what is refused and where, and that every key is documented. */
#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cmd/config.h"

static char file[64];
static struct err err;

static struct config *
read_text(const char *text)
{
	FILE *f = fopen(file, "w");
	struct config *c = NULL;

	(void)fputs(text, f);
	(void)fclose(f);
	err_clear(&err);
	return config_read(file, &c, &err) ? c : NULL;
}

static void
test_defaults(void)
{
	OWN(config_free) struct config *c = read_text("");

	if (!CHECK(c != NULL, "%s", err.msg))
		return;
	CHECK(strcmp(c->instance.dir, "/tmp") == 0, "%s", c->instance.dir);
	CHECK(strcmp(c->instance.origin, "https://localhost:8443") == 0, "%s", c->instance.origin);
	CHECK(strcmp(c->instance.mtls_url, "https://localhost:8444") == 0 &&
	    strcmp(c->instance.public_url, "http://localhost:8080") == 0, "urls");
	CHECK(strcmp(c->store.uri, "sqlite:/tmp/store/certmill.db") == 0, "%s", c->store.uri);
	CHECK(strcmp(config_store_dir(c), "/tmp/store") == 0, "%s", config_store_dir(c));
	CHECK(strcmp(c->web.socket, "/tmp/run/web.sock") == 0, "%s", c->web.socket);
	CHECK(c->web.upload_max == INT64_C(256) << 20, "upload");
	CHECK(c->listen.portal.address == NULL && strcmp(c->listen.ops.address, "127.0.0.1") == 0 && c->listen.ops.port == 8081,
	    "listeners");
	CHECK(c->status.listen.port == 0 && c->tls.client_ca == NULL && c->nginx.managed, "off");
	CHECK(c->signer.program[0] == '/' && str_ends(c->signer.program, "/certmill-signer"), "%s", c->signer.program);
}

static void
test_values(void)
{
	OWN(config_free) struct config *c = read_text(
	    "; a comment\n[instance]\ndir = inst\nhost_name = pki.example ; and one here\nrun_dir = /run/x\n"
	    "[listen]\nportal = 443\nmtls = [::1]:444\npublic = off\n[store]\nuri = postgresql://a,\n  b/db\n"
	    "[web]\nupload_max = 1G\nsocket = w.sock\n[signer]\nconfig = off\n[mail]\nserver = smtp://m:25\n[nginx]\nmanaged = no\n");

	if (!CHECK(c != NULL, "%s", err.msg))
		return;
	CHECK(strcmp(c->instance.dir, "/tmp/inst") == 0, "%s", c->instance.dir);
	CHECK(strcmp(c->instance.origin, "https://pki.example") == 0, "the usual port is not said: %s", c->instance.origin);
	CHECK(strcmp(c->listen.mtls.address, "[::1]") == 0 && c->listen.mtls.port == 444 && c->listen.public_.port == 0, "listen");
	CHECK(strcmp(c->store.uri, "postgresql://a,b/db") == 0, "a value over two lines: %s", c->store.uri);
	CHECK(strcmp(config_store_dir(c), "/run/x") == 0, "%s", config_store_dir(c));
	CHECK(c->web.upload_max == INT64_C(1) << 30, "1G");
	CHECK(strcmp(c->web.socket, "/tmp/inst/w.sock") == 0 && strcmp(c->web.ops_socket, "/run/x/web-ops.sock") == 0, "sockets");
	CHECK(c->signer.config == NULL && !c->nginx.managed, "off");
	CHECK(strcmp(c->mail.from, "certmill@pki.example") == 0, "%s", c->mail.from);
}

static void
test_wrong(void)
{
	static const struct { const char *text, *where; } cases[] = {
		{ "[web]\nthread = 1\n", ":2: unknown key: thread" },
		{ "[webb]\nthreads = 1\n", ":2: unknown section: webb" },
		{ "threads = 1\n", ":1: unknown section" },
		{ "[web]\n\nthreads = 0\n", ":3: not a number" },
		{ "[web]\nthreads = 1x\n", ":2: not a number" },
		{ "[web]\nthreads = 1\nthreads = 1\n", ":3: the key is given twice" },
		{ "[web]\nsocket =\n", ":2: a value is missing" },
		{ "[web]\nsocket = off\nnonsense\n", ":3: neither" },
		{ "[listen]\nportal = 0\n", ":2: must be PORT" },
		{ "[listen]\nportal = 65536\n", ":2: must be PORT" },
		{ "[listen]\nportal = host;x:1\n", ":2: must be PORT" },
		{ "[listen]\nportal = 8444\n", "share a port" },
		{ "[listen]\nportal = off\n", "cannot be off" },
		{ "[instance]\norigin = https://x/\n", ":2: must be a URL" },
		{ "[instance]\nlog_level = loud\n", ":2: must be debug" },
		{ "[nginx]\nmanaged = maybe\n", ":2: must be yes or no" },
		{ "[store]\nuri = mysql:x\n", "[store] uri" },
		{ "[instance]\nhost_name = a;b\n", "host_name" },
	};
	OWN_STR struct str long_line = { 0 };
	struct config *c;

	for (size_t i = 0; i < COUNT(cases); i++) {
		c = read_text(cases[i].text);
		CHECK(c == NULL, "%s", cases[i].text);
		CHECK(err.kind == ERR_INVALID && strstr(err.msg, cases[i].where) != NULL && strstr(err.msg, file) == err.msg,
		    "%s: %s", cases[i].text, err.msg);
		config_free(c);
	}
	str_adds(&long_line, "[web]\nsocket = ");
	for (int i = 0; i < 300; i++)
		str_addc(&long_line, 'x');
	CHECK(read_text(long_line.p) == NULL && strstr(err.msg, ":2: the line is too long") != NULL, "%s", err.msg);
	(void)unlink(file);
	CHECK(!config_read(file, &c, &err) && strstr(err.msg, "cannot read") != NULL, "%s", err.msg);
}

/* docs/configuration.md names each key that the help names. */
static void
test_documented(void)
{
	const char *source = getenv("CERTMILL_SOURCE");
	OWN_STR struct str doc = { 0 };
	char path[512], line[512], buf[4096], *text = NULL;
	size_t n, keys = 0;
	FILE *f, *help;

	(void)snprintf(path, sizeof(path), "%s/docs/configuration.md", source == NULL ? "." : source);
	f = fopen(path, "r");
	if (!CHECK(f != NULL, "%s", path))
		return;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		str_add(&doc, buf, n);
	(void)fclose(f);
	help = open_memstream(&text, &n);
	config_help(help);
	(void)fclose(help);
	help = fmemopen(text, strlen(text), "r");
	while (fgets(line, sizeof(line), help) != NULL) {
		char name[64], wanted[80];

		if (sscanf(line, "  %60s", name) != 1 || line[0] != ' ')
			continue;
		keys++;
		(void)snprintf(wanted, sizeof(wanted), "| `%s` |", name);
		CHECK(strstr(doc.p, wanted) != NULL, "docs/configuration.md lacks %s", name);
	}
	CHECK(keys > 40, "%zu keys", keys);
	(void)fclose(help);
	free(text);
}

int
main(void)
{
	(void)snprintf(file, sizeof(file), "/tmp/config-test.%d.conf", (int)getpid());
	test_defaults();
	test_values();
	test_wrong();
	test_documented();
	(void)unlink(file);
	return check_done();
}
