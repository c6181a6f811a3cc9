/* Revocation lists that are overdue: said once, to the audit log and to the operators. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "domain/audit.h"
#include "domain/crl.h"
#include "domain/mail.h"

#define SCRATCH_MAX ((size_t)1 << 20)

struct alarm {
	struct arena		*arena;
	struct crl_overdue	*list;
	size_t			 n;
	int64_t			 over;
};

static bool
look_tx(struct db *db, void *arg, struct err *e)
{
	struct alarm *a = arg;

	return store_crl_overdue(db, clock_now_s(), a->arena, &a->list, &a->n, e);
}

static bool
tell(struct db *tx, const struct crl_overdue *o, struct arena *arena, struct err *e)
{
	const char **emails, *subject, *body, *object;
	char ended[TIME_TEXT_LEN] = "never";
	json_t *detail;
	size_t n;
	bool ok;

	if (o->next_update != 0)
		time_text(o->next_update, ended);
	object = arena_printf(arena, "ca %s", o->ski);
	subject = arena_printf(arena, "Revocation list overdue: %s", o->label);
	body = arena_printf(arena, "The revocation list of %s (%s) is %s.\nRelying parties that check it refuse the certificates "
	    "of this CA.\nSee that the status process and the signer with this CA's key are running.\n", o->label, o->ski,
	    o->next_update == 0 ? "missing" : arena_printf(arena, "past its end (%s)", ended));
	if (object == NULL || subject == NULL || body == NULL)
		return err_set(e, ERR_TOO_LARGE, "crl_alarm", "no room for a mail");
	detail = json_pack("{s:s}", "ended", ended);
	ok = audit_append(tx, &actor_system, 0, "crl.overdue", object, detail, e) &&
	    store_crl_told(tx, arena, &emails, &n, e);
	json_decref(detail);
	for (size_t i = 0; ok && i < n; i++)
		ok = mail_queue(tx, emails[i], subject, body, e);
	return ok && store_crl_alarmed(tx, o->ca_id, clock_now_s(), e);
}

static bool
tell_tx(struct db *tx, void *arg, struct err *e)
{
	struct alarm *a = arg;

	/* Read again: another process may have told meanwhile. */
	if (!store_crl_recovered(tx, clock_now_s(), &a->over, e) ||
	    !store_crl_overdue(tx, clock_now_s(), a->arena, &a->list, &a->n, e))
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!tell(tx, &a->list[i], a->arena, e))
			return false;
	return true;
}

static bool
recovered_tx(struct db *tx, void *arg, struct err *e)
{
	struct alarm *a = arg;

	return store_crl_recovered(tx, clock_now_s(), &a->over, e);
}

bool
crl_alarm(const struct app *app, int64_t *alarms, struct err *e)
{
	OWN(arena_free) struct arena *arena = arena_new(SCRATCH_MAX);
	struct alarm a = { .arena = arena };

	*alarms = 0;
	if (!app_tx(app, DB_READ, look_tx, &a, e))
		return false;
	if (a.n == 0)
		return app_tx(app, DB_WRITE, recovered_tx, &a, e);
	if (!app_tx(app, DB_WRITE, tell_tx, &a, e))
		return false;
	for (size_t i = 0; i < a.n; i++)
		log_error("crl.overdue", "ca=%s", a.list[i].ski);
	*alarms = (int64_t)a.n;
	return true;
}
