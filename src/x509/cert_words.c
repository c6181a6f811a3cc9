/* Extensions in words, from their DER; what cannot be read is shown in hexadecimal. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/own.h"
#include "x509/cert.h"
#include "x509/profile/input.h"
#include "x509/name.h"
#include "x509/oid.h"

static void
hex_words(struct der v, struct str *out)
{
	for (size_t i = 0; i < v.len && i < 64; i++)
		str_addf(out, "%s%02X", i > 0 ? ":" : "", v.p[i]);
	if (v.len > 64)
		str_adds(out, "...");
}

/* Text as it is when it is plain, otherwise hexadecimal. */
static void
text_words(struct der v, struct str *out)
{
	OWN_STR struct str text = { 0 };

	str_add(&text, v.p, v.len);
	if (v.len > 0 && utf8_valid(text.p, v.len) && text_name_ok(text.p, v.len))
		str_add(out, v.p, v.len);
	else
		hex_words(v, out);
}

static bool
usage_words(struct der value, struct str *out)
{
	static const char *const names[] = { "digitalSignature", "nonRepudiation", "keyEncipherment",
	    "dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly" };
	struct der_reader r = der_reader_of(value);
	struct der bits;
	unsigned unused, n = 0;

	if (!der_get_bits(&r, &bits, &unused))
		return false;
	for (unsigned i = 0; i < COUNT(names) && i < bits.len * 8; i++)
		if (bits.p[i / 8] >> (7 - i % 8) & 1)
			str_addf(out, "%s%s", n++ > 0 ? ", " : "", names[i]);
	return true;
}

static bool
oid_list_words(struct der value, enum oid_group group, struct str *out)
{
	struct der_reader r = der_reader_of(value), list;
	char buf[OID_TEXT_MAX];
	struct der oid;
	bool some = false;

	if (!der_enter(&r, DER_SEQUENCE, &list))
		return false;
	for (; !der_at_end(&list); some = true) {
		struct der_reader info;

		/* EKU lists OIDs, policies list sequences that begin with one. */
		if (group == OID_PURPOSE ? !der_get_oid(&list, &oid) :
		    !der_enter(&list, DER_SEQUENCE, &info) || !der_get_oid(&info, &oid))
			return false;
		str_addf(out, "%s%s", some ? ", " : "", oid_show(group, oid, buf));
	}
	return true;
}

static bool
basic_words(struct der value, struct str *out)
{
	struct der_reader r = der_reader_of(value), seq;
	uint64_t path = 0;
	bool ca = false;

	if (!der_enter(&r, DER_SEQUENCE, &seq))
		return false;
	if (der_peek(&seq) == DER_BOOLEAN && !der_get_bool(&seq, &ca))
		return false;
	str_addf(out, "CA: %s", ca ? "true" : "false");
	if (!der_at_end(&seq)) {
		if (!der_get_u64(&seq, &path))
			return false;
		str_addf(out, ", at most %llu CAs below", (unsigned long long)path);
	}
	return true;
}

static bool
other_name_words(struct der body, struct str *out)
{
	static const uint8_t hardware[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x04 };
	static const uint8_t mac[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x0c };
	struct der_reader r = der_reader_of(body), inner, seq;
	char buf[OID_TEXT_MAX], address[24];
	struct der oid, type, serial;
	struct der_item item;

	if (!der_get_oid(&r, &oid) || !der_enter(&r, DER_CONTEXT_CONS(0), &inner))
		return false;
	if (der_equal(oid, hardware, sizeof(hardware)) && der_enter(&inner, DER_SEQUENCE, &seq) &&
	    der_get_oid(&seq, &type) && der_get(&seq, DER_OCTETS, &serial)) {
		str_addf(out, "hardwareModuleName type %s serial ", oid_show(OID_OTHER_NAME, type, buf));
		text_words(serial, out);
		return true;
	}
	if (der_equal(oid, mac, sizeof(mac)) && der_get(&inner, DER_OCTETS, &serial) &&
	    (serial.len == 6 || serial.len == 8)) {
		mac_text(serial.p, serial.len, address);
		str_addf(out, "macAddress %s", address);
		return true;
	}
	str_addf(out, "%s ", oid_show(OID_OTHER_NAME, oid, buf));
	if (!der_next(&inner, &item))
		return false;
	text_words(item.body, out);
	return true;
}

static bool
general_name_words(const struct der_item *n, struct str *out)
{
	static const char *const plain[] = { [1] = "email", [2] = "DNS", [6] = "URI" };
	struct err unused = { 0 };
	char buf[OID_TEXT_MAX];

	switch (n->tag) {
	case DER_CONTEXT_CONS(0):
		return other_name_words(n->body, out);
	case DER_CONTEXT(1):
	case DER_CONTEXT(2):
	case DER_CONTEXT(6):
		str_addf(out, "%s ", plain[n->tag & 0x1f]);
		text_words(n->body, out);
		return true;
	case DER_CONTEXT_CONS(4):
		str_adds(out, "directory name ");
		return name_text(n->body, out, &unused);
	case DER_CONTEXT(7):
		if ((n->body.len != 4 && n->body.len != 16) ||
		    inet_ntop(n->body.len == 4 ? AF_INET : AF_INET6, n->body.p, buf, sizeof(buf)) == NULL)
			return false;
		str_addf(out, "IP %s", buf);
		return true;
	case DER_CONTEXT(8):
		str_addf(out, "registered ID %s", oid_text(n->body, buf) ? buf : "?");
		return true;
	default:
		return false;
	}
}

static bool
general_names_words(struct der_reader *r, struct str *out)
{
	struct der_item n;

	for (bool some = false; !der_at_end(r); some = true) {
		if (some)
			str_adds(out, ", ");
		if (!der_next(r, &n) || !general_name_words(&n, out))
			return false;
	}
	return true;
}

static bool
key_id_words(struct der value, bool authority, struct str *out)
{
	struct der_reader r = der_reader_of(value), seq;
	struct der id;

	if (authority) {
		if (!der_enter(&r, DER_SEQUENCE, &seq) || !der_get(&seq, DER_CONTEXT(0), &id))
			return false;
	} else if (!der_get(&r, DER_OCTETS, &id)) {
		return false;
	}
	hex_words(id, out);
	return true;
}

static bool
crl_words(struct der value, struct str *out)
{
	struct der_reader r = der_reader_of(value), list, point, name, full;

	if (!der_enter(&r, DER_SEQUENCE, &list))
		return false;
	for (bool some = false; !der_at_end(&list); some = true) {
		if (!der_enter(&list, DER_SEQUENCE, &point) ||
		    !der_enter(&point, DER_CONTEXT_CONS(0), &name) ||
		    !der_enter(&name, DER_CONTEXT_CONS(0), &full))
			return false;
		if (some)
			str_adds(out, ", ");
		if (!general_names_words(&full, out))
			return false;
	}
	return true;
}

static bool
access_words(struct der value, struct str *out)
{
	static const uint8_t ocsp[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01 };
	static const uint8_t cas[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02 };
	struct der_reader r = der_reader_of(value), list, one;
	char buf[OID_TEXT_MAX];
	struct der oid;
	struct der_item name;

	if (!der_enter(&r, DER_SEQUENCE, &list))
		return false;
	for (bool some = false; !der_at_end(&list); some = true) {
		if (!der_enter(&list, DER_SEQUENCE, &one) || !der_get_oid(&one, &oid) ||
		    !der_next(&one, &name))
			return false;
		if (some)
			str_adds(out, ", ");
		if (der_equal(oid, ocsp, 8))
			str_adds(out, "OCSP ");
		else if (der_equal(oid, cas, 8))
			str_adds(out, "CA certificate ");
		else
			str_addf(out, "%s ", oid_show(OID_OTHER_NAME, oid, buf));
		if (!general_name_words(&name, out))
			return false;
	}
	return true;
}

/* A string, or the contents of a string in hexadecimal. */
static bool
any_words(struct der value, struct str *out)
{
	struct der_reader r = der_reader_of(value);
	struct der_item item;

	if (!der_next(&r, &item) || !der_at_end(&r))
		return false;
	if (item.tag == DER_UTF8 || item.tag == DER_PRINTABLE || item.tag == DER_IA5)
		text_words(item.body, out);
	else if (item.tag == DER_NULL)
		str_adds(out, "present");
	else
		hex_words(value, out);
	return true;
}

static bool
words(const char *name, struct der value, struct str *out)
{
	struct der_reader r = der_reader_of(value), list;

	if (name == NULL)
		return any_words(value, out);
	if (strcmp(name, "keyUsage") == 0)
		return usage_words(value, out);
	if (strcmp(name, "extKeyUsage") == 0)
		return oid_list_words(value, OID_PURPOSE, out);
	if (strcmp(name, "certificatePolicies") == 0)
		return oid_list_words(value, OID_POLICY, out);
	if (strcmp(name, "basicConstraints") == 0)
		return basic_words(value, out);
	if (strcmp(name, "subjectAltName") == 0 || strcmp(name, "issuerAltName") == 0)
		return der_enter(&r, DER_SEQUENCE, &list) && general_names_words(&list, out);
	if (strcmp(name, "subjectKeyIdentifier") == 0 || strcmp(name, "authorityKeyIdentifier") == 0)
		return key_id_words(value, name[0] == 'a', out);
	if (strcmp(name, "crlDistributionPoints") == 0 || strcmp(name, "freshestCRL") == 0)
		return crl_words(value, out);
	if (strcmp(name, "authorityInfoAccess") == 0)
		return access_words(value, out);
	return any_words(value, out);
}

void
extension_words(struct der oid, struct der value, struct str *out)
{
	OWN_STR struct str text = { 0 };

	if (words(oid_name(OID_EXTENSION, oid), value, &text)) {
		str_add(out, text.p == NULL ? "" : text.p, text.len);
		return;
	}
	hex_words(value, out);
}
