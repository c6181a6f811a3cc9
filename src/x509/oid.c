#include <pthread.h>
#include <stdio.h>

#include "base/own.h"
#include "x509/oid.h"

static const struct known {
	enum oid_group	 group;
	const char	*name;
	const char	*dotted;
} known[] = {
	{ OID_ATTRIBUTE, "CN", "2.5.4.3" },
	{ OID_ATTRIBUTE, "SN", "2.5.4.4" },
	{ OID_ATTRIBUTE, "serialNumber", "2.5.4.5" },
	{ OID_ATTRIBUTE, "C", "2.5.4.6" },
	{ OID_ATTRIBUTE, "L", "2.5.4.7" },
	{ OID_ATTRIBUTE, "ST", "2.5.4.8" },
	{ OID_ATTRIBUTE, "street", "2.5.4.9" },
	{ OID_ATTRIBUTE, "O", "2.5.4.10" },
	{ OID_ATTRIBUTE, "OU", "2.5.4.11" },
	{ OID_ATTRIBUTE, "title", "2.5.4.12" },
	{ OID_ATTRIBUTE, "postalCode", "2.5.4.17" },
	{ OID_ATTRIBUTE, "GN", "2.5.4.42" },
	{ OID_ATTRIBUTE, "dnQualifier", "2.5.4.46" },
	{ OID_ATTRIBUTE, "pseudonym", "2.5.4.65" },
	{ OID_ATTRIBUTE, "organizationIdentifier", "2.5.4.97" },
	{ OID_ATTRIBUTE, "UID", "0.9.2342.19200300.100.1.1" },
	{ OID_ATTRIBUTE, "DC", "0.9.2342.19200300.100.1.25" },
	{ OID_ATTRIBUTE, "emailAddress", "1.2.840.113549.1.9.1" },
	{ OID_ATTRIBUTE, "unstructuredName", "1.2.840.113549.1.9.2" },
	{ OID_ATTRIBUTE, "matterVendorID", "1.3.6.1.4.1.37244.2.1" },
	{ OID_ATTRIBUTE, "matterProductID", "1.3.6.1.4.1.37244.2.2" },

	{ OID_PURPOSE, "serverAuth", "1.3.6.1.5.5.7.3.1" },
	{ OID_PURPOSE, "clientAuth", "1.3.6.1.5.5.7.3.2" },
	{ OID_PURPOSE, "codeSigning", "1.3.6.1.5.5.7.3.3" },
	{ OID_PURPOSE, "emailProtection", "1.3.6.1.5.5.7.3.4" },
	{ OID_PURPOSE, "timeStamping", "1.3.6.1.5.5.7.3.8" },
	{ OID_PURPOSE, "OCSPSigning", "1.3.6.1.5.5.7.3.9" },
	{ OID_PURPOSE, "eapOverLAN", "1.3.6.1.5.5.7.3.14" },
	{ OID_PURPOSE, "ipsecIKE", "1.3.6.1.5.5.7.3.17" },
	{ OID_PURPOSE, "cmcRA", "1.3.6.1.5.5.7.3.28" },
	{ OID_PURPOSE, "documentSigning", "1.3.6.1.5.5.7.3.36" },
	{ OID_PURPOSE, "anyExtendedKeyUsage", "2.5.29.37.0" },
	{ OID_PURPOSE, "wisunFanDevice", "1.3.6.1.4.1.45605.1" },
	{ OID_PURPOSE, "ocfIdentity", "1.3.6.1.4.1.44924.1.6" },
	{ OID_PURPOSE, "ocfRole", "1.3.6.1.4.1.44924.1.7" },

	{ OID_EXTENSION, "subjectKeyIdentifier", "2.5.29.14" },
	{ OID_EXTENSION, "keyUsage", "2.5.29.15" },
	{ OID_EXTENSION, "subjectAltName", "2.5.29.17" },
	{ OID_EXTENSION, "issuerAltName", "2.5.29.18" },
	{ OID_EXTENSION, "basicConstraints", "2.5.29.19" },
	{ OID_EXTENSION, "nameConstraints", "2.5.29.30" },
	{ OID_EXTENSION, "crlDistributionPoints", "2.5.29.31" },
	{ OID_EXTENSION, "certificatePolicies", "2.5.29.32" },
	{ OID_EXTENSION, "policyMappings", "2.5.29.33" },
	{ OID_EXTENSION, "authorityKeyIdentifier", "2.5.29.35" },
	{ OID_EXTENSION, "policyConstraints", "2.5.29.36" },
	{ OID_EXTENSION, "extKeyUsage", "2.5.29.37" },
	{ OID_EXTENSION, "freshestCRL", "2.5.29.46" },
	{ OID_EXTENSION, "inhibitAnyPolicy", "2.5.29.54" },
	{ OID_EXTENSION, "noRevAvail", "2.5.29.56" },
	{ OID_EXTENSION, "authorityInfoAccess", "1.3.6.1.5.5.7.1.1" },
	{ OID_EXTENSION, "subjectInfoAccess", "1.3.6.1.5.5.7.1.11" },
	{ OID_EXTENSION, "tlsFeature", "1.3.6.1.5.5.7.1.24" },
	{ OID_EXTENSION, "masaURL", "1.3.6.1.5.5.7.1.32" },
	{ OID_EXTENSION, "ocspNoCheck", "1.3.6.1.5.5.7.48.1.5" },
	{ OID_EXTENSION, "nsCertType", "2.16.840.1.113730.1.1" },
	{ OID_EXTENSION, "nsComment", "2.16.840.1.113730.1.13" },

	{ OID_OTHER_NAME, "hardwareModuleName", "1.3.6.1.5.5.7.8.4" },
	{ OID_OTHER_NAME, "smtpUTF8Mailbox", "1.3.6.1.5.5.7.8.9" },
	{ OID_OTHER_NAME, "macAddress", "1.3.6.1.5.5.7.8.12" },
	{ OID_OTHER_NAME, "userPrincipalName", "1.3.6.1.4.1.311.20.2.3" },

	{ OID_SIGNATURE, "md5WithRSAEncryption", "1.2.840.113549.1.1.4" },
	{ OID_SIGNATURE, "sha1WithRSAEncryption", "1.2.840.113549.1.1.5" },
	{ OID_SIGNATURE, "rsassaPss", "1.2.840.113549.1.1.10" },
	{ OID_SIGNATURE, "sha256WithRSAEncryption", "1.2.840.113549.1.1.11" },
	{ OID_SIGNATURE, "sha384WithRSAEncryption", "1.2.840.113549.1.1.12" },
	{ OID_SIGNATURE, "sha512WithRSAEncryption", "1.2.840.113549.1.1.13" },
	{ OID_SIGNATURE, "md2WithRSAEncryption", "1.2.840.113549.1.1.2" },
	{ OID_SIGNATURE, "ecdsa-with-SHA1", "1.2.840.10045.4.1" },
	{ OID_SIGNATURE, "ecdsa-with-SHA256", "1.2.840.10045.4.3.2" },
	{ OID_SIGNATURE, "ecdsa-with-SHA384", "1.2.840.10045.4.3.3" },
	{ OID_SIGNATURE, "ecdsa-with-SHA512", "1.2.840.10045.4.3.4" },
	{ OID_SIGNATURE, "Ed25519", "1.3.101.112" },
	{ OID_SIGNATURE, "Ed448", "1.3.101.113" },

	{ OID_KEY, "rsaEncryption", "1.2.840.113549.1.1.1" },
	{ OID_KEY, "id-ecPublicKey", "1.2.840.10045.2.1" },
	{ OID_KEY, "Ed25519", "1.3.101.112" },
	{ OID_KEY, "Ed448", "1.3.101.113" },
	{ OID_KEY, "dsa", "1.2.840.10040.4.1" },

	{ OID_CURVE, "P-256", "1.2.840.10045.3.1.7" },
	{ OID_CURVE, "P-384", "1.3.132.0.34" },
	{ OID_CURVE, "P-521", "1.3.132.0.35" },

	{ OID_POLICY, "anyPolicy", "2.5.29.32.0" },
	{ OID_POLICY, "tcg-cap-verifiedTPMResidency", "2.23.133.11.1.1" },
	{ OID_POLICY, "tcg-cap-verifiedTPMFixed", "2.23.133.11.1.2" },
	{ OID_POLICY, "tcg-cap-verifiedTPMRestricted", "2.23.133.11.1.3" },
	{ OID_POLICY, "ieee2030.5-device", "1.3.6.1.4.1.40732.1.1" },
	{ OID_POLICY, "ieee2030.5-mobile", "1.3.6.1.4.1.40732.1.2" },
	{ OID_POLICY, "ieee2030.5-postManufacture", "1.3.6.1.4.1.40732.1.3" },
	{ OID_POLICY, "rspRole-euicc", "2.23.146.1.2.1.1" },
};

/* The same in DER, made once: names are looked up for every certificate shown or stored. */
static struct oid encoded[COUNT(known)];
static pthread_once_t encoded_once = PTHREAD_ONCE_INIT;

/* Base-128 groups, most significant first. */
static bool
arc_put(struct oid *o, uint64_t arc)
{
	unsigned groups = 1;

	for (uint64_t v = arc >> 7; v != 0; v >>= 7)
		groups++;
	if (o->len + groups > OID_MAX)
		return false;
	while (groups-- > 0)
		o->b[o->len++] = (uint8_t)((arc >> (7 * groups) & 0x7f) | (groups > 0 ? 0x80 : 0));
	return true;
}

static bool
arc_read(const char **p, uint64_t *out)
{
	const char *s = *p;
	uint64_t v = 0;

	if (*s < '0' || *s > '9' || (s[0] == '0' && s[1] >= '0' && s[1] <= '9'))
		return false;
	for (; *s >= '0' && *s <= '9'; s++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v) || v > INT64_MAX)
			return false;
	}
	*p = s;
	*out = v;
	return true;
}

bool
oid_parse(const char *dotted, struct oid *out)
{
	const char *p = dotted;
	struct oid o = { 0 };
	uint64_t first, arc;

	if (!arc_read(&p, &first) || first > 2 || *p++ != '.' || !arc_read(&p, &arc))
		return false;
	if ((first < 2 && arc > 39) || !arc_put(&o, first * 40 + arc))
		return false;
	while (*p == '.') {
		p++;
		if (!arc_read(&p, &arc) || !arc_put(&o, arc))
			return false;
	}
	if (*p != '\0')
		return false;
	*out = o;
	return true;
}

bool
oid_text(struct der body, char out[OID_TEXT_MAX])
{
	size_t n = 0;
	uint64_t arc = 0;
	bool first = true;

	if (body.len == 0 || (body.p[body.len - 1] & 0x80))
		return false;
	for (size_t i = 0; i < body.len; i++) {
		int wrote;

		if (arc > UINT64_MAX >> 8)
			return false;
		arc = arc << 7 | (body.p[i] & 0x7f);
		if (body.p[i] & 0x80)
			continue;
		if (first) {
			uint64_t root = arc < 40 ? 0 : arc < 80 ? 1 : 2;

			wrote = snprintf(out, OID_TEXT_MAX, "%u.%llu", (unsigned)root,
			    (unsigned long long)(arc - root * 40));
			first = false;
		} else {
			wrote = snprintf(out + n, OID_TEXT_MAX - n, ".%llu", (unsigned long long)arc);
		}
		if (wrote < 0 || (size_t)wrote >= OID_TEXT_MAX - n)
			return false;
		n += (size_t)wrote;
		arc = 0;
	}
	return true;
}

static void
encode_known(void)
{
	for (size_t i = 0; i < COUNT(known); i++)
		if (!oid_parse(known[i].dotted, &encoded[i]))
			abort();
}

bool
oid_lookup(enum oid_group group, const char *name, struct oid *out)
{
	if (name[0] >= '0' && name[0] <= '9')
		return oid_parse(name, out);
	(void)pthread_once(&encoded_once, encode_known);
	for (size_t i = 0; i < COUNT(known); i++)
		if (known[i].group == group && strcmp(known[i].name, name) == 0) {
			*out = encoded[i];
			return true;
		}
	return false;
}

const char *
oid_name(enum oid_group group, struct der body)
{
	(void)pthread_once(&encoded_once, encode_known);
	for (size_t i = 0; i < COUNT(known); i++)
		if (known[i].group == group && oid_is(body, &encoded[i]))
			return known[i].name;
	return NULL;
}

const char *
oid_show(enum oid_group group, struct der body, char buf[OID_TEXT_MAX])
{
	const char *name = oid_name(group, body);

	if (name != NULL)
		return name;
	if (!oid_text(body, buf))
		memcpy(buf, "?", 2);
	return buf;
}

bool
oid_is(struct der body, const struct oid *o)
{
	return der_equal(body, o->b, o->len);
}

struct der
oid_der(const struct oid *o)
{
	return (struct der){ o->b, o->len };
}
