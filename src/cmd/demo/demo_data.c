/* What stands in the store of a demo, and the documents its signer believes. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/demo/demo.h"
#include "domain/actor.h"
#include "domain/profile/catalog.h"
#include "domain/account/organization.h"
#include "domain/quota/quota.h"
#include "domain/account/token.h"
#include "domain/account/user.h"
#include "x509/cert.h"
#include "x509/seal.h"

#define TRIAL_QUOTA 100
#define QUOTA 100000
#define FILES_MAX 64

static const struct {
	const char	*name, *parameters;
} organizations[] = {
	{ "Acme Broadband Devices",
	    "{\"country\":\"US\",\"organization_name\":\"Acme Broadband Devices\",\"manufacturing_location\":\"Denver\"}" },
	{ "Nordlicht Modems GmbH",
	    "{\"country\":\"DE\",\"organization_name\":\"Nordlicht Modems GmbH\",\"manufacturing_location\":\"Kiel\"}" },
};
static const char *const prefixes[] = { "00:1A:2B", "00:1D:D1" };

static const struct {
	const char	*username, *full_name;
	enum role	 role;
	int		 organization;		/* index, -1: the instance */
} people[] = {
	{ "acme-admin",		"Ada Admin",		ROLE_ORGANIZATION_ADMIN, 0 },
	{ "acme-orderer",	"Otto Orderer",		ROLE_ORDERER, 0 },
	{ "acme-revoker",	"Rita Revoker",		ROLE_REVOKER, 0 },
	{ "acme-viewer",	"Vera Viewer",		ROLE_VIEWER, 0 },
	{ "nordlicht-admin",	"Arne Admin",		ROLE_ORGANIZATION_ADMIN, 1 },
	{ "nordlicht-orderer",	"Olga Orderer",		ROLE_ORDERER, 1 },
	{ "nordlicht-revoker",	"Ralf Revoker",		ROLE_REVOKER, 1 },
	{ "nordlicht-viewer",	"Viktor Viewer",	ROLE_VIEWER, 1 },
	{ "operator",		"Petra Operations",	ROLE_OPERATOR, -1 },
	{ "auditor",		"Axel Auditor",		ROLE_AUDITOR, -1 },
};

struct filling {
	struct demo		*d;
	struct actor		 console;
	struct faults		 faults;
	int64_t			 organization_ids[COUNT(organizations)];
	int64_t			 profiles[FILES_MAX * DEMO_PACKS_MAX];
	bool			 trial[FILES_MAX * DEMO_PACKS_MAX];
	size_t			 profiles_n;
};

/* Signs a document with the operator's key into the signer's folder. */
static bool
document_sign(struct demo *d, const char *folder, int64_t id, int64_t version, const char *doc, struct err *e)
{
	OWN_STR struct str cms = { 0 };
	char path[128];

	(void)snprintf(path, sizeof(path), "signer/%s/%lld-%lld.cms", folder, (long long)id, (long long)version);
	return signed_doc_make(d->operator_key,
	    (struct der){ (const uint8_t *)d->operator_cert.p, d->operator_cert.len }, doc, strlen(doc), &cms, e) &&
	    demo_write(d, path, cms.p, cms.len, e);
}

/* ---- packs ---- */

static const char *
purpose_name(const char *pack, enum ca_purpose purpose)
{
	if (strcmp(pack, "internal") == 0)
		return "internal";
	return purpose == CA_ROOT ? "root" : purpose == CA_INTERMEDIATE ? "intermediate" : "issuing";
}

static bool
cas_add(struct filling *f, const char *pack, const struct hierarchy *h, struct err *e)
{
	size_t n;
	const struct ca_plan *cas = hierarchy_cas(h, &n);

	for (size_t i = 0; i < n; i++) {
		OWN_STR struct str pem = { 0 };
		char path[DEMO_PATH];
		uint8_t der[CERT_DER_MAX];
		size_t len;

		if (snprintf(path, sizeof(path), "%s/signer/ca/%s.pem", f->d->making, cas[i].id) >= (int)sizeof(path))
			return err_sys(e, "name too long");
		if (!demo_read(path, &pem, e) || !pem_decode(pem.p, pem.len, "CERTIFICATE", der, sizeof(der), &len, e) ||
		    !catalog_ca(f->d->app, &f->console, cas[i].id, cas[i].label, purpose_name(pack, cas[i].purpose), der,
		    len, e))
			return err_in(e, "CA %s", cas[i].id);
	}
	return true;
}

static bool
hierarchy_add(struct filling *f, const char *pack, struct err *e)
{
	OWN(hierarchy_free) struct hierarchy *h = NULL;
	OWN_STR struct str json = { 0 };
	struct ecosystem in = { 0 };
	char path[DEMO_PATH];

	if (snprintf(path, sizeof(path), "%s/%s/hierarchy.json", f->d->share, pack) >= (int)sizeof(path))
		return err_sys(e, "name too long");
	if (!demo_read(path, &json, e) || !hierarchy_parse(json.p, json.len, &h, &f->faults, e))
		return false;
	in = (struct ecosystem){ hierarchy_ecosystem(h), hierarchy_name(h), hierarchy_position(h) };
	return catalog_ecosystem(f->d->app, &f->console, &in, &f->faults, e) && cas_add(f, pack, h, e);
}

static bool
profile_add(struct filling *f, const char *pack, const char *file, struct err *e)
{
	OWN_STR struct str json = { 0 };
	struct catalog_version v;
	char path[DEMO_PATH];

	if (snprintf(path, sizeof(path), "%s/%s/%s", f->d->share, pack, file) >= (int)sizeof(path))
		return err_sys(e, "name too long");
	if (!demo_read(path, &json, e) ||
	    !catalog_profile(f->d->app, &f->console, json.p, json.len, f->d->arena, &v, &f->faults, e) ||
	    !document_sign(f->d, "profiles", v.profile_id, v.version, json.p, e) ||
	    !catalog_activate(f->d->app, &f->console, v.profile_id, v.version, e))
		return err_in(e, "%s", path);
	if (strcmp(pack, "internal") != 0) {
		f->trial[f->profiles_n] = strstr(file, "trial") != NULL;
		f->profiles[f->profiles_n++] = v.profile_id;
	}
	return true;
}

static bool
packs_add(struct filling *f, struct err *e)
{
	char *packs[DEMO_PACKS_MAX], *files[FILES_MAX];
	size_t packs_n, n;

	if (!demo_names(f->d->share, f->d->arena, packs, DEMO_PACKS_MAX, &packs_n, e))
		return false;
	/* All hierarchies first: a profile may name a CA of another pack. */
	for (size_t i = 0; i < packs_n; i++)
		if (!str_ends(packs[i], ".json") && !hierarchy_add(f, packs[i], e))
			return false;
	for (size_t i = 0; i < packs_n; i++) {
		char dir[DEMO_PATH];

		if (str_ends(packs[i], ".json"))
			continue;
		if (snprintf(dir, sizeof(dir), "%s/%s", f->d->share, packs[i]) >= (int)sizeof(dir))
			return err_sys(e, "name too long");
		if (!demo_names(dir, f->d->arena, files, FILES_MAX, &n, e))
			return false;
		for (size_t k = 0; k < n; k++)
			if (str_ends(files[k], ".json") && strcmp(files[k], "hierarchy.json") != 0 &&
			    !profile_add(f, packs[i], files[k], e))
				return false;
	}
	return true;
}

/* ---- organizations and people ---- */

static bool
organization_add(struct filling *f, size_t i, struct err *e)
{
	json_t *parameters = json_loads(organizations[i].parameters, 0, NULL), *doc;
	const char *blocks[COUNT(prefixes)];
	struct organization_change in = { .name = organizations[i].name, .parameters = parameters,
	    .mac_prefixes = blocks, .mac_prefixes_n = COUNT(prefixes), .set_mac_prefixes = true };
	struct organization o;
	char *text;
	bool ok;

	memcpy(blocks, prefixes, sizeof(blocks));
	ok = organization_create(f->d->app, &f->console, &in, f->d->arena, &o, &f->faults, e);
	if (ok) {
		f->organization_ids[i] = o.id;
		doc = json_pack("{s:s, s:I, s:I, s:O}", "document", "organization", "id", (json_int_t)o.id, "version",
		    (json_int_t)o.parameters_version, "parameters", parameters);
		text = json_dumps(doc, JSON_COMPACT);
		ok = document_sign(f->d, "organizations", o.id, o.parameters_version, text, e);
		free(text);
		json_decref(doc);
	}
	json_decref(parameters);
	for (size_t k = 0; ok && k < f->profiles_n; k++) {
		struct quota after;

		ok = grant_put(f->d->app, &f->console, o.id, f->profiles[k], e) &&
		    quota_top_up(f->d->app, &f->console, o.id, f->profiles[k], f->trial[k] ? TRIAL_QUOTA : QUOTA,
		    "first allocation", &after, e);
	}
	return ok;
}

static bool
person_add(struct filling *f, size_t i, struct err *e)
{
	struct demo_user *u = &f->d->users[f->d->users_n];
	char email[96];
	OWN(secret_free) struct secret *password = secret_from(f->d->password, strlen(f->d->password));
	struct user_new in = { .username = people[i].username, .full_name = people[i].full_name, .email = email,
	    .role = people[i].role, .organization_id = people[i].organization < 0 ? 0
	    : f->organization_ids[people[i].organization] };
	struct actor there = f->console;
	struct token_new want = { .name = "demo", .rights = role_rights(people[i].role),
	    .expires_at = clock_now_s() + (int64_t)365 * 86400 };
	struct user made;
	struct token token;

	(void)snprintf(email, sizeof(email), "%s@demo.example", people[i].username);
	there.organization_id = in.organization_id;
	if (!user_create(f->d->app, &f->console, &in, f->d->arena, &made, &f->faults, e) ||
	    !user_set_password(f->d->app, &f->console, made.id, password, e))
		return false;
	want.user_id = made.id;
	if (!token_create(f->d->app, &there, &want, f->d->arena, &token, u->token, e))
		return false;
	u->username = people[i].username;
	u->role = role_name(people[i].role);
	u->organization = people[i].organization < 0 ? "" : organizations[people[i].organization].name;
	u->id = made.id;
	u->organization_id = in.organization_id;
	f->d->users_n++;
	return true;
}

bool
demo_data(struct demo *d, struct err *e)
{
	struct filling *f = arena_alloc(d->arena, sizeof(*f));

	f->d = d;
	f->faults.arena = d->arena;
	actor_console(&f->console);
	if (!packs_add(f, e)) {
		if (f->faults.n > 0)
			(void)err_in(e, "%s: %s", f->faults.list[0].field == NULL ? "" : f->faults.list[0].field,
			    f->faults.list[0].message);
		return false;
	}
	for (size_t i = 0; i < COUNT(organizations); i++)
		if (!organization_add(f, i, e))
			return err_in(e, "%s", organizations[i].name);
	for (size_t i = 0; i < COUNT(people); i++)
		if (!person_add(f, i, e))
			return err_in(e, "%s", people[i].username);
	return true;
}
