/* worker - worker hosts: which are alive, what each holds. */
#ifndef STORE_WORKER_H
#define STORE_WORKER_H

#include "base/arena.h"
#include "db/db.h"

must_check bool store_worker_beat(struct db *tx, const char *host, int64_t at, struct err *);
/* Whether any host's last sign of life is between the two times. */
must_check bool store_worker_alive(struct db *, int64_t from, int64_t to, bool *alive, struct err *);

struct worker_host {
	const char	*name;
	int64_t		 beat_at;	/* last sign of life; 0: none known */
	int64_t		 keys;		/* that passwords are sealed to now */
	int64_t		 leases;	/* slices it works at, or did */
	int64_t		 alone;		/* batches whose password it alone can open */
	int64_t		 pool;		/* key pairs made in advance */
	int64_t		 plans;		/* serials of these slices only its journal knows about */
};
/* All that are known, by name; `host` one alone, NULL for all.  Leases that end after `now`. */
must_check bool store_worker_hosts(struct db *, const char *host, int64_t now, struct arena *, struct worker_host **,
    size_t *n, struct err *);
/*
 * Forgets a host, its leases given back: sealing keys, what is sealed to them, its sign of life.  Plans stay, they are
 * what its journal would be held against.
 */
must_check bool store_worker_forget(struct db *tx, const char *host, struct err *);

#endif
