/* feed - what the feed hands on: answers to be made anew, and how far each CA's changes have come. */
#ifndef STATUS_FEED_H
#define STATUS_FEED_H

#include "status/inside.h"

/* One look at what changed: drops it from memory and hands it to the renewer. */
must_check bool feed_look(struct status *, struct err *);

void queue_add(struct renew_queue *, const struct authority *, const uint8_t *certid, size_t);

void changed_note(struct changed *, int64_t ca_id, int64_t seq);
/* The number of the CA's last change that the feed, or the start, has seen; 0: none. */
int64_t changed_last(struct changed *, int64_t ca_id);

#endif
