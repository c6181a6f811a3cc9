/* Profile documents: versions prepared, shown, compared and tried; an operator's key activates them. */
#include <inttypes.h>
#include <string.h>

#include "api/profile.h"
#include "base/str.h"
#include "domain/profile/catalog.h"
#include "domain/profile/catalog_sample.h"
#include "http/json.h"

/* ERR_INVALID from the store's side: which member is to blame. */
static bool
blame(struct http_res *s, const struct err *e)
{
	static const struct { const char *code, *member; } members[] = {
		{ "profile_version", "version" }, { "profile_ca", "ca" },
	};

	for (size_t i = 0; i < COUNT(members); i++)
		if (e->kind == ERR_INVALID && http_faults(s)->total == 0 && strcmp(e->code, members[i].code) == 0)
			fault_add(http_faults(s), NULL, 0, members[i].member, NULL, "%s", e->msg);
	return false;
}

static bool
body_text(const struct http_req *q, const char **json, size_t *len, struct err *e)
{
	json_t *object;

	/* Read once as any body: what is no JSON object is answered as everywhere. */
	if (q->body == NULL || !json_parse(q->body->p, q->body->len, &object, e))
		return q->body != NULL ? false : err_set(e, ERR_MALFORMED, "json", "a profile document is missing");
	json_decref(object);
	*json = (const char *)q->body->p;
	*len = q->body->len;
	return true;
}

static bool
prepare(struct app *app, const struct http_req *q, struct http_res *s, int64_t id, struct err *e)
{
	struct catalog_version v;
	const char *json = NULL;
	size_t len = 0;

	if (!body_text(q, &json, &len, e))
		return false;
	if (id != 0) {
		json_t *object = json_loadb(json, len, 0, NULL);
		json_int_t named = json_integer_value(json_object_get(object, "id"));

		json_decref(object);
		if (named != id) {
			fault_add(http_faults(s), NULL, 0, "id", NULL, "the document is of profile %" PRId64, (int64_t)named);
			return err_set(e, ERR_INVALID, "profile_id", "the document is of another profile");
		}
	}
	if (!catalog_profile(app, q->actor, json, len, q->arena, &v, http_faults(s), e))
		return blame(s, e);
	http_setf(s, "Location", "/api/v1/profiles/%" PRId64 "/versions/%" PRId64, v.profile_id, v.version);
	return http_json(s, 201, json_pack("{s:I, s:I, s:b}", "profile_id", (json_int_t)v.profile_id, "version",
	    (json_int_t)v.version, "new", v.is_new));
}

bool
api_profiles_post(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	return prepare(app, q, s, 0, e);
}

bool
api_profile_versions_post(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct profile_version_row *list;
	struct profile_row row;
	int64_t id;
	size_t n;

	return http_param_int(q, "profile_id", &id, e) &&
	    catalog_versions(app, q->actor, id, q->arena, &row, &list, &n, e) && prepare(app, q, s, id, e);
}

bool
api_profile_versions_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct profile_version_row *list;
	struct profile_row row;
	json_t *items;
	int64_t id;
	size_t n;

	if (!http_param_int(q, "profile_id", &id, e) ||
	    !catalog_versions(app, q->actor, id, q->arena, &row, &list, &n, e))
		return false;
	items = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(items, json_pack("{s:I, s:b, s:o, s:o, s:o}", "version", (json_int_t)list[i].version,
		    "active", list[i].version == row.version && list[i].activated_at != 0, "created_at",
		    json_time(list[i].created_at), "created_by", json_text(list[i].created_by), "activated_at",
		    json_time_or_null(list[i].activated_at)));
	return http_json(s, 200, json_pack("{s:o}", "items", items));
}

bool
api_profile_version_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	int64_t id, version;
	const char *json;

	return http_param_int(q, "profile_id", &id, e) && http_param_int(q, "version", &version, e) &&
	    catalog_document(app, q->actor, id, version, q->arena, &json, e) &&
	    http_bytes(s, 200, "application/json", json, strlen(json));
}

bool
api_profile_version_changes(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	static const char *const names[] = { "from", NULL };
	const char *before, *after, *text = http_query(q, "from");
	int64_t id, version;
	uint64_t from = 0;
	json_t *list;

	if (!http_param_int(q, "profile_id", &id, e) || !http_param_int(q, "version", &version, e) ||
	    !catalog_document(app, q->actor, id, version, q->arena, &after, e) ||
	    !http_query_only(q, names, http_faults(s), e))
		return false;
	if (text == NULL || !parse_u64(text, INT64_MAX, &from) || from == 0) {
		fault_add(http_faults(s), NULL, 0, "from", text, "the number of a version");
		return err_set(e, ERR_INVALID, "from", "from is the number of a version");
	}
	if (!catalog_document(app, q->actor, id, (int64_t)from, q->arena, &before, e) ||
	    !catalog_changes(before, after, &list, e))
		return false;
	return http_json(s, 200, json_pack("{s:I, s:I, s:o}", "from", (json_int_t)from, "to", (json_int_t)version,
	    "changes", list));
}

/* ---- a sample ---- */

struct sample_body {
	json_t	*document, *inputs;
	int64_t	 organization_id;
};
static const struct field sample_fields[] = {
	JSON(struct sample_body, document),
	JSON(struct sample_body, inputs, OPTIONAL),
	INT(struct sample_body, organization_id, 1, INT64_MAX, OPTIONAL),
};

static json_t *
sample_json(const struct catalog_sample *c)
{
	json_t *extensions = json_array();

	for (size_t i = 0; i < c->view.n_extensions; i++) {
		const struct cert_extension_text *x = &c->view.extensions[i];

		json_array_append_new(extensions, json_pack("{s:s, s:s, s:b, s:o}", "oid", x->oid, "name",
		    x->name == NULL ? x->oid : x->name, "critical", x->critical, "value", json_text(x->value)));
	}
	return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:O, s:s}", "subject", json_text(c->view.subject),
	    "issuer", json_text(c->view.issuer), "serial_number", c->view.serial_number, "key", key_type_json(c->key),
	    "signature", json_text(c->view.signature), "not_before", json_time(c->view.not_before_s), "not_after",
	    json_time(c->view.not_after_s), "extensions", extensions, "inputs", c->inputs, "pem", c->pem);
}

bool
api_profile_sample(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct sample_body in = { 0 };
	struct catalog_sample c;
	char *document;
	bool ok;

	if (!json_decode(q->body, sample_fields, COUNT(sample_fields), q->arena, &in, e, http_faults(s)))
		return false;
	document = json_dumps(in.document, JSON_INDENT(2));
	ok = document != NULL && catalog_sample(app, q->actor, document, strlen(document), in.organization_id, in.inputs,
	    q->arena, &c, http_faults(s), e);
	free(document);
	json_decref(in.document);
	json_decref(in.inputs);
	if (!ok)
		return blame(s, e);
	ok = http_json(s, 200, sample_json(&c));
	json_decref(c.inputs);
	return ok;
}
