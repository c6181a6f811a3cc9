/* batch - orders, their state, progress, history and sealed password. */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include "base/arena.h"
#include "db/db.h"

struct batch {
	int64_t		 id, organization_id, profile_id, profile_version;
	const char	*organization_name, *profile_name;	/* read only */
	const char	*parameters;		/* JSON: the organization's constants when it was ordered */
	int64_t		 parameters_version;
	const char	*method, *name;
	int64_t		 size;
	const char	*state;
	int64_t		 version;		/* moves with the state, not with progress */
	const char	*packaging;		/* JSON */
	const uint8_t	*p12_salt;		/* 32 octets, or NULL */
	int64_t		 created_at, created_by;
	const char	*created_by_name;
	int64_t		 staged_until;
	int64_t		 succeeded, failed, revoked, slices_left;
	bool		 sealed;
	int64_t		 charged;
	int64_t		 ready_at, downloaded_at, expires_at, purged_at;	/* 0: not */
	int64_t		 revoked_at, revoke_reason;
	int64_t		 changed_at;
	const char	*rest;			/* "none", "sweep", "reject", "revoke", "purge" */
	int64_t		 rest_next;
};

must_check bool store_batch_add(struct db *tx, const struct batch *, struct err *);
/* *found false when there is none; a staged order counts as one here. */
must_check bool store_batch_get(struct db *, int64_t id, struct arena *, struct batch *, bool *found, struct err *);
/*
 * Moves the state if nobody did meanwhile (ERR_RETRY "batch_moved": the whole is run again and looks anew)
 * and reads the numbers that workers change beside it back into *b: from here to the commit they are still.
 */
must_check bool store_batch_move(struct db *tx, struct batch *b, const char *to, int64_t at, struct err *);

/* A staging that is to end later than this was begun under a clock that has been set back: it is over too. */
#define BATCH_STAGED_FAR_S 3600

/* Another staging of the same order goes on: this one is not abandoned. */
must_check bool store_batch_staging_keep(struct db *tx, int64_t id, int64_t until, struct err *);
/* A staging that nobody accepts any more is handed to the sweepers; an accepted batch is left alone. */
must_check bool store_batch_give_up(struct db *tx, int64_t id, struct err *);
/* Sets ERR_UNAVAILABLE "staging_lost"; always false. */
bool store_staging_lost(struct err *);

/* What moves write besides.  The first fails with "staging_lost" where a sweeper was faster. */
must_check bool store_batch_accepted(struct db *tx, int64_t id, int64_t charged, int64_t slices, struct err *);
must_check bool store_batch_ready(struct db *tx, int64_t id, int64_t ready_at, int64_t expires_at, struct err *);
must_check bool store_batch_downloaded(struct db *tx, int64_t id, int64_t at, struct err *);
must_check bool store_batch_revoked(struct db *tx, int64_t id, int64_t at, int64_t reason, struct err *);
must_check bool store_batch_purged(struct db *tx, int64_t id, int64_t at, struct err *);
must_check bool store_batch_charged(struct db *tx, int64_t id, int64_t charged, struct err *);

/*
 * Chunk number `chunk` (from 1) makes it `size` items, and keeps the staging alive.  *again: it was there
 * already, by a commit whose answer was lost.  ERR_UNAVAILABLE "staging_lost" when it was swept.
 */
must_check bool store_batch_staging(struct db *tx, int64_t id, int64_t chunk, int64_t size, int64_t until, bool *again,
    struct err *);
/* A slice is done: adds to progress, gives what is left and what is there now.  Only while pending_issue. */
must_check bool store_batch_progress(struct db *tx, int64_t id, int64_t succeeded, int64_t failed, int64_t at,
    struct batch *now, bool *found, struct err *);
/* Certificates revoked one by one: adds, gives what is there now. */
must_check bool store_batch_add_revoked(struct db *tx, int64_t id, int64_t n, int64_t at, int64_t *revoked,
    struct err *);
must_check bool store_batch_sealed(struct db *tx, int64_t id, bool sealed, struct err *);

/* Work that goes on in slices behind a state. */
must_check bool store_batch_rest(struct db *tx, int64_t id, const char *rest, int64_t next, struct err *);
/* Takes one step of it: sets rest_next from `next` to `to` when nobody did meanwhile. */
must_check bool store_batch_rest_step(struct db *tx, int64_t id, const char *rest, int64_t next, int64_t to, bool *taken,
    struct err *);
must_check bool store_batch_rest_find(struct db *, int64_t *id, bool *found, struct err *);
/* An abandoned staging, past its time: marked for sweeping. */
must_check bool store_batch_staging_expire(struct db *tx, int64_t now, int64_t *id, bool *found, struct err *);
must_check bool store_batch_staging_find(struct db *, int64_t now, bool *found, struct err *);
must_check bool store_batch_expired_find(struct db *, int64_t now, int64_t *id, bool *found, struct err *);
must_check bool store_batch_drop(struct db *tx, int64_t id, struct err *);
/* Batches of an organization that wait for workers or are being issued. */
must_check bool store_batch_active(struct db *, int64_t organization_id, int64_t *n, struct err *);
/* Organization and state: for a slice just leased. */
must_check bool store_batch_state(struct db *, int64_t id, struct arena *, const char **state, struct err *);

/* Batches that one order made together, the first among them; *n 0: `first_id` was made alone. */
must_check bool store_batch_pair_add(struct db *tx, int64_t first_id, int64_t batch_id, struct err *);
must_check bool store_batch_pair_list(struct db *, int64_t first_id, size_t limit, int64_t *ids, size_t *n,
    struct err *);

enum batch_sort { BATCH_BY_ID, BATCH_BY_CREATED_AT, BATCH_BY_SIZE, BATCH_BY_NAME, BATCH_BY_STATE };

/* 0, NULL: does not apply.  Staged orders are never listed. */
struct batch_filter {
	int64_t		 organization_id;	/* 0: any */
	const char	*state;
	int64_t		 from, to;
	int64_t		 min_size, max_size;
	const char	*name_part;
	int64_t		 id, profile_id;
	enum batch_sort	 sort;
	bool		 descending;
	bool		 after;			/* the row the page before ended with: */
	int64_t		 after_int;
	const char	*after_text;
	int64_t		 after_id;
	int64_t		 limit;
};
must_check bool store_batch_list(struct db *, const struct batch_filter *, struct arena *, struct batch **, size_t *n,
    struct err *);
must_check bool store_batch_count(struct db *, const struct batch_filter *, struct arena *, int64_t *n, struct err *);
/* Certificates that were made in an organization's (0: all) batches, of a profile or one batch (0: any). */
must_check bool store_batch_made(struct db *, int64_t organization_id, int64_t profile_id, int64_t id, int64_t *n,
    struct err *);
/* Changed at `since` or later, or (since 0) not at rest; oldest change first. */
must_check bool store_batch_changes(struct db *, int64_t organization_id, int64_t since, int64_t limit, struct arena *,
    struct batch **, size_t *n, struct err *);

/* ---- history ---- */

struct batch_event {
	int64_t		 at;
	const char	*status, *user_name, *message;
};
must_check bool store_batch_event_add(struct db *tx, int64_t batch_id, const struct batch_event *, struct err *);
must_check bool store_batch_event_list(struct db *, int64_t batch_id, struct arena *, struct batch_event **, size_t *n,
    struct err *);

/* ---- the orderer's password, sealed to worker hosts; the hosts' keys ---- */

struct worker_key {
	const char	*id, *host;
	const uint8_t	*certificate;
	size_t		 certificate_len;
	int64_t		 created_at, retired_at;
	bool		 needed;
};
must_check bool store_worker_key_put(struct db *tx, const struct worker_key *, struct err *);
must_check bool store_worker_key_retire(struct db *tx, const char *id, int64_t at, struct err *);
must_check bool store_worker_key_drop(struct db *tx, const char *id, bool *dropped, struct err *);
/* Of a host (NULL: of all), live ones only or all, oldest first. */
must_check bool store_worker_key_list(struct db *, const char *host, bool live, struct arena *, struct worker_key **,
    size_t *n, struct err *);
/* *added false: the key is gone. */
must_check bool store_batch_secret_add(struct db *tx, int64_t batch_id, const char *key_id, const uint8_t *sealed,
    size_t len, bool *added, struct err *);
must_check bool store_batch_secret_get(struct db *, int64_t batch_id, const char *host, struct arena *,
    const char **key_id, const uint8_t **sealed, size_t *len, bool *found, struct err *);
must_check bool store_batch_secret_drop(struct db *tx, int64_t batch_id, struct err *);

#endif
