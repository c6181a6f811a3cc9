#include <inttypes.h>
#include <string.h>

#include "api/auth.h"
#include "api/factor.h"
#include "api/page.h"
#include "base/str.h"
#include "http/json.h"

#define OCTETS_MAX 8192		/* characters of one part, in base64url */
#define TIMEOUT_MS 300000

static json_t *
b64_json(const void *p, size_t len)
{
	OWN_STR struct str text = { 0 };

	b64url_encode(p, len, &text);
	return json_string(text.p == NULL ? "" : text.p);
}

static json_t *
ids_json(const struct passkey *list, size_t n)
{
	json_t *ids = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(ids, b64_json(list[i].credential_id, list[i].credential_id_len));
	return ids;
}

json_t *
passkey_request_json(const struct passkey_request *r)
{
	if (r->n == 0)
		return NULL;
	return json_pack("{s:o, s:s, s:o, s:i}", "challenge", b64_json(r->challenge, sizeof(r->challenge)), "rp_id", r->rp_id,
	    "credential_ids", ids_json(r->passkeys, r->n), "timeout_ms", TICKET_S * 1000);
}

/* ---- parts in base64url ---- */

static bool
part(const struct http_req *q, struct http_res *s, const char *name, const char *text, struct webauthn_octets *out)
{
	size_t len = strlen(text), n = 0;
	uint8_t *p = arena_alloc(q->arena, len + 1);

	if (p == NULL || !b64url_decode(text, len, p, len + 1, &n) || n == 0) {
		fault_add(http_faults(s), NULL, 0, name, NULL, "is not base64url without padding (RFC 4648 section 5)");
		return false;
	}
	*out = (struct webauthn_octets){ p, n };
	return true;
}

/* ---- lists ---- */

static json_t *
passkey_json(const struct passkey *p)
{
	return json_pack("{s:s, s:o, s:o, s:o}", "id", p->id, "name", json_text(p->name), "created_at",
	    json_time(p->created_at), "last_used_at", json_time_or_null(p->used_at));
}

static const char *
passkey_id(const void *rows, size_t i, struct arena *a)
{
	const struct passkey *list = rows;

	(void)a;
	return list[i].id;
}

static bool
list_reply(struct app *app, const struct http_req *q, struct http_res *s, int64_t user_id, struct err *e)
{
	struct passkey *list;
	struct page page;
	json_t *items;
	size_t n;

	if (!passkey_list(app, q->actor, user_id, q->arena, &list, &n, e) ||
	    !page_cut(q, s, list, n, passkey_id, &page, e))
		return false;
	items = json_array();
	for (size_t i = page.from; i < page.to; i++)
		json_array_append_new(items, passkey_json(&list[i]));
	return http_json(s, 200, json_list(items, page.next, (int64_t)n));
}

bool
api_passkeys_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	return list_reply(app, q, s, q->actor->user_id, e);
}

bool
api_user_passkeys_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	int64_t id;

	return http_param_int(q, "user_id", &id, e) && list_reply(app, q, s, id, e);
}

bool
api_passkey_delete(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	return passkey_revoke(app, q->actor, q->actor->user_id, http_param(q, "passkey_id"), e) && http_empty(s, 204);
}

bool
api_user_passkey_delete(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	int64_t id;

	return http_param_int(q, "user_id", &id, e) &&
	    passkey_revoke(app, q->actor, id, http_param(q, "passkey_id"), e) && http_empty(s, 204);
}

/* ---- registering ---- */

/* The user's number, as eight octets: what an authenticator keeps of him. */
static json_t *
handle_json(int64_t user_id)
{
	uint8_t handle[8];

	for (int i = 0; i < 8; i++)
		handle[i] = (uint8_t)((uint64_t)user_id >> (56 - 8 * i));
	return b64_json(handle, sizeof(handle));
}

static json_t *
options_json(const struct passkey_options *o)
{
	json_t *algorithms = json_array();

	for (size_t i = 0; i < webauthn_algorithms_n; i++)
		json_array_append_new(algorithms, json_integer(webauthn_algorithms[i]));
	return json_pack("{s:o, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:i}", "challenge",
	    b64_json(o->challenge, sizeof(o->challenge)), "rp_id", o->rp_id, "rp_name", "certmill", "user_id",
	    handle_json(o->user_id), "user_name", o->username, "user_display_name", json_text(o->full_name), "algorithms",
	    algorithms, "exclude", ids_json(o->registered, o->registered_n), "timeout_ms", TIMEOUT_MS);
}

bool
api_passkey_options(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct passkey_options o;

	return passkey_options(app, q->actor, q->arena, &o, e) && http_json(s, 200, options_json(&o));
}

bool
api_enrolment_passkey_options(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct passkey_options o;

	return passkey_options_invited(app, http_param(q, "token"), q->arena, &o, e) &&
	    http_json(s, 200, options_json(&o));
}

struct new_body {
	const char	*name, *client_data_json, *authenticator_data;
};
static const struct field new_fields[] = {
	NAME(struct new_body, name, 100),
	TEXT(struct new_body, client_data_json, 1, OCTETS_MAX),
	TEXT(struct new_body, authenticator_data, 1, OCTETS_MAX),
};

static bool
new_decode(const struct http_req *q, struct http_res *s, struct passkey_new *out, struct err *e)
{
	struct new_body in = { 0 };
	bool ok;

	if (!json_decode(q->body, new_fields, COUNT(new_fields), q->arena, &in, e, http_faults(s)))
		return false;
	out->name = in.name;
	ok = part(q, s, "client_data_json", in.client_data_json, &out->client_data);
	ok = part(q, s, "authenticator_data", in.authenticator_data, &out->authenticator_data) && ok;
	return ok || err_set(e, ERR_INVALID, "fields", "a part is not base64url");
}

bool
api_passkeys_post(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct passkey_new in;
	struct passkey made;

	if (!new_decode(q, s, &in, e) || !passkey_add(app, q->actor, &in, q->arena, &made, e))
		return false;
	http_setf(s, "Location", "/api/v1/me/passkeys/%s", made.id);
	return http_json(s, 201, passkey_json(&made));
}

bool
api_enrolment_passkey_post(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct origin from = auth_origin(q);
	struct passkey_new in;
	struct passkey made;

	return new_decode(q, s, &in, e) &&
	    passkey_add_invited(app, http_param(q, "token"), &in, &from, q->arena, &made, e) &&
	    http_json(s, 201, passkey_json(&made));
}

/* ---- log-in ---- */

struct assertion_body {
	const char	*credential_id, *client_data_json, *authenticator_data, *signature;
};
static const struct field assertion_fields[] = {
	TEXT(struct assertion_body, credential_id, 1, OCTETS_MAX),
	TEXT(struct assertion_body, client_data_json, 1, OCTETS_MAX),
	TEXT(struct assertion_body, authenticator_data, 1, OCTETS_MAX),
	TEXT(struct assertion_body, signature, 1, OCTETS_MAX),
};

bool
api_session_passkey(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct assertion_body in = { 0 };
	struct passkey_assertion x;
	struct origin from = auth_origin(q);
	struct login_done done;
	bool ok;

	if (!json_decode(q->body, assertion_fields, COUNT(assertion_fields), q->arena, &in, e, http_faults(s)))
		return false;
	ok = part(q, s, "credential_id", in.credential_id, &x.credential_id);
	ok = part(q, s, "client_data_json", in.client_data_json, &x.client_data) && ok;
	ok = part(q, s, "authenticator_data", in.authenticator_data, &x.authenticator_data) && ok;
	ok = part(q, s, "signature", in.signature, &x.signature) && ok;
	if (!ok)
		return err_set(e, ERR_INVALID, "fields", "a part is not base64url");
	if (!login_passkey(app, http_cookie(q, COOKIE_PENDING), &x, &from, &done, e))
		return false;
	auth_cookies(s, &done);
	return http_empty(s, 204);
}
