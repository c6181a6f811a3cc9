/* user_rule - whose account an administrator may look at and change; shared by user.c and user_credential.c. */
#ifndef DOMAIN_USER_RULE_H
#define DOMAIN_USER_RULE_H

#include "base/arena.h"
#include "db/db.h"
#include "domain/actor.h"

/* Oneself, members of one's organization, anybody for operators and auditors; else ERR_NOT_FOUND "user". */
must_check bool user_seen(struct db *, const struct actor *, int64_t user_id, struct arena *, struct err *);
/*
 * May the actor change the account itself?  It is one for all the organizations that it belongs to, so an
 * administrator may only while it is his organization's alone: ERR_FORBIDDEN "shared_account".
 * *home: the organization that audit records about it belong to, 0 when there is not just one.
 */
must_check bool user_managed(struct db *, const struct actor *, int64_t user_id, struct arena *, int64_t *home,
    struct err *);

#endif
