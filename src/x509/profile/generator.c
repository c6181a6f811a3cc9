#include <stdio.h>
#include <string.h>

#include "base/own.h"
#include "base/str.h"
#include "x509/profile/generator.h"
#include "x509/profile/input_private.h"

static const struct {
	enum input_generator	 kind;
	const char		*name;
} kinds[] = {
	{ GENERATOR_NONE, "none" },
	{ GENERATOR_MAC, "mac" },
	{ GENERATOR_EUI64, "eui64" },
	{ GENERATOR_DECIMAL, "decimal" },
};

const char *
input_generator_name(enum input_generator g)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (kinds[i].kind == g)
			return kinds[i].name;
	return NULL;
}

enum input_generator
generator_find(const char *name)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return kinds[i].kind;
	return 0;
}

static bool
address_start(struct generator *g, const char *start)
{
	uint8_t b[8];
	size_t n = mac_octets(start, b);

	if (n != (g->kind == GENERATOR_MAC ? 6u : 8u))
		return false;
	g->start = 0;
	for (size_t i = 0; i < n; i++)
		g->start = g->start << 8 | b[i];
	return true;
}

/* The last value, or false when it passes `most`. */
static bool
last_value(const struct generator *g, uint64_t most, uint64_t *last)
{
	uint64_t span;

	return !__builtin_mul_overflow(g->increment, g->size - 1, &span) &&
	    !__builtin_add_overflow(g->start, span, last) && *last <= most;
}

static bool
inside_block(const struct generator *g, uint64_t last, const char *start, const struct mac_prefix *prefixes,
    size_t n, struct err *e)
{
	unsigned below = g->kind == GENERATOR_MAC ? 0 : 16;	/* bits of an EUI-64 behind the first 48 */
	bool somewhere = false;

	for (size_t i = 0; i < n; i++) {
		if (!mac_prefix_has(&prefixes[i], start))
			continue;
		somewhere = true;
		if (((last >> below) & ~mac_block_mask(prefixes[i].len)) == prefixes[i].bits)
			return true;
	}
	if (!somewhere)
		return err_set(e, ERR_INVALID, "generator_block",
		    "%s is in none of the organization's address blocks", start);
	return err_set(e, ERR_INVALID, "generator_block",
	    "%llu addresses from %s by %llu leave the block that holds the first",
	    (unsigned long long)g->size, start, (unsigned long long)g->increment);
}

static bool
address_run(const struct generator *g, const char *start, const struct mac_prefix *prefixes, size_t n,
    struct err *e)
{
	uint64_t most = g->kind == GENERATOR_MAC ? UINT64_C(0xffffffffffff) : UINT64_MAX, last;
	unsigned top = g->kind == GENERATOR_MAC ? 40 : 56;

	/* The last address of all is the broadcast address. */
	if (!last_value(g, most, &last) || last == most)
		return err_set(e, ERR_INVALID, "generator_overflow",
		    "%llu addresses from %s by %llu pass the end, %s", (unsigned long long)g->size, start,
		    (unsigned long long)g->increment,
		    g->kind == GENERATOR_MAC ? "FF:FF:FF:FF:FF:FF" : "FF:FF:FF:FF:FF:FF:FF:FF");
	if (n > 0)
		return inside_block(g, last, start, prefixes, n, e);
	if (last >> top != g->start >> top)
		return err_set(e, ERR_INVALID, "generator_block",
		    "%llu addresses from %s by %llu leave the block of its first octet",
		    (unsigned long long)g->size, start, (unsigned long long)g->increment);
	return true;
}

static bool
decimal_run(struct generator *g, const char *start, struct err *e)
{
	uint64_t most = 1, last;

	g->width = (unsigned)strlen(start);
	if (g->width > 19 || !parse_u64(start, UINT64_MAX, &g->start))
		return err_set(e, ERR_INVALID, "generator_overflow",
		    "%.40s is not a decimal number of at most 19 digits", start);
	for (unsigned i = 0; i < g->width; i++)
		most *= 10;
	if (!last_value(g, most - 1, &last))
		return err_set(e, ERR_INVALID, "generator_overflow",
		    "%llu numbers from %s by %llu need more than its %u digits (leading zeros count)",
		    (unsigned long long)g->size, start, (unsigned long long)g->increment, g->width);
	return true;
}

bool
generator_start(const struct profile_input *in, enum input_generator kind, const char *start_normal,
    uint64_t increment, uint64_t size, const struct mac_prefix *prefixes, size_t n_prefixes,
    struct generator *out, struct err *e)
{
	struct generator g = { .kind = kind, .increment = increment, .size = size, .start = 0 };

	if ((in->generators & kind) == 0 || input_generator_name(kind) == NULL)
		return err_set(e, ERR_INVALID, "generator_kind", "%s has no such generator", in->title);
	if (size == 0)
		return err_set(e, ERR_INVALID, "generator_size", "a generator makes one value at least");
	if (kind == GENERATOR_NONE)
		return err_set(e, ERR_INVALID, "generator_kind", "a fixed value needs no generator");
	if (increment == 0)
		return err_set(e, ERR_INVALID, "generator_increment", "the increment is 1 at least");
	if (kind == GENERATOR_DECIMAL) {
		if (!decimal_run(&g, start_normal, e))
			return false;
	} else {
		if (!address_start(&g, start_normal))
			return err_set(e, ERR_INVALID, "generator_start", "%.40s is no address to start from",
			    start_normal);
		if (!address_run(&g, start_normal, prefixes, n_prefixes, e))
			return false;
	}
	*out = g;
	return true;
}

void
generator_value(const struct generator *g, uint64_t i, char out[INPUT_VALUE_MAX])
{
	uint64_t v = g->start + g->increment * i;
	uint8_t b[8];
	size_t n = g->kind == GENERATOR_MAC ? 6 : 8;

	if (g->kind == GENERATOR_DECIMAL) {
		(void)snprintf(out, INPUT_VALUE_MAX, "%0*llu", (int)g->width, (unsigned long long)v);
		return;
	}
	for (size_t k = n; k-- > 0; v >>= 8)
		b[k] = (uint8_t)v;
	mac_text(b, n, out);
}
