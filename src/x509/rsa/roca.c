/*
 * Infineon's library made its primes as k * M + (65537^a mod M), M the product of the first primes.  So a
 * modulus of its is a power of 65537 modulo each of them; a random one is so with probability below 2^-27
 * (Nemec et al., "The Return of Coppersmith's Attack", CCS 2017, section 2.4).
 */
#include "base/own.h"
#include "x509/key.h"

/* Grouped so that a group's product fits 32 bits: one pass over the modulus a group. */
static const uint8_t groups[][9] = {
	{ 3, 5, 7, 11, 13, 17, 19, 23, 29 },
	{ 31, 37, 41, 43, 47 },
	{ 53, 59, 61, 67, 71 },
	{ 73, 79, 83, 89 },
	{ 97, 101, 103, 107 },
	{ 109, 113, 127, 131 },
	{ 137, 139, 149, 151 },
	{ 157, 163, 167 },
};

static uint32_t
remainder_of(struct der n, uint32_t m)
{
	uint64_t r = 0;
	size_t i = 0;

	for (; i < n.len % 4; i++)
		r = (r << 8 | n.p[i]) % m;
	for (; i < n.len; i += 4) {
		uint32_t word = (uint32_t)n.p[i] << 24 | (uint32_t)n.p[i + 1] << 16 |
				(uint32_t)n.p[i + 2] << 8 | n.p[i + 3];

		r = (r << 32 | word) % m;
	}
	return (uint32_t)r;
}

static bool
power_of_65537(uint32_t residue, uint32_t p)
{
	uint32_t g = 65537 % p, v = 1;

	do {
		if (v == residue)
			return true;
		v = v * g % p;
	} while (v != 1);
	return false;
}

bool
key_roca(struct der modulus)
{
	for (size_t g = 0; g < COUNT(groups); g++) {
		uint32_t product = 1, r;

		for (size_t i = 0; i < sizeof(groups[g]) && groups[g][i] != 0; i++)
			product *= groups[g][i];
		r = remainder_of(modulus, product);
		for (size_t i = 0; i < sizeof(groups[g]) && groups[g][i] != 0; i++)
			if (!power_of_65537(r % groups[g][i], groups[g][i]))
				return false;
	}
	return true;
}
