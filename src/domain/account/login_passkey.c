/* The second step of a log-in by a passkey. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "domain/account/login_open.h"
#include "domain/account/nonce.h"
#include "domain/account/passkey.h"
#include "domain/account/settings.h"
#include "domain/account/throttle.h"
#include "store/user.h"

#define SCRATCH_MAX ((size_t)1024 * 1024)

/* ---- what the second step may be ---- */

struct requesting {
	int64_t			 user_id;
	struct arena		*arena;
	struct passkey_request	*out;
};

static bool
request_tx(struct db *db, void *arg, struct err *e)
{
	const struct requesting *q = arg;
	struct passkey_request *out = q->out;
	struct user_certificate *certificates;
	struct settings settings;
	int64_t now = clock_now_s();
	size_t n;

	out->n = 0;
	out->certificate = false;
	if (!store_user_certificate_list(db, q->user_id, q->arena, &certificates, &n, e) ||
	    !settings_of_user(db, q->user_id, q->arena, &settings, e))
		return false;
	for (size_t i = 0; i < n; i++)
		out->certificate = out->certificate || (certificates[i].revoked_at == 0 && certificates[i].not_after > now);
	return !settings.passkeys || store_passkey_list(db, q->user_id, q->arena, &out->passkeys, &out->n, e);
}

bool
passkey_request(const struct app *app, const struct login_step *step, struct arena *a, struct passkey_request *out,
    struct err *e)
{
	struct requesting q = { .user_id = step->user_id, .arena = a, .out = out };
	struct webauthn_party party;
	struct err none = { 0 };

	if (!app_tx(app, DB_READ, request_tx, &q, e))
		return false;
	if (out->n > 0 && !webauthn_party_of(app->portal_origin, a, &party, &none))
		out->n = 0;
	if (out->n == 0)
		return true;
	out->rp_id = party.id;
	return hex_decode(step->ticket, strlen(step->ticket), out->challenge, sizeof(out->challenge)) ||
	    err_sys(e, "a ticket is no challenge");
}

/* ---- presenting one ---- */

struct presenting {
	const struct app		*app;
	const char			*pending;
	const struct passkey_assertion	*in;
	const struct origin		*from;
	struct arena			*arena;
	struct webauthn_party		 party;
	bool				 accepted;
	struct login_done		 done;
};

/* The challenge is the log-in's own ticket. */
static bool
ticket_fits(const struct session *was, const uint8_t challenge[WEBAUTHN_CHALLENGE_LEN])
{
	char text[2 * WEBAUTHN_CHALLENGE_LEN + 1];
	uint8_t hash[SHA256_LEN];

	hex_lower(challenge, WEBAUTHN_CHALLENGE_LEN, text);
	nonce_hash(text, hash);
	return was->ticket_sha256 != NULL && octets_equal(was->ticket_sha256, hash, sizeof(hash));
}

static bool
assertion_good(const struct presenting *q, const struct session *was, const struct passkey *p, int64_t *sign_count)
{
	struct webauthn_credential c = { .id = p->credential_id, .id_len = p->credential_id_len,
	    .algorithm = (int)p->algorithm, .public_key = p->public_key, .public_key_len = p->public_key_len };
	uint8_t challenge[WEBAUTHN_CHALLENGE_LEN];
	struct err why = { 0 };
	uint32_t count;

	if (!webauthn_assertion(&q->party, &c, q->in->client_data, q->in->authenticator_data, q->in->signature, challenge,
	    &count, &why) || !ticket_fits(was, challenge))
		return false;
	/* A counter that does not rise tells of a copy (WebAuthn section 6.1.1). */
	if ((count != 0 || p->sign_count != 0) && (int64_t)count <= p->sign_count) {
		log_warn("passkey.copied", "passkey=%s user=%lld", p->id, (long long)p->user_id);
		return false;
	}
	*sign_count = count;
	return true;
}

/* The first organization of the user, the pending one before others, that takes passkeys; role NULL: none. */
static bool
organization_choose(struct db *db, const struct presenting *q, struct session *was, bool *found, struct err *e)
{
	struct membership *m;
	struct settings s;
	size_t n;

	if (!settings_read(db, was->organization_id, q->arena, &s, e) ||
	    !store_membership_list(db, was->user_id, q->arena, &m, &n, e))
		return false;
	*found = s.passkeys;
	for (size_t i = 0; i < n && !*found; i++) {
		if (!settings_read(db, m[i].organization_id, q->arena, &s, e))
			return false;
		*found = s.passkeys;
		was->organization_id = m[i].organization_id;
		was->role = m[i].role;
	}
	return true;
}

/* Commits also when it refuses: the pending log-in is used up. */
static bool
present_tx(struct db *tx, void *arg, struct err *e)
{
	struct presenting *q = arg;
	struct session was = { 0 };
	struct passkey p = { 0 };
	struct user u = { 0 };
	uint8_t hash[SHA256_LEN];
	int64_t now = clock_now_s(), count = 0;
	bool found, known, dropped, allowed = false, ok;

	q->accepted = false;
	nonce_hash(q->pending, hash);
	if (!store_session_find(tx, hash, q->arena, &was, &found, e) ||
	    !store_passkey_find(tx, q->in->credential_id.p, q->in->credential_id.len, q->arena, &p, &known, e))
		return false;
	if (!found || strcmp(was.stage, "password_done") != 0)
		return true;
	if (!store_session_drop(tx, hash, &dropped, e) || !store_user_get(tx, was.user_id, q->arena, &u, e) ||
	    !organization_choose(tx, q, &was, &allowed, e))
		return false;
	ok = dropped && was.expires_at > now && allowed && strcmp(u.status, "active") == 0 && known &&
	    p.user_id == was.user_id && p.revoked_at == 0 && assertion_good(q, &was, &p, &count);
	if (!ok)
		return throttle_failed(tx, u.username, false, q->from->address, e);
	q->accepted = true;
	return store_passkey_used(tx, p.id, count, now, e) && login_open(tx, &was, &u, "passkey", q->from, &q->done, e);
}

bool
login_passkey(const struct app *app, const char *pending, const struct passkey_assertion *in, const struct origin *from,
    struct login_done *out, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct presenting q = { .app = app, .pending = pending == NULL ? "" : pending, .in = in, .from = from, .arena = a };

	if (!webauthn_party_of(app->portal_origin, a, &q.party, e) || !app_tx(app, DB_WRITE, present_tx, &q, e))
		return false;
	if (!q.accepted)
		return login_refused(e);
	*out = q.done;
	return true;
}
