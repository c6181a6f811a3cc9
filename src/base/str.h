/*
 * str - a growing byte buffer, and the few text helpers everyone needs.
 *
 * A `struct str` starts as { 0 }; str_free releases it.  It is always
 * NUL-terminated behind `len` once something was added.  Growing aborts when
 * memory is out.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/own.h"

struct str {
	char	*p;
	size_t	 len;
	size_t	 cap;
};

void str_add(struct str *, const void *, size_t);
void str_adds(struct str *, const char *);
void str_addc(struct str *, char);
void str_addf(struct str *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Room for n octets and a NUL behind what is there; the caller fills it and raises len. */
char *str_room(struct str *, size_t n);
void str_clear(struct str *);		/* len = 0, memory kept */
void str_free(struct str *);		/* releases the contents; safe on { 0 } */
#define OWN_STR __attribute__((cleanup(str_free)))

/* Upper-case hex of n octets into out[2n + 1]. */
void hex_upper(const uint8_t *, size_t n, char *out);
void hex_lower(const uint8_t *, size_t n, char *out);
/* Exactly 2n hex digits of any case into n octets; false on anything else. */
must_check bool hex_decode(const char *, size_t digits, uint8_t *out, size_t n);

/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms), NUL counted as wrong. */
must_check bool utf8_valid(const char *, size_t);
/* Characters (code points) of well-formed UTF-8. */
size_t utf8_length(const char *, size_t octets);
/* A name people see: 1..max characters (code points), no control, bidi or surrogate characters. */
must_check bool text_name_ok(const char *, size_t max_chars);

/* Whole-string decimal without sign or blanks, 0..max. */
must_check bool parse_u64(const char *, uint64_t max, uint64_t *out);

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/* Base64 (RFC 4648 section 4) and base64url without padding (section 5). */
void b64_encode(const void *, size_t, struct str *out);
void b64url_encode(const void *, size_t, struct str *out);
must_check bool b64_decode(const char *, size_t, uint8_t *out, size_t cap, size_t *len);
must_check bool b64url_decode(const char *, size_t, uint8_t *out, size_t cap, size_t *len);

#endif
