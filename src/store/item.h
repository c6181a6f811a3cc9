/* item - the devices of a batch: what is to be made, what failed, and the ledgers of names and keys. */
#ifndef STORE_ITEM_H
#define STORE_ITEM_H

#include "base/arena.h"
#include "db/db.h"

struct item {
	int64_t		 index;
	int64_t		 line;			/* physical line of the upload; 0: none */
	const char	*inputs;		/* JSON */
	const uint8_t	*spki;			/* of a CSR, or NULL */
	size_t		 spki_len;
	const char	*ignored;		/* what a CSR asked for in vain, or NULL; not read back here */
};
must_check bool store_item_add(struct db *tx, int64_t batch_id, const struct item *, size_t n, struct err *);
/* Items from..from+n-1, in order; *got may be less. */
must_check bool store_item_read(struct db *, int64_t batch_id, int64_t from, int64_t n, struct arena *, struct item **,
    size_t *got, struct err *);
must_check bool store_item_drop(struct db *tx, int64_t batch_id, int64_t from, int64_t to, struct err *);

struct item_failure {
	int64_t		 index, at;
	const char	*code, *message;
};
must_check bool store_item_failure_add(struct db *tx, int64_t batch_id, const struct item_failure *, size_t n,
    struct err *);

/* An item with what became of it. */
struct item_outcome {
	int64_t		 index, line;
	const char	*inputs, *ignored;	/* ignored may be NULL */
	bool		 issued, failed;
	uint8_t		 serial[16];
	const char	*subject;		/* when issued */
	int64_t		 at;			/* issued or failed then */
	const char	*message;		/* when failed */
};
enum item_result { ITEM_ANY, ITEM_SUCCEEDED, ITEM_FAILED };
/* From index `from` on, at most `limit` items of that result. */
must_check bool store_item_outcomes(struct db *, int64_t batch_id, enum item_result, int64_t from, int64_t limit,
    struct arena *, struct item_outcome **, size_t *n, struct err *);

/* ---- device names: one living certificate a profile, organization, input and value ---- */

struct device_name {
	const char	*input, *value;
	int64_t		 item_index;
};
/* Who holds each of n values of one input: batch_id[i] 0 when nobody does, -1 when it is being ordered. */
must_check bool store_device_name_find(struct db *, int64_t organization_id, int64_t profile_id, const char *input,
    const char *const *values, size_t n, int64_t *batch_id, struct err *);
/* ERR_CONFLICT "db_unique" when one is held. */
must_check bool store_device_name_add(struct db *tx, int64_t organization_id, int64_t profile_id, int64_t batch_id,
    const struct device_name *, size_t n, struct err *);
/* Items from..to-1 of a batch give theirs back. */
must_check bool store_device_name_release(struct db *tx, int64_t batch_id, int64_t from, int64_t to, struct err *);

/* ---- keys in use, by SHA-256 of the SubjectPublicKeyInfo ---- */

struct key_use {
	uint8_t		 spki_sha256[32];
	int64_t		 item_index;
};
must_check bool store_key_use_find(struct db *, const uint8_t (*spki_sha256)[32], size_t n, bool *used, struct err *);
must_check bool store_key_use_add(struct db *tx, int64_t batch_id, const struct key_use *, size_t n, struct err *);
/* All of a batch, at most `limit` a call; *more when there may be others. */
must_check bool store_key_use_release_item(struct db *tx, int64_t batch_id, int64_t item_index, struct err *);
must_check bool store_key_use_release(struct db *tx, int64_t batch_id, int64_t limit, bool *more, struct err *);

#endif
