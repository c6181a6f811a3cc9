/*
 * delivery - the ZIP of a batch, made from the rows whenever it is asked for.
 *
 * Its length is known beforehand and its octets are the same each time, from any offset, since all of
 * it is determined by what workers stored: files in order of index, manifest.csv, chain.pem, directory.
 * One slice at a time is in memory.
 */
#ifndef DOMAIN_DELIVERY_H
#define DOMAIN_DELIVERY_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/str.h"
#include "domain/app.h"
#include "domain/work.h"
#include "store/batch.h"

struct profile;

/* ---- the worker's side: what a slice brings ---- */

struct delivery_piece {
	struct str	directory, manifest, body;	/* as slice_file has them; body: entries of the ZIP, or empty */
	int64_t		entry_octets, directory_octets, manifest_octets, manifest_crc32;
};
void delivery_piece_clear(struct delivery_piece *);
/* results[i] belongs to s->items[i]; those that failed bring nothing. */
must_check bool delivery_piece_make(const struct profile *, const struct work_slice *, int64_t batch_size,
    const struct work_result *results, size_t n, struct delivery_piece *, struct err *);

/* ---- the download ---- */

struct delivery;
/* ERR_CONFLICT "batch_state" while there is nothing to fetch, or not any more. */
must_check bool delivery_open(const struct app *, const struct batch *, struct delivery **, struct err *);
void delivery_free(struct delivery *);
OWN_TYPE(struct delivery, delivery_free)
uint64_t delivery_length(const struct delivery *);
const char *delivery_etag(const struct delivery *);	/* with its quotes */
/* From any thread, one at a time.  At least one octet before the end; -1 with err. */
ssize_t delivery_read(struct delivery *, uint64_t offset, void *buf, size_t cap, struct err *);

#endif
