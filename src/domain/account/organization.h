/*
 * organization - tenants: made and changed by operators; their constants feed subjects, their blocks
 * bound MAC addresses.
 */
#ifndef DOMAIN_ORGANIZATION_H
#define DOMAIN_ORGANIZATION_H

#include <jansson.h>

#include "base/arena.h"
#include "base/fault.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "store/organization.h"
#include "x509/profile/input.h"

#define MAC_PREFIXES_MAX 100

/* What is NULL (or has its flag off) stays as it is. */
struct organization_change {
	const char	*name;
	const char	*status;		/* "active", "suspended" */
	json_t		*parameters;		/* object of strings, or NULL; borrowed */
	const char	**mac_prefixes;		/* any spelling */
	size_t		 mac_prefixes_n;
	bool		 set_mac_prefixes;
	int64_t		 approval_above;	/* -1: never */
	bool		 set_approval_above;
	bool		 passkeys, set_passkeys;	/* taken away: sessions opened with one end */
	int64_t		 password_min;		/* characters; 0: stays */
	int64_t		 invitation_days;	/* 0: stays */
};

must_check bool organization_create(const struct app *, const struct actor *, const struct organization_change *,
    struct arena *, struct organization *, struct faults *, struct err *);
/* Raises parameters_version when the constants changed: the signer's copy is then to be activated. */
must_check bool organization_update(const struct app *, const struct actor *, int64_t id,
    const struct organization_change *, struct arena *, struct organization *, struct faults *, struct err *);
/* Records that an operator's key signed this version of its constants for the signer. */
must_check bool organization_activated(const struct app *, const struct actor *, int64_t id, int64_t version,
    struct err *);
/* One's own, or any for operator and auditor; else ERR_NOT_FOUND. */
must_check bool organization_get(const struct app *, const struct actor *, int64_t id, struct arena *,
    struct organization *, struct err *);
/* All for operators and auditors, one's own else. */
must_check bool organization_search(const struct app *, const struct actor *, struct organization_filter *,
    struct arena *, struct organization **, size_t *n, int64_t *total, struct err *);
/* names[i] of ids[i]; NULL for 0 (the instance) and for what is not the actor's to see. */
must_check bool organization_names(const struct app *, const struct actor *, const int64_t *ids, size_t n,
    struct arena *, const char **names, struct err *);
/* The stored JSON array as blocks. */
must_check bool organization_prefixes(const struct organization *, struct arena *, struct mac_prefix **, size_t *n,
    struct err *);

/* Lets an organization order a profile; withdrawing keeps the numbers. */
must_check bool grant_put(const struct app *, const struct actor *, int64_t organization_id, int64_t profile_id,
    struct err *);
must_check bool grant_drop(const struct app *, const struct actor *, int64_t organization_id, int64_t profile_id,
    struct err *);

#endif
