/* Revocation lists that are missing, past their end or cannot be made: said once, and once more when it is over. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "domain/audit/audit.h"
#include "domain/certificate/crl.h"
#include "domain/mail.h"

#define SCRATCH_MAX	((size_t)1 << 20)
#define FAILING_S	120		/* a list that could not be made for so long is trouble; before, it is tried again */
#define NEW_CA_S	600		/* a CA that issues has a list by then */

const char *const crl_trouble_names[] = { "missing", "expired", "failing", NULL };

struct alarm {
	struct arena		*arena;
	struct crl_alarm	*list, *over;
	size_t			 n, n_over, begun;
	int64_t			 ca_id, shard;
	const char		*why;
};

static struct crl_alarm_times
times(void)
{
	int64_t now = clock_now_s();

	return (struct crl_alarm_times){ .now = now, .failing = now - FAILING_S, .added = now - NEW_CA_S };
}

enum crl_trouble
crl_trouble(const struct crl_alarm *x)
{
	if (x->next_update == 0)
		return CRL_MISSING;
	return x->next_update < clock_now_s() ? CRL_EXPIRED : CRL_FAILING;
}

static bool
failed_tx(struct db *tx, void *arg, struct err *e)
{
	const struct alarm *a = arg;

	return store_crl_failed(tx, a->ca_id, a->shard, clock_now_s(), a->why, e);
}

bool
crl_failed(const struct app *app, int64_t ca_id, int64_t shard, const char *why, struct err *e)
{
	struct alarm a = { .ca_id = ca_id, .shard = shard, .why = why };

	return app_tx(app, DB_WRITE, failed_tx, &a, e);
}

static bool
look_tx(struct db *db, void *arg, struct err *e)
{
	const struct crl_alarm_times t = times();
	struct alarm *a = arg;

	a->begun = 0;
	if (!store_crl_alarms(db, &t, a->arena, &a->list, &a->n, e) ||
	    !store_crl_recovered(db, &t, a->arena, &a->over, &a->n_over, e))
		return false;
	for (size_t i = 0; i < a->n; i++)
		a->begun += a->list[i].told_at == 0;
	return true;
}

bool
crl_alarms(const struct app *app, struct arena *arena, struct crl_alarm **list, size_t *n, struct err *e)
{
	struct alarm a = { .arena = arena };

	if (!app_tx(app, DB_READ, look_tx, &a, e))
		return false;
	*list = a.list;
	*n = a.n;
	return true;
}

/* ---- telling ---- */

static void
line_add(struct str *s, const struct crl_alarm *x)
{
	char at[TIME_TEXT_LEN];

	str_addf(s, "- %s (%s)", x->label, x->ski);
	if (x->shard >= 0)
		str_addf(s, ", shard %lld", (long long)x->shard);
	if (x->next_update != 0) {
		time_text(x->next_update, at);
		str_addf(s, ": the list's nextUpdate is %s", at);
	} else
		str_adds(s, ": there is no list");
	if (x->failed_at != 0) {
		time_text(x->failed_at, at);
		str_addf(s, "; none could be made since %s: %s", at, x->failure == NULL ? "" : x->failure);
	}
	str_adds(s, "\n");
}

static bool
record(struct db *tx, const struct crl_alarm *x, bool begins, struct err *e)
{
	char object[64];
	json_t *detail = json_pack("{s:s}", "trouble", crl_trouble_names[crl_trouble(x)]);
	bool ok;

	if (x->shard >= 0)
		(void)json_object_set_new(detail, "shard", json_integer(x->shard));
	(void)snprintf(object, sizeof(object), "ca %s", x->ski);
	ok = audit_append(tx, &actor_system, 0, begins ? "crl.overdue" : "crl.recovered", object, begins ? detail : NULL, e) &&
	    store_crl_told_at(tx, x->ca_id, x->shard, begins ? clock_now_s() : 0, e);
	json_decref(detail);
	return ok;
}

static bool
mail(struct db *tx, struct arena *arena, const char *subject, const struct str *body, struct err *e)
{
	const char **emails;
	size_t n;

	if (!store_crl_told(tx, arena, &emails, &n, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!mail_queue(tx, emails[i], subject, body->p, e))
			return false;
	return true;
}

static bool
tell_begun(struct db *tx, const struct alarm *a, struct err *e)
{
	OWN_STR struct str body = { 0 };

	for (size_t i = 0; i < a->n; i++)
		if (a->list[i].told_at == 0) {
			line_add(&body, &a->list[i]);
			if (!record(tx, &a->list[i], true, e))
				return false;
		}
	str_adds(&body, "\nRelying parties that check a list that is missing or past its end refuse the certificates of its CA.\n"
	    "See that the status process and the signer with the CA's key are running.\n");
	return mail(tx, a->arena, "Revocation lists overdue", &body, e);
}

static bool
tell_over(struct db *tx, const struct alarm *a, struct err *e)
{
	OWN_STR struct str body = { 0 };

	for (size_t i = 0; i < a->n_over; i++) {
		line_add(&body, &a->over[i]);
		if (!record(tx, &a->over[i], false, e))
			return false;
	}
	return mail(tx, a->arena, "Revocation lists are there again", &body, e);
}

static bool
tell_tx(struct db *tx, void *arg, struct err *e)
{
	struct alarm *a = arg;

	/* Read again: another process may have told meanwhile. */
	return look_tx(tx, a, e) && (a->begun == 0 || tell_begun(tx, a, e)) && (a->n_over == 0 || tell_over(tx, a, e));
}

bool
crl_alarm(const struct app *app, int64_t *begun, struct err *e)
{
	OWN(arena_free) struct arena *arena = arena_new(SCRATCH_MAX);
	struct alarm a = { .arena = arena };

	*begun = 0;
	if (!app_tx(app, DB_READ, look_tx, &a, e))
		return false;
	if (a.begun == 0 && a.n_over == 0)
		return true;
	if (!app_tx(app, DB_WRITE, tell_tx, &a, e))
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (a.list[i].told_at == 0)
			log_error("crl.overdue", "ca=%s shard=%lld trouble=%s", a.list[i].ski, (long long)a.list[i].shard,
			    crl_trouble_names[crl_trouble(&a.list[i])]);
	*begun = (int64_t)a.begun;
	return true;
}
