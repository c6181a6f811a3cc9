#include "base/rand.h"

#include <limits.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "base/str.h"

void
rand_octets(void *p, size_t n)
{
	if (n > INT_MAX || RAND_bytes(p, (int)n) != 1)
		abort();
}

void
rand_id(char out[33])
{
	uint8_t id[16];

	rand_octets(id, sizeof(id));
	hex_lower(id, sizeof(id), out);
}
