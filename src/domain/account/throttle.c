#include "domain/account/throttle.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/own.h"
#include "store/session.h"

#define PAUSE_MAX_S (15 * 60)
#define QUIET_S (15 * 60)
#define PAUSE_MIN_S 30

static const struct rule {
	const char	*prefix;
	int64_t		 free;		/* failures without a pause */
} by_name = { "user:", 10 }, by_address = { "address:", 300 };

static void
subject(const struct rule *rule, const char *who, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%s%s", rule->prefix, who);
}

static bool
check_one(struct db *db, const struct rule *rule, const char *who, int64_t now, struct err *e)
{
	char key[300];
	struct login_failure f;

	subject(rule, who, key, sizeof(key));
	if (!store_login_failure_get(db, key, &f, e))
		return false;
	if (f.blocked_until <= now)
		return true;
	(void)err_set(e, ERR_LIMIT, "login_throttled", "too many failed log-ins; try again later");
	e->retry_after_s = (int)(f.blocked_until - now);
	return false;
}

static bool
failed_one(struct db *tx, const struct rule *rule, const char *who, int64_t now, struct err *e)
{
	char key[300];
	struct login_failure f;

	subject(rule, who, key, sizeof(key));
	if (!store_login_failure_get(tx, key, &f, e))
		return false;
	if (f.last_at < now - QUIET_S)
		f.failures = 0;
	f.failures++;
	f.last_at = now;
	if (f.failures >= rule->free) {
		int64_t over = f.failures - rule->free;
		int64_t pause = over > 5 ? PAUSE_MAX_S : (int64_t)PAUSE_MIN_S << over;

		f.blocked_until = now + (pause > PAUSE_MAX_S ? PAUSE_MAX_S : pause);
	}
	return store_login_failure_put(tx, key, &f, e);
}

bool
throttle_check(struct db *db, const char *username, bool exempt, const char *address, struct err *e)
{
	int64_t now = clock_now_s();

	return (exempt || check_one(db, &by_name, username, now, e)) &&
	    (address[0] == '\0' || check_one(db, &by_address, address, now, e));
}

bool
throttle_failed(struct db *tx, const char *username, bool exempt, const char *address, struct err *e)
{
	int64_t now = clock_now_s();

	return (exempt || failed_one(tx, &by_name, username, now, e)) &&
	    (address[0] == '\0' || failed_one(tx, &by_address, address, now, e));
}

bool
throttle_succeeded(struct db *tx, const char *username, struct err *e)
{
	char key[300];

	subject(&by_name, username, key, sizeof(key));
	return store_login_failure_drop(tx, key, e);
}
