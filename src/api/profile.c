#include "api/profile.h"

#include <string.h>

#include "api/page.h"
#include "base/clock.h"
#include "base/str.h"
#include "domain/profile/catalog.h"
#include "domain/account/organization.h"
#include "domain/delivery/packaging.h"
#include "domain/profile/profile_files.h"
#include "domain/account/session.h"
#include "domain/account/user.h"
#include "http/json.h"
#include "http/list.h"

json_t *
quota_json(const struct quota *q)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "allocated", (json_int_t)q->allocated, "ordered",
	    (json_int_t)q->ordered, "issued", (json_int_t)q->issued, "available", (json_int_t)q->available);
}

json_t *
key_type_json(struct key_type t)
{
	json_t *curve = json_null();

	if (t.algorithm == KEY_EC)
		curve = json_sprintf("P-%u", t.bits);
	return json_pack("{s:s, s:I, s:o}", "algorithm", key_algorithm_name(t.algorithm), "size", (json_int_t)t.bits,
	    "curve", curve);
}

json_t *
methods_json(unsigned methods)
{
	static const struct { unsigned bit; const char *name; } names[] = {
		{ METHOD_FORM, "form" }, { METHOD_SINGLE, "single" }, { METHOD_CSR, "csr" }, { METHOD_CSV, "csv" },
	};
	json_t *list = json_array();

	for (size_t i = 0; i < COUNT(names); i++)
		if (methods & names[i].bit)
			json_array_append_new(list, json_string(names[i].name));
	return list;
}

static json_t *
default_key(const struct profile *p)
{
	size_t n;
	const struct key_type *keys = profile_server_keys(p, &n);
	const struct profile_key_rule *rules;

	if (n > 0)
		return key_type_json(keys[0]);
	rules = profile_csr_keys(p, &n);
	return key_type_json((struct key_type){ rules[0].algorithm, rules[0].bits_min });
}

/* Operators and auditors act for no organization that has a quota. */
static json_t *
quota_or_null(const struct actor *who, const struct quota *q)
{
	return who->organization_id == 0 ? json_null() : quota_json(q);
}

json_t *
profile_summary_json(const struct actor *who, const struct profile_ref *r)
{
	const struct profile_about *about = profile_about(r->document);

	return json_pack("{s:I, s:s, s:I, s:{s:s, s:s}, s:s, s:o, s:o, s:o}", "id", (json_int_t)r->row.id, "name",
	    r->row.name, "version", (json_int_t)r->row.version, "ecosystem", "id", r->row.ecosystem_id, "name",
	    r->ecosystem_name, "ca_label", r->ca->label, "key", default_key(r->document), "methods",
	    methods_json(about->methods), "quota", quota_or_null(who, &r->quota));
}

static const char *
ecosystem_id(const void *rows, size_t i, struct arena *a)
{
	const struct ecosystem *list = rows;

	(void)a;
	return list[i].id;
}

static json_t *
ecosystem_json(const struct ecosystem *v)
{
	return json_pack("{s:s, s:s, s:I}", "id", v->id, "name", v->name, "position", (json_int_t)v->position);
}

bool
api_ecosystems_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct ecosystem *list;
	struct page page;
	json_t *items;
	size_t n;

	if (!ecosystem_list(app, q->actor, q->arena, &list, &n, e) || !page_cut(q, s, list, n, ecosystem_id, &page, e))
		return false;
	items = json_array();
	for (size_t i = page.from; i < page.to; i++)
		json_array_append_new(items, ecosystem_json(&list[i]));
	return http_json(s, 200, json_list(items, page.next, (int64_t)n));
}

static const struct field ecosystem_fields[] = {
	TEXT(struct ecosystem, name, 1, 200),
	INT(struct ecosystem, position, 0, ECOSYSTEM_POSITION_MAX, OPTIONAL),
};

bool
api_ecosystem_put(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct ecosystem in = { .position = ECOSYSTEM_POSITION };

	if (!json_decode(q->body, ecosystem_fields, COUNT(ecosystem_fields), q->arena, &in, e, http_faults(s)))
		return false;
	in.id = http_param(q, "ecosystem_id");
	return catalog_ecosystem(app, q->actor, &in, http_faults(s), e) && http_json(s, 200, ecosystem_json(&in));
}

/* ---- list ---- */

struct profile_filters {
	const char	*name;
	const char	*ecosystem;
};
static const struct field profile_filters[] = {
	TEXT(struct profile_filters, name, 1, 200, OPTIONAL),
	TEXT(struct profile_filters, ecosystem, 1, 200, OPTIONAL),
};
static const char *const profile_sorts[] = { "id", "name", NULL };
static const struct list_spec profile_spec = { profile_sorts, profile_filters, COUNT(profile_filters) };

struct order {
	bool	by_name, descending;
};

static int
compare(const void *a, const void *b, void *arg)
{
	const struct profile_ref *x = a, *y = b;
	const struct order *o = arg;
	int c = o->by_name ? strcasecmp(x->row.name, y->row.name) : 0;

	if (c == 0)
		c = (x->row.id > y->row.id) - (x->row.id < y->row.id);
	return o->descending ? -c : c;
}

bool
api_profiles_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct profile_filters f = { 0 };
	struct profile_ref *list;
	struct list page;
	struct order order;
	json_t *items;
	size_t n, kept = 0, from = 0;
	const char *next = NULL;

	if (!list_decode(q, &profile_spec, &page, &f, http_faults(s), e) ||
	    !profile_list(app, q->actor, f.ecosystem, q->arena, &list, &n, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (f.name == NULL || strcasestr(list[i].row.name, f.name) != NULL)
			list[kept++] = list[i];
	order = (struct order){ .by_name = strcmp(page.sort_key, "name") == 0, .descending = page.descending };
	qsort_r(list, kept, sizeof(*list), compare, &order);
	/* An organization has tens of profiles, an instance hundreds: a page is a cut of the whole. */
	if (page.after_id != NULL)
		while (from < kept && strcmp(arena_printf(q->arena, "%lld", (long long)list[from++].row.id), page.after_id) != 0)
			continue;
	items = json_array();
	for (size_t i = from; i < kept && i < from + (size_t)page.limit; i++)
		json_array_append_new(items, profile_summary_json(q->actor, &list[i]));
	if (kept > from + (size_t)page.limit) {
		const struct profile_ref *last = &list[from + (size_t)page.limit - 1];

		next = list_cursor(q->arena, &page, last->row.name, arena_printf(q->arena, "%lld", (long long)last->row.id));
	}
	return http_json(s, 200, json_list(items, next, (int64_t)kept));
}

/* ---- detail ---- */

static json_t *
subject_json(const struct profile *p)
{
	size_t n;
	const struct profile_rdn_view *v = profile_subject_view(p, &n);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		bool template = strcmp(v[i].from, "template") == 0, input = strcmp(v[i].from, "input") == 0;

		json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:s}", "type", v[i].attribute, "source",
		    template ? "mixed" : v[i].from, "value", json_text(v[i].value), "input",
		    input ? json_text(v[i].value) : json_null(), "string_type", v[i].string));
	}
	return list;
}

static json_t *
extensions_json(const struct profile *p)
{
	size_t n;
	const struct profile_extension_view *v = profile_extensions_view(p, &n);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:s, s:b}", "oid", v[i].oid, "name",
		    v[i].name == NULL ? v[i].oid : v[i].name, "critical", v[i].critical, "value", v[i].value, "optional",
		    v[i].optional));
	return list;
}

static const char *
input_type_api(enum input_type t)
{
	return t == INPUT_MAC_ADDRESS ? "mac" : input_type_name(t);
}

static json_t *
input_json(const struct profile_input *in, unsigned methods)
{
	static const unsigned generators[] = { GENERATOR_MAC, GENERATOR_EUI64, GENERATOR_DECIMAL };
	json_t *made = json_array(), *choices = json_array(), *o;
	unsigned where = 0;

	for (size_t i = 0; i < COUNT(generators); i++)
		if (in->generators & generators[i])
			json_array_append_new(made, json_string(input_generator_name(generators[i])));
	for (size_t i = 0; i < in->n_choices; i++)
		json_array_append_new(choices, json_string(in->choices[i]));
	if (in->sources & SOURCE_FORM)
		where |= METHOD_FORM | METHOD_SINGLE;
	if (in->sources & SOURCE_CSR)
		where |= METHOD_CSR;
	if (in->sources & SOURCE_CSV)
		where |= METHOD_CSV;
	o = json_pack("{s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "name", in->name, "title", in->title,
	    "type", input_type_api(in->type), "required", in->required, "pattern", json_text(in->pattern), "message",
	    json_text(in->message), "default", json_text(in->default_value), "max_length", (json_int_t)in->max_length,
	    "example", json_text(in->placeholder), "methods", methods_json(where & methods), "generators", made);
	if (in->n_choices > 0)
		json_object_set(o, "choices", choices);
	json_decref(choices);
	return o;
}

static json_t *
inputs_json(const struct profile *p)
{
	size_t n;
	const struct profile_input *v = profile_inputs(p, &n);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, input_json(&v[i], profile_about(p)->methods));
	return list;
}

static json_t *
validity_json(const struct profile *p)
{
	const struct profile_validity *v = profile_validity(p);

	if (v->days > 0)
		return json_pack("{s:I, s:n}", "days", (json_int_t)v->days, "not_after");
	return json_pack("{s:n, s:o}", "days", "not_after", json_time(v->until_s));
}

static json_t *
ca_json(const struct app *app, const struct ca *ca)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "id", ca->ski, "subject", ca->subject, "serial_number",
	    ca->serial_number, "not_after", json_time(ca->not_after), "crl_url",
	    json_sprintf("%s/crl/%s.crl", app->public_url, ca->ski), "certificate_url",
	    json_sprintf("%s/ca/%s.cer", app->public_url, ca->ski), "ocsp_url", json_sprintf("%s/ocsp", app->public_url));
}

/* What an order may name as its packaging; the default first. */
static json_t *
packagings_json(const struct profile *p)
{
	enum packaging list[PACKAGINGS];
	size_t n = packaging_ordered(p, list);
	json_t *names = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(names, json_string(packaging_names[list[i]]));
	return names;
}

static json_t *
revocation_json(const struct profile_about *about)
{
	json_t *reasons = json_array();

	for (int i = 0; i < 16; i++)
		if ((about->reasons >> i & 1) != 0 && reason_name(i) != NULL)
			json_array_append_new(reasons, json_string(reason_name(i)));
	return json_pack("{s:o, s:b}", "reasons", reasons, "hold", about->hold);
}

static json_t *
profile_json_full(const struct app *app, const struct actor *who, const struct profile_ref *r)
{
	const struct profile *p = r->document;
	const struct profile_about *about = profile_about(p);
	const struct profile_download *d = profile_download(p);
	json_t *o = profile_summary_json(who, r);

	json_object_set_new(o, "legacy", json_boolean(about->legacy));
	json_object_set_new(o, "description", json_text(about->description));
	json_object_set_new(o, "unverified", json_text(about->unverified));
	json_object_set_new(o, "ca", ca_json(app, r->ca));
	json_object_set_new(o, "signature", json_text(signature_algorithm_name(profile_signature(p))));
	json_object_set_new(o, "validity", validity_json(p));
	json_object_set_new(o, "subject", subject_json(p));
	json_object_set_new(o, "extensions", extensions_json(p));
	json_object_set_new(o, "inputs", inputs_json(p));
	json_object_set_new(o, "pkcs12", json_pack("{s:s, s:I, s:I}", "mode",
	    d->p12_mode == P12_WANT_COMPATIBLE ? "compatible" : "modern", "iterations", (json_int_t)d->p12_iterations,
	    "password_min_length", (json_int_t)d->password_min));
	json_object_set_new(o, "packagings", packagings_json(p));
	json_object_set_new(o, "days_to_live", json_integer(d->days_to_live));
	json_object_set_new(o, "revocation", revocation_json(about));
	return o;
}

bool
api_profile_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct profile_ref ref;
	int64_t id;

	return http_param_int(q, "profile_id", &id, e) && profile_find(app, q->actor, id, q->arena, &ref, e) &&
	    http_json(s, 200, profile_json_full(app, q->actor, &ref));
}

/* The profile's name as part of a file name. */
static const char *
plain_name(struct arena *a, const char *name)
{
	char *copy = arena_strdup(a, name);

	for (char *p = copy; p != NULL && *p != '\0'; p++)
		if (strchr("/\\:*?\"<>|", *p) != NULL)
			*p = '_';
	return copy == NULL ? "profile" : copy;
}

bool
api_profile_chain(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	OWN_STR struct str zip = { 0 };
	struct profile_ref ref;
	int64_t id;

	if (!http_param_int(q, "profile_id", &id, e) || !profile_find(app, q->actor, id, q->arena, &ref, e) ||
	    !profile_chain_zip(app, q->actor, id, q->arena, &zip, e))
		return false;
	http_attachment(s, arena_printf(q->arena, "Chain_%s.zip", plain_name(q->arena, ref.row.name)));
	return http_bytes(s, 200, "application/zip", zip.p, zip.len);
}

bool
api_profile_template(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	OWN_STR struct str csv = { 0 };
	struct profile_ref ref;
	int64_t id;

	if (!http_param_int(q, "profile_id", &id, e) || !profile_find(app, q->actor, id, q->arena, &ref, e))
		return false;
	profile_csv_template(ref.document, &csv);
	http_attachment(s, arena_printf(q->arena, "CsvTemplate_%s.csv", plain_name(q->arena, ref.row.name)));
	return http_bytes(s, 200, "text/csv; charset=utf-8", csv.p, csv.len);
}
