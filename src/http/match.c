#include "http/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define SEGMENTS_MAX 16

/* A pattern is matched segment by segment; rank makes the more particular of two rows win. */
struct segment {
	enum { LITERAL, PARAM, REST } kind;
	char	*text;			/* the literal, or the parameter's name */
	char	*suffix;		/* of a PARAM: "" when none */
	size_t	 suffix_n;
};

struct row {
	const struct route	*route;
	const struct http_mount	*mount;
	struct segment		 seg[SEGMENTS_MAX];
	size_t			 n;
	size_t			 params;
};

struct match_table {
	struct row	*rows;
	size_t		 n;
};

static void __attribute__((noreturn))
wrong_table(const char *pattern, const char *why)
{
	log_error("http.routes", "pattern=%s why=\"%s\"", pattern, why);
	abort();
}

static char *
dup_n(const char *s, size_t n)
{
	char *p = strndup(s, n);

	if (p == NULL)
		abort();
	return p;
}

static void
segment_parse(const char *pattern, const char *p, size_t n, struct segment *g)
{
	const char *close;

	if (*p != '{') {
		*g = (struct segment){ LITERAL, dup_n(p, n), dup_n("", 0), 0 };
		return;
	}
	close = memchr(p, '}', n);
	if (close == NULL || close == p + 1)
		wrong_table(pattern, "a parameter is not closed or has no name");
	if (close - p > 4 && memcmp(close - 3, "...", 3) == 0) {
		*g = (struct segment){ REST, dup_n(p + 1, (size_t)(close - p) - 4), dup_n("", 0), 0 };
		return;
	}
	*g = (struct segment){ PARAM, dup_n(p + 1, (size_t)(close - p) - 1),
		dup_n(close + 1, n - (size_t)(close - p) - 1), n - (size_t)(close - p) - 1 };
}

static void
row_parse(struct row *row, const struct http_mount *mount, const struct route *route)
{
	const char *p = route->pattern;

	row->route = route;
	row->mount = mount;
	if (*p != '/' || route->handler == NULL || route->method == HEAD)
		wrong_table(p, "it must begin with a slash, have a handler, and not be for HEAD");
	while (*p == '/') {
		size_t n = strcspn(++p, "/");

		if (row->n == SEGMENTS_MAX || (row->n > 0 && row->seg[row->n - 1].kind == REST))
			wrong_table(route->pattern, "too many segments, or one behind the rest");
		segment_parse(route->pattern, p, n, &row->seg[row->n]);
		row->params += row->seg[row->n].kind != LITERAL;
		row->n++;
		p += n;
	}
}

static int
segment_order(const struct segment *a, const struct segment *b)
{
	if (a->kind != b->kind)
		return (int)a->kind - (int)b->kind;
	if (a->kind == PARAM && a->suffix_n != b->suffix_n)
		return a->suffix_n > b->suffix_n ? -1 : 1;
	return strcmp(a->kind == LITERAL ? a->text : a->suffix, b->kind == LITERAL ? b->text : b->suffix);
}

/* Particular rows first; 0: both mean the same paths. */
static int
row_order(const void *pa, const void *pb)
{
	const struct row *a = pa, *b = pb;
	size_t n = a->n < b->n ? a->n : b->n;

	for (size_t i = 0; i < n; i++) {
		int order = segment_order(&a->seg[i], &b->seg[i]);

		if (order != 0)
			return order;
	}
	return (a->n > b->n) - (a->n < b->n);
}

static void
check_collisions(const struct match_table *t)
{
	for (size_t i = 0; i < t->n; i++)
		for (size_t k = i + 1; k < t->n; k++) {
			const struct row *a = &t->rows[i], *b = &t->rows[k];

			if (row_order(a, b) != 0)
				break;	/* sorted: the equal ones stand together */
			if (a->route->method == b->route->method && (a->mount->listeners & b->mount->listeners) != 0)
				wrong_table(a->route->pattern, "two rows for the same requests");
		}
}

struct match_table *
match_table_new(const struct http_mount *mounts, size_t n)
{
	struct match_table *t = calloc(1, sizeof(*t));
	size_t rows = 0;

	for (size_t i = 0; i < n; i++)
		rows += mounts[i].n;
	if (t == NULL || (t->rows = calloc(rows + 1, sizeof(*t->rows))) == NULL)
		abort();
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < mounts[i].n; k++)
			row_parse(&t->rows[t->n++], &mounts[i], &mounts[i].routes[k]);
	qsort(t->rows, t->n, sizeof(*t->rows), row_order);
	check_collisions(t);
	return t;
}

void
match_table_free(struct match_table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n; i++)
		for (size_t k = 0; k < t->rows[i].n; k++) {
			free(t->rows[i].seg[k].text);
			free(t->rows[i].seg[k].suffix);
		}
	free(t->rows);
	free(t);
}

static bool
segment_fits(const struct segment *g, const char *p, size_t n)
{
	if (g->kind == LITERAL)
		return strlen(g->text) == n && memcmp(g->text, p, n) == 0;
	return n > g->suffix_n && memcmp(p + n - g->suffix_n, g->suffix, g->suffix_n) == 0;
}

/* Whether the path fits; fills v (one for each parameter) when it is not NULL. */
static bool
row_fits(const struct row *row, const struct http_req *q, struct http_pair *v)
{
	bool raw = row->seg[row->n - 1].kind == REST;
	const char *p = raw ? q->raw_path : q->path;
	size_t k = 0;

	for (size_t i = 0; i < row->n; i++) {
		const struct segment *g = &row->seg[i];
		size_t n;

		if (*p++ != '/')
			return false;
		if (g->kind == REST) {
			if (v != NULL)
				v[k] = (struct http_pair){ g->text, arena_strdup(q->arena, p) };
			return *p != '\0';
		}
		n = strcspn(p, "/");
		if (!segment_fits(g, p, n))
			return false;
		if (g->kind == PARAM && v != NULL)
			v[k] = (struct http_pair){ g->text, arena_strndup(q->arena, p, n - g->suffix_n) };
		k += g->kind == PARAM;
		p += n;
	}
	return *p == '\0';
}

static const char *
method_text(enum http_method m)
{
	static const char *const texts[] = { "", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" };

	return texts[m];
}

static void
allow_add(char *allow, size_t cap, enum http_method m)
{
	size_t n = strlen(allow);

	if (strstr(allow, method_text(m)) != NULL)
		return;
	(void)snprintf(allow + n, cap - n, "%s%s%s", n > 0 ? ", " : "", method_text(m), m == GET ? ", HEAD" : "");
}

bool
match_find(const struct match_table *t, const struct http_req *q, struct match *out)
{
	enum http_method method = q->method == HEAD ? GET : q->method;
	const struct row *first = NULL;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < t->n; i++) {
		const struct row *row = &t->rows[i];
		struct http_pair *v;

		if ((row->mount->listeners & q->listener) == 0 || !row_fits(row, q, NULL))
			continue;
		/* The most particular pattern decides, also over a vaguer one that would take the method. */
		if (first != NULL && row_order(first, row) != 0)
			break;
		first = row;
		if (row->route->method != method) {
			allow_add(out->allow, sizeof(out->allow), row->route->method);
			continue;
		}
		v = arena_array(q->arena, row->params + 1, sizeof(*v));
		if (v == NULL)
			return false;
		(void)row_fits(row, q, v);
		out->params = (struct http_pairs){ v, row->params };
		out->route = row->route;
		out->mount = row->mount;
		return true;
	}
	return false;
}
