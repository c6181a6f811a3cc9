#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/frame.h"
#include "base/rand.h"
#include "check.h"

static void
packing(void)
{
	static const uint8_t wire[] = { 7, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 2, 'h', 'i', 0, 0, 0, 0 };
	OWN_STR struct str s = { 0 };
	struct unpack u;
	const uint8_t *p;
	size_t len;

	pack_u8(&s, 7);
	pack_u32(&s, 0xdeadbeef);
	pack_u64(&s, 0x0102030405060708);
	pack_octets(&s, "hi", 2);
	pack_octets(&s, "", 0);
	CHECK(s.len == sizeof(wire) && memcmp(s.p, wire, s.len) == 0, "on the wire");
	u = (struct unpack){ .p = wire, .left = sizeof(wire) };
	CHECK(unpack_u8(&u) == 7 && unpack_u32(&u) == 0xdeadbeef && unpack_u64(&u) == 0x0102030405060708, "numbers");
	p = unpack_octets(&u, &len);
	CHECK(len == 2 && memcmp(p, "hi", 2) == 0 && !unpack_done(&u), "octets");
	p = unpack_octets(&u, &len);
	CHECK(len == 0 && p != NULL && unpack_done(&u), "empty octets");
	CHECK(unpack_u8(&u) == 0 && u.bad && !unpack_done(&u), "past the end");
	/* Every cut of it is found. */
	for (size_t cut = 0; cut < sizeof(wire); cut++) {
		u = (struct unpack){ .p = wire, .left = cut };
		(void)unpack_u8(&u);
		(void)unpack_u32(&u);
		(void)unpack_u64(&u);
		(void)unpack_octets(&u, &len);
		(void)unpack_octets(&u, &len);
		CHECK(!unpack_done(&u), "cut at %zu", cut);
	}
	u = (struct unpack){ .p = (const uint8_t *)"\xff\xff\xff\xffxx", .left = 6 };
	p = unpack_octets(&u, &len);
	CHECK(p == NULL && len == 0 && u.bad, "a length that lies");
}

struct sender {
	int		 fd;
	struct str	*payload;
	bool		 ok;
	struct err	 e;
};

static void *
send_it(void *arg)
{
	struct sender *s = arg;

	s->ok = frame_send(s->fd, 9, s->payload->p, s->payload->len, 5000, &s->e);
	return NULL;
}

static void
frames(void)
{
	OWN_FD int a = -1, b = -1;
	OWN_STR struct str in = { 0 }, out = { 0 };
	struct sender s;
	struct err e = { 0 };
	pthread_t t;
	int p[2];
	uint8_t type = 0;
	int64_t began;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) != 0)
		exit(1);
	a = p[0];
	b = p[1];
	CHECK(frame_send(a, 3, "hello", 5, -1, &e) && frame_send(a, 4, NULL, 0, 100, &e), "%s", e.msg);
	CHECK(frame_recv(b, &type, &in, 5, 1000, &e) && type == 3 && in.len == 5 && strcmp(in.p, "hello") == 0, "%s", e.msg);
	CHECK(frame_recv(b, &type, &in, 5, 1000, &e) && type == 4 && in.len == 0, "empty: %s", e.msg);

	/* Larger than any socket buffer, both ways at once. */
	rand_octets(str_room(&out, 3000000), 3000000);
	out.len = 3000000;
	s = (struct sender){ .fd = a, .payload = &out };
	(void)pthread_create(&t, NULL, send_it, &s);
	CHECK(frame_recv(b, &type, &in, 3000000, 5000, &e) && type == 9 && in.len == out.len && memcmp(in.p, out.p, in.len) == 0, "%s", e.msg);
	(void)pthread_join(t, NULL);
	CHECK(s.ok, "%s", s.e.msg);

	began = clock_mono_ms();
	CHECK(!frame_recv(b, &type, &in, 5, 30, &e) && e.kind == ERR_UNAVAILABLE && strcmp(e.code, "peer_timeout") == 0, "%s", e.code);
	CHECK(clock_mono_ms() - began >= 29, "waited");
	CHECK(!frame_send(a, 9, out.p, out.len, 30, &e) && e.kind == ERR_UNAVAILABLE, "nobody reads: %s", e.msg);
	(void)close(a);
	(void)close(b);

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) != 0)
		exit(1);
	a = p[0];
	b = p[1];
	CHECK(frame_send(a, 1, "123456", 6, 100, &e), "%s", e.msg);
	CHECK(!frame_recv(b, &type, &in, 5, 100, &e) && e.kind == ERR_TOO_LARGE, "%s", e.msg);
	(void)close(b);
	b = -1;
	CHECK(!frame_send(a, 1, out.p, out.len, 100, &e) && e.kind == ERR_UNAVAILABLE && strcmp(e.code, "peer_closed") == 0,
	    "no signal either: %s", e.msg);
	(void)close(a);

	/* Half a frame and a frame without a type. */
	for (int i = 0; i < 2; i++) {
		static const uint8_t wire[2][9] = { { 0, 0, 0, 9, 1, 'x' }, { 0, 0, 0, 0, 1, 2, 3, 4, 5 } };

		if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) != 0)
			exit(1);
		a = p[0];
		b = p[1];
		CHECK(write(a, wire[i], i == 0 ? 6 : 9) > 0, "written");
		(void)close(a);
		a = -1;
		CHECK(!frame_recv(b, &type, &in, 100, 100, &e) && e.kind == (i == 0 ? ERR_UNAVAILABLE : ERR_MALFORMED), "%s", e.msg);
		(void)close(b);
		b = -1;
	}
}

static void
sockets(void)
{
	char dir[] = "/tmp/certmill-test.XXXXXX", path[64], longer[200];
	OWN_FD int l = -1, c = -1, again = -1;
	struct err e = { 0 };
	struct stat st;

	if (mkdtemp(dir) == NULL)
		exit(1);
	(void)snprintf(path, sizeof(path), "%s/s", dir);
	CHECK(!unix_connect(path, 100, &c, &e) && e.kind == ERR_UNAVAILABLE, "nobody there: %s", e.msg);
	CHECK(unix_listen(path, 0660, 8, &l, &e), "%s %s", e.msg, e.trail);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0660, "mode %o", st.st_mode & 0777);
	CHECK((fcntl(l, F_GETFD) & FD_CLOEXEC) != 0 && (fcntl(l, F_GETFL) & O_NONBLOCK) != 0, "flags");
	CHECK(unix_connect(path, 100, &c, &e) && (fcntl(c, F_GETFD) & FD_CLOEXEC) != 0 &&
	    (fcntl(c, F_GETFL) & O_NONBLOCK) == 0, "%s", e.msg);
	CHECK(!unix_listen(path, 0600, 8, &again, &e) && e.kind == ERR_CONFLICT && strcmp(e.code, "socket_in_use") == 0, "%s", e.msg);
	(void)close(l);
	l = -1;
	CHECK(unix_listen(path, 0600, 8, &l, &e), "a stale one is replaced: %s %s", e.msg, e.trail);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600, "mode %o", st.st_mode & 0777);
	(void)unlink(path);
	(void)close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	CHECK(!unix_listen(path, 0600, 8, &again, &e) && e.kind == ERR_CONFLICT && stat(path, &st) == 0, "a file is left alone: %s", e.msg);
	(void)unlink(path);
	(void)rmdir(dir);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	CHECK(!unix_connect(longer, 100, &again, &e) && e.kind == ERR_INVALID, "%s", e.msg);
}

int
main(void)
{
	packing();
	frames();
	sockets();
	return check_done();
}
