/*
 * fair - whose turn it is: small orders are not stuck behind big ones, organizations share alike.
 *
 * Workers take queued slices by `turn`.  A new batch's slices are dealt out from the present front of the
 * queue on, one every (a + 1) steps, where a is the number of batches the organization already has in
 * work: with one batch each, two organizations alternate; with five, each of the five gets a fifth of
 * its organization's share.  The first slice of an organization that has nothing in work goes in front.
 */
#ifndef DOMAIN_FAIR_H
#define DOMAIN_FAIR_H

#include "db/db.h"

/* Turn of slice k is *first + k * *step.  Inside the accepting transaction. */
must_check bool fair_turns(struct db *tx, int64_t organization_id, int64_t *first, int64_t *step, struct err *);

/*
 * How many items a slice has: few where keys are slow to make, so that a slice is a fraction of a second's
 * work and nobody waits long for the one before; the first one is small, so that progress shows early.
 */
struct key_type;
int64_t fair_slice_size(const struct key_type *made_here, int64_t slice_size);	/* NULL: keys come from CSRs */
int64_t fair_first_size(int64_t slice_size);

#endif
