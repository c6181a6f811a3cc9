#include "http/list.h"

#include <string.h>

#include "base/str.h"

#define LIMIT_DEFAULT 50
#define LIMIT_MAX     1000

struct basics {
	int64_t		 limit;
	const char	*sort;
	const char	*cursor;
};
static const struct field basic_fields[] = {
	INT (struct basics, limit, 1, LIMIT_MAX, OPTIONAL),
	TEXT(struct basics, sort, 1, 64, OPTIONAL),
	TEXT(struct basics, cursor, 1, 2000, OPTIONAL),
};

static const struct field *
find_field(const struct field *f, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(f[i].as != NULL ? f[i].as : f[i].name, name) == 0)
			return &f[i];
	return NULL;
}

static const char *
bare(const char *key)
{
	return key[0] == '-' ? key + 1 : key;
}

static bool
read_sort(const char *text, const struct list_spec *spec, struct list *out, struct faults *faults)
{
	for (int i = 0; spec->sorts[i] != NULL; i++)
		if (strcmp(bare(spec->sorts[i]), bare(text)) == 0) {
			out->sort = i;
			out->sort_key = bare(spec->sorts[i]);
			out->descending = text[0] == '-';
			return true;
		}
	fault_add(faults, NULL, 0, "sort", text, "is not a key of this list");
	return false;
}

/* "sort NUL key NUL id" in base64url: it only marks a place, so it needs no seal. */
char *
list_cursor(struct arena *a, const struct list *l, const char *key, const char *id)
{
	OWN_STR struct str plain = { 0 }, text = { 0 };

	str_addf(&plain, "%s%s", l->descending ? "-" : "", l->sort_key);
	str_addc(&plain, '\0');
	str_adds(&plain, key);
	str_addc(&plain, '\0');
	str_adds(&plain, id);
	b64url_encode(plain.p, plain.len, &text);
	return arena_strndup(a, text.p, text.len);
}

static bool
read_cursor(const char *text, struct list *out, struct arena *a, struct faults *faults)
{
	size_t cap = strlen(text) + 1, n = 0;
	char *plain = arena_alloc(a, cap + 1);
	const char *key, *id;

	if (plain == NULL || !b64url_decode(text, strlen(text), (uint8_t *)plain, cap, &n))
		goto wrong;
	plain[n] = '\0';
	key = memchr(plain, '\0', n);
	id = key == NULL ? NULL : memchr(key + 1, '\0', n - (size_t)(key + 1 - plain));
	if (id == NULL || strlen(id + 1) + (size_t)(id + 1 - plain) != n || !utf8_valid(key + 1, strlen(key + 1)) ||
	    !utf8_valid(id + 1, strlen(id + 1)))
		goto wrong;
	if ((plain[0] == '-') != out->descending || strcmp(bare(plain), out->sort_key) != 0) {
		fault_add(faults, NULL, 0, "cursor", NULL, "belongs to a list in another order");
		return false;
	}
	out->after_key = key + 1;
	out->after_id = id + 1;
	return true;
wrong:
	fault_add(faults, NULL, 0, "cursor", NULL, "is not a cursor of this list");
	return false;
}

bool
list_decode(const struct http_req *q, const struct list_spec *spec, struct list *out, void *filters,
    struct faults *faults, struct err *e)
{
	struct basics basics = { .limit = LIMIT_DEFAULT };
	const char *wrong = NULL;

	*out = (struct list){ 0 };
	for (size_t i = 0; i < q->query.n; i++) {
		const struct http_pair *p = &q->query.v[i];
		const struct field *f = find_field(basic_fields, COUNT(basic_fields), p->name);
		void *into = &basics;

		if (f == NULL) {
			f = find_field(spec->filters, spec->filters_n, p->name);
			into = filters;
		}
		if (f == NULL)
			fault_add(faults, NULL, 0, p->name, p->value, "is not a parameter of this list");
		/* An empty filter is a form's way to say none. */
		else if ((p->value[0] == '\0' && into == filters) || field_from_text(f, p->value, q->arena, into, faults))
			continue;
		if (wrong == NULL)
			wrong = p->name;
	}
	if (!read_sort(basics.sort != NULL ? basics.sort : spec->sorts[0], spec, out, faults)) {
		if (wrong == NULL)
			wrong = "sort";
	} else if (basics.cursor != NULL && !read_cursor(basics.cursor, out, q->arena, faults) && wrong == NULL)
		wrong = "cursor";
	out->limit = basics.limit;
	if (wrong != NULL)
		return err_set(e, ERR_INVALID, "query", "wrong query parameter: %.100s", wrong);
	return true;
}
