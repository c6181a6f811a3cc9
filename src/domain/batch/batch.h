/*
 * batch - a set of devices certified together.
 *
 * A batch is staged, accepted, issued in slices by any number of workers, and ends downloaded, rejected,
 * revoked, expired or failed; batch_state.c holds that as a table.  A change of state, its line of
 * history and its audit record are one transaction.
 */
#ifndef DOMAIN_BATCH_H
#define DOMAIN_BATCH_H

#include <jansson.h>

#include "base/arena.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "store/batch.h"
#include "store/item.h"

enum batch_state {
	BATCH_PENDING_APPROVAL, BATCH_PENDING_CREATION, BATCH_PENDING_ISSUE, BATCH_PREPARING, BATCH_READY,
	BATCH_DOWNLOADED, BATCH_ISSUED_PARTLY, BATCH_FAILED, BATCH_REJECTED, BATCH_REVOKED, BATCH_EXPIRED,
	BATCH_STATES
};
enum batch_step {
	BATCH_ACCEPT,		/* staged whole: to the workers */
	BATCH_ASK,		/* staged whole: to another person's approval */
	BATCH_APPROVE,
	BATCH_ISSUED,		/* the last slice is done, something was made */
	BATCH_NONE_ISSUED,	/* the last slice is done, nothing was made */
	BATCH_PACK,		/* all of it may be fetched */
	BATCH_PACK_PARTLY,	/* what was made may be fetched */
	BATCH_REJECT,
	BATCH_DOWNLOAD,		/* for the first time */
	BATCH_REVOKE,		/* all at once */
	BATCH_ALL_REVOKED,	/* the last certificate was revoked by itself */
	BATCH_EXPIRE,		/* results are purged */
	BATCH_STEPS
};

const char *batch_state_name(enum batch_state);		/* "ready_for_download" */
const char *batch_state_title(enum batch_state);	/* "Ready For Download" */
/* BATCH_STATES when unknown. */
enum batch_state batch_state_parse(const char *);
/* Where a step leads; BATCH_STATES: not from here. */
enum batch_state batch_next(enum batch_state, enum batch_step);
const char *batch_step_name(enum batch_step);
/* Names in the order of enum batch_state, NULL-terminated: for filters. */
extern const char *const batch_state_names[];

/*
 * Inside the caller's transaction: finds the edge (ERR_CONFLICT "batch_state" when there is none), moves
 * the state, adds the line of history and the audit record.  *b is as it is now.  `detail` is for the
 * audit record and may be NULL.
 */
must_check bool batch_step(struct db *tx, const struct actor *, struct batch *b, enum batch_step, const json_t *detail,
    struct err *);

enum batch_action {		/* bits: what the one who asks may do with it now */
	ACTION_DOWNLOAD = 1 << 0, ACTION_REJECT = 1 << 1, ACTION_REVOKE = 1 << 2, ACTION_APPROVE = 1 << 3
};
unsigned batch_actions(const struct batch *, const struct actor *);

/* ERR_NOT_FOUND "batch" for another organization's, and for one that is being staged. */
must_check bool batch_find(const struct app *, const struct actor *, int64_t id, struct arena *, struct batch *,
    struct err *);
must_check bool batch_find_in(struct db *, const struct actor *, int64_t id, struct arena *, struct batch *,
    struct err *);
must_check bool batch_history(const struct app *, const struct actor *, int64_t id, struct arena *,
    struct batch_event **, size_t *n, struct err *);
/* f->organization_id is narrowed to what the actor sees.  *total -1: not counted (past a million). */
must_check bool batch_list(const struct app *, const struct actor *, struct batch_filter *f, struct arena *,
    struct batch **, size_t *n, int64_t *total, struct err *);

/* One event of an item, in index order. */
struct item_event {
	int64_t		 index, time;
	const char	*name;			/* "BATCHNAME-INDEX" */
	const char	*subject;		/* NULL: not known yet */
	const char	*serial_number;		/* 32 hex digits, or NULL */
	const char	*status;		/* "created", "issued", "failed" */
	const char	*message;
	int		 seq;			/* 0, 1: its place among those of the item */
};
/* After event `after_seq` of item `after_index` (-1: from the first); *total -1 is never given. */
must_check bool batch_items(const struct app *, const struct actor *, int64_t id, enum item_result, int64_t after_index,
    int after_seq, int64_t limit, struct arena *, struct item_event **, size_t *n, int64_t *total, struct err *);
/* Failed items from index `from` on, for a table of errors; the batch's inputs in order of the profile. */
must_check bool batch_failures(const struct app *, const struct actor *, int64_t id, int64_t from, int64_t limit,
    struct arena *, struct item_outcome **, size_t *n, struct err *);

/* By another user than the one who ordered: ERR_CONFLICT "own_order". */
must_check bool batch_approve(const struct app *, const struct actor *, int64_t id, struct arena *, struct batch *,
    struct err *);
/*
 * Until it was downloaded: gives back what is charged, stops the work, destroys keys and password, revokes
 * what was made.  State and quota change at once, certificates of a large batch soon after.
 */
must_check bool batch_reject(const struct app *, const struct actor *, int64_t id, struct arena *, struct batch *,
    struct err *);
/* `reason` is RFC 5280's; which ones an actor may give: revocation_reason_ok(). */
must_check bool batch_revoke(const struct app *, const struct actor *, int64_t id, int reason, struct arena *,
    struct batch *, struct err *);
/*
 * Before the first octet leaves: marks the batch downloaded (issued), or records that it was fetched again.
 * `range` is for the record, or NULL.
 */
must_check bool batch_mark_downloaded(const struct app *, const struct actor *, int64_t id, const char *range,
    struct err *);

/* RFC 5280's CRLReason by our name, -1 if there is none, and back: NULL if there is none. */
int revocation_reason(const char *name);
const char *revocation_reason_name(int reason);
/* Whether the role may give it, and the profile allows it: ERR_INVALID "reason". */
must_check bool revocation_reason_ok(const struct actor *, unsigned profile_reasons, int reason, struct err *);

/* ---- housekeeping (work_housekeeping): *did false when there is nothing to do ---- */

/* A piece of what a reject, revoke, purge or sweep left to do. */
must_check bool batch_rest_step(const struct app *, bool *did, struct err *);
/* Carries one batch's rest through, up to `most` pieces. */
must_check bool batch_rest_run(const struct app *, int64_t id, int most, struct err *);
must_check bool batch_expire_step(const struct app *, bool *did, struct err *);
/* Abandoned stagings. */
must_check bool batch_sweep(const struct app *, bool *did, struct err *);
must_check bool batch_forget_keys(const struct app *, bool *did, struct err *);

#endif
