/*
 * hierarchy_make - the CAs of hierarchy documents brought to life: keys made (all cores) and sealed or
 * made in a token, certificates signed from the root down and journaled.
 *
 * A CA that is there already stays as it is.  One whose key is there and whose certificate is not was
 * interrupted, and is made again.
 */
#ifndef SIGNER_HIERARCHY_MAKE_H
#define SIGNER_HIERARCHY_MAKE_H

#include "base/err.h"
#include "signer/conf.h"
#include "signer/journal/journal.h"
#include "x509/ca.h"

struct secret;

struct hierarchy_wish {
	const struct hierarchy	*const *documents;
	size_t			 n_documents;
	const char		*const *key_uris;	/* "ID=pkcs11:..." : this CA's key is in a token */
	size_t			 n_key_uris;
	unsigned		 threads;		/* 0: one a core */
	bool			 quiet;			/* no progress on stderr */
};

/* ERR_INVALID ca_parent: a parent that is neither here nor in the documents, or whose key is elsewhere. */
must_check bool hierarchy_make(const struct conf *, const struct secret *kek, struct journal *,
    const struct hierarchy_wish *, size_t *made, struct err *);

#endif
