/*
 * liststate - the last revocation list of one scope as a sorted file of serials: what the next one is
 * held against.
 *
 *	file = "certmill crl list" format numbers times count (one page of 128 octets) entry* sha256
 *	entry = length and flags, serial
 *
 * Read and written as streams.  A new file takes the old one's place in one step.
 */
#ifndef SIGNER_LISTSTATE_H
#define SIGNER_LISTSTATE_H

#include <stdint.h>

#include "base/err.h"
#include "base/own.h"
#include "x509/revocation/crl.h"

struct list_number {			/* CRLNumber, big-endian */
	uint8_t	len;			/* 0: none yet */
	uint8_t	b[20];
};
int list_number_cmp(const struct list_number *, const struct list_number *);
/* ERR_INVALID crl_number: more than 20 octets. */
must_check bool list_number_set(struct list_number *, struct der, struct err *);

struct list_head {
	struct list_number	 number;	/* of the last whole list */
	struct list_number	 delta;		/* of the last delta behind it */
	int64_t			 this_update_s;	/* of the last whole list */
	uint64_t		 count;
};

enum { LIST_HOLD = 0x20, LIST_DELTA = 0x40 };	/* on hold; known by a delta only */

struct list_entry {
	uint8_t	serial[CRL_SERIAL_MAX];
	uint8_t	len;
	uint8_t	flags;
};

struct list_reader;
/* No file: an empty list.  ERR_INTERNAL crl_state: damaged. */
must_check bool list_reader_open(const char *path, struct list_reader **, struct err *);
void list_reader_free(struct list_reader *);
OWN_TYPE(struct list_reader, list_reader_free)
const struct list_head *list_reader_head(const struct list_reader *);
/* At the end the whole file's hash has been checked. */
must_check bool list_reader_next(struct list_reader *, struct list_entry *, bool *more, struct err *);

struct list_writer;
must_check bool list_writer_new(const char *path, struct list_writer **, struct err *);
/* Without a commit the old file stays. */
void list_writer_free(struct list_writer *);
OWN_TYPE(struct list_writer, list_writer_free)
must_check bool list_writer_add(struct list_writer *, const struct list_entry *, struct err *);
/* Head, hash, sync: ready to take the place. */
must_check bool list_writer_end(struct list_writer *, const struct list_head *, struct err *);
must_check bool list_writer_commit(struct list_writer *, struct err *);

#endif
