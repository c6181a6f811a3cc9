/* The transaction that ends a slice. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "domain/batch/batch.h"
#include "domain/delivery/delivery.h"
#include "domain/profile/profile.h"
#include "domain/quota/quota.h"
#include "domain/issue/work_run.h"
#include "store/certificate.h"
#include "store/idempotency.h"
#include "store/item.h"

#define SCRATCH_MAX ((size_t)64 * 1024)

struct ending {
	const struct work_slice		*s;
	const struct profile		*doc;
	const struct delivery_piece	*piece;
	const struct certificate	*certificates;
	const struct item_failure	*failures;
	size_t				 ok, failed;
	int64_t				 now;
	bool				 held;
	struct lease			*next;		/* NULL: none is wanted */
};

/* The last slice is in: the batch is whole, and its password has served. */
static bool
batch_end(struct ending *t, struct db *tx, struct batch *b, struct err *e)
{
	int64_t days = profile_download(t->doc)->days_to_live;

	if (!store_batch_secret_drop(tx, b->id, e) ||
	    !store_idempotency_open(tx, b->organization_id, b->id, e) ||
	    !store_batch_ready(
		tx, b->id, t->now, b->succeeded == 0 || days <= 0 ? 0 : t->now + days * INT64_C(86400), e))
		return false;
	if (b->succeeded == 0)
		return batch_step(tx, &actor_system, b, BATCH_NONE_ISSUED, NULL, e);
	if (!batch_step(tx, &actor_system, b, BATCH_ISSUED, NULL, e) ||
	    !batch_step(tx, &actor_system, b, b->failed == 0 ? BATCH_PACK : BATCH_PACK_PARTLY, NULL, e))
		return false;
	/* Each of its certificates was revoked by itself before the last slice came in. */
	return b->revoked < b->succeeded || batch_step(tx, &actor_system, b, BATCH_ALL_REVOKED, NULL, e);
}

static bool
progress(struct ending *t, struct db *tx, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	const struct work_slice *s = t->s;
	struct batch b = { 0 };
	bool found;

	/* Last of all: workers that store slices of one batch wait here for each other, and only here. */
	if (!quota_issued(tx, s->organization_id, s->profile_id, s->batch_id, (int64_t)t->ok, e) ||
	    !quota_credit_failed(tx, s->organization_id, s->profile_id, s->batch_id, (int64_t)t->failed, e) ||
	    !store_batch_progress(tx, s->batch_id, (int64_t)t->ok, (int64_t)t->failed, t->now, &b, &found, e))
		return false;
	if (!found) {
		t->held = false;	/* rejected meanwhile */
		return true;
	}
	if (b.slices_left > 0)
		return true;
	return store_batch_get(tx, s->batch_id, a, &b, &found, e) && batch_end(t, tx, &b, e);
}

/* What has no certificate holds neither its name nor its key: both may be ordered again. */
static bool
failures_add(struct ending *t, struct db *tx, struct err *e)
{
	int64_t id = t->s->batch_id;

	for (size_t i = 0; i < t->failed; i++)
		if (!store_device_name_release(tx, id, t->failures[i].index, t->failures[i].index + 1, e) ||
		    !store_key_use_release_item(tx, id, t->failures[i].index, e))
			return false;
	return store_item_failure_add(tx, id, t->failures, t->failed, e);
}

static bool
end_tx(struct db *tx, void *arg, struct err *e)
{
	struct ending *t = arg;
	const struct work_slice *s = t->s;
	const struct delivery_piece *p = t->piece;
	struct slice row = work_row(s);

	row.succeeded = (int64_t)t->ok;
	row.failed = (int64_t)t->failed;
	row.entry_octets = p->entry_octets;
	row.directory_octets = p->directory_octets;
	row.manifest_octets = p->manifest_octets;
	row.manifest_crc32 = p->manifest_crc32;
	t->held = false;
	if (!store_slice_done(tx, &row, &t->held, e))
		return false;
	if (!t->held)
		return work_lost(s, e);
	if (!store_certificate_add(tx, t->certificates, t->ok, e) || !failures_add(t, tx, e))
		return false;
	/* Files of certificates alone are made again when they are asked for. */
	if (t->ok > 0 && !store_slice_file_add(tx, s->batch_id, s->slice_no, p->directory.p, p->directory.len,
	    p->manifest.p, p->manifest.len, s->sealed ? p->body.p : NULL, s->sealed ? p->body.len : 0, e))
		return false;
	if (!progress(t, tx, e))
		return false;
	if (!t->held)
		return work_lost(s, e);		/* rolls all of it back */
	if (t->next == NULL || work_lease_tx(tx, t->next, e))
		return true;
	/* What is wrong with another slice is no reason not to store this one. */
	if (e->kind == ERR_RETRY || e->kind == ERR_UNAVAILABLE)
		return false;
	log_err("slice.lease_next", e);
	t->next = NULL;
	return err_set(e, ERR_RETRY, "db_busy", "once more, without the next slice");
}

static bool
sort_out(struct ending *t, const struct work_result *results, size_t n, struct arena *a, struct err *e)
{
	const struct work_slice *s = t->s;
	struct certificate *c = arena_array(a, n, sizeof(*c));
	struct item_failure *f = arena_array(a, n, sizeof(*f));

	if (c == NULL || f == NULL)
		return err_sys(e, "no room to store a slice");
	for (size_t i = 0; i < n; i++) {
		const struct work_result *r = &results[i];

		if (r->index != s->items[i].index)
			return err_sys(e, "result %zu of a slice is for item %" PRId64, i, r->index);
		if (!r->ok) {
			f[t->failed++] = (struct item_failure){ .index = r->index, .at = t->now, .code = r->code,
			    .message = r->message };
			continue;
		}
		c[t->ok] = (struct certificate){
			.id = s->certificate_base + (int64_t)t->ok,
			.batch_id = s->batch_id,
			.item_index = r->index,
			.organization_id = s->organization_id,
			.profile_id = s->profile_id,
			.ca_id = s->ca_id,
			.state = CERTIFICATE_ISSUED,
			.created_at = t->now,
			.not_before = r->not_before,
			.not_after = r->not_after,
			.subject = r->subject,
			.shard = r->shard,
			.der = r->der,
			.der_len = r->der_len,
		};
		memcpy(c[t->ok++].serial, r->serial, WORK_SERIAL_LEN);
	}
	t->certificates = c;
	t->failures = f;
	return true;
}

static bool
batch_size(const struct app *app, int64_t id, int64_t *size, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct batch b;
	struct db *db;
	bool found;

	if (!db_pool_get(app->store, DB_READ, &db, e) || !store_batch_get(db, id, a, &b, &found, e))
		return false;
	if (!found)
		return err_set(e, ERR_CONFLICT, "slice_lost", "batch %" PRId64 " is gone", id);
	*size = b.size;
	return true;
}

bool
work_store(
    const struct app *app, struct work_slice *s, const struct work_result *results, size_t n, struct err *e)
{
	bool found;

	return work_store_next(app, s, results, n, NULL, NULL, &found, e);
}

bool
work_store_next(const struct app *app, struct work_slice *s, const struct work_result *results, size_t n,
    const struct work_taker *taker, struct work_slice *next, bool *found, struct err *e)
{
	OWN(arena_free) struct arena *a =
	    arena_new(n * (sizeof(struct certificate) + sizeof(struct item_failure)) + SCRATCH_MAX);
	struct delivery_form form = { 0 };
	struct delivery_piece piece = { 0 };
	struct ending t = { .s = s, .piece = &piece, .now = clock_now_s() };
	struct lease l;
	struct db *db;
	bool ok;

	*found = false;
	if (taker != NULL) {
		l = work_lease_of(app, taker, next);
		t.next = &l;
	}
	if (s->items == NULL || n != (size_t)s->size)
		return err_sys(e, "a slice of %" PRId64 " with %zu results", s->size, n);
	if (!db_pool_get(app->store, DB_READ, &db, e) ||
	    !profile_document(app, db, s->profile_id, s->profile_version, &t.doc, e) ||
	    !batch_size(app, s->batch_id, &form.batch_size, e) || !sort_out(&t, results, n, a, e) ||
	    !packaging_of(s->packaging, &form.packaging, e))
		return false;
	form.doc = t.doc;
	if (!delivery_piece_make(&form, s, results, n, &piece, e))
		return false;
	ok = app_tx(app, DB_WRITE, end_tx, &t, e);
	*found = ok && t.next != NULL && l.found;
	delivery_piece_clear(&piece);
	return ok;
}
