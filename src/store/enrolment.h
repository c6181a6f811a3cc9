/* enrolment - public keys of people who were invited, waiting for a worker; and the invitations themselves. */
#ifndef STORE_ENROLMENT_H
#define STORE_ENROLMENT_H

#include "base/arena.h"
#include "db/db.h"
#include "store/session.h"
#include "store/user.h"

struct enrolment {
	const char	*id;
	uint8_t		 link_sha256[32];
	int64_t		 user_id;
	const uint8_t	*spki;
	size_t		 spki_len;
	const char	*state;			/* "asked", "done", "failed" */
	const uint8_t	*certificate_sha256;	/* 32 octets, or NULL */
	const char	*failure;		/* or NULL */
	const char	*address, *request_id;
	int64_t		 created_at, attempts, lease_until;
};

/* ERR_CONFLICT "db_unique" when the invitation has one already that did not fail: find it first. */
must_check bool store_enrolment_add(struct db *tx, const struct enrolment *, struct err *);
must_check bool store_enrolment_get(struct db *, const char *id, struct arena *, struct enrolment *, bool *found,
    struct err *);
/* The one of an invitation that did not fail. */
must_check bool store_enrolment_of(struct db *, const uint8_t link_sha256[32], struct arena *, struct enrolment *,
    bool *found, struct err *);
/* Takes the one that waits for longest, until then; *found false: none waits. */
must_check bool store_enrolment_lease(struct db *tx, int64_t now, int64_t until, struct arena *, struct enrolment *,
    bool *found, struct err *);
/* From "asked"; *changed false: it is not there any more. */
must_check bool store_enrolment_end(struct db *tx, const char *id, const char *state,
    const uint8_t *certificate_sha256, const char *failure, bool *changed, struct err *);
/* Takes one back that no worker has; *dropped false: one has. */
must_check bool store_enrolment_drop(struct db *tx, const char *id, int64_t now, bool *dropped, struct err *);
must_check bool store_enrolment_sweep(struct db *tx, int64_t before, struct err *);

/* Open invitations of a user, newest first. */
must_check bool store_link_list(struct db *, int64_t user_id, const char *purpose, int64_t now, struct arena *,
    struct one_time_link **, size_t *n, struct err *);
must_check bool store_link_drop(struct db *tx, const uint8_t sha256[32], bool *dropped, struct err *);

/*
 * A certificate that ends before `until` and whose owner was not told since `warned_before`, unless he has
 * another one that goes on after `until`; *found false: none.
 */
must_check bool store_user_certificate_ending(struct db *, int64_t now, int64_t until, int64_t warned_before,
    struct arena *, struct user_certificate *, bool *found, struct err *);
must_check bool store_user_certificate_warned(struct db *tx, const uint8_t sha256[32], int64_t at, struct err *);

#endif
