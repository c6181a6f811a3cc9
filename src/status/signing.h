/*
 * signing - OCSP answers looked up in the store and signed by the delegate of their CA; what waits at the same
 * time is read in one transaction and goes to the signer in one message.
 */
#ifndef STATUS_SIGNING_H
#define STATUS_SIGNING_H

#include <stdatomic.h>

#include "status/authorities.h"

struct signing;

struct sign_job {
	const struct authority	*ca;
	const struct ocsp_certid *ids;		/* answer.n of them */
	struct ocsp_answer	 answer;	/* in: n, nonce; an end past the delegate's is moved to it */
	int64_t			 mark;		/* out, from `look` */
	struct str		 response;	/* out */
	struct err		 err;		/* ERR_NONE: signed */
	void			(*over)(void *arg, struct sign_job *);	/* done, either way; then it is the callee's */
	void			*arg;
	struct sign_job		*next;
};

/* Fills the singles of all the jobs, by what is true now; called by the signing threads. */
typedef bool signing_look(void *arg, struct sign_job *const *, size_t n, struct err *);

struct signing *signing_new(const char *socket, signing_look *, void *arg);
void signing_free(struct signing *);
must_check bool signing_start(struct signing *, struct err *);
void signing_stop(struct signing *);
/* `over` is called from a signing thread, or from here when too many wait. */
void signing_add(struct signing *, struct sign_job *);
/* Until all are done; each says how it went. */
void signing_run(struct signing *, struct sign_job *const *, size_t n);

struct signing_stats {
	uint64_t	signed_, failed, messages;
	size_t		waiting;
	bool		signer_answers;		/* the last message was answered */
};
void signing_stats(struct signing *, struct signing_stats *);

#endif
