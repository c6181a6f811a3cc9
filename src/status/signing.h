/*
 * signing - OCSP answers signed by the delegate of their CA; what waits at the same time goes to the signer
 * in one message.
 */
#ifndef STATUS_SIGNING_H
#define STATUS_SIGNING_H

#include "status/authorities.h"

struct signing;

struct sign_job {
	const struct authority	*ca;
	struct ocsp_answer	 answer;	/* without responder and time; an end past the delegate's is moved to it */
	struct str		 response;	/* out */
	struct err		 err;		/* ERR_NONE: signed */
	bool			 done;
	struct sign_job		*next;
};

struct signing *signing_new(const char *socket);
void signing_free(struct signing *);
must_check bool signing_start(struct signing *, struct err *);
void signing_stop(struct signing *);
/* Until all are done; each says how it went. */
void signing_run(struct signing *, struct sign_job *const *, size_t n);

#endif
