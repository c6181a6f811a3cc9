#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/rand.h"
#include "domain/audit/audit.h"
#include "domain/account/login_open.h"
#include "domain/account/nonce.h"
#include "domain/account/password.h"
#include "domain/account/session.h"
#include "domain/account/throttle.h"
#include "store/organization.h"
#include "store/user.h"
#include "x509/verify.h"

#define SCRATCH_MAX ((size_t)1024 * 1024)

bool
login_refused(struct err *e)
{
	return err_set(e, ERR_UNAUTHENTICATED, "login_refused",
	    "username, password and certificate do not fit together, or the account is not open");
}

/* User names are compared in lower case; anything that cannot be one is still counted. */
static void
fold(const char *username, char out[65])
{
	size_t i;

	for (i = 0; i < 64 && username[i] != '\0'; i++)
		out[i] = (char)(username[i] >= 'A' && username[i] <= 'Z' ? username[i] + 32 : username[i]);
	out[i] = '\0';
}

/* ---- step one ---- */

struct step_one {
	char			 username[65];
	const struct origin	*from;
	struct arena		*arena;
	struct user		 user;
	struct membership	*memberships;
	size_t			 n;
	size_t			 home;		/* the first of them whose organization is open */
	bool			 found, known_browser;
	char			 ticket[65], pending[COOKIE_TEXT_LEN];
};

static bool
home_find(struct db *db, struct step_one *q, struct err *e)
{
	for (q->home = 0; q->home < q->n; q->home++) {
		struct organization o;

		if (q->memberships[q->home].organization_id == 0)
			return true;
		if (!store_organization_get(db, q->memberships[q->home].organization_id, q->arena, &o, e))
			return false;
		if (strcmp(o.status, "active") == 0)
			return true;
	}
	return true;
}

static bool
look_tx(struct db *db, void *arg, struct err *e)
{
	struct step_one *q = arg;
	uint8_t hash[SHA256_LEN];
	int64_t owner;
	bool seen = false;

	if (!store_user_find(db, q->username, q->arena, &q->user, &q->found, e))
		return false;
	if (q->from->browser != NULL) {
		nonce_hash(q->from->browser, hash);
		if (!store_browser_find(db, hash, &owner, &seen, e))
			return false;
	}
	q->known_browser = seen && q->found && owner == q->user.id;
	if (!throttle_check(db, q->username, q->known_browser, q->from->address, e))
		return false;
	q->n = 0;
	return !q->found || (store_membership_list(db, q->user.id, q->arena, &q->memberships, &q->n, e) &&
	    home_find(db, q, e));
}

static bool
failed_tx(struct db *tx, void *arg, struct err *e)
{
	struct step_one *q = arg;

	return throttle_failed(tx, q->username, q->known_browser, q->from->address, e);
}

static bool
open_tx(struct db *tx, void *arg, struct err *e)
{
	struct step_one *q = arg;
	uint8_t ticket_hash[SHA256_LEN];
	int64_t now = clock_now_s();
	char id[33];
	struct session s = { .stage = "password_done", .user_id = q->user.id, .address = q->from->address,
	    .agent = q->from->agent, .created_at = now, .seen_at = now, .expires_at = now + TICKET_S };

	nonce_make_hex(q->ticket, ticket_hash);
	nonce_make(q->pending, s.cookie_sha256);
	rand_id(id);
	s.id = id;
	s.organization_id = q->memberships[q->home].organization_id;
	s.role = q->memberships[q->home].role;
	s.ticket_sha256 = ticket_hash;
	return store_session_add(tx, &s, e);
}

bool
login_password(const struct app *app, const char *username, const struct secret *password,
    const struct origin *from, struct login_step *out, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct step_one q = { .from = from, .arena = a };
	bool match;

	fold(username, q.username);
	if (!app_tx(app, DB_READ, look_tx, &q, e))
		return false;
	match = password_verify(q.found ? q.user.password_hash : NULL, password);
	if (!match || strcmp(q.user.status, "active") != 0 || q.user.service || q.home == q.n) {
		if (!app_tx(app, DB_WRITE, failed_tx, &q, e))
			return false;
		return login_refused(e);
	}
	if (!app_tx(app, DB_WRITE, open_tx, &q, e))
		return false;
	memcpy(out->pending, q.pending, sizeof(out->pending));
	memcpy(out->ticket, q.ticket, sizeof(out->ticket));
	out->user_id = q.user.id;
	return true;
}

/* ---- step two ---- */

struct step_two {
	const char		*pending, *ticket;
	uint8_t			 sha256[SHA256_LEN];
	const struct origin	*from;
	struct arena		*arena;
	bool			 chain_ok;	/* the certificate is one of our admin CA's, valid now */
	bool			 accepted;
	struct login_done	 done;
};

bool
login_open(struct db *tx, const struct session *was, const struct user *u, const char *factor,
    const struct origin *from, struct login_done *done, struct err *e)
{
	uint8_t cookie_hash[SHA256_LEN], browser_hash[SHA256_LEN];
	int64_t now = clock_now_s();
	char id[33];
	struct session s = *was;
	struct actor who = { .user_id = u->id, .organization_id = was->organization_id };
	json_t *detail;
	bool ok;

	(void)snprintf(who.username, sizeof(who.username), "%s", u->username);
	(void)snprintf(who.address, sizeof(who.address), "%s", from->address);
	(void)snprintf(who.request_id, sizeof(who.request_id), "%s", from->request_id);
	nonce_make(done->cookie, cookie_hash);
	nonce_make(done->browser, browser_hash);
	rand_id(id);
	memcpy(s.cookie_sha256, cookie_hash, sizeof(s.cookie_sha256));
	s.id = id;
	s.stage = "open";
	s.factor = factor;
	s.ticket_sha256 = NULL;
	s.address = from->address;
	s.agent = from->agent;
	s.previous_login_at = u->last_login_at;
	s.previous_login_address = u->last_login_address;
	s.created_at = s.seen_at = now;
	s.expires_at = now + SESSION_MAX_S;
	detail = json_pack("{s:s}", "factor", factor);
	ok = store_session_add(tx, &s, e) &&
	    store_user_logged_in(tx, u->id, now, from->address, e) &&
	    store_browser_put(tx, browser_hash, u->id, now, e) &&
	    throttle_succeeded(tx, u->username, e) &&
	    audit_append(tx, &who, was->organization_id, "session.opened", s.id, detail, e);
	json_decref(detail);
	return ok;
}

/* Commits also when it refuses: the ticket is used up. */
static bool
certificate_tx(struct db *tx, void *arg, struct err *e)
{
	struct step_two *q = arg;
	uint8_t pending_hash[SHA256_LEN], ticket_hash[SHA256_LEN];
	struct session was = { 0 };
	struct user_certificate c = { 0 };
	struct user u = { 0 };
	bool found_session, found_cert, dropped, ok;
	int64_t now = clock_now_s();

	q->accepted = false;
	nonce_hash(q->pending, pending_hash);
	nonce_hash(q->ticket, ticket_hash);
	if (!store_session_find(tx, pending_hash, q->arena, &was, &found_session, e) ||
	    !store_user_certificate_find(tx, q->sha256, q->arena, &c, &found_cert, e))
		return false;
	ok = found_session && strcmp(was.stage, "password_done") == 0;
	if (ok && !store_session_drop(tx, pending_hash, &dropped, e))
		return false;
	ok = ok && was.expires_at > now && was.ticket_sha256 != NULL &&
	    octets_equal(was.ticket_sha256, ticket_hash, SHA256_LEN) &&
	    found_cert && c.user_id == was.user_id && c.revoked_at == 0 && c.not_after > now && q->chain_ok;
	if (!found_session)
		return true;
	if (!store_user_get(tx, was.user_id, q->arena, &u, e))
		return false;
	if (!ok || strcmp(u.status, "active") != 0)
		return throttle_failed(tx, u.username, false, q->from->address, e);
	q->accepted = true;
	return login_open(tx, &was, &u, "certificate", q->from, &q->done, e);
}

bool
login_certificate(const struct app *app, const char *pending, const char *ticket, const uint8_t *der,
    size_t der_len, const struct origin *from, struct login_done *out, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct step_two q = { .pending = pending == NULL ? "" : pending, .ticket = ticket == NULL ? "" : ticket,
	    .from = from, .arena = a };
	struct err why = { 0 };

	if (der != NULL) {
		struct der cert = { der, der_len };

		sha256(der, der_len, q.sha256);
		q.chain_ok = app->client_trust != NULL &&
		    verify_chain(app->client_trust, cert, NULL, 0, VERIFY_CLIENT, clock_now_s(), &why);
	}
	if (!app_tx(app, DB_WRITE, certificate_tx, &q, e))
		return false;
	if (!q.accepted)
		return login_refused(e);
	*out = q.done;
	return true;
}
