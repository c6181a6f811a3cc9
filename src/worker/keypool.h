/*
 * keypool - a worker's side of the pool of RSA key pairs (domain/issue/keypool.h): made by threads of low priority
 * while no order waits, stored sealed, taken by the slices that need them.
 *
 * KEYS_DIR/pool.mark holds the host's mark.  All functions are thread-safe.
 */
#ifndef WORKER_KEYPOOL_H
#define WORKER_KEYPOOL_H

#include "base/arena.h"
#include "domain/issue/keypool.h"
#include "worker/hostkeys.h"
#include "x509/keypair.h"

struct keypool;

struct keypool_conf {
	int			 size[KEYPOOL_KINDS];	/* pairs of each of keypool_kinds; 0: none are kept */
	enum rsagen_setting	 rsa_keygen;
};

/* What it is given lives longer. */
must_check bool keypool_open(const struct app *, const struct keypool_conf *, const char *host, const char *keys_dir,
    struct hostkeys *, struct keypool **, struct err *);
void keypool_free(struct keypool *);		/* after its threads have ended */
OWN_TYPE(struct keypool, keypool_free)

/*
 * Up to n pairs from the pool for a slice that is held; *got may be 0.  False for what stops the slice: the
 * store is away, or "slice_lost".  Whatever is wrong with a pair by itself is logged, and the pair is lost.
 */
must_check bool keypool_pairs(struct keypool *, struct work_slice *, struct key_type, size_t n, struct arena *,
    struct keypair *out, size_t *got, struct err *);

/*
 * About once a minute, after hostkeys_turn: pairs move under a seal of the newest sealing key, so that older ones
 * can be deleted; what is too much or cannot be opened any more goes.
 */
must_check bool keypool_turn(struct keypool *, struct err *);

/* Nothing is kept: no threads are needed. */
bool keypool_off(const struct keypool *);
/* Bodies of threads; both return when *stop becomes true.  One keeper, any number of makers. */
void keypool_keep(struct keypool *, const volatile bool *stop);
void keypool_make(struct keypool *, const volatile bool *stop);

#endif
