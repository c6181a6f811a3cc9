#include "signer/fdpass.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool
fd_receive(int socket, int timeout_ms, int *out, struct err *e)
{
	union { struct cmsghdr head; char room[CMSG_SPACE(4 * sizeof(int))]; } control;
	char octet;
	struct iovec io = { &octet, 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct pollfd p = { .fd = socket, .events = POLLIN };
	int found = -1;
	ssize_t n;

	if (poll(&p, 1, timeout_ms) <= 0)
		return err_set(e, ERR_UNAVAILABLE, "peer_timeout", "the file's descriptor did not come in time");
	do
		n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		return err_set(e, ERR_UNAVAILABLE, "peer_closed", "the other side closed the connection");
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
		size_t k = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < k; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (found < 0)
				found = fd;
			else
				close(fd);	/* one was agreed */
		}
	}
	if (found < 0)
		return err_set(e, ERR_MALFORMED, "signer_request", "no descriptor came with the request");
	*out = found;
	return true;
}
