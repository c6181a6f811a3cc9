#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "check.h"

static void
limits(void)
{
	OWN(arena_free) struct arena *a = arena_new(1000);
	OWN(arena_free) struct arena *small = arena_new(10);

	CHECK(arena_alloc(a, 900) != NULL && arena_alloc(a, 200) == NULL, "the limit holds");
	CHECK(arena_alloc(a, 50) != NULL, "and what fits is given");
	CHECK(arena_alloc(a, SIZE_MAX) == NULL && arena_alloc(a, SIZE_MAX - 3) == NULL, "no wrap-around");
	CHECK(arena_array(a, SIZE_MAX / 2, 4) == NULL, "nor in n * size");
	CHECK(arena_alloc(small, 10) != NULL, "the whole of a small limit can be used");
	arena_free(NULL);
}

static void
contents(void)
{
	OWN(arena_free) struct arena *a = arena_new(64 << 20);
	char *s, *first;
	size_t used, sum = 0;

	for (size_t i = 1; i < 3000; i++) {
		unsigned char *p = arena_alloc(a, i);

		if (!CHECK(p != NULL, "%zu", i))
			return;
		CHECK((uintptr_t)p % alignof(max_align_t) == 0, "aligned");
		for (size_t k = 0; k < i; k++)
			sum += p[k];
		memset(p, 0xff, i);
	}
	CHECK(sum == 0, "zeroed");
	CHECK(arena_alloc(a, 5 << 20) != NULL, "larger than any block");
	s = arena_strndup(a, "abcdef", 3);
	CHECK(strcmp(s, "abc") == 0 && strcmp(arena_strdup(a, "xy"), "xy") == 0, "%s", s);
	CHECK(strcmp(arena_strndup(a, "ab", 10), "ab") == 0, "shorter than n");
	CHECK(strcmp(arena_printf(a, "%d-%s", 7, "z"), "7-z") == 0, "printf");
	CHECK(memcmp(arena_memdup(a, "\0x", 2), "\0x", 2) == 0, "memdup");
	used = arena_used(a);
	CHECK(used > (5u << 20) && used < (11u << 20), "%zu used", used);

	arena_reset(a);
	CHECK(arena_used(a) == 0, "forgotten");
	first = arena_alloc(a, 64);
	CHECK(first[0] == 0 && first[63] == 0, "zeroed again");
	for (int i = 0; i < 100; i++) {
		arena_reset(a);
		CHECK(arena_alloc(a, 64) == first, "the first block is kept");
	}
}

static void
faults(void)
{
	OWN(arena_free) struct arena *a = arena_new(8 << 20), *tiny = arena_new(4096);
	struct faults f = { .arena = a }, g = { .arena = tiny };
	char longer[300];

	fault_add(&f, "x.csv", 3, "mac_address", "00:1A\n\xff", "not a MAC address: %d digits", 4);
	CHECK(f.n == 1 && f.total == 1 && f.list[0].line == 3, "kept");
	CHECK(strcmp(f.list[0].value, "00:1A??") == 0, "safe to show: %s", f.list[0].value);
	CHECK(strcmp(f.list[0].message, "not a MAC address: 4 digits") == 0, "%s", f.list[0].message);
	CHECK(strcmp(f.list[0].file, "x.csv") == 0 && strcmp(f.list[0].field, "mac_address") == 0, "copied");
	memset(longer, 'a', sizeof(longer));
	longer[299] = '\0';
	memcpy(longer + 78, "\xe2\x82\xac", 3);
	fault_add(&f, NULL, 0, NULL, longer, "long");
	CHECK(strlen(f.list[1].value) == 81 && strcmp(f.list[1].value + 78, "...") == 0, "shortened at a character: %s", f.list[1].value);
	CHECK(f.list[1].file == NULL && f.list[1].field == NULL, "may be absent");
	fault_add(&f, NULL, 0, NULL, "M\xc3\xbcller \xc3", "cut in the middle");
	CHECK(strcmp(f.list[2].value, "M\xc3\xbcller ?") == 0, "%s", f.list[2].value);
	fault_add(&f, NULL, 0, NULL, "\xf0\x9f", "cut before the end");
	CHECK(strcmp(f.list[3].value, "??") == 0, "%s", f.list[3].value);
	for (int i = 0; i < FAULTS_MAX + 50; i++)
		fault_add(&f, NULL, i, NULL, NULL, "row");
	CHECK(f.n == FAULTS_MAX && f.total == FAULTS_MAX + 54, "%zu kept of %llu", f.n, (unsigned long long)f.total);
	for (int i = 0; i < 1000; i++)
		fault_add(&g, NULL, i, NULL, NULL, "row");
	CHECK(g.total == 1000 && g.n > 0 && g.n < 100, "a full arena: %zu kept", g.n);
}

int
main(void)
{
	limits();
	contents();
	faults();
	return check_done();
}
