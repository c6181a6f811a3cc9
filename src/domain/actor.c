#include "domain/actor.h"

#include <stdio.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"

const struct actor actor_system = { .username = "system", .role = ROLE_NONE, .rights = 0 };

static const struct {
	enum role	 role;
	const char	*name;
	unsigned	 rights;
} roles[] = {
	{ ROLE_VIEWER, "viewer", RIGHT_VIEW },
	{ ROLE_ORDERER, "orderer", RIGHT_VIEW | RIGHT_ORDER },
	{ ROLE_REVOKER, "revoker", RIGHT_VIEW | RIGHT_REVOKE },
	{ ROLE_ORGANIZATION_ADMIN, "organization_admin",
	    RIGHT_VIEW | RIGHT_ORDER | RIGHT_REVOKE | RIGHT_ADMIN | RIGHT_AUDIT },
	{ ROLE_OPERATOR, "operator",
	    RIGHT_VIEW | RIGHT_REVOKE | RIGHT_ADMIN | RIGHT_OPERATE | RIGHT_AUDIT },
	{ ROLE_AUDITOR, "auditor", RIGHT_VIEW | RIGHT_AUDIT },
};

static const struct {
	unsigned	 right;
	const char	*name;
} rights_table[] = {
	{ RIGHT_VIEW, "view" },
	{ RIGHT_ORDER, "order" },
	{ RIGHT_REVOKE, "revoke" },
	{ RIGHT_ADMIN, "admin" },
	{ RIGHT_OPERATE, "operate" },
	{ RIGHT_AUDIT, "audit" },
};

const char *
role_name(enum role role)
{
	for (size_t i = 0; i < COUNT(roles); i++)
		if (roles[i].role == role)
			return roles[i].name;
	return "none";
}

enum role
role_parse(const char *name)
{
	for (size_t i = 0; i < COUNT(roles); i++)
		if (strcmp(roles[i].name, name) == 0)
			return roles[i].role;
	return ROLE_NONE;
}

unsigned
role_rights(enum role role)
{
	for (size_t i = 0; i < COUNT(roles); i++)
		if (roles[i].role == role)
			return roles[i].rights;
	return 0;
}

const char *
right_name(unsigned right)
{
	for (size_t i = 0; i < COUNT(rights_table); i++)
		if (rights_table[i].right == right)
			return rights_table[i].name;
	return right == RIGHT_PUBLIC ? "public" : "unknown";
}

bool
rights_parse(const char *scopes, unsigned *rights)
{
	unsigned found = 0;

	while (*scopes != '\0') {
		size_t len = strcspn(scopes, " ");
		bool known = false;

		for (size_t i = 0; i < COUNT(rights_table); i++) {
			if (strlen(rights_table[i].name) == len && memcmp(rights_table[i].name, scopes, len) == 0) {
				found |= rights_table[i].right;
				known = true;
			}
		}
		if (!known)
			return false;
		scopes += len;
		scopes += strspn(scopes, " ");
	}
	*rights = found;
	return true;
}

void
actor_label(const struct actor *who, char *out, int cap)
{
	if (who->user_id == 0)
		(void)snprintf(out, (size_t)cap, "%s", who->username);
	else
		(void)snprintf(out, (size_t)cap, "%s #%lld", who->username, (long long)who->user_id);
}

bool
actor_sees(const struct actor *who, int64_t organization_id)
{
	if (who == &actor_system || who->role == ROLE_OPERATOR || who->role == ROLE_AUDITOR)
		return true;
	return who->organization_id == organization_id && organization_id != 0;
}

bool
actor_may(const struct actor *who, unsigned right, struct err *e)
{
	unsigned missing = right & ~who->rights;

	if (missing == 0)
		return true;
	return err_set(e, ERR_FORBIDDEN, "right_missing", "this needs the right \"%s\"",
	    right_name(missing & (~missing + 1)));
}

void
actor_console(struct actor *out)
{
	char host[64] = "localhost";
	const struct passwd *pw = getpwuid(getuid());

	(void)gethostname(host, sizeof(host));
	host[sizeof(host) - 1] = '\0';
	*out = (struct actor){ .role = ROLE_OPERATOR, .rights = role_rights(ROLE_OPERATOR) };
	(void)snprintf(out->username, sizeof(out->username), "%.30s@%.32s", pw == NULL ? "uid" : pw->pw_name, host);
}
