/*
 * json - decoding by field tables, encoding over jansson.
 *
 *	static const struct field batch_new_fields[] = {
 *		INT (struct batch_new, profile_id, 1, INT32_MAX),
 *		NAME(struct batch_new, name, 200),
 *		INT (struct batch_new, size, 1, 1000000, OPTIONAL),
 *	};
 * Every wrong field is reported at once, under its path ("generator.increment", "serial_numbers[3]");
 * unknown names are wrong, names given twice make the text unparsable.  An OPTIONAL field that is absent or
 * null leaves its member as it was: set defaults before.
 */
#ifndef HTTP_JSON_H
#define HTTP_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/secret.h"

#define JSON_DEPTH_MAX 32

struct text_list {
	const char	**v;
	size_t		  n;
};
struct int_list {
	int64_t		*v;
	size_t		 n;
};
struct text_map {		/* an object of strings, in the order given */
	struct text_pair {
		const char	*name;
		const char	*value;
	}		*v;
	size_t		 n;
};

enum field_kind {
	FIELD_INT, FIELD_TEXT, FIELD_NAME, FIELD_BOOL, FIELD_ENUM, FIELD_TIME, FIELD_TIME_END, FIELD_SECRET,
	FIELD_TEXT_LIST, FIELD_INT_LIST, FIELD_TEXT_MAP, FIELD_OBJECT, FIELD_OBJECT_LIST, FIELD_JSON
};

struct field {
	const char		*name;		/* of the member; in JSON too, unless `as` is set */
	enum field_kind		 kind;
	size_t			 offset, size;	/* of the member */
	int64_t			 min, max;	/* value, characters, or number of elements */
	int64_t			 each_max;	/* lists and maps: characters of an element */
	const char *const	*names;		/* ENUM: NULL-terminated; the member gets the index */
	const struct field	*fields;	/* OBJECT */
	size_t			 fields_n;
	size_t			 object_size;
	size_t			 n_offset;	/* OBJECT_LIST: the member that gets the number (size_t) */
	bool			 optional;
	const char		*as;
};

/* Behind the arguments of a row. */
#define OPTIONAL	.optional = true
#define AS(json_name)	.as = (json_name)

#define FIELD_MEMBER(T, m)	.name = #m, .offset = offsetof(T, m), .size = sizeof(((T *)0)->m)
/* Makes a member of another type than the row expects a compile error. */
#define FIELD_IS(T, m, M)	(0 * sizeof(struct { int i; _Static_assert( \
    __builtin_types_compatible_p(__typeof__(((T *)0)->m), M), #m " is not a " #M); }))

/* An integer in lo..hi; the member is any signed or unsigned integer type of 4 or 8 octets. */
#define INT(T, m, lo, hi, ...) { FIELD_MEMBER(T, m), .kind = FIELD_INT, .min = (lo), .max = (hi), __VA_ARGS__ }
/* lo..hi characters, any but NUL; const char *, in the arena. */
#define TEXT(T, m, lo, hi, ...) { FIELD_MEMBER(T, m), .kind = FIELD_TEXT + FIELD_IS(T, m, const char *), \
    .min = (lo), .max = (hi), __VA_ARGS__ }
/* 1..hi characters that people see: no control, bidi or surrogate characters (text_name_ok). */
#define NAME(T, m, hi, ...) { FIELD_MEMBER(T, m), .kind = FIELD_NAME + FIELD_IS(T, m, const char *), \
    .min = 1, .max = (hi), __VA_ARGS__ }
#define BOOL(T, m, ...) { FIELD_MEMBER(T, m), .kind = FIELD_BOOL + FIELD_IS(T, m, bool), __VA_ARGS__ }
/* One of a NULL-terminated list of texts; an int or enum member gets its index. */
#define ENUM(T, m, list, ...) { FIELD_MEMBER(T, m), .kind = FIELD_ENUM, .names = (list), __VA_ARGS__ }
/* RFC 3339 into Unix seconds (int64_t).  TIME_END: a bare date means its last second. */
#define TIME(T, m, ...) { FIELD_MEMBER(T, m), .kind = FIELD_TIME + FIELD_IS(T, m, int64_t), __VA_ARGS__ }
#define TIME_END(T, m, ...) { FIELD_MEMBER(T, m), .kind = FIELD_TIME_END + FIELD_IS(T, m, int64_t), __VA_ARGS__ }
/* lo..hi characters into struct secret *, the caller's to free (OWN(secret_free)); none is left after a failure. */
#define SECRET(T, m, lo, hi, ...) { FIELD_MEMBER(T, m), .kind = FIELD_SECRET + FIELD_IS(T, m, struct secret *), \
    .min = (lo), .max = (hi), __VA_ARGS__ }
/* lo..hi elements of 0..chars characters: struct text_list. */
#define TEXT_LIST(T, m, lo, hi, chars, ...) { FIELD_MEMBER(T, m), \
    .kind = FIELD_TEXT_LIST + FIELD_IS(T, m, struct text_list), .min = (lo), .max = (hi), .each_max = (chars), \
    __VA_ARGS__ }
/* lo..hi integers: struct int_list. */
#define INT_LIST(T, m, lo, hi, ...) { FIELD_MEMBER(T, m), .kind = FIELD_INT_LIST + FIELD_IS(T, m, struct int_list), \
    .min = (lo), .max = (hi), __VA_ARGS__ }
/* An object of at most hi strings of 0..chars characters (numbers and booleans are taken as their text): text_map. */
#define TEXT_MAP(T, m, hi, chars, ...) { FIELD_MEMBER(T, m), .kind = FIELD_TEXT_MAP + FIELD_IS(T, m, struct text_map), \
    .max = (hi), .each_max = (chars), __VA_ARGS__ }
/* A nested object: S * in the arena, NULL (or as it was) when absent. */
#define OBJECT(T, m, S, rows, ...) { FIELD_MEMBER(T, m), .kind = FIELD_OBJECT + FIELD_IS(T, m, S *), \
    .fields = (rows), .fields_n = COUNT(rows), .object_size = sizeof(S), __VA_ARGS__ }
/* lo..hi objects: S * in the arena, their number in the member n (size_t). */
#define OBJECT_LIST(T, m, n, S, rows, lo, hi, ...) { FIELD_MEMBER(T, m), .kind = FIELD_OBJECT_LIST + \
    FIELD_IS(T, m, S *) + FIELD_IS(T, n, size_t), .fields = (rows), .fields_n = COUNT(rows), \
    .object_size = sizeof(S), .n_offset = offsetof(T, n), .min = (lo), .max = (hi), __VA_ARGS__ }
/* Any object, not looked into: json_t *, a reference that is the caller's to json_decref; none after a failure. */
#define JSON(T, m, ...) { FIELD_MEMBER(T, m), .kind = FIELD_JSON + FIELD_IS(T, m, json_t *), __VA_ARGS__ }

/*
 * ERR_MALFORMED when the text is no JSON object (or is absent, or nested deeper than JSON_DEPTH_MAX),
 * ERR_INVALID with a fault for each wrong field.  `faults` may be NULL.
 */
must_check bool json_decode(const struct secret *body, const struct field *, size_t n, struct arena *, void *out,
    struct err *, struct faults *);
/* The same from octets, and from a value that was parsed already. */
must_check bool json_decode_text(const void *, size_t, const struct field *, size_t n, struct arena *, void *out,
    struct err *, struct faults *);
must_check bool json_decode_value(json_t *object, const struct field *, size_t n, struct arena *, void *out,
    struct err *, struct faults *);
/* One text (a query parameter) into its member; used by list.h.  False after a fault. */
must_check bool field_from_text(const struct field *, const char *text, struct arena *, void *out, struct faults *);

/* Octets into a value: duplicates refused, depth bounded; ERR_MALFORMED says line and column. */
must_check bool json_parse(const void *, size_t, json_t **, struct err *);

/* jansson's memory is wiped when it is freed, since bodies hold passwords.  Once, at the start of a program. */
void json_init(void);

/* ---- encoding: new references, never NULL ---- */

json_t *json_text(const char *);		/* null for NULL; wrong UTF-8 is replaced by U+FFFD */
json_t *json_time(int64_t unix_s);		/* "2026-11-24T10:37:02Z" */
json_t *json_time_or_null(int64_t unix_s);	/* null for 0 */
json_t *json_texts(const char *const *, size_t n);
/* {"items":items,"next_cursor":text or null,"total":N}; takes items; total < 0: left out. */
json_t *json_list(json_t *items, const char *next_cursor, int64_t total);

#endif
