#include "http/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "http/json.h"

const char *
http_status_text(int status)
{
	static const struct { int status; const char *text; } texts[] = {
		{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" }, { 204, "No Content" },
		{ 206, "Partial Content" }, { 303, "See Other" }, { 304, "Not Modified" },
		{ 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" },
		{ 405, "Method Not Allowed" }, { 408, "Request Timeout" }, { 409, "Conflict" },
		{ 413, "Content Too Large" }, { 414, "URI Too Long" }, { 415, "Unsupported Media Type" },
		{ 416, "Range Not Satisfiable" }, { 422, "Unprocessable Content" }, { 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" }, { 500, "Internal Server Error" },
		{ 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < COUNT(texts); i++)
		if (texts[i].status == status)
			return texts[i].text;
	return "Error";
}

int
problem_status(enum err_kind kind)
{
	switch (kind) {
	case ERR_MALFORMED:		return 400;
	case ERR_INVALID:		return 422;
	case ERR_UNAUTHENTICATED:	return 401;
	case ERR_FORBIDDEN:		return 403;
	case ERR_NOT_FOUND:		return 404;
	case ERR_CONFLICT:		return 409;
	case ERR_TOO_LARGE:		return 413;
	case ERR_LIMIT:			return 429;
	case ERR_RETRY:
	case ERR_UNAVAILABLE:		return 503;
	case ERR_NONE:
	case ERR_INTERNAL:		break;
	}
	return 500;
}

static json_t *
fault_json(const struct fault *f)
{
	json_t *o = json_object();

	json_object_set_new(o, "line", f->line > 0 ? json_integer(f->line) : json_null());
	json_object_set_new(o, "field", json_text(f->field));
	json_object_set_new(o, "message", json_text(f->message));
	if (f->file != NULL)
		json_object_set_new(o, "file", json_text(f->file));
	if (f->value != NULL)
		json_object_set_new(o, "value", json_text(f->value));
	return o;
}

static void
problem(struct http_res *s, const struct http_req *q, int status, const char *code, const char *detail)
{
	json_t *o = json_object();
	char *text;

	res_drop(s);
	json_object_set_new(o, "type", code == NULL ? json_text("about:blank") :
	    json_sprintf("urn:certmill:problem:%s", code));
	json_object_set_new(o, "title", json_text(http_status_text(status)));
	json_object_set_new(o, "status", json_integer(status));
	json_object_set_new(o, "detail", json_text(detail));
	if (code != NULL)
		json_object_set_new(o, "code", json_text(code));
	json_object_set_new(o, "request_id", json_text(q->request_id));
	/* Faults of an answer that failed for another reason would mislead. */
	if (s->faults.n > 0 && (status == 422 || status == 400 || status == 409)) {
		json_t *list = json_array();

		for (size_t i = 0; i < s->faults.n; i++)
			json_array_append_new(list, fault_json(&s->faults.list[i]));
		json_object_set_new(o, "errors", list);
		if (s->faults.total > s->faults.n)
			json_object_set_new(o, "errors_total", json_integer((json_int_t)s->faults.total));
	}
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	if (text == NULL)
		abort();
	(void)http_bytes_from(s, status, "application/problem+json", text, strlen(text), free, text);
	http_set(s, "Cache-Control", "no-store");
}

void
problem_set(struct http_res *s, const struct http_req *q, int status, const char *code, const char *detail)
{
	problem(s, q, status, code, detail);
}

void
problem_from_err(struct http_res *s, const struct http_req *q, const struct err *e)
{
	int status = problem_status(e->kind), retry = e->retry_after_s;

	if (status == 500)
		problem(s, q, status, "internal",
		    "something failed on our side; the operator finds it in the log under this request id");
	else
		problem(s, q, status, e->code, e->msg);
	if (status == 401)
		http_set(s, "WWW-Authenticate", "Bearer realm=\"certmill\"");
	if (status == 429 || status == 503)
		http_setf(s, "Retry-After", "%d", retry > 0 ? retry : status == 503 ? 1 : 60);
}
