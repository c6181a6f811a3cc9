/* session - log-ins in progress, open sessions, API tokens, one-time links and known browsers. */
#ifndef STORE_SESSION_H
#define STORE_SESSION_H

#include "base/arena.h"
#include "db/db.h"

struct session {
	uint8_t		 cookie_sha256[32];
	const char	*id;
	const char	*stage;			/* "password_done", "open" */
	int64_t		 user_id, organization_id;
	const char	*role;
	const uint8_t	*ticket_sha256;		/* 32 octets, or NULL */
	const char	*address, *agent;
	int64_t		 previous_login_at;	/* 0: none */
	const char	*previous_login_address;
	int64_t		 created_at, seen_at, expires_at;
	const char	*factor;		/* what it was opened with: "certificate" (NULL too), "passkey" */
};

must_check bool store_session_add(struct db *tx, const struct session *, struct err *);
must_check bool store_session_find(struct db *, const uint8_t cookie_sha256[32], struct arena *, struct session *,
    bool *found, struct err *);
must_check bool store_session_seen(struct db *tx, const uint8_t cookie_sha256[32], int64_t at, int64_t expires_at,
    struct err *);
must_check bool store_session_drop(struct db *tx, const uint8_t cookie_sha256[32], bool *dropped, struct err *);
must_check bool store_session_drop_id(struct db *tx, int64_t user_id, const char *id, bool *dropped, struct err *);
/* All of a user's sessions but the one with this id (NULL: all). */
must_check bool store_session_drop_user(struct db *tx, int64_t user_id, const char *but_id, struct err *);
must_check bool store_session_list(struct db *, int64_t user_id, int64_t now, struct arena *, struct session **,
    size_t *n, struct err *);
must_check bool store_session_sweep(struct db *tx, int64_t now, struct err *);

struct token {
	const char	*id;
	uint8_t		 sha256[32];
	const char	*name;
	int64_t		 user_id, organization_id;
	const char	*scopes;
	int64_t		 created_at, expires_at;
	int64_t		 used_at, revoked_at;	/* 0: not */
	const char	*username;		/* set by store_token_list */
};
must_check bool store_token_add(struct db *tx, const struct token *, struct err *);
must_check bool store_token_find(struct db *, const uint8_t sha256[32], struct arena *, struct token *, bool *found,
    struct err *);
must_check bool store_token_used(struct db *tx, const char *id, int64_t at, struct err *);
must_check bool store_token_get(struct db *, const char *id, struct arena *, struct token *, bool *found, struct err *);
must_check bool store_token_revoke(struct db *tx, const char *id, int64_t at, bool *changed, struct err *);
must_check bool store_token_revoke_user(struct db *tx, int64_t user_id, int64_t at, struct err *);
/* Of a user (0: of all users) in an organization, newest first; with each owner's username. */
must_check bool store_token_list(struct db *, int64_t organization_id, int64_t user_id, struct arena *,
    struct token **, size_t *n, struct err *);

/* The latest known-browser cookie of users; exempts them from back-off. */
must_check bool store_browser_put(struct db *tx, const uint8_t cookie_sha256[32], int64_t user_id, int64_t at,
    struct err *);
must_check bool store_browser_find(struct db *, const uint8_t cookie_sha256[32], int64_t *user_id, bool *found,
    struct err *);

struct login_failure {
	int64_t	failures, last_at, blocked_until;
};
must_check bool store_login_failure_get(struct db *, const char *subject, struct login_failure *, struct err *);
must_check bool store_login_failure_put(struct db *tx, const char *subject, const struct login_failure *, struct err *);
must_check bool store_login_failure_drop(struct db *tx, const char *subject, struct err *);

struct one_time_link {
	uint8_t		 sha256[32];
	const char	*purpose;		/* "password_reset", "enrol" */
	int64_t		 user_id, created_at, expires_at;
	int64_t		 used_at;		/* 0: not */
};
must_check bool store_link_add(struct db *tx, const struct one_time_link *, struct err *);
must_check bool store_link_find(struct db *, const uint8_t sha256[32], struct arena *, struct one_time_link *,
    bool *found, struct err *);
/* *used false: somebody was faster. */
must_check bool store_link_use(struct db *tx, const uint8_t sha256[32], int64_t at, bool *used, struct err *);
must_check bool store_link_drop_user(struct db *tx, int64_t user_id, const char *purpose, struct err *);

#endif
