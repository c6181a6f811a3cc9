/* keypool - RSA key pairs made in advance, each standing here until it is taken. */
#ifndef STORE_KEYPOOL_H
#define STORE_KEYPOOL_H

#include "base/arena.h"
#include "base/hash.h"
#include "db/db.h"

struct pool_key {
	uint8_t		 spki_sha256[SHA256_LEN];
	const char	*kind;			/* "RSA 2048" */
	const char	*worker_key_id;		/* of its seal */
	const uint8_t	*spki;
	size_t		 spki_len;
	const uint8_t	*sealed;
	size_t		 sealed_len;
	int64_t		 created_at;
};

/* As long as there are fewer than `max` of that kind and the seal is here; *added: how many it were. */
must_check bool store_pool_key_add(struct db *tx, const char *host, const struct pool_key *, size_t n, int64_t max,
    int64_t *added, struct err *);
/* Deletes up to `limit` of the oldest, and gives them: in the arena, list of that many. */
must_check bool store_pool_key_take(struct db *tx, const char *host, const char *kind, int64_t limit, struct arena *,
    struct pool_key *list, size_t *n, struct err *);
must_check bool store_pool_key_count(struct db *, const char *host, const char *kind, int64_t *n, struct err *);
/* Deletes all but the `keep` oldest. */
must_check bool store_pool_key_trim(struct db *tx, const char *host, const char *kind, int64_t keep, int64_t *dropped,
    struct err *);
/* All keys of a host (NULL: of every host), or those under one seal. */
must_check bool store_pool_key_drop(struct db *tx, const char *host, int64_t *dropped, struct err *);
must_check bool store_pool_key_drop_sealed(struct db *tx, const char *worker_key_id, int64_t *dropped, struct err *);
/* Up to `limit` under a seal, in no order; and one of them under another (nothing when it was taken meanwhile). */
must_check bool store_pool_key_sealed(struct db *, const char *worker_key_id, size_t limit, struct arena *,
    struct pool_key *list, size_t *n, struct err *);
must_check bool store_pool_key_reseal(struct db *tx, const struct pool_key *now, const char *was_worker_key_id,
    struct err *);

struct pool_level {
	const char	*host, *kind;
	int64_t		 n, oldest_at;
};
must_check bool store_pool_levels(struct db *, struct arena *, struct pool_level **, size_t *n, struct err *);

/* Raises a host's mark by one, from 0. */
must_check bool store_pool_mark(struct db *tx, const char *host, int64_t *mark, struct err *);
must_check bool store_pool_mark_set(struct db *tx, const char *host, int64_t mark, struct err *);

struct pool_seal {
	const char	*worker_key_id;
	const uint8_t	*sealed;
	size_t		 sealed_len;
};
/* Keeps the first of a sealing key. */
must_check bool store_pool_seal_add(struct db *tx, const char *host, const struct pool_seal *, int64_t now, struct err *);
must_check bool store_pool_seal_list(struct db *, const char *host, struct arena *, struct pool_seal **, size_t *n,
    struct err *);
/* When nothing is under it any more. */
must_check bool store_pool_seal_drop(struct db *tx, const char *worker_key_id, struct err *);

must_check bool store_pool_any(struct db *, bool *any, struct err *);
/* Whether a pair with this public key waits. */
must_check bool store_pool_key_there(struct db *, const uint8_t spki_sha256[SHA256_LEN], bool *there, struct err *);

#endif
