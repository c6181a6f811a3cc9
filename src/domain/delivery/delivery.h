/*
 * delivery - the ZIP of a batch, made from the rows whenever it is asked for.
 *
 * Its length is known beforehand and its octets are the same each time, from any offset, since all of
 * it is determined by what workers stored: files in order of index, manifest.csv, chain.pem, directory.
 * One slice at a time is in memory.  As it was ordered, all of it stands in the store; in another format
 * the pieces are made again from the certificates.
 */
#ifndef DOMAIN_DELIVERY_H
#define DOMAIN_DELIVERY_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/str.h"
#include "domain/app.h"
#include "domain/delivery/packaging.h"
#include "domain/issue/work.h"
#include "store/batch.h"

/* ---- the worker's side: what a slice brings ---- */

struct delivery_piece {
	struct str	directory, manifest, body;	/* as slice_file has them; body: entries of the ZIP */
	struct str	json;				/* its part of manifest.json: ",\n{…}" a device */
	int64_t		entries, entry_octets, directory_octets, manifest_octets, manifest_crc32;
};
void delivery_piece_clear(struct delivery_piece *);

struct delivery_form {			/* what the pieces of a batch have in common */
	const struct profile	*doc;
	enum packaging		 packaging;
	int64_t			 batch_size;
	bool			 with_json;
	const struct der	*chain;		/* above the certificates; for .p7b */
	size_t			 chain_n;
};
/* results[i] belongs to s->items[i]; those that failed bring nothing. */
must_check bool delivery_piece_make(const struct delivery_form *, const struct work_slice *,
    const struct work_result *results, size_t n, struct delivery_piece *, struct err *);

/* ---- the download ---- */

struct delivery;
/*
 * ERR_CONFLICT "batch_state" while there is nothing to fetch, or not any more.  `format` NULL: as it was
 * ordered; else a name of packaging.h, and manifest.json is in it.  ERR_INVALID "format" for one with keys
 * that is not the batch's own.
 */
must_check bool delivery_open(const struct app *, const struct batch *, const char *format, struct delivery **,
    struct err *);
void delivery_free(struct delivery *);
OWN_TYPE(struct delivery, delivery_free)
uint64_t delivery_length(const struct delivery *);
const char *delivery_etag(const struct delivery *);	/* with its quotes */
/* From any thread, one at a time.  At least one octet before the end; -1 with err. */
ssize_t delivery_read(struct delivery *, uint64_t offset, void *buf, size_t cap, struct err *);

/*
 * Makes each slice's piece again from certificates, keys and inputs, and tells where what is stored differs.
 * Of a delivery as it was ordered.
 */
must_check bool delivery_check(struct delivery *, void (*tell)(void *, int64_t slice_no, const char *what), void *,
    struct err *);

#endif
