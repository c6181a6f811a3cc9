/* work_run - shared by work*.c. */
#ifndef DOMAIN_WORK_RUN_H
#define DOMAIN_WORK_RUN_H

#include "domain/issue/work.h"
#include "store/slice.h"

struct lease {
	const struct app	*app;
	const char		*owner, *host;
	int64_t			 lease_s;
	struct arena		*arena;
	struct work_slice	*out;
	bool			 found;
};

static inline struct lease
work_lease_of(const struct app *app, const struct work_taker *who, struct work_slice *out)
{
	return (struct lease){ .app = app, .owner = who->owner, .host = who->host, .lease_s = who->lease_s, .arena = who->arena,
	    .out = out };
}

/* work.c: leases the slice whose turn it is, to a struct lease. */
must_check bool work_lease_tx(struct db *tx, void *lease, struct err *);

static inline struct slice
work_row(const struct work_slice *s)
{
	return (struct slice){ .batch_id = s->batch_id, .slice_no = s->slice_no, .version = s->version,
	    .plan_host = s->host };
}

static inline bool
work_lost(const struct work_slice *s, struct err *e)
{
	return err_set(e, ERR_CONFLICT, "slice_lost", "slice %lld of batch %lld went to somebody else, or is not wanted any more",
	    (long long)s->slice_no, (long long)s->batch_id);
}

#endif
