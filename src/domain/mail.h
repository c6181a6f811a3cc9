/*
 * mail - messages to people, queued in the transaction that causes them; a sender delivers them.
 */
#ifndef DOMAIN_MAIL_H
#define DOMAIN_MAIL_H

#include <stdbool.h>

#include "db/db.h"

/* A mailbox as we accept it: one @, no blanks, control characters, quotes or angle brackets; 3 to 254 octets. */
bool mail_address_ok(const char *);
/* Plain text, UTF-8; lines end in \n. */
must_check bool mail_queue(struct db *tx, const char *recipient, const char *subject, const char *body, struct err *);

#endif
