/*
 * ca - CA hierarchies as data: profiles/<ecosystem>/hierarchy.json says which CAs there are, and the
 * TBSCertificate of each is built from it.
 */
#ifndef X509_CA_H
#define X509_CA_H

#include "base/fault.h"
#include "base/own.h"
#include "x509/cert.h"
#include "x509/key.h"

#define HIERARCHY_JSON_MAX (64 * 1024)

enum ca_purpose { CA_ROOT, CA_INTERMEDIATE, CA_ISSUING };

/* One CA of a hierarchy; strings live as long as the hierarchy. */
struct ca_plan {
	const char			*id;		/* "cablelabs-device-ca-sha512": profiles name it */
	const char			*label;		/* as the portal shows it */
	const char			*parent;	/* id, maybe of another document; NULL: self-signed */
	enum ca_purpose			 purpose;
	struct key_type			 key;
	enum signature_algorithm	 signature;	/* on its own certificate */
	int64_t				 years;		/* 0: until 99991231235959Z */
	int64_t				 path_len;	/* -1: no constraint */
	struct der			 subject;	/* Name, whole */
	const char			*subject_text;
	const char			*unverified;	/* or NULL */
	bool				 legacy;
};

struct hierarchy;
must_check bool hierarchy_parse(const char *json, size_t len, struct hierarchy **out, struct faults *,
    struct err *);
void hierarchy_free(struct hierarchy *);
OWN_TYPE(struct hierarchy, hierarchy_free)
const char *hierarchy_ecosystem(const struct hierarchy *);	/* "docsis-3.1" */
const char *hierarchy_name(const struct hierarchy *);		/* "D3.1" */
const char *hierarchy_title(const struct hierarchy *);
int64_t hierarchy_position(const struct hierarchy *);		/* order in lists */
/* Parents of the same document come before their children. */
const struct ca_plan *hierarchy_cas(const struct hierarchy *, size_t *n);
const struct ca_plan *hierarchy_find(const struct hierarchy *, const char *id);

/*
 * The TBSCertificate of a CA with this public key.  `parent` NULL: self-signed.  Critical CA:TRUE and
 * keyCertSign + cRLSign, SKI by SHA-1 of the key (RFC 5280 method 1), AKI copied from the parent; notAfter
 * never past the parent's.  `out` points into buf.
 */
must_check bool ca_tbs_build(const struct ca_plan *, const struct issuer *parent, struct der spki,
    const uint8_t serial[16], int64_t now_s, uint8_t *buf, size_t cap, struct der *out, struct err *);

#endif
