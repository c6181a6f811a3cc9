/* build - one revocation list: read, written, signed, put in its place. */
#ifndef STATUS_BUILD_H
#define STATUS_BUILD_H

#include "signlink/signlink.h"
#include "status/inside.h"

#define BUILD_LEASE_S		300
#define BUILD_TIMEOUT_MS	300000	/* for the signer to check and sign millions of entries */

struct build {
	struct status		*st;
	struct signlink		*signer;
	const struct authority	*ca;
	const struct crl_row	*base;		/* the last full list of the scope, or NULL */
	struct crl_row		 row;		/* in: ca_id, shard, delta; out: all */
};
must_check bool build_list(struct build *, struct err *);

#endif
