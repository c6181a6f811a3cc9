#include "store/query.h"

#include <locale.h>
#include <pthread.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

void
query_add(struct query *q, const char *text, struct db_args args)
{
	size_t used = 0;

	for (; *text != '\0'; text++) {
		if (*text != '?') {
			str_addc(&q->sql, *text);
			continue;
		}
		if (used == args.n || q->n == QUERY_ARGS_MAX)
			abort();		/* our own text: as many arguments as marks */
		q->v[q->n++] = args.v[used++];
		str_addf(&q->sql, "$%zu", q->n);
	}
	if (used != args.n)
		abort();
}

/* Distinct texts are few: sorts times sets of filters that people really use. */
static const char *
intern(const char *text)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct text {
		struct text	*next;
		char		 s[];
	} *known[256];
	unsigned h = 5381;
	size_t len = strlen(text) + 1;
	struct text *t;

	for (const char *p = text; *p != '\0'; p++)
		h = h * 33 + (unsigned char)*p;
	(void)pthread_mutex_lock(&lock);
	for (t = known[h % COUNT(known)]; t != NULL; t = t->next)
		if (strcmp(t->s, text) == 0)
			break;
	if (t == NULL) {
		t = malloc(sizeof(*t) + len);
		if (t == NULL)
			abort();
		memcpy(t->s, text, len);
		t->next = known[h % COUNT(known)];
		known[h % COUNT(known)] = t;
	}
	(void)pthread_mutex_unlock(&lock);
	return t->s;
}

bool
query_run(struct db *db, const struct query *q, struct db_rows **rows, struct err *e)
{
	return db_query(db, intern(q->sql.p), (struct db_args){ q->v, q->n }, rows, e);
}

void
query_clear(struct query *q)
{
	str_free(&q->sql);
}

char *
query_like(struct arena *a, const char *part)
{
	char *out = arena_alloc(a, 2 * strlen(part) + 3), *p = out;

	if (out == NULL)
		return NULL;
	*p++ = '%';
	for (; *part != '\0'; part++) {
		if (*part == '%' || *part == '_' || *part == '\\')
			*p++ = '\\';
		*p++ = (char)(*part >= 'A' && *part <= 'Z' ? *part | 0x20 : *part);
	}
	*p++ = '%';
	*p = '\0';
	return out;
}

/* One UTF-8 character of well-formed text. */
static size_t
decode(const char *s, wint_t *c)
{
	const unsigned char *u = (const unsigned char *)s;

	if (u[0] < 0x80) {
		*c = u[0];
		return 1;
	}
	if (u[0] < 0xe0) {
		*c = ((u[0] & 0x1fu) << 6) | (u[1] & 0x3fu);
		return 2;
	}
	if (u[0] < 0xf0) {
		*c = ((u[0] & 0x0fu) << 12) | ((u[1] & 0x3fu) << 6) | (u[2] & 0x3fu);
		return 3;
	}
	*c = ((u[0] & 0x07u) << 18) | ((u[1] & 0x3fu) << 12) | ((u[2] & 0x3fu) << 6) | (u[3] & 0x3fu);
	return 4;
}

static size_t
encode(char *out, wint_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | (c >> 6));
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | (c >> 12));
		out[1] = (char)(0x80 | ((c >> 6) & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | (c >> 18));
	out[1] = (char)(0x80 | ((c >> 12) & 0x3f));
	out[2] = (char)(0x80 | ((c >> 6) & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

char *
query_fold(struct arena *a, const char *text)
{
	static locale_t utf8;
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	char *out, *p;

	(void)pthread_mutex_lock(&lock);
	if (utf8 == (locale_t)0)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	(void)pthread_mutex_unlock(&lock);
	if (!utf8_valid(text, strlen(text)))
		return arena_strdup(a, text);
	/* A letter's other case is at most one octet longer in UTF-8. */
	out = p = arena_alloc(a, 2 * strlen(text) + 1);
	if (out == NULL)
		return NULL;
	while (*text != '\0') {
		wint_t c;

		text += decode(text, &c);
		if (c < 0x80)
			c = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
		else if (utf8 != (locale_t)0)
			c = towlower_l(c, utf8);
		p += encode(p, c);
	}
	*p = '\0';
	return out;
}
