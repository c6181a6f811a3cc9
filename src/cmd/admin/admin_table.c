/* Output of the administrative commands: JSON as it is, or text for people from the same values. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/admin/admin.h"

#define COLUMNS_MAX 12

/* How wide a text is on a terminal: characters, not octets. */
static int
width(const char *s)
{
	return (int)utf8_length(s, strlen(s));
}

static void
value_text(const json_t *v, struct str *out)
{
	const json_t *item;
	const char *key;
	size_t i;

	switch (v == NULL ? JSON_NULL : json_typeof(v)) {
	case JSON_NULL:
		str_adds(out, "-");
		break;
	case JSON_STRING:
		str_adds(out, json_string_value(v));
		break;
	case JSON_INTEGER:
		str_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		break;
	case JSON_REAL:
		str_addf(out, "%g", json_real_value(v));
		break;
	case JSON_TRUE:
		str_adds(out, "yes");
		break;
	case JSON_FALSE:
		str_adds(out, "no");
		break;
	case JSON_ARRAY:
		json_array_foreach(v, i, item) {
			if (i > 0)
				str_adds(out, " ");
			value_text(item, out);
		}
		break;
	case JSON_OBJECT:
		/* A thing with a name is called by it. */
		if (json_is_string(json_object_get(v, "name")) && json_object_size(v) == 2) {
			value_text(json_object_get(v, "name"), out);
			break;
		}
		json_object_foreach((json_t *)(uintptr_t)v, key, item) {
			if (out->len > 0 && out->p[out->len - 1] != ' ')
				str_adds(out, " ");
			str_addf(out, "%s=", key);
			value_text(item, out);
		}
		break;
	}
}

static void
cell(const json_t *v, int pad_to, bool last)
{
	OWN_STR struct str s = { 0 };

	value_text(v, &s);
	if (s.p == NULL)
		str_adds(&s, "");
	for (char *p = s.p; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';	/* nothing that a terminal would obey */
	(void)fputs(s.p, stdout);
	for (int n = width(s.p); !last && n < pad_to + 2; n++)
		(void)fputc(' ', stdout);
}

static int
cell_width(const json_t *v)
{
	OWN_STR struct str s = { 0 };

	value_text(v, &s);
	return s.p == NULL ? 0 : width(s.p);
}

bool
admin_print(const struct admin *a, json_t *object)
{
	int widest = 0;
	const char *key;
	json_t *v;

	if (a->json) {
		(void)json_dumpf(object, stdout, JSON_INDENT(2));
		(void)fputc('\n', stdout);
		json_decref(object);
		return true;
	}
	json_object_foreach(object, key, v)
		if (width(key) > widest)
			widest = width(key);
	json_object_foreach(object, key, v) {
		(void)printf("%-*s  ", widest, key);
		cell(v, 0, true);
		(void)fputc('\n', stdout);
	}
	json_decref(object);
	return true;
}

struct column {
	char	key[40], heading[40];
	int	width;
};

/* "id:ID name:NAME"; '_' in a heading is a blank. */
static size_t
columns_read(const char *text, struct column *c)
{
	size_t n = 0;

	while (*text != '\0' && n < COLUMNS_MAX) {
		size_t len = strcspn(text, " "), at = strcspn(text, ":");

		(void)snprintf(c[n].key, sizeof(c[n].key), "%.*s", (int)at, text);
		(void)snprintf(c[n].heading, sizeof(c[n].heading), "%.*s", (int)(len - at - 1), text + at + 1);
		for (char *p = c[n].heading; *p != '\0'; p++)
			if (*p == '_')
				*p = ' ';
		c[n].width = width(c[n].heading);
		n++;
		text += len;
		text += strspn(text, " ");
	}
	return n;
}

bool
admin_print_list(const struct admin *a, json_t *items, const char *columns)
{
	struct column c[COLUMNS_MAX];
	size_t n, i;
	json_t *row;

	if (a->json)
		return admin_print(a, json_pack("{s:o}", "items", items));
	n = columns_read(columns, c);
	json_array_foreach(items, i, row)
		for (size_t k = 0; k < n; k++) {
			int w = cell_width(json_object_get(row, c[k].key));

			if (w > c[k].width)
				c[k].width = w;
		}
	for (size_t k = 0; k + 1 < n; k++)
		(void)printf("%-*s  ", c[k].width, c[k].heading);
	(void)printf("%s\n", c[n - 1].heading);
	json_array_foreach(items, i, row) {
		for (size_t k = 0; k < n; k++)
			cell(json_object_get(row, c[k].key), c[k].width, k + 1 == n);
		(void)fputc('\n', stdout);
	}
	json_decref(items);
	return true;
}

void
admin_say(const struct admin *a, const char *fmt, ...)
{
	va_list ap;

	if (a->json)
		return;
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	(void)fputc('\n', stdout);
}
