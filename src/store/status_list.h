/* status_list - revocation lists that were published: their rows, numbers, leases, and octets for other hosts. */
#ifndef STORE_STATUS_LIST_H
#define STORE_STATUS_LIST_H

#include "base/arena.h"
#include "base/hash.h"
#include "db/db.h"

#define CRL_WHOLE_CA (-1)		/* shard of the list that has all of a CA */

struct crl_row {
	int64_t	ca_id, shard;
	bool	delta;
	int64_t	number, base_number;	/* base 0: none */
	int64_t	seq;			/* changes up to this one are in it */
	int64_t	this_update, next_update, entries, octets;
	int64_t	before_update;		/* this_update of the one before; 0: there was none */
	uint8_t	sha256[SHA256_LEN];
	int64_t	asked;			/* somebody wants a whole list of a number above this one */
};

must_check bool store_crl_list(struct db *, struct arena *, struct crl_row **, size_t *n, struct err *);
must_check bool store_crl_get(struct db *, int64_t ca_id, int64_t shard, bool delta, struct crl_row *, bool *found,
    struct err *);
/* Takes the place of the one before; *newer false: there is one of a higher number, and nothing was done. */
must_check bool store_crl_put(struct db *tx, const struct crl_row *, bool *newer, struct err *);
must_check bool store_crl_drop(struct db *tx, int64_t ca_id, int64_t shard, bool delta, struct err *);

/* New whole lists of all of a CA's scopes are wanted; *n: how many scopes it has. */
must_check bool store_crl_ask(struct db *tx, int64_t ca_id, int64_t *n, struct err *);

/* The scope's lease for `owner`; *held false: another has it. */
must_check bool store_crl_lease(struct db *tx, int64_t ca_id, int64_t shard, const char *owner, int64_t now,
    int64_t until, bool *held, struct err *);
must_check bool store_crl_release(struct db *tx, int64_t ca_id, int64_t shard, const char *owner, struct err *);
/* A number above all before, and at least `least`. */
must_check bool store_crl_number(struct db *tx, int64_t ca_id, int64_t shard, int64_t least, int64_t *number,
    struct err *);

must_check bool store_crl_piece_add(struct db *tx, const struct crl_row *, int64_t piece, const void *, size_t,
    struct err *);
/* Into buf; *len 0: there is none. */
must_check bool store_crl_piece_get(struct db *, const struct crl_row *, int64_t piece, void *buf, size_t cap,
    size_t *len, struct err *);
/* DER of a scope's revoked certificates that ended after `after`, up to `upto`. */
must_check bool store_crl_ended(struct db *, int64_t ca_id, int64_t shard, int64_t after, int64_t upto,
    bool (*each)(void *, const uint8_t *der, size_t len, struct err *), void *arg, struct err *);
/* Those of numbers below. */
must_check bool store_crl_piece_drop(struct db *tx, int64_t ca_id, int64_t shard, bool delta, int64_t below,
    struct err *);

/* The next list could not be made: since the first time that this is said. */
must_check bool store_crl_failed(struct db *tx, int64_t ca_id, int64_t shard, int64_t at, const char *why, struct err *);
/* It was made. */
must_check bool store_crl_made(struct db *tx, int64_t ca_id, int64_t shard, struct err *);

/*
 * Lists that are missing, ended by `now`, or whose next one cannot be made since before `failing`; and those of CAs
 * that issue, were added before `added`, and never had one.  At most STORE_CRL_ALARMS.
 */
#define STORE_CRL_ALARMS 64
struct crl_alarm {
	int64_t		 ca_id, shard;
	const char	*ski, *label;
	int64_t		 next_update;	/* 0: there is no list */
	int64_t		 failed_at;	/* 0: nothing failed */
	const char	*failure;
	int64_t		 told_at;	/* 0: nobody was told */
};
struct crl_alarm_times {
	int64_t	now, failing, added;
};
must_check bool store_crl_alarms(struct db *, const struct crl_alarm_times *, struct arena *, struct crl_alarm **, size_t *n,
    struct err *);
/* People were told, and it is over. */
must_check bool store_crl_recovered(struct db *, const struct crl_alarm_times *, struct arena *, struct crl_alarm **,
    size_t *n, struct err *);
/* at 0: the alarm is over. */
must_check bool store_crl_told_at(struct db *tx, int64_t ca_id, int64_t shard, int64_t at, struct err *);
/* Mail addresses of the instance's operators. */
must_check bool store_crl_told(struct db *, struct arena *, const char ***emails, size_t *n, struct err *);
#endif
