#include "domain/audit/audit_chain.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/frame.h"
#include "base/hash.h"
#include "domain/actor.h"

#define AT_ONCE 500
#define SCRATCH_MAX ((size_t)16 * 1024 * 1024)

static void
chain_hash(const uint8_t before[SHA256_LEN], int64_t seq, const struct audit_row *r, uint8_t out[SHA256_LEN])
{
	const char *columns[] = { r->id, r->actor, r->action, r->object, r->detail, r->address, r->request_id };
	OWN_STR struct str s = { 0 };

	str_add(&s, before, SHA256_LEN);
	pack_u64(&s, (uint64_t)seq);
	pack_u64(&s, (uint64_t)r->at);
	pack_u64(&s, (uint64_t)r->organization_id);
	for (size_t i = 0; i < COUNT(columns); i++)
		pack_octets(&s, columns[i], strlen(columns[i]));
	sha256(s.p, s.len, out);
}

struct sealing {
	struct arena	*arena;
	size_t		 n;
};

static bool
seal_tx(struct db *tx, void *arg, struct err *e)
{
	struct sealing *q = arg;
	struct audit_row *rows;
	uint8_t hash[SHA256_LEN];
	int64_t seq, first;

	/* The counter's row is the lock: two sealers cannot both stand behind the same last record. */
	arena_reset(q->arena);
	if (!store_audit_lock(tx, e) || !store_audit_last(tx, &seq, hash, e) ||
	    !store_audit_unsealed(tx, clock_now_s() - 1, AT_ONCE, q->arena, &rows, &q->n, e))
		return false;
	first = seq + 1;
	for (size_t i = 0; i < q->n; i++) {
		chain_hash(hash, first + (int64_t)i, &rows[i], hash);
		if (!store_audit_seal(tx, rows[i].id, first + (int64_t)i, hash, e))
			return false;
	}
	return true;
}

bool
audit_seal(const struct app *app, bool *did, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct sealing q = { .arena = a };

	if (!app_tx(app, DB_WRITE, seal_tx, &q, e))
		return false;
	*did = q.n > 0;
	return true;
}

struct heading {
	struct arena	*arena;
	int64_t		 seq, signed_seq;
	uint8_t		 hash[SHA256_LEN];
	struct str	 signature;
};

static bool
head_look_tx(struct db *db, void *arg, struct err *e)
{
	struct heading *q = arg;
	const uint8_t *signature;
	uint8_t hash[SHA256_LEN];
	int64_t at;
	size_t len;
	bool found;

	if (!store_audit_last(db, &q->seq, q->hash, e) ||
	    !store_audit_head_last(db, q->arena, &q->signed_seq, hash, &at, &signature, &len, &found, e))
		return false;
	if (!found)
		q->signed_seq = 0;
	return true;
}

static bool
head_add_tx(struct db *tx, void *arg, struct err *e)
{
	struct heading *q = arg;

	return store_audit_head_add(tx, q->seq, q->hash, clock_now_s(), (const uint8_t *)q->signature.p,
	    q->signature.len, e);
}

bool
audit_sign_head(const struct app *app, audit_signer *sign, void *arg, bool *did, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct heading q = { .arena = a };
	bool ok;

	*did = false;
	if (!app_tx(app, DB_READ, head_look_tx, &q, e))
		return false;
	if (q.seq == 0 || q.seq <= q.signed_seq)
		return true;
	ok = sign(arg, q.seq, q.hash, &q.signature, e) && app_tx(app, DB_WRITE, head_add_tx, &q, e);
	*did = ok;
	str_free(&q.signature);
	return ok;
}

/* ---- walking ---- */

struct walk {
	struct arena		*arena;
	struct audit_check	*out;
	int64_t			 seq;
	uint8_t			 hash[SHA256_LEN];
	audit_head_check	*check;
	void			*arg;
	bool			 more;
};

static bool
head_fits(struct db *db, struct walk *q, struct err *e)
{
	const uint8_t *signature;
	uint8_t hash[SHA256_LEN];
	size_t len;
	bool found;

	if (!store_audit_head_get(db, q->seq, q->arena, hash, &signature, &len, &found, e))
		return false;
	if (!found)
		return true;
	q->out->heads++;
	if (!octets_equal(hash, q->hash, sizeof(hash)))
		(void)snprintf(q->out->fault, sizeof(q->out->fault), "signed head %lld is of another chain", (long long)q->seq);
	else if (q->check != NULL && !q->check(q->arg, q->seq, hash, signature, len))
		(void)snprintf(q->out->fault, sizeof(q->out->fault), "head %lld has a wrong signature", (long long)q->seq);
	return true;
}

static bool
walk_tx(struct db *db, void *arg, struct err *e)
{
	struct walk *q = arg;
	struct audit_row *rows;
	size_t n;

	arena_reset(q->arena);
	if (!store_audit_sealed_after(db, q->seq, AT_ONCE, q->arena, &rows, &n, e))
		return false;
	for (size_t i = 0; i < n && q->out->fault[0] == '\0'; i++) {
		chain_hash(q->hash, q->seq + 1, &rows[i], q->hash);
		if (rows[i].seq != q->seq + 1)
			(void)snprintf(q->out->fault, sizeof(q->out->fault), "record %lld is missing", (long long)q->seq + 1);
		else if (rows[i].hash == NULL || !octets_equal(rows[i].hash, q->hash, SHA256_LEN))
			(void)snprintf(q->out->fault, sizeof(q->out->fault), "record %lld was altered", (long long)q->seq + 1);
		q->seq++;
		q->out->records++;
		if (q->out->fault[0] == '\0' && !head_fits(db, q, e))
			return false;
	}
	q->more = n == AT_ONCE && q->out->fault[0] == '\0';
	return true;
}

static bool
rest_tx(struct db *db, void *arg, struct err *e)
{
	struct walk *q = arg;
	int64_t last;

	/* Cutting off the end leaves a signed head beyond it. */
	if (!store_audit_counts(db, &q->out->unsealed, &last, e))
		return false;
	if (last > q->seq)
		(void)snprintf(q->out->fault, sizeof(q->out->fault), "records behind %lld are missing: head %lld was signed",
		    (long long)q->seq, (long long)last);
	return true;
}

bool
audit_verify(const struct app *app, audit_head_check *check, void *arg, struct audit_check *out, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct walk q = { .arena = a, .out = out, .check = check, .arg = arg, .more = true };

	memset(out, 0, sizeof(*out));
	while (q.more)
		if (!app_tx(app, DB_READ, walk_tx, &q, e))
			return false;
	return out->fault[0] != '\0' || app_tx(app, DB_READ, rest_tx, &q, e);
}
