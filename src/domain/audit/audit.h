/*
 * audit - evidence: a row in the transaction of the change it records.
 *
 * Rows are sealed soon after into a hash chain (audit_seal) whose head the signer signs; audit_verify
 * walks it.
 */
#ifndef DOMAIN_AUDIT_H
#define DOMAIN_AUDIT_H

#include <jansson.h>

#include "db/db.h"
#include "domain/actor.h"
#include "domain/app.h"

/*
 * Appends a record inside the caller's transaction.  action: "batch.accepted"; object: "batch 322189";
 * detail may be NULL and is not taken over.  organization_id is the object's, not the actor's.
 */
must_check bool audit_append(struct db *tx, const struct actor *, int64_t organization_id,
    const char *action, const char *object, const json_t *detail, struct err *);

#endif
