#include "domain/certificate/crl.h"

#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "domain/audit/audit.h"

#define PIECE ((size_t)256 * 1024)

struct list {
	struct arena		*arena;
	struct crl_row		*rows, row;
	size_t			 n;
	bool			 found, held;
	int64_t			 ca_id, shard, until, number, seq;
	bool			 delta;
	const char		*owner;
	const struct crl_query	*query;
	const struct crl_row	*put;
	const struct actor	*who;
	const char		*ski;
	int			 fd;
	int64_t			 piece;
	uint8_t			*buf;
	size_t			 len;
};

static bool
rows_tx(struct db *db, void *arg, struct err *e)
{
	struct list *l = arg;

	return store_crl_list(db, l->arena, &l->rows, &l->n, e);
}

bool
crl_rows(const struct app *app, struct arena *a, struct crl_row **rows, size_t *n, struct err *e)
{
	struct list l = { .arena = a };

	if (!app_tx(app, DB_READ, rows_tx, &l, e))
		return false;
	*rows = l.rows;
	*n = l.n;
	return true;
}

static bool
row_tx(struct db *db, void *arg, struct err *e)
{
	struct list *l = arg;

	return store_crl_get(db, l->ca_id, l->shard, l->delta, &l->row, &l->found, e);
}

bool
crl_row(const struct app *app, int64_t ca_id, int64_t shard, bool delta, struct crl_row *row, bool *found, struct err *e)
{
	struct list l = { .ca_id = ca_id, .shard = shard, .delta = delta };

	if (!app_tx(app, DB_READ, row_tx, &l, e))
		return false;
	*row = l.row;
	*found = l.found;
	return true;
}

/* ---- lease and number ---- */

static bool
lease_tx(struct db *tx, void *arg, struct err *e)
{
	struct list *l = arg;

	return store_crl_lease(tx, l->ca_id, l->shard, l->owner, clock_now_s(), l->until, &l->held, e);
}

bool
crl_lease(const struct app *app, int64_t ca_id, int64_t shard, const char *owner, int64_t lease_s, bool *held,
    struct err *e)
{
	struct list l = { .ca_id = ca_id, .shard = shard, .owner = owner, .until = clock_now_s() + lease_s };

	if (!app_tx(app, DB_WRITE, lease_tx, &l, e))
		return false;
	*held = l.held;
	return true;
}

static bool
release_tx(struct db *tx, void *arg, struct err *e)
{
	struct list *l = arg;

	return store_crl_release(tx, l->ca_id, l->shard, l->owner, e);
}

bool
crl_release(const struct app *app, int64_t ca_id, int64_t shard, const char *owner, struct err *e)
{
	struct list l = { .ca_id = ca_id, .shard = shard, .owner = owner };

	return app_tx(app, DB_WRITE, release_tx, &l, e);
}

static bool
number_tx(struct db *tx, void *arg, struct err *e)
{
	struct list *l = arg;

	return store_crl_number(tx, l->ca_id, l->shard, clock_now_s(), &l->number, e);
}

bool
crl_number(const struct app *app, int64_t ca_id, int64_t shard, int64_t *number, struct err *e)
{
	struct list l = { .ca_id = ca_id, .shard = shard };

	if (!app_tx(app, DB_WRITE, number_tx, &l, e))
		return false;
	*number = l.number;
	return true;
}

static bool
ask_tx(struct db *tx, void *arg, struct err *e)
{
	struct list *l = arg;
	char object[80];
	int64_t n;

	if (!store_crl_ask(tx, l->ca_id, &n, e))
		return false;
	if (n == 0)
		return err_set(e, ERR_NOT_FOUND, "crl", "no list of this CA has been published yet");
	(void)snprintf(object, sizeof(object), "ca %s", l->ski);
	return audit_append(tx, l->who, 0, "crl.asked", object, NULL, e);
}

bool
crl_ask(const struct app *app, const struct actor *who, int64_t ca_id, const char *ski, struct err *e)
{
	struct list l = { .who = who, .ca_id = ca_id, .ski = ski };

	return actor_may(who, RIGHT_OPERATE, e) && app_tx(app, DB_WRITE, ask_tx, &l, e);
}

/* ---- entries ---- */

static bool
entries_tx(struct db *db, void *arg, struct err *e)
{
	struct list *l = arg;
	const struct crl_query *q = l->query;

	if (!q->begin(q->arg, e) || !store_status_last(db, &l->seq, e))
		return false;
	if (q->base_seq >= 0)
		return store_status_delta(db, q->ca_id, q->base_seq, l->seq, q->each, q->arg, e);
	return store_status_revoked(db, q->ca_id, q->shard, q->ends_after, q->each, q->arg, e);
}

bool
crl_entries(const struct app *app, const struct crl_query *q, int64_t *seq, struct err *e)
{
	struct list l = { .query = q };

	if (!app_tx(app, DB_READ, entries_tx, &l, e))
		return false;
	*seq = l.seq;
	return true;
}

static bool
ended_write(void *arg, const uint8_t *der, size_t len, struct err *e)
{
	const struct list *l = arg;

	return write(l->fd, der, len) == (ssize_t)len || err_sys(e, "writing certificates");
}

static bool
evidence_tx(struct db *db, void *arg, struct err *e)
{
	struct list *l = arg;

	if (ftruncate(l->fd, 0) != 0 || lseek(l->fd, 0, SEEK_SET) != 0)
		return err_sys(e, "writing certificates");
	return store_crl_ended(db, l->put->ca_id, l->put->shard, l->put->before_update, l->put->this_update, ended_write, l, e);
}

bool
crl_evidence(const struct app *app, const struct crl_row *last, int fd, struct err *e)
{
	struct list l = { .put = last, .fd = fd };

	return app_tx(app, DB_READ, evidence_tx, &l, e);
}

/* ---- publication ---- */

static bool
pieces_add(struct db *tx, struct list *l, struct err *e)
{
	off_t at = 0;

	for (int64_t piece = 0;; piece++) {
		ssize_t n = pread(l->fd, l->buf, PIECE, at);

		if (n < 0)
			return err_sys(e, "reading a revocation list");
		if (n == 0)
			return true;
		if (!store_crl_piece_add(tx, l->put, piece, l->buf, (size_t)n, e))
			return false;
		at += n;
	}
}

static bool
put_tx(struct db *tx, void *arg, struct err *e)
{
	struct list *l = arg;
	const struct crl_row *r = l->put;

	if (!store_crl_put(tx, r, &l->held, e))
		return false;
	if (!l->held)
		return err_set(e, ERR_CONFLICT, "crl_number", "a list of a higher number is there already");
	if (!store_crl_made(tx, r->ca_id, r->shard, e))
		return false;
	return l->fd < 0 ||
	    (pieces_add(tx, l, e) && store_crl_piece_drop(tx, r->ca_id, r->shard, r->delta, r->number, e));
}

bool
crl_put(const struct app *app, const struct crl_row *row, int fd, struct err *e)
{
	uint8_t *buf = fd < 0 ? NULL : malloc(PIECE);
	struct list l = { .put = row, .fd = fd, .buf = buf };
	bool ok;

	if (fd >= 0 && buf == NULL)
		abort();
	ok = app_tx(app, DB_WRITE, put_tx, &l, e);
	free(buf);
	return ok;
}

static bool
piece_tx(struct db *db, void *arg, struct err *e)
{
	struct list *l = arg;

	return store_crl_piece_get(db, l->put, l->piece, l->buf, PIECE, &l->len, e);
}

static bool
fetch_all(const struct app *app, struct list *l, EVP_MD_CTX *hash, struct err *e)
{
	uint8_t digest[SHA256_LEN], first[CRL_HASH_LAST] = { 0 };
	int64_t octets = 0;
	size_t skip;

	for (l->piece = 0; octets < l->put->octets; l->piece++) {
		if (!app_tx(app, DB_READ, piece_tx, l, e))
			return false;
		if (l->len == 0)
			return err_set(e, ERR_NOT_FOUND, "crl_octets", "the list is not, or no longer, in the store");
		if (write(l->fd, l->buf, l->len) != (ssize_t)l->len)
			return err_sys(e, "writing a revocation list");
		skip = octets == 0 && l->len >= CRL_HASH_LAST ? CRL_HASH_LAST : 0;
		memcpy(first, l->buf, skip);
		(void)EVP_DigestUpdate(hash, l->buf + skip, l->len - skip);
		octets += (int64_t)l->len;
	}
	(void)EVP_DigestUpdate(hash, first, octets == 0 ? 0 : sizeof(first));
	if (EVP_DigestFinal_ex(hash, digest, NULL) != 1 || octets != l->put->octets ||
	    memcmp(digest, l->put->sha256, sizeof(digest)) != 0)
		return err_sys(e, "a revocation list in the store is damaged");
	return true;
}

bool
crl_fetch(const struct app *app, const struct crl_row *row, int fd, struct err *e)
{
	uint8_t *buf = malloc(PIECE);
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	struct list l = { .put = row, .fd = fd, .buf = buf };
	bool ok;

	if (buf == NULL || hash == NULL || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1)
		abort();
	ok = fetch_all(app, &l, hash, e);
	EVP_MD_CTX_free(hash);
	free(buf);
	return ok;
}
