/*
 * tally - how many certificates were ordered, issued, revoked and will expire, by day, organization and
 * profile; moved in the transaction that changes what is counted.
 */
#ifndef STORE_TALLY_H
#define STORE_TALLY_H

#include "base/arena.h"
#include "db/db.h"

enum tally_kind {
	TALLY_ORDERED,		/* of the quota, less what was given back */
	TALLY_ISSUED,
	TALLY_REVOKED,
	TALLY_REJECTED,		/* revoked with their batch before delivery */
	TALLY_EXPIRING		/* issued and not revoked, by the month of their end */
};

#define TALLY_SHEET_MAX 64

/* Changes noted while rows go by, written once at the end and in one order. */
struct tally_sheet {
	struct tally {
		int64_t		organization_id, profile_id, day, n;
		enum tally_kind	kind;
	}	v[TALLY_SHEET_MAX];
	size_t	n;
};

/* The day that `at` (Unix seconds) is counted under: of TALLY_EXPIRING the first of its month. */
int64_t tally_day(enum tally_kind, int64_t at);
/* Notes n more (or fewer) at that time; a full sheet is written first. */
must_check bool tally_note(struct db *tx, struct tally_sheet *, enum tally_kind, int64_t organization_id,
    int64_t profile_id, int64_t at, int64_t n, struct err *);
must_check bool tally_write(struct db *tx, struct tally_sheet *, struct err *);
/* One change by itself. */
must_check bool store_tally_add(struct db *tx, enum tally_kind, int64_t organization_id, int64_t profile_id,
    int64_t at, int64_t n, struct err *);

struct tally_sum {
	int64_t	key, n;		/* key: day or profile id */
};
/* Sums of the days first..last, by day.  organization_id, profile_id 0: all. */
must_check bool store_tally_by_day(struct db *, enum tally_kind, int64_t organization_id, int64_t profile_id,
    int64_t first, int64_t last, struct arena *, struct tally_sum **, size_t *n, struct err *);
/* Of all days. */
must_check bool store_tally_total(struct db *, enum tally_kind, int64_t organization_id, int64_t profile_id, int64_t *n,
    struct err *);
/* The same by profile. */
must_check bool store_tally_by_profile(struct db *, enum tally_kind, int64_t organization_id, int64_t first,
    int64_t last, struct arena *, struct tally_sum **, size_t *n, struct err *);

#endif
