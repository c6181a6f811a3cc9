#include "domain/issue/keypool.h"

#include "base/clock.h"
#include "domain/audit/audit.h"
#include "domain/issue/work_run.h"
#include "store/batch.h"

const struct key_type keypool_kinds[KEYPOOL_KINDS] = {
	{ KEY_RSA, 1024 }, { KEY_RSA, 2048 }, { KEY_RSA, 3072 }, { KEY_RSA, 4096 },
};

struct call {
	const char		*host, *kind, *seal;
	const struct pool_key	*keys;
	size_t			 n;
	int64_t			 max, count;
	bool			 yes;
	struct arena		*arena;
	const struct actor	*who;
};

static bool
no_room(struct err *e)
{
	return err_set(e, ERR_TOO_LARGE, "pool", "no room for keys of the pool");
}

/* ---- filling ---- */

static bool
idle_tx(struct db *db, void *arg, struct err *e)
{
	struct call *c = arg;

	return store_slice_for_host(db, c->host, &c->yes, e);
}

bool
keypool_idle(const struct app *app, const char *host, bool *idle, struct err *e)
{
	struct call c = { .host = host };

	if (!app_tx(app, DB_READ, idle_tx, &c, e))
		return false;
	*idle = !c.yes;
	return true;
}

static bool
add_tx(struct db *tx, void *arg, struct err *e)
{
	struct call *c = arg;

	return store_pool_key_add(tx, c->host, c->keys, c->n, c->max, &c->count, e);
}

bool
keypool_add(const struct app *app, const char *host, const struct pool_key *keys, size_t n, int64_t max, int64_t *added,
    struct err *e)
{
	struct call c = { .host = host, .keys = keys, .n = n, .max = max };

	if (!app_tx(app, DB_WRITE, add_tx, &c, e))
		return false;
	*added = c.count;
	return true;
}

static bool
count_tx(struct db *db, void *arg, struct err *e)
{
	struct call *c = arg;

	return store_pool_key_count(db, c->host, c->kind, &c->count, e);
}

bool
keypool_count(const struct app *app, const char *host, struct key_type type, int64_t *n, struct err *e)
{
	char kind[24];
	struct call c = { .host = host, .kind = key_type_text(type, kind) };

	if (!app_tx(app, DB_READ, count_tx, &c, e))
		return false;
	*n = c.count;
	return true;
}

static bool
trim_tx(struct db *tx, void *arg, struct err *e)
{
	struct call *c = arg;

	return store_pool_key_trim(tx, c->host, c->kind, c->max, &c->count, e);
}

bool
keypool_trim(const struct app *app, const char *host, struct key_type type, int64_t keep, int64_t *dropped, struct err *e)
{
	char kind[24];
	struct call c = { .host = host, .kind = key_type_text(type, kind), .max = keep };

	*dropped = 0;
	if (!app_tx(app, DB_READ, count_tx, &c, e))
		return false;
	if (c.count <= keep)
		return true;
	if (!app_tx(app, DB_WRITE, trim_tx, &c, e))
		return false;
	*dropped = c.count;
	return true;
}

/* ---- taking ---- */

struct taking {
	const struct work_slice	*slice;
	const char		*kind;
	int64_t			 known;
	size_t			 want;
	struct arena		*arena;
	struct keypool_taken	*out;
	bool			 held;
};

static bool
take_tx(struct db *tx, void *arg, struct err *e)
{
	struct taking *t = arg;
	struct keypool_taken *out = t->out;
	struct slice row = work_row(t->slice);
	int64_t dropped;

	*out = (struct keypool_taken){ .list = arena_array(t->arena, t->want, sizeof(*out->list)) };
	if (out->list == NULL)
		return no_room(e);
	/* The lease as it is, under a new version: who has lost it takes nothing. */
	if (!store_slice_extend(tx, &row, t->slice->lease_until_s, &t->held, e))
		return false;
	if (!t->held)
		return work_lost(t->slice, e);
	if (!store_pool_mark(tx, t->slice->host, &out->mark, e))
		return false;
	if (out->mark > t->known)
		return store_pool_key_take(tx, t->slice->host, t->kind, (int64_t)t->want, t->arena, out->list, &out->n, e);
	out->set_back = true;
	out->mark = t->known + 1;
	return store_pool_mark_set(tx, t->slice->host, out->mark, e) && store_pool_key_drop(tx, t->slice->host, &dropped, e);
}

bool
keypool_take(const struct app *app, struct work_slice *slice, struct key_type type, size_t n, int64_t known,
    struct arena *a, struct keypool_taken *out, struct err *e)
{
	char kind[24];
	struct taking t = { .slice = slice, .kind = key_type_text(type, kind), .known = known, .want = n, .arena = a, .out = out };
	struct call there = { .host = slice->host, .kind = kind };

	*out = (struct keypool_taken){ .n = 0 };
	/* An empty pool is only read. */
	if (!app_tx(app, DB_READ, count_tx, &there, e))
		return false;
	if (there.count == 0)
		return true;
	if (!app_tx(app, DB_WRITE, take_tx, &t, e))
		return false;
	slice->version++;
	return true;
}

/* ---- seals ---- */

struct sealing {
	const char		*host, *id;
	struct arena		*arena;
	const struct pool_seal	*seal;
	struct pool_seal	*seals;
	struct worker_key	*keys;
	size_t			 n;
};

static bool
sealing_key_tx(struct db *db, void *arg, struct err *e)
{
	struct sealing *s = arg;

	return store_worker_key_list(db, s->host, true, s->arena, &s->keys, &s->n, e);
}

bool
keypool_sealing_key(const struct app *app, const char *host, struct arena *a, const char **id,
    const uint8_t **certificate, size_t *len, struct err *e)
{
	struct sealing s = { .host = host, .arena = a };

	if (!app_tx(app, DB_READ, sealing_key_tx, &s, e))
		return false;
	if (s.n == 0)
		return err_set(e, ERR_NOT_FOUND, "host_key", "host %.40s has no sealing key", host);
	*id = s.keys[s.n - 1].id;
	*certificate = s.keys[s.n - 1].certificate;
	*len = s.keys[s.n - 1].certificate_len;
	return true;
}

static bool
seals_tx(struct db *db, void *arg, struct err *e)
{
	struct sealing *s = arg;

	return store_pool_seal_list(db, s->host, s->arena, &s->seals, &s->n, e);
}

bool
keypool_seals(const struct app *app, const char *host, struct arena *a, struct pool_seal **out, size_t *n, struct err *e)
{
	struct sealing s = { .host = host, .arena = a };

	if (!app_tx(app, DB_READ, seals_tx, &s, e))
		return false;
	*out = s.seals;
	*n = s.n;
	return true;
}

static bool
seal_add_tx(struct db *tx, void *arg, struct err *e)
{
	const struct sealing *s = arg;

	return store_pool_seal_add(tx, s->host, s->seal, clock_now_s(), e);
}

bool
keypool_seal_add(const struct app *app, const char *host, const struct pool_seal *seal, struct err *e)
{
	struct sealing s = { .host = host, .seal = seal };

	return app_tx(app, DB_WRITE, seal_add_tx, &s, e);
}

struct resealing {
	const char		*was;
	struct arena		*arena;
	const struct pool_key	*now;
	struct pool_key		*list;
	size_t			 limit, n;
	bool			 with_keys;
	int64_t			 dropped;
};

static bool
sealed_tx(struct db *db, void *arg, struct err *e)
{
	struct resealing *r = arg;

	return store_pool_key_sealed(db, r->was, r->limit, r->arena, r->list, &r->n, e);
}

bool
keypool_sealed(const struct app *app, const char *seal, size_t limit, struct arena *a, struct pool_key **out, size_t *n,
    struct err *e)
{
	struct resealing r = { .was = seal, .arena = a, .limit = limit, .list = arena_array(a, limit, sizeof(**out)) };

	if (r.list == NULL)
		return no_room(e);
	if (!app_tx(app, DB_READ, sealed_tx, &r, e))
		return false;
	*out = r.list;
	*n = r.n;
	return true;
}

static bool
reseal_tx(struct db *tx, void *arg, struct err *e)
{
	const struct resealing *r = arg;

	for (size_t i = 0; i < r->n; i++)
		if (!store_pool_key_reseal(tx, &r->now[i], r->was, e))
			return false;
	return true;
}

bool
keypool_reseal(const struct app *app, const struct pool_key *keys, size_t n, const char *was, struct err *e)
{
	struct resealing r = { .was = was, .now = keys, .n = n };

	return app_tx(app, DB_WRITE, reseal_tx, &r, e);
}

static bool
seal_drop_tx(struct db *tx, void *arg, struct err *e)
{
	struct resealing *r = arg;

	r->dropped = 0;
	return (!r->with_keys || store_pool_key_drop_sealed(tx, r->was, &r->dropped, e)) &&
	    store_pool_seal_drop(tx, r->was, e);
}

bool
keypool_seal_drop(const struct app *app, const char *seal, bool with_keys, int64_t *dropped, struct err *e)
{
	struct resealing r = { .was = seal, .with_keys = with_keys };

	if (!app_tx(app, DB_WRITE, seal_drop_tx, &r, e))
		return false;
	*dropped = r.dropped;
	return true;
}

/* ---- for operators ---- */

struct looking {
	struct arena		*arena;
	struct pool_level	*list;
	size_t			 n;
};

static bool
levels_tx(struct db *db, void *arg, struct err *e)
{
	struct looking *l = arg;

	return store_pool_levels(db, l->arena, &l->list, &l->n, e);
}

bool
keypool_levels(const struct app *app, struct arena *a, struct pool_level **out, size_t *n, struct err *e)
{
	struct looking l = { .arena = a };

	if (!app_tx(app, DB_READ, levels_tx, &l, e))
		return false;
	*out = l.list;
	*n = l.n;
	return true;
}

static bool
drop_tx(struct db *tx, void *arg, struct err *e)
{
	struct call *c = arg;
	json_t *detail;
	bool ok;

	if (!store_pool_key_drop(tx, c->host, &c->count, e))
		return false;
	detail = json_pack("{s:I, s:s?}", "pairs", (json_int_t)c->count, "host", c->host);
	ok = audit_append(tx, c->who, 0, "pool.dropped", "pool of key pairs", detail, e);
	json_decref(detail);
	return ok;
}

bool
keypool_drop(const struct app *app, const struct actor *who, const char *host, int64_t *dropped, struct err *e)
{
	struct call c = { .host = host, .who = who };

	if (who->role != ROLE_OPERATOR)
		return err_set(e, ERR_FORBIDDEN, "right", "an operator may drop keys that were made in advance");
	if (!app_tx(app, DB_WRITE, drop_tx, &c, e))
		return false;
	*dropped = c.count;
	return true;
}
