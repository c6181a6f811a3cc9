/* Key pairs that were made in advance: none that waits may be in a certificate. */
#include <inttypes.h>

#include "domain/check_run.h"
#include "store/keypool.h"

/* Later than the page: a pair that was taken for one of its certificates is gone by now. */
static bool
page_tx(struct db *db, void *arg, struct err *e)
{
	struct check *r = arg;
	bool there;

	r->pooled = 0;
	if (!store_pool_any(db, &there, e) || !there)
		return e->kind == ERR_NONE;
	for (size_t i = 0; i < r->n; i++) {
		const struct check_certificate *row = &r->certificates[i];
		uint8_t hash[SHA256_LEN];
		struct err why = { 0 };
		struct cert c;

		if (!cert_decode(row->der, row->der_len, &c, &why))
			continue;		/* another rule's */
		key_spki_sha256(c.key.spki, hash);
		if (!store_pool_key_there(db, hash, &there, e))
			return false;
		if (there)
			r->pooled_ids[r->pooled++] = row->id;
	}
	return true;
}

bool
check_page_in_pool(struct check *r, struct err *e)
{
	if (!app_tx(r->app, DB_READ, page_tx, r, e))
		return false;
	for (size_t i = 0; i < r->pooled; i++)
		check_fault(r, "pool", "the key of certificate %" PRId64 " waits to be used again", r->pooled_ids[i]);
	r->pooled_all += r->pooled;
	return true;
}
