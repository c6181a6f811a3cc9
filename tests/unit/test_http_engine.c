/* The engine on real sockets: keep-alive, uploads, ranges, event streams, aborts, stopping. */
#include "check.h"
#include "http_app.h"

#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/log.h"

static struct app app = { .lock = PTHREAD_MUTEX_INITIALIZER };
static char dir[64], portal[96], mtls[96];

/* ---- a client that says exactly what it is told ---- */

static int
dial(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static void
say(int fd, const void *p, size_t n)
{
	for (const char *s = p; n > 0; ) {
		ssize_t k = send(fd, s, n, MSG_NOSIGNAL);

		if (k <= 0)
			return;
		s += k;
		n -= (size_t)k;
	}
}

static void
says(int fd, const char *text)
{
	say(fd, text, strlen(text));
}

/* Reads until `until` octets are there, the text was seen, the peer closed or 5 s went by. */
static void
hear(int fd, struct str *in, size_t until, const char *seen)
{
	char buf[65536];

	while (in->len < until && (seen == NULL || in->len == 0 || strstr(in->p, seen) == NULL)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (poll(&p, 1, 5000) <= 0 || (n = recv(fd, buf, sizeof(buf), 0)) <= 0)
			return;
		str_add(in, buf, (size_t)n);
	}
}

struct reply {
	int		 status;
	struct str	 all;
	const char	*body;
	size_t		 body_n;
};

static void
reply_free(struct reply *r)
{
	str_free(&r->all);
}
#define OWN_REPLY __attribute__((cleanup(reply_free)))

/* One answer with a Content-Length; what is behind it is not read. */
static void
listen_to(int fd, bool head, struct reply *r)
{
	const char *end, *length;
	size_t n = 0;

	str_clear(&r->all);
	hear(fd, &r->all, SIZE_MAX, "\r\n\r\n");
	r->status = 0;
	r->body = "";
	r->body_n = 0;
	if (r->all.len < 12 || (end = strstr(r->all.p, "\r\n\r\n")) == NULL)
		return;
	r->status = atoi(r->all.p + 9);
	length = strcasestr(r->all.p, "\r\nContent-Length: ");
	if (length != NULL && length < end && !head)
		n = strtoul(length + 18, NULL, 10);
	n += (size_t)(end + 4 - r->all.p);
	hear(fd, &r->all, n, NULL);
	end = strstr(r->all.p, "\r\n\r\n");
	r->body = end + 4;
	r->body_n = r->all.len - (size_t)(r->body - r->all.p);
}

static void
ask(int fd, const char *request, struct reply *r)
{
	says(fd, request);
	listen_to(fd, str_starts(request, "HEAD"), r);
}

static bool
has(const struct reply *r, const char *header)
{
	return r->all.p != NULL && strcasestr(r->all.p, header) != NULL;
}

/* ---- */

static void
test_simple(void)
{
	OWN_FD int fd = dial(portal);
	OWN_REPLY struct reply r = { 0 };

	for (int i = 0; i < 3; i++) {		/* on one connection */
		ask(fd, "GET /api/v1/batches/12?x=1 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer good\r\n"
		    "X-Forwarded-For: 192.0.2.7\r\nX-Request-Id: 0123456789abcdef0123456789abcdef\r\n\r\n", &r);
		CHECK(r.status == 200, "%d", r.status);
		CHECK(has(&r, "X-Request-Id: 0123456789abcdef0123456789abcdef"), "the front's request id");
		CHECK(strstr(r.body, "\"remote\":\"192.0.2.7\"") != NULL, "%s", r.body);
	}
	CHECK(has(&r, "Strict-Transport-Security: ") && has(&r, "X-Content-Type-Options: nosniff") &&
	    has(&r, "Content-Security-Policy: default-src 'none'") && has(&r, "Referrer-Policy: ") &&
	    has(&r, "Cache-Control: no-store"), "security headers");
	CHECK(has(&r, "Set-Cookie: __Host-session=abc; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Strict"), "cookie");
	ask(fd, "HEAD /api/v1/echo HTTP/1.1\r\nHost: h\r\n\r\n", &r);
	CHECK(r.status == 200 && r.body_n == 0, "HEAD has no body: %zu", r.body_n);
	ask(fd, "GET /api/v1/none HTTP/1.1\r\nHost: h\r\n\r\n", &r);
	CHECK(r.status == 404 && has(&r, "application/problem+json"), "%d", r.status);
	ask(fd, "DELETE /api/v1/echo HTTP/1.1\r\nHost: h\r\n\r\n", &r);
	CHECK(r.status == 405 && has(&r, "Allow: GET, HEAD"), "%d", r.status);
	ask(fd, "GET /api/v1/me HTTP/1.1\r\nHost: h\r\n\r\n", &r);
	CHECK(r.status == 401 && has(&r, "WWW-Authenticate: Bearer"), "%d", r.status);
}

static const char order_head[] = "POST /api/v1/batches HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer good\r\n";

static void
test_json(void)
{
	static const char body[] = "{\"profile_id\":3,\"name\":\"a\",\"pkcs12_password\":\"secret\"}";
	OWN_FD int fd = dial(portal);
	OWN_REPLY struct reply r = { 0 };
	char head[512];

	(void)snprintf(head, sizeof(head), "%sContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", order_head,
	    strlen(body));
	says(fd, head);
	(void)usleep(20000);		/* the body comes after the request was admitted */
	say(fd, body, 10);
	(void)usleep(5000);
	ask(fd, body + 10, &r);
	CHECK(r.status == 201 && has(&r, "Location: /api/v1/batches/7"), "%d %s", r.status, r.body);
	CHECK(strstr(r.body, "\"password_octets\":6") != NULL, "%s", r.body);
	says(fd, head);			/* all at once, on the same connection */
	ask(fd, body, &r);
	CHECK(r.status == 201, "%d", r.status);
	(void)snprintf(head, sizeof(head), "%sContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "%zx\r\n%s\r\n0\r\n\r\n", order_head, strlen(body), body);
	ask(fd, head, &r);
	CHECK(r.status == 201, "chunked: %d", r.status);
	(void)snprintf(head, sizeof(head), "%sContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	    order_head);
	ask(fd, head, &r);
	CHECK(r.status == 400, "chunked and empty: %d", r.status);
}

static void
upload(int fd, size_t n, bool chunked, const char *order, struct reply *r)
{
	OWN_STR struct str body = { 0 }, head = { 0 };
	uint64_t sum = 0;
	char wanted[64];

	str_addf(&body, "--xYz\r\nContent-Disposition: form-data; name=\"order\"\r\n"
	    "Content-Type: application/json\r\n\r\n%s\r\n--xYz\r\n"
	    "Content-Disposition: form-data; name=\"file\"; filename=\"C:\\\\a\\modems.csv\"\r\nContent-Type: text/csv\r\n\r\n",
	    order);
	for (size_t i = 0; i < n; i++) {
		/* Many beginnings of the boundary. */
		char c = "\r\n--xY\r\r\n-a"[i * 5 % 11];

		str_addc(&body, c);
		sum = sum * 31 + (unsigned char)c;
	}
	str_adds(&body, "\r\n--xYz--\r\n");
	str_addf(&head, "%sContent-Type: multipart/form-data; boundary=\"xYz\"\r\n", order_head);
	if (chunked) {
		str_adds(&head, "Transfer-Encoding: chunked\r\n\r\n");
		says(fd, head.p);
		for (size_t off = 0; off < body.len; ) {
			size_t k = body.len - off < 7001 ? body.len - off : 7001;

			str_clear(&head);
			str_addf(&head, "%zx\r\n", k);
			str_add(&head, body.p + off, k);
			str_adds(&head, "\r\n");
			say(fd, head.p, head.len);
			off += k;
		}
		says(fd, "0\r\n\r\n");
	} else {
		str_addf(&head, "Content-Length: %zu\r\n\r\n", body.len);
		says(fd, head.p);
		say(fd, body.p, body.len);
	}
	listen_to(fd, false, r);
	(void)snprintf(wanted, sizeof(wanted), "\"file_sum\":%llu}", (unsigned long long)(sum & INT32_MAX));
	if (r->status == 201)
		CHECK(strstr(r->body, wanted) != NULL, "wanted %s in %s", wanted, r->body);
}

static size_t
spool_entries(void)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	for (struct dirent *de; (de = readdir(d)) != NULL; )
		n += de->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

static void
test_upload(void)
{
	static const char order[] = "{\"profile_id\":3,\"name\":\"a\"}";
	OWN_FD int fd = dial(portal);
	OWN_REPLY struct reply r = { 0 };
	int handled = app.handled;
	size_t files = spool_entries();

	upload(fd, 3000000, false, order, &r);
	CHECK(r.status == 201, "%d %s", r.status, r.body);
	CHECK(strstr(r.body, "\"file_name\":\"modems.csv\"") != NULL && strstr(r.body, "\"file_type\":\"text/csv\"") != NULL &&
	    strstr(r.body, "\"file_octets\":3000000") != NULL, "%s", r.body);
	upload(fd, 200001, true, order, &r);
	CHECK(r.status == 201, "chunked: %d", r.status);
	upload(fd, 0, false, order, &r);
	CHECK(r.status == 201, "an empty file: %d", r.status);
	CHECK(app.handled == handled + 3, "handled");
	upload(fd, 200000, false, "{\"profile_id\":3,\"name\":", &r);
	CHECK(r.status == 400, "a wrong order: %d", r.status);
	CHECK(spool_entries() == files, "no file was left behind");
}

static void
test_upload_wrong(void)
{
	static const struct { const char *body; int status; } cases[] = {
		{ "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n--b--\r\n", 400 },
		{ "--b\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--b--\r\n", 400 },
		{ "--b\r\nContent-Disposition: form-data; name=\"order\"\r\n\r\n{}\r\n", 400 },
		{ "--b--\r\n", 400 },
		{ "no boundary at all", 400 },
		{ "--b\r\nContent-Disposition: form-data; name=\"order\"\r\n\r\n{}\r\n--b--\r\n", 422 },
	};
	OWN_REPLY struct reply r = { 0 };
	char head[1024];

	for (size_t i = 0; i < COUNT(cases); i++) {
		OWN_FD int fd = dial(portal);

		(void)snprintf(head, sizeof(head), "%sContent-Type: multipart/form-data; boundary=b\r\nContent-Length: %zu\r\n\r\n%s",
		    order_head, strlen(cases[i].body), cases[i].body);
		ask(fd, head, &r);
		CHECK(r.status == cases[i].status, "case %zu: %d %s", i, r.status, r.body);
	}
}

/* Refused before the body is there: nobody sends 200 MB to hear a no. */
static void
test_early_refusal(void)
{
	OWN_FD int fd = dial(portal);
	OWN_REPLY struct reply r = { 0 };

	ask(fd, "POST /api/v1/batches HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=b\r\n"
	    "Content-Length: 200000000\r\n\r\n", &r);
	CHECK(r.status == 401, "%d", r.status);
	(void)close(fd);
	fd = dial(portal);
	says(fd, order_head);
	ask(fd, "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 400000000\r\n\r\n", &r);
	CHECK(r.status == 413, "%d", r.status);
}

static void
test_upload_abort(void)
{
	int fd = dial(portal), done = app.done;

	says(fd, order_head);
	says(fd, "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n"
	    "--b\r\nContent-Disposition: form-data; name=\"order\"\r\n\r\n{}\r\n"
	    "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhalf");
	(void)usleep(100000);
	(void)close(fd);
	for (int i = 0; i < 10000 && app.done == done; i++)
		(void)usleep(1000);
	/* One refused before may end only now as well. */
	CHECK(app.done > done, "the abort was seen: %d more have ended", app.done - done);
}

static void
test_download(void)
{
	static const struct { const char *range; int status; size_t from, n; } cases[] = {
		{ "", 200, 0, 1000000 },
		{ "Range: bytes=999000-\r\n", 206, 999000, 1000 },
		{ "Range: bytes=262100-600000\r\n", 206, 262100, 337901 },
		{ "Range: bytes=0-0\r\n", 206, 0, 1 },
	};
	OWN_FD int fd = dial(portal);
	OWN_REPLY struct reply r = { 0 };
	char head[256];

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t wrong = 0;

		(void)snprintf(head, sizeof(head), "GET /api/v1/download HTTP/1.1\r\nHost: h\r\n%s\r\n", cases[i].range);
		ask(fd, head, &r);
		CHECK(r.status == cases[i].status && r.body_n == cases[i].n, "case %zu: %d, %zu octets", i, r.status, r.body_n);
		for (size_t k = 0; k < r.body_n; k++)
			wrong += (unsigned char)r.body[k] != stream_octet(cases[i].from + k);
		CHECK(wrong == 0, "case %zu: %zu octets differ", i, wrong);
		CHECK(has(&r, "Accept-Ranges: bytes") && has(&r, "ETag: \"v1\"") &&
		    has(&r, "filename=\"batch__.zip\"; filename*=UTF-8''batch%20%C3%A4.zip"), "headers");
	}
	ask(fd, "HEAD /api/v1/download HTTP/1.1\r\nHost: h\r\n\r\n", &r);
	CHECK(r.status == 200 && has(&r, "Content-Length: 1000000") && r.body_n == 0, "HEAD");
	ask(fd, "GET /api/v1/download?length=0 HTTP/1.1\r\nHost: h\r\n\r\n", &r);
	CHECK(r.status == 200 && r.body_n == 0, "nothing is an answer too");
	ask(fd, "GET /api/v1/broken HTTP/1.1\r\nHost: h\r\n\r\n", &r);
	CHECK(r.status == 200 && r.body_n == 300000, "cut where it broke: %zu", r.body_n);
}

static void
test_download_abort(void)
{
	int fd = dial(portal), closed = app.closed;
	OWN_STR struct str in = { 0 };

	says(fd, "GET /api/v1/download?length=10000000000 HTTP/1.1\r\nHost: h\r\n\r\n");
	hear(fd, &in, 100000, NULL);
	CHECK(in.len >= 100000, "it began");
	(void)close(fd);
	for (int i = 0; i < 1000 && app.closed == closed; i++)
		(void)usleep(1000);
	CHECK(app.closed == closed + 1, "the stream was closed");
}

/* Eight requests that sleep 100 ms on four workers, and one beside them that a free worker answers. */
static void
test_blocking(void)
{
	OWN_REPLY struct reply r = { 0 };
	int64_t begun_ms = clock_mono_ms(), took_ms;
	int fds[8];

	for (size_t i = 0; i < COUNT(fds); i++) {
		fds[i] = dial(portal);
		says(fds[i], "GET /api/v1/slow?ms=100 HTTP/1.1\r\nHost: h\r\n\r\n");
	}
	for (size_t i = 0; i < COUNT(fds); i++) {
		listen_to(fds[i], false, &r);
		CHECK(r.status == 200, "%d", r.status);
		(void)close(fds[i]);
	}
	took_ms = clock_mono_ms() - begun_ms;
	CHECK(took_ms >= 190, "a handler sleeps: %lld ms", (long long)took_ms);
}

static struct http_events *
last_events(void)
{
	struct http_events *ev;

	(void)pthread_mutex_lock(&app.lock);
	ev = app.events[--app.events_n];
	(void)pthread_mutex_unlock(&app.lock);
	return ev;
}

static void
test_events(void)
{
	OWN_FD int fd = dial(portal);
	OWN_STR struct str in = { 0 };
	struct http_events *ev;

	says(fd, "GET /api/v1/events HTTP/1.1\r\nHost: h\r\n\r\n");
	hear(fd, &in, SIZE_MAX, "data: second\n\n");
	CHECK(strstr(in.p, "Content-Type: text/event-stream\r\n") != NULL, "type");
	CHECK(strstr(in.p, "id: 1\nevent: state\ndata: first\ndata: second\n\n") != NULL, "%s", in.p);
	ev = last_events();
	(void)usleep(10000);		/* asleep by now */
	CHECK(http_events_push(ev, NULL, NULL, "later"), "open");
	hear(fd, &in, SIZE_MAX, "data: later\n\n");
	CHECK(strstr(in.p, "\ndata: later\n\n") != NULL, "pushed");
	http_events_end(ev);
	hear(fd, &in, SIZE_MAX, "\r\n0\r\n\r\n");
	CHECK(strstr(in.p, "\r\n0\r\n\r\n") != NULL, "ended as an answer ends");
	CHECK(!http_events_push(ev, NULL, NULL, "too late"), "over");
	http_events_release(ev);
}

static void
test_events_limits(void)
{
	OWN_FD int a = dial(portal), b = dial(portal), c = dial(portal);
	OWN_STR struct str in = { 0 };
	OWN_REPLY struct reply r = { 0 };
	struct http_events *ev;
	int closed = app.events_closed;

	says(a, "GET /api/v1/events HTTP/1.1\r\nHost: h\r\n\r\n");
	hear(a, &in, SIZE_MAX, "second");
	str_clear(&in);
	says(b, "GET /api/v1/events HTTP/1.1\r\nHost: h\r\n\r\n");
	hear(b, &in, SIZE_MAX, "second");
	ask(c, "GET /api/v1/events HTTP/1.1\r\nHost: h\r\n\r\n", &r);
	CHECK(r.status == 503 && has(&r, "Retry-After: 30"), "no third: %d", r.status);
	/* A reader that does not read is let go once too much waits for it. */
	ev = last_events();
	{
		static char big[100001];
		int i = 0;

		memset(big, 'x', sizeof(big) - 1);
		while (i < 50 && http_events_push(ev, NULL, NULL, big))
			i++;
		CHECK(i < 50, "a slow reader is cut");
	}
	http_events_release(ev);
	/* One that went is noticed at the next push. */
	(void)close(a);
	a = -1;
	ev = last_events();
	for (int i = 0; i < 1000 && http_events_push(ev, NULL, NULL, "x"); i++)
		(void)usleep(1000);
	CHECK(app.events_closed > closed, "told that it went");
	http_events_release(ev);
}

static void
test_mtls(void)
{
	OWN_FD int fd = dial(mtls), plain = dial(portal);
	OWN_REPLY struct reply r = { 0 };
	static const char request[] = "GET /api/v1/echo HTTP/1.1\r\nHost: h\r\nClient-Cert: "
	    "-----BEGIN%20CERTIFICATE-----%0AMAA%2B%0AMAAB%0A-----END%20CERTIFICATE-----%0A\r\n\r\n";

	ask(fd, request, &r);
	CHECK(r.status == 200 && strstr(r.body, "\"cert\":6") != NULL, "%s", r.body);
	ask(plain, request, &r);
	CHECK(r.status == 200 && strstr(r.body, "\"cert\":0") != NULL, "only on that socket: %s", r.body);
	ask(fd, "GET /api/v1/echo HTTP/1.1\r\nHost: h\r\nClient-Cert: nonsense\r\n\r\n", &r);
	CHECK(r.status == 400, "%d", r.status);
}

/* Answers made before, and answers that another thread gives. */
static void
test_quick(void)
{
	static const struct http_pair headers[] = { { "Content-Type", "text/x-ready" }, { "ETag", "\"r\"" } };
	char path[96];
	struct http_listen at[] = { { .listener = HTTP_STATUS, .unix_path = path } };
	struct http_conf conf = { .app = &app, .mounts = app_mounts, .mounts_n = COUNT(app_mounts), .listen = at,
		.listen_n = 1, .threads = 1 };
	struct http_server *server = NULL;
	OWN_REPLY struct reply r = { 0 };
	struct err e = { 0 };
	int fd;

	(void)snprintf(path, sizeof(path), "%s/status.sock", dir);
	app.ready = http_ready_new(HTTP_STATUS, headers, COUNT(headers), "made before", 11);
	if (!CHECK(http_server_start(&conf, &server, &e), "%s", e.msg))
		return;
	fd = dial(path);
	for (int k = 0; k < 3; k++) {
		ask(fd, "GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n", &r);
		CHECK(r.status == 200 && r.body_n == 11 && memcmp(r.body, "made before", 11) == 0, "ready: %d", r.status);
		CHECK(has(&r, "Content-Type: text/x-ready") && has(&r, "ETag: \"r\"") && has(&r, "X-Content-Type-Options: nosniff"),
		    "its headers");
		CHECK(!has(&r, "X-Request-Id"), "no id of a request in an answer to many");
		ask(fd, "GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n", &r);
		CHECK(r.status == 200 && r.body_n == 5 && memcmp(r.body, "later", 5) == 0, "later: %d", r.status);
		CHECK(has(&r, "X-Request-Id"), "an answer of its own");
	}
	ask(fd, "HEAD /ready HTTP/1.1\r\nHost: localhost\r\n\r\n", &r);
	CHECK(r.status == 200 && has(&r, "Content-Length: 11"), "HEAD: %d", r.status);
	ask(fd, "GET /later?nothing=1 HTTP/1.1\r\nHost: localhost\r\n\r\n", &r);
	CHECK(r.status == 500, "a turn without an answer: %d", r.status);
	/* A client that goes away before its answer comes. */
	says(fd, "GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n");
	(void)close(fd);
	CHECK(http_server_stop(server, 2000), "stops when the turn is over");
	http_server_free(server);
	CHECK(app.ready_done == 4, "each request that gave it is over: %d", app.ready_done);
	http_ready_free(app.ready);
}

static void
test_tcp(struct http_server *server)
{
	struct http_listen wrong[] = { { .listener = HTTP_PORTAL, .address = "127.0.0.1:0" } };
	struct http_conf conf = { .app = &app, .mounts = app_mounts, .mounts_n = COUNT(app_mounts), .listen = wrong,
		.listen_n = 1, .threads = 1 };
	struct http_server *other = NULL;
	struct http_stats stats;
	struct err e = { 0 };

	CHECK(!http_server_start(&conf, &other, &e), "the portal takes no TCP");
	wrong[0].listener = HTTP_STATUS;
	wrong[0].address = "127.0.0.1";
	CHECK(!http_server_start(&conf, &other, &e), "no port");
	wrong[0].address = "[::1:80";
	CHECK(!http_server_start(&conf, &other, &e), "no address");
	wrong[0].address = "127.0.0.1:0";
	if (CHECK(http_server_start(&conf, &other, &e), "%s", e.msg))
		http_server_free(other);
	http_server_stats(server, &stats);
	CHECK(stats.requests > 20 && stats.answers_2xx > 10 && stats.answers_4xx > 5, "figures");
}

/* With a stream asleep, a download running and a handler at work. */
static void
test_stop(struct http_server *server)
{
	OWN_FD int a = dial(portal), b = dial(portal), c = dial(portal);
	OWN_STR struct str in = { 0 };
	OWN_REPLY struct reply r = { 0 };
	int64_t begun_ms;
	struct stat st;

	says(a, "GET /api/v1/events HTTP/1.1\r\nHost: h\r\n\r\n");
	hear(a, &in, SIZE_MAX, "second");
	says(b, "GET /api/v1/download?length=10000000000 HTTP/1.1\r\nHost: h\r\n\r\n");
	(void)usleep(10000);
	says(c, "GET /api/v1/slow?ms=100 HTTP/1.1\r\nHost: h\r\n\r\n");
	(void)usleep(10000);
	begun_ms = clock_mono_ms();
	CHECK(http_server_stop(server, 300), "all gone");
	CHECK(clock_mono_ms() - begun_ms < 1500, "in time");
	listen_to(c, false, &r);
	CHECK(r.status == 200, "what ran was answered: %d", r.status);
	CHECK(stat(portal, &st) != 0, "the socket is gone");
	http_server_free(server);
	CHECK(app.threads == 0, "every thread said goodbye");
	http_events_release(last_events());
}

int
main(void)
{
	struct http_listen listen_at[] = {
		{ .listener = HTTP_PORTAL, .unix_path = portal },
		{ .listener = HTTP_MTLS, .unix_path = mtls },
	};
	const struct http_conf conf = { .app = &app, .mounts = app_mounts, .mounts_n = COUNT(app_mounts), .listen = listen_at,
		.listen_n = COUNT(listen_at), .origin = "https://localhost:8443", .spool_dir = dir, .threads = 4,
		.events_max = 2, .thread_start = app_thread_start, .thread_end = app_thread_end };
	struct http_server *server;
	struct err e = { 0 };

	(void)snprintf(dir, sizeof(dir), "/tmp/http-test.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	(void)snprintf(portal, sizeof(portal), "%s/web.sock", dir);
	(void)snprintf(mtls, sizeof(mtls), "%s/web-mtls.sock", dir);
	log_init("test", LOG_ERROR_);
	secret_init();
	if (!CHECK(http_server_start(&conf, &server, &e), "%s %s", e.msg, e.trail))
		return check_done();
	CHECK(app.threads == 4, "each worker began");
	test_simple();
	test_json();
	test_upload();
	test_upload_wrong();
	test_early_refusal();
	test_upload_abort();
	test_download();
	test_download_abort();
	test_blocking();
	test_events();
	test_events_limits();
	test_mtls();
	test_quick();
	test_tcp(server);
	test_stop(server);
	(void)rmdir(dir);
	return check_done();
}
