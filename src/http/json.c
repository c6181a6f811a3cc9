/*
 * Decoding: a walk over the field table, then one over the object for names that are not in it.
 */
#include "http/json.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"

#define PATH_CAP 256

struct walk {
	struct arena	*arena;
	struct faults	*faults;
	uint64_t	 wrong;
	char		 first[190];	/* the first fault, for the summary */
	bool		 full;		/* the arena's limit was met */
};

static void __attribute__((format(printf, 4, 5)))
fault(struct walk *w, const char *path, const char *value, const char *fmt, ...)
{
	char text[128];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (w->wrong++ == 0)
		(void)snprintf(w->first, sizeof(w->first), "%.60s %s", path, text);
	if (w->faults != NULL)
		fault_add(w->faults, NULL, 0, path, value, "%s", text);
}

static const char *
type_text(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:	return "an object";
	case JSON_ARRAY:	return "a list";
	case JSON_STRING:	return "a text";
	case JSON_INTEGER:	return "an integer";
	case JSON_REAL:		return "a fraction";
	case JSON_TRUE:
	case JSON_FALSE:	return "a truth value";
	case JSON_NULL:		break;
	}
	return "null";
}

static bool
is_type(struct walk *w, const char *path, const json_t *v, bool right, const char *wanted)
{
	if (!right)
		fault(w, path, NULL, "must be %s, not %s", wanted, type_text(v));
	return right;
}

static bool
length_ok(struct walk *w, const char *path, size_t n, int64_t min, int64_t max, const char *unit)
{
	if ((int64_t)n >= min && (int64_t)n <= max)
		return true;
	if (n == 0 && min == 1)
		fault(w, path, NULL, "must not be empty");
	else if (min == max)
		fault(w, path, NULL, "must have %lld %s, has %zu", (long long)min, unit, n);
	else
		fault(w, path, NULL, "must have %lld to %lld %s, has %zu", (long long)min, (long long)max, unit, n);
	return false;
}

static void
put_int(const struct field *f, void *at, int64_t v)
{
	if (f->size == sizeof(int32_t))
		*(int32_t *)at = (int32_t)v;
	else
		*(int64_t *)at = v;
}

static const char *
keep(struct walk *w, const char *s, size_t n)
{
	char *p = arena_strndup(w->arena, s, n);

	if (p == NULL)
		w->full = true;
	return p;
}

static void
text_value(struct walk *w, const struct field *f, const char *path, const char *s, size_t n, void *at)
{
	if (f->kind == FIELD_ENUM) {
		for (int i = 0; f->names[i] != NULL; i++)
			if (strcmp(f->names[i], s) == 0) {
				put_int(f, at, i);
				return;
			}
		fault(w, path, s, "is not one of the values allowed");
		return;
	}
	if (f->kind == FIELD_TIME || f->kind == FIELD_TIME_END) {
		int64_t t;

		if (!time_parse(s, &t)) {
			fault(w, path, s, "must be a date, or date and time (RFC 3339)");
			return;
		}
		if (f->kind == FIELD_TIME_END && strlen(s) == 10)
			t += 86399;
		*(int64_t *)at = t;
		return;
	}
	if (!length_ok(w, path, utf8_length(s, n), f->min, f->max, "characters"))
		return;
	if (f->kind == FIELD_SECRET) {
		*(struct secret **)at = secret_from(s, n);
		return;
	}
	if (f->kind == FIELD_NAME && !text_name_ok(s, (size_t)f->max)) {
		fault(w, path, s, "must not have control or direction characters");
		return;
	}
	*(const char **)at = keep(w, s, n);
}

static void
int_value(struct walk *w, const struct field *f, const char *path, int64_t v, void *at)
{
	if (v >= f->min && v <= f->max)
		put_int(f, at, v);
	else if (v < f->min)
		fault(w, path, NULL, "must be at least %lld", (long long)f->min);
	else
		fault(w, path, NULL, "must be at most %lld", (long long)f->max);
}

static void
text_list(struct walk *w, const struct field *f, const char *path, json_t *v, struct text_list *out)
{
	size_t n = json_array_size(v);
	char at[PATH_CAP];

	if (!length_ok(w, path, n, f->min, f->max, "elements"))
		return;
	out->v = arena_array(w->arena, n + 1, sizeof(*out->v));
	w->full |= out->v == NULL;
	for (size_t i = 0; i < n && !w->full; i++) {
		const json_t *one = json_array_get(v, i);

		(void)snprintf(at, sizeof(at), "%.200s[%zu]", path, i);
		if (is_type(w, at, one, json_is_string(one), "a text") &&
		    length_ok(w, at, utf8_length(json_string_value(one), json_string_length(one)), 0, f->each_max, "characters"))
			out->v[out->n++] = keep(w, json_string_value(one), json_string_length(one));
	}
}

static void
int_list(struct walk *w, const struct field *f, const char *path, json_t *v, struct int_list *out)
{
	size_t n = json_array_size(v);
	char at[PATH_CAP];

	if (!length_ok(w, path, n, f->min, f->max, "elements"))
		return;
	out->v = arena_array(w->arena, n + 1, sizeof(*out->v));
	w->full |= out->v == NULL;
	for (size_t i = 0; i < n && !w->full; i++) {
		const json_t *one = json_array_get(v, i);

		(void)snprintf(at, sizeof(at), "%.200s[%zu]", path, i);
		if (is_type(w, at, one, json_is_integer(one), "an integer"))
			out->v[out->n++] = json_integer_value(one);
	}
}

/* Inputs are texts; a script that sends 7 or true means "7" or "true". */
static const char *
scalar_text(struct walk *w, const json_t *v)
{
	char number[32];

	if (json_is_string(v))
		return keep(w, json_string_value(v), json_string_length(v));
	if (json_is_boolean(v))
		return json_is_true(v) ? "true" : "false";
	(void)snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(v));
	return keep(w, number, strlen(number));
}

static void
text_map(struct walk *w, const struct field *f, const char *path, json_t *v, struct text_map *out)
{
	const char *key;
	json_t *one;
	char at[PATH_CAP];

	if (!length_ok(w, path, json_object_size(v), 0, f->max, "members"))
		return;
	out->v = arena_array(w->arena, json_object_size(v) + 1, sizeof(*out->v));
	w->full |= out->v == NULL;
	json_object_foreach(v, key, one) {
		const char *text;

		(void)snprintf(at, sizeof(at), "%.180s.%.60s", path, key);
		if (w->full || !length_ok(w, path, utf8_length(key, strlen(key)), 1, 100, "characters in a member's name") ||
		    !is_type(w, at, one, json_is_string(one) || json_is_boolean(one) || json_is_integer(one), "a text") ||
		    (text = scalar_text(w, one)) == NULL ||
		    !length_ok(w, at, utf8_length(text, strlen(text)), 0, f->each_max, "characters"))
			continue;
		out->v[out->n++] = (struct text_pair){ keep(w, key, strlen(key)), text };
	}
}

static void object_fields(struct walk *, const struct field *, size_t, const char *prefix, json_t *, void *);

static void
object_list(struct walk *w, const struct field *f, const char *path, json_t *v, char *out)
{
	size_t n = json_array_size(v);
	char *list, at[PATH_CAP];

	if (!length_ok(w, path, n, f->min, f->max, "elements"))
		return;
	list = arena_array(w->arena, n + 1, f->object_size);
	if (list == NULL) {
		w->full = true;
		return;
	}
	for (size_t i = 0; i < n && !w->full; i++) {
		json_t *one = json_array_get(v, i);

		(void)snprintf(at, sizeof(at), "%.200s[%zu]", path, i);
		if (is_type(w, at, one, json_is_object(one), "an object"))
			object_fields(w, f->fields, f->fields_n, at, one, list + i * f->object_size);
	}
	*(void **)(void *)(out + f->offset) = list;
	*(size_t *)(void *)(out + f->n_offset) = n;
}

static void
value(struct walk *w, const struct field *f, const char *path, json_t *v, char *out)
{
	void *at = out + f->offset;

	switch (f->kind) {
	case FIELD_INT:
		if (is_type(w, path, v, json_is_integer(v), "an integer"))
			int_value(w, f, path, json_integer_value(v), at);
		break;
	case FIELD_BOOL:
		if (is_type(w, path, v, json_is_boolean(v), "true or false"))
			*(bool *)at = json_is_true(v);
		break;
	case FIELD_TEXT:
	case FIELD_NAME:
	case FIELD_ENUM:
	case FIELD_TIME:
	case FIELD_TIME_END:
	case FIELD_SECRET:
		if (is_type(w, path, v, json_is_string(v), "a text"))
			text_value(w, f, path, json_string_value(v), json_string_length(v), at);
		break;
	case FIELD_TEXT_LIST:
		if (is_type(w, path, v, json_is_array(v), "a list of texts"))
			text_list(w, f, path, v, at);
		break;
	case FIELD_INT_LIST:
		if (is_type(w, path, v, json_is_array(v), "a list of integers"))
			int_list(w, f, path, v, at);
		break;
	case FIELD_TEXT_MAP:
		if (is_type(w, path, v, json_is_object(v), "an object of texts"))
			text_map(w, f, path, v, at);
		break;
	case FIELD_OBJECT:
		if (is_type(w, path, v, json_is_object(v), "an object")) {
			void *object = arena_alloc(w->arena, f->object_size);

			w->full |= object == NULL;
			if (object != NULL)
				object_fields(w, f->fields, f->fields_n, path, v, object);
			*(void **)at = object;
		}
		break;
	case FIELD_OBJECT_LIST:
		if (is_type(w, path, v, json_is_array(v), "a list of objects"))
			object_list(w, f, path, v, out);
		break;
	case FIELD_JSON:
		if (is_type(w, path, v, json_is_object(v), "an object"))
			*(json_t **)at = json_incref(v);
		break;
	}
}

static const char *
field_name(const struct field *f)
{
	return f->as != NULL ? f->as : f->name;
}

static void
object_fields(struct walk *w, const struct field *fields, size_t n, const char *prefix, json_t *object, void *out)
{
	char path[PATH_CAP];
	const char *key, *dot = prefix[0] == '\0' ? "" : ".";
	json_t *v;

	for (size_t i = 0; i < n && !w->full; i++) {
		v = json_object_get(object, field_name(&fields[i]));
		(void)snprintf(path, sizeof(path), "%.180s%s%.70s", prefix, dot, field_name(&fields[i]));
		if (v != NULL && !(json_is_null(v) && fields[i].optional))
			value(w, &fields[i], path, v, out);
		else if (!fields[i].optional)
			fault(w, path, NULL, "is missing");
	}
	json_object_foreach(object, key, v) {
		size_t i = 0;

		while (i < n && strcmp(field_name(&fields[i]), key) != 0)
			i++;
		if (i == n) {
			(void)snprintf(path, sizeof(path), "%.180s%s%.70s", prefix, dot, key);
			fault(w, path, NULL, "is not a field that is known here");
		}
	}
}

/* Of what a failed decoding made, only secrets and references need an end; the rest is the arena's. */
static void
object_undo(const struct field *fields, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct field *f = &fields[i];
		void *at = out + f->offset;

		if (f->kind == FIELD_SECRET) {
			secret_free(*(struct secret **)at);
			*(struct secret **)at = NULL;
		} else if (f->kind == FIELD_JSON) {
			json_decref(*(json_t **)at);
			*(json_t **)at = NULL;
		} else if (f->kind == FIELD_OBJECT && *(void **)at != NULL) {
			object_undo(f->fields, f->fields_n, *(void **)at);
		} else if (f->kind == FIELD_OBJECT_LIST && *(void **)at != NULL) {
			size_t count = *(size_t *)(void *)(out + f->n_offset);

			for (size_t k = 0; k < count; k++)
				object_undo(f->fields, f->fields_n, *(char **)at + k * f->object_size);
		}
	}
}

bool
json_decode_value(json_t *object, const struct field *fields, size_t n, struct arena *a, void *out, struct err *e,
    struct faults *faults)
{
	struct walk w = { .arena = a, .faults = faults };

	if (!json_is_object(object))
		return err_set(e, ERR_MALFORMED, "json", "the body must be a JSON object, not %s",
		    object == NULL ? "nothing" : type_text(object));
	object_fields(&w, fields, n, "", object, out);
	if (w.wrong == 0 && !w.full)
		return true;
	object_undo(fields, n, out);
	if (w.full)
		return err_set(e, ERR_TOO_LARGE, "json_too_large", "the JSON body has too many values");
	if (w.wrong == 1)
		return err_set(e, ERR_INVALID, "fields", "%s", w.first);
	return err_set(e, ERR_INVALID, "fields", "%s; %llu fields are wrong", w.first, (unsigned long long)w.wrong);
}

bool
json_decode_text(const void *p, size_t n, const struct field *fields, size_t fields_n, struct arena *a, void *out,
    struct err *e, struct faults *faults)
{
	json_t *v = NULL;
	bool ok = json_parse(p, n, &v, e) && json_decode_value(v, fields, fields_n, a, out, e, faults);

	json_decref(v);
	return ok;
}

bool
json_decode(const struct secret *body, const struct field *fields, size_t n, struct arena *a, void *out,
    struct err *e, struct faults *faults)
{
	if (body == NULL || body->len == 0)
		return err_set(e, ERR_MALFORMED, "json", "a JSON body is needed");
	return json_decode_text(body->p, body->len, fields, n, a, out, e, faults);
}

bool
field_from_text(const struct field *f, const char *text, struct arena *a, void *out, struct faults *faults)
{
	struct walk w = { .arena = a, .faults = faults };
	void *at = (char *)out + f->offset;

	if (f->kind == FIELD_INT) {
		uint64_t v;

		if (parse_u64(text, INT64_MAX, &v))
			int_value(&w, f, field_name(f), (int64_t)v, at);
		else
			fault(&w, field_name(f), text, "must be an integer");
	} else if (f->kind == FIELD_BOOL) {
		*(bool *)at = strcmp(text, "true") == 0;
		if (!*(bool *)at && strcmp(text, "false") != 0)
			fault(&w, field_name(f), text, "must be true or false");
	} else
		text_value(&w, f, field_name(f), text, strlen(text), at);
	return w.wrong == 0 && !w.full;
}

/* jansson bounds the depth of its parser at 2048; ours is what a request may need. */
static bool
depth_ok(const char *p, size_t n)
{
	bool in_text = false;
	int depth = 0;

	for (size_t i = 0; i < n; i++) {
		if (in_text) {
			if (p[i] == '\\')
				i++;
			else if (p[i] == '"')
				in_text = false;
		} else if (p[i] == '"')
			in_text = true;
		else if (p[i] == '{' || p[i] == '[') {
			if (++depth > JSON_DEPTH_MAX)
				return false;
		} else if (p[i] == '}' || p[i] == ']')
			depth--;
	}
	return true;
}

bool
json_parse(const void *p, size_t n, json_t **out, struct err *e)
{
	json_error_t why;
	json_t *v;

	if (!depth_ok(p, n))
		return err_set(e, ERR_MALFORMED, "json", "JSON nested deeper than %d", JSON_DEPTH_MAX);
	v = json_loadb(p, n, JSON_REJECT_DUPLICATES, &why);
	if (v == NULL) {
		char text[JSON_ERROR_TEXT_LENGTH], *near;

		/* The library quotes what stands there, which may be a password. */
		(void)snprintf(text, sizeof(text), "%s", why.text);
		near = strstr(text, " near ");
		if (near != NULL)
			*near = '\0';
		return err_set(e, ERR_MALFORMED, "json", "not JSON (RFC 8259): line %d, column %d: %s", why.line,
		    why.column, json_error_code(&why) == json_error_duplicate_key ? "a name is given twice" : text);
	}
	*out = v;
	return true;
}

static void *
wiping_malloc(size_t n)
{
	void *p = malloc(n);

	if (p == NULL)
		abort();
	return p;
}

static void
wiping_free(void *p)
{
	if (p != NULL)
		wipe(p, malloc_usable_size(p));
	free(p);
}

void
json_init(void)
{
	json_set_alloc_funcs(wiping_malloc, wiping_free);
}
