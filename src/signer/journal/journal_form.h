/*
 * journal_form - the octets of the journal: segment headers, block headers, records.
 *
 *	segment = header (128 octets) block*
 *	header  = "certmill journal" format segment block records created chain check padding
 *	block   = head (96 octets) record*
 *	head    = "CMJB" length number count time payload-hash chain
 *	record  = length kind profile version serial ca data
 *
 * Integers are big-endian.  `chain` of a block is SHA-256 over the chain value before it and the first
 * 64 octets of its head, which hold the hash of its records.
 */
#ifndef SIGNER_JOURNAL_FORM_H
#define SIGNER_JOURNAL_FORM_H

#include "signer/journal/journal.h"

#define SEGMENT_HEAD_LEN	128
#define BLOCK_HEAD_LEN		96
#define SEGMENT_NAME_LEN	16		/* "000001.segment" */

struct segment_head {
	uint32_t	 segment;
	uint64_t	 block;			/* number of its first block */
	uint64_t	 records;		/* in front of it */
	int64_t		 created_s;
	uint8_t		 chain[SHA256_LEN];	/* of the block in front of it */
};

struct block_head {
	uint32_t	 length;		/* octets of the records */
	uint64_t	 number;		/* from 1, through all segments */
	uint32_t	 count;
	int64_t		 time_s;
	uint8_t		 payload[SHA256_LEN];
	uint8_t		 chain[SHA256_LEN];
};

void segment_name(uint32_t segment, char out[SEGMENT_NAME_LEN]);
/* False: not the name of a segment. */
bool segment_number(const char *name, uint32_t *);

void segment_head_put(const struct segment_head *, uint8_t out[SEGMENT_HEAD_LEN]);
must_check bool segment_head_get(const uint8_t in[SEGMENT_HEAD_LEN], struct segment_head *);

/* Computes `chain` too. */
void block_head_put(struct block_head *, const uint8_t before[SHA256_LEN], uint8_t out[BLOCK_HEAD_LEN]);
/* Form only. */
must_check bool block_head_get(const uint8_t in[BLOCK_HEAD_LEN], struct block_head *);
must_check bool block_head_follows(const uint8_t in[BLOCK_HEAD_LEN], const struct block_head *,
    const uint8_t before[SHA256_LEN]);

void record_put(struct str *, const struct journal_record *);
/* One record from the front; time_s is the caller's to set.  Slices point into the input. */
must_check bool record_get(const uint8_t *, size_t len, struct journal_record *, size_t *used);

/* Where a record stands, as one number for the index. */
static inline uint64_t
place_of(uint32_t segment, uint64_t offset)
{
	return (uint64_t)segment << 40 | offset;
}
static inline uint32_t
place_segment(uint64_t place)
{
	return (uint32_t)(place >> 40);
}
static inline uint64_t
place_offset(uint64_t place)
{
	return place & ((UINT64_C(1) << 40) - 1);
}

/* Does the index hold records of this kind by serial? */
static inline bool
kind_indexed(enum journal_kind k)
{
	return k == JOURNAL_CERT || k == JOURNAL_BARRED || k == JOURNAL_OWN;
}

bool serial_equal(const struct journal_serial *, const struct journal_serial *);

#endif
