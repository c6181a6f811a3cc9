/*
 * room - whether the disks have room for an order: what is taken is carried through, so a disk that fills up
 * refuses orders before it breaks one.
 */
#ifndef DOMAIN_ROOM_H
#define DOMAIN_ROOM_H

#include <sys/types.h>

#include "domain/app.h"

/*
 * For so many more devices, beside those that are ordered and not made yet.  ERR_UNAVAILABLE "disk_full" says
 * which disk; one that cannot be asked is not asked.
 */
must_check bool room_for(const struct app *, int64_t devices, struct err *);

/* The disks themselves, as they are now: the store's (SQLite's), the signer's journal's. */
#define ROOM_DISKS 2
struct room_disk {
	const char	*name;		/* "store", "journal" */
	bool		 there;		/* it is this host's, and can be asked */
	dev_t		 device;
	uint64_t	 free;		/* octets */
};
void room_disks(const struct app *, struct room_disk out[ROOM_DISKS]);

#endif
