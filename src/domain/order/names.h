/*
 * names - which values an order has named before, and in which line: a compact set for a million rows.
 *
 * 16 octets an entry: addresses are kept as the numbers they are, any other value as 96 bits of its
 * HMAC under a random key, so that nobody can make values collide and chance won't (1 in 10^16 for a
 * million rows).
 */
#ifndef DOMAIN_NAMES_H
#define DOMAIN_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/own.h"

struct names;
struct names *names_new(void);
void names_free(struct names *);
OWN_TYPE(struct names, names_free)

/* Adds a value under a number (a line or index, below 2^32); false: it is there already, and *first says where. */
bool names_add(struct names *, const void *value, size_t len, uint32_t number, uint32_t *first);
size_t names_count(const struct names *);

#endif
