/*
 * check - what must hold between the rows of the store, each as a query for what breaks it.
 */
#ifndef STORE_CHECK_H
#define STORE_CHECK_H

#include "base/arena.h"
#include "db/db.h"

struct check_rule {
	const char	*name;		/* "items" */
	const char	*holds;		/* "every item is issued once or failed once" */
};
size_t store_check_rules(const struct check_rule **);
/* The first rows (at most limit) that break rule i, each as one line of text. */
must_check bool store_check_run(struct db *, size_t i, int64_t limit, struct arena *, const char ***lines, size_t *n,
    struct err *);

/* Certificates by id, after `after`: for holding them against their DER and the signer's journal. */
struct check_certificate {
	int64_t		 id, batch_id, ca_id, not_before, not_after, shard;
	uint8_t		 serial[16];
	const char	*subject;
	const uint8_t	*der;
	size_t		 der_len;
};
must_check bool store_check_certificates(struct db *, int64_t after, int64_t limit, struct arena *,
    struct check_certificate **, size_t *n, struct err *);
/* The certificate of a serial; *found false: none.  *planned: a slice that is being issued has it in its plan. */
must_check bool store_check_serial(struct db *, const uint8_t serial[16], uint8_t sha256[32], bool *found, struct err *);
must_check bool store_check_planned(struct db *, const uint8_t serial[16], bool *planned, struct err *);
/* Whether it is an admin certificate that we registered. */
must_check bool store_check_admin(struct db *, const uint8_t sha256[32], bool *found, struct err *);

/* History of all batches, behind (batch_id, seq). */
struct check_event {
	int64_t		 batch_id, seq;
	const char	*status;
};
must_check bool store_check_events(struct db *, int64_t batch_id, int64_t seq, int64_t limit, struct arena *,
    struct check_event **, size_t *n, struct err *);
/* The next batch whose results can be downloaded. */
must_check bool store_check_deliverable(struct db *, int64_t after, int64_t *id, bool *found, struct err *);

#endif
