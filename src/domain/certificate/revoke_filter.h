/*
 * revoke_filter - revocation of all certificates that a search finds.
 *
 * Those that stand already revoked are passed over.  The one who asks says how many he expects, so that
 * nothing is revoked that he has not seen.  One call carries at most REVOKE_FILTER_MOST through, in
 * transactions of some hundreds; called again with what is left, it goes on.
 */
#ifndef DOMAIN_REVOKE_FILTER_H
#define DOMAIN_REVOKE_FILTER_H

#include "domain/certificate/certificate.h"

#define REVOKE_FILTER_MOST 10000

struct revoke_filter_result {
	int64_t	certificates;		/* that the search found */
	int64_t	revoked;		/* now; with expected -1: that could be */
	int64_t	already;		/* revoked before */
	int64_t	remaining;		/* to be revoked by further calls */
};
/*
 * Of the search, what limits and sorts is not looked at.  expected -1: only counts.  ERR_CONFLICT "expected"
 * when another number could be revoked, ERR_INVALID "filter" when it finds everything.
 */
must_check bool revoke_filter(const struct app *, const struct actor *, const struct certificate_search *,
    int64_t expected, const struct revocation *, struct revoke_filter_result *, struct err *);

#endif
