/*
 * profile - what may be ordered: profiles granted to an organization, their documents and CAs.
 *
 * Documents and CAs never change once they have an id and version; they are parsed once a process and
 * shared.  What belongs to an organization (grants, quota) is read each time.
 */
#ifndef DOMAIN_PROFILE_H
#define DOMAIN_PROFILE_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/own.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "domain/quota/quota.h"
#include "store/profile.h"
#include "x509/cert.h"
#include "x509/profile/profile.h"

struct profile_cache;
struct profile_cache *profile_cache_new(void);
void profile_cache_free(struct profile_cache *);
OWN_TYPE(struct profile_cache, profile_cache_free)

/* The parsed document of a version; lives as long as the cache.  ERR_NOT_FOUND. */
must_check bool profile_document(const struct app *, struct db *, int64_t profile_id, int64_t version,
    const struct profile **, struct err *);
/* A CA with its row; both live as long as the cache. */
must_check bool profile_issuer(const struct app *, struct db *, int64_t ca_id, const struct issuer **,
    const struct ca **, struct err *);

struct profile_ref {
	struct profile_row	 row;
	const char		*ecosystem_name;
	const struct profile	*document;	/* the active version */
	const struct ca		*ca;
	struct quota		 quota;		/* the actor's organization's; zeros for operators and auditors */
};

/* Granted ones (all for operator and auditor), of one ecosystem or any (NULL), by id. */
must_check bool profile_list(const struct app *, const struct actor *, const char *ecosystem_id, struct arena *,
    struct profile_ref **, size_t *n, struct err *);
/* ERR_NOT_FOUND unless granted. */
must_check bool profile_find(const struct app *, const struct actor *, int64_t id, struct arena *,
    struct profile_ref *, struct err *);
/* The same on a connection that is there already, inside a transaction. */
must_check bool profile_find_in(const struct app *, struct db *, const struct actor *, int64_t id, struct arena *,
    struct profile_ref *, struct err *);
/* Its issuing CA, then that one's issuer, up to the root. */
must_check bool profile_chain(const struct app *, struct db *, int64_t ca_id, const struct ca **chain, size_t cap,
    size_t *n, struct err *);
must_check bool ecosystem_list(const struct app *, const struct actor *, struct arena *, struct ecosystem **,
    size_t *n, struct err *);

#endif
