#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/own.h"

#define BACKLOG 1024

static bool
open_unix(const struct http_listen *l, struct listen_socket *out, struct err *e)
{
	OWN_FD int fd = -1;
	struct stat st;

	if (!unix_listen(l->unix_path, 0600, BACKLOG, &fd, e))
		return err_in(e, "%s", l->unix_path);
	if (l->group != NULL) {
		struct group *g = getgrnam(l->group);

		if (g == NULL)
			return err_set(e, ERR_INVALID, "group", "there is no group %.60s", l->group);
		if (chown(l->unix_path, (uid_t)-1, g->gr_gid) != 0 || chmod(l->unix_path, 0660) != 0)
			return err_sys(e, "%s: give to group %s", l->unix_path, l->group);
	}
	if (stat(l->unix_path, &st) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		return err_sys(e, "%s", l->unix_path);
	*out = (struct listen_socket){ give_fd(fd), l->unix_path, st.st_dev, st.st_ino };
	return true;
}

/* "127.0.0.1:8080" or "[::1]:8080". */
static bool
address_split(const char *text, char host[64], const char **port)
{
	const char *colon = strrchr(text, ':');
	size_t n;

	if (colon == NULL || colon == text)
		return false;
	n = (size_t)(colon - text);
	if (text[0] == '[') {
		if (text[n - 1] != ']')
			return false;
		text++;
		n -= 2;
	}
	if (n == 0 || n >= 64)
		return false;
	memcpy(host, text, n);
	host[n] = '\0';
	*port = colon + 1;
	return true;
}

static bool
open_tcp(const struct http_listen *l, struct listen_socket *out, struct err *e)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM };
	struct addrinfo *ai = NULL;
	OWN_FD int fd = -1;
	const char *port;
	char host[64];
	int on = 1, rc;

	if (!address_split(l->address, host, &port) || getaddrinfo(host, port, &hints, &ai) != 0)
		return err_set(e, ERR_INVALID, "address", "not ADDRESS:PORT: %.80s", l->address);
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (ai->ai_family == AF_INET6)
			(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	}
	rc = fd < 0 ? -1 : bind(fd, ai->ai_addr, ai->ai_addrlen);
	freeaddrinfo(ai);
	if (rc == 0)
		rc = listen(fd, BACKLOG);
	if (rc != 0)
		return err_set(e, ERR_UNAVAILABLE, "listen", "cannot listen on %.60s: %s", l->address, strerror(errno));
	*out = (struct listen_socket){ .fd = give_fd(fd) };
	return true;
}

bool
listen_open(const struct http_listen *l, struct listen_socket *out, struct err *e)
{
	if (l->unix_path != NULL)
		return open_unix(l, out, e);
	/* What these two believe about a request must come from our own nginx. */
	if (l->listener == HTTP_PORTAL || l->listener == HTTP_MTLS)
		return err_set(e, ERR_INVALID, "listen", "this listener takes a Unix socket only");
	return open_tcp(l, out, e);
}

void
listen_unlink(const struct listen_socket *s)
{
	struct stat st;

	if (s->path != NULL && stat(s->path, &st) == 0 && st.st_dev == s->dev && st.st_ino == s->ino)
		(void)unlink(s->path);
}

const char *
listen_peer(const struct sockaddr *sa, struct arena *a)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (sa->sa_family == AF_INET)
		(void)inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, text, sizeof(text));
	else if (sa->sa_family == AF_INET6)
		(void)inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, text, sizeof(text));
	return arena_strdup(a, text);
}
