/*
 * serials - where in the journal a serial number stands: an index that can always be rebuilt.
 *
 * An open-addressing hash file, mapped into memory: a look-up touches one page whether the file
 * holds a thousand serials or fifty million, and the pages belong to the kernel, not to us.  It
 * keeps a keyed 64-bit fingerprint and a place; the journal itself settles whether a place really
 * holds the serial, so that a stale or foreign entry does no harm.
 *
 * Entries are only ever added, and a slot is written place first, fingerprint last: a process that
 * is killed leaves a whole file.  After a loss of power only what came behind the last checkpoint
 * may be missing; the journal adds it again from the mark on.  The file doubles beside the running
 * work: while it is copied both tables are asked.
 *
 * Safe for any number of threads.
 */
#ifndef SIGNER_SERIALS_H
#define SIGNER_SERIALS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/own.h"

struct serials;

/* A place in the journal in front of which everything is in the index, durably. */
struct serials_mark {
	uint32_t	 segment;	/* 0: nothing yet */
	uint32_t	 pad;
	uint64_t	 offset;	/* octets from the segment's start */
	uint64_t	 block;		/* number of the block that begins there */
	uint64_t	 records;	/* records in front of it */
	uint8_t		 chain[SHA256_LEN];	/* of the block in front of it */
};

/*
 * Opens DIR/serials.idx, or makes it with room for `expected` serials; *fresh says that it was made
 * and everything is to be added.  ERR_INTERNAL on a file that cannot be used.
 */
must_check bool serials_open(const char *dir, uint64_t expected, struct serials **, bool *fresh, struct err *);
/* The same for reading beside a running signer; ERR_NOT_FOUND when there is none. */
must_check bool serials_open_read(const char *dir, struct serials **, struct err *);
/* Ends a copy in progress (it begins anew at the next start); writes no checkpoint. */
void serials_free(struct serials *);
OWN_TYPE(struct serials, serials_free)

void serials_mark_get(struct serials *, struct serials_mark *);

/* Whether a place holds the serial that is looked for. */
typedef bool serials_match_fn(void *arg, uint64_t place);
/* The first place that matches; places are what serials_add was given. */
bool serials_find(struct serials *, const uint8_t *serial, size_t len, serials_match_fn *, void *arg,
    uint64_t *place);
/* `place` is not 0.  ERR_UNAVAILABLE when the file cannot grow (disk full) and is full. */
must_check bool serials_add(struct serials *, const uint8_t *serial, size_t len, uint64_t place, struct err *);

/*
 * Makes everything added so far durable and moves the mark.  The caller has added every record in
 * front of the mark, and those are durable in the journal.  Does nothing while a copy runs.
 */
must_check bool serials_checkpoint(struct serials *, const struct serials_mark *, struct err *);

/* A copy is complete and waits for a checkpoint to take over. */
bool serials_due(struct serials *);

uint64_t serials_count(struct serials *);
uint64_t serials_slots(struct serials *);
/* Waits for a copy in progress; for tests and checks. */
void serials_settle(struct serials *);

#endif
