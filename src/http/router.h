/*
 * router - from a request to an answer, step by step; private to src/http.
 *
 *	router_open	network thread: find the row, refuse what can be refused at once
 *	router_admit	worker: who asks, may he, does the object exist
 *	(the body is read: body_feed)
 *	router_ready	network thread: the body is complete
 *	router_handle	worker: the handler
 * Each says what comes next.
 */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "http/exchange.h"

enum step {
	STEP_ANSWER,		/* x->s is complete: send it */
	STEP_ADMIT,		/* call router_admit on a worker */
	STEP_BODY,		/* read the body, then router_ready */
	STEP_HANDLE,		/* call router_handle on a worker (at once, when on one) */
	STEP_LATER		/* suspend, then call x->s.later; router_late when the turn is over */
};

/* Borrows what the configuration points to.  Aborts on a wrong table: rows that collide, bad patterns. */
struct router *router_new(const struct http_conf *);
void router_free(struct router *);
OWN_TYPE(struct router, router_free)
struct events_set *router_events(struct router *);

enum step router_open(struct exchange *);
enum step router_admit(struct exchange *);
enum step router_ready(struct exchange *);
void router_handle(struct exchange *);
void router_late(struct exchange *);
/* An answer without a handler: too many requests waiting, or the server stops. */
void router_refuse(struct exchange *, const struct err *);
/* Once per exchange when its answer is over: hooks and figures. */
void router_done(struct exchange *);
/* Logs what is our fault, once, with its trail; the caller's faults at debug level. */
void router_log_err(const struct exchange *, const struct err *);

void router_stats(const struct router *, struct http_stats *);

/* The router's view of a raw path, for tests: NULL when it is refused. */
char *path_decode(struct arena *, const char *raw, size_t n);

#endif
