#include "domain/account/token.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/rand.h"
#include "base/str.h"
#include "domain/audit/audit.h"
#include "domain/account/nonce.h"
#include "store/user.h"

static const char *
scopes_text(unsigned rights, struct arena *a)
{
	OWN_STR struct str s = { 0 };

	for (unsigned bit = 1; bit != 0 && bit <= rights; bit <<= 1)
		if (rights & bit)
			str_addf(&s, "%s%s", s.len == 0 ? "" : " ", right_name(bit));
	return s.len == 0 ? "" : arena_strdup(a, s.p);
}

struct creating {
	const struct actor	*who;
	const struct token_new	*in;
	struct arena		*arena;
	struct token		*out;
	char			*text;
};

/* What the owner's role in the actor's organization allows. */
static bool
owner_rights(struct db *db, const struct creating *q, int64_t user_id, unsigned *rights, const char **username,
    struct err *e)
{
	struct user u;
	const char *role;

	if (!store_membership_role(db, user_id, q->who->organization_id, q->arena, &role, e))
		return false;
	if (role == NULL)
		return err_set(e, ERR_INVALID, "user_id", "no such user in this organization");
	if (!store_user_get(db, user_id, q->arena, &u, e))
		return false;
	*rights = role_rights(role_parse(role));
	*username = u.username;
	return true;
}

static bool
create_tx(struct db *tx, void *arg, struct err *e)
{
	struct creating *q = arg;
	struct token t = { .name = q->in->name, .organization_id = q->who->organization_id, .created_at = clock_now_s(),
	    .expires_at = q->in->expires_at };
	char id[33], nonce[NONCE_TEXT_LEN];
	unsigned rights = 0;
	json_t *detail;
	bool ok;

	t.user_id = q->in->user_id == 0 ? q->who->user_id : q->in->user_id;
	if (t.expires_at == 0)
		t.expires_at = t.created_at + (int64_t)TOKEN_DAYS_DEFAULT * 86400;
	if (!owner_rights(tx, q, t.user_id, &rights, &t.username, e))
		return false;
	if (q->in->rights == 0 || (q->in->rights & ~rights) != 0)
		return err_set(e, ERR_INVALID, "scopes", "a token may have what its user's role may do, and needs a scope");
	nonce_make(nonce, t.sha256);
	(void)snprintf(q->text, TOKEN_TEXT_LEN, "cm_%s", nonce);
	nonce_hash(q->text, t.sha256);
	rand_id(id);
	t.id = arena_strdup(q->arena, id);
	t.scopes = scopes_text(q->in->rights | RIGHT_VIEW, q->arena);
	detail = json_pack("{s:s, s:s, s:s}", "name", t.name, "scopes", t.scopes, "user", t.username);
	ok = store_token_add(tx, &t, e) &&
	    audit_append(tx, q->who, t.organization_id, "token.created", t.id, detail, e);
	json_decref(detail);
	*q->out = t;
	return ok;
}

bool
token_create(const struct app *app, const struct actor *who, const struct token_new *in, struct arena *a,
    struct token *out, char text[TOKEN_TEXT_LEN], struct err *e)
{
	struct creating q = { .who = who, .in = in, .arena = a, .out = out, .text = text };
	int64_t now = clock_now_s();

	if (who->by_token)
		return err_set(e, ERR_FORBIDDEN, "token_by_token", "a token makes no tokens; sign in to make one");
	if (!actor_may(who, RIGHT_ADMIN, e))
		return false;
	if (in->expires_at != 0 && (in->expires_at <= now || in->expires_at > now + (int64_t)TOKEN_DAYS_MAX * 86400))
		return err_set(e, ERR_INVALID, "expires_at", "a token expires in the future, and within two years");
	return app_tx(app, DB_WRITE, create_tx, &q, e);
}

struct listing {
	const struct actor	*who;
	struct arena		*arena;
	struct token		*list;
	size_t			 n;
};

static bool
list_tx(struct db *db, void *arg, struct err *e)
{
	struct listing *q = arg;

	return store_token_list(db, q->who->organization_id, q->who->rights & RIGHT_ADMIN ? 0 : q->who->user_id,
	    q->arena, &q->list, &q->n, e);
}

bool
token_list(const struct app *app, const struct actor *who, struct arena *a, struct token **out, size_t *n,
    struct err *e)
{
	struct listing q = { .who = who, .arena = a };

	if (!app_tx(app, DB_READ, list_tx, &q, e))
		return false;
	*out = q.list;
	*n = q.n;
	return true;
}

struct revoking {
	const struct actor	*who;
	const char		*id;
	struct arena		*arena;
};

static bool
revoke_tx(struct db *tx, void *arg, struct err *e)
{
	const struct revoking *q = arg;
	struct token t;
	bool found, changed;

	if (!store_token_get(tx, q->id, q->arena, &t, &found, e))
		return false;
	if (!found || t.organization_id != q->who->organization_id ||
	    (t.user_id != q->who->user_id && !(q->who->rights & RIGHT_ADMIN)))
		return err_set(e, ERR_NOT_FOUND, "token", "no such token");
	if (!store_token_revoke(tx, q->id, clock_now_s(), &changed, e))
		return false;
	return !changed || audit_append(tx, q->who, q->who->organization_id, "token.revoked", q->id, NULL, e);
}

bool
token_revoke(const struct app *app, const struct actor *who, const char *id, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new((size_t)64 * 1024);
	struct revoking q = { .who = who, .id = id, .arena = a };

	return app_tx(app, DB_WRITE, revoke_tx, &q, e);
}
