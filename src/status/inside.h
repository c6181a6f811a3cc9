/* inside - what the files of this folder share. */
#ifndef STATUS_INSIDE_H
#define STATUS_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "status/answers.h"
#include "status/authorities.h"
#include "status/crl_files.h"
#include "status/signing.h"
#include "status/status.h"

/* An answer to be made anew, by its CertID. */
struct renewal {
	const struct authority	*ca;
	uint8_t			 certid[ANSWER_CERTID_MAX];
	size_t			 certid_len;
};

struct renew_queue {
	pthread_mutex_t	 lock;
	struct renewal	*list;
	size_t		 n, cap;
};

/* The last change of each CA. */
struct change {
	int64_t	ca_id, seq;
};
struct changed {
	pthread_mutex_t	 lock;
	struct change	*list;
	size_t		 n;
};

/* Requests by what became of them, and answers renewed ahead. */
struct status_counts {
	atomic_uint_fast64_t	 ready, fresh, malformed, unauthorized, try_later, internal, renewed;
};

struct status {
	struct app		 app;		/* first: handlers get its address */
	struct status_conf	 conf;
	struct authorities	*cas;
	struct answers		*answers;
	struct signing		*signing;
	struct crl_files		*lists;
	int64_t			 seq;		/* the feed's */
	struct renew_queue	 queue;
	struct changed		 changed;
	struct status_counts	 counts;
	atomic_bool		 store_answers;	/* it did when it was asked last */
	atomic_bool		 stop;
	pthread_t		 feed, renewer, publisher;
	bool			 feed_runs, renewer_runs, publisher_runs;
};

/* Handlers. */
bool status_ocsp_route(struct app *, const struct http_req *, struct http_res *, struct err *);
bool status_ocsp(struct status *, const struct http_req *, struct http_res *);
bool status_crl_get(struct app *, const struct http_req *, struct http_res *, struct err *);
bool status_crl_shard_get(struct app *, const struct http_req *, struct http_res *, struct err *);
bool status_ca_cer(struct app *, const struct http_req *, struct http_res *, struct err *);
bool status_ca_p7c(struct app *, const struct http_req *, struct http_res *, struct err *);

/* The signing threads' look into the store: signing_look, arg: struct status. */
bool ocsp_look(void *, struct sign_job *const *, size_t n, struct err *);
/* Makes answers anew that were asked for. */
void ocsp_renew(struct status *, const struct renewal *, size_t n);

void *feed_main(void *);		/* arg: struct status */
void *renewer_main(void *);
void *publisher_main(void *);

/* For loops: ends early when the process stops. */
void status_pause(const struct status *, int ms);
/* A failure that may repeat a thousand times a second: logged once in ten seconds. */
void status_log_err(const char *event, const struct err *);

#endif
