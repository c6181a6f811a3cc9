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

/* NULL, 0 or -1 (organization): does not apply. */
struct audit_filter {
	int64_t		 organization_id;	/* -1: any; 0: the instance */
	const char	*actor_part;		/* any case */
	const char	*action_prefix;		/* "batch." */
	const char	*object;		/* exactly: "batch 322189" */
	int64_t		 from, to;		/* Unix seconds, both included */
	int64_t		 before_at;		/* the row the page before ended with; 0: from the newest */
	const char	*before_id;
	int64_t		 limit;
};
/* Newest first. */
must_check bool store_audit_list(struct db *, const struct audit_filter *, struct arena *,
    struct audit_row **, size_t *n, struct err *);
/* Stops counting at `most`. */
must_check bool store_audit_count(struct db *, const struct audit_filter *, int64_t most, struct arena *, int64_t *n,
    struct err *);
/* Those sealed behind `after` and up to `last`, in the order of the chain: rows that never change any more. */
must_check bool store_audit_chained(struct db *, const struct audit_filter *, int64_t after, int64_t last,
    struct arena *, struct audit_row **, size_t *n, struct err *);
/* Those that have no place in the chain yet, oldest first. */
must_check bool store_audit_loose(struct db *, const struct audit_filter *, struct arena *, struct audit_row **,
    size_t *n, struct err *);
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
/* Columns and their reader, for store/audit_list.c. */
#define AUDIT_COLUMNS "id, at, actor, organization_id, action, object, detail, address, request_id, seq, hash"
must_check bool audit_rows_read(struct db_rows *, int64_t limit, struct arena *, struct audit_row **, size_t *n,
    struct err *);
/* Until the transaction ends, no other sealer passes here. */
must_check bool store_audit_lock(struct db *tx, struct err *);

#endif
