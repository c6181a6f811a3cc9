/*
 * der - reading and writing DER (X.690) in memory that the caller owns.
 *
 * The reader takes what a strict decoder takes: definite lengths in the fewest octets, tags below 31,
 * nothing past the end.  It never copies; slices point into the input.  The writer works backwards from
 * the end of a buffer, so that every length is known when its header is written; it allocates nothing.
 */
#ifndef X509_DER_H
#define X509_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

enum der_tag {
	DER_BOOLEAN	= 0x01,
	DER_INTEGER	= 0x02,
	DER_BITS	= 0x03,		/* BIT STRING */
	DER_OCTETS	= 0x04,		/* OCTET STRING */
	DER_NULL	= 0x05,
	DER_OID		= 0x06,
	DER_ENUMERATED	= 0x0a,
	DER_UTF8	= 0x0c,
	DER_SEQUENCE	= 0x30,
	DER_SET		= 0x31,
	DER_NUMERIC	= 0x12,
	DER_PRINTABLE	= 0x13,
	DER_T61		= 0x14,
	DER_IA5		= 0x16,
	DER_UTC_TIME	= 0x17,
	DER_GEN_TIME	= 0x18,
	DER_VISIBLE	= 0x1a,
	DER_UNIVERSAL	= 0x1c,
	DER_BMP		= 0x1e
};

#define DER_CONTEXT(n)		(0x80 | (n))	/* [n] IMPLICIT of a primitive type */
#define DER_CONTEXT_CONS(n)	(0xa0 | (n))	/* [n] EXPLICIT, or IMPLICIT of a constructed type */

/* Octets somewhere else. */
struct der {
	const uint8_t	*p;
	size_t		 len;
};

/* Reading position: `p` moves towards `end`. */
struct der_reader {
	const uint8_t	*p, *end;
};

/* One element. */
struct der_item {
	uint8_t		 tag;
	struct der	 whole;		/* tag, length and contents */
	struct der	 body;		/* contents */
};

struct der_reader der_reader(const void *, size_t);
struct der_reader der_reader_of(struct der);
bool der_at_end(const struct der_reader *);
/* Tag of what comes next, 0 at the end. */
uint8_t der_peek(const struct der_reader *);
/* Any element; false at the end or where the encoding is not DER, and the reader stays. */
must_check bool der_next(struct der_reader *, struct der_item *);
/* An element of this tag: its contents.  False on any other, and the reader stays. */
must_check bool der_get(struct der_reader *, uint8_t tag, struct der *body);
/* The same, as a reader of the contents. */
must_check bool der_enter(struct der_reader *, uint8_t tag, struct der_reader *inner);
/* The same, with the header. */
must_check bool der_get_whole(struct der_reader *, uint8_t tag, struct der *whole);
/* The whole input is one element of this tag. */
must_check bool der_only(const void *, size_t, uint8_t tag, struct der *body);

/* INTEGER contents are minimal and, for the last two, not negative. */
must_check bool der_get_integer(struct der_reader *, struct der *body);
must_check bool der_get_unsigned(struct der_reader *, struct der *magnitude);	/* without the sign octet */
must_check bool der_get_u64(struct der_reader *, uint64_t *);
must_check bool der_get_bool(struct der_reader *, bool *);			/* 00 or FF */
must_check bool der_get_oid(struct der_reader *, struct der *body);		/* well-formed arcs */
must_check bool der_get_null(struct der_reader *);
/* BIT STRING: unused bits 0..7, all zero. */
must_check bool der_get_bits(struct der_reader *, struct der *octets, unsigned *unused);
/* BIT STRING of whole octets. */
must_check bool der_get_octet_bits(struct der_reader *, struct der *octets);
/* UTCTime through 2049, GeneralizedTime from 2050, `Z`, with seconds (RFC 5280 section 4.1.2.5). */
must_check bool der_get_time(struct der_reader *, int64_t *unix_s);

bool der_equal(struct der, const void *, size_t);

/*
 * Writing, last element first:
 *
 *	uint8_t buf[1024];
 *	struct der_writer w = der_writer(buf, sizeof(buf));
 *	size_t seq = der_mark(&w);
 *	der_put_u64(&w, DER_INTEGER, 7);
 *	der_put(&w, DER_OID, oid, oid_len);
 *	der_wrap(&w, DER_SEQUENCE, seq);	// SEQUENCE { oid, 7 }
 *	if (!der_written(&w, &out))		// buffer too small
 */
struct der_writer {
	uint8_t	*start, *p, *end;	/* p..end is written */
	bool	 full;			/* did not fit: what is written is void */
};

struct der_writer der_writer(void *, size_t);
/* How much is written so far, for der_wrap. */
size_t der_mark(const struct der_writer *);
void der_put_raw(struct der_writer *, const void *, size_t);
/* Header over everything written since the mark. */
void der_wrap(struct der_writer *, uint8_t tag, size_t mark);
/* Makes what was written since the mark the value of an Extension (RFC 5280, 4.1) of id-ce, its OID in 3 octets. */
void der_wrap_extension(struct der_writer *, const uint8_t oid[3], bool critical, size_t mark);
void der_put(struct der_writer *, uint8_t tag, const void *body, size_t);
void der_put_u64(struct der_writer *, uint8_t tag, uint64_t);
/* Non-negative INTEGER from a big-endian magnitude. */
void der_put_unsigned(struct der_writer *, const void *, size_t);
void der_put_bool(struct der_writer *, bool);
void der_put_octet_bits(struct der_writer *, const void *, size_t);	/* BIT STRING, no unused bits */
/* Wraps what was written since the mark as the octets of a BIT STRING. */
void der_wrap_bits(struct der_writer *, size_t mark);
/* UTCTime or GeneralizedTime by the year; seconds from 1950 to the end of 9999. */
void der_put_time(struct der_writer *, int64_t unix_s);
/* False when it did not fit; `out` points into the buffer. */
must_check bool der_written(const struct der_writer *, struct der *out);

/* 9999-12-31T23:59:59Z: no well-defined expiry. */
#define TIME_NEVER_S INT64_C(253402300799)

#endif
