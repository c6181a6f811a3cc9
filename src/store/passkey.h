/* passkey - WebAuthn credentials of users, and challenges of registrations. */
#ifndef STORE_PASSKEY_H
#define STORE_PASSKEY_H

#include "base/arena.h"
#include "db/db.h"

#define CREDENTIAL_ID_MAX 1023		/* octets (WebAuthn section 4) */

struct passkey {
	const char	*id;
	int64_t		 user_id;
	const uint8_t	*credential_id;
	size_t		 credential_id_len;
	int64_t		 algorithm;		/* COSE: -7, -8, -257 */
	const uint8_t	*public_key;		/* as libfido2 gives it */
	size_t		 public_key_len;
	int64_t		 sign_count;
	const char	*name;
	int64_t		 created_at;
	int64_t		 used_at, revoked_at;	/* 0: not */
};

/* ERR_CONFLICT "passkey_registered". */
must_check bool store_passkey_add(struct db *tx, const struct passkey *, struct err *);
must_check bool store_passkey_find(struct db *, const uint8_t *credential_id, size_t len, struct arena *,
    struct passkey *, bool *found, struct err *);
/* Those not revoked, newest first. */
must_check bool store_passkey_list(struct db *, int64_t user_id, struct arena *, struct passkey **, size_t *n,
    struct err *);
must_check bool store_passkey_used(struct db *tx, const char *id, int64_t sign_count, int64_t at, struct err *);
must_check bool store_passkey_revoke(struct db *tx, int64_t user_id, const char *id, int64_t at, bool *changed,
    struct err *);

must_check bool store_challenge_add(struct db *tx, const uint8_t sha256[32], int64_t user_id, int64_t expires_at,
    struct err *);
/* Takes it away, however it ends; *good: it was this user's, and its time was not over. */
must_check bool store_challenge_take(struct db *tx, const uint8_t sha256[32], int64_t user_id, int64_t now, bool *good,
    struct err *);
must_check bool store_challenge_sweep(struct db *tx, int64_t now, struct err *);

/* Sessions opened by a passkey: of a user (0: of all) in an organization (-1: in all). */
must_check bool store_session_drop_passkey(struct db *tx, int64_t user_id, int64_t organization_id, struct err *);

#endif
