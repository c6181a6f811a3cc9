#include <string.h>

#include "base/own.h"
#include "base/str.h"
#include "x509/profile/pattern.h"
#include "x509/profile/profile_private.h"

#define PROFILE_MEMORY_MAX (8u << 20)

static const char *const method_words[] = { "form", "single", "csr", "csv" };

static const struct reason {
	const char	*name;
	int		 value;
} reasons[] = {
	{ "unspecified", REASON_UNSPECIFIED },
	{ "key_compromise", REASON_KEY_COMPROMISE },
	{ "affiliation_changed", REASON_AFFILIATION_CHANGED },
	{ "superseded", REASON_SUPERSEDED },
	{ "cessation_of_operation", REASON_CESSATION_OF_OPERATION },
	{ "certificate_hold", REASON_CERTIFICATE_HOLD },
	{ "privilege_withdrawn", REASON_PRIVILEGE_WITHDRAWN },
};

int
reason_find(const char *name)
{
	for (size_t i = 0; i < COUNT(reasons); i++)
		if (strcmp(reasons[i].name, name) == 0)
			return reasons[i].value;
	return -1;
}

const char *
reason_name(int value)
{
	for (size_t i = 0; i < COUNT(reasons); i++)
		if (reasons[i].value == value)
			return reasons[i].name;
	return NULL;
}

static void
parse_about(struct parse *c, const json_t *root)
{
	struct profile_about *a = &c->p->about;

	a->id = doc_int(&c->d, root, "id", 1, INT32_MAX, DOC_NEEDED);
	a->version = doc_int(&c->d, root, "version", 1, INT32_MAX, DOC_NEEDED);
	a->name = doc_text(&c->d, root, "name", true, 100);
	a->ecosystem = doc_text(&c->d, root, "ecosystem", true, 40);
	a->description = doc_text(&c->d, root, "description", false, 1000);
	a->ca = doc_text(&c->d, root, "ca", true, 80);
	a->legacy = doc_bool(&c->d, root, "legacy", false);
	a->unverified = doc_text(&c->d, root, "unverified", false, 1000);
	a->methods = doc_words(&c->d, root, "methods", true, method_words, COUNT(method_words));
	a->mac_prefixes = doc_bool(&c->d, root, "mac_prefixes", false);
	if (a->methods == 0)
		doc_fault(&c->d, "methods", "at least one way to order is needed");
}

static void
parse_revocation(struct parse *c, const json_t *root)
{
	static const char *const members[] = { "reasons", "hold", NULL };
	static const char *const usual[] = { "unspecified", "key_compromise", "affiliation_changed",
		"superseded", "cessation_of_operation", "privilege_withdrawn" };
	const json_t *o = doc_object(&c->d, root, "revocation", false);
	struct profile_about *a = &c->p->about;
	size_t at = c->d.path_len;
	unsigned bits = (1u << COUNT(usual)) - 1;

	doc_into(&c->d, "revocation");
	if (o != NULL && doc_members(&c->d, o, members)) {
		if (json_object_get(o, "reasons") != NULL)
			bits = doc_words(&c->d, o, "reasons", true, usual, COUNT(usual));
		a->hold = doc_bool(&c->d, o, "hold", false);
	}
	doc_back(&c->d, at);
	for (size_t i = 0; i < COUNT(usual); i++)
		if (bits >> i & 1)
			a->reasons |= 1u << reason_find(usual[i]);
	if (a->hold)
		a->reasons |= 1u << REASON_CERTIFICATE_HOLD;
}

/* One rule of keys: size for those we make, a range or a curve for CSRs. */
static bool
parse_key(struct parse *c, const json_t *o, bool server, struct profile_key_rule *out)
{
	static const char *const server_members[] = { "algorithm", "size", "curve", NULL };
	static const char *const csr_members[] = { "algorithm", "size", "min_size", "max_size", "curve",
		NULL };
	static const char *const algorithms[] = { "RSA", "EC" }, *const curves[] = { "P-256", "P-384",
		"P-521" };
	static const unsigned curve_bits[] = { 256, 384, 521 };
	bool exact = json_object_get(o, "size") != NULL;
	int a, k;

	if (!doc_members(&c->d, o, server ? server_members : csr_members))
		return false;
	a = doc_word(&c->d, o, "algorithm", true, algorithms, 2);
	if (a == 1) {
		k = doc_word(&c->d, o, "curve", true, curves, server ? 2 : 3);
		if (exact || json_object_get(o, "min_size") != NULL || json_object_get(o, "max_size") != NULL)
			doc_fault(&c->d, NULL, "an EC key has a curve, no size");
		if (k >= 0)
			*out = (struct profile_key_rule){ KEY_EC, curve_bits[k], curve_bits[k] };
		return k >= 0;
	}
	if (json_object_get(o, "curve") != NULL)
		doc_fault(&c->d, "curve", "an RSA key has a size, no curve");
	out->algorithm = KEY_RSA;
	if (server || exact) {
		out->bits_min = out->bits_max = (unsigned)doc_int(&c->d, o, "size", 1024, 16384, DOC_NEEDED);
		if (server && out->bits_min != 1024 && out->bits_min != 2048 && out->bits_min != 3072 &&
		    out->bits_min != 4096)
			doc_fault(&c->d, "size", "keys are made with 1024, 2048, 3072 or 4096 bits");
		if (exact &&
		    (json_object_get(o, "min_size") != NULL || json_object_get(o, "max_size") != NULL))
			doc_fault(&c->d, "size", "stands alone, or min_size and max_size do");
	} else {
		out->bits_min = (unsigned)doc_int(&c->d, o, "min_size", 1024, 16384, DOC_NEEDED);
		out->bits_max = (unsigned)doc_int(&c->d, o, "max_size", out->bits_min, 16384,
		    8192 > out->bits_min ? 8192 : out->bits_min);
	}
	return a >= 0;
}

static void
parse_keys(struct parse *c, const json_t *root)
{
	static const char *const members[] = { "server", "csr", "csr_sha1", NULL };
	const json_t *o = doc_object(&c->d, root, "keys", true), *list, *one;
	struct profile *p = c->p;
	struct profile_key_rule rule;
	size_t i, at = c->d.path_len;

	doc_into(&c->d, "keys");
	if (o == NULL || !doc_members(&c->d, o, members))
		goto out;
	list = doc_array(&c->d, o, "server", false, 1, COUNT(p->server_keys));
	json_array_foreach((json_t *)list, i, one) {
		size_t here = c->d.path_len;

		doc_into(&c->d, "server");
		doc_into_index(&c->d, i);
		rule = (struct profile_key_rule){ 0 };
		if (parse_key(c, one, true, &rule))
			p->server_keys[p->n_server_keys++] =
			    (struct key_type){ rule.algorithm, rule.bits_min };
		doc_back(&c->d, here);
	}
	list = doc_array(&c->d, o, "csr", false, 1, COUNT(p->csr_keys));
	json_array_foreach((json_t *)list, i, one) {
		size_t here = c->d.path_len;

		doc_into(&c->d, "csr");
		doc_into_index(&c->d, i);
		rule = (struct profile_key_rule){ 0 };
		if (parse_key(c, one, false, &rule))
			p->csr_keys[p->n_csr_keys++] = rule;
		doc_back(&c->d, here);
	}
	p->csr_sha1 = doc_bool(&c->d, o, "csr_sha1", false);
	if ((p->about.methods & METHOD_CSR) && p->n_csr_keys == 0)
		doc_fault(&c->d, "csr", "is needed, for the method csr is allowed");
	if ((p->about.methods & ~(unsigned)METHOD_CSR) && p->n_server_keys == 0)
		doc_fault(&c->d, "server", "is needed, for keys are made here");
out:
	doc_back(&c->d, at);
}

/* Outdated algorithms are marked, so that nobody orders them unknowingly. */
static void
parse_signature(struct parse *c, const json_t *root)
{
	struct profile *p = c->p;
	const char *name = doc_text(&c->d, root, "signature", true, 40);
	bool old = p->csr_sha1;

	p->signature = name == NULL ? SIGNATURE_NONE : signature_algorithm_find(name);
	if (name != NULL && p->signature == SIGNATURE_NONE)
		doc_fault(&c->d, "signature",
		    "must be shaNNNWithRSAEncryption (1, 256, 384, 512) or ecdsa-with-SHANNN");
	old = old || p->signature == SIGNATURE_RSA_SHA1;
	for (size_t i = 0; i < p->n_server_keys; i++)
		old = old || (p->server_keys[i].algorithm == KEY_RSA && p->server_keys[i].bits < 2048);
	for (size_t i = 0; i < p->n_csr_keys; i++)
		old = old || (p->csr_keys[i].algorithm == KEY_RSA && p->csr_keys[i].bits_min < 2048);
	if (old && !p->about.legacy)
		doc_fault(&c->d, "legacy", "must be true: SHA-1, or RSA keys below 2048 bits");
}

static void
parse_validity(struct parse *c, const json_t *root)
{
	static const char *const members[] = { "days", "until", "backdate_seconds", "nest_in_issuer", NULL };
	const json_t *o = doc_object(&c->d, root, "validity", true);
	struct profile_validity *v = &c->p->validity;
	size_t at = c->d.path_len;
	const char *until;
	struct der_reader r;

	doc_into(&c->d, "validity");
	if (o == NULL || !doc_members(&c->d, o, members))
		goto out;
	until = doc_text(&c->d, o, "until", false, 20);
	if ((until == NULL) == (json_object_get(o, "days") == NULL)) {
		doc_fault(&c->d, NULL, "needs either days or until");
		goto out;
	}
	if (until == NULL) {
		v->days = doc_int(&c->d, o, "days", 1, 36525, DOC_NEEDED);
	} else {	/* 20491231235959Z or 99991231235959Z: as it stands in the certificate */
		uint8_t der[24] = { DER_GEN_TIME, 15 };

		memcpy(der + 2, until, strlen(until) < 16 ? strlen(until) : 16);
		if (strlen(until) == 15 && memcmp(until, "2050", 4) < 0 && memcmp(until, "20", 2) == 0) {
			der[0] = DER_UTC_TIME;
			der[1] = 13;
			memmove(der + 2, der + 4, 13);
		}
		r = der_reader(der, 2u + der[1]);
		if (strlen(until) != 15 || !der_get_time(&r, &v->until_s))
			doc_fault(&c->d, "until", "must be a time from 2000 on as YYYYMMDDhhmmssZ");
	}
	v->backdate_s = doc_int(&c->d, o, "backdate_seconds", 0, 86400 * 7, 0);
	v->nest = doc_bool(&c->d, o, "nest_in_issuer", true);
out:
	doc_back(&c->d, at);
}

static void
parse_download(struct parse *c, const json_t *root)
{
	static const char *const members[] = { "formats", "p12_mode", "p12_iterations", "p12_salt",
	    "password_min_length", "days_to_live", NULL };
	static const char *const formats[] = { "p12", "pem", "der", "factory_flat", "factory_folder" };
	static const char *const modes[] = { "modern", "compatible" }, *const salts[] = { "batch", "device" };
	const json_t *o = doc_object(&c->d, root, "download", false);
	struct profile_download *d = &c->p->download;
	size_t at = c->d.path_len;
	int k;

	*d = (struct profile_download){ FORMAT_P12, P12_WANT_MODERN, 2048, true, 8, 90 };
	if (o == NULL)
		return;
	doc_into(&c->d, "download");
	if (doc_members(&c->d, o, members)) {
		unsigned f = doc_words(&c->d, o, "formats", false, formats, COUNT(formats));

		if (f != 0)
			d->formats = f;
		if (json_object_get(o, "p12_mode") != NULL &&
		    (k = doc_word(&c->d, o, "p12_mode", true, modes, 2)) >= 0)
			d->p12_mode = (enum p12_mode_wanted)k;
		if (json_object_get(o, "p12_salt") != NULL)
			d->p12_salt_batch = doc_word(&c->d, o, "p12_salt", true, salts, 2) != 1;
		d->p12_iterations = doc_int(&c->d, o, "p12_iterations", 1024, 5000000, d->p12_iterations);
		d->password_min = doc_int(&c->d, o, "password_min_length", 1, 64, d->password_min);
		d->days_to_live = doc_int(&c->d, o, "days_to_live", 1, 3660, d->days_to_live);
	}
	doc_back(&c->d, at);
}

static void
parse_root(struct parse *c, const json_t *root)
{
	static const char *const members[] = { "$schema", "id", "version", "name", "ecosystem", "description",
		"ca", "legacy", "unverified", "methods", "keys", "signature", "subject", "validity",
		"extensions", "inputs", "unique", "mac_prefixes", "download", "revocation", NULL };

	if (!doc_members(&c->d, root, members))
		return;
	parse_about(c, root);
	parse_keys(c, root);
	parse_signature(c, root);
	parse_validity(c, root);
	parse_download(c, root);
	parse_revocation(c, root);
	if (!parse_inputs(c, root))	/* before what refers to them */
		return;
	parse_unique(c, root);
	if (parse_subject(c, root))
		(void)parse_extensions(c, root);
	if (c->p->about.mac_prefixes) {
		bool any = false;

		for (size_t i = 0; i < c->p->n_inputs; i++)
			any = any || c->p->inputs[i].type == INPUT_MAC_ADDRESS ||
			      c->p->inputs[i].type == INPUT_EUI64;
		if (!any)
			doc_fault(&c->d, "mac_prefixes", "no input is an address");
	}
}

bool
profile_parse(const char *json, size_t len, struct profile **out, struct faults *faults, struct err *e)
{
	struct parse c = { .d = { .faults = faults } };
	OWN(profile_free) struct profile *p = NULL;
	json_t *root;

	if (!doc_load(json, len, PROFILE_JSON_MAX, &root, e))
		return false;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		abort();
	p->arena = arena_new(PROFILE_MEMORY_MAX);
	c.p = p;
	c.d.arena = p->arena;
	p->json = arena_strndup(p->arena, json, len);
	p->json_len = len;
	parse_root(&c, root);
	json_decref(root);
	if (c.d.bad == 0)
		profile_describe(&c);
	if (c.d.bad != 0)
		return err_set(e, ERR_INVALID, "profile_invalid", "the profile has %zu fault%s", c.d.bad,
		    c.d.bad == 1 ? "" : "s");
	*out = give(p);
	return true;
}

void
profile_free(struct profile *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; p->patterns != NULL && i < PROFILE_INPUTS_MAX; i++)
		pattern_free(p->patterns[i]);
	for (size_t i = 0; p->rdn_patterns != NULL && i < p->n_rdns; i++)
		pattern_free(p->rdn_patterns[i]);
	arena_free(p->arena);
	free(p);
}
