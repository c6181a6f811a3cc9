#include "domain/account/passkey.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/rand.h"
#include "base/str.h"
#include "domain/audit/audit.h"
#include "domain/account/enrolment.h"
#include "domain/account/settings.h"
#include "domain/account/user_rule.h"

#define SCRATCH_MAX ((size_t)512 * 1024)

struct work {
	const struct app		*app;
	const struct actor		*who;		/* NULL: by an invitation */
	const char			*token;
	struct arena			*arena;
	int64_t				 user_id;
	const struct passkey_new	*in;
	const struct origin		*from;
	struct user			 user;
	uint8_t				 challenge[SHA256_LEN];		/* hashed */
	struct webauthn_credential	 credential;
	struct passkey			*list;
	size_t				 n;
	struct passkey			 out;
};

/* ---- registering ---- */

/* Whose passkey it is to be, and whether one is allowed. */
static bool
owner_find(struct db *db, struct work *q, uint8_t link[32], struct err *e)
{
	struct settings settings;
	int64_t expires_at;

	q->user_id = q->who == NULL ? 0 : q->who->user_id;
	if (q->who == NULL && !enrolment_open(db, q->token, q->arena, link, &q->user_id, &expires_at, e))
		return false;
	if (!store_user_get(db, q->user_id, q->arena, &q->user, e) ||
	    !settings_of_user(db, q->user_id, q->arena, &settings, e))
		return false;
	if (!settings.passkeys || q->user.service)
		return err_set(e, ERR_CONFLICT, "passkeys_off", "no organization of this account takes passkeys");
	return true;
}

static bool
options_tx(struct db *tx, void *arg, struct err *e)
{
	struct work *q = arg;
	uint8_t link[32];

	return owner_find(tx, q, link, e) && store_passkey_list(tx, q->user_id, q->arena, &q->list, &q->n, e) &&
	    store_challenge_add(tx, q->challenge, q->user_id, clock_now_s() + PASSKEY_CHALLENGE_S, e);
}

static bool
options(struct work *q, struct passkey_options *out, struct err *e)
{
	struct webauthn_party party;

	rand_octets(out->challenge, sizeof(out->challenge));
	sha256(out->challenge, sizeof(out->challenge), q->challenge);
	if (!webauthn_party_of(q->app->portal_origin, q->arena, &party, e) ||
	    !app_tx(q->app, DB_WRITE, options_tx, q, e))
		return false;
	out->rp_id = party.id;
	out->user_id = q->user_id;
	out->username = q->user.username;
	out->full_name = q->user.full_name;
	out->registered = q->list;
	out->registered_n = q->n;
	return true;
}

bool
passkey_options(const struct app *app, const struct actor *who, struct arena *a, struct passkey_options *out,
    struct err *e)
{
	struct work q = { .app = app, .who = who, .arena = a };

	return options(&q, out, e);
}

bool
passkey_options_invited(const struct app *app, const char *token, struct arena *a, struct passkey_options *out,
    struct err *e)
{
	struct work q = { .app = app, .token = token, .arena = a };

	return options(&q, out, e);
}

static bool
record(struct db *tx, const struct work *q, const struct actor *who, const char *action, const char *name,
    int64_t home, struct err *e)
{
	char object[40];
	json_t *detail = json_pack("{s:s}", "name", name);
	bool ok;

	(void)snprintf(object, sizeof(object), "user %" PRId64, q->user_id);
	ok = audit_append(tx, who, home, action, object, detail, e);
	json_decref(detail);
	return ok;
}

/* Where records about an account belong: its only organization, or the instance. */
static bool
home_of(struct db *db, const struct work *q, int64_t *home, struct err *e)
{
	struct membership *m;
	size_t n;

	if (!store_membership_list(db, q->user_id, q->arena, &m, &n, e))
		return false;
	*home = n == 1 ? m[0].organization_id : 0;
	return true;
}

static bool
add_tx(struct db *tx, void *arg, struct err *e)
{
	struct work *q = arg;
	struct actor invited = { 0 };
	int64_t now = clock_now_s(), home;
	uint8_t link[32];
	char id[33];
	bool good, used = true;

	if (!owner_find(tx, q, link, e) || !home_of(tx, q, &home, e) ||
	    !store_challenge_take(tx, q->challenge, q->user_id, now, &good, e) ||
	    !store_passkey_list(tx, q->user_id, q->arena, &q->list, &q->n, e))
		return false;
	if (!good)
		return err_set(e, ERR_INVALID, "passkey_challenge", "the challenge is not ours, or its time is over");
	if (q->n >= PASSKEYS_MAX)
		return err_set(e, ERR_CONFLICT, "passkeys_max", "%d passkeys are enough; take one back first", PASSKEYS_MAX);
	if (q->who == NULL && !store_link_use(tx, link, now, &used, e))
		return false;
	if (!used)
		return err_set(e, ERR_NOT_FOUND, "enrolment", "this invitation was used already, or it is over");
	rand_id(id);
	q->out = (struct passkey){ .id = arena_strdup(q->arena, id), .user_id = q->user_id,
	    .credential_id = q->credential.id, .credential_id_len = q->credential.id_len,
	    .algorithm = q->credential.algorithm, .public_key = q->credential.public_key,
	    .public_key_len = q->credential.public_key_len, .sign_count = q->credential.sign_count, .name = q->in->name,
	    .created_at = now };
	if (q->who == NULL) {
		invited.user_id = q->user_id;
		(void)snprintf(invited.username, sizeof(invited.username), "%s", q->user.username);
		(void)snprintf(invited.address, sizeof(invited.address), "%s", q->from->address);
		(void)snprintf(invited.request_id, sizeof(invited.request_id), "%s", q->from->request_id);
	}
	return store_passkey_add(tx, &q->out, e) && record(tx, q, q->who == NULL ? &invited : q->who,
	    "user.passkey_registered", q->in->name, home, e);
}

static bool
add(struct work *q, struct passkey *out, struct err *e)
{
	uint8_t challenge[WEBAUTHN_CHALLENGE_LEN];
	struct webauthn_party party;

	if (!text_name_ok(q->in->name, 100))
		return err_set(e, ERR_INVALID, "name", "a name is 1 to 100 characters");
	if (!webauthn_party_of(q->app->portal_origin, q->arena, &party, e) ||
	    !webauthn_registration(&party, q->in->client_data, q->in->authenticator_data, q->arena, challenge,
	    &q->credential, e))
		return false;
	if (q->credential.id_len > CREDENTIAL_ID_MAX)
		return err_set(e, ERR_INVALID, "passkey", "this passkey cannot be taken: its id is too long");
	sha256(challenge, sizeof(challenge), q->challenge);
	if (!app_tx(q->app, DB_WRITE, add_tx, q, e))
		return false;
	*out = q->out;
	return true;
}

bool
passkey_add(const struct app *app, const struct actor *who, const struct passkey_new *in, struct arena *a,
    struct passkey *out, struct err *e)
{
	struct work q = { .app = app, .who = who, .in = in, .arena = a };

	return add(&q, out, e);
}

bool
passkey_add_invited(const struct app *app, const char *token, const struct passkey_new *in, const struct origin *from,
    struct arena *a, struct passkey *out, struct err *e)
{
	struct work q = { .app = app, .token = token, .in = in, .from = from, .arena = a };

	return add(&q, out, e);
}

/* ---- lists and ends ---- */

static bool
list_tx(struct db *db, void *arg, struct err *e)
{
	struct work *q = arg;

	return user_seen(db, q->who, q->user_id, q->arena, e) && store_user_get(db, q->user_id, q->arena, &q->user, e) &&
	    store_passkey_list(db, q->user_id, q->arena, &q->list, &q->n, e);
}

bool
passkey_list(const struct app *app, const struct actor *who, int64_t user_id, struct arena *a, struct passkey **out,
    size_t *n, struct err *e)
{
	struct work q = { .who = who, .user_id = user_id, .arena = a };

	if (!app_tx(app, DB_READ, list_tx, &q, e))
		return false;
	*out = q.list;
	*n = q.n;
	return true;
}

struct revoking {
	struct work	 work;
	const char	*id;
};

static bool
revoke_tx(struct db *tx, void *arg, struct err *e)
{
	struct revoking *r = arg;
	struct work *q = &r->work;
	bool own = q->who->user_id == q->user_id && q->user_id != 0, changed;
	int64_t home;

	if (own ? !home_of(tx, q, &home, e) : !user_managed(tx, q->who, q->user_id, q->arena, &home, e))
		return false;
	if (!store_passkey_revoke(tx, q->user_id, r->id, clock_now_s(), &changed, e))
		return false;
	if (!changed)
		return err_set(e, ERR_NOT_FOUND, "passkey", "no such passkey of this user");
	return (own ? store_session_drop_passkey(tx, q->user_id, -1, e) : session_end_user(tx, q->user_id, e)) &&
	    record(tx, q, q->who, "user.passkey_revoked", r->id, home, e);
}

bool
passkey_revoke(const struct app *app, const struct actor *who, int64_t user_id, const char *id, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct revoking r = { .work = { .who = who, .user_id = user_id, .arena = a }, .id = id };

	if (who->user_id != user_id && !actor_may(who, RIGHT_ADMIN, e))
		return false;
	return app_tx(app, DB_WRITE, revoke_tx, &r, e);
}
