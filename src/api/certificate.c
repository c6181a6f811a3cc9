/* Certificates: found, shown, fetched, revoked. */
#include <inttypes.h>
#include <string.h>

#include "api/batch.h"
#include "base/clock.h"
#include "base/str.h"
#include "domain/certificate/certificate.h"
#include "domain/batch/batch.h"
#include "http/json.h"
#include "http/list.h"

static const char *
serial_text(struct arena *a, const uint8_t serial[16])
{
	char *out = arena_alloc(a, 33);

	if (out != NULL)
		hex_upper(serial, 16, out);
	return out;
}

static json_t *
certificate_json(struct arena *a, const struct certificate *c, int64_t now)
{
	bool revoked = c->state != CERTIFICATE_ISSUED;
	const char *reason = revoked && c->reason >= 0 ? revocation_reason_name((int)c->reason) : NULL;

	return json_pack("{s:s?, s:o, s:I, s:I, s:o, s:s, s:o, s:o, s:o, s:o, s:s?}", "serial_number",
	    serial_text(a, c->serial), "name", json_sprintf("%s-%" PRId64, c->batch_name, c->item_index),
	    "batch_id", (json_int_t)c->batch_id, "profile_id", (json_int_t)c->profile_id, "subject",
	    json_text(c->subject), "status", certificate_status_names[certificate_status(c, now)],
	    "created_at", json_time(c->created_at), "not_before", json_time(c->not_before), "not_after",
	    json_time(c->not_after), "revoked_at", json_time_or_null(c->revoked_at), "revocation_reason",
	    reason);
}

struct filters {
	int64_t		 batch_id, profile_id, organization_id, from, to;
	const char	*name, *subject, *serial_number;
	int		 status;		/* -1: any */
};
static const struct field filters[] = {
	INT(struct filters, batch_id, 1, INT64_MAX, OPTIONAL),
	INT(struct filters, profile_id, 1, INT64_MAX, OPTIONAL),
	INT(struct filters, organization_id, 1, INT64_MAX, OPTIONAL),
	TEXT(struct filters, name, 1, 200, OPTIONAL),
	TEXT(struct filters, subject, 1, 200, OPTIONAL),
	TEXT(struct filters, serial_number, 1, 64, OPTIONAL),
	ENUM(struct filters, status, certificate_status_names, OPTIONAL),
	TIME(struct filters, from, OPTIONAL),
	TIME_END(struct filters, to, OPTIONAL),
};
static const char *const sorts[] = { "-created_at", "serial_number", "batch_id", "not_after", NULL };
static const enum certificate_sort sort_of[] = { CERTIFICATE_BY_CREATED_AT, CERTIFICATE_BY_SERIAL,
    CERTIFICATE_BY_BATCH, CERTIFICATE_BY_NOT_AFTER };
static const struct list_spec spec = { sorts, filters, COUNT(filters) };

static bool
after_parse(const struct list *page, struct certificate_search *f)
{
	uint64_t v;

	if (page->after_id == NULL)
		return true;
	f->after = true;
	if (!parse_u64(page->after_id, INT64_MAX, &v))
		return false;
	f->after_id = (int64_t)v;
	if (f->sort == CERTIFICATE_BY_SERIAL)
		return hex_decode(
		    page->after_key, strlen(page->after_key), f->after_serial, sizeof(f->after_serial));
	if (!parse_u64(page->after_key, INT64_MAX, &v))
		return false;
	f->after_int = (int64_t)v;
	return true;
}

static const char *
next_cursor(struct arena *a, const struct list *page, const struct certificate_search *f,
    const struct certificate_page *p)
{
	const char *key = f->sort == CERTIFICATE_BY_SERIAL ? serial_text(a, p->next_serial) :
	    arena_printf(a, "%" PRId64, p->next_int);

	return list_cursor(a, page, key, arena_printf(a, "%" PRId64, p->next_id));
}

bool
api_certificates_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct filters f = { .status = -1 };
	struct certificate_search want;
	struct certificate_page p;
	struct list page;
	json_t *items;

	if (!list_decode(q, &spec, &page, &f, http_faults(s), e))
		return false;
	want = (struct certificate_search){ .organization_id = f.organization_id,
		.batch_id = f.batch_id,
		.profile_id = f.profile_id,
		.name = f.name,
		.subject = f.subject,
		.serial_number = f.serial_number,
		.status = f.status,
		.from = f.from,
		.to = f.to,
		.sort = sort_of[page.sort],
		.descending = page.descending,
		.limit = page.limit };
	if (!after_parse(&page, &want)) {
		fault_add(http_faults(s), NULL, 0, "cursor", NULL, "is not a cursor of this list");
		return err_set(e, ERR_INVALID, "cursor", "is not a cursor of this list");
	}
	if (!certificate_list(app, q->actor, &want, q->arena, &p, e))
		return false;
	items = json_array();
	for (size_t i = 0; i < p.n; i++)
		json_array_append_new(items, certificate_json(q->arena, &p.list[i], clock_now_s()));
	return http_json(
	    s, 200, json_list(items, p.more ? next_cursor(q->arena, &page, &want, &p) : NULL, p.total));
}

/* ---- one ---- */

static json_t *
extensions_json(const struct certificate_words *w)
{
	json_t *list = json_array();

	for (size_t i = 0; i < w->extensions_n; i++) {
		const struct certificate_extension *x = &w->extensions[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:o}", "oid", x->oid, "name", x->name,
						"critical", x->critical, "value", json_text(x->value)));
	}
	return list;
}

static json_t *
key_json(const struct certificate_words *w)
{
	return json_pack("{s:s, s:I, s:s?}", "algorithm", w->key_algorithm, "size", (json_int_t)w->key_bits,
	    "curve", w->curve);
}

static json_t *
actions_json(const struct certificate *c, const struct actor *who)
{
	json_t *list = json_array();

	if (c->batch_downloaded_at != 0)
		json_array_append_new(list, json_string("download"));
	if ((who->rights & RIGHT_REVOKE) != 0 && (c->state == CERTIFICATE_ISSUED || c->state == CERTIFICATE_ON_HOLD))
		json_array_append_new(list, json_string("revoke"));
	if ((who->rights & RIGHT_REVOKE) != 0 && c->state == CERTIFICATE_ON_HOLD)
		json_array_append_new(list, json_string("release"));
	return list;
}

bool
api_certificate_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct certificate_detail d;
	struct certificate_words w;
	json_error_t why;
	json_t *o;

	if (!certificate_get(app, q->actor, http_param(q, "serial_number"), q->arena, &d, e) ||
	    !certificate_words(&d, q->arena, &w, e))
		return false;
	o = certificate_json(q->arena, &d.c, clock_now_s());
	json_object_set_new(o, "issuer", json_text(w.issuer));
	json_object_set_new(o, "profile", json_pack("{s:I, s:o}", "id", (json_int_t)d.c.profile_id, "name",
	    json_text(d.profile_name)));
	json_object_set_new(o, "index", json_integer(d.c.item_index));
	json_object_set_new(o, "inputs", json_loads(d.inputs, 0, &why));
	json_object_set_new(o, "key", key_json(&w));
	json_object_set_new(o, "signature", json_text(w.signature));
	json_object_set_new(o, "sha256", json_text(w.sha256));
	json_object_set_new(o, "extensions", extensions_json(&w));
	json_object_set_new(o, "ca_id", json_text(d.ca_ski));
	json_object_set_new(o, "actions", actions_json(&d.c, q->actor));
	return http_json(s, 200, o);
}

bool
api_certificate_pem(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct certificate_detail d;
	const char *pem;

	if (!certificate_fetch(app, q->actor, http_param(q, "serial_number"), q->arena, &d, e) ||
	    !certificate_pem(&d, q->arena, &pem, e))
		return false;
	http_set(s, "Cache-Control", "no-store");
	http_attachment(s, arena_printf(q->arena, "%s.pem", serial_text(q->arena, d.c.serial)));
	return http_bytes(s, 200, "application/x-pem-file", pem, strlen(pem));
}

bool
api_certificate_der(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct certificate_detail d;

	if (!certificate_fetch(app, q->actor, http_param(q, "serial_number"), q->arena, &d, e))
		return false;
	http_set(s, "Cache-Control", "no-store");
	http_attachment(s, arena_printf(q->arena, "%s.der", serial_text(q->arena, d.c.serial)));
	return http_bytes(s, 200, "application/pkix-cert", d.der, d.der_len);
}
