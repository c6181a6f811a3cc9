/*
 * listen - the sockets a server takes requests from; private to src/http.
 */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include <sys/socket.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "http/http.h"

struct listen_socket {
	int		 fd;
	const char	*path;		/* NULL for TCP */
	dev_t		 dev;		/* of the path, to see that it is still ours */
	ino_t		 ino;
};

must_check bool listen_open(const struct http_listen *, struct listen_socket *, struct err *);
/* Removes the path, unless another process has put its own socket there. */
void listen_unlink(const struct listen_socket *);

/* "192.0.2.1"; "" for what has no address. */
const char *listen_peer(const struct sockaddr *, struct arena *);

#endif
