/* The one who was invited: what for, a request judged, a key made, and the wait for the certificate. */
#include "domain/account/enrolment.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/rand.h"
#include "domain/account/nonce.h"
#include "domain/profile/profile.h"
#include "domain/account/settings.h"
#include "store/enrolment.h"
#include "x509/csr.h"
#include "x509/keypair.h"

#define SCRATCH_MAX ((size_t)1024 * 1024)
#define WAIT_MS 20000
#define POLL_MS 50
#define ORGANIZATION_MAX 64		/* characters of the profile's input */
#define INSTANCE_NAME "PKI Operations"

/* ---- the link and the profile ---- */

bool
enrolment_open(struct db *db, const char *token, struct arena *a, uint8_t hash[32], int64_t *user_id,
    int64_t *expires_at, struct err *e)
{
	struct one_time_link link;
	struct user u;
	bool found;

	nonce_hash(token, hash);
	if (!store_link_find(db, hash, a, &link, &found, e))
		return false;
	if (!found || strcmp(link.purpose, "enrol") != 0 || link.used_at != 0 || link.expires_at <= clock_now_s())
		return err_set(e, ERR_NOT_FOUND, "enrolment", "this invitation was used already, or it is over");
	if (!store_user_get(db, link.user_id, a, &u, e))
		return false;
	if (strcmp(u.status, "active") != 0)
		return err_set(e, ERR_NOT_FOUND, "enrolment", "this invitation was used already, or it is over");
	*user_id = link.user_id;
	*expires_at = link.expires_at;
	return true;
}

/* At most so many characters, never half of one. */
static const char *
shortened(struct arena *a, const char *text, size_t chars)
{
	size_t n = 0;

	for (; text[n] != '\0'; n++)
		if ((text[n] & 0xc0) != 0x80 && chars-- == 0)
			break;
	return arena_strndup(a, text, n);
}

/* What the certificate says of the user: his first organization, as memberships stand. */
static bool
organization_of(struct db *db, int64_t user_id, struct arena *a, const char **name, struct err *e)
{
	struct membership *m;
	size_t n;

	if (!store_membership_list(db, user_id, a, &m, &n, e))
		return false;
	*name = n == 0 || m[0].organization_id == 0 ? INSTANCE_NAME : shortened(a, m[0].organization_name, ORGANIZATION_MAX);
	return true;
}

struct admin_profile {
	const struct profile	*document;
	const struct issuer	*issuer;
	const struct ca		*ca;
	int64_t			 id, version;
};

static bool
profile_of_admins(const struct app *app, struct db *db, struct arena *a, struct admin_profile *out, struct err *e)
{
	struct profile_row *rows;
	struct ca ca;
	size_t n;
	bool found;

	if (!store_ca_named(db, ADMIN_CA, a, &ca, &found, e) || !store_profile_list(db, -1, NULL, a, &rows, &n, e))
		return false;
	for (size_t i = 0; found && i < n; i++) {
		if (rows[i].ca_id != ca.id)
			continue;
		out->id = rows[i].id;
		out->version = rows[i].version;
		return profile_document(app, db, rows[i].id, rows[i].version, &out->document, e) &&
		    profile_issuer(app, db, ca.id, &out->issuer, &out->ca, e);
	}
	return err_set(e, ERR_CONFLICT, "no_admin_ca", "this instance has no CA for admin certificates; "
	    "certificates of another CA are registered by PKI operations");
}

bool
enrolment_inputs(const struct app *app, struct db *db, int64_t user_id, struct arena *a, struct enrolment_work *out,
    struct err *e)
{
	struct admin_profile p;

	if (!organization_of(db, user_id, a, &out->organization, e) || !profile_of_admins(app, db, a, &p, e))
		return false;
	out->profile_id = p.id;
	out->profile_version = p.version;
	out->ca_id = p.ca->id;
	return true;
}

/* ---- what an invitation is for ---- */

struct viewing {
	const struct app	*app;
	const char		*token;
	struct arena		*arena;
	struct enrolment_view	*out;
};

static bool
view_tx(struct db *db, void *arg, struct err *e)
{
	const struct viewing *q = arg;
	struct enrolment_view *v = q->out;
	struct admin_profile profile;
	struct settings s;
	struct user u;
	uint8_t hash[32];
	struct err none = { 0 };

	if (!enrolment_open(db, q->token, q->arena, hash, &v->user_id, &v->expires_at, e) ||
	    !store_user_get(db, v->user_id, q->arena, &u, e) ||
	    !organization_of(db, v->user_id, q->arena, &v->organization, e) ||
	    !settings_of_user(db, v->user_id, q->arena, &s, e))
		return false;
	v->username = u.username;
	v->full_name = u.full_name;
	v->passkeys = s.passkeys && !u.service;
	v->password_min = 0;
	if (profile_of_admins(q->app, db, q->arena, &profile, &none))
		v->password_min = profile_download(profile.document)->password_min;
	else if (none.kind != ERR_CONFLICT) {
		*e = none;
		return false;
	}
	v->subject = arena_printf(q->arena, "O=%s, CN=%s", v->organization, v->username);
	return true;
}

bool
enrolment_find(const struct app *app, const char *token, struct arena *a, struct enrolment_view *out, struct err *e)
{
	struct viewing q = { .app = app, .token = token, .arena = a, .out = out };

	return app_tx(app, DB_READ, view_tx, &q, e);
}

/* ---- asking, and waiting for a worker ---- */

struct asking {
	const struct app	*app;
	const char		*token;
	const struct origin	*from;
	struct arena		*arena;
	uint8_t			 link[32];
	int64_t			 user_id;
	struct admin_profile	 profile;
	struct user		 user;
	const uint8_t		*spki;
	size_t			 spki_len;
	struct enrolment	 row;		/* what waits, or is done */
	bool			 found, busy;
	struct user_certificate	 certificate;
};

static bool
look_tx(struct db *db, void *arg, struct err *e)
{
	struct asking *q = arg;
	int64_t expires_at;

	nonce_hash(q->token, q->link);
	if (!profile_of_admins(q->app, db, q->arena, &q->profile, e))
		return false;
	/* Used up by this very request once: its certificate is still to be had. */
	if (!store_enrolment_of(db, q->link, q->arena, &q->row, &q->found, e))
		return false;
	if (q->found && strcmp(q->row.state, "done") == 0)
		q->user_id = q->row.user_id;
	else if (!enrolment_open(db, q->token, q->arena, q->link, &q->user_id, &expires_at, e))
		return false;
	return store_user_get(db, q->user_id, q->arena, &q->user, e);
}

static bool
same_key(const struct asking *q)
{
	return q->row.spki_len == q->spki_len && memcmp(q->row.spki, q->spki, q->spki_len) == 0;
}

static bool
ask_tx(struct db *tx, void *arg, struct err *e)
{
	struct asking *q = arg;
	int64_t expires_at;
	char id[33];
	bool dropped;

	q->busy = false;
	if (!store_enrolment_of(tx, q->link, q->arena, &q->row, &q->found, e))
		return false;
	if (q->found && same_key(q))
		return true;
	if (!enrolment_open(tx, q->token, q->arena, q->link, &q->user_id, &expires_at, e))
		return false;
	if (q->found) {
		/* Another key waits: an earlier try that was given up.  A worker may have it in hand. */
		if (!store_enrolment_drop(tx, q->row.id, clock_now_s(), &dropped, e))
			return false;
		q->busy = !dropped;
		if (q->busy)
			return true;
	}
	rand_id(id);
	q->row = (struct enrolment){ .id = arena_strdup(q->arena, id), .user_id = q->user_id, .spki = q->spki,
	    .spki_len = q->spki_len, .state = "asked", .address = q->from->address, .request_id = q->from->request_id,
	    .created_at = clock_now_s() };
	memcpy(q->row.link_sha256, q->link, sizeof(q->link));
	return store_enrolment_add(tx, &q->row, e);
}

static bool
poll_tx(struct db *db, void *arg, struct err *e)
{
	struct asking *q = arg;
	bool found;

	if (!store_enrolment_get(db, q->row.id, q->arena, &q->row, &q->found, e))
		return false;
	if (!q->found || strcmp(q->row.state, "done") != 0 || q->row.certificate_sha256 == NULL)
		return true;
	return store_user_certificate_find(db, q->row.certificate_sha256, q->arena, &q->certificate, &found, e);
}

static bool
too_slow(struct err *e)
{
	(void)err_set(e, ERR_UNAVAILABLE, "enrolment_waits", "no certificate was made in time; try again in a moment");
	e->retry_after_s = 5;
	return false;
}

static bool
drop_tx(struct db *tx, void *arg, struct err *e)
{
	const struct asking *q = arg;
	bool dropped;

	return store_enrolment_drop(tx, q->row.id, clock_now_s(), &dropped, e);
}

/* keep: the request may come again with this key, so what waits is left waiting. */
static bool
wait_for(struct asking *q, bool keep, struct err *e)
{
	const struct timespec pause = { 0, POLL_MS * 1000000L };
	int64_t until = clock_mono_ms() + WAIT_MS;

	if (!app_tx(q->app, DB_WRITE, ask_tx, q, e))
		return false;
	if (q->busy)
		return too_slow(e);
	while (app_tx(q->app, DB_READ, poll_tx, q, e)) {
		if (!q->found)
			return too_slow(e);
		if (q->certificate.der != NULL)
			return true;
		if (strcmp(q->row.state, "failed") == 0)
			return err_set(e, ERR_CONFLICT, "enrolment_failed", "no certificate could be made: %.120s",
			    q->row.failure == NULL ? "ask PKI operations" : q->row.failure);
		if (clock_mono_ms() >= until)
			return (keep || app_tx(q->app, DB_WRITE, drop_tx, q, e)) && too_slow(e);
		(void)nanosleep(&pause, NULL);
	}
	return false;
}

static bool
answer(struct asking *q, struct enrolled *out, struct err *e)
{
	struct cert_view view;
	struct cert c;

	if (!cert_decode(q->certificate.der, q->certificate.der_len, &c, e) || !cert_view(&c, q->arena, &view, e))
		return false;
	out->username = q->user.username;
	out->certificate = q->certificate;
	out->certificate.subject = view.subject;
	pem_encode("CERTIFICATE", q->certificate.der, q->certificate.der_len, &out->pem);
	pem_encode("CERTIFICATE", q->profile.ca->der, q->profile.ca->der_len, &out->chain_pem);
	return true;
}

void
enrolled_clear(struct enrolled *x)
{
	str_free(&x->pem);
	str_free(&x->chain_pem);
	str_free(&x->pkcs12);
}

/* ---- a request ---- */

/* The only request of the text; a private key beside it has been seen by others, and is said so. */
static bool
request_take(struct csr_upload *upload, uint8_t *der, size_t *len, struct err *e)
{
	uint8_t *more;
	size_t more_len;
	bool many;

	if (upload_has_private_key(upload->text, upload->len))
		return err_set(e, ERR_INVALID, "private_key_in_upload",
		    "there is a private key in it: take it for known to others, and make another one");
	switch (csr_upload_next(upload, der, len, e)) {
	case CSR_UPLOAD_BAD:
		return false;
	case CSR_UPLOAD_END:
		return err_set(e, ERR_INVALID, "csr_none", "there is no certificate request in it");
	case CSR_UPLOAD_REQUEST:
		break;
	}
	more = malloc(CSR_DER_MAX);
	if (more == NULL)
		abort();
	many = csr_upload_next(upload, more, &more_len, e) != CSR_UPLOAD_END;
	free(more);
	return !many || err_set(e, ERR_INVALID, "csr_many", "there is more than one certificate request in it");
}

static bool
request_read(struct asking *q, const char *pem, struct faults *f, struct err *e)
{
	OWN(csr_verifier_free) struct csr_verifier *verifier = csr_verifier_new();
	struct csr_upload upload = { .text = pem, .len = strlen(pem) };
	uint8_t *der = arena_alloc(q->arena, CSR_DER_MAX);
	struct csr_taken taken;
	struct csr csr;
	size_t len;

	if (der == NULL)
		return err_set(e, ERR_TOO_LARGE, "request", "the request is too large");
	if (!request_take(&upload, der, &len, e)) {
		fault_add(f, NULL, 0, "csr", NULL, "%s", e->msg);
		return false;
	}
	if (!csr_decode(der, len, &csr, e) || !csr_verify(verifier, &csr, e)) {
		fault_add(f, NULL, 0, "csr", NULL, "%s", e->msg);
		return false;
	}
	if (!csr_judge(q->profile.document, &csr, NULL, 0, &taken, f))
		return err_set(e, ERR_INVALID, "csr", "this request cannot be certified");
	q->spki = csr.key.spki.p;
	q->spki_len = csr.key.spki.len;
	return true;
}

bool
enrol_csr(const struct app *app, const char *token, const char *pem, const struct origin *from, struct arena *a,
    struct enrolled *out, struct faults *f, struct err *e)
{
	struct asking q = { .app = app, .token = token, .from = from, .arena = a };

	return app_tx(app, DB_READ, look_tx, &q, e) && request_read(&q, pem, f, e) && wait_for(&q, true, e) &&
	    answer(&q, out, e);
}

/* ---- a key made here ---- */

static bool
password_fits(const struct secret *password, const struct profile *p, struct faults *f, struct err *e)
{
	int64_t least = profile_download(p)->password_min;

	if (!p12_password_check((const char *)password->p, password->len, e)) {
		fault_add(f, NULL, 0, "pkcs12_password", NULL, "%s", e->msg);
		return false;
	}
	if ((int64_t)password->len >= least)
		return true;
	fault_add(f, NULL, 0, "pkcs12_password", NULL, "at least %" PRId64 " characters", least);
	return err_set(e, ERR_INVALID, "pkcs12_password", "the password has at least %" PRId64 " characters", least);
}

static bool
file_make(const struct asking *q, const struct keypair *pair, const struct secret *password, enum p12_mode mode,
    struct str *out, struct err *e)
{
	const struct profile_download *d = profile_download(q->profile.document);
	struct p12_setting setting = { .mode = mode, .salt = P12_SALT_DEVICE, .iterations = (uint32_t)d->p12_iterations };
	struct der ca = { q->profile.ca->der, q->profile.ca->der_len };
	struct p12_content content = { .cert = { q->certificate.der, q->certificate.der_len }, .pkcs8 = pair->pkcs8,
	    .chain = &ca, .chain_n = 1, .friendly_name = q->user.username };
	OWN(p12_batch_free) struct p12_batch *batch = NULL;
	OWN(p12_writer_free) struct p12_writer *writer = p12_writer_new();

	return p12_batch_new(&setting, password, &batch, e) && p12_make(writer, batch, &content, out, e);
}

bool
enrol_pkcs12(const struct app *app, const char *token, const struct secret *password, enum p12_mode mode,
    const struct origin *from, struct arena *a, struct enrolled *out, struct faults *f, struct err *e)
{
	OWN(keymaker_free) struct keymaker *maker = keymaker_new(RSAGEN_LIBRARY);
	OWN_KEYPAIR struct keypair pair = { 0 };
	struct asking q = { .app = app, .token = token, .from = from, .arena = a };
	const struct key_type *types;
	size_t n;

	if (!app_tx(app, DB_READ, look_tx, &q, e) || !password_fits(password, q.profile.document, f, e))
		return false;
	types = profile_server_keys(q.profile.document, &n);
	if (n == 0)
		return err_set(e, ERR_CONFLICT, "no_server_keys", "keys are not made here; send a certificate request");
	if (!keypair_make(maker, types[0], &pair, e))
		return false;
	q.spki = pair.spki;
	q.spki_len = pair.spki_len;
	return wait_for(&q, false, e) && answer(&q, out, e) && file_make(&q, &pair, password, mode, &out->pkcs12, e);
}
