/*
 * token - API tokens: a user's rights in one organization, narrowed by scopes, until they expire.
 *
 * Stored hashed; the text is shown once.  A token makes no tokens.
 */
#ifndef DOMAIN_TOKEN_H
#define DOMAIN_TOKEN_H

#include "base/arena.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "store/session.h"

#define TOKEN_TEXT_LEN 47		/* "cm_", 43 base64url characters, NUL */
#define TOKEN_DAYS_MAX 366

struct token_new {
	const char	*name;
	unsigned	 rights;
	int64_t		 expires_at;
};
must_check bool token_create(const struct app *, const struct actor *, const struct token_new *, struct arena *,
    struct token *, char text[TOKEN_TEXT_LEN], struct err *);
/* One's own; newest first. */
must_check bool token_list(const struct app *, const struct actor *, struct arena *, struct token **, size_t *n,
    struct err *);
must_check bool token_revoke(const struct app *, const struct actor *, const char *id, struct err *);
/* For set-up: inside a transaction, for another user. */
must_check bool token_issue(struct db *tx, int64_t user_id, int64_t organization_id, const struct token_new *,
    struct arena *, struct token *, char text[TOKEN_TEXT_LEN], struct err *);

#endif
