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
#define TOKEN_DAYS_MAX 731
#define TOKEN_DAYS_DEFAULT 90

/* Never more than the role of the user it is for; ERR_FORBIDDEN when a token asks. */
struct token_new {
	const char	*name;
	unsigned	 rights;
	int64_t		 expires_at;	/* 0: in TOKEN_DAYS_DEFAULT days */
	int64_t		 user_id;	/* whose it is; 0: the actor's own */
};
must_check bool token_create(const struct app *, const struct actor *, const struct token_new *, struct arena *,
    struct token *, char text[TOKEN_TEXT_LEN], struct err *);
/* One's own, newest first; for administrators all of the organization. */
must_check bool token_list(const struct app *, const struct actor *, struct arena *, struct token **, size_t *n,
    struct err *);
must_check bool token_revoke(const struct app *, const struct actor *, const char *id, struct err *);

#endif
