/*
 * worker_host - worker hosts as an operator sees them, and what becomes of the work of one that is lost.
 *
 * A host that is away needs nothing: its leases run out and others go on.  One that never comes back is declared lost:
 * nothing is sealed to it any more, and orders whose password it alone could open fail with credit, instead of
 * waiting for ever.
 */
#ifndef DOMAIN_WORKER_HOST_H
#define DOMAIN_WORKER_HOST_H

#include "base/arena.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "store/worker.h"

/* Operators and auditors: all of them, by name. */
must_check bool worker_host_list(const struct app *, const struct actor *, struct arena *, struct worker_host **,
    size_t *n, struct err *);
/* It gave a sign of life lately. */
bool worker_host_alive(const struct worker_host *);
/*
 * Operators.  *was: what it held.  ERR_NOT_FOUND "worker_host"; ERR_CONFLICT "worker_alive" while it gives signs of life.
 * If it comes back after all, it begins with a new key, and settles what it had planned.
 */
must_check bool worker_host_lost(const struct app *, const struct actor *, const char *name, struct arena *,
    struct worker_host *was, struct err *);

#endif
