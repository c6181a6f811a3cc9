#include "http/exchange.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "http/json.h"
#include "http/router.h"

void
res_init(struct http_res *s, const struct http_req *q, struct events_set *events)
{
	*s = (struct http_res){ .q = q, .arena = q->arena, .faults = { .arena = q->arena }, .events_set = events };
	s->headers_end = &s->headers;
}

void
res_drop(struct http_res *s)
{
	if (s->kind == RES_BYTES && s->done != NULL)
		s->done(s->done_arg);
	if (s->kind == RES_STREAM && s->stream.close != NULL)
		s->stream.close(s->stream.arg);
	if (s->kind == RES_EVENTS)
		events_gone(s->events);
	s->kind = RES_NONE;
	s->status = 0;
	s->done = NULL;
	s->ready = NULL;
	s->events = NULL;
	s->headers = NULL;
	s->headers_end = &s->headers;
}

void
res_clear(struct http_res *s)
{
	res_drop(s);
}

struct faults *
http_faults(struct http_res *s)
{
	return &s->faults;
}

/* A header value is one line: whatever could begin another becomes a blank. */
static const char *
one_line(struct arena *a, const char *value)
{
	char *v = arena_strdup(a, value);

	for (char *p = v; p != NULL && *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	return v;
}

void
http_set(struct http_res *s, const char *name, const char *value)
{
	struct res_header *h = ARENA_NEW(s->arena, struct res_header);

	if (h == NULL || (h->name = arena_strdup(s->arena, name)) == NULL ||
	    (h->value = one_line(s->arena, value)) == NULL)
		return;
	*s->headers_end = h;
	s->headers_end = &h->next;
}

void
http_setf(struct http_res *s, const char *name, const char *fmt, ...)
{
	char value[4096];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	http_set(s, name, value);
}

/* A new body takes the place of the one before; headers set by hand stay. */
static void
begin_body(struct http_res *s, int status, enum res_kind kind, const char *type)
{
	struct res_header *kept = s->headers, **end = s->headers_end;
	bool had = kept != NULL;

	res_drop(s);
	if (had) {
		s->headers = kept;
		s->headers_end = end;
	}
	s->status = status;
	s->kind = kind;
	if (type != NULL) {
		for (struct res_header *h = s->headers; h != NULL; h = h->next)
			if (strcasecmp(h->name, "Content-Type") == 0) {
				h->value = one_line(s->arena, type);
				return;
			}
		http_set(s, "Content-Type", type);
	}
}

bool
http_json(struct http_res *s, int status, json_t *v)
{
	char *text = v == NULL ? NULL : json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);

	json_decref(v);
	if (text == NULL) {
		struct err e = { 0 };

		(void)err_set(&e, ERR_INTERNAL, "internal", "an answer could not be encoded");
		problem_from_err(s, s->q, &e);
		return true;
	}
	begin_body(s, status, RES_BYTES, "application/json");
	s->bytes = text;
	s->bytes_n = strlen(text);
	s->done = free;
	s->done_arg = text;
	return true;
}

bool
http_empty(struct http_res *s, int status)
{
	begin_body(s, status, RES_BYTES, NULL);
	s->bytes = "";
	s->bytes_n = 0;
	return true;
}

bool
http_redirect(struct http_res *s, int status, const char *location)
{
	http_set(s, "Location", location);
	return http_empty(s, status);
}

bool
http_bytes(struct http_res *s, int status, const char *type, const void *p, size_t n)
{
	void *copy = malloc(n + 1);

	if (copy == NULL)
		abort();
	memcpy(copy, p, n);
	return http_bytes_from(s, status, type, copy, n, free, copy);
}

bool
http_bytes_from(struct http_res *s, int status, const char *type, const void *p, size_t n, void (*done)(void *),
    void *arg)
{
	begin_body(s, status, RES_BYTES, type);
	s->bytes = p;
	s->bytes_n = n;
	s->done = done;
	s->done_arg = arg;
	return true;
}

bool
http_ready(struct http_res *s, struct http_ready *ready, void (*done)(void *), void *arg)
{
	(void)http_bytes_from(s, 200, NULL, ready->bytes, ready->n, done, arg);
	s->ready = ready;
	return true;
}

bool
http_later(struct http_res *s, void (*begin)(void *, struct http_turn *), void *arg)
{
	begin_body(s, 0, RES_LATER, NULL);
	s->later = begin;
	s->later_arg = arg;
	return true;
}

bool
http_stream(struct http_res *s, const char *type, const struct http_stream *stream)
{
	begin_body(s, 200, RES_STREAM, type);
	s->stream = *stream;
	s->stream_from = 0;
	s->stream_n = stream->length;
	http_set(s, "Accept-Ranges", "bytes");
	if (stream->etag != NULL)
		http_set(s, "ETag", stream->etag);
	return true;
}

void
http_attachment(struct http_res *s, const char *file_name)
{
	char plain[129];
	struct str ext = { 0 };
	bool same = true;
	size_t n = 0;

	for (const char *p = file_name; *p != '\0' && n < sizeof(plain) - 1; p++) {
		bool ok = isalnum((unsigned char)*p) || strchr("-_.", *p) != NULL;

		/* One mark for a whole UTF-8 sequence. */
		if (((unsigned char)*p & 0xc0) == 0x80)
			continue;
		ok = ok && !(n == 0 && *p == '.');
		same = same && ok;
		plain[n++] = ok ? *p : '_';
	}
	plain[n] = '\0';
	if (n == 0)
		(void)snprintf(plain, sizeof(plain), "download");
	if (same) {
		http_setf(s, "Content-Disposition", "attachment; filename=\"%s\"", plain);
		return;
	}
	for (const char *p = file_name; *p != '\0' && ext.len < 1024; p++) {
		if (isalnum((unsigned char)*p) || strchr("-_.", *p) != NULL)
			str_addc(&ext, *p);
		else
			str_addf(&ext, "%%%02X", (unsigned)(unsigned char)*p);
	}
	http_setf(s, "Content-Disposition", "attachment; filename=\"%s\"; filename*=UTF-8''%s", plain,
	    ext.p == NULL ? "" : ext.p);
	str_free(&ext);
}

void
http_cookie_set(struct http_res *s, const char *name, const char *value, int64_t max_age_s)
{
	if (max_age_s < 0)
		http_setf(s, "Set-Cookie", "%s=%s; Path=/; Secure; HttpOnly; SameSite=Strict", name, value);
	else
		http_setf(s, "Set-Cookie", "%s=%s; Path=/; Max-Age=%lld; Secure; HttpOnly; SameSite=Strict", name, value,
		    (long long)max_age_s);
}

const struct http_pair *
res_fixed_headers(enum http_listener listener, size_t *n)
{
	static const struct http_pair front[] = {
		{ "Strict-Transport-Security", "max-age=31536000" },
		{ "X-Content-Type-Options", "nosniff" },
		/* An answer of the API is data: as a document it may do nothing. */
		{ "Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
		{ "Referrer-Policy", "same-origin" },
		{ "Cross-Origin-Opener-Policy", "same-origin" },
	};
	static const struct http_pair plain[] = {
		{ "X-Content-Type-Options", "nosniff" },
	};

	if (listener == HTTP_PORTAL || listener == HTTP_MTLS) {
		*n = COUNT(front);
		return front;
	}
	*n = COUNT(plain);
	return plain;
}

static bool
has_header(const struct http_res *s, const char *name)
{
	for (const struct res_header *h = s->headers; h != NULL; h = h->next)
		if (strcasecmp(h->name, name) == 0)
			return true;
	return false;
}

void
res_seal(struct exchange *x)
{
	http_set(&x->s, "X-Request-Id", x->q.request_id);
	if (x->q.listener != HTTP_STATUS && !has_header(&x->s, "Cache-Control"))
		http_set(&x->s, "Cache-Control", "no-store");
}

void
res_text(struct exchange *x, struct str *out)
{
	const struct http_res *s = &x->s;
	const struct http_pair *fixed;
	size_t n;

	res_seal(x);
	fixed = res_fixed_headers(x->q.listener, &n);
	str_addf(out, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Length: %zu\r\n", s->status,
	    http_status_text(s->status), s->bytes_n);
	for (size_t i = 0; i < n; i++)
		str_addf(out, "%s: %s\r\n", fixed[i].name, fixed[i].value);
	for (const struct res_header *h = s->headers; h != NULL; h = h->next)
		str_addf(out, "%s: %s\r\n", h->name, h->value);
	str_adds(out, "\r\n");
	str_add(out, s->bytes, s->bytes_n);
}

/* Whether `list` ("*" or entity tags, RFC 9110 section 13.1.2) has this one; weak comparison. */
static bool
etag_in(const char *list, const char *etag)
{
	size_t n = strlen(etag);

	for (const char *p = list; *p != '\0'; ) {
		p += strspn(p, " \t,");
		if (*p == '*')
			return true;
		if (p[0] == 'W' && p[1] == '/')
			p += 2;
		if (strncmp(p, etag, n) == 0 && (p[n] == '\0' || strchr(" \t,", p[n]) != NULL))
			return true;
		p += strcspn(p, ",");
	}
	return false;
}

bool
http_not_modified(const struct http_req *q, struct http_res *s, const char *etag, int64_t modified_s)
{
	const char *match = http_header(q, "If-None-Match"), *since = http_header(q, "If-Modified-Since");
	time_t t = (time_t)modified_s;
	struct tm tm;
	char date[64];
	bool same = false;

	if (etag != NULL)
		http_set(s, "ETag", etag);
	if (modified_s != 0 && gmtime_r(&t, &tm) != NULL) {
		(void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		http_set(s, "Last-Modified", date);
	}
	if (match != NULL)
		same = etag != NULL && etag_in(match, etag);
	else if (since != NULL && modified_s != 0) {
		struct tm asked = { 0 };
		const char *end = strptime(since, "%a, %d %b %Y %H:%M:%S GMT", &asked);

		same = end != NULL && *end == '\0' && (int64_t)timegm(&asked) >= modified_s;
	}
	return same && http_empty(s, 304);
}

/*
 * One range of octets (RFC 9110 section 14.1.2).  1: taken, 0: the header is to be ignored (another unit, a
 * list, wrong syntax), -1: cannot be satisfied.
 */
static int
range_parse(const char *text, uint64_t length, uint64_t *from, uint64_t *n)
{
	char first[24], last[24];
	const char *dash;
	uint64_t a, b = UINT64_MAX;

	if (strncasecmp(text, "bytes=", 6) != 0)
		return 0;
	text += 6;
	dash = strchr(text, '-');
	if (dash == NULL || (size_t)(dash - text) >= sizeof(first) || strlen(dash + 1) >= sizeof(last))
		return 0;
	memcpy(first, text, (size_t)(dash - text));
	first[dash - text] = '\0';
	memcpy(last, dash + 1, strlen(dash + 1) + 1);
	if (first[0] == '\0') {			/* the last octets */
		if (!parse_u64(last, UINT64_MAX - 1, &b))
			return 0;
		if (b == 0 || length == 0)
			return -1;
		*n = b < length ? b : length;
		*from = length - *n;
		return 1;
	}
	if (!parse_u64(first, UINT64_MAX - 1, &a) || (last[0] != '\0' && !parse_u64(last, UINT64_MAX - 1, &b)) || b < a)
		return 0;
	if (a >= length)
		return -1;
	*from = a;
	*n = (b >= length ? length : b + 1) - a;
	return 1;
}

bool
res_range(struct http_res *s, const struct http_req *q)
{
	const char *range = http_header(q, "Range"), *if_range = http_header(q, "If-Range");
	uint64_t length = s->stream.length;

	if (range == NULL || s->status != 200)
		return true;
	/* A strong comparison: a date or a weak tag never matches. */
	if (if_range != NULL && (s->stream.etag == NULL || strcmp(if_range, s->stream.etag) != 0))
		return true;
	switch (range_parse(range, length, &s->stream_from, &s->stream_n)) {
	case 1:
		s->status = 206;
		http_setf(s, "Content-Range", "bytes %llu-%llu/%llu", (unsigned long long)s->stream_from,
		    (unsigned long long)(s->stream_from + s->stream_n - 1), (unsigned long long)length);
		return true;
	case 0:
		return true;
	default:
		problem_set(s, q, 416, "range", "the range lies behind the end");
		http_setf(s, "Content-Range", "bytes */%llu", (unsigned long long)length);
		return false;
	}
}

size_t
res_fill(struct exchange *x, uint64_t *offset, char *buf, size_t cap, bool *broken)
{
	const struct http_res *s = &x->s;
	uint64_t end = s->stream_from + s->stream_n;
	struct err e = { 0 };
	size_t n = 0;

	while (n < cap && *offset < end) {
		size_t room = cap - n < end - *offset ? cap - n : (size_t)(end - *offset);
		ssize_t k = s->stream.read(s->stream.arg, *offset, buf + n, room, &e);

		if (k <= 0 || (size_t)k > room) {
			if (e.kind == ERR_NONE)
				(void)err_set(&e, ERR_INTERNAL, "internal", "a stream ended early");
			router_log_err(x, &e);
			*broken = true;
			break;
		}
		n += (size_t)k;
		*offset += (uint64_t)k;
	}
	return n;
}
