/*
 * ocsp_constant - the HTTP library of ours with nothing behind it: the same answer of 1,500 octets to whatever is
 * asked, with the settings and the headers of the status process.
 *
 *	ocsp_constant PORT | /PATH/OF/SOCKET
 *
 * Ends with the first signal.
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define OCTETS	1500
#define THREADS	2

static char body[OCTETS];

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *conn, const char *url, const char *method, const char *version,
    const char *data, size_t *n, void **state)
{
	static int begun;
	struct MHD_Response *r;
	enum MHD_Result ok;

	(void)cls;
	(void)url;
	(void)method;
	(void)version;
	(void)data;
	if (*state == NULL || *n > 0) {		/* the head, then the body */
		*state = &begun;
		*n = 0;
		return MHD_YES;
	}
	r = MHD_create_response_from_buffer(sizeof(body), body, MHD_RESPMEM_PERSISTENT);
	if (r == NULL)
		return MHD_NO;
	(void)MHD_add_response_header(r, "Content-Type", "application/ocsp-response");
	(void)MHD_add_response_header(r, "Cache-Control", "max-age=300, public, no-transform, must-revalidate");
	(void)MHD_add_response_header(r, "ETag", "\"0123456789abcdef0123456789abcdef\"");
	(void)MHD_add_response_header(r, "Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT");
	(void)MHD_add_response_header(r, "Expires", "Fri, 02 Jan 2026 00:00:00 GMT");
	ok = MHD_queue_response(conn, MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return ok;
}

static int
listen_at(const char *where)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	bool path = where[0] == '/';
	int fd = socket(path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	in.sin_port = htons((uint16_t)strtol(where, NULL, 10));
	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", where);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (path) {
		(void)unlink(where);
		(void)umask(0);
	}
	if (bind(fd, path ? (struct sockaddr *)&un : (struct sockaddr *)&in, path ? sizeof(un) : sizeof(in)) != 0 ||
	    listen(fd, 1024) != 0) {
		perror(where);
		exit(1);
	}
	return fd;
}

int
main(int argc, char **argv)
{
	if (argc != 2) {
		(void)fprintf(stderr, "usage: ocsp_constant PORT | /PATH/OF/SOCKET\n");
		return 2;
	}
	memset(body, 0x30, sizeof(body));
	if (MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_SUSPEND_RESUME, 0, NULL, NULL, on_request, NULL,
	    MHD_OPTION_LISTEN_SOCKET, listen_at(argv[1]),
	    MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS,
	    MHD_OPTION_CONNECTION_TIMEOUT, 75u,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32 * 1024,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_END) == NULL) {
		(void)fprintf(stderr, "ocsp_constant: the library does not start\n");
		return 1;
	}
	(void)pause();
	return 0;
}
