/* authority - certificate authorities as people see them: with key, issuer, parent and profiles. */
#ifndef DOMAIN_AUTHORITY_H
#define DOMAIN_AUTHORITY_H

#include "base/arena.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "store/profile.h"
#include "x509/key.h"

struct authority_view {
	struct ca		 ca;
	const char		*issuer;	/* name, as text */
	const char		*parent_ski;	/* NULL: self-signed */
	struct key_type		 key;
	const struct profile_row **profiles;	/* those of the actor that it issues for */
	size_t			 profiles_n;
};

/*
 * Those of the profiles that the actor may use, with the ones above them; all for operators and auditors.
 * CAs of the instance's own certificates only when `internal`.  By id.
 */
must_check bool authority_list(const struct app *, const struct actor *, bool internal, struct arena *,
    struct authority_view **, size_t *n, struct err *);

#endif
