#include "domain/token.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/rand.h"
#include "base/str.h"
#include "domain/audit.h"
#include "domain/nonce.h"

static const char *
scopes_text(unsigned rights, struct arena *a)
{
	OWN_STR struct str s = { 0 };

	for (unsigned bit = 1; bit != 0 && bit <= rights; bit <<= 1)
		if (rights & bit)
			str_addf(&s, "%s%s", s.len == 0 ? "" : " ", right_name(bit));
	return s.len == 0 ? "" : arena_strdup(a, s.p);
}

bool
token_issue(struct db *tx, int64_t user_id, int64_t organization_id, const struct token_new *in, struct arena *a,
    struct token *out, char text[TOKEN_TEXT_LEN], struct err *e)
{
	char id[33], nonce[NONCE_TEXT_LEN];
	struct token t = { .name = in->name, .user_id = user_id, .organization_id = organization_id,
	    .created_at = clock_now_s(), .expires_at = in->expires_at };

	nonce_make(nonce, t.sha256);
	(void)snprintf(text, TOKEN_TEXT_LEN, "cm_%s", nonce);
	nonce_hash(text, t.sha256);
	rand_id(id);
	t.id = arena_strdup(a, id);
	t.scopes = scopes_text(in->rights, a);
	if (!store_token_add(tx, &t, e))
		return false;
	*out = t;
	return true;
}

struct creating {
	const struct actor	*who;
	const struct token_new	*in;
	struct arena		*arena;
	struct token		*out;
	char			*text;
};

static bool
create_tx(struct db *tx, void *arg, struct err *e)
{
	struct creating *q = arg;
	json_t *detail;
	bool ok;

	if (!token_issue(tx, q->who->user_id, q->who->organization_id, q->in, q->arena, q->out, q->text, e))
		return false;
	detail = json_pack("{s:s, s:s}", "name", q->in->name, "scopes", q->out->scopes);
	ok = audit_append(tx, q->who, q->who->organization_id, "token.created", q->out->id, detail, e);
	json_decref(detail);
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
	if (in->rights == 0 || (in->rights & ~role_rights(who->role)) != 0)
		return err_set(e, ERR_INVALID, "scopes", "a token may have what your role may do, and at least one scope");
	if (in->expires_at <= now || in->expires_at > now + (int64_t)TOKEN_DAYS_MAX * 86400)
		return err_set(e, ERR_INVALID, "expires_at", "a token expires within %d days from now", TOKEN_DAYS_MAX);
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

	return store_token_list(db, q->who->user_id, q->arena, &q->list, &q->n, e);
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
};

static bool
revoke_tx(struct db *tx, void *arg, struct err *e)
{
	const struct revoking *q = arg;
	bool changed;

	if (!store_token_revoke(tx, q->who->user_id, q->id, clock_now_s(), &changed, e))
		return false;
	if (!changed)
		return err_set(e, ERR_NOT_FOUND, "token", "no such token");
	return audit_append(tx, q->who, q->who->organization_id, "token.revoked", q->id, NULL, e);
}

bool
token_revoke(const struct app *app, const struct actor *who, const char *id, struct err *e)
{
	struct revoking q = { .who = who, .id = id };

	return app_tx(app, DB_WRITE, revoke_tx, &q, e);
}
