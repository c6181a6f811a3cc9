#include "base/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

#include "base/clock.h"

#define HEADER 5
#define CHUNK ((size_t)256 << 10)	/* a length alone does not make us allocate */

/* Waits for `events`; the deadline is on clock_mono_ms, -1 for none. */
static bool
await(int fd, short events, int64_t deadline_ms, struct err *e)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int64_t left = -1;
		int n;

		if (deadline_ms >= 0) {
			left = deadline_ms - clock_mono_ms();
			if (left <= 0)
				return err_set(e, ERR_UNAVAILABLE, "peer_timeout", "the other side did not answer in time");
			if (left > 1000000)
				left = 1000000;
		}
		n = poll(&p, 1, (int)left);
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return err_sys(e, "poll");
	}
}

static bool
gone(struct err *e, const char *call)
{
	int was = errno;

	err_set(e, ERR_UNAVAILABLE, "peer_closed", "the other side closed the connection");
	return was == 0 ? false : err_in(e, "%s: %s", call, strerrordesc_np(was));
}

static int64_t
deadline(int timeout_ms)
{
	return timeout_ms < 0 ? -1 : clock_mono_ms() + timeout_ms;
}

bool
frame_send(int fd, uint8_t type, const void *p, size_t len, int timeout_ms, struct err *e)
{
	int64_t until = deadline(timeout_ms);
	uint8_t head[HEADER];
	struct iovec iov[2] = { { head, HEADER }, { (void *)(uintptr_t)p, len } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };

	if (len >= UINT32_MAX)
		return err_set(e, ERR_TOO_LARGE, "frame_too_large", "a message of %zu octets is too large", len);
	head[0] = (uint8_t)((len + 1) >> 24);
	head[1] = (uint8_t)((len + 1) >> 16);
	head[2] = (uint8_t)((len + 1) >> 8);
	head[3] = (uint8_t)(len + 1);
	head[4] = type;
	while (iov[0].iov_len + iov[1].iov_len > 0) {
		ssize_t n = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		size_t i, sent;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			if (!await(fd, POLLOUT, until, e))
				return false;
			continue;
		}
		if (n < 0)
			return gone(e, "send");
		for (i = 0, sent = (size_t)n; i < 2 && sent > 0; i++) {
			size_t k = sent < iov[i].iov_len ? sent : iov[i].iov_len;

			iov[i].iov_base = (uint8_t *)iov[i].iov_base + k;
			iov[i].iov_len -= k;
			sent -= k;
		}
	}
	return true;
}

static bool
recv_all(int fd, void *p, size_t n, int64_t until, struct err *e)
{
	uint8_t *to = p;

	while (n > 0) {
		ssize_t k = recv(fd, to, n, MSG_DONTWAIT);

		if (k > 0) {
			to += k;
			n -= (size_t)k;
			continue;
		}
		if (k == 0) {
			errno = 0;
			return gone(e, "receive");
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return gone(e, "receive");
		if (!await(fd, POLLIN, until, e))
			return false;
	}
	return true;
}

bool
frame_recv(int fd, uint8_t *type, struct str *payload, size_t max, int timeout_ms, struct err *e)
{
	int64_t until = deadline(timeout_ms);
	uint8_t head[HEADER];
	size_t len;

	if (!recv_all(fd, head, HEADER, until, e))
		return false;
	len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	if (len == 0)
		return err_set(e, ERR_MALFORMED, "frame_malformed", "a message without a type");
	len--;
	if (len > max)
		return err_set(e, ERR_TOO_LARGE, "frame_too_large",
		    "a message of %zu octets, %zu are allowed", len, max);
	str_clear(payload);
	while (len > 0) {
		size_t n = len < CHUNK ? len : CHUNK;

		if (!recv_all(fd, str_room(payload, n), n, until, e))
			return false;
		payload->len += n;
		len -= n;
	}
	str_add(payload, "", 0);
	*type = head[4];
	return true;
}

void
pack_u8(struct str *s, uint8_t v)
{
	str_add(s, &v, 1);
}

void
pack_u32(struct str *s, uint32_t v)
{
	uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

	str_add(s, b, sizeof(b));
}

void
pack_u64(struct str *s, uint64_t v)
{
	pack_u32(s, (uint32_t)(v >> 32));
	pack_u32(s, (uint32_t)v);
}

void
pack_octets(struct str *s, const void *p, size_t n)
{
	if (n > UINT32_MAX)
		abort();
	pack_u32(s, (uint32_t)n);
	str_add(s, p, n);
}

/* n octets of the payload, or NULL and bad. */
static const uint8_t *
take(struct unpack *u, size_t n)
{
	const uint8_t *p = u->p;

	if (u->bad || n > u->left) {
		u->bad = true;
		return NULL;
	}
	u->p += n;
	u->left -= n;
	return p;
}

uint8_t
unpack_u8(struct unpack *u)
{
	const uint8_t *p = take(u, 1);

	return p == NULL ? 0 : p[0];
}

uint32_t
unpack_u32(struct unpack *u)
{
	const uint8_t *p = take(u, 4);

	return p == NULL ? 0 : (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

uint64_t
unpack_u64(struct unpack *u)
{
	uint64_t hi = unpack_u32(u);

	return hi << 32 | unpack_u32(u);
}

const uint8_t *
unpack_octets(struct unpack *u, size_t *len)
{
	size_t n = unpack_u32(u);
	const uint8_t *p = take(u, n);

	*len = p == NULL ? 0 : n;
	return p;
}

bool
unpack_done(const struct unpack *u)
{
	return !u->bad && u->left == 0;
}

static bool
unix_address(const char *path, struct sockaddr_un *a, struct err *e)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(a->sun_path))
		return err_set(e, ERR_INVALID, "socket_path",
		    "socket path is longer than %zu octets; choose a shorter directory: %s",
		    sizeof(a->sun_path) - 1, path);
	memcpy(a->sun_path, path, strlen(path) + 1);
	return true;
}

/* Removes a socket nobody listens on any more. */
static bool
remove_stale(const char *path, const struct sockaddr_un *a, struct err *e)
{
	OWN_FD int fd = -1;
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? true : err_sys(e, "%s", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, ERR_CONFLICT, "socket_path", "%s is there and is not a socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(e, "socket");
	if (connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0 || errno == EAGAIN)
		return err_set(e, ERR_CONFLICT, "socket_in_use", "another process listens on %s", path);
	if (errno != ECONNREFUSED && errno != ENOENT)
		return err_sys(e, "%s", path);
	if (unlink(path) != 0 && errno != ENOENT)
		return err_sys(e, "%s", path);
	return true;
}

bool
unix_listen(const char *path, unsigned mode, int backlog, int *out, struct err *e)
{
	OWN_FD int fd = -1;
	struct sockaddr_un a;

	if (!unix_address(path, &a, e) || !remove_stale(path, &a, e))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The mode goes on before the bind, so that the path is at no time more open than asked for. */
	if (fd < 0 || fchmod(fd, (mode_t)mode) != 0)
		return err_sys(e, "socket");
	if (bind(fd, (const struct sockaddr *)&a, sizeof(a)) != 0 || chmod(path, (mode_t)mode) != 0 ||
	    listen(fd, backlog) != 0)
		return err_sys(e, "%s", path);
	*out = give_fd(fd);
	return true;
}

bool
unix_connect(const char *path, int timeout_ms, int *out, struct err *e)
{
	int64_t until = deadline(timeout_ms);
	OWN_FD int fd = -1;
	struct sockaddr_un a;

	if (!unix_address(path, &a, e))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(e, "socket");
	while (connect(fd, (const struct sockaddr *)&a, sizeof(a)) != 0) {
		static const struct timespec pause = { .tv_nsec = 5000000 };
		int was = errno;

		/* A full backlog says EAGAIN and cannot be polled for. */
		if ((was == EAGAIN || was == EINTR) && (until < 0 || clock_mono_ms() < until)) {
			(void)nanosleep(&pause, NULL);
			continue;
		}
		err_set(e, ERR_UNAVAILABLE, "peer_unreachable", "nobody answers on the socket");
		return err_in(e, "%s: %s", path, strerrordesc_np(was));
	}
	if (fcntl(fd, F_SETFL, 0) != 0)
		return err_sys(e, "fcntl");
	*out = give_fd(fd);
	return true;
}
