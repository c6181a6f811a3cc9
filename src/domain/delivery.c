#include "domain/delivery.h"

#include <inttypes.h>
#include <string.h>
#include <zlib.h>

#include "base/frame.h"
#include "domain/batch.h"
#include "domain/manifest.h"
#include "domain/profile.h"
#include "domain/zip.h"
#include "store/certificate.h"
#include "store/slice.h"
#include "x509/cert.h"

#define SLICES_AT_ONCE 1000
#define SCRATCH_MAX ((size_t)4 * 1024 * 1024)
#define CHAIN_MAX 8

/* A slice as the archive needs it: where its parts stand. */
struct part {
	int64_t		slice_no, certificate_base;
	uint32_t	files, manifest_crc32;
	uint64_t	entries_at, manifest_at, directory_at;		/* offsets of its octets */
};

/* What the archive is made of, in its order. */
enum segment_kind {
	ENTRIES,		/* of slice i */
	MANIFEST_HEAD,		/* local header and the line of titles */
	MANIFEST,		/* of slice i */
	CHAIN,
	DIRECTORY,		/* of slice i */
	TAIL			/* directory entries of the two last files, and the end */
};

struct delivery {
	const struct app	*app;
	int64_t			 batch_id, at, files;	/* `at`: the time of its entries */
	bool			 from_certificates;
	struct part		*parts;
	size_t			 n, cap;
	struct str		 manifest_titles, chain;
	struct zip_entry	 manifest, chain_entry;
	uint64_t		 manifest_at, chain_at, directory_at, tail_at, length;
	char			 etag[64];
	/* The segment that was asked for last. */
	struct str		 text, scratch;
	enum segment_kind	 kind;
	size_t			 index;
	bool			 made;
};

void
delivery_free(struct delivery *d)
{
	free(d->parts);
	str_free(&d->manifest_titles);
	str_free(&d->chain);
	str_free(&d->text);
	str_free(&d->scratch);
	free(d);
}

uint64_t
delivery_length(const struct delivery *d)
{
	return d->length;
}

const char *
delivery_etag(const struct delivery *d)
{
	return d->etag;
}

/* ---- the plan ---- */

static void
part_add(struct delivery *d, const struct slice *s)
{
	if (d->n == d->cap) {
		d->cap = d->cap == 0 ? 64 : 2 * d->cap;
		d->parts = reallocarray(d->parts, d->cap, sizeof(*d->parts));
		if (d->parts == NULL)
			abort();
	}
	/* Lengths for now; offsets once all are known. */
	d->parts[d->n++] = (struct part){ .slice_no = s->slice_no, .certificate_base = s->certificate_base,
	    .files = (uint32_t)s->succeeded, .manifest_crc32 = (uint32_t)s->manifest_crc32,
	    .entries_at = (uint64_t)s->entry_octets, .manifest_at = (uint64_t)s->manifest_octets,
	    .directory_at = (uint64_t)s->directory_octets };
	d->files += s->succeeded;
}

static bool
parts_read(struct delivery *d, struct db *db, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	int64_t from = 0;
	struct slice *list;
	size_t n;

	do {
		arena_reset(a);
		if (!store_slice_list(db, d->batch_id, from, SLICES_AT_ONCE, a, &list, &n, e))
			return false;
		for (size_t i = 0; i < n; i++) {
			if (list[i].succeeded > 0)
				part_add(d, &list[i]);
			from = list[i].slice_no + 1;
		}
	} while (n == SLICES_AT_ONCE);
	return true;
}

/* One entry of a slice's directory; false at the end. */
static bool
directory_next(struct unpack *u, struct zip_entry *z)
{
	uint8_t len;

	if (u->left == 0 || u->bad)
		return false;
	(void)unpack_u32(u);		/* index */
	z->crc32 = unpack_u32(u);
	z->size = unpack_u32(u);
	len = unpack_u8(u);
	if (u->bad || u->left < len) {
		u->bad = true;
		return false;
	}
	z->name = (const char *)u->p;
	z->name_len = len;
	u->p += len;
	u->left -= len;
	return true;
}

static bool
directory_read(struct delivery *d, struct db *db, const struct part *p, struct unpack *u, struct err *e)
{
	if (!store_slice_file_get(db, d->batch_id, p->slice_no, SLICE_DIRECTORY, &d->scratch, e))
		return false;
	*u = (struct unpack){ .p = (const uint8_t *)d->scratch.p, .left = d->scratch.len };
	return true;
}

/* How many entries of a slice need ZIP64 in the directory. */
static bool
far_entries(
    struct delivery *d, struct db *db, const struct part *p, uint64_t next_at, uint64_t *far, struct err *e)
{
	uint64_t at = p->entries_at;
	struct zip_entry z;
	struct unpack u;

	*far = p->entries_at >= ZIP_FAR ? p->files : 0;
	if (p->entries_at >= ZIP_FAR || next_at < ZIP_FAR)
		return true;
	if (!directory_read(d, db, p, &u, e))
		return false;
	while (directory_next(&u, &z)) {
		*far += at >= ZIP_FAR;
		at += ZIP_LOCAL_OCTETS(z.name_len) + z.size;
	}
	return true;
}

static bool
offsets(struct delivery *d, struct db *db, struct err *e)
{
	static const char manifest_name[] = "manifest.csv", chain_name[] = "chain.pem";
	uint64_t at = 0, far, manifest_octets = d->manifest_titles.len;
	uLong crc = crc32(0, (const Bytef *)d->manifest_titles.p, (uInt)d->manifest_titles.len);

	for (size_t i = 0; i < d->n; i++) {
		uint64_t octets = d->parts[i].entries_at;

		d->parts[i].entries_at = at;
		at += octets;
	}
	d->manifest_at = at;
	at += ZIP_LOCAL_OCTETS(sizeof(manifest_name) - 1) + d->manifest_titles.len;
	for (size_t i = 0; i < d->n; i++) {
		uint64_t octets = d->parts[i].manifest_at;

		crc = crc32_combine(crc, d->parts[i].manifest_crc32, (z_off_t)octets);
		d->parts[i].manifest_at = at;
		at += octets;
		manifest_octets += octets;
	}
	d->manifest = (struct zip_entry){ manifest_name, sizeof(manifest_name) - 1, (uint32_t)crc,
	    (uint32_t)manifest_octets };
	d->chain_at = at;
	d->chain_entry = (struct zip_entry){ chain_name, sizeof(chain_name) - 1,
	    (uint32_t)crc32(0, (const Bytef *)d->chain.p, (uInt)d->chain.len), (uint32_t)d->chain.len };
	at += ZIP_LOCAL_OCTETS(sizeof(chain_name) - 1) + d->chain.len;
	d->directory_at = at;
	for (size_t i = 0; i < d->n; i++) {
		uint64_t next = i + 1 < d->n ? d->parts[i + 1].entries_at : d->manifest_at;
		uint64_t octets = d->parts[i].directory_at;

		if (!far_entries(d, db, &d->parts[i], next, &far, e))
			return false;
		d->parts[i].directory_at = at;
		at += octets + far * ZIP_CENTRAL_FAR;
	}
	d->tail_at = at;
	return true;
}

static void
tail_make(struct delivery *d, struct str *out)
{
	zip_central(out, &d->manifest, d->at, d->manifest_at);
	zip_central(out, &d->chain_entry, d->at, d->chain_at);
	zip_end(out, (uint64_t)d->files + 2, d->directory_at, d->tail_at + out->len - d->directory_at);
}

static bool
chain_make(struct delivery *d, struct db *db, int64_t ca_id, struct err *e)
{
	const struct ca *chain[CHAIN_MAX];
	size_t n;

	if (!profile_chain(d->app, db, ca_id, chain, COUNT(chain), &n, e))
		return false;
	for (size_t i = 0; i < n; i++)
		pem_encode("CERTIFICATE", chain[i]->der, chain[i]->der_len, &d->chain);
	return true;
}

static bool
plan(struct delivery *d, const struct batch *b, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	const struct profile *doc;
	struct ca ca;
	struct db *db;
	bool found;
	OWN_STR struct str tail = { 0 };

	if (!db_pool_get(d->app->store, DB_READ, &db, e) ||
	    !profile_document(d->app, db, b->profile_id, b->profile_version, &doc, e) ||
	    !store_ca_named(db, profile_about(doc)->ca, a, &ca, &found, e))
		return false;
	if (!found)
		return err_sys(e, "the CA \"%s\" is not here", profile_about(doc)->ca);
	if (!chain_make(d, db, ca.id, e) || !parts_read(d, db, e))
		return false;
	manifest_header(doc, &d->manifest_titles);
	if (!offsets(d, db, e))
		return false;
	tail_make(d, &tail);
	d->length = d->tail_at + tail.len;
	(void)snprintf(d->etag, sizeof(d->etag), "\"%" PRId64 "-%" PRId64 "-%" PRIu64 "\"", b->id,
	    b->ready_at, d->length);
	return true;
}

bool
delivery_open(const struct app *app, const struct batch *b, struct delivery **out, struct err *e)
{
	enum batch_state s = batch_state_parse(b->state);
	OWN(delivery_free) struct delivery *d = NULL;

	if (s != BATCH_READY && s != BATCH_ISSUED_PARTLY && s != BATCH_DOWNLOADED)
		return err_set(e, ERR_CONFLICT, "batch_state",
		    "batch %" PRId64 " is \"%s\": there is nothing to download", b->id, batch_state_title(s));
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		abort();
	d->app = app;
	d->batch_id = b->id;
	d->at = b->created_at;
	d->from_certificates = strcmp(b->method, "csr") == 0;
	if (!plan(d, b, e))
		return err_in(e, "delivery of batch %" PRId64, b->id);
	*out = give(d);
	return true;
}

/* ---- octets ---- */

struct from_der {
	struct delivery	*d;
	struct unpack	 u;
	struct str	 pem;
};

static bool
entry_from_der(void *arg, int64_t id, const uint8_t *der, size_t len, struct err *e)
{
	struct from_der *f = arg;
	struct zip_entry z;

	str_clear(&f->pem);
	pem_encode("CERTIFICATE", der, len, &f->pem);
	if (!directory_next(&f->u, &z) || z.size != f->pem.len)
		return err_sys(e, "certificate %" PRId64 " is not what the directory says", id);
	zip_local(&f->d->text, &z, f->d->at);
	str_add(&f->d->text, f->pem.p, f->pem.len);
	return true;
}

static bool
entries_make(struct delivery *d, struct db *db, const struct part *p, struct err *e)
{
	struct from_der f = { .d = d };
	bool ok;

	/* Files that were stored stand there as entries already. */
	if (!d->from_certificates)
		return store_slice_file_get(db, d->batch_id, p->slice_no, SLICE_BODY, &d->text, e);
	if (!directory_read(d, db, p, &f.u, e))
		return false;
	ok = store_certificate_ders(db, p->certificate_base, p->files, entry_from_der, &f, e);
	str_free(&f.pem);
	return ok;
}

static bool
directory_make(struct delivery *d, struct db *db, const struct part *p, struct err *e)
{
	uint64_t at = p->entries_at;
	struct zip_entry z;
	struct unpack u;

	if (!directory_read(d, db, p, &u, e))
		return false;
	while (directory_next(&u, &z)) {
		zip_central(&d->text, &z, d->at, at);
		at += ZIP_LOCAL_OCTETS(z.name_len) + z.size;
	}
	return true;
}

/* The last of n ascending offsets (given by `field` of the parts) that is not past `at`. */
static size_t
part_at(const struct delivery *d, size_t field, uint64_t at)
{
	size_t lo = 0, hi = d->n;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;
		uint64_t begins;

		memcpy(&begins, (const char *)&d->parts[mid] + field, sizeof(begins));
		*(begins <= at ? &lo : &hi) = mid;
	}
	return lo;
}

/* Which segment holds the octet, and where that segment begins. */
static enum segment_kind
segment_at(const struct delivery *d, uint64_t at, size_t *index, uint64_t *begins)
{
	*index = 0;
	if (at >= d->tail_at) {
		*begins = d->tail_at;
		return TAIL;
	}
	if (at >= d->directory_at) {
		*index = part_at(d, offsetof(struct part, directory_at), at);
		*begins = d->parts[*index].directory_at;
		return DIRECTORY;
	}
	if (at >= d->chain_at) {
		*begins = d->chain_at;
		return CHAIN;
	}
	if (d->n > 0 && at >= d->parts[0].manifest_at) {
		*index = part_at(d, offsetof(struct part, manifest_at), at);
		*begins = d->parts[*index].manifest_at;
		return MANIFEST;
	}
	if (at >= d->manifest_at) {
		*begins = d->manifest_at;
		return MANIFEST_HEAD;
	}
	*index = part_at(d, offsetof(struct part, entries_at), at);
	*begins = d->parts[*index].entries_at;
	return ENTRIES;
}

static bool
segment_make(struct delivery *d, enum segment_kind kind, size_t index, struct err *e)
{
	struct db *db;

	if (d->made && d->kind == kind && d->index == index)
		return true;
	d->made = false;
	str_clear(&d->text);
	if (!db_pool_get(d->app->store, DB_READ, &db, e))
		return false;
	switch (kind) {
	case ENTRIES:
		if (!entries_make(d, db, &d->parts[index], e))
			return false;
		break;
	case MANIFEST_HEAD:
		zip_local(&d->text, &d->manifest, d->at);
		str_add(&d->text, d->manifest_titles.p, d->manifest_titles.len);
		break;
	case MANIFEST:
		if (!store_slice_file_get(db, d->batch_id, d->parts[index].slice_no, SLICE_MANIFEST, &d->text, e))
			return false;
		break;
	case CHAIN:
		zip_local(&d->text, &d->chain_entry, d->at);
		str_add(&d->text, d->chain.p, d->chain.len);
		break;
	case DIRECTORY:
		if (!directory_make(d, db, &d->parts[index], e))
			return false;
		break;
	case TAIL:
		tail_make(d, &d->text);
		break;
	}
	d->kind = kind;
	d->index = index;
	d->made = true;
	return true;
}

ssize_t
delivery_read(struct delivery *d, uint64_t offset, void *buf, size_t cap, struct err *e)
{
	size_t done = 0;

	if (offset >= d->length) {
		(void)err_sys(e, "read behind the end of a delivery");
		return -1;
	}
	/* Whole buffers where possible: fewer hops between threads. */
	while (done < cap && offset + done < d->length) {
		uint64_t begins;
		size_t index, at, some;
		enum segment_kind kind = segment_at(d, offset + done, &index, &begins);

		if (!segment_make(d, kind, index, e)) {
			(void)err_in(e, "delivery of batch %" PRId64, d->batch_id);
			return -1;
		}
		at = (size_t)(offset + done - begins);
		if (at >= d->text.len) {
			(void)err_sys(e, "delivery of batch %" PRId64 ": a segment is shorter than planned",
			    d->batch_id);
			return -1;
		}
		some = d->text.len - at < cap - done ? d->text.len - at : cap - done;
		memcpy((char *)buf + done, d->text.p + at, some);
		done += some;
	}
	return (ssize_t)done;
}
