/*
 * settings - security settings of an organization, or (organization 0) of the instance: how its users get
 * in, and whether large orders need a second person.
 */
#ifndef DOMAIN_SETTINGS_H
#define DOMAIN_SETTINGS_H

#include "base/arena.h"
#include "base/fault.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "domain/account/password.h"

#define INVITATION_DAYS 7
#define INVITATION_DAYS_MAX 30
#define PASSWORD_MIN_MAX 64	/* what can be asked for at most */

struct settings {
	int64_t	approval_above;		/* -1: never; always of the instance */
	bool	passkeys;
	int64_t	password_min;		/* PASSWORD_MIN..PASSWORD_MIN_MAX characters */
	int64_t	invitation_days;
};

/* One's own organization's, or any for operator and auditor; else ERR_NOT_FOUND. */
must_check bool settings_get(const struct app *, const struct actor *, int64_t organization_id, struct settings *,
    struct err *);
/* By its administrators and by operators; 0 in password_min and invitation_days: stays. */
must_check bool settings_put(const struct app *, const struct actor *, int64_t organization_id, const struct settings *,
    struct faults *, struct err *);

/* Inside a transaction. */
must_check bool settings_read(struct db *, int64_t organization_id, struct arena *, struct settings *, struct err *);
/* What holds for a user of several: the longest password, the shortest invitation; passkeys: any allows them. */
must_check bool settings_of_user(struct db *, int64_t user_id, struct arena *, struct settings *, struct err *);
/* Faults for values out of bounds; false when there was one. */
bool settings_check(int64_t password_min, int64_t invitation_days, struct faults *);

#endif
