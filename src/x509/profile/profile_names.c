/* GeneralNames (RFC 5280 section 4.2.1.6) of a profile, among them the otherNames that devices carry. */
#include <string.h>

#include "base/own.h"
#include "base/str.h"
#include "x509/profile/profile_private.h"

#define NAMES_MAX 20

static const char *const kind_words[] = {
	"dns", "uri", "email", "ip", "registered_id", "directory", "hardware_module", "mac_address", "other",
};
enum kind {
	K_DNS,
	K_URI,
	K_EMAIL,
	K_IP,
	K_REGISTERED_ID,
	K_DIRECTORY,
	K_HARDWARE_MODULE,
	K_MAC_ADDRESS,
	K_OTHER
};

/* [0] { type-id, [0] value } */
static bool
other_name(struct parse *c, const struct oid *type, const struct node *value, struct node *out)
{
	struct node *pair = node_list(c, 2), *inner = node_list(c, 1);

	if (pair == NULL || inner == NULL || !node_oid(c, &pair[0], type))
		return false;
	*inner = *value;
	return node_cons(&pair[1], DER_CONTEXT_CONS(0), inner, 1) &&
	       node_cons(out, DER_CONTEXT_CONS(0), pair, 2);
}

/* RFC 4108 section 5: SEQUENCE { hwType OID, hwSerialNum OCTET STRING } */
static bool
hardware_module(struct parse *c, const json_t *v, struct node *out, struct str *words)
{
	static const char *const members[] = { "type", "serial", "serial_as", NULL };
	static const char *const as_words[] = { "octets", "text" };
	struct node *pair = node_list(c, 2), value;
	const char *type, *serial;
	struct oid oid;
	int as;

	if (!doc_members(&c->d, v, members) || pair == NULL)
		return false;
	type = doc_text(&c->d, v, "type", true, 100);
	serial = doc_text(&c->d, v, "serial", true, 200);
	as = json_object_get(v, "serial_as") == NULL ? 0 : doc_word(&c->d, v, "serial_as", true, as_words, 2);
	if (type == NULL || serial == NULL || as < 0)
		return false;
	if (!parse_encoded(c, "type", type, DER_OID, ENCODE_OID, &pair[0]))
		return false;
	if (!(as == 0 ? parse_encoded(c, "serial", serial, DER_OCTETS, ENCODE_OCTETS, &pair[1]) :
	    parse_string(c, "serial", serial, ALLOW_ALL, DER_OCTETS, CHARSET_UTF8, 0, &pair[1])))
		return false;
	if (!oid_lookup(OID_OTHER_NAME, "hardwareModuleName", &oid))
		return false;
	str_addf(words, "hardwareModuleName type %s serial %s", type, serial);
	return node_cons(&value, DER_SEQUENCE, pair, 2) && other_name(c, &oid, &value, out);
}

static bool
mac_address(struct parse *c, const char *text, struct node *out, struct str *words)
{
	struct node value;
	struct oid oid;

	if (!parse_encoded(c, "mac_address", text, DER_OCTETS, ENCODE_OCTETS, &value))
		return false;
	if (!oid_lookup(OID_OTHER_NAME, "macAddress", &oid))
		return false;
	str_addf(words, "macAddress %s", text);
	return other_name(c, &oid, &value, out);
}

static bool
other(struct parse *c, const json_t *v, struct node *out, struct str *words)
{
	static const char *const members[] = { "oid", "value", NULL };
	const json_t *of;
	struct node value;
	struct oid oid;
	const char *dotted;
	size_t at = c->d.path_len;

	if (!doc_members(&c->d, v, members))
		return false;
	dotted = doc_text(&c->d, v, "oid", true, 100);
	of = doc_object(&c->d, v, "value", true);
	if (dotted == NULL || of == NULL)
		return false;
	if (!oid_lookup(OID_OTHER_NAME, dotted, &oid)) {
		doc_fault(&c->d, "oid", "%.60s is no object identifier", dotted);
		return false;
	}
	doc_into(&c->d, "value");
	if (!parse_asn1(c, of, 0, &value))
		return false;
	doc_back(&c->d, at);
	str_addf(words, "otherName %s", dotted);
	return other_name(c, &oid, &value, out);
}

static bool
directory(struct parse *c, const json_t *v, struct node *out, struct str *words)
{
	struct node *name = node_list(c, 1);
	const json_t *one;
	size_t i;

	if (name == NULL || !json_is_array(v) || json_array_size(v) < 1 ||
	    json_array_size(v) > PROFILE_RDNS_MAX) {
		doc_fault(&c->d, NULL, "must be an array of attributes");
		return false;
	}
	if (!parse_directory(c, v, name))
		return false;
	str_adds(words, "directory name");
	json_array_foreach((json_t *)v, i, one)
		str_addf(words, "%s %s=%s", i > 0 ? "," : "", json_string_value(json_object_get(one, "type")),
		    json_string_value(json_object_get(one, "value")));
	return node_cons(out, DER_CONTEXT_CONS(4), name, 1);
}

static bool
plain(struct parse *c, const json_t *v, enum kind kind, struct node *out, struct str *words)
{
	static const uint8_t tags[] = { [K_DNS] = DER_CONTEXT(2),
		[K_URI] = DER_CONTEXT(6),
		[K_EMAIL] = DER_CONTEXT(1),
		[K_IP] = DER_CONTEXT(7),
		[K_REGISTERED_ID] = DER_CONTEXT(8) };
	static const char *const shown[] = { [K_DNS] = "DNS", [K_URI] = "URI", [K_EMAIL] = "email", [K_IP] = "IP",
		[K_REGISTERED_ID] = "registered ID", [K_MAC_ADDRESS] = "macAddress" };
	const char *text = json_string_value(v);

	if (text == NULL || *text == '\0' || !text_name_ok(text, 500)) {
		doc_fault(&c->d, NULL, "must be a text");
		return false;
	}
	str_addf(words, "%s %s", shown[kind], text);
	switch (kind) {
	case K_MAC_ADDRESS:
		return false;
	case K_IP:
		return parse_encoded(c, NULL, text, tags[kind], ENCODE_IP, out);
	case K_REGISTERED_ID:
		return parse_encoded(c, NULL, text, tags[kind], ENCODE_OID, out);
	default:
		return parse_string(c, NULL, text,
		    kind == K_URI ? ALLOW_ALL : ALLOW_INPUTS | ALLOW_PARAMETERS, tags[kind], CHARSET_IA5, 0,
		    out);
	}
}

static bool
one_kind(struct parse *c, const json_t *v, enum kind kind, struct node *out, struct str *words)
{
	switch (kind) {
	case K_DIRECTORY:
		return directory(c, v, out, words);
	case K_HARDWARE_MODULE:
		return hardware_module(c, v, out, words);
	case K_MAC_ADDRESS:
		if (!json_is_string(v)) {
			doc_fault(&c->d, NULL, "must be a text");
			return false;
		}
		return mac_address(c, json_string_value(v), out, words);
	case K_OTHER:
		return other(c, v, out, words);
	default:
		return plain(c, v, kind, out, words);
	}
}

static bool
parse_name(struct parse *c, const json_t *object, struct node *out, struct str *words)
{
	static const char *const members[] = { "dns", "uri", "email", "ip", "registered_id", "directory",
	    "hardware_module", "mac_address", "other", "optional", NULL };
	bool optional;
	size_t at = c->d.path_len;
	int kind = -1;

	if (!doc_members(&c->d, object, members))
		return false;
	optional = doc_bool(&c->d, object, "optional", false);
	for (int i = 0; i < (int)COUNT(kind_words); i++)
		if (json_object_get(object, kind_words[i]) != NULL) {
			if (kind >= 0) {
				doc_fault(&c->d, kind_words[i], "stands beside another kind of name");
				return false;
			}
			kind = i;
		}
	if (kind < 0) {
		doc_fault(&c->d, NULL, "names no kind (dns, uri, hardware_module, ...)");
		return false;
	}
	doc_into(&c->d, kind_words[kind]);
	if (!one_kind(c, json_object_get(object, kind_words[kind]), (enum kind)kind, out, words))
		return false;
	doc_back(&c->d, at);
	if (optional && out->inputs == 0 && out->parameters == 0)
		doc_fault(&c->d, "optional", "a constant is never missing");
	out->optional = optional;
	return true;
}

bool
parse_names(struct parse *c, const json_t *object, struct node *out, struct str *words)
{
	const json_t *list = doc_array(&c->d, object, "names", true, 1, NAMES_MAX), *one;
	struct node *names = list == NULL ? NULL : node_list(c, json_array_size(list));
	size_t i, at = c->d.path_len;

	if (names == NULL)
		return false;
	json_array_foreach((json_t *)list, i, one) {
		if (i > 0)
			str_adds(words, ", ");
		doc_into(&c->d, "names");
		doc_into_index(&c->d, i);
		if (!parse_name(c, one, &names[i], words))
			return false;
		doc_back(&c->d, at);
	}
	return node_cons(out, DER_SEQUENCE, names, json_array_size(list));
}
