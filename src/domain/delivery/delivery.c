#include "domain/delivery/delivery.h"

#include <inttypes.h>
#include <string.h>
#include <zlib.h>

#include "domain/batch/batch.h"
#include "domain/delivery/delivery_run.h"
#include "domain/delivery/manifest.h"
#include "domain/profile/profile.h"
#include "store/certificate.h"
#include "store/slice.h"
#include "x509/cert.h"

#define SLICES_AT_ONCE 1000
#define SCRATCH_MAX ((size_t)4 * 1024 * 1024)
#define CHAIN_MAX 8
#define NAMES_MAX 4096

/* What the archive is made of, in its order. */
enum segment_kind {
	ENTRIES,		/* of slice i */
	MANIFEST_HEAD,		/* local header and the line of titles */
	MANIFEST,		/* of slice i */
	JSON_HEAD,		/* these three where manifest.json is in it */
	JSON,			/* of slice i */
	JSON_TAIL,
	CHAIN,
	DIRECTORY,		/* of slice i */
	TAIL			/* directory entries of the files of the whole, and the end */
};

struct delivery {
	const struct app	*app;
	int64_t			 batch_id, at, files;	/* `at`: the time of its entries */
	bool			 from_certificates;	/* stored without files: PEM */
	bool			 remade;		/* pieces are made again, with JSON */
	struct remake		 remake;
	struct der		 above[CHAIN_MAX];
	struct arena		*arena;			/* what `remake` points to */
	struct part		*parts;
	size_t			 n, cap;
	struct str		 manifest_titles, json_head, chain;
	struct zip_entry	 manifest, json, chain_entry;
	uint64_t		 manifest_at, json_at, json_tail_at, chain_at, directory_at, tail_at, length;
	char			 etag[64];
	/* The segment that was asked for last. */
	struct str		 text, scratch;
	enum segment_kind	 kind;
	size_t			 index;
	bool			 made;
	struct delivery_piece	 piece;			/* of part piece_no - 1, when remade */
	size_t			 piece_no;
};
static const char json_end[] = "\n]}\n";

void
delivery_free(struct delivery *d)
{
	free(d->parts);
	str_free(&d->manifest_titles);
	str_free(&d->json_head);
	str_free(&d->chain);
	str_free(&d->text);
	delivery_piece_clear(&d->piece);
	if (d->arena != NULL)
		arena_free(d->arena);
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
	d->parts[d->n++] = (struct part){ .slice_no = s->slice_no, .first_index = s->first_index, .size = s->size,
	    .certificate_base = s->certificate_base, .devices = (uint32_t)s->succeeded,
	    .entries = (uint32_t)((size_t)s->succeeded * packaging_files_each(d->remake.ordered)), .manifest_crc32 = (uint32_t)s->manifest_crc32,
	    .entries_at = (uint64_t)s->entry_octets, .manifest_at = (uint64_t)s->manifest_octets,
	    .directory_at = (uint64_t)s->directory_octets };
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

static bool
piece_make(struct delivery *d, struct db *db, size_t i, struct err *e)
{
	struct delivery_piece piece;

	if (d->piece_no == i + 1)
		return true;
	d->piece_no = 0;
	if (!delivery_remake(db, &d->remake, &d->parts[i], i == 0, &piece, e))
		return false;
	delivery_piece_clear(&d->piece);
	d->piece = piece;
	d->piece_no = i + 1;
	return true;
}

/* Lengths and checksums of pieces that are made again: by making them. */
static bool
parts_remake(struct delivery *d, struct db *db, uLong *json_crc, struct err *e)
{
	for (size_t i = 0; i < d->n; i++) {
		struct part *p = &d->parts[i];

		if (!piece_make(d, db, i, e))
			return false;
		p->entries = (uint32_t)d->piece.entries;
		p->manifest_crc32 = (uint32_t)d->piece.manifest_crc32;
		p->entries_at = (uint64_t)d->piece.entry_octets;
		p->manifest_at = (uint64_t)d->piece.manifest_octets;
		p->directory_at = (uint64_t)d->piece.directory_octets;
		p->json_at = d->piece.json.len;
		*json_crc = crc32(*json_crc, (const Bytef *)d->piece.json.p, (uInt)d->piece.json.len);
	}
	return true;
}

static bool
directory_read(struct delivery *d, struct db *db, const struct part *p, struct unpack *u, struct err *e)
{
	if (d->remade) {
		if (!piece_make(d, db, (size_t)(p - d->parts), e))
			return false;
		*u = (struct unpack){ .p = (const uint8_t *)d->piece.directory.p, .left = d->piece.directory.len };
		return true;
	}
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
	struct zip_entry z = { 0 };
	struct unpack u;
	uint32_t index;

	*far = p->entries_at >= ZIP_FAR ? p->entries : 0;
	if (p->entries_at >= ZIP_FAR || next_at < ZIP_FAR)
		return true;
	if (!directory_read(d, db, p, &u, e))
		return false;
	while (directory_next(&u, &index, &z)) {
		*far += at >= ZIP_FAR;
		at += zip_entry_octets(&z);
	}
	return true;
}

/* A file of the whole at *at, which moves behind it. */
static struct zip_entry
whole_entry(const char *name, uLong crc, uint64_t octets, uint64_t *at)
{
	struct zip_entry z = { .name = name, .name_len = strlen(name), .crc32 = (uint32_t)crc, .size = (uint32_t)octets };

	*at += zip_entry_octets(&z);
	return z;
}

static void
manifest_offsets(struct delivery *d, uint64_t *at)
{
	uint64_t octets = d->manifest_titles.len, begins;
	uLong crc = crc32(0, (const Bytef *)d->manifest_titles.p, (uInt)d->manifest_titles.len);

	for (size_t i = 0; i < d->n; i++) {
		crc = crc32_combine(crc, d->parts[i].manifest_crc32, (z_off_t)d->parts[i].manifest_at);
		octets += d->parts[i].manifest_at;
	}
	d->manifest_at = *at;
	d->manifest = whole_entry("manifest.csv", crc, octets, at);
	begins = *at;
	for (size_t i = d->n; i-- > 0;) {
		begins -= d->parts[i].manifest_at;
		d->parts[i].manifest_at = begins;
	}
}

static void
json_offsets(struct delivery *d, uLong crc, uint64_t *at)
{
	const size_t tail = sizeof(json_end) - 1;
	uint64_t octets = d->json_head.len + tail, begins;

	for (size_t i = 0; i < d->n; i++)
		octets += d->parts[i].json_at;
	crc = crc32(crc, (const Bytef *)json_end, (uInt)tail);
	d->json_at = *at;
	d->json = whole_entry("manifest.json", crc, octets, at);
	begins = d->json_tail_at = *at - tail;
	for (size_t i = d->n; i-- > 0;) {
		begins -= d->parts[i].json_at;
		d->parts[i].json_at = begins;
	}
}

static bool
offsets(struct delivery *d, struct db *db, struct err *e)
{
	uLong json_crc = crc32(0, (const Bytef *)d->json_head.p, (uInt)d->json_head.len);
	uint64_t at = 0, far;

	if (d->remade && !parts_remake(d, db, &json_crc, e))
		return false;
	for (size_t i = 0; i < d->n; i++) {
		uint64_t octets = d->parts[i].entries_at;

		d->parts[i].entries_at = at;
		d->files += d->parts[i].entries;
		at += octets;
	}
	manifest_offsets(d, &at);
	d->json_at = d->json_tail_at = at;
	if (d->remade)
		json_offsets(d, json_crc, &at);
	d->chain_at = at;
	d->chain_entry =
	    whole_entry("chain.pem", crc32(0, (const Bytef *)d->chain.p, (uInt)d->chain.len), d->chain.len, &at);
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
	if (d->remade)
		zip_central(out, &d->json, d->at, d->json_at);
	zip_central(out, &d->chain_entry, d->at, d->chain_at);
	zip_end(out, (uint64_t)d->files + (d->remade ? 3 : 2), d->directory_at, d->tail_at + out->len - d->directory_at);
}

static bool
chain_make(struct delivery *d, struct db *db, int64_t ca_id, struct err *e)
{
	const struct ca *chain[CHAIN_MAX];
	size_t n;

	if (!profile_chain(d->app, db, ca_id, chain, COUNT(chain), &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		pem_encode("CERTIFICATE", chain[i]->der, chain[i]->der_len, &d->chain);
		d->above[i] = (struct der){ chain[i]->der, chain[i]->der_len };
	}
	d->remake.form.chain = d->above;
	d->remake.form.chain_n = n;
	return true;
}

static bool
json_begin(struct delivery *d, const struct batch *b, struct err *e)
{
	json_t *o = json_pack("{s:{s:I, s:s}, s:{s:I, s:s, s:I}, s:s, s:s}", "batch", "id", (json_int_t)b->id, "name",
	    b->name, "profile", "id", (json_int_t)b->profile_id, "name", b->profile_name == NULL ? "" : b->profile_name,
	    "version", (json_int_t)b->profile_version, "packaging", packaging_names[d->remake.form.packaging], "chain",
	    "chain.pem");
	char *text = o == NULL ? NULL : json_dumps(o, JSON_COMPACT);

	json_decref(o);
	if (text == NULL)
		return err_sys(e, "no room for a manifest");
	/* Left open for the devices. */
	str_add(&d->json_head, text, strlen(text) - 1);
	str_adds(&d->json_head, ",\"devices\":[\n");
	free(text);
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
	d->remake.form.doc = doc;
	manifest_header(doc, d->remake.form.packaging, &d->manifest_titles);
	if ((d->remade && !json_begin(d, b, e)) || !offsets(d, db, e))
		return false;
	tail_make(d, &tail);
	d->length = d->tail_at + tail.len;
	(void)snprintf(d->etag, sizeof(d->etag), "\"%" PRId64 "-%" PRId64 "-%" PRIu64 "%s%s\"", b->id, b->ready_at,
	    d->length, d->remade ? "-" : "", d->remade ? packaging_names[d->remake.form.packaging] : "");
	return true;
}

static bool
format_set(struct delivery *d, const struct batch *b, const char *format, struct err *e)
{
	struct remake *r = &d->remake;
	enum packaging wanted;

	if (!packaging_of(b->packaging, &r->ordered, e))
		return false;
	wanted = format == NULL ? r->ordered : packaging_parse(format);
	if (wanted == PACKAGINGS)
		return err_set(e, ERR_INVALID, "format", "there is no such format");
	if (!packaging_available(r->ordered, wanted))
		return err_set(e, ERR_INVALID, "format",
		    "the batch was ordered as \"%s\": its keys can't be had in another packaging",
		    packaging_names[r->ordered]);
	/* The plain archives are as short as can be; all others say it in JSON too. */
	d->remade = format != NULL || (r->ordered != PACKAGING_P12 && r->ordered != PACKAGING_PEM);
	d->arena = arena_new(NAMES_MAX);
	r->slice = (struct work_slice){ .batch_id = b->id, .batch_created_at = b->created_at,
	    .batch_name = arena_strdup(d->arena, b->name) };
	r->form = (struct delivery_form){ .packaging = wanted, .batch_size = b->size, .with_json = true };
	return r->slice.batch_name != NULL || err_sys(e, "no room for a name");
}

bool
delivery_open(
    const struct app *app, const struct batch *b, const char *format, struct delivery **out, struct err *e)
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
	if (!format_set(d, b, format, e) || !plan(d, b, e))
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
	struct zip_entry z = { 0 };
	uint32_t index;

	str_clear(&f->pem);
	pem_encode("CERTIFICATE", der, len, &f->pem);
	if (!directory_next(&f->u, &index, &z) || z.size != f->pem.len)
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
	ok = store_certificate_ders(db, p->certificate_base, p->devices, entry_from_der, &f, e);
	str_free(&f.pem);
	return ok;
}

static bool
directory_make(struct delivery *d, struct db *db, const struct part *p, struct err *e)
{
	uint64_t at = p->entries_at;
	struct zip_entry z = { 0 };
	struct unpack u;
	uint32_t index;

	if (!directory_read(d, db, p, &u, e))
		return false;
	while (directory_next(&u, &index, &z)) {
		zip_central(&d->text, &z, d->at, at);
		at += zip_entry_octets(&z);
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
	if (d->remade && at >= d->json_tail_at) {
		*begins = d->json_tail_at;
		return JSON_TAIL;
	}
	if (d->remade && d->n > 0 && at >= d->parts[0].json_at) {
		*index = part_at(d, offsetof(struct part, json_at), at);
		*begins = d->parts[*index].json_at;
		return JSON;
	}
	if (d->remade && at >= d->json_at) {
		*begins = d->json_at;
		return JSON_HEAD;
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
	if (d->remade && (kind == ENTRIES || kind == MANIFEST || kind == JSON) && !piece_make(d, db, index, e))
		return false;
	switch (kind) {
	case ENTRIES:
		if (d->remade)
			str_add(&d->text, d->piece.body.p, d->piece.body.len);
		else if (!entries_make(d, db, &d->parts[index], e))
			return false;
		break;
	case MANIFEST_HEAD:
		zip_local(&d->text, &d->manifest, d->at);
		str_add(&d->text, d->manifest_titles.p, d->manifest_titles.len);
		break;
	case MANIFEST:
		if (d->remade)
			str_add(&d->text, d->piece.manifest.p, d->piece.manifest.len);
		else if (!store_slice_file_get(db, d->batch_id, d->parts[index].slice_no, SLICE_MANIFEST, &d->text, e))
			return false;
		break;
	case JSON_HEAD:
		zip_local(&d->text, &d->json, d->at);
		str_add(&d->text, d->json_head.p, d->json_head.len);
		break;
	case JSON:
		str_add(&d->text, d->piece.json.p, d->piece.json.len);
		break;
	case JSON_TAIL:
		str_adds(&d->text, json_end);
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

/* ---- what is stored against what it is made of ---- */

static bool
same_octets(const struct str *a, const struct str *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->p, b->p, a->len) == 0);
}

/* What differs, or NULL. */
static bool
piece_differs(struct delivery *d, struct db *db, const struct part *p, const struct delivery_piece *piece,
    const char **what, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	OWN_STR struct str directory = { 0 }, manifest = { 0 }, body = { 0 };
	struct slice *row;
	size_t n;

	if (!store_slice_file_get(db, d->batch_id, p->slice_no, SLICE_DIRECTORY, &directory, e) ||
	    !store_slice_file_get(db, d->batch_id, p->slice_no, SLICE_MANIFEST, &manifest, e) ||
	    !store_slice_file_get(db, d->batch_id, p->slice_no, SLICE_BODY, &body, e) ||
	    !store_slice_list(db, d->batch_id, p->slice_no, 1, a, &row, &n, e))
		return false;
	*what = !same_octets(&directory, &piece->directory) ? "its directory" :
	    !same_octets(&manifest, &piece->manifest) ? "its part of the manifest" :
	    !d->from_certificates && !same_octets(&body, &piece->body) ? "its files" :
	    n != 1 || row->slice_no != p->slice_no || row->entry_octets != piece->entry_octets ||
	    row->directory_octets != piece->directory_octets || row->manifest_octets != piece->manifest_octets ||
	    row->manifest_crc32 != piece->manifest_crc32 ? "what is noted of its lengths" : NULL;
	return true;
}

static bool
part_check(struct delivery *d, const struct part *p, const char **what, struct err *e)
{
	struct remake as_stored = d->remake;
	struct delivery_piece piece = { 0 };
	struct db *db;
	bool ok;

	/* As the worker made it: without what other formats add. */
	as_stored.form.with_json = false;
	as_stored.form.chain_n = 0;
	if (!db_pool_get(d->app->store, DB_READ, &db, e) || !delivery_remake(db, &as_stored, p, false, &piece, e))
		return false;
	ok = piece_differs(d, db, p, &piece, what, e);
	delivery_piece_clear(&piece);
	return ok;
}

bool
delivery_check(struct delivery *d, void (*tell)(void *, int64_t, const char *), void *arg, struct err *e)
{
	for (size_t i = 0; i < d->n; i++) {
		const char *what = NULL;

		if (!part_check(d, &d->parts[i], &what, e))
			return err_in(e, "slice %" PRId64, d->parts[i].slice_no);
		if (what != NULL)
			tell(arg, d->parts[i].slice_no, what);
	}
	return true;
}
