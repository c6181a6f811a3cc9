/* The router without a socket: which row, who may, what is refused, and how errors read. */
#include "check.h"
#include "http_app.h"

#include "http/body.h"
#include "http/router.h"

static struct app app;
static struct router *router;

struct ask {
	enum http_listener	 listener;
	const char		*method, *target;
	const char		*headers[12];	/* name, value, … */
	const char		*body;
};

static json_t *last;		/* the answer's JSON, or NULL */
static char last_allow[64], last_retry[16], last_auth[64], last_half[8], last_range[64];

static void
note_headers(const struct http_res *s)
{
	static const struct { const char *name; char *to; size_t cap; } wanted[] = {
		{ "Allow", last_allow, sizeof(last_allow) }, { "Retry-After", last_retry, sizeof(last_retry) },
		{ "WWW-Authenticate", last_auth, sizeof(last_auth) }, { "X-Half", last_half, sizeof(last_half) },
		{ "Content-Range", last_range, sizeof(last_range) },
	};

	for (size_t i = 0; i < COUNT(wanted); i++) {
		wanted[i].to[0] = '\0';
		for (const struct res_header *h = s->headers; h != NULL; h = h->next)
			if (strcmp(h->name, wanted[i].name) == 0)
				(void)snprintf(wanted[i].to, wanted[i].cap, "%s", h->value);
	}
}

/* The whole way; the status. */
static int
ask(const struct ask *a)
{
	OWN(exchange_free) struct exchange *x = exchange_new(router, a->listener);
	enum step step;
	int status;

	exchange_target(x, a->target);
	exchange_method(x, a->method);
	for (size_t i = 0; i + 1 < COUNT(a->headers) && a->headers[i] != NULL; i += 2)
		exchange_header(x, a->headers[i], a->headers[i + 1]);
	if (a->body != NULL) {
		char n[24];

		(void)snprintf(n, sizeof(n), "%zu", strlen(a->body));
		exchange_header(x, "Content-Length", n);
	}
	step = router_open(x);
	if (step == STEP_ADMIT)
		step = router_admit(x);
	if (step == STEP_BODY) {
		char *copy = strdup(a->body);
		size_t n = strlen(copy);

		CHECK(body_feed(x, copy, n), "within the limit");
		CHECK(memcmp(copy, "{\"", 2) != 0, "the network's buffer was wiped");
		free(copy);
		step = router_ready(x);
	}
	if (step == STEP_HANDLE)
		router_handle(x);
	json_decref(last);
	last = x->s.kind == RES_BYTES ? json_loadb(x->s.bytes, x->s.bytes_n, 0, NULL) : NULL;
	note_headers(&x->s);
	status = x->s.status;
	router_done(x);
	return status;
}

static int
get(const char *target)
{
	return ask(&(struct ask){ HTTP_PORTAL, "GET", target, { "Authorization", "Bearer good" }, NULL });
}

static const char *
text(const char *name)
{
	const char *s = json_string_value(json_object_get(last, name));

	return s == NULL ? "(none)" : s;
}

static void
test_match(void)
{
	static const struct { const char *target; int status; const char *path; } cases[] = {
		{ "/api/v1/batches/12",		200, "/api/v1/batches/12" },
		{ "/api/v1/batches/mine",	200, "/api/v1/batches/mine" },
		{ "/api/v1/batches/%31%32",	200, "/api/v1/batches/12" },
		{ "/api/v1/batches/1000",	404, NULL },	/* not the actor's */
		{ "/api/v1/batches/abc",	404, NULL },
		{ "/api/v1/batches/012",	404, NULL },
		{ "/api/v1/batches/-1",		404, NULL },
		{ "/api/v1/batches/",		404, NULL },
		{ "/api/v1/batches/12/",	404, NULL },
		{ "/api/v1/nothing",		404, NULL },
		{ "/healthz",			404, NULL },	/* of another listener */
		{ "/api/v1/../v1/me",		400, NULL },
		{ "/api/v1/%2e%2e/v1/me",	400, NULL },
		{ "/api//v1/me",		400, NULL },
		{ "/api/v1%2fme",		400, NULL },
		{ "/api/v1%5Cme",		400, NULL },
		{ "/api/v1/batches/%00",	400, NULL },
		{ "/api/v1/batches/%zz",	400, NULL },
		{ "/api/v1/batches/%ff",	400, NULL },
		{ "/api/v1/batches/%4",		400, NULL },
		{ "*",				400, NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		int status = get(cases[i].target);

		CHECK(status == cases[i].status, "%s: %d", cases[i].target, status);
		if (cases[i].path != NULL)
			CHECK(strcmp(text("path"), cases[i].path) == 0, "%s: %s", cases[i].target, text("path"));
	}
}

static void
test_method(void)
{
	int status = ask(&(struct ask){ HTTP_PORTAL, "PUT", "/api/v1/batches/12", { NULL }, NULL });

	CHECK(status == 405, "%d", status);
	CHECK(strstr(last_allow, "GET, HEAD") != NULL && strstr(last_allow, "DELETE") != NULL, "%s", last_allow);
	status = ask(&(struct ask){ HTTP_PORTAL, "BREW", "/api/v1/me", { NULL }, NULL });
	CHECK(status == 405 && strcmp(last_allow, "GET, HEAD") == 0, "%d %s", status, last_allow);
	status = ask(&(struct ask){ HTTP_PORTAL, "HEAD", "/api/v1/echo", { NULL }, NULL });
	CHECK(status == 200, "HEAD runs the row of GET: %d", status);
	status = ask(&(struct ask){ HTTP_PORTAL, "BREW", "/none", { NULL }, NULL });
	CHECK(status == 404, "%d", status);
}

static void
test_query(void)
{
	int status = get("/api/v1/echo?a=1&b=x+y&c=%C3%A4%26&d");

	CHECK(status == 200, "%d", status);
	CHECK(strcmp(json_string_value(json_object_get(json_object_get(last, "query"), "b")), "x y") == 0, "plus");
	CHECK(strcmp(json_string_value(json_object_get(json_object_get(last, "query"), "c")), "\xc3\xa4&") == 0, "escapes");
	CHECK(strcmp(json_string_value(json_object_get(json_object_get(last, "query"), "d")), "") == 0, "no value");
	CHECK(get("/api/v1/echo?a=1&a=2") == 400, "given twice");
	CHECK(get("/api/v1/echo?a=%ff") == 400, "not UTF-8");
	CHECK(get("/api/v1/echo?a=%0a") == 400, "control character");
	CHECK(get("/api/v1/echo?") == 200, "empty query");
}

static void
test_rights(void)
{
	int status = ask(&(struct ask){ HTTP_PORTAL, "GET", "/api/v1/me", { NULL }, NULL });

	CHECK(status == 401 && str_starts(last_auth, "Bearer"), "%d %s", status, last_auth);
	CHECK(ask(&(struct ask){ HTTP_PORTAL, "GET", "/api/v1/me", { "Authorization", "Bearer bad" }, NULL }) == 401, "bad");
	CHECK(ask(&(struct ask){ HTTP_PORTAL, "GET", "/api/v1/me", { "Cookie", "a=b; __Host-session=good" }, NULL }) == 200,
	    "by cookie");
	CHECK(get("/api/v1/forbidden") == 403, "a right that is missing");
	/* Before any look at the body: */
	CHECK(ask(&(struct ask){ HTTP_PORTAL, "POST", "/api/v1/batches/5/json", { NULL }, "{" }) == 401, "401 first");
	CHECK(ask(&(struct ask){ HTTP_PORTAL, "POST", "/api/v1/batches/5000/json",
	    { "Authorization", "Bearer good", "Content-Type", "text/css" }, "{" }) == 404, "then 404");
	CHECK(ask(&(struct ask){ HTTP_PORTAL, "POST", "/api/v1/batches/5/json",
	    { "Authorization", "Bearer good", "Content-Type", "text/css" }, "{" }) == 415, "then the body");
}

static void
test_origin(void)
{
	static const struct { const char *origin, *cookie; int status; } cases[] = {
		{ "https://localhost:8443",	"__Host-session=good",	200 },
		{ "https://localhost:8444",	"__Host-session=good",	403 },
		{ "https://evil.example",	NULL,			403 },
		{ "null",			NULL,			403 },
		{ NULL,				"__Host-session=good",	403 },
		{ NULL,				NULL,			200 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ask a = { HTTP_PORTAL, "POST", "/api/v1/batches/5/empty", { "Authorization", "Bearer good" }, NULL };
		size_t n = 2;
		int status;

		if (cases[i].origin != NULL) {
			a.headers[n++] = "Origin";
			a.headers[n++] = cases[i].origin;
		}
		if (cases[i].cookie != NULL) {
			a.headers[n++] = "Cookie";
			a.headers[n++] = cases[i].cookie;
		}
		status = ask(&a);
		CHECK(status == cases[i].status, "case %zu: %d", i, status);
	}
	CHECK(ask(&(struct ask){ HTTP_PORTAL, "GET", "/api/v1/echo", { "Origin", "https://evil.example" }, NULL }) == 200,
	    "a safe method from anywhere");
}

static void
test_bodies(void)
{
	static const struct { const char *type, *body; int status; } cases[] = {
		{ "application/json",			"{\"profile_id\":1,\"name\":\"a\"}",	201 },
		{ "application/json; charset=UTF-8",	"{\"profile_id\":1,\"name\":\"a\"}",	201 },
		{ "application/json; charset=latin1",	"{\"profile_id\":1,\"name\":\"a\"}",	415 },
		{ "application/jsonx",			"{\"profile_id\":1,\"name\":\"a\"}",	415 },
		{ "text/plain",				"{\"profile_id\":1,\"name\":\"a\"}",	415 },
		{ NULL,					"{\"profile_id\":1,\"name\":\"a\"}",	415 },
		{ "application/json",			"{\"profile_id\":1,\"name\":\"a\"",	400 },
		{ "application/json",			"{\"profile_id\":1,\"profile_id\":1}",	400 },
		{ "application/json",			"[]",					400 },
		{ "application/json",			"{\"profile_id\":0,\"name\":\"a\"}",	422 },
		{ "application/json",			"{\"profile_id\":1,\"name\":\"a\",\"x\":1}", 422 },
		{ "multipart/form-data; boundary=b",	"{\"profile_id\":1,\"name\":\"a\"}",	415 },
	};
	static const struct { const char *body; int status; } none[] = {
		{ "{}", 200 }, { " { } ", 200 }, { "{\"a\":1}", 400 }, { "{", 400 }, { "[]", 400 }, { "a=b", 400 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ask a = { HTTP_PORTAL, "POST", "/api/v1/batches/5/json", { "Authorization", "Bearer good" },
			cases[i].body };
		int status;

		if (cases[i].type != NULL) {
			a.headers[2] = "Content-Type";
			a.headers[3] = cases[i].type;
		}
		status = ask(&a);
		CHECK(status == cases[i].status, "case %zu: %d %s", i, status, text("detail"));
	}
	CHECK(ask(&(struct ask){ HTTP_PORTAL, "POST", "/api/v1/batches/5/json", { "Authorization", "Bearer good" }, NULL }) ==
	    400, "a body is needed");
	for (size_t i = 0; i < COUNT(none); i++) {
		struct ask a = { HTTP_PORTAL, "POST", "/api/v1/batches/5/empty", { "Authorization", "Bearer good" }, none[i].body };

		CHECK(ask(&a) == none[i].status, "where no body is taken: %s", none[i].body);
		a.target = "/api/v1/batches/5000/empty";
		CHECK(ask(&a) == 404, "404 before %s", none[i].body);
	}
	CHECK(ask(&(struct ask){ HTTP_PORTAL, "GET", "/api/v1/me", { "Authorization", "Bearer good" }, "{}" }) == 400,
	    "GET takes none at all");
	CHECK(ask(&(struct ask){ HTTP_PORTAL, "POST", "/api/v1/batches/5/empty", { "Authorization", "Bearer good",
	    "Content-Length", "1025" }, NULL }) == 413, "nor a large one");
	CHECK(ask(&(struct ask){ HTTP_PORTAL, "POST", "/api/v1/batches/5/json", { "Authorization", "Bearer good",
	    "Content-Type", "application/json", "Content-Length", "1025" }, NULL }) == 413, "over the row's limit");
	CHECK(ask(&(struct ask){ HTTP_PORTAL, "POST", "/api/v1/batches/5/file", { "Authorization", "Bearer good",
	    "Content-Type", "multipart/form-data; boundary=b", "Content-Length", "630194177" }, NULL }) == 413,
	    "an upload over what is configured");
	CHECK(strstr(text("detail"), "630194176") != NULL, "as much as is configured, and a mebibyte: %s", text("detail"));
	CHECK(ask(&(struct ask){ HTTP_STATUS, "POST", "/ocsp", { "Content-Type", "application/ocsp-request" }, "xyz" }) == 200,
	    "the mount's own type");
	CHECK(ask(&(struct ask){ HTTP_STATUS, "POST", "/ocsp", { "Content-Type", "application/json" }, "xyz" }) == 415,
	    "and only that");
}

static void
test_limits(void)
{
	static char target[TARGET_MAX + 10] = "/api/v1/echo?a=", value[50 * 1024];

	memset(target + strlen(target), 'a', sizeof(target) - 1 - strlen(target));
	CHECK(get(target) == 414, "a target too long");
	target[TARGET_MAX] = '\0';
	CHECK(get(target) == 200, "the longest one");
	memset(value, 'v', sizeof(value) - 1);
	CHECK(ask(&(struct ask){ HTTP_PORTAL, "GET", "/api/v1/echo", { "X-Long", value }, NULL }) == 431, "headers too long");
	CHECK(ask(&(struct ask){ HTTP_PORTAL, "GET", "/api/v1/me",
	    { "Authorization", "Bearer good", "authorization", "Bearer bad" }, NULL }) == 400, "a header twice");
	CHECK(ask(&(struct ask){ HTTP_PORTAL, "POST", "/api/v1/batches/5/empty",
	    { "Content-Length", "0", "Transfer-Encoding", "chunked" }, NULL }) == 400, "two framings");
}

static void
test_problems(void)
{
	static const struct { const char *kind; int status; const char *retry; } cases[] = {
		{ "malformed", 400, "" }, { "invalid", 422, "" }, { "unauthenticated", 401, "" }, { "forbidden", 403, "" },
		{ "not_found", 404, "" }, { "conflict", 409, "" }, { "too_large", 413, "" }, { "limit", 429, "60" },
		{ "retry", 503, "1" }, { "unavailable", 503, "1" }, { "internal", 500, "" },
	};
	json_t *errors;

	for (size_t i = 0; i < COUNT(cases); i++) {
		char target[64];
		int status;

		(void)snprintf(target, sizeof(target), "/api/v1/fail/%s", cases[i].kind);
		status = get(target);
		CHECK(status == cases[i].status, "%s: %d", cases[i].kind, status);
		CHECK(json_integer_value(json_object_get(last, "status")) == status, "status in the body");
		CHECK(strcmp(last_retry, cases[i].retry) == 0, "%s: Retry-After %s", cases[i].kind, last_retry);
		CHECK(strlen(text("request_id")) == 32, "request id");
		CHECK(last_half[0] == '\0', "headers of the half-made answer are gone");
		if (status == 500)
			CHECK(strstr(text("detail"), "caller") == NULL && strcmp(text("type"), "urn:certmill:problem:internal") == 0,
			    "nothing leaks: %s", text("detail"));
		else
			CHECK(strcmp(text("detail"), "what the caller may read") == 0 &&
			    strcmp(text("type"), "urn:certmill:problem:test_code") == 0, "%s", text("detail"));
	}
	(void)ask(&(struct ask){ HTTP_PORTAL, "POST", "/api/v1/batches", { "Authorization", "Bearer good", "Content-Type",
	    "application/json" }, "{\"profile_id\":\"x\",\"nam\":1,\"pkcs12_password\":\"\"}" });
	errors = json_object_get(last, "errors");
	CHECK(json_array_size(errors) == 4, "all faults at once: %zu", json_array_size(errors));
	CHECK(json_is_null(json_object_get(json_array_get(errors, 0), "line")), "no line");
	CHECK(strcmp(json_string_value(json_object_get(json_array_get(errors, 0), "field")), "profile_id") == 0, "field");
}

static void
test_ranges(void)
{
	static const struct { const char *range, *if_range; int status; const char *content_range; } cases[] = {
		{ "bytes=0-0",		NULL,		206, "bytes 0-0/1000" },
		{ "bytes=10-",		NULL,		206, "bytes 10-999/1000" },
		{ "bytes=-10",		NULL,		206, "bytes 990-999/1000" },
		{ "bytes=-5000",	NULL,		206, "bytes 0-999/1000" },
		{ "bytes=990-5000",	"\"v1\"",	206, "bytes 990-999/1000" },
		{ "bytes=990-5000",	"\"v2\"",	200, "" },
		{ "bytes=1000-",	NULL,		416, "bytes */1000" },
		{ "bytes=-0",		NULL,		416, "bytes */1000" },
		{ "bytes=5-4",		NULL,		200, "" },
		{ "bytes=0-1,5-6",	NULL,		200, "" },
		{ "bytes=a-b",		NULL,		200, "" },
		{ "items=0-1",		NULL,		200, "" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ask a = { HTTP_PORTAL, "GET", "/api/v1/download?length=1000", { "Range", cases[i].range }, NULL };
		int before = app.started, status;

		if (cases[i].if_range != NULL) {
			a.headers[2] = "If-Range";
			a.headers[3] = cases[i].if_range;
		}
		status = ask(&a);
		CHECK(status == cases[i].status, "%s: %d", cases[i].range, status);
		CHECK(strcmp(last_range, cases[i].content_range) == 0, "%s: %s", cases[i].range, last_range);
		CHECK(app.started - before == (status == 416 ? 0 : 1), "%s: starts", cases[i].range);
		a.method = "HEAD";
		(void)ask(&a);
		CHECK(app.started - before == (status == 416 ? 0 : 1), "HEAD starts nothing");
	}
	CHECK(app.started > 0 && app.closed == 2 * (int)COUNT(cases), "each stream was closed once: %d", app.closed);
}

/* Without nginx to blank them: what speaks for a front reaches no handler. */
static void
test_pretended(void)
{
	static const char *const members[] = { "client_cert", "forwarded", "x_ssl", "forwarded_host" };
	int status = ask(&(struct ask){ HTTP_PORTAL, "GET", "/api/v1/echo", { "Client-Cert", "x", "Forwarded", "x",
	    "X-SSL-Client-S-DN", "x", "X-Forwarded-Host", "x", "X-Forwarded-For", "192.0.2.1" }, NULL });

	CHECK(status == 200 && strcmp(text("remote"), "192.0.2.1") == 0, "%d", status);
	for (size_t i = 0; i < COUNT(members); i++)
		CHECK(json_is_null(json_object_get(last, members[i])), "%s", members[i]);
}

static void
test_status_listener(void)
{
	CHECK(ask(&(struct ask){ HTTP_STATUS, "GET", "/ocsp/MFEw%2FA//..", { NULL }, NULL }) == 200, "the raw rest");
	CHECK(ask(&(struct ask){ HTTP_STATUS, "GET", "/crl/ab12.crl", { NULL }, NULL }) == 200, "suffix");
	CHECK(ask(&(struct ask){ HTTP_STATUS, "GET", "/crl/.crl", { NULL }, NULL }) == 404, "empty parameter");
	CHECK(ask(&(struct ask){ HTTP_STATUS, "GET", "/crl/ab/3.crl", { NULL }, NULL }) == 200, "shard");
	CHECK(ask(&(struct ask){ HTTP_STATUS, "GET", "/quick", { NULL }, NULL }) == 200, "in the network thread");
	CHECK(ask(&(struct ask){ HTTP_STATUS, "GET", "/api/v1/echo", { NULL }, NULL }) == 404, "not of this listener");
	CHECK(ask(&(struct ask){ HTTP_STATUS, "POST", "/ocsp/abc", { NULL }, NULL }) == 405, "method");
}

int
main(void)
{
	const struct http_conf conf = { .app = &app, .mounts = app_mounts, .mounts_n = COUNT(app_mounts),
		.origin = "https://localhost:8443", .spool_dir = "/tmp", .upload_max = 600 * MIB, .threads = 1, .events_max = 2 };

	json_init();
	secret_init();
	router = router_new(&conf);
	test_match();
	test_method();
	test_query();
	test_rights();
	test_origin();
	test_bodies();
	test_limits();
	test_problems();
	test_ranges();
	test_pretended();
	test_status_listener();
	json_decref(last);
	router_free(router);
	return check_done();
}
