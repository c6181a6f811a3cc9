/* quota - allocation, orders and their ledger, by organization and profile. */
#ifndef STORE_QUOTA_H
#define STORE_QUOTA_H

#include "base/arena.h"
#include "db/db.h"

struct quota_row {
	int64_t	allocated, ordered, issued;
	int64_t	granted_at, revoked_at;		/* 0: stands */
};
must_check bool store_quota_get(struct db *, int64_t organization_id, int64_t profile_id, struct quota_row *, bool *found,
    struct err *);
/* *enough false, and nothing changed, when fewer than n are left or the grant was withdrawn. */
must_check bool store_quota_order(struct db *tx, int64_t organization_id, int64_t profile_id, int64_t n, bool *enough,
    struct err *);
/* Adds to each; *ok false when a bound of the table would be passed. */
must_check bool store_quota_move(struct db *tx, int64_t organization_id, int64_t profile_id, int64_t allocated,
    int64_t ordered, int64_t issued, bool *ok, struct err *);

/* One profile of an organization, or (organization 0) of all of them together. */
struct quota_line {
	int64_t		 profile_id;
	const char	*profile_name;
	struct quota_row quota;
};
/* By profile id, after `after`; profile_id not 0: that one only. */
must_check bool store_quota_lines(struct db *, int64_t organization_id, int64_t profile_id, int64_t after,
    int64_t limit, struct arena *, struct quota_line **, size_t *n, struct err *);
must_check bool store_quota_lines_count(struct db *, int64_t organization_id, int64_t *n, struct err *);
/* Sums over all organizations' standing grants, by profile id. */
must_check bool store_quota_sums(struct db *, int64_t profile_id, int64_t limit, struct arena *, struct quota_line **,
    size_t *n, struct err *);

struct quota_entry {
	int64_t		 id, organization_id, profile_id;
	const char	*kind;			/* "top_up", "order", "issued", "credit_reject", "credit_failed", … */
	int64_t		 allocated, ordered, issued;
	int64_t		 batch_id;		/* 0: none */
	const char	*reason, *actor;
	int64_t		 at;
};
/* Takes the next id. */
must_check bool store_quota_entry_add(struct db *tx, const struct quota_entry *, struct err *);
/* Adds to the batch's entry of that kind, or makes it: one line of the ledger a batch, however many slices. */
must_check bool store_quota_entry_grow(struct db *tx, const struct quota_entry *, struct err *);
/* Newest first, before id `before` (0: from the newest). */
must_check bool store_quota_entry_list(struct db *, int64_t organization_id, int64_t profile_id, int64_t before,
    int64_t limit, struct arena *, struct quota_entry **, size_t *n, struct err *);
must_check bool store_quota_entry_count(struct db *, int64_t organization_id, int64_t profile_id, int64_t *n,
    struct err *);

#endif
