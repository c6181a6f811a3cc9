/*
 * quota - what an organization may still order of a profile: one ledger, moved in the transaction
 * of the change it belongs to.
 *
 *	available = allocated - ordered
 *
 * Ordered when an order is accepted; issued as certificates are made; a rejected batch and each failed
 * item are credited back once; revoked ones are not.  The table's own checks refuse an overdraft, so
 * that two orders at once can never make one.
 */
#ifndef DOMAIN_QUOTA_H
#define DOMAIN_QUOTA_H

#include <stdint.h>

#include "db/db.h"
#include "domain/actor.h"
#include "domain/app.h"

struct arena;
struct quota_entry;		/* store/quota.h */

struct quota {
	int64_t	allocated, ordered, issued, available;
};

/* ERR_NOT_FOUND when the profile was never granted. */
must_check bool quota_get(struct db *, int64_t organization_id, int64_t profile_id, struct quota *, struct err *);
/* ERR_CONFLICT "quota_exceeded" when fewer than n are available: the message says how many are. */
must_check bool quota_order(struct db *tx, const struct actor *, int64_t organization_id, int64_t profile_id,
    int64_t batch_id, int64_t n, struct err *);
must_check bool quota_issued(struct db *tx, int64_t organization_id, int64_t profile_id, int64_t batch_id,
    int64_t n, struct err *);
/* A rejected batch: gives back what is still charged of `ordered`, and its certificates of `issued`. */
must_check bool quota_credit_reject(struct db *tx, const struct actor *, int64_t organization_id,
    int64_t profile_id, int64_t batch_id, int64_t ordered, int64_t issued, struct err *);
must_check bool quota_credit_failed(struct db *tx, int64_t organization_id, int64_t profile_id,
    int64_t batch_id, int64_t n, struct err *);
/* Operator: moves the allocation by delta (may be negative, never below what is ordered), with a reason. */
must_check bool quota_top_up(const struct app *, const struct actor *, int64_t organization_id,
    int64_t profile_id, int64_t delta, const char *reason, struct quota *after, struct err *);
/* The same, giving the ledger's line. */
must_check bool quota_book(const struct app *, const struct actor *, int64_t organization_id, int64_t profile_id,
    int64_t delta, const char *reason, struct arena *, struct quota_entry *, struct err *);

#endif
