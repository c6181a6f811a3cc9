/* One list of devices to several profiles: checked for each, staged for each, accepted in one transaction. */
#include <inttypes.h>
#include <string.h>

#include "domain/order/order_run.h"
#include "domain/order/room.h"
#include "store/batch.h"

struct pair {
	const struct app	*app;
	const struct actor	*who;
	struct order		 orders[ORDER_PROFILES_MAX];	/* one profile each */
	struct order_run	 runs[ORDER_PROFILES_MAX];
	struct order_part	*parts;
	size_t			 n;
};

static void
pair_clear(struct pair *p)
{
	for (size_t i = 0; i < p->n; i++)
		order_run_clear(&p->runs[i]);
}
#define OWN_PAIR __attribute__((cleanup(pair_clear)))

static bool
wrong(struct faults *f, const char *field, const char *why, struct err *e)
{
	fault_add(f, NULL, 0, field, NULL, "%s", why);
	return err_set(e, ERR_INVALID, "order", "%s", why);
}

static bool
profiles_ok(const struct order *o, struct faults *f, struct err *e)
{
	if (o->profiles_n < 2 || o->profiles_n > ORDER_PROFILES_MAX)
		return wrong(f, "profile_ids", "a paired order has two to eight profiles", e);
	for (size_t i = 0; i < o->profiles_n; i++)
		for (size_t k = 0; k < i; k++)
			if (o->profile_ids[i] == o->profile_ids[k])
				return wrong(f, "profile_ids", "each profile can stand in an order once", e);
	if (strcmp(o->method, "csr") == 0)
		return wrong(f, "profile_ids", "certificate requests bring keys of their own: one certificate each", e);
	return true;
}

/* Each fault once more, with the profile it is of. */
static void
faults_tell(struct order_part *part, struct faults *all)
{
	const struct faults *f = &part->errors;

	for (size_t i = 0; i < f->n; i++)
		fault_add(all, f->list[i].file, f->list[i].line, f->list[i].field, f->list[i].value, "%s%s%s",
		    part->profile_name == NULL ? "" : part->profile_name, part->profile_name == NULL ? "" : ": ",
		    f->list[i].message);
}

/* What nobody knows is somebody's mistake. */
static void
inputs_known(struct pair *p, const struct order *o)
{
	for (size_t i = 0; i < o->inputs_n; i++) {
		bool known = false;

		for (size_t k = 0; k < p->n; k++)
			known = known || (p->runs[k].doc != NULL && profile_input_find(p->runs[k].doc, o->inputs[i].name) >= 0);
		if (!known)
			fault_add(&p->parts[0].errors, NULL, 0, o->inputs[i].name, o->inputs[i].value,
			    "none of the profiles has such an input");
	}
}

static bool
check_one(struct pair *p, size_t i, struct arena *a, struct err *e)
{
	struct order_part *part = &p->parts[i];
	struct order_run *r = &p->runs[i];

	part->errors.arena = part->warnings.arena = a;
	*r = (struct order_run){ .app = p->app, .who = p->who, .order = &p->orders[i], .arena = a, .paired = true,
	    .errors = &part->errors, .warnings = &part->warnings };
	part->profile_id = p->orders[i].profile_id;
	/* What is wrong with one profile is no reason to keep silent about the others. */
	if (!order_check(r, &part->preview, e)) {
		if (e->kind != ERR_INVALID || part->errors.total == 0)
			return false;
		err_clear(e);
	}
	part->profile_name = r->doc == NULL ? NULL : arena_strdup(a, r->ref.row.name);
	part->name = r->name;
	if (part->preview.quota_after < 0)
		fault_add(&part->errors, NULL, 0, "size", NULL, "%" PRId64 " ordered, but only %" PRId64
		    " certificates are available", part->preview.size, r->ref.quota.available);
	return true;
}

static bool
check_all(struct pair *p, const struct order *o, struct arena *a, struct err *e)
{
	memset(p->parts, 0, o->profiles_n * sizeof(*p->parts));
	for (size_t i = 0; i < o->profiles_n; i++) {
		p->orders[i] = *o;
		p->orders[i].profile_id = o->profile_ids[i];
		p->orders[i].profiles_n = 0;
		p->n = i + 1;
		if (!check_one(p, i, a, e))
			return false;
	}
	inputs_known(p, o);
	return true;
}

static void
previews_clear(struct pair *p)
{
	for (size_t i = 0; i < p->n; i++)
		order_preview_clear(&p->parts[i].preview);
}

bool
order_preview_all(const struct app *app, const struct actor *who, const struct order *o, struct arena *a,
    struct order_part *parts, struct err *e)
{
	OWN_PAIR struct pair p = { .app = app, .who = who, .parts = parts };
	bool ok;

	memset(parts, 0, sizeof(*parts));
	parts[0].errors.arena = a;
	if (!actor_may(who, RIGHT_ORDER, e) || !profiles_ok(o, &parts[0].errors, e) || !order_large_enter(o, e))
		return false;
	ok = check_all(&p, o, a, e);
	order_large_leave(o);
	if (!ok)
		previews_clear(&p);
	return ok;
}

/* ---- placing ---- */

static bool
stage_all(struct pair *p, const uint8_t *fingerprint, struct batch *out, struct err *e)
{
	struct stage *stages[ORDER_PROFILES_MAX];
	size_t n = 0;
	bool ok = true;

	while (ok && n < p->n) {
		p->runs[n].before = stages;
		p->runs[n].before_n = n;
		ok = order_stage_begin(&p->runs[n], n == 0 ? fingerprint : NULL, &stages[n], e);
		n += ok;
	}
	if (ok) {
		ok = order_stage_accept(stages, n, out, e);
	} else {
		struct err why = *e;

		for (size_t i = 0; i < n; i++)
			order_stage_give_up(stages[i]);
		*e = why;
	}
	for (size_t i = 0; i < n; i++)
		order_stage_free(stages[i]);
	return ok;
}

static bool
place_all(struct pair *p, const struct order *o, const uint8_t *fingerprint, struct arena *a, struct batch *out,
    struct faults *errors, struct err *e)
{
	uint64_t faults = 0;
	int64_t devices = 0;
	bool ok = check_all(p, o, a, e);

	previews_clear(p);
	if (!ok) {
		for (size_t i = 0; i < p->n; i++)
			faults_tell(&p->parts[i], errors);
		return false;
	}
	for (size_t i = 0; i < p->n; i++) {
		faults += p->parts[i].errors.total;
		/* A quota that is too small is a conflict if nothing else is wrong. */
		if (p->parts[i].preview.quota_after < 0)
			faults--;
	}
	if (faults > 0) {
		for (size_t i = 0; i < p->n; i++)
			faults_tell(&p->parts[i], errors);
		return err_set(e, ERR_INVALID, "order", "nothing was ordered: %" PRIu64 " %s wrong", faults,
		    faults == 1 ? "thing is" : "things are");
	}
	for (size_t i = 0; i < p->n; i++)
		if (p->parts[i].preview.quota_after < 0)
			return err_set(e, ERR_CONFLICT, "quota_exceeded", "nothing was ordered: %.60s: %s",
			    p->parts[i].profile_name, p->parts[i].errors.list[0].message);
	for (size_t i = 0; i < p->n; i++) {
		if (!order_checked(&p->runs[i], &p->parts[i].preview, e))
			return false;
		devices += p->parts[i].preview.size;
	}
	/* There must be room for all of them, not for each. */
	if (!room_for(p->app, devices, e))
		return false;
	ok = stage_all(p, fingerprint, out, e);
	if (!ok)
		for (size_t i = 0; i < p->n; i++)
			faults_tell(&p->parts[i], errors);
	return ok;
}

struct together {
	int64_t		 first_id;
	struct arena	*arena;
	struct batch	*out;
	size_t		 n;
};

static bool
together_tx(struct db *db, void *arg, struct err *e)
{
	struct together *t = arg;
	int64_t ids[ORDER_PROFILES_MAX];
	size_t n;
	bool found;

	if (!store_batch_pair_list(db, t->first_id, COUNT(ids), ids, &n, e))
		return false;
	if (n != t->n)
		return err_sys(e, "batch %" PRId64 " was made with %zu others", t->first_id, n);
	for (size_t i = 0; i < n; i++)
		if (!store_batch_get(db, ids[i], t->arena, &t->out[i], &found, e))
			return false;
	return true;
}

/* What the key was used for before. */
static bool
replay(const struct pair *p, const struct order *o, const uint8_t fingerprint[64], struct arena *a, struct batch *out,
    bool *replayed, struct err *e)
{
	struct together t = { .arena = a, .out = out, .n = o->profiles_n };
	struct batch first = { 0 };

	if (!order_key_find(p->app, p->who, o, fingerprint, a, &first, replayed, e))
		return false;
	t.first_id = first.id;
	return !*replayed || app_tx(p->app, DB_READ, together_tx, &t, e);
}

bool
order_place_all(const struct app *app, const struct actor *who, const struct order *o, struct arena *a,
    struct batch *out, bool *replayed, struct faults *errors, struct err *e)
{
	struct order_part parts[ORDER_PROFILES_MAX];
	OWN_PAIR struct pair p = { .app = app, .who = who, .parts = parts };
	bool keyed = o->idempotency_key != NULL, ok;
	uint8_t fingerprint[64];

	*replayed = false;
	if (!actor_may(who, RIGHT_ORDER, e) || !profiles_ok(o, errors, e))
		return false;
	if (keyed && (!order_fingerprint(app, o, fingerprint, e) || !replay(&p, o, fingerprint, a, out, replayed, e)))
		return false;
	if (*replayed)
		return true;
	if (!order_large_enter(o, e))
		return false;
	ok = place_all(&p, o, keyed ? fingerprint : NULL, a, out, errors, e);
	order_large_leave(o);
	if (!ok && keyed && (e->kind == ERR_INVALID || e->kind == ERR_CONFLICT)) {
		struct err why = { 0 };

		return order_overtaken(replay(&p, o, fingerprint, a, out, replayed, &why) && *replayed, &why, errors, e);
	}
	return ok;
}
