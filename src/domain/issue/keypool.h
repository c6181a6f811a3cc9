/*
 * keypool - RSA key pairs made in advance, while workers are idle: filled, taken once, looked at.
 *
 * A pair belongs to the host that made it: its private key is encrypted under a seal (a key of AES-256) that only
 * that host can open.  A pair that is taken is deleted in the same transaction, under the slice's lease, so that
 * no crash gives it to two; what was taken and not used is lost.  Each taking has a number, the host's mark: a
 * host that remembers a higher one than the store knows that the store was set back to an older state, where
 * pairs stand that were used since.  Then all of them go.
 */
#ifndef DOMAIN_KEYPOOL_H
#define DOMAIN_KEYPOOL_H

#include "base/arena.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "domain/issue/work.h"
#include "store/keypool.h"
#include "x509/key.h"

#define KEYPOOL_KINDS 4
extern const struct key_type keypool_kinds[KEYPOOL_KINDS];	/* what is kept: RSA 1024, 2048, 3072, 4096 */

/* No order is there for this host to work on. */
must_check bool keypool_idle(const struct app *, const char *host, bool *idle, struct err *);

/* Of one kind, up to `max` in all; under a seal that is there. */
must_check bool keypool_add(const struct app *, const char *host, const struct pool_key *, size_t n, int64_t max,
    int64_t *added, struct err *);

struct keypool_taken {
	struct pool_key	*list;		/* in the arena */
	size_t		 n;		/* maybe 0 */
	int64_t		 mark;		/* to be remembered before any is used */
	bool		 set_back;	/* the store was: the pool is empty now */
};
/*
 * Up to n pairs for the slice, which this worker must hold: ERR_CONFLICT "slice_lost" else.  `known`: the
 * highest mark that the host remembers.
 */
must_check bool keypool_take(const struct app *, struct work_slice *, struct key_type, size_t n, int64_t known,
    struct arena *, struct keypool_taken *, struct err *);

must_check bool keypool_count(const struct app *, const char *host, struct key_type, int64_t *n, struct err *);
/* Drops what is more than `keep`. */
must_check bool keypool_trim(const struct app *, const char *host, struct key_type, int64_t keep, int64_t *dropped,
    struct err *);

/* ---- seals: one for each sealing key of the host ---- */

/* The newest sealing key of the host that is not retired, and its certificate; ERR_NOT_FOUND "host_key". */
must_check bool keypool_sealing_key(const struct app *, const char *host, struct arena *, const char **id,
    const uint8_t **certificate, size_t *len, struct err *);
must_check bool keypool_seals(const struct app *, const char *host, struct arena *, struct pool_seal **, size_t *n,
    struct err *);
/* A repeat is passed over: read them again. */
must_check bool keypool_seal_add(const struct app *, const char *host, const struct pool_seal *, struct err *);
/* Pairs under a seal, up to `limit`. */
must_check bool keypool_sealed(const struct app *, const char *seal, size_t limit, struct arena *, struct pool_key **,
    size_t *n, struct err *);
/* Replaces seal and box of pairs that are still under `was`. */
must_check bool keypool_reseal(const struct app *, const struct pool_key *, size_t n, const char *was, struct err *);
/* Forgets a seal; `with_keys`: and the pairs under it, which cannot be opened any more.  Otherwise it stays while there are any. */
must_check bool keypool_seal_drop(const struct app *, const char *seal, bool with_keys, int64_t *dropped, struct err *);

/* ---- for operators ---- */

must_check bool keypool_levels(const struct app *, struct arena *, struct pool_level **, size_t *n, struct err *);
/* Throws the pool of a host (NULL: all pools) away; audited. */
must_check bool keypool_drop(const struct app *, const struct actor *, const char *host, int64_t *dropped, struct err *);

#endif
