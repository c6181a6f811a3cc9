/* Staging in transactions of a thousand items, then one that makes it a batch. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/str.h"
#include "domain/audit/audit.h"
#include "domain/batch/batch.h"
#include "domain/order/fair.h"
#include "domain/order/order_run.h"
#include "domain/quota/quota.h"
#include "store/idempotency.h"
#include "store/item.h"
#include "store/slice.h"
#include "x509/p12/p12.h"
#include "x509/seal.h"

#define STAGING_S 30			/* between two transactions; then it counts as abandoned */
#define CHUNK_OCTETS ((size_t)32 * 1024 * 1024)

struct sealed {
	const char	*key_id;
	struct str	 der;
};

struct stage {
	struct order_run	*r;
	const uint8_t		*fingerprint;
	struct batch		 b;
	int64_t			 slice_size, first_size;

	struct arena		*arena;		/* of one chunk */
	struct item		 items[CHUNK];
	struct device_name	*names;		/* CHUNK times the unique inputs */
	struct key_use		 keys[CHUNK];
	size_t			 n, names_n, unique_n;
	int64_t			 chunks;
	int64_t			 slices;	/* staged so far */
	int64_t			 in_slices;	/* items in them */

	struct sealed		*sealed;
	size_t			 sealed_n;
	int64_t			 first_id;	/* of the batches made together; 0: alone */
};

/* ---- chunks ---- */

/* Adds the slices that the items up to `until` fill; `last` takes what is left. */
static bool
slices_tx(struct stage *s, struct db *tx, int64_t until, bool last, struct err *e)
{
	struct slice list[64];
	size_t n = 0;

	for (;;) {
		int64_t size = s->slices == 0 ? s->first_size : s->slice_size;
		int64_t left = until - s->in_slices;

		if (left == 0 || (left < size && !last))
			break;
		list[n++] = (struct slice){ .batch_id = s->b.id, .slice_no = s->slices++,
		    .organization_id = s->b.organization_id, .first_index = s->in_slices,
		    .size = left < size ? left : size, .sealed = !s->r->csr };
		s->in_slices += list[n - 1].size;
		if (n == COUNT(list)) {
			if (!store_slice_add(tx, list, n, e))
				return false;
			n = 0;
		}
	}
	return n == 0 || store_slice_add(tx, list, n, e);
}

struct chunk {
	struct stage	*s;
	bool		 last;
	int64_t		 slices, in_slices;	/* as they were, for a transaction that is run again */
};

static bool
chunk_tx(struct db *tx, void *arg, struct err *e)
{
	struct chunk *c = arg;
	struct stage *s = c->s;
	int64_t until = s->r->size;
	bool again;

	if (!store_batch_staging(tx, s->b.id, s->chunks + 1, until, clock_now_s() + STAGING_S, &again, e))
		return false;
	for (size_t i = 0; i < s->r->before_n; i++)
		if (!store_batch_staging_keep(tx, s->r->before[i]->b.id, clock_now_s() + STAGING_S, e))
			return false;
	if (again)
		return true;
	s->slices = c->slices;
	s->in_slices = c->in_slices;
	return store_item_add(tx, s->b.id, s->items, s->n, e) &&
	    store_device_name_add(tx, s->b.organization_id, s->b.profile_id, s->b.id, s->names, s->names_n, e) &&
	    (!s->r->csr || store_key_use_add(tx, s->b.id, s->keys, s->n, e)) &&
	    slices_tx(s, tx, until, c->last, e);
}

/* Somebody ordered one of these meanwhile: which? */
static bool
name_losers(struct stage *s, struct err *e)
{
	struct order_run *r = s->r;
	struct db *db;

	err_clear(e);
	if (!db_pool_get(r->app->store, DB_READ, &db, e))
		return false;
	for (size_t i = 0; i < s->names_n; i++) {
		const char *value = s->names[i].value;
		int64_t batch;

		if (!store_device_name_find(
			db, s->b.organization_id, s->b.profile_id, s->names[i].input, &value, 1, &batch, e))
			return false;
		if (batch != 0)
			fault_add(r->errors, NULL, s->items[s->names[i].item_index - s->items[0].index].line,
			    s->names[i].input, value, "was ordered by somebody else just now");
	}
	for (size_t i = 0; r->csr && i < s->n; i++) {
		bool used;

		if (!store_key_use_find(db, (const uint8_t (*)[32])s->keys[i].spki_sha256, 1, &used, e))
			return false;
		if (used)
			fault_add(r->errors, NULL, s->items[i].line, "key", NULL,
			    "this key is in use already: make a new one for each device");
	}
	return err_set(e, ERR_INVALID, "order", "nothing was ordered: another order was faster");
}

static bool
chunk_flush(struct stage *s, bool last, struct err *e)
{
	struct chunk c = { .s = s, .last = last, .slices = s->slices, .in_slices = s->in_slices };

	if (!app_tx(s->r->app, DB_WRITE, chunk_tx, &c, e)) {
		if (e->kind == ERR_CONFLICT && strcmp(e->code, "db_unique") == 0)
			return name_losers(s, e);
		return false;
	}
	s->chunks++;
	s->n = s->names_n = 0;
	arena_reset(s->arena);
	s->names = arena_array(s->arena, (size_t)CHUNK * (s->unique_n + 1), sizeof(*s->names));
	return s->names != NULL || err_sys(e, "no room to stage an order");
}

static char *
inputs_json(struct order_run *r, const struct order_item *it, struct arena *a)
{
	json_t *object = json_object();
	char *text, *out;

	for (size_t i = 0; i < r->inputs_n; i++)
		if (it->values[i] != NULL && it->values[i][0] != '\0')
			(void)json_object_set_new_nocheck(
			    object, r->inputs[i].name, json_string_nocheck(it->values[i]));
	text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	out = text == NULL ? NULL : arena_strdup(a, text);
	free(text);
	return out;
}

static bool
stage_item(struct order_run *r, struct order_item *it, struct err *e)
{
	struct stage *s = r->stage;
	struct item *to = &s->items[s->n];

	if (it->bad)
		return err_sys(e, "an item went bad between check and staging");
	*to = (struct item){ .index = it->index, .line = it->line, .inputs = inputs_json(r, it, s->arena) };
	if (r->csr) {
		to->spki = arena_memdup(s->arena, it->spki.p, it->spki.len);
		to->spki_len = it->spki.len;
		to->ignored = it->ignored == NULL ? NULL : arena_strdup(s->arena, it->ignored);
		memcpy(s->keys[s->n].spki_sha256, it->spki_sha256, sizeof(it->spki_sha256));
		s->keys[s->n].item_index = it->index;
	}
	if (to->inputs == NULL || (r->csr && to->spki == NULL) ||
	    (it->ignored != NULL && to->ignored == NULL))
		return err_sys(e, "no room to stage an order");
	for (size_t i = 0; i < r->inputs_n; i++) {
		if (!r->inputs[i].unique || it->values[i] == NULL || it->values[i][0] == '\0')
			continue;
		s->names[s->names_n] = (struct device_name){ .input = r->inputs[i].name,
		    .value = arena_strdup(s->arena, it->values[i]), .item_index = it->index };
		if (s->names[s->names_n++].value == NULL)
			return err_sys(e, "no room to stage an order");
	}
	s->n++;
	return s->n < CHUNK || chunk_flush(s, false, e);
}

/* ---- before the first item ---- */

static const char *
packaging_json(struct order_run *r, bool *salted)
{
	const struct profile_download *d = profile_download(r->doc);
	const char *mode = r->order->p12_mode != NULL ? r->order->p12_mode :
	    d->p12_mode == P12_WANT_COMPATIBLE ? "compatible" : "modern";
	json_t *object;
	char *text;
	const char *out;

	*salted = r->packaging == PACKAGING_P12 && d->p12_salt_batch && strcmp(mode, "modern") == 0;
	if (r->packaging != PACKAGING_P12)
		object = json_pack("{s:s}", "format", packaging_names[r->packaging]);
	else
		object = json_pack("{s:s, s:s, s:I, s:s}", "format", "p12", "p12_mode", mode, "p12_iterations",
		    (json_int_t)d->p12_iterations, "p12_salt", *salted ? "batch" : "device");
	text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(object);
	out = text == NULL ? NULL : arena_strdup(r->arena, text);
	free(text);
	return out;
}

static bool
begin_tx(struct db *tx, void *arg, struct err *e)
{
	struct stage *s = arg;
	const struct order *o = s->r->order;
	struct idempotency i = { .fingerprint_len = FINGERPRINT_LEN };

	if (!store_counter_take(tx, "batch", 1, &s->b.id, e) || !store_batch_add(tx, &s->b, e))
		return false;
	if (s->fingerprint == NULL)
		return true;
	memcpy(i.fingerprint, s->fingerprint, FINGERPRINT_LEN);
	i.batch_id = s->b.id;
	i.created_at = s->b.created_at;
	if (store_idempotency_add(tx, s->b.organization_id, o->idempotency_key, &i, e))
		return true;
	if (e->kind == ERR_CONFLICT && strcmp(e->code, "db_unique") == 0)
		return err_set(e, ERR_CONFLICT, "idempotency_key",
		    "this Idempotency-Key is being used for another order");
	return false;
}

/* The password, for every worker host that may get the work. */
static bool
seal(struct stage *s, struct err *e)
{
	struct order_run *r = s->r;
	struct worker_key *keys;
	struct db *db;
	size_t n;

	if (r->csr)
		return true;
	if (!db_pool_get(r->app->store, DB_READ, &db, e) ||
	    !store_worker_key_list(db, NULL, true, r->arena, &keys, &n, e))
		return false;
	if (n == 0) {
		(void)err_set(e, ERR_UNAVAILABLE, "no_worker",
		    "no worker host is there to seal the password to; try again soon");
		e->retry_after_s = 5;
		return false;
	}
	s->sealed = arena_array(r->arena, n, sizeof(*s->sealed));
	if (s->sealed == NULL)
		return err_sys(e, "no room for sealed passwords");
	for (size_t i = 0; i < n; i++) {
		struct der cert = { keys[i].certificate, keys[i].certificate_len };

		s->sealed[i].key_id = keys[i].id;
		s->sealed_n = i + 1;
		if (!seal_make(r->order->password, &cert, 1, &s->sealed[i].der, e))
			return err_in(e, "worker key %s", keys[i].id);
	}
	return true;
}

/* ---- the transaction that makes it a batch ---- */

static bool
secrets_add(struct stage *s, struct db *tx, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < s->sealed_n; i++) {
		bool added;

		if (!store_batch_secret_add(tx, s->b.id, s->sealed[i].key_id, (const uint8_t *)s->sealed[i].der.p,
		    s->sealed[i].der.len, &added, e))
			return false;
		n += added;
	}
	if (n > 0 || s->r->csr)
		return true;
	(void)err_set(e, ERR_UNAVAILABLE, "no_worker", "the worker hosts changed their keys just now; try again");
	e->retry_after_s = 1;
	return false;
}

static bool
accept_one(struct stage *s, struct db *tx, struct err *e)
{
	struct order_run *r = s->r;
	struct batch *b = &s->b;
	int64_t size = r->size, first, step, above = r->organization.approval_above;
	bool ask = above >= 0 && size > above, found, ok;
	char label[96];
	json_t *detail;

	if (!store_batch_get(tx, b->id, r->arena, b, &found, e))
		return false;
	if (!found || strcmp(b->rest, "none") != 0)
		return store_staging_lost(e);
	/* Nobody else accepts it: a commit whose answer was lost. */
	if (batch_state_parse(b->state) != BATCH_PENDING_CREATION)
		return true;
	actor_label(r->who, label, sizeof(label));
	detail = json_pack("{s:s, s:I, s:I, s:I}", "method", b->method, "size", (json_int_t)size, "profile_id",
	    (json_int_t)b->profile_id, "profile_version", (json_int_t)b->profile_version);
	if (s->first_id != 0)
		(void)json_object_set_new(detail, "paired_with", json_integer(s->first_id));
	ok = quota_order(tx, r->who, b->organization_id, b->profile_id, b->id, size, e) &&
	     fair_turns(tx, b->organization_id, &first, &step, e) &&
	     store_batch_event_add(tx, b->id,
		 &(struct batch_event){ .at = b->created_at,
		     .status = "pending_creation",
		     .user_name = label,
		     .message = "Batch created" },
		 e) &&
	     batch_step(tx, r->who, b, ask ? BATCH_ASK : BATCH_ACCEPT, detail, e) &&
	     store_batch_accepted(tx, b->id, size, s->slices, e) && store_batch_sealed(tx, b->id, !r->csr, e) &&
	    (s->first_id == 0 || store_batch_pair_add(tx, s->first_id, b->id, e));
	json_decref(detail);
	return ok && secrets_add(s, tx, e) && (ask || store_slice_queue(tx, b->id, first, step, e)) &&
	    store_batch_get(tx, b->id, r->arena, b, &found, e);
}

struct acceptance {
	struct stage	*const *list;
	size_t		 n;
};

static bool
accept_tx(struct db *tx, void *arg, struct err *e)
{
	const struct acceptance *a = arg;

	for (size_t i = 0; i < a->n; i++)
		if (!accept_one(a->list[i], tx, e))
			return false;
	return true;
}

/* ---- undoing ---- */

static bool
give_up_tx(struct db *tx, void *arg, struct err *e)
{
	const struct stage *s = arg;

	/* By one condition: an acceptance whose answer was lost may still be on its way through the store. */
	return store_batch_give_up(tx, s->b.id, e);
}

/* A refused order leaves nothing; if this fails too, the workers' housekeeping sweeps. */
void
order_stage_give_up(struct stage *s)
{
	struct err e = { 0 };

	if (!app_tx(s->r->app, DB_WRITE, give_up_tx, s, &e) ||
	    !batch_rest_run(s->r->app, s->b.id, ORDER_SIZE_MAX, &e))
		log_err("order.sweep", &e);
}

static bool
stage_all(struct stage *s, struct err *e)
{
	struct order_run *r = s->r;

	r->each = stage_item;
	if (!order_read(r, PASS_STAGE, e))
		return false;
	if (order_wrong(r))
		return err_set(e, ERR_INVALID, "order", "nothing was ordered: the upload could not be read again");
	return chunk_flush(s, true, e);
}

static bool
run(struct stage *s, struct err *e)
{
	bool ok, unknown;

	if (!seal(s, e))
		return false;
	/* What may be there is given up below as what is there. */
	ok = app_tx(s->r->app, DB_WRITE, begin_tx, s, e);
	unknown = !ok && e->kind == ERR_UNAVAILABLE && strcmp(e->code, "db_commit_unknown") == 0;
	if (!ok && !unknown)
		return false;
	ok = ok && stage_all(s, e);
	if (!ok) {
		struct err why = *e;

		order_stage_give_up(s);
		*e = why;
	}
	return ok;
}

void
order_stage_free(struct stage *s)
{
	for (size_t i = 0; i < s->sealed_n; i++)
		str_free(&s->sealed[i].der);
	arena_free(s->arena);
	free(s);
}

bool
order_stage_begin(struct order_run *r, const uint8_t *fingerprint, struct stage **out, struct err *e)
{
	OWN(order_stage_free) struct stage *s = calloc(1, sizeof(*s));
	size_t keys_n;
	const struct key_type *keys = profile_server_keys(r->doc, &keys_n);
	uint8_t salt[32];
	bool salted;

	if (s == NULL)
		abort();
	s->r = r;
	s->fingerprint = fingerprint;
	s->arena = arena_new(CHUNK_OCTETS);
	s->slice_size = fair_slice_size(r->csr || keys_n == 0 ? NULL : &keys[0], r->app->slice_size);
	s->first_size = fair_first_size(s->slice_size);
	for (size_t i = 0; i < r->inputs_n; i++)
		s->unique_n += r->inputs[i].unique;
	s->names = arena_array(s->arena, (size_t)CHUNK * (s->unique_n + 1), sizeof(*s->names));
	if (s->names == NULL)
		return err_sys(e, "no room to stage an order");
	s->b = (struct batch){
		.organization_id = r->who->organization_id,
		.profile_id = r->ref.row.id,
		.profile_version = r->ref.row.version,
		.parameters = r->organization.parameters,
		.parameters_version = r->organization.parameters_version,
		.method = r->order->method,
		.name = r->name,
		.state = batch_state_name(BATCH_PENDING_CREATION),
		.packaging = packaging_json(r, &salted),
		.created_at = clock_now_s(),
		.created_by = r->who->user_id,
		.created_by_name = r->who->username,
		.staged_until = clock_now_s() + STAGING_S,
		.sealed = !r->csr,
	};
	if (salted) {
		rand_octets(salt, sizeof(salt));
		s->b.p12_salt = salt;
	}
	r->stage = s;
	if (!run(s, e))
		return false;
	*out = give(s);
	return true;
}

bool
order_stage_accept(struct stage *const *list, size_t n, struct batch *out, struct err *e)
{
	struct acceptance a = { list, n };

	for (size_t i = 0; n > 1 && i < n; i++)
		list[i]->first_id = list[0]->b.id;
	if (!app_tx(list[0]->r->app, DB_WRITE, accept_tx, &a, e)) {
		struct err why = *e;

		for (size_t i = 0; i < n; i++)
			order_stage_give_up(list[i]);
		*e = why;
		return false;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = list[i]->b;
	return true;
}

bool
order_stage(struct order_run *r, const uint8_t *fingerprint, struct batch *out, struct err *e)
{
	OWN(order_stage_free) struct stage *s = NULL;

	return order_stage_begin(r, fingerprint, &s, e) && order_stage_accept(&s, 1, out, e);
}
