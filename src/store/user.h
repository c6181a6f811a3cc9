/* user - people and programs, their memberships and admin certificates. */
#ifndef STORE_USER_H
#define STORE_USER_H

#include "base/arena.h"
#include "db/db.h"

struct user {
	int64_t		 id;
	const char	*username;
	const char	*full_name;
	const char	*email;
	const char	*status;		/* "active", "disabled" */
	const char	*password_hash;		/* NULL: none set */
	bool		 service;
	int64_t		 created_at;
	int64_t		 last_login_at;		/* 0: never */
	const char	*last_login_address;	/* NULL: never */
	int64_t		 version;
};

struct membership {
	int64_t		 user_id;
	int64_t		 organization_id;	/* 0: the instance */
	const char	*organization_name;	/* "" for the instance */
	const char	*role;
	const int64_t	*profile_ids;		/* narrowed to these, ascending; none: all of the organization's */
	size_t		 profile_ids_n;
};

must_check bool store_user_add(struct db *tx, const struct user *, struct err *);
must_check bool store_user_get(struct db *, int64_t id, struct arena *, struct user *, struct err *);
/* *found says whether there is one: a log-in must not branch on an error. */
must_check bool store_user_find(struct db *, const char *username, struct arena *, struct user *, bool *found,
    struct err *);
must_check bool store_user_put(struct db *tx, const struct user *, struct err *);	/* name, email, status */
must_check bool store_user_set_password(struct db *tx, int64_t id, const char *hash, struct err *);
must_check bool store_user_logged_in(struct db *tx, int64_t id, int64_t at, const char *address, struct err *);

struct user_row {
	struct user		 user;
	struct membership	*memberships;	/* by organization */
	size_t			 memberships_n;
};
/* -1 (organization), NULL: does not apply. */
struct user_filter {
	int64_t		 organization_id;	/* member of it; 0: of the instance */
	const char	*role;			/* with this role, there or anywhere */
	const char	*username_part;
	bool		 by_id;			/* sorted by id; else by username */
	bool		 descending;
	const char	*after_username;	/* the row the page before ended with */
	int64_t		 after_id;		/* 0: from the beginning */
	int64_t		 limit;
};
must_check bool store_user_search(struct db *, const struct user_filter *, struct arena *, struct user_row **,
    size_t *n, struct err *);
must_check bool store_user_count(struct db *, const struct user_filter *, struct arena *, int64_t *n, struct err *);
/* Columns of store_user_get's SELECT and their reader, for store/user_list.c. */
#define USER_COLUMNS "u.id, u.username, u.full_name, u.email, u.status, u.password_hash, u.service, u.created_at," \
	" u.last_login_at, u.last_login_address, u.version"
#define USER_COLUMNS_N 11
void user_read(const struct db_rows *, struct arena *, struct user *);

must_check bool store_membership_put(struct db *tx, int64_t user_id, int64_t organization_id, const char *role,
    int64_t at, struct err *);
must_check bool store_membership_drop(struct db *tx, int64_t user_id, int64_t organization_id, bool *dropped,
    struct err *);
must_check bool store_membership_list(struct db *, int64_t user_id, struct arena *, struct membership **, size_t *n,
    struct err *);
/* NULL role when there is none. */
must_check bool store_membership_role(struct db *, int64_t user_id, int64_t organization_id, struct arena *,
    const char **role, struct err *);

/* Narrows a membership to profiles; n 0: all of the organization's again. */
must_check bool store_membership_profiles(struct db *tx, int64_t user_id, int64_t organization_id,
    const int64_t *profile_ids, size_t n, struct err *);

struct user_certificate {
	uint8_t		 sha256[32];
	int64_t		 user_id;
	const char	*serial_number;
	const uint8_t	*der;
	size_t		 der_len;
	int64_t		 not_after, created_at;
	int64_t		 revoked_at;		/* 0: not */
	const char	*subject;		/* set by user_certificates() */
};
must_check bool store_user_certificate_add(struct db *tx, const struct user_certificate *, struct err *);
must_check bool store_user_certificate_find(struct db *, const uint8_t sha256[32], struct arena *,
    struct user_certificate *, bool *found, struct err *);
must_check bool store_user_certificate_list(struct db *, int64_t user_id, struct arena *,
    struct user_certificate **, size_t *n, struct err *);
must_check bool store_user_certificate_revoke(struct db *tx, int64_t user_id, const char *serial_number, int64_t at,
    bool *changed, struct err *);

#endif
