/*
 * status_feed - what relying parties may be told, read from the store: the status of a serial number, and
 * what changed.  Reads only, so that a responder can stand before a copy of the store.
 */
#ifndef DOMAIN_STATUS_FEED_H
#define DOMAIN_STATUS_FEED_H

#include "base/arena.h"
#include "domain/app.h"
#include "store/status.h"

struct ca;			/* store/profile.h */

/* found false: never issued here. */
struct status_lookup {
	const uint8_t		*serial;	/* 16 octets */
	struct status_row	 row;
	bool			 found;
};
/* All as one state of the store. */
must_check bool status_find_all(const struct app *, struct status_lookup *, size_t n, struct err *);
must_check bool status_find(const struct app *, const uint8_t serial[16], struct status_row *, bool *found, struct err *);

/*
 * Calls `each` for what changed after *seq and moves *seq to the last change.  Cheap when nothing did.
 * `begin` (may be NULL) is told the new *seq before the first row.
 */
struct status_walk {
	void			(*begin)(void *arg, int64_t seq);
	store_status_each	*each;
	void			*arg;
};
must_check bool status_changes(const struct app *, int64_t *seq, const struct status_walk *, struct err *);
/* The number of the last change; `each` gets the last of each CA after `after`, maybe lower ones before it. */
must_check bool status_latest(const struct app *, int64_t after, int64_t *seq,
    bool (*each)(void *, int64_t ca_id, int64_t seq), void *arg, struct err *);

/* All CAs, by id. */
must_check bool status_cas(const struct app *, struct arena *, struct ca **, size_t *n, struct err *);

#endif
