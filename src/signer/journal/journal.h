/*
 * journal - what this signer signed: append-only, synced before an answer leaves, chained by hashes.
 *
 * A directory of numbered segments.  A segment is a header and blocks; a block is what one request
 * appended: its records stand or fall together.  Every block's chain value covers the one before it,
 * so that nothing can be taken out or changed without a trace; a tail that was being written when the
 * machine stopped is cut off at the next start and kept beside the journal (nobody was answered about
 * it).  An index (serials.h) finds a serial, and enforces that none is signed twice, ever.
 *
 * One process writes, held by a lock file; any number of threads.
 */
#ifndef SIGNER_JOURNAL_H
#define SIGNER_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/own.h"
#include "base/str.h"
#include "x509/der.h"

#define JOURNAL_SERIAL_MAX	20
#define JOURNAL_RECORD_MAX	(64 * 1024)		/* octets of one record */
#define JOURNAL_BLOCK_MAX	(64u * 1024 * 1024)	/* octets of one block's records */

struct journal;
struct journal_claim;

/* Big-endian, without sign octet. */
struct journal_serial {
	uint8_t	len;			/* 1..20 */
	uint8_t	b[JOURNAL_SERIAL_MAX];
};

enum journal_kind {			/* on disk: never renumber */
	JOURNAL_CERT = 1,		/* a certificate; data: its DER */
	JOURNAL_BARRED = 2,		/* a serial that will never be signed; no data */
	JOURNAL_CRL = 3,		/* a list; serial: its number, data: SHA-256 of it; not in the index */
	JOURNAL_AUDIT = 4,		/* an audit head; version: none, data: sequence and hash */
	JOURNAL_DOCUMENT = 5,		/* a document made active; data: its SHA-256 */
	JOURNAL_OWN = 6			/* a certificate the signer made for itself or a CA; data: its DER */
};
const char *journal_kind_name(enum journal_kind);	/* "certificate" */

struct journal_record {
	enum journal_kind	 kind;
	struct journal_serial	 serial;
	struct der		 ca;		/* key identifier of the CA; may be empty */
	int64_t			 profile;	/* 0: the signer's own */
	int64_t			 version;
	struct der		 data;
	int64_t			 time_s;	/* set by the journal */
};

struct journal_options {
	uint64_t	 segment_max;	/* octets after which a new segment begins; 0: 256 MiB */
	uint64_t	 mark_every;	/* records between two checkpoints of the index; 0: 200,000 */
	bool		 (*interrupted)(void);	/* asked while the index is brought up to date: give up? */
};

/*
 * Opens or makes the journal in DIR, cuts a torn tail, brings the index up to date (a missing one is
 * built from all segments, with a log line on the way).  ERR_CONFLICT journal_locked: another signer
 * has it; ERR_INTERNAL journal_damaged: what was once acknowledged is gone or changed; ERR_UNAVAILABLE
 * journal_interrupted.
 */
must_check bool journal_open(const char *dir, const struct journal_options *, struct journal **, struct err *);
/* Ends with a checkpoint, so that the next start need not look far. */
void journal_free(struct journal *);
OWN_TYPE(struct journal, journal_free)

/*
 * Claims serials that are about to be signed.  taken[i]: it was signed before, is barred, is being
 * signed by another, or stands earlier in the same list; the rest are the claim's until it is freed.
 */
must_check bool journal_claim(struct journal *, const struct journal_serial *, size_t n, bool *taken,
    struct journal_claim **, struct err *);
void journal_claim_free(struct journal_claim *);
OWN_TYPE(struct journal_claim, journal_claim_free)

/*
 * One block; on return it is on the disk and in the index.  The caller holds the claim of the serials
 * of certificates.  ERR_UNAVAILABLE journal_full: nothing was written (disk full); journal_broken: the
 * disk failed and this process must not go on.
 */
must_check bool journal_append(struct journal *, const struct journal_record *, size_t n, struct err *);

/*
 * What the journal knows about serials.  Those being signed right now are waited for.  With `bar`,
 * unknown ones are barred, so that a request that is still on its way is refused: "absent" then
 * stays true.  records[i].kind is 0 for an absent serial; data points into *buf (replaced).
 */
must_check bool journal_find(struct journal *, const struct journal_serial *, size_t n, bool bar,
    struct journal_record *records, struct str *buf, struct err *);

struct journal_head {
	uint64_t	 records;
	uint64_t	 blocks;
	uint64_t	 segments;
	uint8_t		 chain[SHA256_LEN];	/* of the last block */
};
void journal_head(struct journal *, struct journal_head *);
/* The disk failed: answer nothing any more. */
bool journal_broken(struct journal *);

/* A place to go on from; { 0 } is the beginning. */
struct journal_cursor {
	uint32_t	 segment;
	uint64_t	 offset;
};
/*
 * One synced block behind the cursor into *buf (replaced); *records (n of them) are the caller's to
 * free().  n = 0 at the end.  The hash of the block is checked, the chain is not: see journal_walk.
 */
must_check bool journal_page(struct journal *, struct journal_cursor *, struct str *buf,
    struct journal_record **records, size_t *n, struct err *);

/* Called for each record; false ends the walk, with an error or without. */
typedef bool journal_walk_fn(void *arg, const struct journal_record *, struct err *);
struct journal_report {
	struct journal_head head;
	uint64_t	 torn;		/* octets at the end that are no whole block */
};
/*
 * Reads all of it, checking every hash, also beside a running signer.  ERR_INTERNAL journal_damaged
 * says where.
 */
must_check bool journal_walk(const char *dir, journal_walk_fn *, void *arg, struct journal_report *, struct err *);

#endif
