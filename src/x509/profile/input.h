/*
 * input - what a customer types, uploads or lets generate for one device: its rules and normal form.
 *
 * A descriptor comes from a profile and drives the form, the CSV template, the API's checks, the worker
 * and the signer.  A value is kept and compared in its normal form only; normalizing a normal form gives
 * the same text again.
 */
#ifndef X509_INPUT_H
#define X509_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define INPUT_VALUE_MAX 1024		/* octets of any normal form, with the NUL */
#define INPUT_WHY_MAX 256

enum input_type {
	INPUT_MAC_ADDRESS,	/* EUI-48: "00:1A:2B:3C:4D:5E" */
	INPUT_EUI64,		/* "00:1A:2B:3C:4D:5E:6F:70" */
	INPUT_TEXT,		/* UTF-8, blanks trimmed */
	INPUT_DECIMAL,		/* digits, leading zeros kept */
	INPUT_HEX,		/* upper-case digits without separators */
	INPUT_CHOICE,		/* one of a list */
	INPUT_DNS_NAME,		/* lower case A-labels */
	INPUT_IP_ADDRESS	/* IPv4 or IPv6 as inet_ntop writes it */
};

enum input_generator {		/* bits */
	GENERATOR_NONE		= 1 << 0,	/* a fixed value */
	GENERATOR_MAC		= 1 << 1,
	GENERATOR_EUI64		= 1 << 2,
	GENERATOR_DECIMAL	= 1 << 3
};

enum input_source {		/* bits */
	SOURCE_FORM	= 1 << 0,
	SOURCE_CSV	= 1 << 1,
	SOURCE_CSR	= 1 << 2
};

enum input_charset {		/* what the narrowest place takes where the profile puts the value */
	CHARSET_UTF8,
	CHARSET_IA5,		/* ASCII */
	CHARSET_PRINTABLE,	/* letters, digits, blank and '()+,-./:=? */
	CHARSET_NUMERIC		/* digits and blank */
};
bool charset_ok(enum input_charset, const char *, size_t len);
const char *charset_name(enum input_charset);	/* "PrintableString", as in ASN.1 */

struct pattern;			/* x509/profile/pattern.h */

struct profile_input {
	const char		*name;		/* "mac_address": JSON key and CSV column */
	const char		*title;		/* "MAC address" */
	enum input_type		 type;
	bool			 required;
	bool			 multiple;	/* several, separated by commas */
	bool			 unique;	/* one living certificate a profile, organization and value */
	unsigned		 generators;	/* enum input_generator */
	unsigned		 sources;	/* enum input_source */
	enum input_charset	 charset;
	size_t			 min_length;	/* characters of the normal form; of each piece */
	size_t			 max_length;
	const char		*pattern;	/* matches the whole normal form, or NULL */
	const char		*message;	/* what to say when it does not, or NULL */
	const char		*default_value;	/* or NULL */
	const char		*placeholder;	/* or NULL */
	const char		*help;		/* or NULL */
	const char *const	*choices;	/* INPUT_CHOICE */
	size_t			 n_choices;
	const struct pattern	*match;		/* the pattern, compiled; NULL without */
};

/* "mac_address", "eui64", "text", ... */
const char *input_type_name(enum input_type);
const char *input_generator_name(enum input_generator);	/* one bit: "none", "mac", ... */

/*
 * Brings what somebody wrote into normal form.  `out` has room for INPUT_VALUE_MAX octets.  An empty or
 * blank value gives "" when the input is optional.  False: `why` says in a sentence for people what is
 * wrong ("1.23E+11 is scientific notation: a spreadsheet has rounded the address; format the column as
 * text").  Does not apply default_value.
 */
must_check bool input_normalize(const struct profile_input *, const char *raw, size_t len,
    char out[INPUT_VALUE_MAX], char why[INPUT_WHY_MAX]);
/* The same for a value in hand that should be normal already. */
must_check bool input_is_normal(const struct profile_input *, const char *value, char why[INPUT_WHY_MAX]);

/*
 * Address blocks: "00:1A:2B" (MA-L), "00:1A:2B:C" (MA-M), "00:1A:2B:3C:D" (MA-S); any even or odd number
 * of digits from 6 to 11, in any spelling.
 */
struct mac_prefix {
	uint64_t	bits;		/* left-aligned in 48 bits */
	unsigned	len;		/* bits: 24, 28, 36, ... */
};
must_check bool mac_prefix_parse(const char *, struct mac_prefix *);
/* "00:1A:2B:C". */
void mac_prefix_text(const struct mac_prefix *, char out[18]);
/* A normal EUI-48 or EUI-64 is inside the block. */
bool mac_prefix_has(const struct mac_prefix *, const char *normal_mac);
/* Its second-lowest bit of the first octet is set: given by an administrator, not from an IEEE block. */
bool mac_is_local(const char *normal_mac);
/* The octets of a normal EUI-48 (6) or EUI-64 (8); 0: neither. */
size_t mac_octets(const char *normal_mac, uint8_t out[8]);
/* "00:1A:2B:3C:4D:5E" from 6 or 8 octets; out has room for 24. */
void mac_text(const uint8_t *octets, size_t n, char out[24]);
/* The first block that holds it, or NULL. */
const struct mac_prefix *mac_prefix_find(const struct mac_prefix *, size_t n, const char *normal_mac);

#endif
