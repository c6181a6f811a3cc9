/*
 * catalog - what an instance offers: ecosystems, CAs and profile versions, brought in from documents.
 *
 * A version is prepared here and becomes active in one step with the row that points at it; the signer
 * believes only what an operator's key signed (certmill profile activate), so an active version that the
 * signer does not know gives refused certificates, never wrong ones.
 */
#ifndef DOMAIN_CATALOG_H
#define DOMAIN_CATALOG_H

#include "base/arena.h"
#include "base/fault.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "store/profile.h"
#include "x509/ca.h"
#include "x509/profile/profile.h"

#define ECOSYSTEM_POSITION 1000	/* unless one is given */
#define ECOSYSTEM_POSITION_MAX 1000000
/*
 * Adds an ecosystem, or names it anew.  Ids are what profile documents name: lower case, digits, dots and
 * hyphens.  Faults for id, name and position; ERR_CONFLICT when another one has the name.
 */
must_check bool catalog_ecosystem(const struct app *, const struct actor *, const struct ecosystem *, struct faults *,
    struct err *);
/*
 * A CA certificate under the name that profiles use.  Its issuer, unless it is self-signed, must be here
 * already.  One that is here with the same certificate is fine.
 */
must_check bool catalog_ca(const struct app *, const struct actor *, const char *name, const char *label,
    const char *purpose, const uint8_t *der, size_t len, struct err *);
/*
 * How many CRL shards new certificates of a CA are spread over, 1 to CATALOG_SHARDS_MAX; those that are there keep
 * theirs.  Workers take it when they start again; the CA's signer has to know the number before (signer.conf).
 * ERR_NOT_FOUND "ca".
 */
#define CATALOG_SHARDS_MAX 256
must_check bool catalog_ca_shards(const struct app *, const struct actor *, const char *name, int64_t shards, struct err *);

struct catalog_version {
	int64_t	profile_id;
	int64_t	version;
	bool	is_new;		/* false: this very document was there */
};
/*
 * Prepares a version from its document, whose id and version must fit: version 1 of a new profile (id in
 * the document), or the next version of one that is here.  The same document again is fine.
 */
must_check bool catalog_profile(const struct app *, const struct actor *, const char *json, size_t len,
    struct arena *, struct catalog_version *, struct faults *, struct err *);
/* Makes a prepared version the one that is ordered from now on; orders made keep theirs. */
must_check bool catalog_activate(const struct app *, const struct actor *, int64_t profile_id, int64_t version,
    struct err *);

/* Versions of a profile, newest first; for operators and auditors.  ERR_NOT_FOUND. */
must_check bool catalog_versions(const struct app *, const struct actor *, int64_t profile_id, struct arena *,
    struct profile_row *, struct profile_version_row **, size_t *n, struct err *);
/* The document of a version as it was brought in; version 0: of the active one. */
must_check bool catalog_document(const struct app *, const struct actor *, int64_t profile_id, int64_t version,
    struct arena *, const char **json, struct err *);

#endif
