/* input_private - shared by input.c, mac.c and generator.c. */
#ifndef X509_INPUT_PRIVATE_H
#define X509_INPUT_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Hexadecimal digits with one kind of separator between groups. */
struct mac_hex {
	uint8_t		 digit[32];
	size_t		 n;		/* digits */
	char		 separator;	/* 0: none */
	size_t		 group;		/* digits between separators */
	size_t		 last;		/* digits behind the last one */
	bool		 groups_ok;	/* all of two, or of four between dots */
	const char	*bad;		/* the character that is neither; NULL: too many digits */
};
/* False: see `bad`. */
bool mac_hex(const char *, size_t, struct mac_hex *out);
/* The bits that are free in a block. */
uint64_t mac_block_mask(unsigned prefix_len);

#endif
