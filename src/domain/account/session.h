/*
 * session - how somebody becomes an actor: the two steps of a log-in, sessions, tokens, service
 * certificates.
 *
 * Step one proves the password and gives a pending cookie and a one-time ticket (two minutes); step two,
 * on the listener that asks for client certificates, needs cookie, ticket and a certificate registered
 * to that user together.  Refusals are one text and one duration for all causes.
 */
#ifndef DOMAIN_SESSION_H
#define DOMAIN_SESSION_H

#include "base/arena.h"
#include "base/secret.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "domain/account/nonce.h"
#include "store/session.h"

#define COOKIE_TEXT_LEN NONCE_TEXT_LEN
#define SESSION_IDLE_S (30 * 60)
#define SESSION_MAX_S (12 * 3600)
#define TICKET_S 120

/* Where a request comes from. */
struct origin {
	const char	*address;	/* client's, as text; "" unknown */
	const char	*agent;		/* User-Agent, or "" */
	const char	*request_id;
	const char	*browser;	/* known-browser cookie, or NULL */
};

struct login_step {
	char	pending[COOKIE_TEXT_LEN];
	char	ticket[65];		/* lower-case hex */
	int64_t	user_id;		/* not for the one who asks */
};
/*
 * ERR_UNAUTHENTICATED "login_refused"; ERR_LIMIT "login_throttled" with retry_after_s while the name or the
 * address is blocked (never longer than 15 minutes; a browser known to the user is exempt from the name's).
 */
must_check bool login_password(const struct app *, const char *username, const struct secret *password,
    const struct origin *, struct login_step *, struct err *);

struct login_done {
	char	cookie[COOKIE_TEXT_LEN];
	char	browser[COOKIE_TEXT_LEN];	/* to remember this browser by */
};
/* Uses the ticket up, whatever comes of it. */
must_check bool login_certificate(const struct app *, const char *pending, const char *ticket, const uint8_t *der,
    size_t der_len, const struct origin *, struct login_done *, struct err *);

/* ERR_UNAUTHENTICATED when the session is over, the user disabled, or the membership gone. */
must_check bool session_actor(const struct app *, const char *cookie, const struct origin *, struct actor *,
    struct err *);
/* The same for "Authorization: Bearer". */
must_check bool token_actor(const struct app *, const char *token, const struct origin *, struct actor *,
    struct err *);
/* A service account's client certificate instead of a token.  *found false: it is nobody's service certificate. */
must_check bool service_actor(const struct app *, const uint8_t *der, size_t der_len, const struct origin *,
    struct actor *, bool *found, struct err *);

/* What GET /session tells. */
must_check bool session_get(const struct app *, const struct actor *, const char *cookie, struct arena *,
    struct session *, struct err *);
must_check bool session_list(const struct app *, const struct actor *, struct arena *, struct session **, size_t *n,
    struct err *);
must_check bool session_end(const struct app *, const struct actor *, const char *id, struct err *);
/*
 * A new session of the same person for another of his organizations; the old one ends.  ERR_FORBIDDEN
 * "certificate_needed" when it was opened with a passkey and the other organization takes none.
 */
must_check bool session_switch(const struct app *, const struct actor *, int64_t organization_id, const char *cookie,
    const struct origin *, char out[COOKIE_TEXT_LEN], struct err *);

/* Ends a user's sessions and tokens: after a reset, a change of role, a revoked certificate. */
must_check bool session_end_user(struct db *tx, int64_t user_id, struct err *);
/* Deletes what is over. */
must_check bool session_sweep(const struct app *, struct err *);

#endif
