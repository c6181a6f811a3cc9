#include "domain/profile/catalog_sample.h"

#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "domain/profile/catalog.h"
#include "store/organization.h"
#include "store/profile.h"
#include "x509/keypair.h"
#include "x509/tbs.h"

#define SIGNATURE_MAX 512

struct sample {
	const struct app	*app;
	struct arena		*arena;
	struct faults		*faults;
	const struct profile	*doc;
	int64_t			 organization_id;
	const json_t		*given;
	json_t			*used;
	struct ca		 ca;
	struct issuer		 issuer;
	const char		*constants;	/* JSON of the organization's, or NULL */
	struct tbs_in		 in;
	struct keypair		 keys;
};

/* ---- what it is made of ---- */

static bool
look_tx(struct db *db, void *arg, struct err *e)
{
	struct sample *s = arg;
	struct organization o;
	bool found;

	if (!store_ca_named(db, profile_about(s->doc)->ca, s->arena, &s->ca, &found, e))
		return false;
	if (!found) {
		fault_add(s->faults, NULL, 0, "ca", profile_about(s->doc)->ca, "there is no such CA");
		return err_set(e, ERR_INVALID, "profile_ca", "the profile names the CA \"%s\", which is not here",
		    profile_about(s->doc)->ca);
	}
	if (s->organization_id == 0)
		return true;
	if (!store_organization_get(db, s->organization_id, s->arena, &o, e))
		return false;
	s->constants = o.parameters;
	return true;
}

/* A value that fits most profiles, where nobody's real one is asked for. */
static const char *
made_up(const char *name)
{
	if (strstr(name, "country") != NULL)
		return "US";
	return strstr(name, "location") != NULL ? "Denver CO" : "Example Organization";
}

static bool
constants_take(struct sample *s, struct err *e)
{
	size_t n;
	const struct profile_parameter *p = profile_parameters(s->doc, &n);
	json_t *object = s->constants == NULL ? json_object() : json_loads(s->constants, 0, NULL);

	for (size_t i = 0; i < n && i < PROFILE_INPUTS_MAX; i++) {
		const char *value = json_string_value(json_object_get(object, p[i].name));
		char why[INPUT_WHY_MAX];

		if (value == NULL && s->constants == NULL)
			value = made_up(p[i].name);
		if (value == NULL ? p[i].required : !profile_parameter_ok(s->doc, i, value, why))
			fault_add(s->faults, NULL, 0, "organization_id", value, "the constant \"%s\" %s", p[i].name,
			    value == NULL ? "is missing" : "does not fit: name an organization whose constant does");
		s->in.organization[i] = value == NULL ? NULL : arena_strdup(s->arena, value);
	}
	json_decref(object);
	return s->faults->total == 0 || err_set(e, ERR_INVALID, "sample", "constants are missing for a sample");
}

static const char *
example(const struct profile_input *in)
{
	if (in->placeholder != NULL)
		return in->placeholder;
	if (in->default_value != NULL)
		return in->default_value;
	if (in->type == INPUT_MAC_ADDRESS)
		return "00:00:5E:00:53:01";	/* for documentation (RFC 9542) */
	if (in->type == INPUT_EUI64)
		return "00:00:5E:EF:10:00:00:01";
	return in->n_choices > 0 ? in->choices[0] : NULL;
}

static bool
inputs_take(struct sample *s, struct err *e)
{
	size_t n;
	const struct profile_input *in = profile_inputs(s->doc, &n);
	const char *name;
	const json_t *v;
	json_t *given = (json_t *)(uintptr_t)s->given;

	json_object_foreach(given, name, v)
		if (profile_input_find(s->doc, name) < 0)
			fault_add(s->faults, NULL, 0, arena_printf(s->arena, "inputs.%.100s", name), NULL,
			    "the profile has no such input");
	for (size_t i = 0; i < n; i++) {
		const char *raw = json_string_value(json_object_get(given, in[i].name));
		char why[INPUT_WHY_MAX], *value = arena_alloc(s->arena, INPUT_VALUE_MAX);
		const char *field = arena_printf(s->arena, "inputs.%.100s", in[i].name);

		if (raw == NULL)
			raw = example(&in[i]);
		if (raw == NULL || raw[0] == '\0') {
			if (in[i].required)
				fault_add(s->faults, NULL, 0, field, NULL, "needs a sample value");
			continue;
		}
		if (value == NULL || field == NULL)
			return err_set(e, ERR_TOO_LARGE, "sample", "no room for a sample");
		if (!input_normalize(&in[i], raw, strlen(raw), value, why)) {
			fault_add(s->faults, NULL, 0, field, raw, "%s", why);
			continue;
		}
		s->in.inputs[i] = value;
		if (value[0] != '\0')
			(void)json_object_set_new(s->used, in[i].name, json_string(value));
	}
	return s->faults->total == 0 || err_set(e, ERR_INVALID, "sample", "the sample's inputs are wrong");
}

static bool
key_take(struct sample *s, struct key_type *type, struct err *e)
{
	OWN(keymaker_free) struct keymaker *maker = keymaker_new(RSAGEN_FAST);
	size_t n;
	const struct key_type *types = profile_server_keys(s->doc, &n);

	if (n > 0) {
		*type = types[0];
	} else {
		const struct profile_key_rule *rules = profile_csr_keys(s->doc, &n);

		*type = (struct key_type){ .algorithm = rules[0].algorithm, .bits = rules[0].bits_min };
	}
	if (!keypair_make(maker, *type, &s->keys, e))
		return false;
	s->in.spki = (struct der){ s->keys.spki, s->keys.spki_len };
	return true;
}

/* ---- the certificate ---- */

/* As many zeros as a signature has octets, in the form that readers expect. */
static struct der
no_signature(const struct issuer *issuer, uint8_t buf[SIGNATURE_MAX])
{
	static const uint8_t ecdsa[] = { 0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00 };

	if (issuer->key.algorithm == KEY_EC)
		return (struct der){ ecdsa, sizeof(ecdsa) };
	memset(buf, 0, SIGNATURE_MAX);
	return (struct der){ buf, issuer->key.bits / 8 < SIGNATURE_MAX ? issuer->key.bits / 8 : SIGNATURE_MAX };
}

static bool
certificate_make(struct sample *s, struct catalog_sample *out, struct err *e)
{
	const struct tbs_site site = { .public_url = s->app->public_url, .shards = (unsigned)s->ca.shards };
	OWN(tbs_template_free) struct tbs_template *t = NULL;
	uint8_t buf[TBS_MAX], zeros[SIGNATURE_MAX], *whole = arena_alloc(s->arena, TBS_MAX + SIGNATURE_MAX + 64);
	OWN_STR struct str pem = { 0 };
	struct der tbs, signature = no_signature(&s->issuer, zeros), der;
	struct cert c;

	if (whole == NULL)
		return err_set(e, ERR_TOO_LARGE, "sample", "no room for a sample");
	cert_serial_make(s->in.serial);
	if (!tbs_template_new(s->doc, &s->issuer, &site, &t, e) ||
	    !profile_dates(s->doc, clock_now_s(), s->issuer.not_before_s, s->issuer.not_after_s, &s->in.not_before_s,
	    &s->in.not_after_s, e) ||
	    !tbs_build(t, &s->in, buf, sizeof(buf), &tbs, e) ||
	    !cert_assemble(tbs, profile_signature(s->doc), signature.p, signature.len, whole,
	    TBS_MAX + SIGNATURE_MAX + 64, &der, e) ||
	    !cert_decode(der.p, der.len, &c, e) || !cert_view(&c, s->arena, &out->view, e))
		return false;
	pem_encode("CERTIFICATE", der.p, der.len, &pem);
	out->pem = arena_strndup(s->arena, pem.p, pem.len);
	return out->pem != NULL || err_set(e, ERR_TOO_LARGE, "sample", "no room for a sample");
}

bool
catalog_sample(const struct app *app, const struct actor *who, const char *json, size_t len, int64_t organization_id,
    const json_t *inputs, struct arena *a, struct catalog_sample *out, struct faults *f, struct err *e)
{
	OWN(profile_free) struct profile *p = NULL;
	struct sample s = { .app = app, .arena = a, .faults = f, .organization_id = organization_id, .given = inputs };
	bool ok;

	*out = (struct catalog_sample){ 0 };
	if (!actor_may(who, RIGHT_OPERATE, e) || !profile_parse(json, len, &p, f, e))
		return false;
	s.doc = p;
	s.used = json_object();
	ok = app_tx(app, DB_READ, look_tx, &s, e) && issuer_load(s.ca.der, s.ca.der_len, &s.issuer, e) &&
	    constants_take(&s, e) && inputs_take(&s, e) && key_take(&s, &out->key, e) && certificate_make(&s, out, e);
	keypair_clear(&s.keys);
	if (!ok) {
		json_decref(s.used);
		return false;
	}
	out->inputs = s.used;
	return true;
}

/* ---- changes ---- */

static void
change_add(json_t *out, const char *path, const json_t *before, const json_t *after)
{
	json_t *b = before == NULL ? json_null() : json_deep_copy(before);
	json_t *n = after == NULL ? json_null() : json_deep_copy(after);

	json_array_append_new(out, json_pack("{s:s, s:o, s:o}", "path", path, "before", b, "after", n));
}

static void changes(json_t *out, const char *path, const json_t *before, const json_t *after);

static void
changes_object(json_t *out, const char *path, json_t *before, json_t *after)
{
	const char *name;
	json_t *v;

	json_object_foreach(before, name, v) {
		OWN_STR struct str at = { 0 };

		str_addf(&at, "%s%s%s", path, path[0] == '\0' ? "" : ".", name);
		changes(out, at.p, v, json_object_get(after, name));
	}
	json_object_foreach(after, name, v) {
		OWN_STR struct str at = { 0 };

		if (json_object_get(before, name) != NULL)
			continue;
		str_addf(&at, "%s%s%s", path, path[0] == '\0' ? "" : ".", name);
		changes(out, at.p, NULL, v);
	}
}

static void
changes(json_t *out, const char *path, const json_t *before, const json_t *after)
{
	if (before != NULL && after != NULL && json_equal(before, after))
		return;
	if (json_is_object(before) && json_is_object(after)) {
		changes_object(out, path, (json_t *)(uintptr_t)before, (json_t *)(uintptr_t)after);
		return;
	}
	if (json_is_array(before) && json_is_array(after)) {
		size_t n = json_array_size(before), m = json_array_size(after);

		for (size_t i = 0; i < (n > m ? n : m); i++) {
			OWN_STR struct str at = { 0 };

			str_addf(&at, "%s[%zu]", path, i);
			changes(out, at.p, json_array_get(before, i), json_array_get(after, i));
		}
		return;
	}
	change_add(out, path, before, after);
}

bool
catalog_changes(const char *before, const char *after, json_t **out, struct err *e)
{
	json_t *b = json_loads(before, 0, NULL), *a = json_loads(after, 0, NULL);
	bool ok = b != NULL && a != NULL;

	if (ok) {
		*out = json_array();
		changes(*out, "", b, a);
	}
	json_decref(b);
	json_decref(a);
	return ok || err_sys(e, "a profile document cannot be read");
}
