/* The worker's side of enrolments. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "domain/audit/audit.h"
#include "domain/account/enrolment.h"
#include "store/enrolment.h"
#include "store/passkey.h"
#include "x509/cert.h"

#define LEASE_S 60
#define KEPT_S (INT64_C(2) * 86400)

struct leasing {
	const struct app	*app;
	struct arena		*arena;
	struct enrolment_work	*out;
	bool			 found;
};

static bool
lease_tx(struct db *tx, void *arg, struct err *e)
{
	struct leasing *q = arg;
	int64_t now = clock_now_s();
	struct enrolment x;
	struct user u;

	if (!store_enrolment_lease(tx, now, now + LEASE_S, q->arena, &x, &q->found, e) || !q->found)
		return e->kind == ERR_NONE;
	if (!store_user_get(tx, x.user_id, q->arena, &u, e))
		return false;
	*q->out = (struct enrolment_work){ .id = x.id, .username = u.username, .spki = x.spki, .spki_len = x.spki_len,
	    .attempts = x.attempts };
	return enrolment_inputs(q->app, tx, x.user_id, q->arena, q->out, e);
}

bool
enrolment_lease(const struct app *app, struct arena *a, struct enrolment_work *out, bool *found, struct err *e)
{
	struct leasing q = { .app = app, .arena = a, .out = out };

	if (!app_tx(app, DB_WRITE, lease_tx, &q, e))
		return false;
	*found = q.found;
	return true;
}

struct storing {
	const struct enrolment_work	*work;
	struct arena			*arena;
	struct user_certificate		 certificate;
	const char			*failure;
};

/* Who asked stands behind it in the audit log: the user himself, from where he opened the link. */
static bool
record(struct db *tx, const struct enrolment *x, const char *username, const char *action, const char *serial,
    int64_t home, struct err *e)
{
	struct actor who = { .user_id = x->user_id };
	char object[40];
	json_t *detail = json_pack("{s:s}", "serial_number", serial);
	bool ok;

	(void)snprintf(who.username, sizeof(who.username), "%s", username);
	(void)snprintf(who.address, sizeof(who.address), "%s", x->address);
	(void)snprintf(who.request_id, sizeof(who.request_id), "%s", x->request_id);
	(void)snprintf(object, sizeof(object), "user %" PRId64, x->user_id);
	ok = audit_append(tx, &who, home, action, object, detail, e);
	json_decref(detail);
	return ok;
}

static bool
home_of(struct db *db, int64_t user_id, struct arena *a, int64_t *home, struct err *e)
{
	struct membership *m;
	size_t n;

	if (!store_membership_list(db, user_id, a, &m, &n, e))
		return false;
	*home = n == 1 ? m[0].organization_id : 0;
	return true;
}

static bool
store_tx(struct db *tx, void *arg, struct err *e)
{
	struct storing *q = arg;
	struct user_certificate *c = &q->certificate;
	int64_t now = clock_now_s(), home;
	struct enrolment x;
	struct user u;
	bool found, used = false, changed;

	if (!store_enrolment_get(tx, q->work->id, q->arena, &x, &found, e))
		return false;
	if (!found || strcmp(x.state, "asked") != 0)
		return err_set(e, ERR_CONFLICT, "enrolment_gone", "the enrolment is over");
	c->user_id = x.user_id;
	c->created_at = now;
	if (!store_user_get(tx, x.user_id, q->arena, &u, e) || !home_of(tx, x.user_id, q->arena, &home, e) ||
	    !store_link_use(tx, x.link_sha256, now, &used, e) || !store_user_certificate_add(tx, c, e))
		return false;
	/* Withdrawn, or the account disabled, while it was made. */
	if (!used || strcmp(u.status, "active") != 0)
		return store_user_certificate_revoke(tx, x.user_id, c->serial_number, now, &changed, e) &&
		    store_enrolment_end(tx, x.id, "failed", NULL, "the invitation was withdrawn", &changed, e) &&
		    record(tx, &x, u.username, "user.certificate_revoked", c->serial_number, home, e);
	return store_enrolment_end(tx, x.id, "done", c->sha256, NULL, &changed, e) &&
	    record(tx, &x, u.username, "user.certificate_enrolled", c->serial_number, home, e);
}

bool
enrolment_store(const struct app *app, const struct enrolment_work *w, const uint8_t *der, size_t len, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new((size_t)512 * 1024);
	OWN_STR struct str serial = { 0 };
	struct storing q = { .work = w, .arena = a };
	struct cert c;

	if (!cert_decode(der, len, &c, e))
		return false;
	cert_serial_text(c.serial, &serial);
	sha256(der, len, q.certificate.sha256);
	q.certificate.serial_number = serial.p;
	q.certificate.der = der;
	q.certificate.der_len = len;
	q.certificate.not_after = c.not_after_s;
	return app_tx(app, DB_WRITE, store_tx, &q, e);
}

static bool
fail_tx(struct db *tx, void *arg, struct err *e)
{
	const struct storing *q = arg;
	bool changed;

	return store_enrolment_end(tx, q->work->id, "failed", NULL, q->failure, &changed, e);
}

bool
enrolment_fail(const struct app *app, const struct enrolment_work *w, const char *why, struct err *e)
{
	struct storing q = { .work = w, .failure = why };

	return app_tx(app, DB_WRITE, fail_tx, &q, e);
}

static bool
sweep_tx(struct db *tx, void *arg, struct err *e)
{
	int64_t now = clock_now_s();

	(void)arg;
	return store_enrolment_sweep(tx, now - KEPT_S, e) && store_challenge_sweep(tx, now, e);
}

bool
enrolment_sweep(const struct app *app, struct err *e)
{
	return app_tx(app, DB_WRITE, sweep_tx, NULL, e);
}
