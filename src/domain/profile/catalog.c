#include "domain/profile/catalog.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "domain/audit/audit.h"
#include "domain/profile/profile.h"
#include "store/organization.h"
#include "store/profile.h"
#include "x509/cert.h"

#define SCRATCH_MAX ((size_t)1024 * 1024)

struct work {
	const struct app	*app;
	const struct actor	*who;
	struct arena		*arena;
	struct ecosystem	 ecosystem;
	struct ca		 ca;
	char			 parent_ski[41];
	const char		*json;
	const struct profile	*profile;
	struct catalog_version	 version;
};

static bool
ecosystem_tx(struct db *tx, void *arg, struct err *e)
{
	struct work *q = arg;
	json_t *detail = json_pack("{s:s, s:I}", "name", q->ecosystem.name, "position", (json_int_t)q->ecosystem.position);
	bool ok = store_ecosystem_put(tx, &q->ecosystem, e) &&
	    audit_append(tx, q->who, 0, "ecosystem.set", q->ecosystem.id, detail, e);

	json_decref(detail);
	return ok;
}

static bool
ecosystem_id_ok(const char *id)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";

	return id[0] != '.' && id[0] != '-' && id[0] != '\0' && strlen(id) <= 64 && id[strspn(id, alphabet)] == '\0';
}

bool
catalog_ecosystem(const struct app *app, const struct actor *who, const struct ecosystem *in, struct faults *f,
    struct err *e)
{
	struct work q = { .app = app, .who = who, .ecosystem = *in };
	uint64_t before = f->total;

	if (!actor_may(who, RIGHT_OPERATE, e))
		return false;
	if (!ecosystem_id_ok(in->id))
		fault_add(f, NULL, 0, "id", NULL, "lower-case letters, digits, dots and hyphens, at most 64");
	if (!text_name_ok(in->name, 200))
		fault_add(f, NULL, 0, "name", NULL, "a name is 1 to 200 characters");
	if (in->position < 0 || in->position > ECOSYSTEM_POSITION_MAX)
		fault_add(f, NULL, 0, "position", NULL, "from 0 to %d", ECOSYSTEM_POSITION_MAX);
	if (f->total > before)
		return err_set(e, ERR_INVALID, "ecosystem", "the ecosystem has faults");
	return app_tx(app, DB_WRITE, ecosystem_tx, &q, e);
}

/* The key identifier of the issuer, from the AKI: whose child this certificate is. */
static bool
parent_of(const struct cert *c, char ski[41])
{
	static const uint8_t oid_aki[] = { 0x55, 0x1d, 0x23 };
	struct cert_extension x;

	/* SEQUENCE { [0] keyIdentifier … }, as our own builder and everybody else's write it. */
	if (!cert_extension_find(c, (struct der){ oid_aki, sizeof(oid_aki) }, &x) || x.value.len < 4 ||
	    x.value.p[0] != 0x30 || x.value.p[2] != 0x80 || x.value.p[3] > 20 || (size_t)x.value.p[3] + 4 > x.value.len)
		return false;
	hex_lower(x.value.p + 4, x.value.p[3], ski);
	return true;
}

static bool
ca_tx(struct db *tx, void *arg, struct err *e)
{
	struct work *q = arg;
	struct ca there, parent;
	char object[64];
	bool found;

	if (!store_ca_named(tx, q->ca.name, q->arena, &there, &found, e))
		return false;
	if (found) {
		if (there.der_len == q->ca.der_len && memcmp(there.der, q->ca.der, q->ca.der_len) == 0)
			return true;
		return err_set(e, ERR_CONFLICT, "ca_exists", "there is another CA called \"%s\"", q->ca.name);
	}
	q->ca.parent_id = 0;
	if (q->parent_ski[0] != '\0') {
		if (!store_ca_find(tx, q->parent_ski, q->arena, &parent, &found, e))
			return false;
		if (!found)
			return err_set(e, ERR_INVALID, "ca_parent", "the issuer of \"%s\" is not here; bring it in first", q->ca.name);
		q->ca.parent_id = parent.id;
	}
	(void)snprintf(object, sizeof(object), "ca %s", q->ca.ski);
	return store_counter_take(tx, "ca", 1, &q->ca.id, e) && store_ca_add(tx, &q->ca, e) &&
	    audit_append(tx, q->who, 0, "ca.added", object, NULL, e);
}

bool
catalog_ca(const struct app *app, const struct actor *who, const char *name, const char *label, const char *purpose,
    const uint8_t *der, size_t len, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	OWN_STR struct str serial = { 0 };
	struct work q = { .app = app, .who = who, .arena = a };
	struct issuer issuer;
	struct cert_view view;
	struct cert cert;

	if (!actor_may(who, RIGHT_OPERATE, e) || !issuer_load(der, len, &issuer, e) || !cert_decode(der, len, &cert, e) ||
	    !cert_view(&cert, a, &view, e))
		return false;
	cert_serial_text(cert.serial, &serial);
	if (!issuer.self_signed && !parent_of(&cert, q.parent_ski))
		return err_set(e, ERR_INVALID, "ca_parent", "the certificate of \"%s\" does not say who issued it", name);
	q.ca = (struct ca){ .ski = issuer.id, .name = name, .label = label, .subject = view.subject,
	    .serial_number = serial.p, .der = der, .der_len = len, .purpose = purpose,
	    .not_before = issuer.not_before_s, .not_after = issuer.not_after_s, .created_at = clock_now_s(), .shards = 1 };
	return app_tx(app, DB_WRITE, ca_tx, &q, e);
}

static bool
shards_tx(struct db *tx, void *arg, struct err *e)
{
	struct work *q = arg;
	char object[64];
	json_t *detail;
	struct ca ca;
	bool found, ok;

	if (!store_ca_named(tx, q->ca.name, q->arena, &ca, &found, e))
		return false;
	if (!found)
		return err_set(e, ERR_NOT_FOUND, "ca", "there is no CA \"%.100s\"; see certmill ca list", q->ca.name);
	if (ca.shards == q->ca.shards)
		return true;
	(void)snprintf(object, sizeof(object), "ca %s", ca.ski);
	detail = json_pack("{s:I, s:I}", "from", (json_int_t)ca.shards, "to", (json_int_t)q->ca.shards);
	ok = store_ca_shards(tx, ca.id, q->ca.shards, e) && audit_append(tx, q->who, 0, "ca.shards", object, detail, e);
	json_decref(detail);
	return ok;
}

bool
catalog_ca_shards(const struct app *app, const struct actor *who, const char *name, int64_t shards, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct work q = { .app = app, .who = who, .arena = a, .ca = { .name = name, .shards = shards } };

	if (shards < 1 || shards > CATALOG_SHARDS_MAX)
		return err_set(e, ERR_INVALID, "shards", "a CA has 1 to %d shards", CATALOG_SHARDS_MAX);
	return actor_may(who, RIGHT_OPERATE, e) && app_tx(app, DB_WRITE, shards_tx, &q, e);
}

/* ---- profiles ---- */

static bool
ca_of(struct db *tx, const struct work *q, int64_t *ca_id, struct err *e)
{
	const struct profile_about *about = profile_about(q->profile);
	struct ca ca;
	bool found;

	if (!store_ca_named(tx, about->ca, q->arena, &ca, &found, e))
		return false;
	if (!found)
		return err_set(e, ERR_INVALID, "profile_ca", "profile \"%s\" names the CA \"%s\", which is not here",
		    about->name, about->ca);
	*ca_id = ca.id;
	return true;
}

static bool
profile_tx(struct db *tx, void *arg, struct err *e)
{
	struct work *q = arg;
	const struct profile_about *about = profile_about(q->profile);
	struct profile_row row;
	char object[64], label[96];
	const char *there;
	int64_t ca_id, top;
	bool found;

	q->version = (struct catalog_version){ .profile_id = about->id, .version = about->version };
	if (!ca_of(tx, q, &ca_id, e) || !store_profile_get(tx, about->id, q->arena, &row, &found, e) ||
	    !store_profile_version_max(tx, about->id, &top, e))
		return false;
	if (about->version <= top) {
		if (!store_profile_version_get(tx, about->id, about->version, q->arena, &there, &found, e))
			return false;
		if (found && strcmp(there, q->json) == 0)
			return true;
		return err_set(e, ERR_CONFLICT, "profile_version",
		    "version %lld of profile %lld is another document; the next version is %lld", (long long)about->version,
		    (long long)about->id, (long long)top + 1);
	}
	if (about->version != top + 1)
		return err_set(e, ERR_INVALID, "profile_version", "the next version of profile %lld is %lld",
		    (long long)about->id, (long long)top + 1);
	if (!found) {
		row = (struct profile_row){ .id = about->id, .name = about->name, .ecosystem_id = about->ecosystem,
		    .ca_id = ca_id, .version = about->version, .status = "active", .created_at = clock_now_s() };
		if (!store_profile_add(tx, &row, e) || !store_counter_raise(tx, "profile", about->id, e))
			return false;
	}
	actor_label(q->who, label, sizeof(label));
	(void)snprintf(object, sizeof(object), "profile %lld version %lld", (long long)about->id,
	    (long long)about->version);
	q->version.is_new = true;
	return store_profile_version_add(tx, about->id, about->version, q->json, label, clock_now_s(), e) &&
	    audit_append(tx, q->who, 0, "profile.prepared", object, NULL, e);
}

bool
catalog_profile(const struct app *app, const struct actor *who, const char *json, size_t len, struct arena *a,
    struct catalog_version *out, struct faults *f, struct err *e)
{
	OWN(profile_free) struct profile *p = NULL;
	struct work q = { .app = app, .who = who, .arena = a };

	if (!actor_may(who, RIGHT_OPERATE, e) || !profile_parse(json, len, &p, f, e))
		return false;
	q.json = arena_strndup(a, json, len);
	q.profile = p;
	if (q.json == NULL)
		return err_set(e, ERR_TOO_LARGE, "profile", "the document is too large");
	if (!app_tx(app, DB_WRITE, profile_tx, &q, e))
		return false;
	*out = q.version;
	return true;
}

static bool
activate_tx(struct db *tx, void *arg, struct err *e)
{
	struct work *q = arg;
	const struct profile *p;
	char object[64];
	int64_t ca_id;

	if (!profile_document(q->app, tx, q->version.profile_id, q->version.version, &p, e))
		return false;
	q->profile = p;
	(void)snprintf(object, sizeof(object), "profile %lld version %lld", (long long)q->version.profile_id,
	    (long long)q->version.version);
	return ca_of(tx, q, &ca_id, e) &&
	    store_profile_activate(tx, q->version.profile_id, q->version.version, profile_about(p)->name,
	    profile_about(p)->ecosystem, ca_id, clock_now_s(), e) &&
	    audit_append(tx, q->who, 0, "profile.activated", object, NULL, e);
}

bool
catalog_activate(const struct app *app, const struct actor *who, int64_t profile_id, int64_t version, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct work q = { .app = app, .who = who, .arena = a,
	    .version = { .profile_id = profile_id, .version = version } };

	return actor_may(who, RIGHT_OPERATE, e) && app_tx(app, DB_WRITE, activate_tx, &q, e);
}

/* ---- looking ---- */

struct looking {
	int64_t				 profile_id, version;
	struct arena			*arena;
	struct profile_row		 row;
	struct profile_version_row	*versions;
	size_t				 n;
	const char			*json;
};

static bool
row_find(struct db *db, struct looking *q, struct err *e)
{
	bool found;

	if (!store_profile_get(db, q->profile_id, q->arena, &q->row, &found, e))
		return false;
	return found || err_set(e, ERR_NOT_FOUND, "profile", "no such profile");
}

static bool
versions_tx(struct db *db, void *arg, struct err *e)
{
	struct looking *q = arg;

	return row_find(db, q, e) && store_profile_version_list(db, q->profile_id, q->arena, &q->versions, &q->n, e);
}

static bool
may_look(const struct actor *who, struct err *e)
{
	if (who->role == ROLE_AUDITOR || who->role == ROLE_OPERATOR)
		return true;
	/* To those who order, a profile is what its detail says. */
	return err_set(e, ERR_NOT_FOUND, "profile", "no such profile");
}

bool
catalog_versions(const struct app *app, const struct actor *who, int64_t profile_id, struct arena *a,
    struct profile_row *row, struct profile_version_row **out, size_t *n, struct err *e)
{
	struct looking q = { .profile_id = profile_id, .arena = a };

	if (!may_look(who, e) || !app_tx(app, DB_READ, versions_tx, &q, e))
		return false;
	*row = q.row;
	*out = q.versions;
	*n = q.n;
	return true;
}

static bool
document_tx(struct db *db, void *arg, struct err *e)
{
	struct looking *q = arg;
	int64_t version;
	bool found;

	if (!row_find(db, q, e))
		return false;
	version = q->version == 0 ? q->row.version : q->version;
	if (!store_profile_version_get(db, q->profile_id, version, q->arena, &q->json, &found, e))
		return false;
	return found || err_set(e, ERR_NOT_FOUND, "profile_version", "profile %lld has no version %lld",
	    (long long)q->profile_id, (long long)version);
}

bool
catalog_document(const struct app *app, const struct actor *who, int64_t profile_id, int64_t version, struct arena *a,
    const char **json, struct err *e)
{
	struct looking q = { .profile_id = profile_id, .version = version, .arena = a };

	if (!may_look(who, e) || !app_tx(app, DB_READ, document_tx, &q, e))
		return false;
	*json = q.json;
	return true;
}
