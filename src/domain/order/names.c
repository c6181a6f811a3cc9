#include "domain/order/names.h"

#include <string.h>

#include "base/hash.h"
#include "base/rand.h"

struct entry {
	uint32_t	number;		/* plus 1; 0: free */
	uint32_t	high;
	uint64_t	low;
};

struct names {
	struct entry	*slots;
	size_t		 cap;		/* a power of two */
	size_t		 n;
	uint8_t		 key[32];
	uint64_t	 mix;
};

struct names *
names_new(void)
{
	struct names *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	s->cap = 1024;
	s->slots = calloc(s->cap, sizeof(*s->slots));
	if (s->slots == NULL)
		abort();
	rand_octets(s->key, sizeof(s->key));
	rand_octets(&s->mix, sizeof(s->mix));
	return s;
}

void
names_free(struct names *s)
{
	free(s->slots);
	free(s);
}

size_t
names_count(const struct names *s)
{
	return s->n;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "00:1A:2B:3C:4D:5E", six or eight pairs: its number, one to one. */
static bool
address(const char *p, size_t len, struct entry *out)
{
	uint64_t v = 0;

	if (len != 17 && len != 23)
		return false;
	for (size_t i = 0; i < len; i++) {
		int d = digit(p[i]);

		if (i % 3 == 2 ? p[i] != ':' : d < 0)
			return false;
		if (i % 3 != 2)
			v = v << 4 | (uint64_t)d;
	}
	out->low = v;
	out->high = (uint32_t)len;
	return true;
}

static size_t
slot_of(const struct names *s, const struct entry *k)
{
	/* Spreads what is sequential; the random addend keeps the order from being known outside. */
	uint64_t h = (k->low ^ s->mix) * 0x9e3779b97f4a7c15u;

	h ^= h >> 32;
	return (size_t)((h * 0xd6e8feb86659fd93u) >> 20) & (s->cap - 1);
}

static void
place(struct names *s, const struct entry *k)
{
	size_t i = slot_of(s, k);

	while (s->slots[i].number != 0)
		i = (i + 1) & (s->cap - 1);
	s->slots[i] = *k;
}

static void
grow(struct names *s)
{
	struct entry *old = s->slots;
	size_t old_cap = s->cap;

	s->cap *= 2;
	s->slots = calloc(s->cap, sizeof(*s->slots));
	if (s->slots == NULL)
		abort();
	for (size_t i = 0; i < old_cap; i++)
		if (old[i].number != 0)
			place(s, &old[i]);
	free(old);
}

bool
names_add(struct names *s, const void *value, size_t len, uint32_t number, uint32_t *first)
{
	struct entry k = { .number = number + 1 };

	if (!address(value, len, &k)) {
		uint8_t mac[SHA256_LEN];

		hmac_sha256(s->key, sizeof(s->key), value, len, mac);
		memcpy(&k.low, mac, sizeof(k.low));
		memcpy(&k.high, mac + 8, sizeof(k.high));
		k.high |= 1u << 31;	/* never the mark of an address */
	}
	for (size_t i = slot_of(s, &k); s->slots[i].number != 0; i = (i + 1) & (s->cap - 1)) {
		if (s->slots[i].low == k.low && s->slots[i].high == k.high) {
			*first = s->slots[i].number - 1;
			return false;
		}
	}
	if (4 * s->n >= 3 * s->cap)
		grow(s);
	place(s, &k);
	s->n++;
	return true;
}
