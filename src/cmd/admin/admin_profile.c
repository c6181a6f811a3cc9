/* certmill profile: what can be ordered; documents are brought in here and made true by an operator's key. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/admin/admin.h"
#include "cmd/command.h"
#include "domain/profile/catalog.h"
#include "domain/profile/profile.h"
#include "http/json.h"

#define DOCUMENT_MAX ((size_t)1024 * 1024)

static bool
ecosystem(struct admin *a, struct err *e)
{
	const char *position = admin_option(a, "position", 0);
	struct ecosystem in = { .id = a->argv[0], .name = admin_option(a, "name", 0), .position = ECOSYSTEM_POSITION };

	if (in.name == NULL)
		return admin_usage(a, e, "an ecosystem needs --name NAME");
	return (position == NULL || admin_int(a, "--position", position, 0, ECOSYSTEM_POSITION_MAX, &in.position, e)) &&
	    catalog_ecosystem(a->app, &a->who, &in, &a->faults, e);
}

static bool
ecosystems(struct admin *a, struct err *e)
{
	struct ecosystem *list;
	json_t *items;
	size_t n;

	if (!ecosystem_list(a->app, &a->who, a->arena, &list, &n, e))
		return false;
	items = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(items, json_pack("{s:s, s:s, s:I}", "id", list[i].id, "name", list[i].name, "position",
		    (json_int_t)list[i].position));
	return admin_print_list(a, items, "id:Id name:Name position:Position");
}

static bool
import(struct admin *a, struct err *e)
{
	json_t *items = json_array();

	for (int i = 0; i < a->argc; i++) {
		OWN_STR struct str text = { 0 };
		struct catalog_version v;

		if (!admin_file(a->argv[i], DOCUMENT_MAX, &text, e) || !catalog_profile(a->app, &a->who,
		    text.p == NULL ? "" : text.p, text.len, a->arena, &v, &a->faults, e)) {
			json_decref(items);
			return err_in(e, "%s", a->argv[i]);
		}
		json_array_append_new(items, json_pack("{s:s, s:I, s:I, s:b}", "file", a->argv[i], "id",
		    (json_int_t)v.profile_id, "version", (json_int_t)v.version, "new", v.is_new));
	}
	return admin_print_list(a, items, "id:Id version:Version new:New file:File");
}

static bool
version_read(struct admin *a, int64_t *version, struct err *e)
{
	const char *text = admin_option(a, "version", 0);

	*version = 0;
	return text == NULL || admin_int(a, "--version", text, 1, INT64_MAX, version, e);
}

/* The newest version unless one is named: signed, in the signer's hands, then ordered from now on. */
static bool
activate(struct admin *a, struct err *e)
{
	struct profile_version_row *versions;
	struct profile_row row;
	const char *json;
	int64_t id, version;
	size_t n;

	if (!version_read(a, &version, e) || !admin_profile(a, a->argv[0], &id, e) ||
	    !catalog_versions(a->app, &a->who, id, a->arena, &row, &versions, &n, e))
		return false;
	if (version == 0)
		version = versions[0].version;
	if (!catalog_document(a->app, &a->who, id, version, a->arena, &json, e) ||
	    !admin_document_hand(a, json, strlen(json), e))
		return false;
	if (admin_option(a, "out", 0) != NULL && !admin_flag(a, "activate")) {
		admin_say(a, "signed; once every signer has it: certmill profile activate %" PRId64 " --version %" PRId64
		    " --out FILE --activate", id, version);
		return true;
	}
	if (!catalog_activate(a->app, &a->who, id, version, e))
		return false;
	admin_say(a, "profile %" PRId64 ", version %" PRId64 ": ordered from now on", id, version);
	return !a->json || admin_print(a, json_pack("{s:I, s:I}", "id", (json_int_t)id, "version", (json_int_t)version));
}

static bool
list(struct admin *a, struct err *e)
{
	struct profile_ref *profiles;
	json_t *items;
	size_t n;

	if (!profile_list(a->app, &a->who, admin_option(a, "ecosystem", 0), a->arena, &profiles, &n, e))
		return false;
	items = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(items, json_pack("{s:I, s:o, s:s, s:o, s:I, s:s}", "id",
		    (json_int_t)profiles[i].row.id, "name", json_text(profiles[i].row.name), "ecosystem",
		    profiles[i].row.ecosystem_id, "ca", json_text(profiles[i].ca->label), "version",
		    (json_int_t)profiles[i].row.version, "status", profiles[i].row.status));
	return admin_print_list(a, items, "id:Id name:Name ecosystem:Ecosystem version:Version status:Status ca:CA");
}

static bool
show(struct admin *a, struct err *e)
{
	struct profile_version_row *versions;
	struct profile_row row;
	const char *json;
	json_t *items;
	int64_t id, version;
	size_t n;

	if (!version_read(a, &version, e) || !admin_profile(a, a->argv[0], &id, e))
		return false;
	if (admin_flag(a, "document")) {
		if (!catalog_document(a->app, &a->who, id, version, a->arena, &json, e))
			return false;
		(void)fputs(json, stdout);
		return true;
	}
	if (!catalog_versions(a->app, &a->who, id, a->arena, &row, &versions, &n, e))
		return false;
	items = json_array();
	for (size_t i = 0; i < n; i++)
		if (version == 0 || versions[i].version == version)
			json_array_append_new(items, json_pack("{s:I, s:b, s:o, s:o, s:o}", "version",
			    (json_int_t)versions[i].version, "active", versions[i].version == row.version, "created_at",
			    json_time(versions[i].created_at), "created_by", json_text(versions[i].created_by), "activated_at",
			    json_time_or_null(versions[i].activated_at)));
	return admin_print_list(a, items,
	    "version:Version active:Active created_at:Brought_in created_by:By activated_at:Activated");
}

static const struct admin_option ecosystem_options[] = {
	{ "name", "NAME", "as people read it" },
	{ "position", "N", "its place in lists" },
	{ 0 },
};
static const struct admin_option list_options[] = {
	{ "ecosystem", "ID", "of this one" },
	{ 0 },
};
static const struct admin_option show_options[] = {
	{ "document", NULL, "the document itself, of the active version" },
	{ "version", "N", "of this version" },
	{ 0 },
};
static const struct admin_option activate_options[] = {
	{ "version", "N", "this version; the newest when left out" },
	{ "key", "FILE", "the operator's private key (PKCS#8, PEM or DER); DIR/operator/operator.key by default" },
	{ "certificate", "FILE", "its certificate; by default the one of the signer's operators that fits" },
	{ "out", "FILE", "write the signed document there, for signers on other hosts; orders keep the old version" },
	{ "activate", NULL, "with --out: orders take the new version now" },
	{ 0 },
};
static const struct admin_action actions[] = {
	{ "list", "", 0, 0, list, "shows profiles", list_options },
	{ "show", "PROFILE", 1, 1, show, "shows a profile's versions, by number or name", show_options },
	{ "ecosystem", "ID", 1, 1, ecosystem, "adds an ecosystem, or names it anew", ecosystem_options },
	{ "ecosystems", "", 0, 0, ecosystems, "shows ecosystems", NULL },
	{ "import", "FILE...", 1, 16, import, "checks documents and keeps them as prepared versions", NULL },
	{ "activate", "PROFILE", 1, 1, activate,
	    "signs a version with an operator's key, hands it to the signer, and orders take it from now on",
	    activate_options },
};
static const struct admin_command command = { "profile", "Certificate profiles.", actions, COUNT(actions), false };

int
cmd_profile(int argc, char **argv)
{
	return admin_main(&command, argc, argv);
}
