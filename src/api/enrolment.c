#include "api/factor.h"

#include <inttypes.h>
#include <string.h>

#include "api/auth.h"
#include "api/page.h"
#include "base/str.h"
#include "domain/account/enrolment.h"
#include "http/json.h"

/* ---- invitations ---- */

static json_t *
invitation_json(const struct invitation *v)
{
	return json_pack("{s:s, s:o, s:o}", "id", v->id, "created_at", json_time(v->created_at), "expires_at",
	    json_time(v->expires_at));
}

static const char *
invitation_id(const void *rows, size_t i, struct arena *a)
{
	const struct invitation *list = rows;

	(void)a;
	return list[i].id;
}

bool
api_invitations_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct invitation *list;
	struct page page;
	json_t *items;
	int64_t id;
	size_t n;

	if (!http_param_int(q, "user_id", &id, e) || !invitation_list(app, q->actor, id, q->arena, &list, &n, e) ||
	    !page_cut(q, s, list, n, invitation_id, &page, e))
		return false;
	items = json_array();
	for (size_t i = page.from; i < page.to; i++)
		json_array_append_new(items, invitation_json(&list[i]));
	return http_json(s, 200, json_list(items, page.next, (int64_t)n));
}

bool
api_invitations_post(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct invitation made;
	int64_t id;

	if (!http_param_int(q, "user_id", &id, e) || !invitation_send(app, q->actor, id, &made, e))
		return false;
	http_setf(s, "Location", "/api/v1/users/%" PRId64 "/invitations/%s", id, made.id);
	return http_json(s, 201, invitation_json(&made));
}

bool
api_invitation_delete(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	int64_t id;

	return http_param_int(q, "user_id", &id, e) &&
	    invitation_withdraw(app, q->actor, id, http_param(q, "invitation_id"), e) && http_empty(s, 204);
}

/* ---- the one who was invited ---- */

bool
api_enrolment_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct enrolment_view v;

	if (!enrolment_find(app, http_param(q, "token"), q->arena, &v, e))
		return false;
	return http_json(s, 200, json_pack("{s:s, s:o, s:o, s:o, s:o, s:b, s:b, s:I}", "username", v.username, "full_name",
	    json_text(v.full_name), "organization", json_text(v.organization), "subject", json_text(v.subject), "expires_at",
	    json_time(v.expires_at), "certificate", v.password_min > 0, "passkey", v.passkeys, "pkcs12_password_min_length",
	    (json_int_t)(v.password_min > 0 ? v.password_min : 1)));
}

static const char *const modes[] = { "modern", "compatible", NULL };

struct request {
	const char	*csr;
	struct secret	*pkcs12_password;
	int		 pkcs12_mode;
};
static const struct field request_fields[] = {
	TEXT(struct request, csr, 1, 24576, OPTIONAL),
	SECRET(struct request, pkcs12_password, 1, 128, OPTIONAL),
	ENUM(struct request, pkcs12_mode, modes, OPTIONAL),
};

static json_t *
enrolled_json(const struct enrolled *x)
{
	OWN_STR struct str file = { 0 };

	if (x->pkcs12.len > 0)
		b64_encode(x->pkcs12.p, x->pkcs12.len, &file);
	return json_pack("{s:o, s:s, s:s, s:o, s:o}", "certificate", user_certificate_json(&x->certificate), "pem", x->pem.p,
	    "chain_pem", x->chain_pem.p, "pkcs12", file.len > 0 ? json_string(file.p) : json_null(), "file_name",
	    json_sprintf("%s.%s", x->username, x->pkcs12.len > 0 ? "p12" : "pem"));
}

bool
api_enrolment_post(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	OWN_ENROLLED struct enrolled x = { 0 };
	struct request in = { 0 };
	struct origin from = auth_origin(q);
	const char *token = http_param(q, "token");
	bool ok;

	if (!json_decode(q->body, request_fields, COUNT(request_fields), q->arena, &in, e, http_faults(s)))
		return false;
	if ((in.csr == NULL) == (in.pkcs12_password == NULL)) {
		secret_free(in.pkcs12_password);
		fault_add(http_faults(s), NULL, 0, "csr", NULL, "either csr or pkcs12_password");
		return err_set(e, ERR_INVALID, "fields", "either csr or pkcs12_password");
	}
	ok = in.csr != NULL ? enrol_csr(app, token, in.csr, &from, q->arena, &x, http_faults(s), e)
	    : enrol_pkcs12(app, token, in.pkcs12_password, in.pkcs12_mode == 1 ? P12_COMPATIBLE : P12_MODERN, &from, q->arena,
	    &x, http_faults(s), e);
	secret_free(in.pkcs12_password);
	if (!ok)
		return false;
	http_set(s, "Cache-Control", "no-store");
	return http_json(s, 201, enrolled_json(&x));
}
