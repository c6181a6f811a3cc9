#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "http/json.h"

static json_t *
never_null(json_t *v)
{
	if (v == NULL)
		abort();
	return v;
}

/* What a file or certificate calls text may be anything; JSON is UTF-8. */
static json_t *
repaired(const char *s)
{
	OWN_STR struct str out = { 0 };
	size_t left = strlen(s);

	while (left > 0) {
		size_t n = 1;

		while (n <= 4 && n <= left && !utf8_valid(s, n))
			n++;
		if (n > 4 || n > left) {
			str_adds(&out, "\xef\xbf\xbd");
			n = 1;
		} else
			str_add(&out, s, n);
		s += n;
		left -= n;
	}
	return never_null(json_stringn(out.p, out.len));
}

json_t *
json_text(const char *s)
{
	json_t *v;

	if (s == NULL)
		return json_null();
	v = json_string(s);
	return v != NULL ? v : repaired(s);
}

json_t *
json_time(int64_t unix_s)
{
	char text[TIME_TEXT_LEN];

	time_text(unix_s, text);
	return never_null(json_string(text));
}

json_t *
json_time_or_null(int64_t unix_s)
{
	return unix_s == 0 ? json_null() : json_time(unix_s);
}

json_t *
json_texts(const char *const *v, size_t n)
{
	json_t *list = never_null(json_array());

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_text(v[i]));
	return list;
}

json_t *
json_list(json_t *items, const char *next_cursor, int64_t total)
{
	json_t *o = never_null(json_object());

	json_object_set_new(o, "items", items);
	json_object_set_new(o, "next_cursor", json_text(next_cursor));
	if (total >= 0)
		json_object_set_new(o, "total", json_integer(total));
	return o;
}
