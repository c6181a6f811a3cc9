/*
 * Certificates found by a part of their names: just those that a look at every name finds, in order, page by page.
 */
#include "check_orders.h"
#include "domain/certificate/certificate.h"
#include "store/query.h"

#define BATCHES 24
#define TRIES 300
#define PAGE 7

struct name {
	int64_t	 batch_id, index;
	char	*fold;
};

static uint32_t dice_state;

static uint32_t
dice(uint32_t n)
{
	dice_state = dice_state * 1664525u + 1013904223u;
	return (dice_state >> 8) % n;
}

static const char *
random_name(struct arena *a)
{
	static const char *const pieces[] = { "A", "b", "%", "_", "-", "7", "0", "1", "\xc3\x89", "\xc3\xa9", "\xc3\x9f", " x", "\\", "-1" };
	OWN_STR struct str s = { 0 };

	str_addc(&s, 'L');
	for (uint32_t n = 1 + dice(6); n > 0; n--)
		str_adds(&s, pieces[dice((uint32_t)COUNT(pieces))]);
	return arena_strdup(a, s.p);
}

static size_t
fill(struct orders_world *w, struct name *names, size_t cap)
{
	size_t n = 0;

	for (int i = 0; i < BATCHES; i++) {
		int64_t size = i == 0 ? 120 : 1 + (int64_t)dice(25);
		const char *name = random_name(w->arena);
		struct order o = orders_form(w, name, arena_printf(w->arena, "00:1A:2B:00:%02X:00", (unsigned)i), size);
		struct batch b = orders_placed(w, &w->ann, &o);

		for (int64_t k = 0; k < size && n < cap; k++)
			names[n++] = (struct name){ b.id, k,
			    query_fold(w->arena, arena_printf(w->arena, "%s-%" PRId64, name, k)) };
		if (i % 3 == 0)
			orders_work_all(w);	/* ids of several batches lie between each other */
	}
	orders_work_all(w);
	return n;
}

/* A piece of some name, cut between characters. */
static const char *
random_part(struct arena *a, const struct name *names, size_t n)
{
	const char *s = names[dice((uint32_t)n)].fold;
	size_t len = strlen(s), from = dice((uint32_t)len), to = from + 1 + dice(6);
	char *part;

	while (from > 0 && ((unsigned char)s[from] & 0xc0) == 0x80)
		from--;
	to = to > len ? len : to;
	while (to < len && ((unsigned char)s[to] & 0xc0) == 0x80)
		to++;
	part = arena_strndup(a, s + from, to - from);
	for (char *p = part; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z' && dice(2) == 0)
			*p = (char)(*p - 0x20);
	return part;
}

static size_t
search(struct orders_world *w, const char *part, bool descending, struct name *found, size_t cap, int64_t *last_of)
{
	struct certificate_search s = { .name = part, .status = -1, .descending = descending, .limit = PAGE, .uncounted = true };
	OWN(arena_free) struct arena *a = arena_new((size_t)4 << 20);
	struct certificate_page page = { 0 };
	size_t n = 0;
	int64_t last = 0;

	do {
		arena_reset(a);
		MUST(certificate_list(&w->app, &w->ann, &s, a, &page, me));
		for (size_t i = 0; i < page.n && n < cap; i++) {
			CHECK(last == 0 || (descending ? page.list[i].id < last : page.list[i].id > last), "%s: \"%s\": out of order",
			    check_on, part);
			last = page.list[i].id;
			found[n++] = (struct name){ page.list[i].batch_id, page.list[i].item_index, NULL };
		}
		s.after = true;
		s.after_id = page.next_id;
	} while (page.more);
	*last_of = last;
	return n;
}

static void
part_check(struct orders_world *w, const char *part, const struct name *names, size_t n)
{
	const char *fold = query_fold(w->arena, part);
	static struct name found[4096];
	size_t want = 0;

	for (size_t i = 0; i < n; i++)
		want += strstr(names[i].fold, fold) != NULL;
	for (int way = 0; way < 2; way++) {
		int64_t last;
		size_t got = search(w, part, way == 1, found, COUNT(found), &last);

		CHECK(got == want, "%s: \"%s\": %zu of %zu found", check_on, part, got, want);
		for (size_t i = 0; i < got; i++) {
			size_t k = 0;

			while (k < n && (names[k].batch_id != found[i].batch_id || names[k].index != found[i].index))
				k++;
			CHECK(k < n && strstr(names[k].fold, fold) != NULL, "%s: \"%s\" found what has another name", check_on, part);
		}
	}
}

static void
ranges_check(struct orders_world *w)
{
	struct certificate_range list[4];
	struct order o = orders_form(w, "Line quite alone", "00:1D:D1:00:00:00", 30);
	struct batch b = orders_placed(w, &w->ann, &o);
	struct db *db;
	size_t n = 0;

	orders_work_all(w);
	MUST(db_pool_get(w->app.store, DB_READ, &db, me));
	MUST(store_certificate_named_ranges(db, w->acme.id, "QUITE alone-2", w->arena, list, COUNT(list), &n, me));
	CHECK(n == 1 && list[0].last - list[0].first == 29, "%s: %zu ranges for one batch", check_on, n);
	MUST(store_certificate_named_ranges(db, w->other.id, "quite alone", w->arena, list, COUNT(list), &n, me));
	CHECK(n == 0, "%s: another organization's", check_on);
	MUST(store_certificate_named_ranges(db, w->acme.id, "quite alone-2x", w->arena, list, COUNT(list), &n, me));
	CHECK(n == 0, "%s: no index has letters", check_on);
	MUST(store_certificate_named_ranges(db, w->acme.id, "99999999999999999999", w->arena, list, COUNT(list), &n, me));
	CHECK(n == 0, "%s: no batch is so large", check_on);
	(void)b;
}

static void
all(enum db_engine engine, const char *uri)
{
	static struct name names[4096];
	struct orders_world w;
	size_t n;

	(void)engine;
	dice_state = 20261124;
	orders_world_make(&w, uri, 100000);
	n = fill(&w, names, COUNT(names));
	for (int i = 0; i < TRIES; i++)
		part_check(&w, random_part(w.arena, names, n), names, n);
	part_check(&w, "-", names, n);
	part_check(&w, "-1", names, n);
	part_check(&w, "1", names, n);
	part_check(&w, "07", names, n);
	part_check(&w, "%", names, n);
	part_check(&w, "_", names, n);
	part_check(&w, "nowhere", names, n);
	ranges_check(&w);
	orders_world_free(&w);
}

int
main(void)
{
	secret_init();
	check_db_on_both(all);
	return check_done();
}
