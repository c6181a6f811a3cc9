/*
 * passkey - second factors that stand for the admin certificate where an organization allows it: registered
 * by their user in a session, or by an invitation; presented after the password.
 *
 * The challenge of a log-in is its one-time ticket, so a pending log-in is used up by whichever second
 * factor comes first.
 */
#ifndef DOMAIN_PASSKEY_H
#define DOMAIN_PASSKEY_H

#include "base/arena.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "domain/account/session.h"
#include "domain/account/webauthn.h"
#include "store/passkey.h"

#define PASSKEY_CHALLENGE_S 300
#define PASSKEYS_MAX 20		/* a user */

/* What navigator.credentials.create() needs; texts in the arena. */
struct passkey_options {
	uint8_t		 challenge[WEBAUTHN_CHALLENGE_LEN];
	const char	*rp_id;
	int64_t		 user_id;
	const char	*username, *full_name;
	struct passkey	*registered;		/* not to be made again */
	size_t		 registered_n;
};
/* For the one who asks, or (token) who was invited.  ERR_CONFLICT "passkeys_off" where none is allowed. */
must_check bool passkey_options(const struct app *, const struct actor *, struct arena *, struct passkey_options *,
    struct err *);
must_check bool passkey_options_invited(const struct app *, const char *token, struct arena *, struct passkey_options *,
    struct err *);

struct passkey_new {
	const char		*name;
	struct webauthn_octets	 client_data, authenticator_data;
};
must_check bool passkey_add(const struct app *, const struct actor *, const struct passkey_new *, struct arena *,
    struct passkey *, struct err *);
/* The invitation is used up. */
must_check bool passkey_add_invited(const struct app *, const char *token, const struct passkey_new *,
    const struct origin *, struct arena *, struct passkey *, struct err *);

/* Of a user that the actor sees; newest first. */
must_check bool passkey_list(const struct app *, const struct actor *, int64_t user_id, struct arena *,
    struct passkey **, size_t *n, struct err *);
/* One's own: sessions opened with passkeys end; another's, by an administrator: sessions and tokens end. */
must_check bool passkey_revoke(const struct app *, const struct actor *, int64_t user_id, const char *id,
    struct err *);

/* ---- log-in ---- */

struct passkey_request {
	const char		*rp_id;
	uint8_t			 challenge[WEBAUTHN_CHALLENGE_LEN];
	struct passkey		*passkeys;	/* none: only a certificate will do */
	size_t			 n;
	bool			 certificate;	/* there is one too */
};
/* What the second step of this log-in may be. */
must_check bool passkey_request(const struct app *, const struct login_step *, struct arena *, struct passkey_request *,
    struct err *);

struct passkey_assertion {
	struct webauthn_octets	 credential_id, client_data, authenticator_data, signature;
};
/* Uses the pending log-in up, whatever comes of it; refusals as of login_certificate(). */
must_check bool login_passkey(const struct app *, const char *pending, const struct passkey_assertion *,
    const struct origin *, struct login_done *, struct err *);

#endif
