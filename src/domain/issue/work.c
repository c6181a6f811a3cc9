#include "domain/issue/work.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "domain/batch/batch.h"
#include "domain/profile/profile.h"
#include "domain/issue/work_run.h"
#include "store/certificate.h"
#include "store/item.h"
#include "store/organization.h"
#include "x509/cert.h"

/* Slices of batches that were stopped meanwhile are passed over, some at a time. */
#define STALE_MAX 16

static bool
fill(struct db *db, const struct lease *l, const struct slice *s, const struct batch *b, struct err *e)
{
	const struct profile *doc;
	struct ca ca;
	bool found;

	if (!profile_document(l->app, db, b->profile_id, b->profile_version, &doc, e) ||
	    !store_ca_named(db, profile_about(doc)->ca, l->arena, &ca, &found, e))
		return false;
	if (!found)
		return err_sys(e, "the CA \"%s\" of batch %" PRId64 " is not here", profile_about(doc)->ca, b->id);
	*l->out = (struct work_slice){
		.batch_id = s->batch_id, .slice_no = s->slice_no, .first_index = s->first_index, .size = s->size,
		.version = s->version, .lease_until_s = s->lease_until_s, .attempts = s->attempts,
		.organization_id = s->organization_id, .profile_id = b->profile_id, .profile_version = b->profile_version,
		.ca_id = ca.id, .method = b->method, .batch_name = b->name, .batch_created_at = b->created_at, .parameters = b->parameters,
		.parameters_version = b->parameters_version, .packaging = b->packaging, .p12_salt = b->p12_salt,
		.sealed = s->sealed, .plan = s->plan, .plan_n = s->plan_len / WORK_SERIAL_LEN, .host = l->host,
	};
	return true;
}

/*
 * Ids in a block and anew with each lease: they run in order of time.  Serials with the first lease: only an
 * older plan has to be settled before there is another.
 */
static bool
begin(struct db *tx, const struct lease *l, struct work_slice *s, struct err *e)
{
	size_t n = (size_t)s->size;

	if (s->plan == NULL) {
		s->serials = arena_array(l->arena, n, sizeof(*s->serials));
		if (s->serials == NULL)
			return err_sys(e, "no room for the serials of a slice");
		for (size_t i = 0; i < n; i++)
			cert_serial_make(s->serials[i]);
	}
	return store_counter_take(tx, "certificate", s->size, &s->certificate_base, e) &&
	    store_slice_begin(tx, s->batch_id, s->slice_no, s->certificate_base, s->serials == NULL ? NULL : s->serials[0],
	    n * WORK_SERIAL_LEN, l->host, e);
}

/* Another signer's journal knows what became of another host's plan: the batch does not wait for that host. */
static bool
plan_leave(struct db *tx, const struct lease *l, struct slice *s, int64_t now, struct err *e)
{
	if (s->plan == NULL || s->plan_host == NULL || strcmp(s->plan_host, l->host) == 0)
		return true;
	if (!store_slice_leave_plan(tx, s, now, e))
		return false;
	s->plan = NULL;
	s->plan_len = 0;
	return true;
}

bool
work_lease_tx(struct db *tx, void *arg, struct err *e)
{
	struct lease *l = arg;
	int64_t now = clock_now_s();
	struct slice s;
	struct batch b;
	bool found;

	for (int stale = 0; stale < STALE_MAX; stale++) {
		if (!store_slice_lease(tx, l->owner, l->host, now, now + l->lease_s, l->arena, &s, &l->found, e))
			return false;
		if (!l->found)
			return true;
		if (!store_batch_get(tx, s.batch_id, l->arena, &b, &found, e))
			return false;
		if (found && batch_state_parse(b.state) == BATCH_PENDING_ISSUE)
			return plan_leave(tx, l, &s, now, e) && fill(tx, l, &s, &b, e) && begin(tx, l, l->out, e);
		if (!store_slice_void(tx, s.batch_id, e))
			return false;
	}
	l->found = false;
	return true;
}

static bool
any_tx(struct db *db, void *arg, struct err *e)
{
	struct lease *l = arg;

	return store_slice_waiting(db, clock_now_s(), &l->found, e);
}

bool
work_lease(const struct app *app, const char *owner, const char *host, int64_t lease_s, struct arena *a,
    struct work_slice *out, bool *found, struct err *e)
{
	const struct work_taker who = { .owner = owner, .host = host, .lease_s = lease_s, .arena = a };
	struct lease l = work_lease_of(app, &who, out);

	*found = false;
	/* An idle worker only reads. */
	if (!app_tx(app, DB_READ, any_tx, &l, e))
		return false;
	if (!l.found)
		return true;
	if (!app_tx(app, DB_WRITE, work_lease_tx, &l, e))
		return false;
	*found = l.found;
	return true;
}

/* ---- what was planned for a batch that was rejected then ---- */

static bool
unsettled_tx(struct db *db, void *arg, struct err *e)
{
	struct lease *l = arg;
	struct slice s;
	struct batch b;
	bool there, left;

	if (!store_slice_unsettled(db, l->host, l->arena, &s, &l->found, e))
		return false;
	left = !l->found;
	if (left && !store_slice_left(db, l->host, l->arena, &s, &l->found, e))
		return false;
	if (!l->found)
		return true;
	if (!store_batch_get(db, s.batch_id, l->arena, &b, &there, e))
		return false;
	if (!there)
		return err_sys(e, "a slice without its batch %" PRId64, s.batch_id);
	if (!fill(db, l, &s, &b, e))
		return false;
	l->out->left = left;
	return true;
}

bool
work_unsettled(const struct app *app, const char *host, struct arena *a, struct work_slice *out, bool *found, struct err *e)
{
	struct lease l = { .app = app, .host = host, .arena = a, .out = out };

	*found = false;
	if (!app_tx(app, DB_READ, unsettled_tx, &l, e))
		return false;
	*found = l.found;
	return true;
}

/* ---- items ---- */

struct items {
	struct work_slice	*s;
	struct arena		*arena;
	struct item		*list;
	size_t			 n;
};

static bool
items_tx(struct db *db, void *arg, struct err *e)
{
	struct items *i = arg;

	return store_item_read(db, i->s->batch_id, i->s->first_index, i->s->size, i->arena, &i->list, &i->n, e);
}

bool
work_items(const struct app *app, struct work_slice *s, struct arena *a, struct err *e)
{
	struct items i = { .s = s, .arena = a };

	if (!app_tx(app, DB_READ, items_tx, &i, e))
		return false;
	if (i.n != (size_t)s->size)
		return err_sys(e, "slice %" PRId64 " of batch %" PRId64 " has %zu items, not %" PRId64, s->slice_no,
		    s->batch_id, i.n, s->size);
	s->items = arena_array(a, i.n, sizeof(*s->items));
	if (s->items == NULL)
		return err_set(e, ERR_TOO_LARGE, "items", "no room for the items of a slice");
	for (size_t k = 0; k < i.n; k++)
		s->items[k] = (struct work_item){ .index = i.list[k].index, .inputs = i.list[k].inputs,
		    .spki = i.list[k].spki, .spki_len = i.list[k].spki_len };
	return true;
}

/* ---- steps under the lease ---- */

struct step {
	const struct work_slice	*s;
	const uint8_t		*plan;
	size_t			 plan_len;
	int64_t			 at;
	bool			 held;
};

static bool
plan_tx(struct db *tx, void *arg, struct err *e)
{
	struct step *t = arg;
	struct slice row = work_row(t->s);

	return store_slice_plan(tx, &row, t->plan, t->plan_len, &t->held, e);
}

bool
work_plan(const struct app *app, struct work_slice *s, const uint8_t *serials, size_t n, struct err *e)
{
	struct step t = { .s = s, .plan = serials, .plan_len = n * WORK_SERIAL_LEN };

	if (!app_tx(app, DB_WRITE, plan_tx, &t, e))
		return false;
	if (!t.held)
		return work_lost(s, e);
	s->version++;
	return true;
}

static bool
extend_tx(struct db *tx, void *arg, struct err *e)
{
	struct step *t = arg;
	struct slice row = work_row(t->s);

	return store_slice_extend(tx, &row, t->at, &t->held, e);
}

bool
work_extend(const struct app *app, struct work_slice *s, int64_t lease_s, struct err *e)
{
	struct step t = { .s = s, .at = clock_now_s() + lease_s };

	if (!app_tx(app, DB_WRITE, extend_tx, &t, e))
		return false;
	if (!t.held)
		return work_lost(s, e);
	s->version++;
	s->lease_until_s = t.at;
	return true;
}

static bool
release_tx(struct db *tx, void *arg, struct err *e)
{
	struct step *t = arg;
	struct slice row = work_row(t->s);

	return store_slice_release(tx, &row, t->at, &t->held, e);
}

struct dead {
	const char	*prefix;
	bool		(*lives)(const char *);
	struct arena	*arena;
};

static bool
dead_tx(struct db *tx, void *arg, struct err *e)
{
	const struct dead *d = arg;
	const char **owners;
	size_t n;

	if (!store_slice_owners(tx, d->prefix, clock_now_s(), d->arena, &owners, &n, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!d->lives(owners[i]) && !store_slice_free(tx, owners[i], e))
			return false;
	return true;
}

static bool
free_tx(struct db *tx, void *arg, struct err *e)
{
	return store_slice_free(tx, arg, e);
}

bool
work_free(const struct app *app, const char *owner, struct err *e)
{
	return app_tx(app, DB_WRITE, free_tx, (void *)(uintptr_t)owner, e);
}

bool
work_free_dead(const struct app *app, const char *host, bool (*lives)(const char *owner), struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new((size_t)1 << 20);
	struct dead d = { .lives = lives, .arena = a };

	d.prefix = arena_printf(a, "%s ", host);
	return app_tx(app, DB_WRITE, dead_tx, &d, e);
}

bool
work_release(const struct app *app, struct work_slice *s, int64_t after_s, struct err *e)
{
	/* Free again when lease_until_s < now. */
	struct step t = { .s = s, .at = after_s <= 0 ? 0 : clock_now_s() + after_s };

	return app_tx(app, DB_WRITE, release_tx, &t, e);
}

static bool
settled_tx(struct db *tx, void *arg, struct err *e)
{
	struct step *t = arg;
	struct slice row = work_row(t->s);

	return t->s->left ? store_slice_left_drop(tx, &row, e) : store_slice_settled(tx, &row, &t->held, e);
}

bool
work_settled(const struct app *app, struct work_slice *s, struct err *e)
{
	struct step t = { .s = s };

	return app_tx(app, DB_WRITE, settled_tx, &t, e);
}

/* ---- orphans ---- */

struct orphans {
	const struct work_slice		*s;
	const struct work_orphan	*list;
	size_t				 n;
};

static bool
orphans_tx(struct db *tx, void *arg, struct err *e)
{
	const struct orphans *o = arg;
	int64_t now = clock_now_s(), id;

	for (size_t i = 0; i < o->n; i++) {
		const struct work_orphan *w = &o->list[i];
		struct certificate c = { .batch_id = o->s->batch_id, .item_index = w->item_index,
		    .organization_id = o->s->organization_id, .profile_id = o->s->profile_id, .ca_id = o->s->ca_id,
		    .state = CERTIFICATE_ORPHAN, .created_at = now, .not_before = w->not_before,
		    .not_after = w->not_after, .subject = w->subject, .revoked_at = now, .reason = 4 /* superseded */,
		    .shard = w->shard, .der = w->der, .der_len = w->der_len };

		if (!store_certificate_ids(tx, (const uint8_t (*)[16])w->serial, 1, &id, e))
			return false;
		if (id != 0)
			continue;
		memcpy(c.serial, w->serial, sizeof(c.serial));
		if (store_counter_take(tx, "certificate", 1, &c.id, e) && store_certificate_add(tx, &c, 1, e))
			continue;
		/* Two workers settle one plan: the slower finds it done when it looks again. */
		if (e->kind == ERR_CONFLICT && strcmp(e->code, "db_unique") == 0)
			return err_set(e, ERR_RETRY, "db_busy", "the store is busy");
		return false;
	}
	return true;
}

bool
work_orphans(const struct app *app, const struct work_slice *s, const struct work_orphan *list, size_t n, struct err *e)
{
	struct orphans o = { .s = s, .list = list, .n = n };

	return n == 0 || app_tx(app, DB_WRITE, orphans_tx, &o, e);
}

struct known {
	const uint8_t	(*serials)[WORK_SERIAL_LEN];
	size_t		 n;
	bool		*known;
};

static bool
known_tx(struct db *db, void *arg, struct err *e)
{
	const struct known *k = arg;

	for (size_t i = 0; i < k->n; i++) {
		int64_t id;

		if (!store_certificate_ids(db, &k->serials[i], 1, &id, e))
			return false;
		k->known[i] = id != 0;
	}
	return true;
}

bool
work_serials_known(const struct app *app, const uint8_t (*serials)[WORK_SERIAL_LEN], size_t n, bool *known,
    struct err *e)
{
	struct known k = { .serials = serials, .n = n, .known = known };

	return app_tx(app, DB_READ, known_tx, &k, e);
}
