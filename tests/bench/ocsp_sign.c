/*
 * ocsp_sign - the least work that signs an OCSP answer anew for each request over HTTP: one thread, epoll,
 * connections that stay, a template with the end of the request copied in, one P-256 signature by the shortest calls
 * of libcrypto.  It checks nothing and knows no certificates.
 *
 *	ocsp_sign PORT
 *
 * Ends with the first signal.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS	4096
#define IN_MAX		4096
#define OUT_MAX		65536
#define ANSWER		300		/* octets; the signed part and the place of the signature in it: */
#define TBS		200
#define SIGNATURE_AT	210
#define ASKED_AT	60
#define ASKED		16

struct connection {
	char	in[IN_MAX];
	size_t	n;
};

static struct connection *connections[CONNECTIONS];
static EC_KEY *key;
static int poll_fd;

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

static void
answer_make(const char *request, size_t n, uint8_t out[ANSWER])
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	unsigned len;

	memset(out, 0x30, ANSWER);
	if (n >= ASKED)
		memcpy(out + ASKED_AT, request + n - ASKED, ASKED);
	(void)SHA256(out, TBS, hash);
	if (ECDSA_sign(0, hash, sizeof(hash), out + SIGNATURE_AT, &len, key) != 1)
		fail("ECDSA_sign");
}

static void
drop(int fd)
{
	(void)close(fd);
	free(connections[fd]);
	connections[fd] = NULL;
}

/* Octets of the first request that is whole; 0: not yet.  Its body is the end. */
static size_t
whole(struct connection *c, size_t *body)
{
	char *end, *length;

	c->in[c->n] = '\0';
	end = strstr(c->in, "\r\n\r\n");
	if (end == NULL)
		return 0;
	length = strcasestr(c->in, "\r\ncontent-length:");
	*body = length == NULL || length > end ? 0 : strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
	return (size_t)(end + 4 - c->in) + *body > c->n ? 0 : (size_t)(end + 4 - c->in) + *body;
}

static void
serve(int fd)
{
	struct connection *c = connections[fd];
	char out[OUT_MAX];
	uint8_t answer[ANSWER];
	size_t out_n = 0, body, n;
	ssize_t got = read(fd, c->in + c->n, sizeof(c->in) - 1 - c->n);

	if (got <= 0) {
		drop(fd);
		return;
	}
	c->n += (size_t)got;
	while (out_n < OUT_MAX - 1024 && (n = whole(c, &body)) > 0) {
		answer_make(c->in + n - body, body, answer);
		out_n += (size_t)snprintf(out + out_n, OUT_MAX - out_n,
		    "HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\nContent-Length: %d\r\n\r\n", ANSWER);
		memcpy(out + out_n, answer, sizeof(answer));
		out_n += sizeof(answer);
		c->n -= n;
		memmove(c->in, c->in + n, c->n);
	}
	if (out_n > 0 && write(fd, out, out_n) != (ssize_t)out_n)
		drop(fd);
}

static void
take(int listening)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd, on = 1;

	while ((fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		if (fd >= CONNECTIONS || (connections[fd] = calloc(1, sizeof(struct connection))) == NULL) {
			(void)close(fd);
			continue;
		}
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		ev.data.fd = fd;
		if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
			fail("epoll_ctl");
	}
}

int
main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event ev = { .events = EPOLLIN }, events[256];
	EVP_PKEY *made = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	if (argc != 2 || made == NULL || (key = EVP_PKEY_get1_EC_KEY(made)) == NULL) {
		(void)fprintf(stderr, "usage: ocsp_sign PORT\n");
		return 2;
	}
	EVP_PKEY_free(made);
	at.sin_port = htons((uint16_t)strtol(argv[1], NULL, 10));
	(void)setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listening, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(listening, 1024) != 0)
		fail("listen");
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	ev.data.fd = listening;
	if (poll_fd < 0 || epoll_ctl(poll_fd, EPOLL_CTL_ADD, listening, &ev) != 0)
		fail("epoll");
	for (;;) {
		int n = epoll_wait(poll_fd, events, 256, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listening)
				take(listening);
			else if (connections[events[i].data.fd] != NULL)
				serve(events[i].data.fd);
		}
	}
}
