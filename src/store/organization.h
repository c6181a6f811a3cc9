/* organization - tenants: their constants for subjects, MAC prefixes and settings. */
#ifndef STORE_ORGANIZATION_H
#define STORE_ORGANIZATION_H

#include "base/arena.h"
#include "db/db.h"

struct organization {
	int64_t		 id;
	const char	*name;
	const char	*status;		/* "active", "suspended" */
	const char	*parameters;		/* JSON object of strings */
	int64_t		 parameters_version;
	const char	*mac_prefixes;		/* JSON array of strings */
	int64_t		 approval_above;	/* -1: never */
	bool		 passkeys;
	int64_t		 password_min;		/* characters */
	int64_t		 invitation_days;
	int64_t		 created_at;
	int64_t		 version;
};

/* Hands out the next id of a counter ("organization", "user", "batch", …); n ids from *first on. */
must_check bool store_counter_take(struct db *tx, const char *name, int64_t n, int64_t *first, struct err *);
/* Raises a counter to at least `value`. */
must_check bool store_counter_raise(struct db *tx, const char *name, int64_t value, struct err *);

must_check bool store_setting_get(struct db *, const char *name, struct arena *, const char **value, struct err *);
must_check bool store_setting_put(struct db *tx, const char *name, const char *value, int64_t at, struct err *);

must_check bool store_organization_add(struct db *tx, const struct organization *, struct err *);
/* ERR_NOT_FOUND. */
must_check bool store_organization_get(struct db *, int64_t id, struct arena *, struct organization *, struct err *);
must_check bool store_organization_find(struct db *, const char *name, struct arena *, struct organization *,
    struct err *);
/* Writes everything but id and created_at where version is still o->version; ERR_CONFLICT otherwise. */
must_check bool store_organization_put(struct db *tx, const struct organization *, struct err *);
/* By id, after `after`. */
must_check bool store_organization_list(struct db *, int64_t after, int64_t limit, struct arena *,
    struct organization **, size_t *n, struct err *);

/* 0, NULL: does not apply. */
struct organization_filter {
	int64_t		 id;
	const char	*name_part;
	bool		 by_name;		/* sorted by name, then id; else by id */
	bool		 descending;
	const char	*after_name;		/* the row the page before ended with */
	int64_t		 after_id;		/* 0: from the beginning */
	int64_t		 limit;
};
must_check bool store_organization_search(struct db *, const struct organization_filter *, struct arena *,
    struct organization **, size_t *n, struct err *);
must_check bool store_organization_count(struct db *, const struct organization_filter *, struct arena *, int64_t *n,
    struct err *);
/* NULL when there is none. */
must_check bool store_organization_name(struct db *, int64_t id, struct arena *, const char **name, struct err *);

#endif
