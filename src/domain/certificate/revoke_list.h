/*
 * revoke_list - revocation of what a table names: serial numbers or device addresses, one a line.
 *
 * A column called serial_number, serial, mac_address, mac or eui64 counts (a batch's manifest.csv is
 * such a table); without a header the first column does.  All lines are checked first, and any that
 * names nothing refuses the whole; then certificates are revoked in transactions of some hundreds, so
 * that nobody waits for long.  A list that broke off is simply handed in again.
 */
#ifndef DOMAIN_REVOKE_LIST_H
#define DOMAIN_REVOKE_LIST_H

#include "domain/certificate/certificate.h"

struct revoke_list_result {
	int64_t	lines;			/* that name something */
	int64_t	certificates;		/* that they mean */
	int64_t	revoked, already;	/* revoked: with dry_run, what would be */
};
/* fd at offset 0.  ERR_INVALID "list" with a fault for each line that is wrong. */
must_check bool revoke_list(const struct app *, const struct actor *, int fd, const struct revocation *, bool dry_run,
    struct revoke_list_result *, struct faults *, struct err *);

#endif
