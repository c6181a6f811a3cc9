/*
 * audit_chain - the order of audit records, made evident: each sealed record has a place (seq) and
 *	hash = SHA-256(hash before || every column of the record, each with its length)
 * so that none can be altered, removed or put between without breaking all that follow.  The signer
 * signs heads from time to time; a rewritten chain would not fit them.
 */
#ifndef DOMAIN_AUDIT_CHAIN_H
#define DOMAIN_AUDIT_CHAIN_H

#include "base/str.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "store/audit.h"

/* Seals what is older than a second, at most 500 records; any number of processes may try. */
must_check bool audit_seal(const struct app *, bool *did, struct err *);

/* Signs a head: `sign` gives the signature of (seq, hash) in *out.  Nothing to do when the last head is signed. */
typedef bool audit_signer(void *arg, int64_t seq, const uint8_t hash[32], struct str *out, struct err *);
must_check bool audit_sign_head(const struct app *, audit_signer *, void *arg, bool *did, struct err *);

struct audit_check {
	int64_t	 records;		/* sealed ones walked */
	int64_t	 unsealed;
	int64_t	 heads;
	char	 fault[200];		/* "" when the chain is whole */
};
/* Walks the chain from its first record.  `check` verifies a head's signature; NULL: heads are compared only. */
typedef bool audit_head_check(void *arg, int64_t seq, const uint8_t hash[32], const uint8_t *signature, size_t len);
must_check bool audit_verify(const struct app *, audit_head_check *, void *arg, struct audit_check *, struct err *);

#endif
