#include "domain/certificate/status_feed.h"

#include "store/profile.h"

struct feed {
	struct status_lookup		*lookups;
	int64_t				 after, seq;
	const struct status_walk	*walk;
	bool				(*latest)(void *, int64_t, int64_t);
	void				*arg;
	struct arena			*arena;
	struct ca			*cas;
	size_t				 n;
};

static bool
find_tx(struct db *db, void *arg, struct err *e)
{
	struct feed *f = arg;

	for (size_t i = 0; i < f->n; i++)
		if (!store_status_find(db, f->lookups[i].serial, &f->lookups[i].row, &f->lookups[i].found, e))
			return false;
	return true;
}

bool
status_find_all(const struct app *app, struct status_lookup *lookups, size_t n, struct err *e)
{
	struct feed f = { .lookups = lookups, .n = n };

	return app_tx(app, DB_READ, find_tx, &f, e);
}

bool
status_find(const struct app *app, const uint8_t serial[16], struct status_row *row, bool *found, struct err *e)
{
	struct status_lookup one = { .serial = serial };

	if (!status_find_all(app, &one, 1, e))
		return false;
	*row = one.row;
	*found = one.found;
	return true;
}

static bool
changes_tx(struct db *db, void *arg, struct err *e)
{
	struct feed *f = arg;

	if (!store_status_last(db, &f->seq, e))
		return false;
	if (f->seq <= f->after)
		return true;
	if (f->walk->begin != NULL)
		f->walk->begin(f->walk->arg, f->seq);
	return store_status_changes(db, f->after, f->seq, f->walk->each, f->walk->arg, e);
}

bool
status_changes(const struct app *app, int64_t *seq, const struct status_walk *walk, struct err *e)
{
	struct feed f = { .after = *seq, .walk = walk };

	if (!app_tx(app, DB_READ, changes_tx, &f, e))
		return false;
	*seq = f.seq;
	return true;
}

static bool
latest_tx(struct db *db, void *arg, struct err *e)
{
	struct feed *f = arg;

	return store_status_last(db, &f->seq, e) && store_status_latest(db, f->after, f->latest, f->arg, e);
}

bool
status_latest(const struct app *app, int64_t after, int64_t *seq, bool (*each)(void *, int64_t, int64_t), void *arg,
    struct err *e)
{
	struct feed f = { .after = after, .latest = each, .arg = arg };

	if (!app_tx(app, DB_READ, latest_tx, &f, e))
		return false;
	*seq = f.seq;
	return true;
}

static bool
cas_tx(struct db *db, void *arg, struct err *e)
{
	struct feed *f = arg;

	return store_ca_list(db, f->arena, &f->cas, &f->n, e);
}

bool
status_cas(const struct app *app, struct arena *a, struct ca **cas, size_t *n, struct err *e)
{
	struct feed f = { .arena = a };

	if (!app_tx(app, DB_READ, cas_tx, &f, e))
		return false;
	*cas = f.cas;
	*n = f.n;
	return true;
}
