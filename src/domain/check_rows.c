/* Rows against what they stand for: histories, certificates, downloads. */
#include <inttypes.h>
#include <string.h>

#include "domain/batch/batch.h"
#include "domain/check_run.h"
#include "domain/delivery/delivery.h"
#include "x509/name.h"

#define BATCH_SCRATCH ((size_t)256 * 1024)

static void
rule_done(struct check *r, const char *name, const char *holds, size_t before)
{
	r->report->rule(r->report->arg, name, holds, r->totals->faults - before);
}

/* ---- histories ---- */

struct history {
	struct check		*run;
	int64_t			 batch_id, seq;		/* the last that was seen */
	struct check_event	*list;
};

static bool
history_tx(struct db *db, void *arg, struct err *e)
{
	struct history *h = arg;

	arena_reset(h->run->arena);
	return store_check_events(db, h->batch_id, h->seq, CHECK_PAGE, h->run->arena, &h->list, &h->run->n, e);
}

static bool
step_exists(enum batch_state from, enum batch_state to)
{
	for (enum batch_step s = 0; s < BATCH_STEPS; s++)
		if (from < BATCH_STATES && to < BATCH_STATES && batch_next(from, s) == to)
			return true;
	return false;
}

static void
event_check(struct check *r, const struct check_event *v, int64_t before_batch, int64_t before_seq, enum batch_state before)
{
	enum batch_state now = batch_state_parse(v->status);

	if (v->batch_id != before_batch) {
		if (v->seq != 1 || now != BATCH_PENDING_CREATION)
			check_fault(r, "steps", "the history of batch %" PRId64 " begins with %s", v->batch_id, v->status);
	} else if (v->seq != before_seq + 1)
		check_fault(r, "steps", "step %" PRId64 " of batch %" PRId64 " is missing", before_seq + 1, v->batch_id);
	else if (!step_exists(before, now))
		check_fault(r, "steps", "batch %" PRId64 " went from %s to %s", v->batch_id, batch_state_name(before), v->status);
}

bool
check_histories(struct check *r, struct err *e)
{
	struct history h = { .run = r };
	enum batch_state state = BATCH_STATES;
	size_t before = r->totals->faults;

	do {
		if (!app_tx(r->app, DB_READ, history_tx, &h, e))
			return false;
		for (size_t i = 0; i < r->n; i++) {
			event_check(r, &h.list[i], h.batch_id, h.seq, state);
			state = batch_state_parse(h.list[i].status);
			h.batch_id = h.list[i].batch_id;
			h.seq = h.list[i].seq;
		}
	} while (r->n == CHECK_PAGE);
	rule_done(r, "steps", "a batch went from state to state as the rules have it", before);
	return true;
}

/* ---- certificates ---- */

static bool
page_tx(struct db *db, void *arg, struct err *e)
{
	struct check *r = arg;

	arena_reset(r->arena);
	return store_check_certificates(db, r->after, CHECK_PAGE, r->arena, &r->certificates, &r->n, e);
}

static bool
issuers_load(struct check *r, struct err *e)
{
	r->issuers = arena_array(r->keep, r->cas_n + 1, sizeof(*r->issuers));
	for (size_t i = 0; i < r->cas_n; i++)
		if (!issuer_load(r->cas[i].der, r->cas[i].der_len, &r->issuers[i], e))
			return err_in(e, "CA %" PRId64, r->cas[i].id);
	return true;
}

static const char *
issuer_differs(const struct check *r, const struct check_certificate *row, const struct cert *c)
{
	unsigned shard;

	for (size_t i = 0; i < r->cas_n; i++) {
		if (r->cas[i].id != row->ca_id)
			continue;
		if (!der_equal(c->issuer, r->issuers[i].subject.p, r->issuers[i].subject.len))
			return "issuer";
		return cert_shard_pointed(c, &shard) && shard != (unsigned)row->shard ? "shard" : NULL;
	}
	return "issuer";
}

static const char *
differs(const struct check *r, const struct check_certificate *row)
{
	OWN_STR struct str subject = { 0 };
	struct err e = { 0 };
	struct cert c;

	if (!cert_decode(row->der, row->der_len, &c, &e) || !name_text(c.subject, &subject, &e))
		return "DER";
	if (c.serial.len != sizeof(row->serial) || memcmp(c.serial.p, row->serial, sizeof(row->serial)) != 0)
		return "serial number";
	if (c.not_before_s != row->not_before || c.not_after_s != row->not_after)
		return "validity";
	if (strcmp(subject.len == 0 ? "" : subject.p, row->subject) != 0)
		return "subject";
	return issuer_differs(r, row, &c);
}

bool
check_certificates(struct check *r, struct err *e)
{
	size_t before = r->totals->faults, rows = 0;

	if (!issuers_load(r, e))
		return false;
	for (r->after = 0, r->n = CHECK_PAGE; r->n == CHECK_PAGE;) {
		if (!app_tx(r->app, DB_READ, page_tx, r, e))
			return false;
		for (size_t i = 0; i < r->n; i++) {
			const char *what = differs(r, &r->certificates[i]);

			if (what == NULL)
				continue;
			rows++;
			check_fault(r, "rows", "certificate %" PRId64 " has another %s than its row", r->certificates[i].id, what);
		}
		if (r->n > 0 && !check_page_in_pool(r, e))
			return false;
		if (r->n > 0 && r->signers_n > 0 && !check_page_in_journals(r, e))
			return false;
		r->totals->certificates += (int64_t)r->n;
		r->after = r->n == 0 ? r->after : r->certificates[r->n - 1].id;
	}
	r->report->rule(r->report->arg, "rows", "a certificate's row says what the certificate says", rows);
	r->report->rule(r->report->arg, "pool", "no key that waits to be used is in a certificate", r->pooled_all);
	if (r->signers_n > 0)
		rule_done(r, "journal", "every certificate in the store was signed by the signer, octet for octet",
		    before + rows + r->pooled_all);
	return true;
}

/* ---- downloads ---- */

struct downloads {
	struct check	*run;
	struct arena	*arena;
	struct batch	 batch;
	int64_t		 id;
	bool		 found;
};

static bool
next_tx(struct db *db, void *arg, struct err *e)
{
	struct downloads *d = arg;

	arena_reset(d->arena);
	return store_check_deliverable(db, d->id, &d->id, &d->found, e) &&
	    (!d->found || store_batch_get(db, d->id, d->arena, &d->batch, &d->found, e));
}

static bool
again_tx(struct db *db, void *arg, struct err *e)
{
	struct downloads *d = arg;
	int64_t id;

	return store_check_deliverable(db, d->id - 1, &id, &d->found, e) && (d->found = d->found && id == d->id, true);
}

static void
on_piece(void *arg, int64_t slice_no, const char *what)
{
	struct downloads *d = arg;

	check_fault(d->run, "downloads", "batch %" PRId64 " slice %" PRId64 ": %s", d->id, slice_no, what);
}

/* What cannot be read is a fault of the download, unless it was purged, rejected or revoked meanwhile. */
static bool
download_check(struct downloads *d, struct err *e)
{
	OWN(delivery_free) struct delivery *whole = NULL;
	struct err why = { 0 };

	if (delivery_open(d->run->app, &d->batch, NULL, &whole, &why) && delivery_check(whole, on_piece, d, &why))
		return true;
	if (!app_tx(d->run->app, DB_READ, again_tx, d, e))
		return false;
	if (d->found)
		check_fault(d->run, "downloads", "batch %" PRId64 ": %s", d->id, why.kind == ERR_INTERNAL ? why.trail : why.msg);
	return true;
}

bool
check_downloads(struct check *r, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(BATCH_SCRATCH);
	struct downloads d = { .run = r, .arena = a };
	size_t before = r->totals->faults;

	for (;;) {
		if (!app_tx(r->app, DB_READ, next_tx, &d, e))
			return false;
		if (!d.found)
			break;
		if (!download_check(&d, e))
			return false;
	}
	rule_done(r, "downloads", "every download is made of the certificates and keys that it was stored with", before);
	return true;
}
