/*
 * mail - messages to people, queued in the transaction that causes them; a sender delivers them.
 */
#ifndef DOMAIN_MAIL_H
#define DOMAIN_MAIL_H

#include <stdbool.h>

#include "base/arena.h"
#include "domain/app.h"
#include "store/mail.h"

/* A mailbox as we accept it: one @, no blanks, control characters, quotes or angle brackets; 3 to 254 octets. */
bool mail_address_ok(const char *);
/* Plain text, UTF-8; lines end in \n. */
must_check bool mail_queue(struct db *tx, const char *recipient, const char *subject, const char *body, struct err *);

/*
 * The next message that is due, claimed for this sender for some minutes: growing pauses between tries,
 * for two days.  *found false: nothing is due.
 */
must_check bool mail_next(const struct app *, struct arena *, struct mail *, bool *found, struct err *);
must_check bool mail_delivered(const struct app *, const struct mail *, struct err *);
must_check bool mail_refused(const struct app *, const struct mail *, const char *why, struct err *);

#endif
