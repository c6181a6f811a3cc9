/*
 * journal_impl - what the files of the journal share; nobody else includes it.
 */
#ifndef SIGNER_JOURNAL_IMPL_H
#define SIGNER_JOURNAL_IMPL_H

#include <pthread.h>

#include "signer/journal/journal.h"
#include "signer/journal/journal_form.h"
#include "signer/journal/serials.h"

/* Blocks in order, every hash checked. */
struct reader {
	int			 dir_fd;	/* not ours */
	int			 fd;
	uint32_t		 last;		/* number of the last segment */
	struct serials_mark	 pos;		/* of the next block */
	struct str		 payload;
};

enum reader_step {
	READER_BLOCK,
	READER_END,			/* pos is where the next block goes */
	READER_TORN			/* octets at pos, in the last segment, that are no block */
};

struct block {
	struct serials_mark	 at;		/* where it begins */
	struct block_head	 head;
	const uint8_t		*records;	/* head.length octets, until the next step */
};

/* 0: there are no segments. */
must_check bool segments_last(int dir_fd, uint32_t *last, struct err *);
must_check bool reader_open(struct reader *, int dir_fd, uint32_t last, const struct serials_mark *from,
    struct err *);
must_check bool reader_next(struct reader *, enum reader_step *, struct block *, struct err *);
void reader_close(struct reader *);

/* A block that was written and is not in the index yet; on its writer's stack. */
struct pending {
	struct serials_mark	 at;
	struct pending		*next;
};

struct journal_claim {
	struct journal		*journal;
	struct journal_serial	*serials;	/* sorted */
	size_t			 n;
	struct journal_claim	*next, *prev;
};

struct journal {
	int			 dir_fd, lock_fd;
	uint64_t		 segment_max, mark_every;
	bool			 (*interrupted)(void);	/* or NULL */
	struct serials		*index;

	pthread_mutex_t		 lock;		/* all below but the descriptors */
	pthread_cond_t		 changed;	/* synced, a claim ended, stop */
	int			 fd;		/* of the last segment; also in fds */
	struct serials_mark	 pos;		/* of the next block */
	uint64_t		 synced;	/* blocks below this number are on the disk */
	bool			 syncing, broken, stop;
	uint64_t		 marked;	/* records in front of the last mark */
	struct pending		*first, *last;	/* in the order of their blocks */
	struct journal_claim	*claims;

	pthread_mutex_t		 fds_lock;
	int			*fds;		/* by segment; -1: not open */
	size_t			 n_fds;
	pthread_t		 marker;
	bool			 marker_made;
};

/* Begins the segment that pos names; with the lock held, or before there are threads. */
must_check bool journal_segment_make(struct journal *, struct err *);
/* A descriptor of a segment, for pread; -1 when there is none. */
int journal_segment_fd(struct journal *, uint32_t segment);
must_check bool journal_fd_put(struct journal *, uint32_t segment, int fd);
/* Compares a record on disk with a serial; false also when it cannot be read. */
struct match {
	struct journal			*journal;
	const struct journal_serial	*serial;
	bool				 failed;	/* the disk did not answer */
};
bool journal_match(void *match, uint64_t place);
must_check bool pread_full(int fd, void *, size_t, uint64_t at, size_t *got);

#endif
