/* The configuration of a demo, and demo.json for its users' scripts. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "cmd/demo/demo.h"

#define SOCKET_DIR_MAX 80	/* a Unix socket's path has 107 octets; ours add up to 24 */

/* Sockets live in DIR/run unless its name is too long for them; NULL: in DIR/run. */
static const char *
run_elsewhere(const struct demo *d)
{
	char hash[2 * SHA256_LEN + 1];

	if (strlen(d->dir) + strlen("/.making/run") <= SOCKET_DIR_MAX)
		return NULL;
	sha256_hex(d->dir, strlen(d->dir), hash);
	return arena_printf(d->arena, "/tmp/certmill-%d-%.16s", (int)getuid(), hash);
}

const char *
demo_run_dir(const struct demo *d)
{
	const char *elsewhere = run_elsewhere(d);

	return elsewhere == NULL ? "../run" : elsewhere;
}

bool
demo_socket(const struct demo *d, const char *name, char out[DEMO_PATH], struct err *e)
{
	const char *elsewhere = run_elsewhere(d);
	char dir[DEMO_PATH];
	struct stat st;

	if (elsewhere == NULL)
		(void)snprintf(dir, sizeof(dir), "%.4000s/run", d->making);
	else
		(void)snprintf(dir, sizeof(dir), "%s", elsewhere);
	if ((mkdir(dir, 0711) != 0 && errno != EEXIST) || lstat(dir, &st) != 0)
		return err_sys(e, "%s", dir);
	if (!S_ISDIR(st.st_mode) || st.st_uid != getuid() || (st.st_mode & 022) != 0)
		return err_set(e, ERR_FORBIDDEN, "run_dir", "%.100s is not a directory of this user alone", dir);
	if (snprintf(out, DEMO_PATH, "%s/%s", dir, name) >= DEMO_PATH)
		return err_sys(e, "name too long");
	return true;
}

bool
demo_config(const struct demo *d, struct err *e)
{
	OWN_STR struct str s = { 0 };
	int n = d->port_base;

	str_addf(&s,
	    "; A demo: everything on this machine, its own TLS CA, mail as files.\n"
	    "; `certmill serve --help` explains every key.\n\n"
	    "[instance]\nhost_name = localhost\nrun_dir = %s\n\n"
	    "[listen]\nportal = %d\nmtls = %d\npublic = %d\nops = 127.0.0.1:%d\n\n",
	    run_elsewhere(d) == NULL ? "run" : run_elsewhere(d), n + 443, n + 444, n + 80, n + 81);
	str_adds(&s, "[status]\ncrl_delay = 5\n\n");
	str_addf(&s, "[store]\nuri = %s\n\n", d->store == NULL ? "sqlite:store/certmill.db" : d->store);
	str_addf(&s,
	    "[tls]\ncertificate = tls/server.pem\nkey = tls/server.key\nca_bundle = tls/ca.pem\n"
	    "client_ca = tls/admin-ca.pem\n\n[mail]\nfrom = certmill@localhost.example\n");
	return demo_write(d, "certmill.conf", s.p, s.len, e);
}

static json_t *
user_json(const struct demo *d, const struct demo_user *u)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o}", "username", u->username, "password",
	    d->password, "role", u->role, "organization", u->organization, "token", u->token, "certificate_p12",
	    json_sprintf("%s/certificates/%s.p12", d->dir, u->username), "certificate_p12_password", d->password,
	    "certificate_pem", json_sprintf("%s/certificates/%s.pem", d->dir, u->username), "key_pem",
	    json_sprintf("%s/certificates/%s.key", d->dir, u->username));
}

bool
demo_json(const struct demo *d, struct err *e)
{
	json_t *users = json_array(), *o;
	char *text;
	bool ok;

	for (size_t i = 0; i < d->users_n; i++)
		json_array_append_new(users, user_json(d, &d->users[i]));
	o = json_pack("{s:o, s:o, s:o, s:o, s:o}", "portal_url", json_sprintf("https://localhost:%d", d->port_base + 443),
	    "mtls_url", json_sprintf("https://localhost:%d", d->port_base + 444), "public_url",
	    json_sprintf("http://localhost:%d", d->port_base + 80), "ca_bundle", json_sprintf("%s/tls/ca.pem", d->dir),
	    "users", users);
	text = json_dumps(o, JSON_INDENT(2));
	ok = demo_write(d, "demo.json", text, strlen(text), e);
	free(text);
	json_decref(o);
	return ok;
}
