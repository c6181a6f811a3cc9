/* status - which certificates stand, which do not, and what changed: what OCSP answers and lists are made of. */
#ifndef STORE_STATUS_H
#define STORE_STATUS_H

#include "db/db.h"

struct status_row {
	uint8_t	serial[16];
	int64_t	ca_id, state;		/* enum certificate_state */
	int64_t	revoked_at, reason;	/* when not issued; reason -1: none */
	int64_t	invalid_since;		/* 0: not said */
	int64_t	seq;			/* of its last change; 0: none yet */
};

/* The number of the next change; taken first in a transaction, so that numbers appear in their order. */
must_check bool store_status_next(struct db *tx, int64_t *seq, struct err *);
/* The number of the last change. */
must_check bool store_status_last(struct db *, int64_t *seq, struct err *);
/* By serial number; orphans too.  *found false: never stored. */
must_check bool store_status_find(struct db *, const uint8_t serial[16], struct status_row *, bool *found, struct err *);

/* False ends the walk. */
typedef bool store_status_each(void *arg, const struct status_row *, struct err *);
/* What changed after `after` up to `upto`, in the order of changes. */
must_check bool store_status_changes(struct db *, int64_t after, int64_t upto, store_status_each *, void *arg,
    struct err *);
/* The same of one CA by rising serial number; those released from hold too. */
must_check bool store_status_delta(struct db *, int64_t ca_id, int64_t after, int64_t upto, store_status_each *,
    void *arg, struct err *);
/* All of a CA (shard -1) or one of its shards that do not stand and end after `ends_after`, by rising serial number. */
must_check bool store_status_revoked(struct db *, int64_t ca_id, int64_t shard, int64_t ends_after,
    store_status_each *, void *arg, struct err *);
/* Changes after `after`, in their order, of several in a row of one CA the last: so of each CA the last one too. */
must_check bool store_status_latest(struct db *, int64_t after, bool (*each)(void *, int64_t ca_id, int64_t seq), void *arg,
    struct err *);

#endif
