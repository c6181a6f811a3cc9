/*
 * crl - revocation lists as rows: who may make the next one, under which number, of what, and where it is.
 *
 * One publisher holds a scope's lease while it makes a list.  The number is taken, for good, before anything
 * is signed; a publisher that dies leaves a gap, never a number used twice.
 */
#ifndef DOMAIN_CRL_H
#define DOMAIN_CRL_H

#include "base/arena.h"
#include "domain/app.h"
#include "store/status.h"
#include "store/status_list.h"

struct actor;			/* domain/actor.h */

must_check bool crl_rows(const struct app *, struct arena *, struct crl_row **, size_t *n, struct err *);
must_check bool crl_row(const struct app *, int64_t ca_id, int64_t shard, bool delta, struct crl_row *, bool *found,
    struct err *);

/* For lease_s seconds; renewing one's own is fine.  *held false: another publisher is at it. */
must_check bool crl_lease(const struct app *, int64_t ca_id, int64_t shard, const char *owner, int64_t lease_s, bool *held,
    struct err *);
must_check bool crl_release(const struct app *, int64_t ca_id, int64_t shard, const char *owner, struct err *);
/* Above every number before, and not below the clock: a store brought back from a copy does not repeat one. */
must_check bool crl_number(const struct app *, int64_t ca_id, int64_t shard, int64_t *number, struct err *);

/*
 * Entries by rising serial number, as one state of the store has them; *seq: changes up to this one are in it.
 * base_seq < 0: a full list, without certificates that ended by `ends_after`.  Else what changed after it.
 */
struct crl_query {
	int64_t			 ca_id, shard, ends_after, base_seq;
	bool			(*begin)(void *arg, struct err *);	/* before the first; again when the read is repeated */
	store_status_each	*each;
	void			*arg;
};
must_check bool crl_entries(const struct app *, const struct crl_query *, int64_t *seq, struct err *);

/*
 * Writes to fd, DER one behind the other, the certificates that leave the scope with the list behind `last`
 * because they ended.
 */
must_check bool crl_evidence(const struct app *, const struct crl_row *last, int fd, struct err *);

/*
 * Puts the list in the place of the one before.  fd >= 0: its octets go into the store, for status processes of
 * other hosts.  ERR_CONFLICT "crl_number" when a higher one is there.
 */
must_check bool crl_put(const struct app *, const struct crl_row *, int fd, struct err *);
/*
 * A row's sha256 is that of the list's octets from this one on, and of the first ones behind them: the first are
 * known last, when the rest has been hashed.
 */
#define CRL_HASH_LAST 16
/* Writes the octets to fd, checked against length and hash.  ERR_NOT_FOUND "crl_octets" when they are not in the store. */
must_check bool crl_fetch(const struct app *, const struct crl_row *, int fd, struct err *);

/*
 * An operator wants new whole lists of a CA at once, changed or not; the publisher sees it within seconds.
 * ERR_NOT_FOUND "crl" when no status process has published for it yet.
 */
must_check bool crl_ask(const struct app *, const struct actor *, int64_t ca_id, const char *ski, struct err *);

/* The next list could not be made. */
must_check bool crl_failed(const struct app *, int64_t ca_id, int64_t shard, const char *why, struct err *);

/* What is wrong with lists at this moment. */
enum crl_trouble { CRL_MISSING, CRL_EXPIRED, CRL_FAILING };
extern const char *const crl_trouble_names[];	/* "missing", "expired", "failing" */
enum crl_trouble crl_trouble(const struct crl_alarm *);
must_check bool crl_alarms(const struct app *, struct arena *, struct crl_alarm **, size_t *n, struct err *);
/*
 * Tells what began and what is over since the last call, once: to the audit log, and in one mail to each operator.
 * *begun: how many began.
 */
must_check bool crl_alarm(const struct app *, int64_t *begun, struct err *);

#endif
