/*
 * user - accounts: people and programs, their roles in organizations, passwords and admin certificates.
 *
 * Administrators of an organization act on its members only; operators on everybody.  An account that
 * belongs to several organizations is changed by operators only (ERR_FORBIDDEN "shared_account"), and
 * nobody takes his own access away (ERR_CONFLICT "own_account").
 */
#ifndef DOMAIN_USER_H
#define DOMAIN_USER_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/secret.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "store/user.h"

struct user_new {
	const char	*username;		/* a-z 0-9 . _ @ -, 2 to 64, starts with a letter or digit */
	const char	*full_name;
	const char	*email;
	enum role	 role;
	int64_t		 organization_id;	/* 0 for operators and auditors */
	bool		 service;
	bool		 invite;		/* to enrol an admin certificate or a passkey, in the same mail */
};
/* The account and, for people, the mail that tells the username and how to set a password. */
must_check bool user_create(const struct app *, const struct actor *, const struct user_new *, struct arena *,
    struct user *, struct faults *, struct err *);

struct user_change {
	const char	*full_name, *email;	/* NULL: stays */
	const char	*status;		/* "active", "disabled" */
};
must_check bool user_update(const struct app *, const struct actor *, int64_t id, const struct user_change *,
    struct arena *, struct user *, struct faults *, struct err *);
must_check bool user_get(const struct app *, const struct actor *, int64_t id, struct arena *, struct user *,
    struct err *);
/*
 * Of one organization (0: the instance; -1: all that the actor sees), each with the memberships that the actor
 * sees.  Administrators have their own organization's, whatever the filter says.
 */
must_check bool user_search(const struct app *, const struct actor *, struct user_filter *, struct arena *,
    struct user_row **, size_t *n, int64_t *total, struct err *);

must_check bool user_memberships(const struct app *, const struct actor *, int64_t id, struct arena *,
    struct membership **, size_t *n, struct err *);
/* Ends the user's sessions and tokens: what he may do has changed. */
struct membership_new {
	int64_t		 user_id, organization_id;
	enum role	 role;
	const int64_t	*profile_ids;		/* NULL: all of the organization's */
	size_t		 profile_ids_n;
};
must_check bool membership_set(const struct app *, const struct actor *, const struct membership_new *,
    struct faults *, struct err *);
/* The same with all profiles. */
must_check bool membership_put(const struct app *, const struct actor *, int64_t user_id, int64_t organization_id,
    enum role, struct err *);
must_check bool membership_drop(const struct app *, const struct actor *, int64_t user_id, int64_t organization_id,
    struct err *);

/* Registers a certificate for the log-in's second step (people) or instead of a token (services). */
must_check bool user_certificate_register(const struct app *, const struct actor *, int64_t user_id,
    const uint8_t *der, size_t len, struct err *);
/* Newest first, with their subjects. */
must_check bool user_certificates(const struct app *, const struct actor *, int64_t user_id, struct arena *,
    struct user_certificate **, size_t *n, struct err *);
/* sha256: of the DER.  Ends the user's sessions and tokens. */
must_check bool user_certificate_revoke(const struct app *, const struct actor *, int64_t user_id,
    const uint8_t sha256[32], struct err *);

/* Set by an operator (the command line); people use the mailed link. */
must_check bool user_set_password(const struct app *, const struct actor *, int64_t user_id, const struct secret *,
    struct err *);
/* Mails a one-time link, good for an hour; the same answer whether or not there is such a user. */
must_check bool password_reset_request(const struct app *, const char *username, struct err *);
/* ERR_NOT_FOUND for a link that is unknown, used or over. */
must_check bool password_reset_use(const struct app *, const char *token, const struct secret *password,
    const char *address, const char *request_id, struct err *);

#endif
