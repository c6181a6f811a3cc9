#include "domain/mail.h"

#include <string.h>

#include "base/clock.h"
#include "base/rand.h"
#include "store/mail.h"

bool
mail_address_ok(const char *s)
{
	size_t len = strlen(s);
	const char *at = strchr(s, '@');

	if (len < 3 || len > 254 || at == NULL || at == s || at[1] == '\0' || strchr(at + 1, '@') != NULL)
		return false;
	for (const unsigned char *p = (const unsigned char *)s; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("<>\"(),:;[]\\", *p) != NULL)
			return false;
	return true;
}

bool
mail_queue(struct db *tx, const char *recipient, const char *subject, const char *body, struct err *e)
{
	char id[33];

	rand_id(id);
	return store_mail_add(tx, id, recipient, subject, body, clock_now_s(), e);
}

#define TRIES_MAX 55		/* about two days */

struct work {
	struct arena		*arena;
	struct mail		 mail;
	bool			 found;
	const struct mail	*done;
	const char		*why;
};

static bool
next_tx(struct db *tx, void *arg, struct err *e)
{
	struct work *q = arg;

	return store_mail_claim(tx, clock_now_s(), q->arena, &q->mail, &q->found, e);
}

bool
mail_next(const struct app *app, struct arena *a, struct mail *out, bool *found, struct err *e)
{
	struct work q = { .arena = a };

	if (!app_tx(app, DB_WRITE, next_tx, &q, e))
		return false;
	*out = q.mail;
	*found = q.found;
	return true;
}

static bool
delivered_tx(struct db *tx, void *arg, struct err *e)
{
	const struct work *q = arg;

	return store_mail_sent(tx, q->done->id, clock_now_s(), e);
}

bool
mail_delivered(const struct app *app, const struct mail *m, struct err *e)
{
	struct work q = { .done = m };

	return app_tx(app, DB_WRITE, delivered_tx, &q, e);
}

static bool
refused_tx(struct db *tx, void *arg, struct err *e)
{
	const struct work *q = arg;

	return store_mail_failed(tx, q->done->id, q->why, q->done->attempts >= TRIES_MAX, clock_now_s(), e);
}

bool
mail_refused(const struct app *app, const struct mail *m, const char *why, struct err *e)
{
	struct work q = { .done = m, .why = why };

	return app_tx(app, DB_WRITE, refused_tx, &q, e);
}
