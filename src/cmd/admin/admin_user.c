/* certmill user: accounts, their roles, passwords and admin certificates. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "cmd/admin/admin.h"
#include "cmd/command.h"
#include "cmd/prompt.h"
#include "domain/account/enrolment.h"
#include "domain/account/user.h"
#include "http/json.h"

#define PAGE 500
#define NARROW_MAX 200

static json_t *
membership_json(const struct membership *m)
{
	json_t *profiles = m->profile_ids_n == 0 ? json_null() : json_array();

	for (size_t i = 0; i < m->profile_ids_n; i++)
		json_array_append_new(profiles, json_integer((json_int_t)m->profile_ids[i]));
	return json_pack("{s:o, s:s, s:o}", "organization", json_text(m->organization_id == 0 ? "the instance"
	    : m->organization_name), "role", m->role, "profile_ids", profiles);
}

static json_t *
user_json(const struct user *u, const struct membership *m, size_t n)
{
	json_t *list = json_array(), *roles = json_array();

	for (size_t i = 0; i < n; i++) {
		json_array_append_new(list, membership_json(&m[i]));
		json_array_append_new(roles, json_sprintf("%s:%s", m[i].organization_id == 0 ? "instance"
		    : m[i].organization_name, m[i].role));
	}
	return json_pack("{s:I, s:s, s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:o}", "id", (json_int_t)u->id, "username",
	    u->username, "full_name", json_text(u->full_name), "email", json_text(u->email), "status", u->status, "service",
	    u->service, "roles", roles, "memberships", list, "created_at", json_time(u->created_at), "last_login_at",
	    json_time_or_null(u->last_login_at));
}

static bool
show_one(struct admin *a, const struct user *u, struct err *e)
{
	struct membership *m;
	json_t *o;
	size_t n;

	if (!user_memberships(a->app, &a->who, u->id, a->arena, &m, &n, e))
		return false;
	o = user_json(u, m, n);
	if (!a->json)
		(void)json_object_del(o, "memberships");
	return admin_print(a, o);
}

static bool
role_read(struct admin *a, const char *text, enum role *role, struct err *e)
{
	*role = text == NULL ? ROLE_NONE : role_parse(text);
	return *role != ROLE_NONE || admin_usage(a, e,
	    "a role is viewer, orderer, revoker, organization_admin, operator or auditor");
}

static bool
organization_read(struct admin *a, int64_t *id, struct err *e)
{
	const char *text = admin_option(a, "org", 0);
	struct organization o;

	*id = 0;
	if (text == NULL)
		return true;
	if (!admin_organization(a, text, &o, e))
		return false;
	*id = o.id;
	return true;
}

static bool
create(struct admin *a, struct err *e)
{
	struct user_new in = { .username = a->argv[0], .full_name = admin_option(a, "name", 0),
	    .email = admin_option(a, "email", 0), .service = admin_flag(a, "service"), .invite = admin_flag(a, "invite") };
	struct user made;

	if (in.full_name == NULL || in.email == NULL)
		return admin_usage(a, e, "a user needs --name, --email and --role");
	return role_read(a, admin_option(a, "role", 0), &in.role, e) && organization_read(a, &in.organization_id, e) &&
	    user_create(a->app, &a->who, &in, a->arena, &made, &a->faults, e) && show_one(a, &made, e);
}

static bool
list(struct admin *a, struct err *e)
{
	struct user_filter f = { .organization_id = -1, .role = admin_option(a, "role", 0),
	    .username_part = admin_option(a, "username", 0), .limit = PAGE };
	enum role role;
	struct user_row *page;
	json_t *items = json_array();
	int64_t total;
	size_t n;
	bool ok = (f.role == NULL || role_read(a, f.role, &role, e)) &&
	    (admin_option(a, "org", 0) == NULL || organization_read(a, &f.organization_id, e));

	do {
		ok = ok && user_search(a->app, &a->who, &f, a->arena, &page, &n, &total, e);
		if (!ok) {
			json_decref(items);
			return false;
		}
		for (size_t i = 0; i < n; i++)
			json_array_append_new(items, user_json(&page[i].user, page[i].memberships, page[i].memberships_n));
		if (n > 0) {
			f.after_id = page[n - 1].user.id;
			f.after_username = page[n - 1].user.username;
		}
	} while (n == PAGE);
	return admin_print_list(a, items,
	    "id:Id username:Username full_name:Name status:Status roles:Roles last_login_at:Last_log-in");
}

static bool
show(struct admin *a, struct err *e)
{
	struct user u;

	return admin_user(a, a->argv[0], &u, e) && show_one(a, &u, e);
}

static bool
change(struct admin *a, const struct user_change *in, struct err *e)
{
	struct user u, now;

	return admin_user(a, a->argv[0], &u, e) &&
	    user_update(a->app, &a->who, u.id, in, a->arena, &now, &a->faults, e) && show_one(a, &now, e);
}

static bool
set(struct admin *a, struct err *e)
{
	struct user_change in = { .full_name = admin_option(a, "name", 0), .email = admin_option(a, "email", 0) };

	if (in.full_name == NULL && in.email == NULL)
		return admin_usage(a, e, "say what to change: --name or --email");
	return change(a, &in, e);
}

static bool
disable(struct admin *a, struct err *e)
{
	return change(a, &(struct user_change){ .status = "disabled" }, e);
}

static bool
enable(struct admin *a, struct err *e)
{
	return change(a, &(struct user_change){ .status = "active" }, e);
}

static bool
password(struct admin *a, struct err *e)
{
	OWN(secret_free) struct secret *first = NULL, *again = NULL;
	const char *file = admin_option(a, "password-file", 0);
	static const char otherwise[] = "name --password-file FILE, or - for standard input";
	struct user u;

	if (!admin_user(a, a->argv[0], &u, e) || !prompt_secret("New password", file, otherwise, &first, e))
		return false;
	if (file == NULL) {
		if (!prompt_secret("The same again", NULL, otherwise, &again, e))
			return false;
		if (!secret_equal(first, again->p, again->len))
			return err_set(e, ERR_INVALID, "password", "the two passwords differ; nothing was changed");
	}
	if (!user_set_password(a->app, &a->who, u.id, first, e))
		return false;
	admin_say(a, "the password of %s is set; sessions and tokens have ended", u.username);
	return true;
}

/* ---- roles ---- */

static bool
profiles_read(struct admin *a, struct membership_new *in, struct err *e)
{
	int64_t *ids = arena_array(a->arena, NARROW_MAX, sizeof(*ids));
	const char *text;
	size_t n = 0;

	while ((text = admin_option(a, "profile", n)) != NULL) {
		if (n == NARROW_MAX)
			return admin_usage(a, e, "too many profiles");
		if (!admin_profile(a, text, &ids[n++], e))
			return false;
	}
	in->profile_ids = n == 0 ? NULL : ids;
	in->profile_ids_n = n;
	return true;
}

static bool
role(struct admin *a, struct err *e)
{
	struct membership_new in = { 0 };
	struct user u;

	if (!admin_user(a, a->argv[0], &u, e) || !organization_read(a, &in.organization_id, e))
		return false;
	in.user_id = u.id;
	if (admin_flag(a, "end")) {
		if (a->argc > 1)
			return admin_usage(a, e, "--end takes no role");
		return membership_drop(a->app, &a->who, u.id, in.organization_id, e) && show_one(a, &u, e);
	}
	return role_read(a, a->argc > 1 ? a->argv[1] : NULL, &in.role, e) && profiles_read(a, &in, e) &&
	    membership_set(a->app, &a->who, &in, &a->faults, e) && show_one(a, &u, e);
}

/* ---- admin certificates ---- */

static bool
certificates_show(struct admin *a, const struct user *u, struct err *e)
{
	struct user_certificate *list_of;
	json_t *items = json_array();
	size_t n;

	if (!user_certificates(a->app, &a->who, u->id, a->arena, &list_of, &n, e)) {
		json_decref(items);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		char hex[65];

		hex_lower(list_of[i].sha256, sizeof(list_of[i].sha256), hex);
		json_array_append_new(items, json_pack("{s:s, s:o, s:s, s:o, s:o, s:o}", "sha256", hex, "subject",
		    json_text(list_of[i].subject), "serial_number", list_of[i].serial_number, "not_after",
		    json_time(list_of[i].not_after), "created_at", json_time(list_of[i].created_at), "revoked_at",
		    json_time_or_null(list_of[i].revoked_at)));
	}
	return admin_print_list(a, items,
	    "serial_number:Serial_number subject:Subject not_after:Until revoked_at:Revoked sha256:SHA-256");
}

static bool
certificate_revoke(struct admin *a, const struct user *u, const char *hex, struct err *e)
{
	uint8_t sha256[32];

	if (!hex_decode(hex, strlen(hex), sha256, sizeof(sha256)))
		return admin_usage(a, e, "--revoke takes the SHA-256 that the list shows");
	return user_certificate_revoke(a->app, &a->who, u->id, sha256, e);
}

static bool
certificate(struct admin *a, struct err *e)
{
	const char *add = admin_option(a, "add", 0), *gone = admin_option(a, "revoke", 0);
	OWN_STR struct str der = { 0 };
	struct user u;

	if (!admin_user(a, a->argv[0], &u, e))
		return false;
	if (add != NULL && (!admin_certificate(add, &der, e) ||
	    !user_certificate_register(a->app, &a->who, u.id, (const uint8_t *)der.p, der.len, e)))
		return false;
	if (gone != NULL && !certificate_revoke(a, &u, gone, e))
		return false;
	if (admin_flag(a, "invite")) {
		struct invitation made;
		char until[TIME_TEXT_LEN];

		if (!invitation_send(a->app, &a->who, u.id, &made, e))
			return false;
		time_text(made.expires_at, until);
		admin_say(a, "a mail with a link, good until %s, is on its way to %s", until, u.email);
	}
	return certificates_show(a, &u, e);
}

static const struct admin_option create_options[] = {
	{ "name", "NAME", "the person, or what the program is for" },
	{ "email", "ADDRESS", "where mail goes" },
	{ "role", "ROLE", "viewer, orderer, revoker, organization_admin, operator, auditor" },
	{ "org", "ORGANIZATION", "by number or name; left out: the instance (operator, auditor)" },
	{ "service", NULL, "a program, not a person" },
	{ "invite", NULL, "with the mail goes a one-time link to get an admin certificate" },
	{ 0 },
};
static const struct admin_option list_options[] = {
	{ "org", "ORGANIZATION", "of this one; 0: of the instance" },
	{ "role", "ROLE", "with this role" },
	{ "username", "PART", "with this in the username" },
	{ 0 },
};
static const struct admin_option set_options[] = {
	{ "name", "NAME", "another full name" },
	{ "email", "ADDRESS", "another mail address" },
	{ 0 },
};
static const struct admin_option password_options[] = {
	{ "password-file", "FILE|-", "its first line; asked for on the terminal when left out" },
	{ 0 },
};
static const struct admin_option role_options[] = {
	{ "org", "ORGANIZATION", "where; left out: the instance" },
	{ "profile", "PROFILE", "narrowed to these profiles (again for more); left out: all" },
	{ "end", NULL, "takes the user out of the organization" },
	{ 0 },
};
static const struct admin_option certificate_options[] = {
	{ "add", "FILE", "registers this certificate (PEM or DER)" },
	{ "revoke", "SHA256", "revokes one of those listed" },
	{ "invite", NULL, "mails a one-time link to get one" },
	{ 0 },
};
static const struct admin_action actions[] = {
	{ "create", "USERNAME", 1, 1, create, "adds a user; people get a mail with their username", create_options },
	{ "list", "", 0, 0, list, "shows users", list_options },
	{ "show", "USER", 1, 1, show, "shows one, by number or username", NULL },
	{ "set", "USER", 1, 1, set, "changes one", set_options },
	{ "disable", "USER", 1, 1, disable, "no log-in any more; sessions and tokens end", NULL },
	{ "enable", "USER", 1, 1, enable, "may log in again", NULL },
	{ "password", "USER", 1, 1, password, "sets the password", password_options },
	{ "role", "USER [ROLE]", 1, 2, role, "gives a role in an organization", role_options },
	{ "certificate", "USER", 1, 1, certificate, "shows admin certificates; adds, revokes or invites to one", certificate_options },
};
static const struct admin_command command = { "user", "Accounts of people and programs.", actions, COUNT(actions), false };

int
cmd_user(int argc, char **argv)
{
	return admin_main(&command, argc, argv);
}
