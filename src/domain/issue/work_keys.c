/* Sealing keys of worker hosts, sealed passwords, and what is due between slices. */
#include <string.h>

#include "base/clock.h"
#include "domain/batch/batch.h"
#include "domain/issue/work.h"

struct key {
	struct worker_key	 row;
	int64_t			 batch_id;
	const char		*host;
	struct arena		*arena;
	const char		*key_id;
	const uint8_t		*sealed;
	size_t			 len, n;
	struct worker_key	*list;
	bool			 found;
};

static bool
secret_tx(struct db *db, void *arg, struct err *e)
{
	struct key *k = arg;

	return store_batch_secret_get(
	    db, k->batch_id, k->host, k->arena, &k->key_id, &k->sealed, &k->len, &k->found, e);
}

bool
work_secret(const struct app *app, int64_t batch_id, const char *host, struct arena *a, const char **key_id,
    const uint8_t **sealed, size_t *len, struct err *e)
{
	struct key k = { .batch_id = batch_id, .host = host, .arena = a };

	if (!app_tx(app, DB_READ, secret_tx, &k, e))
		return false;
	if (!k.found)
		return err_set(e, ERR_NOT_FOUND, "secret_gone", "no password of batch %lld is sealed to host %s",
		    (long long)batch_id, host);
	*key_id = k.key_id;
	*sealed = k.sealed;
	*len = k.len;
	return true;
}

static bool
add_tx(struct db *tx, void *arg, struct err *e)
{
	const struct key *k = arg;

	return store_worker_key_put(tx, &k->row, e);
}

bool
work_key_add(const struct app *app, const char *id, const char *host, const uint8_t *certificate, size_t len,
    struct err *e)
{
	struct key k = { .row = { .id = id, .host = host, .certificate = certificate, .certificate_len = len,
	    .created_at = clock_now_s() } };

	return app_tx(app, DB_WRITE, add_tx, &k, e);
}

static bool
retire_tx(struct db *tx, void *arg, struct err *e)
{
	const struct key *k = arg;

	return store_worker_key_retire(tx, k->key_id, clock_now_s(), e);
}

bool
work_key_retire(const struct app *app, const char *id, struct err *e)
{
	struct key k = { .key_id = id };

	return app_tx(app, DB_WRITE, retire_tx, &k, e);
}

static bool
list_tx(struct db *db, void *arg, struct err *e)
{
	struct key *k = arg;

	return store_worker_key_list(db, k->host, false, k->arena, &k->list, &k->n, e);
}

bool
work_key_list(const struct app *app, const char *host, struct arena *a, struct work_key **out, size_t *n,
    struct err *e)
{
	struct key k = { .host = host, .arena = a };

	if (!app_tx(app, DB_READ, list_tx, &k, e))
		return false;
	*out = arena_array(a, k.n + 1, sizeof(**out));
	if (*out == NULL)
		return err_set(e, ERR_TOO_LARGE, "worker_keys", "too many keys of one host");
	for (size_t i = 0; i < k.n; i++)
		(*out)[i] = (struct work_key){ .id = k.list[i].id,
			.host = k.list[i].host,
			.created_at = k.list[i].created_at,
			.retired_at = k.list[i].retired_at,
			.needed = k.list[i].needed };
	*n = k.n;
	return true;
}

static bool
drop_tx(struct db *tx, void *arg, struct err *e)
{
	struct key *k = arg;

	return store_worker_key_drop(tx, k->key_id, &k->found, e);
}

bool
work_key_drop(const struct app *app, const char *id, struct err *e)
{
	struct key k = { .key_id = id };

	if (!app_tx(app, DB_WRITE, drop_tx, &k, e))
		return false;
	return k.found ? true
		       : err_set(e, ERR_CONFLICT, "key_needed",
			     "the key is not retired, or something is sealed to it");
}

bool
work_housekeeping(const struct app *app, bool *did, struct err *e)
{
	static bool (*const steps[])(const struct app *, bool *, struct err *) = {
		batch_rest_step, batch_expire_step, batch_sweep, batch_forget_keys,
	};

	*did = false;
	for (size_t i = 0; i < COUNT(steps) && !*did; i++)
		if (!steps[i](app, did, e))
			return err_in(e, "housekeeping");
	return true;
}
