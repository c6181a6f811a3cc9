/* Checks that all sources share: values, what is required, duplicates here and in the ledgers. */
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "domain/order/order_run.h"
#include "store/item.h"

/* A few hundred values at a time are held against the ledger. */
#define PORTION 256

struct waiting {
	int64_t		 line, index;
	const char	*file;
	const char	*value;
};

struct ledger {
	struct arena	*arena;
	struct waiting	*list[PROFILE_INPUTS_MAX];
	size_t		 n[PROFILE_INPUTS_MAX];
	uint8_t		 keys[PORTION][SHA256_LEN];
	struct waiting	 key_at[PORTION];
	size_t		 keys_n;
};

struct ledger *
ledger_new(void)
{
	struct ledger *l = calloc(1, sizeof(*l));

	if (l == NULL)
		abort();
	l->arena = arena_new((size_t)PORTION * PROFILE_INPUTS_MAX * (INPUT_VALUE_MAX + 256));
	return l;
}

void
ledger_free(struct ledger *l)
{
	arena_free(l->arena);
	free(l);
}

static bool
is_address(const struct profile_input *in)
{
	return in->type == INPUT_MAC_ADDRESS || in->type == INPUT_EUI64;
}

static const char *
blocks_text(struct order_run *r)
{
	OWN_STR struct str s = { 0 };
	char one[18];

	for (size_t i = 0; i < r->prefixes_n && i < 8; i++) {
		mac_prefix_text(&r->prefixes[i], one);
		str_addf(&s, "%s%s", i == 0 ? "" : ", ", one);
	}
	if (r->prefixes_n > 8)
		str_adds(&s, ", …");
	return r->prefixes_n == 0 ? "it has none" : arena_strdup(r->errors->arena, s.p);
}

bool
order_value(struct order_run *r, struct order_item *it, size_t input, const char *raw, size_t len,
    char out[INPUT_VALUE_MAX])
{
	const struct profile_input *in = &r->inputs[input];
	char why[INPUT_WHY_MAX];
	bool ok;

	/* An empty cell says nothing: what was typed or is the default may stand there. */
	if (strspn(raw, " \t") >= len) {
		out[0] = '\0';
		return true;
	}
	ok = input_normalize(in, raw, len, out, why);

	if (ok && out[0] != '\0' && r->about->mac_prefixes && is_address(in) &&
	    mac_prefix_find(r->prefixes, r->prefixes_n, out) == NULL) {
		ok = false;
		if (r->errors->n < FAULTS_MAX)
			(void)snprintf(why, sizeof(why),
			    "outside the address blocks of the organization (%s)", blocks_text(r));
	}
	if (ok) {
		it->values[input] = out;
		return true;
	}
	it->bad = true;
	if (r->pass == PASS_CHECK)
		fault_add(r->errors, it->file, it->line, in->name, raw, "%s", why);
	return false;
}

bool
order_item_done(struct order_run *r, struct order_item *it, struct err *e)
{
	for (size_t i = 0; i < r->inputs_n; i++) {
		if (it->values[i] != NULL && it->values[i][0] != '\0')
			continue;
		it->values[i] = r->fixed[i];
		if (it->values[i] != NULL || !r->inputs[i].required || it->bad)
			continue;
		it->bad = true;
		if (r->pass == PASS_CHECK)
			fault_add(r->errors, it->file, it->line, r->inputs[i].name, NULL, "%s is missing",
			    r->inputs[i].title);
	}
	it->index = r->size++;
	if (r->size > r->app->csv_rows_max) {
		fault_add(r->errors, it->file, it->line, NULL, NULL, "more than %" PRId64 " devices in one order",
		    r->app->csv_rows_max);
		return err_set(e, ERR_INVALID, "order", "more than %" PRId64 " devices in one order",
		    r->app->csv_rows_max);
	}
	return r->each(r, it, e);
}

/* ---- the ledgers ---- */

static bool
ledger_look(struct order_run *r, size_t input, struct db *db, struct err *e)
{
	struct ledger *l = r->ledger;
	const char *values[PORTION];
	int64_t batch[PORTION];

	for (size_t i = 0; i < l->n[input]; i++)
		values[i] = l->list[input][i].value;
	if (!store_device_name_find(db, r->who->organization_id, r->order->profile_id, r->inputs[input].name,
		values, l->n[input], batch, e))
		return false;
	for (size_t i = 0; i < l->n[input]; i++) {
		const struct waiting *w = &l->list[input][i];

		if (batch[i] < 0)
			fault_add(r->errors, w->file, w->line, r->inputs[input].name, w->value,
			    "is just being ordered");
		else if (batch[i] > 0)
			fault_add(r->errors, w->file, w->line, r->inputs[input].name, w->value,
			    "has a certificate of this profile already (batch %" PRId64 ")", batch[i]);
	}
	l->n[input] = 0;
	return true;
}

static bool
keys_look(struct order_run *r, struct db *db, struct err *e)
{
	struct ledger *l = r->ledger;
	bool used[PORTION];

	if (!store_key_use_find(db, (const uint8_t (*)[32])l->keys, l->keys_n, used, e))
		return false;
	for (size_t i = 0; i < l->keys_n; i++)
		if (used[i])
			fault_add(r->errors, l->key_at[i].file, l->key_at[i].line, "key", NULL,
			    "this key is in use already: make a new one for each device");
	l->keys_n = 0;
	return true;
}

static bool
ledger_flush(struct order_run *r, struct err *e)
{
	struct db *db;

	if (!db_pool_get(r->app->store, DB_READ, &db, e))
		return false;
	for (size_t i = 0; i < r->inputs_n; i++)
		if (r->ledger->n[i] > 0 && !ledger_look(r, i, db, e))
			return false;
	if (r->ledger->keys_n > 0 && !keys_look(r, db, e))
		return false;
	arena_reset(r->ledger->arena);
	memset(r->ledger->list, 0, sizeof(r->ledger->list));
	return true;
}

/* "line 13 of a.pem" can't be known for archives: the set keeps one number.  A key has no value to show. */
static void
double_fault(
    struct order_run *r, const struct order_item *it, const char *field, const char *value, uint32_t first)
{
	const char *same = value == NULL ? "the same key as" : "the same as";

	if (it->line == 0)
		fault_add(r->errors, it->file, 0, field, value, "%s in device %" PRIu32 " (from 0)", same, first);
	else if (it->file != NULL)
		fault_add(r->errors, it->file, it->line, field, value, "%s in an earlier file of the archive",
		    same);
	else
		fault_add(r->errors, it->file, it->line, field, value, "%s in line %" PRIu32, same, first);
}

static bool
wait(struct order_run *r, const struct order_item *it, struct waiting *w, const char *value, struct err *e)
{
	w->line = it->line;
	w->index = it->index;
	w->file = it->file == NULL ? NULL : arena_strdup(r->ledger->arena, it->file);
	w->value = value == NULL ? NULL : arena_strdup(r->ledger->arena, value);
	if ((it->file != NULL && w->file == NULL) || (value != NULL && w->value == NULL))
		return err_sys(e, "no room to look values up");
	return true;
}

static bool
check_unique(struct order_run *r, const struct order_item *it, size_t i, bool *full, struct err *e)
{
	struct ledger *l = r->ledger;
	const char *value = it->values[i];
	uint32_t first, number = (uint32_t)(it->line != 0 ? it->line : it->index);

	if (value == NULL || value[0] == '\0')
		return true;
	if (r->seen[i] == NULL)
		r->seen[i] = names_new();
	if (!names_add(r->seen[i], value, strlen(value), number, &first)) {
		double_fault(r, it, r->inputs[i].name, value, first);
		return true;
	}
	if (l->list[i] == NULL)
		l->list[i] = arena_array(l->arena, PORTION, sizeof(struct waiting));
	if (l->list[i] == NULL)
		return err_sys(e, "no room to look values up");
	if (!wait(r, it, &l->list[i][l->n[i]++], value, e))
		return false;
	*full = *full || l->n[i] == PORTION;
	return true;
}

static bool
check_key(struct order_run *r, const struct order_item *it, bool *full, struct err *e)
{
	struct ledger *l = r->ledger;
	uint32_t first;

	if (r->seen_keys == NULL)
		r->seen_keys = names_new();
	if (!names_add(r->seen_keys, it->spki_sha256, SHA256_LEN, (uint32_t)it->line, &first)) {
		double_fault(r, it, "key", NULL, first);
		return true;
	}
	memcpy(l->keys[l->keys_n], it->spki_sha256, SHA256_LEN);
	if (!wait(r, it, &l->key_at[l->keys_n++], NULL, e))
		return false;
	*full = *full || l->keys_n == PORTION;
	return true;
}

/* ---- samples: the first and the last ---- */

static void
sample_copy(struct order_run *r, struct order_item *to, const struct order_item *from, struct arena *a)
{
	*to = *from;
	to->file = NULL;
	to->ignored = NULL;
	to->spki = (struct der){ NULL, 0 };
	for (size_t i = 0; i < r->inputs_n; i++)
		to->values[i] = from->values[i] == NULL ? NULL : arena_strdup(a, from->values[i]);
}

static void
sample(struct order_run *r, const struct order_item *it)
{
	const size_t half = COUNT(r->first);
	size_t at = (size_t)it->index;

	r->sampled = true;
	if (at < half) {
		sample_copy(r, &r->first[at], it, r->arena);
		return;
	}
	at %= half;
	if (r->last_arena[at] == NULL)
		r->last_arena[at] = arena_new((size_t)PROFILE_INPUTS_MAX * (INPUT_VALUE_MAX + 16));
	arena_reset(r->last_arena[at]);
	sample_copy(r, &r->last[at], it, r->last_arena[at]);
}

bool
order_check_item(struct order_run *r, struct order_item *it, struct err *e)
{
	bool full = false;

	sample(r, it);
	if (it->bad)
		return true;
	for (size_t i = 0; i < r->inputs_n; i++)
		if (r->inputs[i].unique && !check_unique(r, it, i, &full, e))
			return false;
	if (r->csr && !check_key(r, it, &full, e))
		return false;
	return !full || ledger_flush(r, e);
}

bool
order_check_end(struct order_run *r, struct err *e)
{
	return ledger_flush(r, e);
}
