/* profile - ecosystems, CAs, profiles, their versions, and who may order them. */
#ifndef STORE_PROFILE_H
#define STORE_PROFILE_H

#include "base/arena.h"
#include "db/db.h"

struct ecosystem {
	const char	*id, *name;
	int64_t		 position;
};
must_check bool store_ecosystem_put(struct db *tx, const struct ecosystem *, struct err *);
/* organization_id -1: all; else those with a profile granted to it. */
must_check bool store_ecosystem_list(struct db *, int64_t organization_id, struct arena *, struct ecosystem **,
    size_t *n, struct err *);

struct ca {
	int64_t		 id;
	const char	*ski;			/* lower-case hex */
	const char	*name;			/* id in its hierarchy document */
	const char	*label, *subject, *serial_number;
	const uint8_t	*der;
	size_t		 der_len;
	int64_t		 parent_id;		/* 0: none */
	const char	*purpose;		/* "root", "intermediate", "issuing", "internal" */
	int64_t		 not_before, not_after, created_at;
	int64_t		 shards;	/* CRL shards of new certificates; 1: none or one */
};
must_check bool store_ca_add(struct db *tx, const struct ca *, struct err *);
must_check bool store_ca_shards(struct db *tx, int64_t id, int64_t shards, struct err *);
must_check bool store_ca_get(struct db *, int64_t id, struct arena *, struct ca *, struct err *);
must_check bool store_ca_find(struct db *, const char *ski, struct arena *, struct ca *, bool *found, struct err *);
/* By the name that profiles use. */
must_check bool store_ca_named(struct db *, const char *name, struct arena *, struct ca *, bool *found, struct err *);
must_check bool store_ca_list(struct db *, struct arena *, struct ca **, size_t *n, struct err *);

struct profile_row {
	int64_t		 id;
	const char	*name, *ecosystem_id;
	int64_t		 ca_id, version;
	const char	*status;		/* "active", "retired" */
	int64_t		 created_at;
};
must_check bool store_profile_add(struct db *tx, const struct profile_row *, struct err *);
must_check bool store_profile_get(struct db *, int64_t id, struct arena *, struct profile_row *, bool *found,
    struct err *);
/* Profiles granted to an organization (-1: all), of an ecosystem (NULL: any), by id. */
must_check bool store_profile_list(struct db *, int64_t organization_id, const char *ecosystem_id, struct arena *,
    struct profile_row **, size_t *n, struct err *);
/* Whether the organization holds a grant of the profile, and the user's own list allows it. */
must_check bool store_profile_granted(struct db *, int64_t organization_id, int64_t user_id, int64_t profile_id,
    bool *granted, struct err *);
/* The highest version there is, prepared or active; 0: none. */
must_check bool store_profile_version_max(struct db *, int64_t id, int64_t *version, struct err *);
must_check bool store_profile_activate(struct db *tx, int64_t id, int64_t version, const char *name,
    const char *ecosystem_id, int64_t ca_id, int64_t at, struct err *);

must_check bool store_profile_version_add(struct db *tx, int64_t profile_id, int64_t version, const char *document,
    const char *created_by, int64_t at, struct err *);
/* The document; *found false when there is none. */
must_check bool store_profile_version_get(struct db *, int64_t profile_id, int64_t version, struct arena *,
    const char **document, bool *found, struct err *);
struct profile_version_row {
	int64_t		 version, created_at, activated_at;	/* 0: prepared */
	const char	*created_by;
};
must_check bool store_profile_version_list(struct db *, int64_t profile_id, struct arena *,
    struct profile_version_row **, size_t *n, struct err *);

/* Makes or renews a grant; the quota row stays as it was. */
must_check bool store_grant_put(struct db *tx, int64_t organization_id, int64_t profile_id, int64_t at, struct err *);
must_check bool store_grant_drop(struct db *tx, int64_t organization_id, int64_t profile_id, int64_t at,
    bool *dropped, struct err *);

#endif
