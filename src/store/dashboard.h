/* dashboard - batches by state, and the few that stand out. */
#ifndef STORE_DASHBOARD_H
#define STORE_DASHBOARD_H

#include "store/batch.h"

struct batch_state_count {
	const char	*state;
	int64_t		 n;
};
/* organization_id, profile_id 0: all.  Staged orders are not counted. */
must_check bool store_batch_states(struct db *, int64_t organization_id, int64_t profile_id, struct arena *,
    struct batch_state_count **, size_t *n, struct err *);

enum batch_pick {
	PICK_RUNNING,		/* at work or waiting for approval */
	PICK_READY,		/* to be fetched for the first time */
	PICK_FAILED		/* failed or issued partly, changed since `since` */
};
/* Newest first. */
must_check bool store_batch_pick(struct db *, enum batch_pick, int64_t organization_id, int64_t profile_id,
    int64_t since, int64_t limit, struct arena *, struct batch **, size_t *n, struct err *);

#endif
