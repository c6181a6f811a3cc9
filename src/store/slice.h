/* slice - a batch's items in portions: what workers lease, and what the download reads. */
#ifndef STORE_SLICE_H
#define STORE_SLICE_H

#include "base/arena.h"
#include "db/db.h"

struct slice {
	int64_t		 batch_id, slice_no, organization_id, first_index, size;
	const char	*state;			/* "staged", "queued", "done", "void" */
	int64_t		 turn, version;
	const char	*lease_owner;		/* NULL: nobody */
	int64_t		 lease_until_s, attempts;
	bool		 sealed;
	const uint8_t	*plan;
	size_t		 plan_len;
	const char	*plan_host;		/* whose signer knows the plan; NULL: nobody was told apart then */
	int64_t		 certificate_base, succeeded, failed;
	int64_t		 entry_octets, directory_octets, manifest_octets, manifest_crc32;
};

/* n slices of one batch, as "staged". */
must_check bool store_slice_add(struct db *tx, const struct slice *, size_t n, struct err *);
/*
 * Queues the batch's staged slices: the one numbered k gets turn `first` + k * `step`.
 */
must_check bool store_slice_queue(struct db *tx, int64_t batch_id, int64_t first, int64_t step, struct err *);
/* The turn of the next slice that nobody has touched; *found false when none waits. */
must_check bool store_slice_front(struct db *, int64_t *turn, bool *found, struct err *);
/*
 * Claims the next queued slice whose lease is over: password sealed to a key of this host, or none needed.
 * Texts of *out in the arena, without what the download needs.
 */
must_check bool store_slice_lease(struct db *tx, const char *owner, const char *host, int64_t now, int64_t until,
    struct arena *, struct slice *out, bool *found, struct err *);
/* Whether any slice could be leased at all. */
must_check bool store_slice_waiting(struct db *, int64_t now, bool *found, struct err *);
/* Whether there is anything for this host to do, or that it is doing. */
must_check bool store_slice_for_host(struct db *, const char *host, bool *found, struct err *);
/* How many items are in slices that wait or are being issued. */
must_check bool store_slice_waiting_items(struct db *, int64_t *items, struct err *);
/* What a claimed slice gets: the first of its certificates' ids, and (unless NULL) a plan of this host. */
must_check bool store_slice_begin(struct db *tx, int64_t batch_id, int64_t slice_no, int64_t base, const uint8_t *plan,
    size_t len, const char *host, struct err *);
/* These compare the version: *held false when the slice is somebody else's, done or void. */
must_check bool store_slice_plan(struct db *tx, const struct slice *, const uint8_t *plan, size_t len, bool *held,
    struct err *);
must_check bool store_slice_extend(struct db *tx, const struct slice *, int64_t until, bool *held, struct err *);
must_check bool store_slice_release(struct db *tx, const struct slice *, int64_t after, bool *held, struct err *);
/* Whose leases last beyond `now`, of owners whose names begin with `prefix`. */
must_check bool store_slice_owners(struct db *, const char *prefix, int64_t now, struct arena *, const char ***owners,
    size_t *n, struct err *);
/* Ends that owner's leases: others may have the slices at once. */
must_check bool store_slice_free(struct db *tx, const char *owner, struct err *);
/* Writes succeeded, failed and the four numbers of the download. */
must_check bool store_slice_done(struct db *tx, const struct slice *, bool *held, struct err *);
/* What is not done yet is not to be done any more. */
must_check bool store_slice_void(struct db *tx, int64_t batch_id, struct err *);
/*
 * A slice that is not to be done any more and whose plan, made on this host, nobody has held against the
 * signer's journal.
 */
must_check bool store_slice_unsettled(struct db *, const char *host, struct arena *, struct slice *out, bool *found,
    struct err *);
must_check bool store_slice_settled(struct db *tx, const struct slice *, bool *held, struct err *);
/*
 * A slice with a plan of another host: the plan moves aside, under slice->plan_host, and the slice has none.
 * Then the same two for what was moved: the next of a host (state "left"), and its end.
 */
must_check bool store_slice_leave_plan(struct db *tx, const struct slice *, int64_t now, struct err *);
must_check bool store_slice_left(struct db *, const char *host, struct arena *, struct slice *out, bool *found,
    struct err *);
must_check bool store_slice_left_drop(struct db *tx, const struct slice *, struct err *);
/* Slices leased for longer than `until`, at most `limit`: number, version and batch. */
must_check bool store_slice_far(struct db *, int64_t until, size_t limit, struct slice *, size_t *n, struct err *);
/* In order of number, from slice_no `from` on. */
must_check bool store_slice_list(struct db *, int64_t batch_id, int64_t from, int64_t limit, struct arena *,
    struct slice **, size_t *n, struct err *);

/* ---- what a slice brings to the download ---- */

must_check bool store_slice_file_add(struct db *tx, int64_t batch_id, int64_t slice_no, const void *directory,
    size_t directory_len, const void *manifest, size_t manifest_len, const void *body, size_t body_len, struct err *);
enum slice_file_part { SLICE_DIRECTORY, SLICE_MANIFEST, SLICE_BODY };
/* A copy into *out (replaced); ERR_NOT_FOUND "slice_file" when it was purged.  A NULL body gives no octets. */
struct str;
must_check bool store_slice_file_get(struct db *, int64_t batch_id, int64_t slice_no, enum slice_file_part,
    struct str *out, struct err *);
/* Up to `limit` slices from `from` on; *next: where to go on, or -1. */
must_check bool store_slice_file_drop(struct db *tx, int64_t batch_id, int64_t from, int64_t limit, int64_t *next,
    struct err *);

#endif
