/* audit - rows of evidence, and their chain. */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "base/arena.h"
#include "db/db.h"

struct audit_row {
	const char	*id;
	int64_t		 at;
	const char	*actor;
	int64_t		 organization_id;
	const char	*action, *object, *detail, *address, *request_id;
	int64_t		 seq;			/* 0: not sealed yet */
	const uint8_t	*hash;			/* 32 octets, or NULL */
};

must_check bool store_audit_add(struct db *tx, const struct audit_row *, struct err *);

/* Filters that are NULL, 0 or -1 do not apply; newest first, before (at, id) of the cursor. */
struct audit_filter {
	int64_t		 organization_id;	/* -1: any */
	const char	*actor_like, *action_like, *object_like;	/* LIKE patterns, escape '\' */
	int64_t		 from, to;		/* Unix seconds; 0: open */
	int64_t		 before_at;		/* cursor; 0: from the newest */
	const char	*before_id;
	int64_t		 limit;
};
must_check bool store_audit_list(struct db *, const struct audit_filter *, struct arena *,
    struct audit_row **, size_t *n, struct err *);
/* The oldest rows without a place in the chain that are not younger than `until`. */
must_check bool store_audit_unsealed(struct db *, int64_t until, int64_t limit, struct arena *,
    struct audit_row **, size_t *n, struct err *);
must_check bool store_audit_seal(struct db *tx, const char *id, int64_t seq, const uint8_t hash[32], struct err *);
/* The last sealed row: seq 0 and a zero hash when there is none. */
must_check bool store_audit_last(struct db *, int64_t *seq, uint8_t hash[32], struct err *);
must_check bool store_audit_sealed_after(struct db *, int64_t seq, int64_t limit, struct arena *,
    struct audit_row **, size_t *n, struct err *);

must_check bool store_audit_head_add(struct db *tx, int64_t seq, const uint8_t hash[32], int64_t at,
    const uint8_t *signature, size_t len, struct err *);
must_check bool store_audit_head_last(struct db *, struct arena *, int64_t *seq, uint8_t hash[32], int64_t *at,
    const uint8_t **signature, size_t *len, bool *found, struct err *);
/* The head signed at this place, if any. */
must_check bool store_audit_head_get(struct db *, int64_t seq, struct arena *, uint8_t hash[32],
    const uint8_t **signature, size_t *len, bool *found, struct err *);
/* Records waiting to be sealed, and the place of the last signed head (0: none). */
must_check bool store_audit_counts(struct db *, int64_t *unsealed, int64_t *last_head, struct err *);
/* Until the transaction ends, no other sealer passes here. */
must_check bool store_audit_lock(struct db *tx, struct err *);

#endif
