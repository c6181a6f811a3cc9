/*
 * shared - what the threads of a worker process have in common: certificate templates, and the opened
 * passwords of batches in hand as keys derived for their PKCS#12 files.
 */
#ifndef WORKER_SHARED_H
#define WORKER_SHARED_H

#include "domain/app.h"
#include "domain/delivery/packaging.h"
#include "domain/profile/profile.h"
#include "domain/issue/work.h"
#include "worker/hostkeys.h"
#include "x509/p12/p12.h"
#include "x509/tbs.h"

struct issue_shared;

struct template_ref {
	const struct tbs_template	*tbs;
	const struct ca			*ca;
};
/* Lives as long as the process. */
must_check bool shared_template(struct issue_shared *, struct db *, const struct work_slice *, struct template_ref *,
    struct err *);

/*
 * What a batch's keys are wrapped with, its password opened; held until shared_p12_done.  The few last ones
 * are kept, so that the slices of a batch derive once; all are wiped when they leave.
 */
struct key_wrap {
	enum packaging		 packaging;
	const struct p12_batch	*p12;		/* PACKAGING_P12 */
	const struct secret	*password;	/* all others */
};
struct p12_hold;
must_check bool shared_p12(struct issue_shared *, const struct work_slice *, struct arena *, struct p12_hold **,
    const struct key_wrap **, struct err *);
void shared_p12_done(struct issue_shared *, struct p12_hold *);
/* The batch is over: its password leaves memory as soon as nobody holds it. */
void shared_p12_forget(struct issue_shared *, int64_t batch_id);

struct keypool *shared_pool(const struct issue_shared *);
const struct app *shared_app(const struct issue_shared *);

#endif
