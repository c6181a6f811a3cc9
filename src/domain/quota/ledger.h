/*
 * ledger - looking at quotas: an organization's profiles with what is left of each, and the entries
 * that add up to it.  quota.h moves them.
 */
#ifndef DOMAIN_LEDGER_H
#define DOMAIN_LEDGER_H

#include "base/arena.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "store/quota.h"

/* By profile id, after `after`; *total of all.  ERR_NOT_FOUND for another organization's. */
must_check bool ledger_lines(const struct app *, const struct actor *, int64_t organization_id, int64_t after,
    int64_t limit, struct arena *, struct quota_line **, size_t *n, int64_t *total, struct err *);
must_check bool ledger_line(const struct app *, const struct actor *, int64_t organization_id, int64_t profile_id,
    struct arena *, struct quota_line *, struct err *);
/* Newest first, before entry `before` (0: from the newest). */
must_check bool ledger_entries(const struct app *, const struct actor *, int64_t organization_id, int64_t profile_id,
    int64_t before, int64_t limit, struct arena *, struct quota_entry **, size_t *n, int64_t *total, struct err *);

#endif
