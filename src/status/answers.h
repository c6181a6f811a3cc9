/*
 * answers - signed OCSP answers kept in memory: a bounded store that forgets what was not asked for longest.
 *
 * An answer is found by its whole CertID, so that what is echoed is what was asked.  Coherence: the feed
 * announces the number of the changes that it is about to apply (answers_moved), then drops the serials one
 * by one; an answer whose maker read the store before that announcement is not taken in.
 */
#ifndef STATUS_ANSWERS_H
#define STATUS_ANSWERS_H

#include <stdatomic.h>

#include "http/http.h"
#include "status/authorities.h"

#define ANSWER_CERTID_MAX 192

struct answer {
	atomic_int		 refs;
	const struct authority	*ca;
	const uint8_t		*certid, *serial, *der;		/* behind it, in one allocation */
	size_t			 certid_len, serial_len, der_len;
	int64_t			 this_update_s, next_update_s;
	char			 etag[36], modified[32], expires[32];	/* as headers */
	struct http_ready *_Atomic ready;	/* from the first time on that it is asked for again */
	atomic_int_least64_t	 asked_s;
	uint64_t		 hash;
	struct answer		*next, *newer, *older;		/* bucket; by use */
};

/* One reference, the caller's. */
struct answer *answer_new(const struct authority *, struct der certid, struct der serial, struct der response,
    int64_t this_update_s, int64_t next_update_s);
void answer_release(struct answer *);
#define OCSP_RESPONSE_TYPE "application/ocsp-response"
/* The value of Cache-Control for what caches may keep so long. */
void cache_control(char *out, size_t cap, int64_t age_s);

/* With all its headers, as long as caches may keep it for max_age_s: next_update_s is no nearer than that. */
struct http_ready *answer_ready(struct answer *, int64_t max_age_s);

struct answers;
struct answers *answers_new(size_t octets_max);
void answers_free(struct answers *);

/* With a reference for the caller; NULL: none that is still good at `now`. */
struct answer *answers_get(struct answers *, struct der certid, struct der serial, int64_t now_s);

/* The last change that was applied; read it before reading the store. */
int64_t answers_mark(const struct answers *);
/* Keeps a reference of its own; false: something changed since `mark`, and it was not taken in. */
bool answers_put(struct answers *, struct answer *, int64_t mark);
void answers_moved(struct answers *, int64_t seq);
/* Drops what is said about a serial; tells each with its CertID first. */
void answers_drop(struct answers *, struct der serial, void (*each)(void *, const struct answer *), void *arg);
/* Drops what has ended; tells, with a lock held, what is past half of its life and was asked for in that time. */
void answers_due(struct answers *, int64_t now_s, void (*each)(void *, const struct answer *), void *arg);
size_t answers_octets(struct answers *);
size_t answers_count(struct answers *);

#endif
