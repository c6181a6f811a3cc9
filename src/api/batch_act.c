/* What is done with a batch: approved, rejected, revoked, downloaded. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/batch.h"
#include "domain/delivery/delivery.h"
#include "http/json.h"

bool
api_batch_approve(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct batch b;
	int64_t id;

	if (!http_param_int(q, "batch_id", &id, e) || !batch_approve(app, q->actor, id, q->arena, &b, e))
		return false;
	return http_json(s, 200, batch_json(&b, q->actor));
}

bool
api_batch_reject(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct batch b;
	int64_t id;

	if (!http_param_int(q, "batch_id", &id, e) || !batch_reject(app, q->actor, id, q->arena, &b, e))
		return false;
	return http_json(s, 200, batch_json(&b, q->actor));
}

struct revoke_body {
	const char	*reason;
};
static const struct field revoke_fields[] = {
	TEXT(struct revoke_body, reason, 1, 64),
};

bool
api_batch_revoke(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct revoke_body in = { 0 };
	struct batch b;
	int64_t id;

	if (!http_param_int(q, "batch_id", &id, e) ||
	    !json_decode(q->body, revoke_fields, COUNT(revoke_fields), q->arena, &in, e, http_faults(s)))
		return false;
	if (!batch_revoke(app, q->actor, id, revocation_reason(in.reason), q->arena, &b, e)) {
		if (e->kind == ERR_INVALID)
			fault_add(http_faults(s), NULL, 0, "reason", in.reason, "%s", e->msg);
		return false;
	}
	return http_json(s, 200, batch_json(&b, q->actor));
}

/* ---- download ---- */

struct download {
	struct app	*app;
	struct actor	 who;
	int64_t		 id;
	char		*range;
	struct delivery	*d;
};

static bool
download_start(void *arg, struct err *e)
{
	struct download *l = arg;

	return batch_mark_downloaded(l->app, &l->who, l->id, l->range, e);
}

static ssize_t
download_read(void *arg, uint64_t offset, void *buf, size_t cap, struct err *e)
{
	struct download *l = arg;

	return delivery_read(l->d, offset, buf, cap, e);
}

static void
download_close(void *arg)
{
	struct download *l = arg;

	if (l->d != NULL)
		delivery_free(l->d);
	free(l->range);
	free(l);
}

bool
api_batch_download(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	static const char *const names[] = { "format", NULL };
	const char *range = http_header(q, "Range"), *format = http_query(q, "format");
	struct http_stream stream;
	struct download *l;
	struct delivery *d;
	struct batch b;
	int64_t id;

	if (!http_param_int(q, "batch_id", &id, e) || !batch_find(app, q->actor, id, q->arena, &b, e) ||
	    !http_query_only(q, names, http_faults(s), e))
		return false;
	if (!delivery_open(app, &b, format, &d, e)) {
		if (e->kind == ERR_INVALID)
			fault_add(http_faults(s), NULL, 0, "format", format, "%s", e->msg);
		return false;
	}
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		abort();
	*l = (struct download){ .app = app, .who = *q->actor, .id = id, .d = d };
	/* Only what has the form of one goes into the record. */
	if (range != NULL && strlen(range) < 64 && strspn(range, "bytes=0123456789-, ") == strlen(range))
		l->range = strdup(range);
	stream = (struct http_stream){ .length = delivery_length(d),
		.etag = delivery_etag(d),
		.start = download_start,
		.read = download_read,
		.close = download_close,
		.arg = l };
	http_set(s, "Cache-Control", "no-store");
	http_attachment(s, arena_printf(q->arena, "%s.zip", b.name));
	return http_stream(s, "application/zip", &stream);
}
