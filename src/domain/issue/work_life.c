/* Signs of life of worker hosts, and leases that a clock has put out of reach. */
#include "base/clock.h"
#include "domain/issue/work_run.h"
#include "store/partition.h"
#include "store/worker.h"

struct beat {
	const char	*host;
	bool		 alive;
};

static bool
beat_tx(struct db *tx, void *arg, struct err *e)
{
	const struct beat *b = arg;

	return store_worker_beat(tx, b->host, clock_now_s(), e);
}

bool
work_beat(const struct app *app, const char *host, struct err *e)
{
	struct beat b = { .host = host };

	return app_tx(app, DB_WRITE, beat_tx, &b, e);
}

static bool
alive_tx(struct db *db, void *arg, struct err *e)
{
	int64_t now = clock_now_s();
	struct beat *b = arg;

	return store_worker_alive(db, now - WORK_ALIVE_S, now + WORK_ALIVE_S, &b->alive, e);
}

bool
work_alive(const struct app *app, bool *alive, struct err *e)
{
	struct beat b = { 0 };

	if (!app_tx(app, DB_READ, alive_tx, &b, e))
		return false;
	*alive = b.alive;
	return true;
}

/* ---- leases out of reach ---- */

struct mending {
	struct slice	list[COUNT(((struct work_watch *)0)->list)];
	size_t		n, at;
	int64_t		until;
	bool		held;
};

static bool
far_tx(struct db *db, void *arg, struct err *e)
{
	struct mending *m = arg;

	return store_slice_far(db, m->until, COUNT(m->list), m->list, &m->n, e);
}

static bool
free_tx(struct db *tx, void *arg, struct err *e)
{
	struct mending *m = arg;

	return store_slice_release(tx, &m->list[m->at], 0, &m->held, e);
}

/* Since when it is as it is, by this caller's own count. */
static int64_t
seen_since(const struct work_watch *w, const struct slice *s, int64_t now_ms)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->list[i].batch_id == s->batch_id && w->list[i].slice_no == s->slice_no &&
		    w->list[i].version == s->version)
			return w->list[i].since_ms;
	return now_ms;
}

bool
work_mend_leases(const struct app *app, struct work_watch *w, int64_t lease_s, struct err *e)
{
	struct mending m = { .until = clock_now_s() + 2 * lease_s + 60 };
	int64_t now_ms = clock_mono_ms();
	struct work_watch next = { .n = 0 };

	if (!app_tx(app, DB_READ, far_tx, &m, e))
		return false;
	for (m.at = 0; m.at < m.n; m.at++) {
		const struct slice *s = &m.list[m.at];
		int64_t since_ms = seen_since(w, s, now_ms);

		if (now_ms - since_ms >= lease_s * 1000) {
			if (!app_tx(app, DB_WRITE, free_tx, &m, e))
				return false;
			continue;
		}
		next.list[next.n].batch_id = s->batch_id;
		next.list[next.n].slice_no = s->slice_no;
		next.list[next.n].version = s->version;
		next.list[next.n++].since_ms = since_ms;
	}
	*w = next;
	return true;
}

static bool
room_tx(struct db *tx, void *arg, struct err *e)
{
	(void)arg;
	return store_partition_ensure(tx, -1, e);
}

bool
work_room(const struct app *app, struct err *e)
{
	return app_tx(app, DB_WRITE, room_tx, NULL, e);
}
