#include "api/session.h"

#include "api/page.h"
#include "base/str.h"
#include "domain/actor.h"
#include "domain/account/token.h"
#include "http/json.h"

static json_t *
scopes_json(const char *scopes)
{
	json_t *list = json_array();
	unsigned rights = 0;

	if (!rights_parse(scopes, &rights))
		return list;
	for (unsigned bit = 1; bit != 0 && bit <= rights; bit <<= 1)
		if (rights & bit)
			json_array_append_new(list, json_string(right_name(bit)));
	return list;
}

static json_t *
token_json(const struct token *t)
{
	return json_pack("{s:s, s:o, s:{s:I, s:s}, s:o, s:o, s:o, s:o, s:o}", "id", t->id, "name", json_text(t->name),
	    "user", "id", (json_int_t)t->user_id, "name", t->username, "scopes", scopes_json(t->scopes), "created_at",
	    json_time(t->created_at), "expires_at", json_time(t->expires_at), "last_used_at",
	    json_time_or_null(t->used_at), "revoked_at", json_time_or_null(t->revoked_at));
}

static const char *
token_id(const void *rows, size_t i, struct arena *a)
{
	const struct token *list = rows;

	(void)a;
	return list[i].id;
}

bool
api_tokens_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct token *list;
	struct page page;
	json_t *items;
	size_t n;

	if (!token_list(app, q->actor, q->arena, &list, &n, e) || !page_cut(q, s, list, n, token_id, &page, e))
		return false;
	items = json_array();
	for (size_t i = page.from; i < page.to; i++)
		json_array_append_new(items, token_json(&list[i]));
	return http_json(s, 200, json_list(items, page.next, (int64_t)n));
}

struct token_body {
	const char		*name;
	struct text_list	 scopes;
	int64_t			 expires_at, user_id;
};
static const struct field token_fields[] = {
	NAME(struct token_body, name, 200),
	TEXT_LIST(struct token_body, scopes, 1, 6, 20),
	TIME(struct token_body, expires_at, OPTIONAL),
	INT(struct token_body, user_id, 1, INT64_MAX, OPTIONAL),
};

bool
api_tokens_post(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct token_body in = { 0 };
	struct token_new want = { 0 };
	struct token made;
	char text[TOKEN_TEXT_LEN], path[40];
	json_t *body;

	if (!json_decode(q->body, token_fields, COUNT(token_fields), q->arena, &in, e, http_faults(s)))
		return false;
	for (size_t i = 0; i < in.scopes.n; i++) {
		unsigned right;

		if (!rights_parse(in.scopes.v[i], &right) || right == 0 || (right & (right - 1)) != 0) {
			(void)snprintf(path, sizeof(path), "scopes[%zu]", i);
			fault_add(http_faults(s), NULL, 0, path, in.scopes.v[i], "unknown scope");
			return err_set(e, ERR_INVALID, "scopes", "a scope is one of view, order, revoke, admin, operate, audit");
		}
		want.rights |= right;
	}
	want.name = in.name;
	want.expires_at = in.expires_at;
	want.user_id = in.user_id;
	if (!token_create(app, q->actor, &want, q->arena, &made, text, e)) {
		if (e->kind == ERR_INVALID)
			fault_add(http_faults(s), NULL, 0, e->code, NULL, "%s", e->msg);
		return false;
	}
	body = token_json(&made);
	json_object_set_new(body, "token", json_string(text));
	http_setf(s, "Location", "/api/v1/tokens/%s", made.id);
	return http_json(s, 201, body);
}

bool
api_tokens_delete(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	return token_revoke(app, q->actor, http_param(q, "token_id"), e) && http_empty(s, 204);
}
