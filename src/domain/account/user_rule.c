#include "domain/account/user_rule.h"

#include "store/user.h"

bool
user_seen(struct db *db, const struct actor *who, int64_t user_id, struct arena *a, struct err *e)
{
	const char *role;

	if (who->role == ROLE_OPERATOR || who->role == ROLE_AUDITOR || (who->user_id == user_id && user_id != 0))
		return true;
	if (!store_membership_role(db, user_id, who->organization_id, a, &role, e))
		return false;
	return role != NULL || err_set(e, ERR_NOT_FOUND, "user", "no such user");
}

bool
user_managed(struct db *db, const struct actor *who, int64_t user_id, struct arena *a, int64_t *home, struct err *e)
{
	struct membership *m;
	size_t n;

	if (!user_seen(db, who, user_id, a, e) || !store_membership_list(db, user_id, a, &m, &n, e))
		return false;
	*home = n == 1 ? m[0].organization_id : 0;
	if (who->rights & RIGHT_OPERATE)
		return true;
	if (n != 1 || m[0].organization_id != who->organization_id)
		return err_set(e, ERR_FORBIDDEN, "shared_account",
		    "this account belongs to other organizations too; only PKI operations may change it");
	return true;
}
