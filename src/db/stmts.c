/* Kept statements, and the phrases in which the engines differ. */
#include <string.h>

#include "db/driver.h"

static uint64_t
hash_text(const char *s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3u;
	return h;
}

static size_t
slot_of(const char *sql)
{
	return (size_t)(((uintptr_t)sql * 0x9e3779b97f4a7c15u) >> 32) % STMT_SLOTS;
}

static void
unlink_use(struct stmts *t, struct stmt *s)
{
	*(s->newer != NULL ? &s->newer->older : &t->newest) = s->older;
	*(s->older != NULL ? &s->older->newer : &t->oldest) = s->newer;
}

static void
link_newest(struct stmts *t, struct stmt *s)
{
	s->newer = NULL;
	s->older = t->newest;
	*(t->newest != NULL ? &t->newest->newer : &t->oldest) = s;
	t->newest = s;
}

struct stmt *
stmts_find(struct stmts *t, const char *sql)
{
	size_t slot = slot_of(sql);
	struct stmt *s = t->slots[slot].at == sql ? t->slots[slot].s : NULL;

	/* The same address may hold another text by now. */
	if (s == NULL || strcmp(s->sql, sql) != 0) {
		uint64_t h = hash_text(sql);

		for (s = t->buckets[h % STMT_BUCKETS]; s != NULL; s = s->next)
			if (s->hash == h && strcmp(s->sql, sql) == 0)
				break;
		if (s == NULL)
			return NULL;
		t->slots[slot].at = sql;
		t->slots[slot].s = s;
	}
	if (s != t->newest) {
		unlink_use(t, s);
		link_newest(t, s);
	}
	return s;
}

void
stmts_add(struct stmts *t, struct stmt *s, const char *sql)
{
	struct stmt **bucket;

	s->sql = strdup(sql);
	if (s->sql == NULL)
		abort();
	s->hash = hash_text(sql);
	bucket = &t->buckets[s->hash % STMT_BUCKETS];
	s->next = *bucket;
	*bucket = s;
	link_newest(t, s);
	t->n++;
}

static struct stmt *
take_out(struct stmts *t, struct stmt *s)
{
	struct stmt **at = &t->buckets[s->hash % STMT_BUCKETS];
	size_t i;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	unlink_use(t, s);
	for (i = 0; i < STMT_SLOTS; i++)
		if (t->slots[i].s == s)
			t->slots[i].s = NULL;
	t->n--;
	return s;
}

struct stmt *
stmts_evict(struct stmts *t)
{
	struct stmt *s;

	if (t->n < STMT_KEPT)
		return NULL;
	for (s = t->oldest; s != NULL; s = s->newer)
		if (s->busy == 0)
			return take_out(t, s);
	return NULL;
}

struct stmt *
stmts_pop(struct stmts *t)
{
	return t->oldest == NULL ? NULL : take_out(t, t->oldest);
}

void
phrases_apply(const struct phrase *p, size_t n, const char *sql, struct str *out)
{
	while (*sql != '\0') {
		const char *first = NULL;
		size_t i, which = 0;

		for (i = 0; i < n; i++) {
			const char *at = strstr(sql, p[i].from);

			if (at != NULL && (first == NULL || at < first)) {
				first = at;
				which = i;
			}
		}
		if (first == NULL)
			break;
		str_add(out, sql, (size_t)(first - sql));
		str_adds(out, p[which].to);
		sql = first + strlen(p[which].from);
	}
	str_adds(out, sql);
}
