/* Profile documents: what is refused, where the fault is said to lie, and what the views say. */
#include <jansson.h>
#include <string.h>

#include "base/own.h"
#include "check.h"
#include "x509/tbs.h"
#include "x509_make.h"

static const char base[] =
    "{\"id\":1,\"version\":1,\"name\":\"T\",\"ecosystem\":\"t\",\"ca\":\"c\",\"methods\":[\"form\",\"csr\"],"
    "\"keys\":{\"server\":[{\"algorithm\":\"EC\",\"curve\":\"P-256\"}],\"csr\":[{\"algorithm\":\"EC\","
    "\"curve\":\"P-256\"}]},"
    "\"signature\":\"ecdsa-with-SHA256\","
    "\"subject\":[{\"type\":\"C\",\"from\":\"organization\",\"name\":\"country\"},"
    "{\"type\":\"CN\",\"from\":\"input\",\"name\":\"mac_address\"}],"
    "\"validity\":{\"days\":10},"
    "\"extensions\":[{\"type\":\"keyUsage\",\"usages\":[\"digitalSignature\"]},{\"type\":"
    "\"authorityKeyIdentifier\"}],"
    "\"inputs\":[{\"name\":\"mac_address\",\"title\":\"MAC\",\"type\":\"mac_address\",\"generators\":["
    "\"none\",\"mac\"]}],"
    "\"unique\":[\"mac_address\"]}";

/* The base document with one member replaced ("subject.1.max_length"), added, or removed (value NULL). */
static char *
changed(const char *path, const char *value)
{
	json_t *root = json_loads(base, 0, NULL), *at = root;
	char copy[100], *step, *next, *rest = NULL, *text;
	json_t *v = value == NULL ? NULL : json_loads(value, JSON_DECODE_ANY, NULL);

	(void)snprintf(copy, sizeof(copy), "%s", path);
	for (step = strtok_r(copy, ".", &rest); step != NULL; step = next) {
		next = strtok_r(NULL, ".", &rest);
		if (next == NULL && json_is_array(at))
			(void)(v == NULL ? json_array_remove(at, strtoul(step, NULL, 10)) :
			    strtoul(step, NULL, 10) < json_array_size(at) ?
			    json_array_set(at, strtoul(step, NULL, 10), v) : json_array_append(at, v));
		else if (next == NULL)
			(void)(v == NULL ? json_object_del(at, step) : json_object_set(at, step, v));
		else
			at = json_is_array(at) ? json_array_get(at, strtoul(step, NULL, 10))
					       : json_object_get(at, step);
	}
	text = json_dumps(root, JSON_COMPACT);
	json_decref(v);
	json_decref(root);
	return text;
}

static void
refused(const char *path, const char *value, const char *fault_at)
{
	OWN(arena_free) struct arena *a = arena_new(1 << 16);
	struct faults f = { .arena = a };
	struct profile *p = NULL;
	struct err e = { 0 };
	char *text = changed(path, value);
	bool said = false, ok = profile_parse(text, strlen(text), &p, &f, &e);

	CHECK(!ok, "%s = %s is taken", path, value == NULL ? "nothing" : value);
	for (size_t i = 0; i < f.n; i++)
		said = said || strcmp(f.list[i].field, fault_at) == 0;
	CHECK(ok || said, "%s = %s: no fault at %s but at %s (%s)", path, value == NULL ? "nothing" : value,
	    fault_at, f.n > 0 ? f.list[0].field : "-", f.n > 0 ? f.list[0].message : e.msg);
	profile_free(p);
	free(text);
}

static void
taken(const char *path, const char *value)
{
	OWN(arena_free) struct arena *a = arena_new(1 << 16);
	struct faults f = { .arena = a };
	OWN(profile_free) struct profile *p = NULL;
	struct err e = { 0 };
	char *text = changed(path, value);
	bool ok = profile_parse(text, strlen(text), &p, &f, &e);

	CHECK(ok, "%s = %s: %s: %s", path, value, f.n > 0 ? f.list[0].field : "-",
	    f.n > 0 ? f.list[0].message : e.msg);
	free(text);
}

static void
whole_documents(void)
{
	static const struct { const char *text; enum err_kind kind;
	} cases[] = {
		{ "", ERR_MALFORMED },
		{ "[]", ERR_MALFORMED },
		{ "{", ERR_MALFORMED },
		{ "{\"id\":1,\"id\":2}", ERR_MALFORMED },
		{ "{}", ERR_INVALID },
		{ "{\"a\\u0000b\":1}", ERR_MALFORMED },
		{ "null", ERR_MALFORMED },
	};
	static char big[PROFILE_JSON_MAX + 2];
	struct profile *p = NULL;
	struct err e = { 0 };

	for (size_t i = 0; i < COUNT(cases); i++) {
		OWN(arena_free) struct arena *a = arena_new(1 << 16);
		struct faults f = { .arena = a };

		CHECK(!profile_parse(cases[i].text, strlen(cases[i].text), &p, &f, &e) &&
			  e.kind == cases[i].kind,
		    "%s: %s", cases[i].text, err_kind_name(e.kind));
	}
	memset(big, ' ', sizeof(big) - 1);
	CHECK(!profile_parse(big, sizeof(big) - 1, &p, NULL, &e) && e.kind == ERR_TOO_LARGE,
	    "a large document");
}

static void
members(void)
{
	refused("colour", "1", "colour");
	refused("id", "\"1\"", "id");
	refused("id", "0", "id");
	refused("name", NULL, "name");
	refused("name", "\"\"", "name");
	refused("name", "\"a\\u0007\"", "name");
	refused("methods", "[]", "methods");
	refused("methods", "[\"fax\"]", "methods");
	refused("methods", "[\"form\",\"form\"]", "methods");
	refused("signature", "\"md5WithRSAEncryption\"", "signature");
	refused("keys", "{}", "keys.server");
	refused("keys.csr.0.curve", "\"P-224\"", "keys.csr[0].curve");
	refused("keys.csr.0.size", "256", "keys.csr[0]");
	refused("keys.server", "[{\"algorithm\":\"RSA\",\"size\":2000}]", "keys.server[0].size");
	refused("keys.server", "[{\"algorithm\":\"RSA\",\"size\":1024}]", "legacy");
	refused("validity", "{}", "validity");
	refused("validity", "{\"days\":1,\"until\":\"99991231235959Z\"}", "validity");
	refused("validity.days", "0", "validity.days");
	refused("validity", "{\"until\":\"2049-12-31\"}", "validity.until");
	refused("validity", "{\"until\":\"20490230000000Z\"}", "validity.until");
	refused("unique", "[\"serial\"]", "unique");
	refused("mac_prefixes", "1", "mac_prefixes");
	refused("download", "{\"formats\":[\"zip\"]}", "download.formats");
	refused("download", "{\"p12_iterations\":1}", "download.p12_iterations");
	refused("revocation", "{\"reasons\":[\"boredom\"]}", "revocation.reasons");
	taken("validity", "{\"until\":\"20491231235959Z\"}");
	taken("validity", "{\"until\":\"99991231235959Z\"}");
	taken("$schema", "\"../profile.schema.json\"");
}

static void
subjects(void)
{
	refused("subject.0.type", "\"1.2.x\"", "subject[0].type");
	refused("subject.0.from", "\"thin air\"", "subject[0].from");
	refused("subject.0.string", "\"UTF8String\"", "subject[0].string");
	refused("subject.0.max_length", "3", "subject[0].max_length");
	refused("subject.1.name", "\"serial\"", "subject[1].name");
	refused("subject.1.optional", "true", "subject[1].optional");
	refused("subject.1.value", "\"x\"", "subject[1].value");
	refused("subject.1.pattern", "\"[0-9]+\"", "subject[1].pattern");
	refused("subject.1.max_length", "16", "subject[1].name");
	refused("subject.0.pattern", "\"^[A-Z]{2}$\"", "subject[0].pattern");
	refused("subject.2", "{\"type\":\"C\",\"from\":\"constant\",\"value\":\"USA\"}", "subject[2].value");
	refused("subject.2", "{\"type\":\"DC\",\"from\":\"constant\",\"value\":\"\xc3\xa9\"}",
	    "subject[2].value");
	refused("subject.2", "{\"type\":\"O\",\"from\":\"constant\",\"value\":\"{x}\"}", "subject[2].value");
	refused("subject.2", "{\"type\":\"O\",\"from\":\"template\",\"template\":\"{x}\"}",
	    "subject[2].template");
	refused("subject.2",
	    "{\"type\":\"O\",\"from\":\"template\",\"template\":\"{mac_address}{mac_address}\"}",
	    "subject[2].template");
	refused("subject.2", "{\"type\":\"O\",\"from\":\"template\",\"template\":\"{mac_address:roman}\"}",
	    "subject[2].template");
	refused("subject.2", "{\"type\":\"O\",\"from\":\"template\",\"template\":\"{public_url}\"}",
	    "subject[2].template");
	refused("subject", "[]", "subject");
	taken("subject.2", "{\"type\":\"O\",\"from\":\"csr\",\"optional\":true}");
	taken("subject.2", "{\"type\":\"O\",\"from\":\"template\",\"template\":\"unit "
			   "{mac_address:hex_lower} of {organization.name}\"}");
	taken("subject.2", "{\"type\":\"1.3.6.1.4.1.37244.2.1\",\"from\":\"constant\",\"value\":\"FFF1\"}");
}

static void
extensions(void)
{
	refused("extensions.0.usages", "[]", "extensions[0].usages");
	refused("extensions.0.usages", "[\"keyCertSign\"]", "extensions[0].usages");
	refused("extensions.0.usages", "[\"keyEncipherment\"]", "extensions[0].usages");
	refused("extensions.0.usages", "[\"encipherOnly\"]", "extensions[0].usages");
	refused("extensions.1.critical", "true", "extensions[1].critical");
	refused("extensions.1.method", "\"sha1\"", "extensions[1].method");
	refused("extensions.1.type", "\"nameConstraints\"", "extensions[1].type");
	refused("extensions.2", "{\"type\":\"authorityKeyIdentifier\"}", "extensions");
	refused("extensions.2",
	    "{\"type\":\"other\",\"oid\":\"2.5.29.19\",\"value\":{\"DER\":\"30030101FF\"}}",
	    "extensions[2].oid");
	refused("extensions.2", "{\"type\":\"other\",\"oid\":\"1.2.3\",\"value\":{\"DER\":\"3003010\"}}",
	    "extensions[2].value.DER");
	refused("extensions.2", "{\"type\":\"other\",\"oid\":\"1.2.3\",\"value\":{\"DER\":\"300301\"}}",
	    "extensions[2].value.DER");
	refused("extensions.2", "{\"type\":\"other\",\"oid\":\"1.2.3\",\"value\":{\"REAL\":1}}",
	    "extensions[2].value.REAL");
	refused("extensions.2",
	    "{\"type\":\"other\",\"oid\":\"1.2.3\",\"value\":{\"SEQUENCE\":[{\"INTEGER\":-1}]}}",
	    "extensions[2].value.SEQUENCE[0].INTEGER");
	refused("extensions.2",
	    "{\"type\":\"other\",\"oid\":\"1.2.3\",\"value\":{\"INTEGER\":\"{mac_address}\"}}",
	    "extensions[2].value.INTEGER");
	refused("extensions.2",
	    "{\"type\":\"other\",\"oid\":\"1.2.3\",\"value\":{\"SET\":[{\"NULL\":null},{\"NULL\":null}]}}",
	    "extensions[2].value.SET");
	refused("extensions.2", "{\"type\":\"extKeyUsage\",\"purposes\":[\"flying\"]}",
	    "extensions[2].purposes");
	refused("extensions.2", "{\"type\":\"subjectAltName\",\"names\":[{\"dns\":\"a\",\"uri\":\"b\"}]}",
	    "extensions[2].names[0].uri");
	refused("extensions.2", "{\"type\":\"subjectAltName\",\"names\":[{\"ip\":\"{mac_address}\"}]}",
	    "extensions[2].names[0].ip");
	refused("extensions.2", "{\"type\":\"subjectAltName\",\"names\":[{\"mac_address\":\"xx\"}]}",
	    "extensions[2].names[0].mac_address.mac_address");
	refused("extensions.2", "{\"type\":\"crlDistributionPoints\",\"uris\":[\"ftp://x\"]}",
	    "extensions[2].uris");
	refused("extensions.2", "{\"type\":\"authorityInfoAccess\"}", "extensions[2]");
	refused("inputs.1", "{\"name\":\"spare\",\"title\":\"S\",\"type\":\"text\"}", "inputs");
	taken("extensions.2", "{\"type\":\"noRevAvail\"}");
	taken("extensions.2",
	    "{\"type\":\"other\",\"oid\":\"1.2.3\",\"name\":\"x\",\"critical\":true,\"value\":{\"SEQUENCE\":["
	    "{\"OID\":\"1.2.3\"},{\"OCTET "
	    "STRING\":{\"octets\":\"{mac_address}\"}},{\"EXPLICIT\":{\"tag\":0,\"of\":"
	    "{\"UTF8String\":\"{mac_address:hyphens}\"}}},{\"IMPLICIT\":{\"tag\":1,\"of\":{\"IA5String\":"
	    "\"x\"}}},"
	    "{\"BIT "
	    "STRING\":{\"der\":{\"SEQUENCE\":[]}}},{\"BOOLEAN\":true},{\"ENUMERATED\":3},{\"NULL\":null},"
	    "{\"SET\":[{\"PrintableString\":\"a\"}]}]}}");
}

static void
input_rules(void)
{
	refused("inputs.0.name", "\"MAC\"", "inputs[0].name");
	refused("inputs.0.type", "\"colour\"", "inputs[0].type");
	refused("inputs.0.generators", "[\"decimal\"]", "inputs[0].generators");
	refused("inputs.0.pattern", "\"(\"", "inputs[0].pattern");
	refused("inputs.0.max_length", "12", "inputs[0].max_length");
	refused("inputs.0.default", "\"01:00:5E:00:00:01\"", "inputs[0].default");
	refused("inputs.0.required", "false", "unique");
	refused("inputs.0.multiple", "true", "inputs[0].multiple");
	refused("inputs.0.choices", "[\"a\"]", "inputs[0].choices");
	refused("inputs.0.title", NULL, "inputs[0].title");
	refused("inputs.1", "{\"name\":\"mac_address\",\"title\":\"S\",\"type\":\"text\"}", "inputs[1].name");
	refused("inputs.1", "{\"name\":\"c\",\"title\":\"S\",\"type\":\"choice\"}", "inputs[1].choices");
	refused("inputs.1",
	    "{\"name\":\"c\",\"title\":\"S\",\"type\":\"text\",\"min_length\":9,\"max_length\":5}",
	    "inputs[1].min_length");
}

static void
views(void)
{
	OWN(arena_free) struct arena *a = arena_new(1 << 16);
	struct faults f = { .arena = a };
	OWN(profile_free) struct profile *p = NULL;
	struct err e = { 0 };
	const struct profile_parameter *params;
	const struct profile_rdn_view *rdn;
	const struct profile_extension_view *x;
	const struct profile_input *in;
	char why[INPUT_WHY_MAX];
	size_t n;

	if (!CHECK(profile_parse(base, strlen(base), &p, &f, &e), "%s", e.msg))
		return;
	in = profile_inputs(p, &n);
	CHECK(n == 1 && strcmp(in->name, "mac_address") == 0 && in->required && in->unique &&
	    in->generators == (GENERATOR_NONE | GENERATOR_MAC) && in->sources == (SOURCE_FORM | SOURCE_CSV) &&
	    in->charset == CHARSET_UTF8, "the input");
	params = profile_parameters(p, &n);
	CHECK(n == 1 && strcmp(params->name, "country") == 0 && params->required, "the parameter");
	CHECK(profile_parameter_ok(p, 0, "US", why) && !profile_parameter_ok(p, 0, "USA", why) &&
		  !profile_parameter_ok(p, 0, "", why) && !profile_parameter_ok(p, 0, "\xc3\xa9", why),
	    "its rules");
	rdn = profile_subject_view(p, &n);
	CHECK(n == 2 && strcmp(rdn[0].string, "PrintableString") == 0 && rdn[0].max_length == 2 &&
	    strcmp(rdn[1].value, "mac_address") == 0, "the subject");
	x = profile_extensions_view(p, &n);
	CHECK(n == 2 && strcmp(x[0].value, "digitalSignature") == 0 && x[0].critical &&
		  strcmp(x[0].oid, "2.5.29.15") == 0,
	    "the extensions");
	CHECK(strcmp(profile_validity_text(p), "10 days, not past the issuing CA's end") == 0, "%s",
	    profile_validity_text(p));
	CHECK(profile_about(p)->methods == (METHOD_FORM | METHOD_CSR) &&
	    profile_about(p)->reasons == 0x23b, "methods, reasons %x", profile_about(p)->reasons);
	CHECK(profile_download(p)->formats == FORMAT_P12 && profile_download(p)->p12_iterations == 2048,
	    "the download");
}

static void
dates(void)
{
	OWN(profile_free) struct profile *p = NULL;
	struct err e = { 0 };
	int64_t from, to;

	if (!CHECK(profile_parse(base, strlen(base), &p, NULL, &e), "%s", e.msg))
		return;
	CHECK(profile_dates(p, 1000000, 0, 10000000, &from, &to, &e) && from == 1000000 &&
		  to == 1000000 + 864000 - 1,
	    "ten days");
	CHECK(profile_dates(p, 1000000, 0, 1100000, &from, &to, &e) && to == 1100000, "not past the CA");
	CHECK(!profile_dates(p, 1000000, 0, 1000000, &from, &to, &e) && strcmp(e.code, "issuer_expired") == 0,
	    "expired");
	CHECK(!profile_dates(p, 1000000, 1000001, 2000000, &from, &to, &e) &&
		  strcmp(e.code, "issuer_not_yet_valid") == 0,
	    "not yet valid");
}

/* Every member that the published schema names is known to the parser. */
static void
known_member(const char *holder, const char *place, const char *member, const char *type)
{
	OWN(arena_free) struct arena *a = arena_new(1 << 18);
	struct faults f = { .arena = a };
	struct profile *p = NULL;
	struct err e = { 0 };
	char value[200], path[200], *text;

	if (type == NULL)
		(void)snprintf(value, sizeof(value), "{\"%s\":null}", member);
	else
		(void)snprintf(value, sizeof(value), "{\"%s\":null,\"type\":\"%s\"}", member, type);
	(void)snprintf(path, sizeof(path), "%s%s%s", place, *place != '\0' ? "." : "", member);
	text = *holder != '\0' ? changed(holder, value) : changed(member, "null");
	if (profile_parse(text, strlen(text), &p, &f, &e))
		profile_free(p);
	for (size_t i = 0; i < f.n; i++)
		CHECK(strcmp(f.list[i].field, path) != 0 || strcmp(f.list[i].message, "unknown member") != 0,
		    "the schema has %s, the parser does not know it", path);
	free(text);
}

static void
schema_agrees(void)
{
	size_t len, i;
	char *text = read_source("profiles/profile.schema.json", &len);
	json_t *root = text == NULL ? NULL : json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL), *defs,
	       *list, *one;
	static const struct { const char *def, *holder, *place; } parts[] = {
		{ "rdn", "subject.0", "subject[0]" }, { "input", "inputs.0", "inputs[0]" },
	};
	const char *member;
	json_t *v;

	if (!CHECK(root != NULL, "no schema"))
		return;
	json_object_foreach(json_object_get(root, "properties"), member, v)
		known_member("", "", member, NULL);
	defs = json_object_get(root, "$defs");
	for (i = 0; i < COUNT(parts); i++)
		json_object_foreach(json_object_get(json_object_get(defs, parts[i].def), "properties"),
		    member, v) known_member(parts[i].holder, parts[i].place, member, NULL);
	list = json_object_get(json_object_get(defs, "extension"), "oneOf");
	CHECK(json_array_size(list) == 12, "%zu kinds of extension in the schema", json_array_size(list));
	json_array_foreach(list, i, one) {
		json_t *properties = json_object_get(one, "properties");
		const char *type =
		    json_string_value(json_object_get(json_object_get(properties, "type"), "const"));

		json_object_foreach(properties, member, v)
			if (strcmp(member, "type") != 0)
				known_member("extensions.0", "extensions[0]", member, type);
	}
	json_decref(root);
	free(text);
}

int
main(void)
{
	schema_agrees();
	whole_documents();
	members();
	subjects();
	extensions();
	input_rules();
	views();
	dates();
	return check_done();
}
