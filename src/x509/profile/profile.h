/*
 * profile - what a kind of certificate looks like, from a JSON document (profiles/profile.schema.json).
 *
 * Parsed once, immutable, shared by threads.  Everything that makes one ecosystem differ from another
 * stands in the document; this code knows X.509 only.  Strings live as long as the profile.
 */
#ifndef X509_PROFILE_H
#define X509_PROFILE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/own.h"
#include "x509/profile/input.h"
#include "x509/key.h"

#define PROFILE_JSON_MAX (64 * 1024)	/* octets of a document */
#define PROFILE_INPUTS_MAX 32

struct profile;

/*
 * Unknown members are refused, and every fault is reported with its JSON path ("subject[2].pattern").
 * ERR_MALFORMED profile_json: no JSON; ERR_INVALID profile_invalid: see the faults (whose arena the
 * caller set).  The text is copied.
 */
must_check bool profile_parse(const char *json, size_t len, struct profile **out, struct faults *,
    struct err *);
void profile_free(struct profile *);
OWN_TYPE(struct profile, profile_free)
/* The document, byte for byte as parsed: what is stored, signed and hashed. */
const char *profile_json(const struct profile *, size_t *len);

enum profile_method {		/* bits: ways to order */
	METHOD_FORM	= 1 << 0,
	METHOD_SINGLE	= 1 << 1,
	METHOD_CSR	= 1 << 2,
	METHOD_CSV	= 1 << 3
};

/* RFC 5280 CRLReason values as bits of `reasons`. */
enum {
	REASON_UNSPECIFIED = 0,
	REASON_KEY_COMPROMISE = 1,
	REASON_AFFILIATION_CHANGED = 3,
	REASON_SUPERSEDED = 4,
	REASON_CESSATION_OF_OPERATION = 5,
	REASON_CERTIFICATE_HOLD = 6,
	REASON_PRIVILEGE_WITHDRAWN = 9
};
/* "key_compromise" to 1; -1: unknown. */
int reason_find(const char *name);
const char *reason_name(int reason);	/* NULL: unknown */

struct profile_about {
	int64_t		 id;
	int64_t		 version;
	const char	*name;		/* "DOCSIS 3.1" */
	const char	*ecosystem;	/* "docsis-3.1" */
	const char	*description;	/* or NULL */
	const char	*ca;		/* id of the issuing CA in a hierarchy document */
	bool		 legacy;	/* outdated keys or hashes, kept for devices in the field */
	const char	*unverified;	/* what could not be confirmed against a specification, or NULL */
	unsigned	 methods;	/* enum profile_method */
	unsigned	 reasons;	/* 1 << CRLReason that may be asked for */
	bool		 hold;		/* certificateHold and its release are allowed */
	bool		 mac_prefixes;	/* addresses must lie in the organization's blocks */
};
const struct profile_about *profile_about(const struct profile *);

const struct profile_input *profile_inputs(const struct profile *, size_t *n);
/* Index of an input; -1: none of that name (exact). */
int profile_input_find(const struct profile *, const char *name);

/* Names of the organization's constants that the profile uses ("country"); order of tbs_in.organization. */
struct profile_parameter {
	const char	*name;
	bool		 required;	/* no certificate without it */
};
const struct profile_parameter *profile_parameters(const struct profile *, size_t *n);
/* The value fits where the profile puts it (pattern, length, string type). */
must_check bool profile_parameter_ok(const struct profile *, size_t index, const char *value,
    char why[INPUT_WHY_MAX]);

/* Keys made for the orderer: the first is the default. */
const struct key_type *profile_server_keys(const struct profile *, size_t *n);
/* Keys taken from CSRs. */
struct profile_key_rule {
	enum key_algorithm	algorithm;
	unsigned		bits_min, bits_max;	/* EC: equal */
};
const struct profile_key_rule *profile_csr_keys(const struct profile *, size_t *n);
enum signature_algorithm profile_signature(const struct profile *);
/* The oldest hash a CSR may be signed with; MD5 never. */
bool profile_csr_sha1_ok(const struct profile *);

struct profile_validity {
	int64_t		days;		/* 0: until a fixed time */
	int64_t		until_s;	/* TIME_NEVER_S for 99991231235959Z */
	int64_t		backdate_s;	/* notBefore lies this much before now */
	bool		nest;		/* never past the issuer's notAfter */
};
const struct profile_validity *profile_validity(const struct profile *);
/*
 * The dates of a certificate made now under an issuer with these dates.  With nesting both ends are cut to
 * the issuer's.  False (ERR_CONFLICT issuer_expired) when nothing is left.
 */
must_check bool profile_dates(const struct profile *, int64_t now_s, int64_t issuer_not_before_s,
    int64_t issuer_not_after_s, int64_t *not_before_s, int64_t *not_after_s, struct err *);

enum p12_mode_wanted {
	P12_WANT_MODERN,
	P12_WANT_COMPATIBLE
};
enum download_format {		/* bits */
	FORMAT_P12		= 1 << 0,
	FORMAT_PEM		= 1 << 1,	/* certificate alone */
	FORMAT_DER		= 1 << 2,
	FORMAT_FACTORY_FLAT	= 1 << 3,	/* AA-BB-...cer + .prv in an encrypted container */
	FORMAT_FACTORY_FOLDER	= 1 << 4	/* MAC/MAC_Cert.der + MAC_privkey.der, likewise */
};
struct profile_download {
	unsigned		formats;	/* for keys made here; the first bit set is the default */
	enum p12_mode_wanted	p12_mode;
	int64_t			p12_iterations;
	bool			p12_salt_batch;	/* one salt a batch; false: one a device */
	int64_t			password_min;	/* characters */
	int64_t			days_to_live;	/* results are purged then */
};
const struct profile_download *profile_download(const struct profile *);
const char *download_format_name(enum download_format);	/* "p12", "pem", "der", "factory_flat", ... */

/* The subject as people read it, one row an attribute, in order. */
struct profile_rdn_view {
	const char	*attribute;	/* "CN", or dotted */
	const char	*from;		/* "constant", "organization", "input", "csr", "template" */
	const char	*value;		/* the constant, the name of the parameter or input, the template */
	const char	*string;	/* "PrintableString" */
	const char	*pattern;	/* or NULL */
	int64_t		 max_length;
	bool		 optional;
};
const struct profile_rdn_view *profile_subject_view(const struct profile *, size_t *n);

struct profile_extension_view {
	const char	*oid;		/* dotted */
	const char	*name;		/* "keyUsage", or NULL */
	bool		 critical;
	bool		 optional;	/* left out when its inputs are empty */
	const char	*value;		/* in words: "digitalSignature, keyEncipherment" */
};
const struct profile_extension_view *profile_extensions_view(const struct profile *, size_t *n);
/* "20 years (7305 days), not past the issuing CA's", "until 9999-12-31T23:59:59Z". */
const char *profile_validity_text(const struct profile *);

#endif
