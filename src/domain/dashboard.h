/* dashboard - the figures that stand out today, of an organization or (operators, auditors) of all. */
#ifndef DOMAIN_DASHBOARD_H
#define DOMAIN_DASHBOARD_H

#include "base/arena.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "store/batch.h"
#include "store/dashboard.h"

#define DASHBOARD_DAYS 30
#define DASHBOARD_MONTHS 24
#define DASHBOARD_BATCHES 20

struct dashboard {
	struct dashboard_day {
		int64_t	day;			/* since 1970-01-01 */
		int64_t	issued, revoked;
	}	days[DASHBOARD_DAYS];		/* the last one is today */
	struct dashboard_month {
		int	year, month;		/* 1..12 */
		int64_t	expiring;		/* certificates that are not revoked */
	}	months[DASHBOARD_MONTHS];	/* the first one is this month */
	struct batch_state_count *states;
	size_t	states_n;
	struct dashboard_quota {
		int64_t		 profile_id;
		const char	*profile_name;
		int64_t		 allocated, ordered, issued, available;
		double		 per_day;	/* ordered a day over the last DASHBOARD_DAYS */
		int64_t		 lasts_until;	/* Unix seconds; 0: not in sight */
	}	*quota;
	size_t	quota_n;
	struct batch *running, *ready, *failures;
	size_t	running_n, ready_n, failures_n;
};

/* profile_id 0: all.  Read in one state of the store, by index. */
must_check bool dashboard_get(const struct app *, const struct actor *, int64_t profile_id, struct arena *,
    struct dashboard *, struct err *);

#endif
