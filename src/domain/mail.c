#include "domain/mail.h"

#include <string.h>

#include "base/clock.h"
#include "base/rand.h"
#include "store/session.h"

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
