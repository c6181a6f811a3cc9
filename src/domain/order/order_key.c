/* Idempotency-Key: the same order again gets the first answer. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/frame.h"
#include "base/hash.h"
#include "base/rand.h"
#include "base/str.h"
#include "domain/batch/batch.h"
#include "domain/order/order_run.h"
#include "store/idempotency.h"

#include <openssl/evp.h>

#define WAIT_MS 5000		/* for the first order under the same key */
#define LOOK_MS 100

/* ---- the instance key ---- */

struct key {
	uint8_t		 octets[32];
};

static bool
key_tx(struct db *tx, void *arg, struct err *e)
{
	struct key *k = arg;
	OWN(arena_free) struct arena *a = arena_new(4096);
	const char *text;

	if (!store_setting_get(tx, "idempotency_key", a, &text, e))
		return false;
	if (text == NULL) {
		char hex[65];

		rand_octets(k->octets, sizeof(k->octets));
		hex_lower(k->octets, sizeof(k->octets), hex);
		return store_setting_keep(tx, "idempotency_key", hex, clock_now_s(), e) &&
		    store_setting_get(tx, "idempotency_key", a, &text, e) &&
		    (hex_decode(text, strlen(text), k->octets, sizeof(k->octets)) ||
		    err_sys(e, "setting idempotency_key"));
	}
	return hex_decode(text, strlen(text), k->octets, sizeof(k->octets)) ||
	       err_sys(e, "setting idempotency_key");
}

static bool
key_read_tx(struct db *db, void *arg, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(4096);
	struct key *k = arg;
	const char *text;

	if (!store_setting_get(db, "idempotency_key", a, &text, e))
		return false;
	if (text == NULL)
		return err_set(e, ERR_NOT_FOUND, "setting", "not made yet");
	return hex_decode(text, strlen(text), k->octets, sizeof(k->octets)) ||
	       err_sys(e, "setting idempotency_key");
}

/* ---- the fingerprint ---- */

OWN_TYPE(EVP_MD_CTX, EVP_MD_CTX_free)

static bool
file_hash(const struct order *o, uint8_t out[SHA256_LEN], struct err *e)
{
	OWN(EVP_MD_CTX_free) EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t buf[16384];
	uint64_t at = 0;
	size_t got;

	if (md == NULL || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1)
		return err_sys(e, "SHA-256");
	do {
		if (!order_file_read(o, at, buf, sizeof(buf), &got, e))
			return false;
		at += got;
		if (EVP_DigestUpdate(md, buf, got) != 1)
			return err_sys(e, "SHA-256");
	} while (got == sizeof(buf));
	return EVP_DigestFinal_ex(md, out, NULL) == 1 || err_sys(e, "SHA-256");
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct order_input *)a)->name, ((const struct order_input *)b)->name);
}

static void
pack_text(struct str *s, const char *text)
{
	pack_octets(s, text == NULL ? "" : text, text == NULL ? 0 : strlen(text));
}

bool
order_fingerprint(const struct app *app, const struct order *o, uint8_t out[64], struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new((o->inputs_n + 1) * sizeof(*o->inputs) + 4096);
	struct order_input *inputs = arena_array(a, o->inputs_n + 1, sizeof(*inputs));
	uint8_t hash[SHA256_LEN] = { 0 };
	OWN_STR struct str s = { 0 };
	struct key k;

	if (!app_tx(app, DB_READ, key_read_tx, &k, e)) {
		if (e->kind != ERR_NOT_FOUND)
			return false;
		err_clear(e);
		if (!app_tx(app, DB_WRITE, key_tx, &k, e))
			return false;
	}
	if (o->fd >= 0 && !file_hash(o, hash, e))
		return false;
	for (size_t i = 0; i < o->inputs_n; i++)
		inputs[i] = o->inputs[i];
	qsort(inputs, o->inputs_n, sizeof(*inputs), by_name);
	pack_text(&s, o->method);
	pack_u64(&s, (uint64_t)o->profile_id);
	pack_u64(&s, o->profiles_n);
	for (size_t i = 0; i < o->profiles_n; i++)
		pack_u64(&s, (uint64_t)o->profile_ids[i]);
	pack_text(&s, o->name);
	pack_u64(&s, (uint64_t)o->size);
	pack_text(&s, o->p12_mode);
	pack_text(&s, o->packaging);
	pack_text(&s, o->generator_input);
	pack_u64(&s, o->increment);
	for (size_t i = 0; i < o->inputs_n; i++) {
		pack_text(&s, inputs[i].name);
		pack_text(&s, inputs[i].value);
	}
	pack_octets(&s, hash, sizeof(hash));
	hmac_sha256(k.octets, sizeof(k.octets), s.p, s.len, out);
	/* And once more over that and the password, which the order need not keep anywhere in one piece. */
	str_clear(&s);
	str_add(&s, out, 32);
	if (o->password != NULL)
		str_add(&s, o->password->p, o->password->len);
	hmac_sha256(k.octets, sizeof(k.octets), s.p, s.len, out + 32);
	wipe(s.p, s.cap);
	wipe(&k, sizeof(k));
	return true;
}

/* ---- what a key was used for ---- */

struct look {
	const struct actor	*who;
	const struct order	*order;
	const uint8_t		*fingerprint;
	struct arena		*arena;
	struct batch		*b;
	bool			 found, staging, abandoned;
};

static bool
look_tx(struct db *db, void *arg, struct err *e)
{
	struct look *l = arg;
	int64_t now = clock_now_s();
	struct idempotency i;
	bool same, there;

	l->found = l->staging = l->abandoned = false;
	if (!store_idempotency_get(db, l->who->organization_id, l->order->idempotency_key, &i, &l->found, e))
		return false;
	if (!l->found)
		return true;
	/* Once the password is destroyed, what is left compares the rest. */
	same = octets_equal(i.fingerprint, l->fingerprint, 32) &&
	    (i.fingerprint_len < FINGERPRINT_LEN || octets_equal(i.fingerprint + 32, l->fingerprint + 32, 32));
	if (!same)
		return err_set(
		    e, ERR_CONFLICT, "idempotency_key", "this Idempotency-Key was used for another order");
	if (!store_batch_get(db, i.batch_id, l->arena, l->b, &there, e))
		return false;
	if (!there) {
		l->found = false;
		return true;
	}
	l->staging = batch_state_parse(l->b->state) == BATCH_PENDING_CREATION;
	l->abandoned = l->staging && (l->b->staged_until < now || l->b->staged_until > now + BATCH_STAGED_FAR_S ||
	    strcmp(l->b->rest, "none") != 0);
	return true;
}

bool
order_key_find(const struct app *app, const struct actor *who, const struct order *o,
    const uint8_t fingerprint[64], struct arena *a, struct batch *b, bool *found, struct err *e)
{
	struct look l = { .who = who, .order = o, .fingerprint = fingerprint, .arena = a, .b = b };
	bool did;

	*found = false;
	for (int waited = 0; waited < WAIT_MS; waited += LOOK_MS) {
		if (!app_tx(app, DB_READ, look_tx, &l, e))
			return false;
		if (!l.found)
			return true;
		if (!l.staging) {
			*found = true;
			return true;
		}
		if (l.abandoned) {
			/* Its maker died: swept here and now, and the key is free. */
			if (!batch_sweep(app, &did, e) || !batch_rest_run(app, b->id, ORDER_SIZE_MAX, e))
				return false;
			continue;
		}
		(void)nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000L }, NULL);
	}
	(void)err_set(e, ERR_UNAVAILABLE, "order_in_progress",
	    "the first order with this Idempotency-Key is still being read");
	e->retry_after_s = 5;
	return false;
}

bool
order_overtaken(bool found, const struct err *why, struct faults *errors, struct err *e)
{
	if (found) {
		err_clear(e);
		errors->n = 0;
		errors->total = 0;
	} else if (why->kind == ERR_UNAVAILABLE)
		*e = *why;
	return found;
}
