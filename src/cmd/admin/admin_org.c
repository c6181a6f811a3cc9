/* certmill org: organizations. */
#include <inttypes.h>
#include <string.h>

#include "cmd/admin/admin.h"
#include "cmd/command.h"
#include "domain/account/organization.h"
#include "domain/account/settings.h"
#include "http/json.h"

#define PAGE 500
#define PARAMETERS_MAX 64

static json_t *
organization_json(const struct organization *o)
{
	json_t *parameters = json_loads(o->parameters, 0, NULL), *prefixes = json_loads(o->mac_prefixes, 0, NULL);

	return json_pack("{s:I, s:o, s:s, s:o, s:I, s:o, s:o, s:b, s:I, s:I, s:o}", "id", (json_int_t)o->id, "name",
	    json_text(o->name), "status", o->status, "parameters", parameters == NULL ? json_object() : parameters,
	    "parameters_version", (json_int_t)o->parameters_version, "mac_prefixes",
	    prefixes == NULL ? json_array() : prefixes, "approval_above",
	    o->approval_above < 0 ? json_null() : json_integer((json_int_t)o->approval_above), "passkeys", o->passkeys,
	    "password_min_length", (json_int_t)o->password_min, "invitation_days", (json_int_t)o->invitation_days,
	    "created_at", json_time(o->created_at));
}

/* --parameter NAME=VALUE over what there is; an empty value takes one away.  A new reference, or NULL. */
static bool
parameters_read(struct admin *a, const char *before, json_t **out, struct err *e)
{
	const char *text;

	*out = NULL;
	if (admin_option(a, "parameter", 0) == NULL)
		return true;
	*out = json_loads(before, 0, NULL);
	if (*out == NULL)
		*out = json_object();
	for (size_t i = 0; (text = admin_option(a, "parameter", i)) != NULL; i++) {
		const char *equals = strchr(text, '=');
		char name[64];

		if (equals == NULL || equals == text || (size_t)(equals - text) >= sizeof(name)) {
			json_decref(*out);
			return admin_usage(a, e, "--parameter is NAME=VALUE, not \"%.40s\"", text);
		}
		(void)snprintf(name, sizeof(name), "%.*s", (int)(equals - text), text);
		if (equals[1] == '\0')
			(void)json_object_del(*out, name);
		else
			json_object_set_new(*out, name, json_text(equals + 1));
	}
	return true;
}

static bool
prefixes_read(struct admin *a, struct organization_change *in, struct err *e)
{
	const char **list = arena_array(a->arena, MAC_PREFIXES_MAX, sizeof(*list)), *text;

	for (size_t i = 0; (text = admin_option(a, "mac-prefix", i)) != NULL; i++) {
		if (i == MAC_PREFIXES_MAX)
			return admin_usage(a, e, "at most %d MAC blocks", MAC_PREFIXES_MAX);
		in->set_mac_prefixes = true;
		if (strcmp(text, "none") != 0)
			list[in->mac_prefixes_n++] = text;
	}
	in->mac_prefixes = list;
	return true;
}

static bool
switches_read(struct admin *a, struct organization_change *in, struct err *e)
{
	const char *above = admin_option(a, "approval-above", 0), *passkeys = admin_option(a, "passkeys", 0);
	const char *length = admin_option(a, "password-min", 0), *days = admin_option(a, "invitation-days", 0);

	in->approval_above = -1;
	in->set_approval_above = above != NULL;
	if (above != NULL && strcmp(above, "never") != 0 &&
	    !admin_int(a, "--approval-above", above, 0, INT64_MAX, &in->approval_above, e))
		return false;
	in->set_passkeys = passkeys != NULL;
	in->passkeys = passkeys != NULL && strcmp(passkeys, "on") == 0;
	if (passkeys != NULL && !in->passkeys && strcmp(passkeys, "off") != 0)
		return admin_usage(a, e, "--passkeys is on or off");
	return (length == NULL || admin_int(a, "--password-min", length, PASSWORD_MIN, PASSWORD_MIN_MAX,
	    &in->password_min, e)) && (days == NULL || admin_int(a, "--invitation-days", days, 1, INVITATION_DAYS_MAX,
	    &in->invitation_days, e));
}

static bool
create(struct admin *a, struct err *e)
{
	struct organization_change in = { .name = a->argv[0] };
	struct organization made;
	bool ok;

	if (!parameters_read(a, "{}", &in.parameters, e))
		return false;
	ok = prefixes_read(a, &in, e) &&
	    organization_create(a->app, &a->who, &in, a->arena, &made, &a->faults, e);
	json_decref(in.parameters);
	if (!ok)
		return false;
	admin_say(a, "organization %" PRId64 " is made; certmill org activate %" PRId64
	    " lets its constants into certificates", made.id, made.id);
	return !a->json || admin_print(a, organization_json(&made));
}

static bool
list(struct admin *a, struct err *e)
{
	struct organization_filter f = { .name_part = admin_option(a, "name", 0), .limit = PAGE };
	struct organization *page;
	json_t *items = json_array();
	int64_t total;
	size_t n;

	do {
		if (!organization_search(a->app, &a->who, &f, a->arena, &page, &n, &total, e)) {
			json_decref(items);
			return false;
		}
		for (size_t i = 0; i < n; i++)
			json_array_append_new(items, organization_json(&page[i]));
		f.after_id = n == 0 ? 0 : page[n - 1].id;
	} while (n == PAGE);
	return admin_print_list(a, items,
	    "id:Id name:Name status:Status mac_prefixes:MAC_blocks approval_above:Approval_above created_at:Created");
}

/* An organization proper: the instance is none. */
static bool
named(struct admin *a, struct organization *o, struct err *e)
{
	if (!admin_organization(a, a->argv[0], o, e))
		return false;
	return o->id != 0 || admin_usage(a, e, "the instance itself is no organization");
}

static bool
show(struct admin *a, struct err *e)
{
	struct organization o;

	return named(a, &o, e) && admin_print(a, organization_json(&o));
}

static bool
change(struct admin *a, const struct organization *was, const struct organization_change *in, struct err *e)
{
	struct organization o;

	if (!organization_update(a->app, &a->who, was->id, in, a->arena, &o, &a->faults, e))
		return false;
	if (o.parameters_version != was->parameters_version)
		admin_say(a, "its constants are version %" PRId64 " now; certmill org activate %" PRId64
		    " lets them into certificates", o.parameters_version, o.id);
	return admin_print(a, organization_json(&o));
}

static bool
set(struct admin *a, struct err *e)
{
	struct organization_change in = { .name = admin_option(a, "name", 0) };
	struct organization o;
	bool ok;

	if (a->given_n - (size_t)admin_flag(a, "json") < 2)
		return admin_usage(a, e, "say what to change");
	if (!named(a, &o, e) || !parameters_read(a, o.parameters, &in.parameters, e))
		return false;
	ok = prefixes_read(a, &in, e) && switches_read(a, &in, e) && change(a, &o, &in, e);
	json_decref(in.parameters);
	return ok;
}

static bool
suspend(struct admin *a, struct err *e)
{
	struct organization o;

	return named(a, &o, e) && change(a, &o, &(struct organization_change){ .status = "suspended" }, e);
}

static bool
resume(struct admin *a, struct err *e)
{
	struct organization o;

	return named(a, &o, e) && change(a, &o, &(struct organization_change){ .status = "active" }, e);
}

/* What the signer is to believe of it: signer/docs.h has the form. */
static bool
activate(struct admin *a, struct err *e)
{
	struct organization o;
	json_t *parameters, *doc;
	char *text;
	bool ok;

	if (!named(a, &o, e))
		return false;
	parameters = json_loads(o.parameters, 0, NULL);
	if (parameters == NULL)
		return err_sys(e, "parameters of organization %" PRId64, o.id);
	doc = json_pack("{s:s, s:I, s:I, s:o}", "document", "organization", "id", (json_int_t)o.id, "version",
	    (json_int_t)o.parameters_version, "parameters", parameters);
	text = json_dumps(doc, JSON_COMPACT);
	json_decref(doc);
	ok = text != NULL && admin_document_hand(a, text, strlen(text), e) &&
	    organization_activated(a->app, &a->who, o.id, o.parameters_version, e);
	free(text);
	if (!ok)
		return false;
	admin_say(a, "constants of %s, version %" PRId64 ": %s", o.name, o.parameters_version,
	    admin_option(a, "out", 0) == NULL ? "the signer has them" : "signed");
	return !a->json || admin_print(a, json_pack("{s:I, s:I}", "id", (json_int_t)o.id, "parameters_version",
	    (json_int_t)o.parameters_version));
}

static const struct admin_option create_options[] = {
	{ "parameter", "NAME=VALUE", "a constant that feeds subjects: country, organization_name, ... (again for more)" },
	{ "mac-prefix", "BLOCK", "MAC addresses it may use: 00:1A:2B, 24, 28 or 36 bits (again for more)" },
	{ 0 },
};
static const struct admin_option list_options[] = {
	{ "name", "PART", "with this in the name, any case" },
	{ 0 },
};
static const struct admin_option set_options[] = {
	{ "name", "NAME", "another name" },
	{ "parameter", "NAME=VALUE", "sets a constant; NAME= takes it away (again for more)" },
	{ "mac-prefix", "BLOCK", "all its blocks anew (again for more); none: it has none" },
	{ "approval-above", "N", "orders larger than this need a second person; never: none does" },
	{ "passkeys", "on|off", "whether a passkey may stand for the admin certificate" },
	{ "password-min", "N", "the least length of its users' passwords" },
	{ "invitation-days", "N", "how long an invitation to enrol is good" },
	{ 0 },
};
static const struct admin_action actions[] = {
	{ "create", "NAME", 1, 1, create, "adds an organization", create_options },
	{ "list", "", 0, 0, list, "shows all of them", list_options },
	{ "show", "ORGANIZATION", 1, 1, show, "shows one, by number or name", NULL },
	{ "set", "ORGANIZATION", 1, 1, set, "changes one", set_options },
	{ "suspend", "ORGANIZATION", 1, 1, suspend, "its users and tokens get in no more; what it has stays", NULL },
	{ "resume", "ORGANIZATION", 1, 1, resume, "they get in again", NULL },
	{ "activate", "ORGANIZATION", 1, 1, activate,
	    "signs its constants with an operator's key and hands them to the signer", admin_document_options },
};
static const struct admin_command command = { "org", "Organizations that order certificates.", actions, COUNT(actions),
    false };

int
cmd_org(int argc, char **argv)
{
	return admin_main(&command, argc, argv);
}
