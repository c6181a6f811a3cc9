/* certmill ca: certificate authorities, as the store knows them; certmill-signer makes them. */
#include <string.h>

#include "base/clock.h"
#include "cmd/admin/admin.h"
#include "cmd/command.h"
#include "domain/certificate/authority.h"
#include "domain/profile/catalog.h"
#include "http/json.h"
#include "x509/cert.h"

static json_t *
authority_json(const struct admin *a, const struct authority_view *v)
{
	char key[24];
	json_t *profiles = json_array();

	for (size_t i = 0; i < v->profiles_n; i++)
		json_array_append_new(profiles, json_integer((json_int_t)v->profiles[i]->id));
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:I}", "id", v->ca.ski, "name",
	    v->ca.name, "purpose", v->ca.purpose, "label", json_text(v->ca.label), "subject", json_text(v->ca.subject),
	    "issuer", json_text(v->issuer), "serial_number", v->ca.serial_number, "parent_id", json_text(v->parent_ski),
	    "key", key_type_text(v->key, key), "not_before", json_time(v->ca.not_before), "not_after",
	    json_time(v->ca.not_after), "profiles", profiles, "certificate_url",
	    json_sprintf("%s/ca/%s.cer", a->app->public_url, v->ca.ski), "crl_url",
	    json_sprintf("%s/crl/%s.crl", a->app->public_url, v->ca.ski), "shards", (json_int_t)v->ca.shards);
}

static bool
list(struct admin *a, struct err *e)
{
	struct authority_view *all;
	json_t *items;
	size_t n;

	if (!authority_list(a->app, &a->who, true, a->arena, &all, &n, e))
		return false;
	items = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(items, authority_json(a, &all[i]));
	return admin_print_list(a, items,
	    "name:Name purpose:Purpose key:Key not_after:Until profiles:Profiles id:Key_identifier");
}

static bool
show(struct admin *a, struct err *e)
{
	struct authority_view *all;
	size_t n;

	if (!authority_list(a->app, &a->who, true, a->arena, &all, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		OWN_STR struct str pem = { 0 };

		if (strcmp(all[i].ca.name, a->argv[0]) != 0 && strcmp(all[i].ca.ski, a->argv[0]) != 0)
			continue;
		if (!admin_flag(a, "pem"))
			return admin_print(a, authority_json(a, &all[i]));
		pem_encode("CERTIFICATE", all[i].ca.der, all[i].ca.der_len, &pem);
		(void)fputs(pem.p, stdout);
		return true;
	}
	return err_set(e, ERR_NOT_FOUND, "ca", "there is no CA \"%.100s\"; see certmill ca list", a->argv[0]);
}

static bool
add(struct admin *a, struct err *e)
{
	const char *label = admin_option(a, "label", 0), *purpose = admin_option(a, "purpose", 0);
	OWN_STR struct str der = { 0 };

	if (purpose == NULL || (strcmp(purpose, "root") != 0 && strcmp(purpose, "intermediate") != 0 &&
	    strcmp(purpose, "issuing") != 0))
		return admin_usage(a, e, "--purpose is root, intermediate or issuing");
	return admin_certificate(a->argv[1], &der, e) && catalog_ca(a->app, &a->who, a->argv[0],
	    label == NULL ? a->argv[0] : label, purpose, (const uint8_t *)der.p, der.len, e);
}

static bool
shards(struct admin *a, struct err *e)
{
	uint64_t n;

	if (!parse_u64(a->argv[1], CATALOG_SHARDS_MAX, &n) || n == 0)
		return admin_usage(a, e, "N is 1 to 256");
	return catalog_ca_shards(a->app, &a->who, a->argv[0], (int64_t)n, e);
}

static const struct admin_option show_options[] = {
	{ "pem", NULL, "its certificate" },
	{ 0 },
};
static const struct admin_option add_options[] = {
	{ "label", "TEXT", "as the portal shows it" },
	{ "purpose", "PURPOSE", "root, intermediate or issuing" },
	{ 0 },
};
static const struct admin_action actions[] = {
	{ "list", "", 0, 0, list, "shows certificate authorities", NULL },
	{ "show", "CA", 1, 1, show, "shows one, by name or key identifier", show_options },
	{ "add", "NAME FILE", 2, 2, add,
	    "brings in a CA's certificate under the name that profiles use; its issuer comes first", add_options },
	{ "shards", "NAME N", 2, 2, shards,
	    "spreads new certificates over N revocation lists; signer.conf comes first", NULL },
};
static const struct admin_command command = { "ca", "Certificate authorities.", actions, COUNT(actions), false };

int
cmd_ca(int argc, char **argv)
{
	return admin_main(&command, argc, argv);
}
