#include "cmd/serve/preflight.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

static bool
directory(const char *path, mode_t mode, const char *key, struct err *e)
{
	struct stat st;

	if (mkdir(path, mode) != 0 && errno != EEXIST)
		return err_set(e, ERR_INVALID, "directory", "cannot make %s %.120s: %s", key, path, strerror(errno));
	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		return err_set(e, ERR_INVALID, "directory", "%s %.120s is not a directory", key, path);
	if (access(path, R_OK | W_OK | X_OK) != 0)
		return err_set(e, ERR_INVALID, "directory", "cannot use %s %.110s: %s; its owner must be the user of certmill", key,
		    path, strerror(errno));
	return true;
}

static bool
readable(const char *path, const char *key, struct err *e)
{
	if (path == NULL || access(path, R_OK) == 0)
		return true;
	return err_set(e, ERR_INVALID, "file", "cannot read %s %.120s: %s", key, path, strerror(errno));
}

bool
preflight_files(const struct config *c, struct err *e)
{
	char index[PATH_MAX];

	if (!directory(c->instance.dir, 0755, "[instance] dir", e) ||
	    !directory(c->instance.run_dir, 0711, "[instance] run_dir", e) ||
	    !directory(c->web.spool_dir, 0700, "[web] spool_dir", e) ||
	    !directory(config_store_dir(c), 0700, "the store's folder", e))
		return false;
	if (c->signer.config != NULL) {
		if (!readable(c->signer.config, "[signer] config", e))
			return false;
		if (access(c->signer.program, X_OK) != 0)
			return err_set(e, ERR_INVALID, "file", "cannot run [signer] program %.100s: %s", c->signer.program,
			    strerror(errno));
	}
	if (c->worker.processes > 0 && c->mail.server != NULL &&
	    (!readable(c->mail.password_file, "[mail] password_file", e) || !readable(c->mail.ca, "[mail] ca", e)))
		return false;
	if (!c->nginx.managed)
		return true;
	(void)snprintf(index, sizeof(index), "%s/index.html", c->web.static_dir);
	if (!readable(c->tls.certificate, "[tls] certificate", e) || !readable(c->tls.key, "[tls] key", e) ||
	    !readable(c->tls.client_ca, "[tls] client_ca", e))
		return false;
	if (access(index, R_OK) != 0)
		log_warn("serve.no_page", "why=\"%s is not there: the portal answers 404 until the page is built\"", index);
	return true;
}

/* Binding is the question; as nginx will do it, with SO_REUSEADDR. */
static int
try_bind(int family, const char *address, int port)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV }, *ai = NULL;
	char text[16];
	int on = 1, fd, rc = 0;

	(void)snprintf(text, sizeof(text), "%d", port);
	if (getaddrinfo(address, text, &hints, &ai) != 0)
		return EINVAL;
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		freeaddrinfo(ai);
		return address == NULL ? 0 : errno;	/* no IPv6 here */
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) != 0 || listen(fd, 1) != 0)
		rc = errno;
	(void)close(fd);
	freeaddrinfo(ai);
	return rc;
}

static bool
port_free(const struct config *c, const struct config_listen *l, const char *key, struct err *e)
{
	char address[64] = "";
	int rc;

	if (l->port == 0)
		return true;
	if (l->address == NULL) {
		rc = try_bind(AF_INET, NULL, l->port);
		if (rc == 0)
			rc = try_bind(AF_INET6, NULL, l->port);
		if (rc == EADDRNOTAVAIL || rc == EAFNOSUPPORT)
			rc = 0;
	} else {
		size_t n = strlen(l->address);
		bool brackets = l->address[0] == '[' && n > 2;

		(void)snprintf(address, sizeof(address), "%.*s", (int)(brackets ? n - 2 : n), l->address + (brackets ? 1 : 0));
		rc = try_bind(AF_UNSPEC, address, l->port);
	}
	if (rc == 0)
		return true;
	if (rc == EADDRINUSE)
		return err_set(e, ERR_CONFLICT, "port", "port %d is in use; stop what listens there or change %s in %.90s", l->port,
		    key, c->file);
	return err_set(e, ERR_INVALID, "port", "cannot listen on %s%s%d (%s): %s", address, address[0] == '\0' ? "" : ":",
	    l->port, key, rc == EINVAL ? "no such address" : strerror(rc));
}

bool
preflight_ports(const struct config *c, struct err *e)
{
	if (!port_free(c, &c->status.listen, "[status] listen", e))
		return false;
	return !c->nginx.managed ||
	    (port_free(c, &c->listen.portal, "[listen] portal", e) && port_free(c, &c->listen.mtls, "[listen] mtls", e) &&
	    port_free(c, &c->listen.public_, "[listen] public", e) && port_free(c, &c->listen.ops, "[listen] ops", e));
}
