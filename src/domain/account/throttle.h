/*
 * throttle - back-off of log-ins, kept in the store so that every web process sees it.
 *
 * By user name (existing or not): ten tries are free, then the pause doubles from half a minute.  By
 * address, loosely: three hundred, then likewise.  Never longer than 15 minutes; forgotten after a quiet
 * quarter of an hour.
 */
#ifndef DOMAIN_THROTTLE_H
#define DOMAIN_THROTTLE_H

#include "domain/app.h"

/* ERR_LIMIT "login_throttled" while the name (unless exempt) or the address is blocked. */
must_check bool throttle_check(struct db *, const char *username, bool exempt, const char *address, struct err *);
must_check bool throttle_failed(struct db *tx, const char *username, bool exempt, const char *address, struct err *);
must_check bool throttle_succeeded(struct db *tx, const char *username, struct err *);

#endif
