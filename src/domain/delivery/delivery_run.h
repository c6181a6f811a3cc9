/* delivery_run - what the files of delivery*.c share; private to them. */
#ifndef DOMAIN_DELIVERY_RUN_H
#define DOMAIN_DELIVERY_RUN_H

#include "base/frame.h"
#include "domain/delivery/delivery.h"
#include "domain/delivery/zip.h"

/*
 * A slice's directory: for each file its item's index, CRC-32 and length (4 octets each), the length of its
 * name with this bit for sealed files (1), and the name.
 */
#define DIRECTORY_SEALED 0x80u
/* False at the end, and when it is broken (u->bad). */
bool directory_next(struct unpack *, uint32_t *index, struct zip_entry *);

/* A slice as the archive needs it: where its parts stand. */
struct part {
	int64_t		slice_no, first_index, size, certificate_base;
	uint32_t	devices, entries, manifest_crc32;
	uint64_t	entries_at, manifest_at, json_at, directory_at;		/* offsets of its octets */
};

/* How a batch's pieces are made again. */
struct remake {
	struct work_slice	 slice;		/* what all have in common: names, times */
	struct delivery_form	 form;
	enum packaging		 ordered;
};
/* The piece of a slice, the same each time.  `first`: the first of manifest.json. */
must_check bool delivery_remake(struct db *, const struct remake *, const struct part *, bool first,
    struct delivery_piece *, struct err *);

#endif
