/*
 * The generated nginx before the engine, with other people's client (libcurl): HTTP/2, client certificates,
 * blanked headers, nginx's own errors, uploads, ranges, event streams, a dead daemon.  Needs nginx and openssl.
 */
#include "check.h"
#include "http_app.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/log.h"
#include "cmd/serve/nginx_conf.h"
#include "cmd/serve/preflight.h"

static struct app app = { .lock = PTHREAD_MUTEX_INITIALIZER };
static char dir[64];
static int ports[4];

static void __attribute__((format(printf, 1, 2)))
shell(const char *fmt, ...)
{
	char command[2048], all[2200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	(void)snprintf(all, sizeof(all), "cd %s && { %s; } >/dev/null 2>&1", dir, command);
	CHECK(system(all) == 0, "%s", command);
}

/* Ports that are free now. */
static void
pick_ports(void)
{
	int fds[COUNT(ports)];

	for (size_t i = 0; i < COUNT(ports); i++) {
		struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		socklen_t n = sizeof(sin);

		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		(void)bind(fds[i], (const struct sockaddr *)&sin, sizeof(sin));
		(void)getsockname(fds[i], (struct sockaddr *)&sin, &n);
		ports[i] = ntohs(sin.sin_port);
	}
	for (size_t i = 0; i < COUNT(ports); i++)
		(void)close(fds[i]);
}

static void
make_files(void)
{
	static const char key[] = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
	char path[128];
	FILE *f;

	/* nginx's workers are another user when we are root. */
	(void)chmod(dir, 0755);
	shell("mkdir -p tls run web/assets && openssl req -x509 %s -keyout tls/server.key -out tls/server.pem -subj /CN=localhost "
	    "-addext subjectAltName=DNS:localhost -days 2", key);
	shell("openssl req -x509 %s -keyout good.key -out good.pem -subj /CN=good -days 2", key);
	shell("openssl req %s -keyout old.key -out old.csr -subj /CN=old && "
	    "openssl x509 -req -in old.csr -signkey old.key -days -1 -out old.pem", key);
	shell("echo '<!doctype html>' > web/index.html; echo 'x=1' > web/assets/a-1.js; gzip -k web/assets/a-1.js");
	(void)snprintf(path, sizeof(path), "%s/certmill.conf", dir);
	f = fopen(path, "w");
	(void)fprintf(f, "[listen]\nportal = 127.0.0.1:%d\nmtls = 127.0.0.1:%d\npublic = 127.0.0.1:%d\nops = 127.0.0.1:%d\n"
	    "[web]\nstatic_dir = web\nupload_max = 4M\n[signer]\nconfig = off\n[nginx]\nworkers = 1\nconnections = 200\n",
	    ports[0], ports[1], ports[2], ports[3]);
	(void)fclose(f);
}

/* ---- the client ---- */

struct reply {
	long		 status, version;
	struct str	 head, body;
};

static size_t
collect(char *p, size_t size, size_t n, void *arg)
{
	str_add(arg, p, size * n);
	return size * n;
}

static void
reply_free(struct reply *r)
{
	str_free(&r->head);
	str_free(&r->body);
}
#define OWN_REPLY __attribute__((cleanup(reply_free)))

struct ask {
	const char	*method;	/* NULL: GET */
	int		 port;		/* index */
	const char	*path;
	const char	*headers[6];
	const char	*cert;		/* "good": good.pem, good.key */
	const char	*body;
	size_t		 upload;	/* octets of a file in a multipart order */
	bool		 http1, verbatim;
};

static void
perform(const struct ask *a, struct reply *r)
{
	CURL *c = curl_easy_init();
	struct curl_slist *list = NULL;
	curl_mime *mime = NULL;
	char url[9000], cert[128], key[128], ca[128], *file = NULL;
	CURLcode rc;

	str_clear(&r->head);
	str_clear(&r->body);
	(void)snprintf(url, sizeof(url), "%s://localhost:%d%s", a->port < 2 ? "https" : "http", ports[a->port], a->path);
	(void)snprintf(ca, sizeof(ca), "%s/tls/server.pem", dir);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_CAINFO, ca);
	curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, 10000L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, a->http1 ? (long)CURL_HTTP_VERSION_1_1 : (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(c, CURLOPT_PATH_AS_IS, a->verbatim ? 1L : 0L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &r->body);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, collect);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, &r->head);
	for (size_t i = 0; i < COUNT(a->headers) && a->headers[i] != NULL; i++)
		list = curl_slist_append(list, a->headers[i]);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
	if (a->cert != NULL) {
		(void)snprintf(cert, sizeof(cert), "%s/%s.pem", dir, a->cert);
		(void)snprintf(key, sizeof(key), "%s/%s.key", dir, a->cert);
		curl_easy_setopt(c, CURLOPT_SSLCERT, cert);
		curl_easy_setopt(c, CURLOPT_SSLKEY, key);
	}
	if (a->upload > 0) {
		curl_mimepart *part;

		mime = curl_mime_init(c);
		part = curl_mime_addpart(mime);
		curl_mime_name(part, "order");
		curl_mime_data(part, a->body, CURL_ZERO_TERMINATED);
		part = curl_mime_addpart(mime);
		curl_mime_name(part, "file");
		curl_mime_filename(part, "modems.csv");
		file = calloc(1, a->upload);
		curl_mime_data(part, file, a->upload);
		curl_easy_setopt(c, CURLOPT_MIMEPOST, mime);
	} else if (a->body != NULL)
		curl_easy_setopt(c, CURLOPT_COPYPOSTFIELDS, a->body);
	if (a->method != NULL)
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, a->method);
	rc = curl_easy_perform(c);
	CHECK(rc == CURLE_OK, "%s: %s", a->path, curl_easy_strerror(rc));
	r->status = r->version = 0;
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &r->status);
	curl_easy_getinfo(c, CURLINFO_HTTP_VERSION, &r->version);
	curl_slist_free_all(list);
	curl_mime_free(mime);
	curl_easy_cleanup(c);
	free(file);
	str_adds(&r->head, "");
	str_adds(&r->body, "");
}

static bool
says(const struct reply *r, const char *part)
{
	return strcasestr(r->head.p, part) != NULL || (r->body.p != NULL && strstr(r->body.p, part) != NULL);
}

#define GOOD "Authorization: Bearer good"

/* ---- */

static void
test_headers(void)
{
	OWN_REPLY struct reply r = { 0 };

	perform(&(struct ask){ .path = "/api/v1/echo?a=1", .headers = { "Client-Cert: evil", "X-SSL-Client-S-DN: evil",
	    "Forwarded: for=evil", "X-Forwarded-Host: evil", "X-Forwarded-For: 203.0.113.9", "X-Request-Id: evil" } }, &r);
	CHECK(r.status == 200 && r.version == CURL_HTTP_VERSION_2_0, "%ld", r.status);
	CHECK(!says(&r, "evil") && says(&r, "\"remote\":\"127.0.0.1\"") && says(&r, "\"cert\":0"), "%s", r.body.p);
	CHECK(says(&r, "x-request-id: ") && !says(&r, "nginx/") && says(&r, "strict-transport-security"), "%s", r.head.p);
	perform(&(struct ask){ .path = "/api/v1/echo", .port = 1, .headers = { "Client-Cert: evil" } }, &r);
	CHECK(r.status == 200 && says(&r, "\"cert\":0") && says(&r, "\"listener\":2"), "%s", r.body.p);
	perform(&(struct ask){ .path = "/api/v1/echo", .port = 1, .cert = "good" }, &r);
	CHECK(r.status == 200 && !says(&r, "\"cert\":0"), "%s", r.body.p);
	perform(&(struct ask){ .path = "/api/v1/batches/5/json", .port = 1, .cert = "old", .body = "{\"profile_id\":1,\"name\":\"a\"}",
	    .headers = { GOOD, "Content-Type: application/json" } }, &r);
	CHECK(r.status == 201, "an expired one is the daemon's to judge, with method and body: %ld %s", r.status, r.body.p);
	perform(&(struct ask){ .path = "/api/v1/echo", .cert = "good" }, &r);
	CHECK(r.status == 200 && says(&r, "\"cert\":0"), "the portal asks for none");
}

static void
test_static(void)
{
	static const struct { const char *path; long status; const char *part; } cases[] = {
		{ "/",			200, "cache-control: no-cache" },
		{ "/batches/7",		200, "<!doctype html>" },
		{ "/index.html",	200, "etag: " },
		{ "/assets/a-1.js",	200, "cache-control: public, max-age=31536000, immutable" },
		{ "/assets/a-2.js",	404, "application/problem+json" },
		{ "/assets/",		404, "application/problem+json" },
		{ "/none.png",		404, "\"code\":\"not_found\"" },
		{ "/api",		404, "application/problem+json" },
		{ "/api/v1/none",	404, "\"code\":\"not_found\"" },
	};
	OWN_REPLY struct reply r = { 0 };

	for (size_t i = 0; i < COUNT(cases); i++) {
		perform(&(struct ask){ .path = cases[i].path }, &r);
		CHECK(r.status == cases[i].status && says(&r, cases[i].part), "%s: %ld %s%s", cases[i].path, r.status, r.head.p, r.body.p);
		CHECK(says(&r, "content-security-policy: ") && says(&r, "x-request-id: ") && says(&r, "nosniff"), "%s", cases[i].path);
	}
	perform(&(struct ask){ .path = "/assets/a-1.js", .headers = { "Accept-Encoding: gzip" } }, &r);
	CHECK(says(&r, "content-encoding: gzip"), "%s", r.head.p);
	perform(&(struct ask){ .path = "/", .method = "POST" }, &r);
	CHECK(r.status == 405 && says(&r, "allow: GET, HEAD") && says(&r, "\"code\":\"method\""), "%ld", r.status);
}

static void
test_limits(void)
{
	static char target[9000] = "/api/v1/echo?a=", header[70000] = "X-Long: ";
	OWN_REPLY struct reply r = { 0 };

	memset(target + strlen(target), 'a', 8500);
	perform(&(struct ask){ .path = target }, &r);
	CHECK(r.status == 414 && says(&r, "\"code\":\"target_too_long\""), "%ld", r.status);
	memset(header + strlen(header), 'a', 69000);
	perform(&(struct ask){ .path = "/api/v1/echo", .http1 = true, .headers = { header } }, &r);
	CHECK(r.status == 431 && says(&r, "\"code\":\"headers_too_large\""), "%ld", r.status);
	perform(&(struct ask){ .path = "/api/v1/batches", .upload = 6000000, .body = "{}", .headers = { GOOD } }, &r);
	CHECK(r.status == 413 && says(&r, "\"code\":\"body_too_large\""), "%ld %s", r.status, r.body.p);
	perform(&(struct ask){ .path = "/api/v1/me" }, &r);
	CHECK(r.status == 401 && says(&r, "www-authenticate: Bearer"), "%ld", r.status);
	perform(&(struct ask){ .path = "/x/../api/v1/echo", .verbatim = true }, &r);
	CHECK(r.status == 400, "%ld", r.status);
	perform(&(struct ask){ .path = "/healthz" }, &r);
	CHECK(!says(&r, "ok\n"), "not on the portal");
}

static void
test_bodies(void)
{
	OWN_REPLY struct reply r = { 0 };

	perform(&(struct ask){ .path = "/api/v1/batches", .upload = 4000000, .body = "{\"profile_id\":1,\"name\":\"a\"}",
	    .headers = { GOOD } }, &r);
	CHECK(r.status == 201 && says(&r, "\"file_octets\":4000000") && says(&r, "location: /api/v1/batches/7"), "%ld %s", r.status,
	    r.body.p);
	/* The refusal comes before the body has gone over, and must not be lost in the closing of the connection. */
	for (int i = 0; i < 10; i++) {
		perform(&(struct ask){ .path = "/api/v1/batches", .upload = 4000000, .body = "{}", .http1 = i % 2 == 0 }, &r);
		CHECK(r.status == 401 && str_ends(r.body.p, "}"), "%ld %s", r.status, r.body.p);
	}
	perform(&(struct ask){ .path = "/api/v1/download?length=3000000", .headers = { "Range: bytes=2999000-" } }, &r);
	CHECK(r.status == 206 && r.body.len == 1000 && (unsigned char)r.body.p[999] == stream_octet(2999999), "%ld", r.status);
	perform(&(struct ask){ .path = "/api/v1/download?length=3000000" }, &r);
	CHECK(r.status == 200 && r.body.len == 3000000 && (unsigned char)r.body.p[1234567] == stream_octet(1234567), "%ld", r.status);
}

static void
test_public_and_ops(void)
{
	static const struct { int port; const char *path; long status; const char *part; } cases[] = {
		{ 2, "/ocsp/MFEw%2FA//b%3D",	200, "MFEw%2FA//b%3D" },
		{ 2, "/ocsp/../api/v1/echo",	404, "" },
		{ 2, "/x/../ocsp",		400, "problem" },
		{ 2, "/crl/ab.crl",		200, "\"listener\":8" },
		{ 2, "/api/v1/echo",		404, "problem" },
		{ 2, "/",			404, "problem" },
		{ 3, "/healthz",		200, "ok" },
		{ 3, "/api/v1/echo",		404, "problem" },
	};
	OWN_REPLY struct reply r = { 0 };

	for (size_t i = 0; i < COUNT(cases); i++) {
		perform(&(struct ask){ .port = cases[i].port, .path = cases[i].path, .verbatim = true }, &r);
		CHECK(r.status == cases[i].status && says(&r, cases[i].part), "%s: %ld %s", cases[i].path, r.status, r.body.p);
	}
}

/* Reads until the first event, then goes. */
static size_t
until_event(char *p, size_t size, size_t n, void *arg)
{
	struct str *s = arg;

	str_add(s, p, size * n);
	return strstr(s->p, "data: second\n\n") != NULL ? 0 : size * n;
}

static void
test_events(void)
{
	OWN_STR struct str got = { 0 };
	CURL *c = curl_easy_init();
	char url[128];
	int closed = app.events_closed;

	(void)snprintf(url, sizeof(url), "https://localhost:%d/api/v1/events", ports[0]);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, until_event);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &got);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, 5000L);
	CHECK(curl_easy_perform(c) == CURLE_WRITE_ERROR, "an event at once");
	curl_easy_cleanup(c);
	for (int i = 0; i < 1000 && http_events_push(app.events[0], NULL, NULL, "x"); i++)
		(void)usleep(1000);
	CHECK(app.events_closed == closed + 1, "the stream ends when the client has gone");
	http_events_release(app.events[0]);
}

static void
test_down(void)
{
	OWN_REPLY struct reply r = { 0 };

	perform(&(struct ask){ .path = "/api/v1/echo" }, &r);
	CHECK(r.status == 503 && says(&r, "retry-after: ") && says(&r, "\"code\":\"unavailable\""), "%ld %s", r.status, r.body.p);
	perform(&(struct ask){ .path = "/api/v1/batches", .upload = 4000000, .body = "{}", .headers = { GOOD } }, &r);
	CHECK(r.status == 503, "a large body is no 413 then: %ld %s", r.status, r.body.p);
	perform(&(struct ask){ .path = "/" }, &r);
	CHECK(r.status == 200, "the page stays");
}

static pid_t
start_nginx(const struct config *c)
{
	const char *const *argv = nginx_argv(c);
	pid_t pid = fork();

	if (pid == 0) {
		(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	return pid;
}

static void
test_refused_config(struct config *c)
{
	struct err e = { 0 };
	const char *web = c->web.static_dir;

	c->web.static_dir = "/tmp/a b;";
	CHECK(!nginx_conf_write(c, &e) && strstr(e.msg, "/tmp/a b;") != NULL, "%s", e.msg);
	c->web.static_dir = web;
	shell("mv tls/server.key tls/kept; echo wrong > tls/server.key");
	CHECK(nginx_conf_write(c, &e) && !nginx_conf_test(c, &e) && strstr(e.msg, "certificate key") != NULL, "%s", e.msg);
	shell("mv tls/kept tls/server.key");
	CHECK(!preflight_ports(c, &e) && strstr(e.msg, "in use") != NULL, "the ports are taken: %s", e.msg);
}

/* An ordinary user's PATH on Debian has no sbin folder, where nginx is. */
static void
test_ordinary_path(const struct config *c)
{
	char *kept = strdup(getenv("PATH"));
	struct err e = { 0 };

	(void)setenv("PATH", "/usr/bin:/bin", 1);
	CHECK(nginx_conf_test(c, &e), "%s", e.msg);
	(void)setenv("PATH", kept, 1);
	free(kept);
}

static void
run_all(struct config *c)
{
	const struct http_listen at[] = {
		{ .listener = HTTP_PORTAL, .unix_path = c->web.socket, .group = nginx_socket_group(c) },
		{ .listener = HTTP_MTLS, .unix_path = c->web.mtls_socket, .group = nginx_socket_group(c) },
		{ .listener = HTTP_STATUS, .unix_path = c->status.socket, .group = nginx_socket_group(c) },
		{ .listener = HTTP_OPS, .unix_path = c->web.ops_socket, .group = nginx_socket_group(c) },
	};
	const struct http_conf conf = { .app = &app, .mounts = app_mounts, .mounts_n = COUNT(app_mounts), .listen = at,
		.listen_n = COUNT(at), .origin = c->instance.origin, .spool_dir = dir, .threads = 4, .events_max = 8 };
	struct http_server *server;
	struct err e = { 0 };
	pid_t pid;

	if (!CHECK(nginx_conf_write(c, &e) && nginx_conf_test(c, &e) && http_server_start(&conf, &server, &e), "%s", e.msg))
		return;
	test_ordinary_path(c);
	pid = start_nginx(c);
	for (int i = 0; i < 500 && preflight_ports(c, &e); i++)
		(void)usleep(10000);
	test_headers();
	test_static();
	test_limits();
	test_bodies();
	test_public_and_ops();
	test_events();
	test_refused_config(c);
	CHECK(http_server_stop(server, 2000), "stopped");
	http_server_free(server);
	test_down();
	(void)kill(pid, SIGTERM);
	(void)waitpid(pid, NULL, 0);
}

int
main(void)
{
	OWN(config_free) struct config *c = NULL;
	char path[128];
	struct err e = { 0 };

	(void)snprintf(dir, sizeof(dir), "/tmp/http-front.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	log_init("test", LOG_ERROR_);
	secret_init();
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	pick_ports();
	make_files();
	(void)snprintf(path, sizeof(path), "%s/certmill.conf", dir);
	if (CHECK(config_read(path, &c, &e), "%s", e.msg))
		run_all(c);
	(void)snprintf(path, sizeof(path), "rm -rf %s", dir);
	CHECK(system(path) == 0, "%s", path);
	return check_done();
}
