#include "domain/batch/batch.h"

#include <inttypes.h>
#include <string.h>

#include "base/str.h"

#define TOTAL_MAX 1000000		/* past this, a total is not counted */

bool
batch_find_in(struct db *db, const struct actor *who, int64_t id, struct arena *a, struct batch *b, struct err *e)
{
	bool found;

	if (!store_batch_get(db, id, a, b, &found, e))
		return false;
	/* Another tenant's and a staged one don't exist. */
	if (!found || !actor_sees(who, b->organization_id) ||
	    batch_state_parse(b->state) == BATCH_PENDING_CREATION)
		return err_set(e, ERR_NOT_FOUND, "batch", "there is no batch %" PRId64, id);
	return true;
}

struct finding {
	const struct actor	*who;
	int64_t			 id;
	struct arena		*arena;
	struct batch		*b;
	struct batch_event	*events;
	size_t			 n;
};

static bool
find_tx(struct db *db, void *arg, struct err *e)
{
	struct finding *f = arg;

	return batch_find_in(db, f->who, f->id, f->arena, f->b, e);
}

bool
batch_find(const struct app *app, const struct actor *who, int64_t id, struct arena *a, struct batch *b,
    struct err *e)
{
	struct finding f = { .who = who, .id = id, .arena = a, .b = b };

	return app_tx(app, DB_READ, find_tx, &f, e);
}

static bool
history_tx(struct db *db, void *arg, struct err *e)
{
	struct finding *f = arg;

	return batch_find_in(db, f->who, f->id, f->arena, f->b, e) &&
	    store_batch_event_list(db, f->id, f->arena, &f->events, &f->n, e);
}

bool
batch_history(const struct app *app, const struct actor *who, int64_t id, struct arena *a,
    struct batch_event **out, size_t *n, struct err *e)
{
	struct batch b;
	struct finding f = { .who = who, .id = id, .arena = a, .b = &b };

	if (!app_tx(app, DB_READ, history_tx, &f, e))
		return false;
	*out = f.events;
	*n = f.n;
	return true;
}

struct listing {
	const struct batch_filter	*f;
	struct arena			*arena;
	struct batch			*list;
	size_t				 n;
	int64_t				 total;
};

static bool
list_tx(struct db *db, void *arg, struct err *e)
{
	struct listing *q = arg;

	return store_batch_list(db, q->f, q->arena, &q->list, &q->n, e) &&
	    store_batch_count(db, q->f, q->arena, &q->total, e);
}

bool
batch_list(const struct app *app, const struct actor *who, struct batch_filter *f, struct arena *a,
    struct batch **out, size_t *n, int64_t *total, struct err *e)
{
	struct listing q = { .f = f, .arena = a };
	bool all = who->role == ROLE_OPERATOR || who->role == ROLE_AUDITOR;

	*out = NULL;
	*n = 0;
	*total = 0;
	if (!all) {
		if (f->organization_id != 0 && f->organization_id != who->organization_id)
			return true;		/* another organization's batches don't exist */
		f->organization_id = who->organization_id;
		if (f->organization_id == 0)
			return true;
	}
	if (!app_tx(app, DB_READ, list_tx, &q, e))
		return false;
	*out = q.list;
	*n = q.n;
	*total = q.total > TOTAL_MAX ? -1 : q.total;
	return true;
}

/* ---- items and their events ---- */

struct items {
	const struct actor	*who;
	int64_t			 id, from, limit;
	enum item_result	 result;
	struct arena		*arena;
	struct batch		 b;
	struct item_outcome	*list;
	size_t			 n;
};

static bool
items_tx(struct db *db, void *arg, struct err *e)
{
	struct items *q = arg;

	return batch_find_in(db, q->who, q->id, q->arena, &q->b, e) &&
	    store_item_outcomes(db, q->id, q->result, q->from, q->limit, q->arena, &q->list, &q->n, e);
}

static const char *
created_message(struct arena *a, const struct batch *b, const struct item_outcome *o)
{
	const char *from = strcmp(b->method, "csv") == 0 ? "CSV" : strcmp(b->method, "csr") == 0 ? "CSR" : "form";

	return arena_printf(a, "Created from %s line %" PRId64 "%s%s", from, o->index,
	    o->ignored == NULL ? "" : "; ignored: ", o->ignored == NULL ? "" : o->ignored);
}

static struct item_event
event_of(struct arena *a, const struct batch *b, const struct item_outcome *o, int seq)
{
	struct item_event v = { .index = o->index, .seq = seq, .subject = o->issued ? o->subject : NULL,
	    .name = arena_printf(a, "%s-%" PRId64, b->name, o->index) };

	if (seq == 0) {
		v.time = b->created_at;
		v.status = "created";
		v.message = created_message(a, b, o);
	} else if (o->issued) {
		char *hex = arena_alloc(a, 2 * sizeof(o->serial) + 1);

		if (hex != NULL)
			hex_upper(o->serial, sizeof(o->serial), hex);
		v.serial_number = hex;
		v.time = o->at;
		v.status = "issued";
		v.message = "ISSUED";
	} else {
		v.time = o->at;
		v.status = "failed";
		v.message = o->message;
	}
	return v;
}

bool
batch_items(const struct app *app, const struct actor *who, int64_t id, enum item_result result,
    int64_t after_index, int after_seq, int64_t limit, struct arena *a, struct item_event **out, size_t *n,
    int64_t *total, struct err *e)
{
	struct items q = { .who = who, .id = id, .result = result, .arena = a, .limit = limit + 1,
	    .from = after_index < 0 ? 0 : after_index };
	struct item_event *list = arena_array(a, (size_t)limit, sizeof(*list));
	size_t count = 0;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "items", "too many items asked for");
	if (!app_tx(app, DB_READ, items_tx, &q, e))
		return false;
	for (size_t i = 0; i < q.n; i++) {
		const struct item_outcome *o = &q.list[i];
		int events = o->issued || o->failed ? 2 : 1;

		for (int seq = 0; seq < events && count < (size_t)limit; seq++)
			if (o->index != after_index || seq > after_seq)
				list[count++] = event_of(a, &q.b, o, seq);
	}
	*out = list;
	*n = count;
	*total = result == ITEM_SUCCEEDED ? 2 * q.b.succeeded : result == ITEM_FAILED ? 2 * q.b.failed :
	    q.b.size + q.b.succeeded + q.b.failed;
	return true;
}

bool
batch_failures(const struct app *app, const struct actor *who, int64_t id, int64_t from, int64_t limit,
    struct arena *a, struct item_outcome **out, size_t *n, struct err *e)
{
	struct items q = {
		.who = who, .id = id, .result = ITEM_FAILED, .arena = a, .limit = limit, .from = from
	};

	if (!app_tx(app, DB_READ, items_tx, &q, e))
		return false;
	*out = q.list;
	*n = q.n;
	return true;
}
