/* POST /batches: an order, or its preview. */
#include <inttypes.h>
#include <string.h>

#include "api/batch.h"
#include "base/str.h"
#include "domain/order/order.h"
#include "domain/delivery/packaging.h"
#include "http/json.h"

struct generator_body {
	const char	*input;
	int64_t		 increment;
};
static const struct field generator_fields[] = {
	TEXT(struct generator_body, input, 1, 200),
	INT(struct generator_body, increment, 1, 16777215),
};

static const char *const modes[] = { "modern", "compatible", NULL };
struct order_body {
	const char		*method;
	int64_t			 profile_id, size;
	struct int_list		 profile_ids;
	const char		*name;
	struct secret		*pkcs12_password;
	int			 pkcs12_mode, packaging;	/* -1: the profile's */
	struct text_map		 inputs;
	struct generator_body	*generator;
};
#define ORDER_COMMON \
	TEXT(struct order_body, method, 1, 20), \
	INT(struct order_body, profile_id, 1, INT64_MAX, OPTIONAL), \
	INT_LIST(struct order_body, profile_ids, 2, ORDER_PROFILES_MAX, OPTIONAL), \
	NAME(struct order_body, name, 200)
#define ORDER_PASSWORD \
	SECRET(struct order_body, pkcs12_password, 1, 128), \
	ENUM(struct order_body, pkcs12_mode, modes, OPTIONAL), \
	ENUM(struct order_body, packaging, packaging_names, OPTIONAL)
static const struct field form_fields[] = {
	ORDER_COMMON, ORDER_PASSWORD,
	INT(struct order_body, size, 1, ORDER_SIZE_MAX),
	TEXT_MAP(struct order_body, inputs, 32, 1024),
	OBJECT(struct order_body, generator, struct generator_body, generator_fields, OPTIONAL),
};
static const struct field single_fields[] = {
	ORDER_COMMON, ORDER_PASSWORD,
	INT(struct order_body, size, 1, 1, OPTIONAL),
	TEXT_MAP(struct order_body, inputs, 32, 1024),
};
static const struct field csr_fields[] = {
	ORDER_COMMON,
	TEXT_MAP(struct order_body, inputs, 32, 1024, OPTIONAL),
};
static const struct field csv_fields[] = {
	ORDER_COMMON, ORDER_PASSWORD,
};
static const struct {
	const char		*method;
	const struct field	*fields;
	size_t			 n;
} bodies[] = {
	{ "form", form_fields, COUNT(form_fields) }, { "single", single_fields, COUNT(single_fields) },
	{ "csr", csr_fields, COUNT(csr_fields) }, { "csv", csv_fields, COUNT(csv_fields) },
};

/* One profile, or several. */
static bool
profiles_ok(const json_t *object, struct faults *f, struct err *e)
{
	bool one = json_object_get(object, "profile_id") != NULL, several = json_object_get(object, "profile_ids") != NULL;

	if (one != several)
		return true;
	fault_add(f, NULL, 0, "profile_id", NULL, several ? "beside profile_ids there is none" : "is missing");
	return err_set(e, ERR_INVALID, "order", several ? "an order names either profile_id or profile_ids" :
	    "the order names no profile");
}

static bool
decode(const struct http_req *q, struct http_res *s, struct order_body *in, struct err *e)
{
	json_t *object = NULL;
	const char *method;
	size_t i = 0;
	bool ok;

	if (q->body == NULL)
		return json_decode(q->body, csv_fields, COUNT(csv_fields), q->arena, in, e, http_faults(s));
	if (!json_parse(q->body->p, q->body->len, &object, e))
		return false;
	method = json_string_value(json_object_get(object, "method"));
	while (i < COUNT(bodies) && (method == NULL || strcmp(bodies[i].method, method) != 0))
		i++;
	if (i == COUNT(bodies)) {
		fault_add(http_faults(s), NULL, 0, "method", method, "form, single, csr or csv");
		ok = err_set(e, ERR_INVALID, "order", "the method is form, single, csr or csv");
	} else {
		ok = json_decode_value(object, bodies[i].fields, bodies[i].n, q->arena, in, e, http_faults(s));
		ok = profiles_ok(object, http_faults(s), e) && ok;
	}
	json_decref(object);
	return ok;
}

static bool
order_of(const struct http_req *q, const struct order_body *in, struct order *o)
{
	struct order_input *inputs = arena_array(q->arena, in->inputs.n + 1, sizeof(*inputs));

	if (inputs == NULL)
		return false;
	for (size_t i = 0; i < in->inputs.n; i++)
		inputs[i] = (struct order_input){ in->inputs.v[i].name, in->inputs.v[i].value };
	*o = (struct order){
		.method = in->method, .profile_id = in->profile_id, .profile_ids = in->profile_ids.v,
		.profiles_n = in->profile_ids.n, .name = in->name, .size = in->size,
		.password = in->pkcs12_password, .p12_mode = in->pkcs12_mode < 0 ? NULL : modes[in->pkcs12_mode],
		.packaging = in->packaging < 0 ? NULL : packaging_names[in->packaging],
		.inputs = inputs, .inputs_n = in->inputs.n, .fd = -1,
	};
	if (in->generator != NULL) {
		o->generator_input = in->generator->input;
		o->increment = (uint64_t)in->generator->increment;
	}
	if (q->upload != NULL) {
		o->fd = q->upload->fd;
		o->file_size = q->upload->size;
	}
	return true;
}

static json_t *
faults_json(const struct faults *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->n; i++) {
		const struct fault *x = &f->list[i];
		json_t *o =
		    json_pack("{s:o, s:o, s:o}", "line", x->line > 0 ? json_integer(x->line) : json_null(),
			"field", json_text(x->field), "message", json_text(x->message));

		if (x->file != NULL)
			json_object_set_new(o, "file", json_text(x->file));
		if (x->value != NULL)
			json_object_set_new(o, "value", json_text(x->value));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *
preview_json(const struct order_preview *p, const struct faults *errors, const struct faults *warnings)
{
	json_t *sample = json_array();

	for (size_t i = 0; i < p->samples; i++)
		json_array_append_new(sample, json_pack("{s:I, s:o, s:O}", "index", (json_int_t)p->sample[i].index,
		    "subject", json_text(p->sample[i].subject), "inputs", p->sample[i].inputs));
	return json_pack("{s:I, s:I, s:o, s:o, s:o}", "size", (json_int_t)p->size, "quota_after",
	    (json_int_t)p->quota_after, "sample", sample, "errors", faults_json(errors), "warnings",
	    faults_json(warnings));
}

static bool
preview_all(struct app *app, const struct http_req *q, struct http_res *s, const struct order *o, struct err *e)
{
	struct order_part parts[ORDER_PROFILES_MAX];
	json_t *list, *first = NULL;

	if (!order_preview_all(app, q->actor, o, q->arena, parts, e)) {
		*http_faults(s) = parts[0].errors;
		return false;
	}
	list = json_array();
	for (size_t i = 0; i < o->profiles_n; i++) {
		json_t *part = preview_json(&parts[i].preview, &parts[i].errors, &parts[i].warnings);

		json_object_set_new(part, "profile_id", json_integer(parts[i].profile_id));
		json_object_set_new(part, "profile_name", json_text(parts[i].profile_name));
		json_object_set_new(part, "name", json_text(parts[i].name));
		order_preview_clear(&parts[i].preview);
		if (i == 0)
			first = part;
		else
			json_array_append_new(list, part);
	}
	json_object_set_new(first, "paired", list);
	return http_json(s, 200, first);
}

static bool
preview(struct app *app, const struct http_req *q, struct http_res *s, const struct order *o, struct err *e)
{
	struct faults errors = { .arena = q->arena }, warnings = { .arena = q->arena };
	struct order_preview p;
	json_t *answer;

	if (o->profiles_n > 0)
		return preview_all(app, q, s, o, e);
	if (!order_preview(app, q->actor, o, q->arena, &p, &errors, &warnings, e)) {
		*http_faults(s) = errors;
		return false;
	}
	answer = preview_json(&p, &errors, &warnings);
	order_preview_clear(&p);
	return http_json(s, 200, answer);
}

static bool
key_ok(const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < n; i++)
		if (key[i] < '!' || key[i] > '~')
			return false;
	return n >= 1 && n <= 255;
}

static bool
placed_all(struct app *app, const struct http_req *q, struct http_res *s, const struct order *o, struct err *e)
{
	struct batch made[ORDER_PROFILES_MAX];
	json_t *list, *first;
	bool replayed;

	if (!order_place_all(app, q->actor, o, q->arena, made, &replayed, http_faults(s), e))
		return false;
	http_setf(s, "Location", "/api/v1/batches/%" PRId64, made[0].id);
	if (replayed)
		http_set(s, "Idempotency-Replayed", "true");
	list = json_array();
	for (size_t i = 1; i < o->profiles_n; i++)
		json_array_append_new(list, batch_json(&made[i], q->actor));
	first = batch_json(&made[0], q->actor);
	json_object_set_new(first, "paired", list);
	return http_json(s, 201, first);
}

static bool
placed(struct app *app, const struct http_req *q, struct http_res *s, struct order *o, struct err *e)
{
	bool replayed;
	struct batch b;

	o->idempotency_key = http_header(q, "Idempotency-Key");
	if (o->idempotency_key != NULL && !key_ok(o->idempotency_key)) {
		fault_add(http_faults(s), NULL, 0, "Idempotency-Key", NULL,
		    "1 to 255 printable characters without blanks");
		return err_set(e, ERR_INVALID, "idempotency_key",
		    "an Idempotency-Key has 1 to 255 printable characters");
	}
	if (o->profiles_n > 0)
		return placed_all(app, q, s, o, e);
	if (!order_place(app, q->actor, o, q->arena, &b, &replayed, http_faults(s), e))
		return false;
	http_setf(s, "Location", "/api/v1/batches/%" PRId64, b.id);
	if (replayed)
		http_set(s, "Idempotency-Replayed", "true");
	return http_json(s, 201, batch_json(&b, q->actor));
}

bool
api_batches_post(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	static const char *const names[] = { "preview", NULL };
	struct order_body in = { .pkcs12_mode = -1, .packaging = -1 };
	struct order o;
	bool only_preview, ok;

	if (!http_query_only(q, names, http_faults(s), e) ||
	    !http_query_bool(q, "preview", false, &only_preview, http_faults(s), e) || !decode(q, s, &in, e))
		return false;
	if (q->upload != NULL && q->upload->size > (uint64_t)app->upload_max)
		ok = err_set(e, ERR_TOO_LARGE, "file_too_large", "the file is larger than %" PRId64 " MiB",
		    app->upload_max >> 20);
	else if (!order_of(q, &in, &o))
		ok = err_set(e, ERR_TOO_LARGE, "order", "the order is too large");
	else
		ok = only_preview ? preview(app, q, s, &o, e) : placed(app, q, s, &o, e);
	if (in.pkcs12_password != NULL)
		secret_free(in.pkcs12_password);
	return ok;
}
