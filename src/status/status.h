/*
 * status - what relying parties fetch: OCSP answers, revocation lists, CA certificates.
 *
 * Answers come from memory where they can (answers.h), else from store and signer.  A feed looks twice a
 * second for what changed; a publisher, where there is one, makes the lists.  While store or signer are
 * down, what is in memory goes on being answered until its nextUpdate.
 */
#ifndef STATUS_STATUS_H
#define STATUS_STATUS_H

#include "domain/app.h"
#include "http/http.h"

struct status;

struct status_conf {
	const char	*signer_socket;		/* status role */
	const char	*crl_dir;		/* files of revocation lists */
	bool		 publish;		/* makes the lists of CAs whose keys are in that signer */
	bool		 shared_store;		/* other hosts read the lists from the store */
	int64_t		 crl_interval_s;	/* a new list at least so often */
	int64_t		 crl_delay_s;		/* and so long after a revocation */
	int64_t		 crl_validity_s;	/* nextUpdate */
	int64_t		 crl_delta_above;	/* entries: larger lists get a delta after a revocation, the whole at the interval */
	int64_t		 ocsp_validity_s;	/* nextUpdate */
	int64_t		 max_age_s;		/* how long caches on the way may keep answers and lists */
	bool		 nonce;			/* a request's nonce is signed; else ignored */
	size_t		 cache_max;		/* octets of answers kept */
};

/* Reads CAs, lists and the number of the last change; no thread yet.  The app is copied. */
must_check bool status_new(const struct app *, const struct status_conf *, struct status **, struct err *);
void status_free(struct status *);
OWN_TYPE(struct status, status_free)
/* Feed, signing and publisher threads. */
must_check bool status_start(struct status *, struct err *);
void status_stop(struct status *);

/* Routes on HTTP_STATUS: http_conf.app is status_app(). */
extern const struct route status_routes[];
extern const size_t status_routes_n;
bool status_quick(struct app *, const struct http_req *, struct http_res *);
struct app *status_app(struct status *);
/* Routes on HTTP_OPS: /metrics/status, with figures of that server; once, before the first request. */
extern const struct route status_ops_routes[];
extern const size_t status_ops_routes_n;
void status_ops_serve(const struct http_server *);

#endif
