/*
 * check - the invariants of an instance, held against what is there: rows against rows, store against the
 * signer's journal, the audit chain against itself and its signed heads.
 */
#ifndef DOMAIN_CHECK_H
#define DOMAIN_CHECK_H

#include "base/arena.h"
#include "domain/app.h"

#define CHECK_FAULTS_MAX 100		/* shown of each rule */

/* What one rule found; told as it is found. */
struct check_report {
	void	(*rule)(void *arg, const char *name, const char *holds, size_t faults);
	void	(*fault)(void *arg, const char *name, const char *what);
	void	*arg;
	bool	 files;		/* make every download's pieces again and compare them with what is stored */
};

struct check_totals {
	int64_t	certificates, journaled, audit_records;
	int64_t	planned;	/* signed and about to be stored, or to be revoked as orphans */
	size_t	faults;
};

#define CHECK_SIGNERS_MAX 1000

/*
 * Everything that can be seen in the store alone; with signers (sockets of their ops roles; none: left out)
 * also their journals, which together must be the store, and the signatures of audit heads.  Safe beside a running instance: what is being
 * issued at this moment is told from what is missing.
 */
must_check bool check_run(const struct app *, const char *const *signer_sockets, size_t n, const struct check_report *,
    struct check_totals *, struct err *);

#endif
