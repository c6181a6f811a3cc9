/*
 * issue - one leased slice made into certificates: keys, plan, signatures, files, one transaction.
 */
#ifndef WORKER_ISSUE_H
#define WORKER_ISSUE_H

#include "base/arena.h"
#include "domain/app.h"
#include "domain/issue/work.h"
#include "worker/hostkeys.h"
#include "worker/keypool.h"
#include "x509/rsa/rsagen.h"

struct issue_shared;		/* of a process: templates and open passwords */
struct issuer_thread;		/* of a thread: contexts and its link to the signer */

struct issue_shared *issue_shared_new(const struct app *, struct hostkeys *, struct keypool *, const char *host);
void issue_shared_free(struct issue_shared *);
OWN_TYPE(struct issue_shared, issue_shared_free)

struct issuer_thread *issuer_thread_new(struct issue_shared *, const char *signer_socket, enum rsagen_setting,
    int64_t lease_s);
void issuer_thread_free(struct issuer_thread *);
OWN_TYPE(struct issuer_thread, issuer_thread_free)

/*
 * Takes a leased slice to its end.  On failure nothing is stored of it: ERR_UNAVAILABLE when signer or store
 * are away (release the slice and come back), ERR_CONFLICT "slice_lost" when another worker has it.  The
 * arena holds everything of the slice and is reset by the caller.  With its end, the next slice is leased to
 * the taker (NULL: to nobody), into another arena: *found, and *next.
 */
must_check bool issue_slice(struct issuer_thread *, struct work_slice *, struct arena *, const struct work_taker *,
    struct work_slice *next, bool *found, struct err *);

/*
 * Holds the slice's plan against the signer's journal: what was signed is stored as a revoked orphan, what
 * was not never will be.  Before a plan is let go of otherwise than by work_store.
 */
must_check bool issue_settle(struct issuer_thread *, struct work_slice *, struct arena *, struct err *);

#endif
