#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "x509/profile/doc.h"

bool
doc_load(const char *text, size_t len, size_t max, json_t **root, struct err *e)
{
	json_error_t why;
	json_t *j;

	if (len > max)
		return err_set(e, ERR_TOO_LARGE, "profile_too_large",
		    "the document has more than %zu octets", max);
	j = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	if (j == NULL)
		return err_set(e, ERR_MALFORMED, "profile_json", "not JSON: line %d column %d: %s", why.line,
		    why.column, why.text);
	if (!json_is_object(j)) {
		json_decref(j);
		return err_set(e, ERR_MALFORMED, "profile_json", "not a JSON object");
	}
	*root = j;
	return true;
}

void
doc_fault(struct doc *d, const char *member, const char *fmt, ...)
{
	char path[DOC_PATH_MAX + 80], message[200];
	va_list ap;

	if (member == NULL)
		(void)snprintf(path, sizeof(path), "%.*s", (int)d->path_len, d->path);
	else
		(void)snprintf(path, sizeof(path), "%.*s%s%.64s", (int)d->path_len, d->path,
		    d->path_len > 0 ? "." : "", member);
	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	d->bad++;
	if (d->faults != NULL)
		fault_add(d->faults, NULL, 0, path, NULL, "%s", message);
}

__attribute__((format(printf, 2, 3)))
static void
path_add(struct doc *d, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(d->path + d->path_len, sizeof(d->path) - d->path_len, fmt, ap);
	va_end(ap);
	if (n > 0)
		d->path_len += (size_t)n;
	if (d->path_len >= sizeof(d->path))
		d->path_len = sizeof(d->path) - 1;
}

void
doc_into(struct doc *d, const char *member)
{
	path_add(d, "%s%.64s", d->path_len > 0 ? "." : "", member);
}

void
doc_into_index(struct doc *d, size_t i)
{
	path_add(d, "[%zu]", i);
}

void
doc_back(struct doc *d, size_t path_len)
{
	d->path_len = path_len;
	d->path[path_len] = '\0';
}

bool
doc_members(struct doc *d, const json_t *object, const char *const *allowed)
{
	const char *name;
	json_t *value;

	if (!json_is_object(object)) {
		doc_fault(d, NULL, "must be an object");
		return false;
	}
	json_object_foreach((json_t *)object, name, value) {
		size_t i = 0;

		while (allowed[i] != NULL && strcmp(allowed[i], name) != 0)
			i++;
		if (allowed[i] == NULL)
			doc_fault(d, name, "unknown member");
	}
	return true;
}

/* The member, or NULL with a fault when it is needed. */
static const json_t *
member_of(struct doc *d, const json_t *object, const char *member, bool needed)
{
	const json_t *v = json_object_get(object, member);

	if (v == NULL && needed)
		doc_fault(d, member, "is missing");
	return v;
}

const char *
doc_text(struct doc *d, const json_t *object, const char *member, bool needed, size_t max)
{
	const json_t *v = member_of(d, object, member, needed);
	const char *s;

	if (v == NULL)
		return NULL;
	if (!json_is_string(v)) {
		doc_fault(d, member, "must be a string");
		return NULL;
	}
	s = json_string_value(v);
	if (*s == '\0' || strlen(s) > max || !text_name_ok(s, max)) {
		doc_fault(d, member, "must have 1 to %zu octets and no control characters", max);
		return NULL;
	}
	return doc_copy(d, s);
}

int64_t
doc_int(struct doc *d, const json_t *object, const char *member, int64_t least, int64_t most,
    int64_t otherwise)
{
	const json_t *v = member_of(d, object, member, otherwise == DOC_NEEDED);

	if (v == NULL)
		return otherwise == DOC_NEEDED ? least : otherwise;
	if (!json_is_integer(v) || json_integer_value(v) < least || json_integer_value(v) > most) {
		doc_fault(d, member, "must be a whole number from %lld to %lld", (long long)least,
		    (long long)most);
		return otherwise == DOC_NEEDED ? least : otherwise;
	}
	return json_integer_value(v);
}

bool
doc_bool(struct doc *d, const json_t *object, const char *member, bool otherwise)
{
	const json_t *v = json_object_get(object, member);

	if (v == NULL)
		return otherwise;
	if (!json_is_boolean(v)) {
		doc_fault(d, member, "must be true or false");
		return otherwise;
	}
	return json_is_true(v);
}

const json_t *
doc_array(struct doc *d, const json_t *object, const char *member, bool needed, size_t least, size_t most)
{
	const json_t *v = member_of(d, object, member, needed);

	if (v == NULL)
		return NULL;
	if (!json_is_array(v) || json_array_size(v) < least || json_array_size(v) > most) {
		doc_fault(d, member, "must be an array of %zu to %zu elements", least, most);
		return NULL;
	}
	return v;
}

const json_t *
doc_object(struct doc *d, const json_t *object, const char *member, bool needed)
{
	const json_t *v = member_of(d, object, member, needed);

	if (v == NULL)
		return NULL;
	if (!json_is_object(v)) {
		doc_fault(d, member, "must be an object");
		return NULL;
	}
	return v;
}

/* "a, b or c", as far as it fits. */
static void
list_words(const char *const *words, size_t n, char *out, size_t cap)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n && used < cap; i++) {
		const char *between = i == 0 ? "" : i + 1 == n ? " or " : ", ";
		int k = snprintf(out + used, cap - used, "%s%s", between, words[i]);

		used += k > 0 ? (size_t)k : 0;
	}
}

static int
word_index(const json_t *v, const char *const *words, size_t n)
{
	for (size_t i = 0; json_is_string(v) && i < n; i++)
		if (strcmp(words[i], json_string_value(v)) == 0)
			return (int)i;
	return -1;
}

int
doc_word(struct doc *d, const json_t *object, const char *member, bool needed, const char *const *words,
    size_t n)
{
	const json_t *v = member_of(d, object, member, needed);
	char list[160];
	int i;

	if (v == NULL)
		return -1;
	i = word_index(v, words, n);
	if (i < 0) {
		list_words(words, n, list, sizeof(list));
		doc_fault(d, member, "must be %s", list);
	}
	return i;
}

unsigned
doc_words(struct doc *d, const json_t *object, const char *member, bool needed, const char *const *words,
    size_t n)
{
	const json_t *v = doc_array(d, object, member, needed, 0, n), *one;
	unsigned bits = 0;
	char list[160];
	size_t i;

	json_array_foreach((json_t *)v, i, one) {
		int k = word_index(one, words, n);

		if (k >= 0 && !(bits & 1u << k)) {
			bits |= 1u << k;
			continue;
		}
		list_words(words, n, list, sizeof(list));
		doc_fault(d, member, k < 0 ? "element %zu must be %s" : "element %zu is there twice (of %s)",
		    i, list);
	}
	return bits;
}

void *
doc_alloc(struct doc *d, size_t n, size_t size)
{
	void *p = arena_array(d->arena, n == 0 ? 1 : n, size);

	if (p == NULL)
		doc_fault(d, NULL, "the document needs too much memory");
	return p;
}

const char *
doc_copy(struct doc *d, const char *s)
{
	char *p = doc_alloc(d, strlen(s) + 1, 1);

	if (p != NULL)
		memcpy(p, s, strlen(s) + 1);
	return p;
}

const char *
doc_printf(struct doc *d, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return doc_copy(d, text);
}
