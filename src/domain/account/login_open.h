/* login_open - the end of a log-in, whatever the second factor; shared by login.c and login_passkey.c. */
#ifndef DOMAIN_LOGIN_OPEN_H
#define DOMAIN_LOGIN_OPEN_H

#include "domain/account/session.h"
#include "store/user.h"

/* One text for all causes; always false. */
bool login_refused(struct err *);
/*
 * The session that follows a pending one: cookies in *done.  `was` says organization and role, `factor` with
 * what it was opened.
 */
must_check bool login_open(struct db *tx, const struct session *was, const struct user *, const char *factor,
    const struct origin *, struct login_done *done, struct err *);

#endif
