/*
 * lists - revocation lists, checked against the last one of the same scope and signed.
 *
 * A scope is a CA's whole list or one of its shards.  The numbers of a scope only rise, deltas
 * included.  An entry leaves a list when it was on hold, or when its certificate had expired before
 * the last list was made; the journal knows when, or the certificate itself shows it.  A delta belongs
 * to the last whole list, repeats what earlier deltas of that list said, and takes back holds only.
 * What is not sorted by rising serial is refused.
 *
 * One signer is appointed for the lists of a CA: it alone has the last one.
 */
#ifndef SIGNER_LISTS_H
#define SIGNER_LISTS_H

#include <stdint.h>

#include "base/err.h"
#include "base/own.h"
#include "signer/cas.h"
#include "signer/journal/journal.h"
#include "signer/signkey.h"

struct lists;

must_check bool lists_open(const struct conf *, struct journal *, struct lists **, struct err *);
void lists_free(struct lists *);
OWN_TYPE(struct lists, lists_free)

struct list_request {
	const struct ca	*ca;
	uint32_t	 shard;		/* PROTO_WHOLE_LIST: all of it */
	bool		 delta;
	int		 fd;		/* a regular file */
	uint64_t	 at, len;	/* the TBSCertList in it */
	int		 evidence_fd;	/* certificates of expired entries, or -1 */
};

struct list_signed {
	enum signature_algorithm algorithm;
	uint8_t			 sig[SIGNATURE_LEN_MAX];
	size_t			 sig_len;
	uint64_t		 entries;
};

/* ERR_FORBIDDEN crl_refused with the reason; ERR_MALFORMED when it is no list. */
must_check bool lists_sign(struct lists *, const struct list_request *, struct list_signed *, struct err *);

#endif
