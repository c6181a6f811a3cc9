/* idempotency - the first answer to an order made with a key of the client's. */
#ifndef STORE_IDEMPOTENCY_H
#define STORE_IDEMPOTENCY_H

#include "base/arena.h"
#include "db/db.h"

#define FINGERPRINT_LEN 64	/* without the password, then with it: 32 octets each */

struct idempotency {
	uint8_t	fingerprint[FINGERPRINT_LEN];
	size_t	fingerprint_len;		/* 32 once the password is destroyed */
	int64_t	batch_id, created_at;
};
must_check bool store_idempotency_get(struct db *, int64_t organization_id, const char *key, struct idempotency *,
    bool *found, struct err *);
/* ERR_CONFLICT "db_unique" when the key is taken. */
must_check bool store_idempotency_add(struct db *tx, int64_t organization_id, const char *key,
    const struct idempotency *, struct err *);
/* Keeps the part without the password only. */
must_check bool store_idempotency_open(struct db *tx, int64_t organization_id, int64_t batch_id, struct err *);
/* Forgets those made before `before`, at most `limit`. */
must_check bool store_idempotency_sweep(struct db *tx, int64_t before, int64_t limit, int64_t *dropped, struct err *);
/* A setting that is made once and then kept: does nothing when it is there. */
must_check bool store_setting_keep(struct db *tx, const char *name, const char *value, int64_t at, struct err *);
must_check bool store_setting_drop(struct db *tx, const char *name, struct err *);
must_check bool store_idempotency_old(struct db *, int64_t before, bool *found, struct err *);

#endif
