#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "domain/audit/audit.h"
#include "domain/batch/batch.h"
#include "domain/profile/profile.h"
#include "domain/certificate/revoke_run.h"
#include "store/item.h"
#include "x509/profile/profile.h"

#define SCRATCH_MAX ((size_t)64 * 1024 * 1024)
#define CLOCK_SLACK_S 300

struct revoking {
	struct revoke_run	 run;
	const char *const	*serials;
	size_t			 n;
	struct faults		*faults;
	struct certificate	*found;
	int64_t			 released;
};

bool
serial_parse(const char *text, uint8_t out[16])
{
	char digits[33];
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (*text == ':' || *text == ' ')
			continue;
		if (n == 32)
			return false;
		digits[n++] = *text;
	}
	return hex_decode(digits, n, out, 16);
}

static bool
find_all(struct revoking *r, struct db *tx, struct arena *a, struct err *e)
{
	char field[48];

	r->faults->n = 0;
	r->faults->total = 0;
	for (size_t i = 0; i < r->n; i++) {
		uint8_t serial[16];
		bool found = serial_parse(r->serials[i], serial);

		if (found && !store_certificate_get(tx, serial, a, &r->found[i], &found, e))
			return false;
		if (found && actor_sees(r->run.who, r->found[i].organization_id))
			continue;
		(void)snprintf(field, sizeof(field), "serial_numbers[%zu]", i);
		fault_add(r->faults, NULL, 0, field, r->serials[i],
		    "%.64s is no certificate of this organization", r->serials[i]);
	}
	if (r->faults->total > 0)
		return err_set(e, ERR_INVALID, "serial_numbers",
		    "nothing was changed: %" PRIu64 " of the serial numbers %s unknown", r->faults->total,
		    r->faults->total == 1 ? "is" : "are");
	return true;
}

bool
revocation_ok(const struct revocation *how, struct err *e)
{
	if (how->invalid_since == 0 || (how->invalid_since > 0 && how->invalid_since <= clock_now_s() + CLOCK_SLACK_S))
		return true;
	return err_set(e, ERR_INVALID, "invalid_since", "the time since when it is bad lies in the future");
}

bool
revoke_reasons_ok(const struct revoke_run *r, struct db *tx, const struct certificate *list, size_t n, struct arena *a,
    struct err *e)
{
	int64_t last = 0;

	for (size_t i = 0; i < n; i++) {
		const struct profile *doc;
		struct batch b;
		bool found;

		if (list[i].batch_id == last)
			continue;
		last = list[i].batch_id;
		if (!store_batch_get(tx, last, a, &b, &found, e) ||
		    !profile_document(r->app, tx, b.profile_id, b.profile_version, &doc, e))
			return false;
		if (r->how->reason == REASON_CERTIFICATE_HOLD && !profile_about(doc)->hold)
			return err_set(e, ERR_INVALID, "reason", "this profile does not allow certificate_hold");
		if (r->how->reason != REASON_CERTIFICATE_HOLD &&
		    !revocation_reason_ok(r->who, profile_about(doc)->reasons, r->how->reason, e))
			return false;
	}
	return true;
}

static bool
audit_one(struct revoke_run *r, struct db *tx, const struct certificate *c, struct err *e)
{
	char object[48] = "certificate ";
	json_t *detail =
	    json_pack("{s:s, s:I}", "reason", reason_name(r->how->reason), "batch", (json_int_t)c->batch_id);
	bool ok;

	hex_upper(c->serial, sizeof(c->serial), object + strlen(object));
	ok = audit_append(tx, r->who, c->organization_id, r->how->reason == REASON_CERTIFICATE_HOLD ? "certificate.held" :
	    "certificate.revoked", object, detail, e);
	json_decref(detail);
	return ok;
}

/* A batch whose last certificate is gone is revoked. */
static bool
batch_counts(struct revoke_run *r, struct db *tx, int64_t batch_id, int64_t n, struct arena *a, struct err *e)
{
	struct batch b;
	int64_t revoked;
	bool found;

	if (!store_batch_add_revoked(tx, batch_id, n, clock_now_s(), &revoked, e) ||
	    !store_batch_get(tx, batch_id, a, &b, &found, e))
		return false;
	if (revoked < b.succeeded || batch_next(batch_state_parse(b.state), BATCH_ALL_REVOKED) == BATCH_STATES)
		return true;
	return batch_step(tx, r->who, &b, BATCH_ALL_REVOKED, NULL, e) &&
	    store_batch_revoked(tx, batch_id, clock_now_s(), r->how->reason, e) &&
	    (b.purged_at != 0 || (store_batch_purged(tx, batch_id, clock_now_s(), e) &&
	    store_batch_rest(tx, batch_id, "purge", -1, e)));
}

static int
by_batch(const void *a, const void *b)
{
	const struct certificate *x = a, *y = b;

	if (x->batch_id != y->batch_id)
		return x->batch_id < y->batch_id ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

void
revoke_sort(struct certificate *list, size_t n)
{
	if (n > 0)
		qsort(list, n, sizeof(*list), by_batch);
}

/* On hold it keeps its name and its place in the batch's count. */
static bool
revoke_one(struct revoke_run *r, struct db *tx, const struct certificate *c, int64_t now, bool *changed, struct err *e)
{
	bool hold = r->how->reason == REASON_CERTIFICATE_HOLD;

	if (hold ? !store_certificate_hold(tx, c->id, now, changed, e) :
	    !store_certificate_revoke(tx, c->id, CERTIFICATE_REVOKED, now, r->how->reason, changed, e))
		return false;
	if (!*changed)
		return true;
	if (r->how->invalid_since != 0 && !store_certificate_invalid_since(tx, c->id, r->how->invalid_since, e))
		return false;
	return audit_one(r, tx, c, e) &&
	    (hold || store_device_name_release(tx, c->batch_id, c->item_index, c->item_index + 1, e));
}

bool
revoke_found(struct revoke_run *r, struct db *tx, const struct certificate *list, size_t n, struct arena *a, struct err *e)
{
	int64_t now = clock_now_s(), of_batch = 0;

	for (size_t i = 0; i < n; i++) {
		const struct certificate *c = &list[i];
		bool changed, last = i + 1 == n || list[i + 1].batch_id != c->batch_id;

		if (!revoke_one(r, tx, c, now, &changed, e))
			return false;
		r->revoked += changed;
		r->already += !changed;
		of_batch += changed && r->how->reason != REASON_CERTIFICATE_HOLD;
		if (!last)
			continue;
		if (of_batch > 0 && !batch_counts(r, tx, c->batch_id, of_batch, a, e))
			return false;
		of_batch = 0;
	}
	return true;
}

static bool
find_sorted(struct revoking *r, struct db *tx, struct arena *a, struct err *e)
{
	r->run.revoked = r->run.already = r->released = 0;
	r->found = arena_array(a, r->n, sizeof(*r->found));
	if (r->found == NULL)
		return err_set(e, ERR_TOO_LARGE, "serial_numbers", "too many serial numbers at once");
	if (!find_all(r, tx, a, e))
		return false;
	revoke_sort(r->found, r->n);
	return true;
}

static bool
revoke_tx(struct db *tx, void *arg, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct revoking *r = arg;

	return find_sorted(r, tx, a, e) && revoke_reasons_ok(&r->run, tx, r->found, r->n, a, e) &&
	    revoke_found(&r->run, tx, r->found, r->n, a, e);
}

bool
certificate_revoke(const struct app *app, const struct actor *who, const char *const *serial_numbers, size_t n,
    const struct revocation *how, int64_t *revoked, int64_t *already, struct faults *faults, struct err *e)
{
	struct revoking r = { .run = { .app = app, .who = who, .how = how }, .serials = serial_numbers, .n = n,
	    .faults = faults };

	if (!actor_may(who, RIGHT_REVOKE, e) || !revocation_ok(how, e) || !app_tx(app, DB_WRITE, revoke_tx, &r, e))
		return false;
	*revoked = r.run.revoked;
	*already = r.run.already;
	return true;
}

/* ---- release ---- */

static bool
release_tx(struct db *tx, void *arg, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct revoking *r = arg;

	if (!find_sorted(r, tx, a, e))
		return false;
	for (size_t i = 0; i < r->n; i++) {
		const struct certificate *c = &r->found[i];
		char object[48] = "certificate ", *serial = object + strlen(object);
		bool changed;

		hex_upper(c->serial, sizeof(c->serial), serial);
		if (!store_certificate_release(tx, c->id, &changed, e))
			return false;
		if (!changed)
			fault_add(r->faults, NULL, 0, "serial_numbers", serial, "%s is not on hold", serial);
		else if (!audit_append(tx, r->run.who, c->organization_id, "certificate.released", object, NULL, e))
			return false;
		r->released += changed;
	}
	return r->faults->total == 0 || err_set(e, ERR_CONFLICT, "not_on_hold",
	    "nothing was released: %" PRIu64 " of the certificates are not on hold", r->faults->total);
}

bool
certificate_release(const struct app *app, const struct actor *who, const char *const *serial_numbers, size_t n,
    int64_t *released, struct faults *faults, struct err *e)
{
	struct revoking r = { .run = { .app = app, .who = who }, .serials = serial_numbers, .n = n, .faults = faults };

	if (!actor_may(who, RIGHT_REVOKE, e) || !app_tx(app, DB_WRITE, release_tx, &r, e))
		return false;
	*released = r.released;
	return true;
}
