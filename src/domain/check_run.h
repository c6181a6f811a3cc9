/* check_run - a check on its way; private to check*.c. */
#ifndef DOMAIN_CHECK_RUN_H
#define DOMAIN_CHECK_RUN_H

#include "domain/check.h"
#include "signlink/signlink.h"
#include "store/check.h"
#include "store/profile.h"
#include "x509/cert.h"

#define CHECK_PAGE 1000

struct check {
	const struct app		*app;
	const struct check_report	*report;
	struct check_totals		*totals;
	struct arena			*arena;		/* reset for every page */
	struct arena			*keep;
	struct ca			*cas;
	size_t				 cas_n;
	struct signlink			**signers;
	size_t				 signers_n;
	size_t				 rule;
	const char			**lines;
	size_t				 n;
	int64_t				 after;
	struct check_certificate	*certificates;	/* a page of them */
	struct issuer			*issuers;	/* as cas */
	const struct signlink_record	*record;
	bool				 found, planned, admin;
	int64_t				 pooled_ids[CHECK_PAGE];	/* certificates whose key waits in a pool: of the page, */
	size_t				 pooled, pooled_all;		/*   how many, and of all pages */
	struct der			*audit_certs;	/* one a signer */
};

void check_fault(struct check *, const char *rule, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The page of certificates in r->certificates, each in one journal. */
must_check bool check_page_in_journals(struct check *, struct err *);
/* check_pool.c: none of them with a key that waits to be used. */
must_check bool check_page_in_pool(struct check *, struct err *);

/* check_rows.c: each a rule, or several, of what the rows say of one another in ways that SQL cannot tell. */
must_check bool check_histories(struct check *, struct err *);
must_check bool check_certificates(struct check *, struct err *);
must_check bool check_downloads(struct check *, struct err *);

#endif
