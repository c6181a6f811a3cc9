/* mail - messages waiting to be sent. */
#ifndef STORE_MAIL_H
#define STORE_MAIL_H

#include "base/arena.h"
#include "db/db.h"

struct mail {
	const char	*id, *recipient, *subject, *body;
	int64_t		 created_at, attempts;
};

must_check bool store_mail_add(struct db *tx, const char *id, const char *recipient, const char *subject,
    const char *body, int64_t at, struct err *);
/* Takes the message that is due for longest and puts its next try off, longer each time; *found false: none. */
must_check bool store_mail_claim(struct db *tx, int64_t now, struct arena *, struct mail *, bool *found,
    struct err *);
/* The text goes with the delivery: links in it must not stay readable. */
must_check bool store_mail_sent(struct db *tx, const char *id, int64_t at, struct err *);
/* give_up: no more tries; the text goes. */
must_check bool store_mail_failed(struct db *tx, const char *id, const char *failure, bool give_up, int64_t at,
    struct err *);

#endif
