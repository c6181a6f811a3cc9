/*
 * generator - value i of a batch is start + i * increment, for addresses and decimal numbers.
 */
#ifndef X509_GENERATOR_H
#define X509_GENERATOR_H

#include "x509/profile/input.h"

struct generator {
	enum input_generator	kind;
	unsigned		width;		/* decimal: digits; leading zeros stay */
	uint64_t		start;
	uint64_t		increment;	/* >= 1, except for GENERATOR_NONE */
	uint64_t		size;
};

/*
 * Prepares `size` values from a start in the input's normal form.  `prefixes` (n_prefixes 0: no rule) are
 * the organization's blocks: the run must stay inside the one that holds its start.  ERR_INVALID when the
 * input has no such generator, the increment is 0, the last value passes the end of the number range
 * (generator_overflow), or leaves the block (generator_block).
 */
must_check bool generator_start(const struct profile_input *, enum input_generator, const char *start_normal,
    uint64_t increment, uint64_t size, const struct mac_prefix *prefixes, size_t n_prefixes,
    struct generator *out, struct err *);
/* Value of index i < size, in normal form. */
void generator_value(const struct generator *, uint64_t i, char out[INPUT_VALUE_MAX]);
/* From "none", "mac", "eui64", "decimal"; 0: unknown. */
enum input_generator generator_find(const char *name);

#endif
