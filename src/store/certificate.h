/* certificate - what was issued: rows, serial numbers, DER, revocation. */
#ifndef STORE_CERTIFICATE_H
#define STORE_CERTIFICATE_H

#include "base/arena.h"
#include "db/db.h"

enum certificate_state {
	CERTIFICATE_ISSUED = 0, CERTIFICATE_REVOKED = 1, CERTIFICATE_REJECTED = 2, CERTIFICATE_ORPHAN = 3,
	CERTIFICATE_ON_HOLD = 4
};

struct certificate {
	int64_t		 id;
	uint8_t		 serial[16];
	int64_t		 batch_id, item_index, organization_id, profile_id, ca_id, state;
	int64_t		 created_at, not_before, not_after;
	const char	*subject;
	int64_t		 revoked_at;		/* 0: not */
	int64_t		 reason;		/* CRLReason; -1: none */
	int64_t		 shard;
	const uint8_t	*der;			/* for adding */
	size_t		 der_len;
	/* Of its batch, read only. */
	const char	*batch_name, *batch_method;
	int64_t		 batch_downloaded_at;
};

/* Rows, serials and DER of n certificates; ERR_CONFLICT "db_unique" when a serial or item has one already. */
must_check bool store_certificate_add(struct db *tx, const struct certificate *, size_t n, struct err *);
/* id[i] of serial i, 0: unknown. */
must_check bool store_certificate_ids(struct db *, const uint8_t (*serials)[16], size_t n, int64_t *id, struct err *);
/* Without orphans.  *found false: none. */
must_check bool store_certificate_get(struct db *, const uint8_t serial[16], struct arena *, struct certificate *,
    bool *found, struct err *);
must_check bool store_certificate_der(struct db *, int64_t id, struct arena *, const uint8_t **der, size_t *len,
    struct err *);
/*
 * Calls `each` with the DER of ids from..from+n-1 in order, as the rows come.  False from `each` ends it.
 */
must_check bool store_certificate_ders(struct db *, int64_t from, int64_t n,
    bool (*each)(void *, int64_t id, const uint8_t *der, size_t len, struct err *), void *arg, struct err *);

/* Issued (or on hold) to `state`; *changed false when it was revoked before. */
must_check bool store_certificate_revoke(struct db *tx, int64_t id, enum certificate_state, int64_t at, int64_t reason,
    bool *changed, struct err *);
/* The same for items from..to-1 of a batch; how many. */
must_check bool store_certificate_revoke_range(struct db *tx, int64_t batch_id, int64_t from, int64_t to,
    enum certificate_state, int64_t at, int64_t reason, int64_t *changed, struct err *);

/* Issued to on hold; on hold to issued.  *changed false: it was neither. */
must_check bool store_certificate_hold(struct db *tx, int64_t id, int64_t at, bool *changed, struct err *);
must_check bool store_certificate_release(struct db *tx, int64_t id, bool *changed, struct err *);
/* Since when a revoked one is known, or thought, to be bad. */
must_check bool store_certificate_invalid_since(struct db *tx, int64_t id, int64_t since, struct err *);
/* Serial numbers of what stands (or is on hold) under a device's name; up to `cap`. */
must_check bool store_certificate_named(struct db *, int64_t organization_id, int64_t profile_id, const char *input,
    const char *value, uint8_t (*serials)[16], size_t cap, size_t *n, struct err *);

enum certificate_sort { CERTIFICATE_BY_CREATED_AT, CERTIFICATE_BY_SERIAL, CERTIFICATE_BY_BATCH, CERTIFICATE_BY_NOT_AFTER };

/* 0, NULL, -1 (state): does not apply.  Orphans are never listed. */
struct certificate_filter {
	int64_t		 organization_id;
	int64_t		 batch_id, profile_id;
	const char	*name_part, *subject_part;
	const char	*serial_part;		/* upper-case hex digits */
	int64_t		 state;			/* issued: not past its end; -2: expired at `now` */
	int64_t		 now;
	int64_t		 from, to;
	int64_t		 id_min, id_max;	/* a window, so that a search by part reads a bounded piece */
	enum certificate_sort sort;
	bool		 descending;
	bool		 after;			/* the row the page before ended with: */
	int64_t		 after_int;
	uint8_t		 after_serial[16];
	int64_t		 after_id;
	int64_t		 limit;
};
#define CERTIFICATE_EXPIRED (-2)
must_check bool store_certificate_list(struct db *, const struct certificate_filter *, struct arena *,
    struct certificate **, size_t *n, struct err *);
/*
 * Where certificates can be whose names ("BATCH-INDEX") hold a part: ranges of ids in order, found among the names
 * of batches.  Nothing that matches lies outside; what lies inside is to be looked at.  *n > cap: too many to say.
 */
struct certificate_range {
	int64_t	first, last;
};
must_check bool store_certificate_named_ranges(struct db *, int64_t organization_id, const char *name_part, struct arena *,
    struct certificate_range *list, size_t cap, size_t *n, struct err *);
/* Stops counting at `most`. */
must_check bool store_certificate_count(struct db *, const struct certificate_filter *, int64_t most, struct arena *,
    int64_t *n, struct err *);
/* Ids are handed out in order of time, but for the length of a lease: the last one from before `at`. */
must_check bool store_certificate_id_at(struct db *, int64_t at, int64_t *id, struct err *);
/* The last id handed out. */
must_check bool store_certificate_last_id(struct db *, int64_t *id, struct err *);

#endif
