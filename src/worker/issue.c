#include "worker/issue.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "domain/delivery/zip.h"
#include "signlink/signlink.h"
#include "worker/shared.h"
#include "x509/cert.h"
#include "x509/keypair.h"
#include "x509/name.h"

#define POOL_ATTEMPTS 3		/* tries of a slice that may have keys from the pool */

struct issuer_thread {
	struct issue_shared	*shared;
	struct keymaker		*keys;
	struct p12_writer	*writer;
	struct signlink		*signer;
	int64_t			 lease_s;
};

struct issuer_thread *
issuer_thread_new(struct issue_shared *shared, const char *signer_socket, enum rsagen_setting rsa, int64_t lease_s)
{
	struct issuer_thread *t = calloc(1, sizeof(*t));

	if (t == NULL)
		abort();
	t->shared = shared;
	t->keys = keymaker_new(rsa);
	t->writer = p12_writer_new();
	t->signer = signlink_new(signer_socket);
	t->lease_s = lease_s;
	return t;
}

void
issuer_thread_free(struct issuer_thread *t)
{
	keymaker_free(t->keys);
	p12_writer_free(t->writer);
	signlink_free(t->signer);
	free(t);
}

/* A slice in hand. */
struct job {
	struct issuer_thread	*thread;
	struct work_slice	*slice;
	struct arena		*arena;
	struct template_ref	 ref;
	const struct profile	*profile;
	const char		*organization[PROFILE_INPUTS_MAX];
	json_t			*parameters;
	const struct key_wrap	*wrap;		/* NULL: keys are the orderer's own */
	size_t			 n;
	uint8_t			(*serials)[WORK_SERIAL_LEN];
	struct work_result	*results;	/* by item */
	struct der		*tbs;		/* by item; p NULL: failed before */
	struct keypair		*keypairs;	/* by item */
	int64_t			 not_before, not_after;
};

static void
job_clear(struct job *j)
{
	for (size_t i = 0; j->keypairs != NULL && i < j->n; i++)
		keypair_clear(&j->keypairs[i]);
	json_decref(j->parameters);
}

static bool
out_of_memory(struct err *e)
{
	return err_sys(e, "a slice does not fit into its arena");
}

static bool
item_failed(struct job *j, size_t i, const char *code, const char *message)
{
	j->results[i].ok = false;
	j->results[i].code = code;
	j->results[i].message = arena_strdup(j->arena, message);
	j->tbs[i].p = NULL;
	return true;
}

/* ---- orphans ---- */

static bool
orphan_fill(struct job *j, struct der cert, int64_t item_index, struct work_orphan *out, struct err *e)
{
	OWN_STR struct str subject = { 0 };
	struct cert c;

	if (!cert_decode(cert.p, cert.len, &c, e) || !name_text(c.subject, &subject, e))
		return false;
	if (c.serial.len != WORK_SERIAL_LEN)
		return err_sys(e, "a signed serial number is not ours");
	memcpy(out->serial, c.serial.p, WORK_SERIAL_LEN);
	out->der = cert.p;
	out->der_len = cert.len;
	out->subject = arena_strdup(j->arena, subject.len == 0 ? "" : subject.p);
	out->item_index = item_index;
	out->not_before = c.not_before_s;
	out->not_after = c.not_after_s;
	out->shard = cert_shard(out->serial, (unsigned)j->ref.ca->shards);
	return true;
}

/*
 * Serials of a plan that the signer did sign: stored revoked, belonging to no item.  So that the journal
 * and the store agree whatever happened to the worker that had planned them.
 */
static bool
plan_settle(struct job *j, const uint8_t *plan, size_t plan_n, struct err *e)
{
	const uint8_t (*serials)[WORK_SERIAL_LEN] = (const void *)plan;
	struct der *signed_ones = arena_array(j->arena, plan_n, sizeof(*signed_ones));
	struct work_orphan *orphans = arena_array(j->arena, plan_n, sizeof(*orphans));
	size_t n = 0;

	if (signed_ones == NULL || orphans == NULL)
		return out_of_memory(e);
	if (!signlink_journal_find(j->thread->signer, serials, plan_n, j->arena, signed_ones, e))
		return false;
	for (size_t i = 0; i < plan_n; i++)
		if (signed_ones[i].p != NULL &&
		    !orphan_fill(j, signed_ones[i], j->slice->first_index + (int64_t)i, &orphans[n++], e))
			return false;
	if (n == 0)
		return true;
	log_warn("slice.orphans", "batch=%lld slice=%lld orphans=%zu", (long long)j->slice->batch_id,
	    (long long)j->slice->slice_no, n);
	return work_orphans(shared_app(j->thread->shared), j->slice, orphans, n, e);
}

/* ---- preparing ---- */

static bool
constants_read(struct job *j, struct err *e)
{
	size_t n;
	const struct profile_parameter *p = profile_parameters(j->profile, &n);

	j->parameters = json_loads(j->slice->parameters, 0, NULL);
	if (j->parameters == NULL)
		return err_sys(e, "batch %lld: constants cannot be read", (long long)j->slice->batch_id);
	for (size_t i = 0; i < n; i++)
		j->organization[i] = json_string_value(json_object_get(j->parameters, p[i].name));
	return true;
}

static bool
template_tx(struct db *db, void *arg, struct err *e)
{
	struct job *j = arg;

	return shared_template(j->thread->shared, db, j->slice, &j->ref, e);
}

bool
issue_settle(struct issuer_thread *t, struct work_slice *slice, struct arena *a, struct err *e)
{
	struct job j = { .thread = t, .slice = slice, .arena = a };

	return slice->plan_n == 0 || (app_tx(shared_app(t->shared), DB_READ, template_tx, &j, e) &&
	    plan_settle(&j, slice->plan, slice->plan_n, e));
}

/* A CA from the future is a clock that was set back: that passes, and no device fails for it. */
static bool
dates_make(struct job *j, struct err *e)
{
	const struct ca *ca = j->ref.ca;

	if (profile_dates(j->profile, clock_now_s(), ca->not_before, ca->not_after, &j->not_before, &j->not_after, e))
		return true;
	if (strcmp(e->code, "issuer_not_yet_valid") == 0)
		return err_set(e, ERR_RETRY, "clock", "by this host's clock the issuing CA is not valid yet");
	return false;
}

/* From here on the job's serials may be signed, whatever becomes of the slice. */
static void
plan_made(struct job *j)
{
	j->slice->plan = j->serials[0];
	j->slice->plan_n = j->n;
}

static bool
job_open(struct job *j, struct err *e)
{
	if (!app_tx(shared_app(j->thread->shared), DB_READ, template_tx, j, e))
		return false;
	j->profile = tbs_template_profile(j->ref.tbs);
	if (j->slice->plan_n > 0 && !plan_settle(j, j->slice->plan, j->slice->plan_n, e))
		return false;
	j->n = (size_t)j->slice->size;
	j->serials = j->slice->serials;
	if (j->serials == NULL)
		j->serials = arena_array(j->arena, j->n, WORK_SERIAL_LEN);
	else
		plan_made(j);
	j->results = arena_array(j->arena, j->n, sizeof(*j->results));
	j->tbs = arena_array(j->arena, j->n, sizeof(*j->tbs));
	j->keypairs = arena_array(j->arena, j->n, sizeof(*j->keypairs));
	if (j->serials == NULL || j->results == NULL || j->tbs == NULL || j->keypairs == NULL)
		return out_of_memory(e);
	return constants_read(j, e) &&
	    work_items(shared_app(j->thread->shared), j->slice, j->arena, e) && dates_make(j, e);
}

/* The lease must not run out while slow keys are made. */
static bool
lease_keep(struct job *j, struct err *e)
{
	if (j->slice->lease_until_s - clock_now_s() > j->thread->lease_s / 2)
		return true;
	return work_extend(shared_app(j->thread->shared), j->slice, j->thread->lease_s, e);
}

static bool
item_key(struct job *j, size_t i, struct der *spki, struct err *e)
{
	const struct work_item *item = &j->slice->items[i];
	size_t n;
	const struct key_type *types = profile_server_keys(j->profile, &n);

	if (item->spki != NULL) {
		*spki = (struct der){ item->spki, item->spki_len };
		return true;
	}
	if (n == 0)
		return err_sys(e, "profile %lld makes no keys", (long long)j->slice->profile_id);
	if (j->keypairs[i].pkcs8 == NULL && !keypair_make(j->thread->keys, types[0], &j->keypairs[i], e))
		return false;
	*spki = (struct der){ j->keypairs[i].spki, j->keypairs[i].spki_len };
	return true;
}

/*
 * Keys that were made in advance, as far as there are; the rest is made one by one.  What is taken and not used
 * is lost, so none are while the signer is away, and none for a slice that fails again and again.
 */
static bool
keys_take(struct job *j, struct err *e)
{
	struct keypool *pool = shared_pool(j->thread->shared);
	OWN_STR struct str info = { 0 };
	size_t n, got;
	const struct key_type *types = profile_server_keys(j->profile, &n);

	if (!j->slice->sealed || n == 0 || types[0].algorithm != KEY_RSA || keypool_off(pool) ||
	    j->slice->attempts > POOL_ATTEMPTS)
		return true;
	return signlink_info(j->thread->signer, &info, e) &&
	    keypool_pairs(pool, j->slice, types[0], j->n, j->arena, j->keypairs, &got, e);
}

/* False for what stops the slice; what is wrong with the item alone becomes its result. */
static bool
item_build(struct job *j, size_t i, struct err *e)
{
	const struct work_item *item = &j->slice->items[i];
	struct tbs_in in = { .not_before_s = j->not_before, .not_after_s = j->not_after };
	json_t *inputs = json_loads(item->inputs, 0, NULL), *value;
	uint8_t buf[TBS_MAX];
	const char *name;
	struct der tbs;
	struct err why = { 0 };
	bool ok;

	json_object_foreach(inputs, name, value) {
		int at = profile_input_find(j->profile, name);

		if (at >= 0)
			in.inputs[at] = json_string_value(value);
	}
	memcpy(in.organization, j->organization, sizeof(in.organization));
	memcpy(in.serial, j->serials[i], sizeof(in.serial));
	ok = item_key(j, i, &in.spki, e);
	if (ok && !tbs_build(j->ref.tbs, &in, buf, sizeof(buf), &tbs, &why)) {
		json_decref(inputs);
		return why.kind == ERR_INVALID ? item_failed(j, i, why.code, why.msg) : (*e = why, false);
	}
	json_decref(inputs);
	if (!ok)
		return false;
	j->tbs[i] = (struct der){ arena_memdup(j->arena, tbs.p, tbs.len), tbs.len };
	return j->tbs[i].p != NULL || out_of_memory(e);
}

static bool
items_build(struct job *j, struct err *e)
{
	if (!keys_take(j, e))
		return false;
	for (size_t i = 0; i < j->n; i++) {
		j->results[i].index = j->slice->items[i].index;
		if (j->slice->serials == NULL)
			cert_serial_make(j->serials[i]);
		memcpy(j->results[i].serial, j->serials[i], WORK_SERIAL_LEN);
		if (!item_build(j, i, e) || !lease_keep(j, e))
			return false;
	}
	return true;
}

/* ---- signing ---- */

static bool
item_file(struct job *j, size_t i, struct work_result *r, const char *friendly, struct err *e)
{
	struct der chain = { j->ref.ca->der, j->ref.ca->der_len };
	struct p12_content content = { .cert = { r->der, r->der_len }, .pkcs8 = j->keypairs[i].pkcs8, .chain = &chain,
	    .chain_n = 1, .friendly_name = friendly };
	OWN_STR struct str file = { 0 };

	if (j->wrap->packaging == PACKAGING_P12 ? !p12_make(j->thread->writer, j->wrap->p12, &content, &file, e) :
	    !zip_seal(j->wrap->password, content.pkcs8->p, content.pkcs8->len, &file, e))
		return false;
	r->file = arena_memdup(j->arena, file.p, file.len);
	r->file_len = file.len;
	keypair_clear(&j->keypairs[i]);
	return r->file != NULL || out_of_memory(e);
}

static bool
item_finish(struct job *j, size_t i, const struct signlink_result *signed_one, struct err *e)
{
	struct work_result *r = &j->results[i];
	OWN_STR struct str subject = { 0 };
	uint8_t buf[CERT_DER_MAX];
	struct der der;
	struct cert c;

	if (!signed_one->ok) {
		log_warn("signer.refused", "batch=%lld item=%lld", (long long)j->slice->batch_id, (long long)r->index);
		return item_failed(j, i, "signer_refused", signed_one->why);
	}
	if (!cert_assemble(j->tbs[i], profile_signature(j->profile), signed_one->signature.p, signed_one->signature.len,
	    buf, sizeof(buf), &der, e) || !cert_decode(der.p, der.len, &c, e) || !name_text(c.subject, &subject, e))
		return false;
	r->der = arena_memdup(j->arena, der.p, der.len);
	r->der_len = der.len;
	r->subject = arena_strdup(j->arena, subject.len == 0 ? "" : subject.p);
	if (r->der == NULL || r->subject == NULL)
		return out_of_memory(e);
	r->not_before = j->not_before;
	r->not_after = j->not_after;
	r->shard = cert_shard(r->serial, (unsigned)j->ref.ca->shards);
	r->ok = true;
	return j->wrap == NULL || item_file(j, i, r, arena_printf(j->arena, "%s-%lld", j->slice->batch_name,
	    (long long)r->index), e);
}

static bool
items_sign(struct job *j, struct err *e)
{
	struct der *tbs = arena_array(j->arena, j->n, sizeof(*tbs));
	size_t *item = arena_array(j->arena, j->n, sizeof(*item));
	struct signlink_result *results = arena_array(j->arena, j->n, sizeof(*results));
	struct signlink_request request = { .ca = j->ref.ca->ski, .profile_id = j->slice->profile_id,
	    .profile_version = j->slice->profile_version, .organization_id = j->slice->organization_id,
	    .organization_version = j->slice->parameters_version, .tbs = tbs };

	if (tbs == NULL || item == NULL || results == NULL)
		return out_of_memory(e);
	for (size_t i = 0; i < j->n; i++)
		if (j->tbs[i].p != NULL) {
			item[request.n] = i;
			tbs[request.n++] = j->tbs[i];
		}
	if (request.n > 0 && !signlink_sign_certs(j->thread->signer, &request, j->arena, results, e))
		return false;
	for (size_t k = 0; k < request.n; k++)
		if (!item_finish(j, item[k], &results[k], e))
			return false;
	return true;
}

/* Where the lease found an older plan, the new one is stored now. */
static bool
items_plan(struct job *j, struct err *e)
{
	if (j->slice->serials != NULL)
		return true;
	if (!work_plan(shared_app(j->thread->shared), j->slice, j->serials[0], j->n, e))
		return false;
	plan_made(j);
	return true;
}

/* A slice that was signed but is another worker's by now: what was signed goes to the orphans. */
static bool
slice_lost(struct job *j, struct err *lost, struct err *e)
{
	if (!plan_settle(j, j->serials[0], j->n, e))
		return false;
	*e = *lost;
	return false;
}

bool
issue_slice(struct issuer_thread *t, struct work_slice *slice, struct arena *a, const struct work_taker *taker,
    struct work_slice *next, bool *found, struct err *e)
{
	struct job j = { .thread = t, .slice = slice, .arena = a };
	struct p12_hold *hold = NULL;
	struct err lost = { 0 };
	bool ok;

	*found = false;
	ok = job_open(&j, e) && (!slice->sealed || shared_p12(t->shared, slice, a, &hold, &j.wrap, e)) &&
	    items_build(&j, e) && items_plan(&j, e) && items_sign(&j, e);
	if (ok && !work_store_next(shared_app(t->shared), slice, j.results, j.n, taker, next, found, &lost)) {
		ok = false;
		if (lost.kind == ERR_CONFLICT)
			(void)slice_lost(&j, &lost, e);
		else
			*e = lost;
	}
	shared_p12_done(t->shared, hold);
	job_clear(&j);
	return ok;
}
