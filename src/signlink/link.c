#include "signlink/link.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"

#define TIMEOUT_MS	60000
#define CODES_MAX	64

struct signlink *
signlink_new(const char *socket)
{
	struct signlink *l = calloc(1, sizeof(*l));

	if (l == NULL || (l->path = strdup(socket)) == NULL)
		abort();
	l->fd = -1;
	l->timeout_ms = TIMEOUT_MS;
	return l;
}

static void
drop(struct signlink *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

void
signlink_free(struct signlink *l)
{
	drop(l);
	str_free(&l->request);
	str_free(&l->reply);
	free(l->path);
	free(l);
}

void
signlink_timeout(struct signlink *l, int ms)
{
	l->timeout_ms = ms;
}

struct str *
link_request(struct signlink *l)
{
	str_clear(&l->request);
	return &l->request;
}

/*
 * A code is a literal for whoever branches on it; what a signer says becomes one by being remembered.
 * There are few; past the limit they all read "signer_refused".
 */
static const char *
code_keep(const char *p, size_t len)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static char codes[CODES_MAX][48];
	static size_t n;
	const char *found = "signer_refused";

	if (len == 0 || len >= sizeof(codes[0]))
		return found;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i <= n && i < CODES_MAX; i++) {
		if (i == n) {
			memcpy(codes[n], p, len);
			codes[n++][len] = '\0';
		}
		if (strlen(codes[i]) == len && memcmp(codes[i], p, len) == 0) {
			found = codes[i];
			break;
		}
	}
	pthread_mutex_unlock(&lock);
	return found;
}

static bool
unreadable(struct signlink *l, struct err *e)
{
	drop(l);
	return err_set(e, ERR_UNAVAILABLE, "signer_reply", "the signer's reply is not understood");
}

/* Whatever way a link fails, the caller is told that the signer is away; the trail says how. */
static bool
away(struct signlink *l, struct err *e)
{
	struct err why = *e;

	drop(l);
	if (why.kind == ERR_TOO_LARGE)
		return false;
	err_set(e, ERR_UNAVAILABLE, "signer_down", "the signer does not answer");
	e->retry_after_s = 1;
	err_in(e, "%s", why.msg[0] != '\0' && why.kind != ERR_INTERNAL ? why.msg : why.trail);
	return err_in(e, "%s", l->path);
}

static bool
link_connect(struct signlink *l, struct err *e)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN };

	/* nothing is due: what can be read now is the end */
	if (l->fd >= 0 && poll(&p, 1, 0) != 0)
		drop(l);
	return l->fd >= 0 || unix_connect(l->path, l->timeout_ms, &l->fd, e);
}

/* One octet that carries a descriptor. */
static bool
fd_send(int socket, int fd, struct err *e)
{
	union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } control = { .room = { 0 } };
	char octet = 'f';
	struct iovec io = { &octet, 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control.room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	do
		n = sendmsg(socket, &m, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == 1 || err_set(e, ERR_UNAVAILABLE, "peer_closed", "the other side closed the connection");
}

static bool
error_read(struct signlink *l, struct err *e)
{
	size_t code_len, msg_len;
	enum err_kind kind = (enum err_kind)unpack_u8(&l->in);
	uint32_t retry_after_s = unpack_u32(&l->in);
	const char *code = (const char *)unpack_octets(&l->in, &code_len);
	const char *msg = (const char *)unpack_octets(&l->in, &msg_len);

	if (!unpack_done(&l->in) || kind == ERR_NONE || kind > ERR_INTERNAL)
		return unreadable(l, e);
	if (kind == ERR_MALFORMED || kind == ERR_FORBIDDEN)
		drop(l);		/* the signer closes its end too */
	err_set(e, kind, code_keep(code, code_len), "%.*s", (int)msg_len, msg);
	e->retry_after_s = retry_after_s < 3600 ? (int)retry_after_s : 3600;
	return err_in(e, "signer");
}

bool
link_call_fds(struct signlink *l, enum proto_op op, int fd, int second_fd, struct err *e)
{
	int64_t until_ms = clock_mono_ms() + l->timeout_ms;
	uint8_t type;
	int64_t left;

	err_clear(e);
	if (!link_connect(l, e)
	    || !frame_send(l->fd, (uint8_t)op, l->request.p != NULL ? l->request.p : "", l->request.len,
	    l->timeout_ms, e)
	    || (fd >= 0 && !fd_send(l->fd, fd, e)) || (second_fd >= 0 && !fd_send(l->fd, second_fd, e)))
		return away(l, e);
	left = until_ms - clock_mono_ms();
	if (!frame_recv(l->fd, &type, &l->reply, PROTO_REPLY_MAX, left > 0 ? (int)left : 0, e))
		return away(l, e);
	l->in = (struct unpack){ (const uint8_t *)l->reply.p, l->reply.len, false };
	if (type == PROTO_ERROR) {
		(void)error_read(l, e);
		if (op == OP_SIGN_CRL)
			drop(l);
		return false;
	}
	return type == PROTO_OK || unreadable(l, e);
}

bool
link_call(struct signlink *l, enum proto_op op, struct err *e)
{
	return link_call_fds(l, op, -1, -1, e);
}

bool
link_done(struct signlink *l, struct err *e)
{
	return unpack_done(&l->in) || unreadable(l, e);
}

bool
link_pack_ca(struct signlink *l, const char *hex, struct err *e)
{
	uint8_t ski[20];
	size_t n = strlen(hex);

	if (n == 0 || n % 2 != 0 || n / 2 > sizeof(ski) || !hex_decode(hex, n, ski, n / 2))
		return err_set(e, ERR_INVALID, "ca_unknown", "%.60s is no key identifier of a CA", hex);
	pack_octets(&l->request, ski, n / 2);
	return true;
}

static bool
out_of_room(struct err *e)
{
	return err_set(e, ERR_TOO_LARGE, "signer_reply", "the signer's reply does not fit into the memory allowed");
}

bool
link_take(struct signlink *l, struct arena *a, struct der *out, struct err *e)
{
	size_t n;
	const uint8_t *p = unpack_octets(&l->in, &n);

	if (l->in.bad)
		return unreadable(l, e);
	out->p = arena_memdup(a, n != 0 ? p : (const uint8_t *)"", n);
	out->len = n;
	return out->p != NULL || out_of_room(e);
}

/* A refusal that may pass by itself is no result. */
static bool
passing(enum err_kind kind)
{
	return kind == ERR_UNAVAILABLE || kind == ERR_RETRY || kind == ERR_INTERNAL || kind == ERR_LIMIT;
}

static bool
refusal_take(struct signlink *l, enum err_kind kind, struct arena *a, struct signlink_result *r, struct err *e)
{
	size_t code_len, why_len;
	const char *code = (const char *)unpack_octets(&l->in, &code_len);
	const char *why = (const char *)unpack_octets(&l->in, &why_len);

	if (l->in.bad || kind > ERR_INTERNAL)
		return unreadable(l, e);
	r->ok = false;
	r->code = code_keep(code, code_len);
	r->why = arena_strndup(a, why, why_len);
	if (r->why == NULL)
		return out_of_room(e);
	if (passing(kind) && e->kind == ERR_NONE)
		err_set(e, ERR_UNAVAILABLE, r->code, "%s", r->why);
	return true;
}

bool
link_results(struct signlink *l, size_t n, struct arena *a, struct signlink_result *results, struct err *e)
{
	if (unpack_u32(&l->in) != n)
		return unreadable(l, e);
	for (size_t i = 0; i < n; i++) {
		const enum err_kind kind = (enum err_kind)unpack_u8(&l->in);

		results[i] = (struct signlink_result){ .ok = kind == ERR_NONE };
		if (kind == ERR_NONE) {
			if (!link_take(l, a, &results[i].signature, e))
				return false;
		} else if (!refusal_take(l, kind, a, &results[i], e))
			return false;
	}
	return link_done(l, e) && e->kind == ERR_NONE;
}
