/*
 * oid - object identifiers: dotted text, DER contents, and the names people use.
 */
#ifndef X509_OID_H
#define X509_OID_H

#include "x509/der.h"

#define OID_MAX 64		/* octets of DER contents; dotted text below 256 */
#define OID_TEXT_MAX 256

/* DER contents of one identifier. */
struct oid {
	uint8_t	len;
	uint8_t	b[OID_MAX];
};

/* What a name is good for; one short name may stand in several groups. */
enum oid_group {
	OID_ATTRIBUTE,		/* "CN", "serialNumber" */
	OID_PURPOSE,		/* "clientAuth" */
	OID_EXTENSION,		/* "keyUsage" */
	OID_OTHER_NAME,		/* "hardwareModuleName" */
	OID_SIGNATURE,		/* "sha256WithRSAEncryption" */
	OID_KEY,		/* "rsaEncryption", "id-ecPublicKey" */
	OID_CURVE,		/* "P-256" */
	OID_POLICY		/* "anyPolicy", known device policies */
};

/* "1.3.6.1.5.5.7.8.4": at least two arcs, each below 2^63. */
must_check bool oid_parse(const char *dotted, struct oid *out);
must_check bool oid_text(struct der body, char out[OID_TEXT_MAX]);
/* A name of the group, or dotted. */
must_check bool oid_lookup(enum oid_group, const char *name, struct oid *out);
/* The name in that group, or NULL. */
const char *oid_name(enum oid_group, struct der body);
/* The name, or the dotted text, or "?"; lives in buf. */
const char *oid_show(enum oid_group, struct der body, char buf[OID_TEXT_MAX]);
bool oid_is(struct der body, const struct oid *);
struct der oid_der(const struct oid *);

#endif
