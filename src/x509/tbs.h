/*
 * tbs - the certificate that a profile allows: built by workers, checked by the signer.
 *
 * A template joins a profile with an issuer: names, algorithm, constant extensions are encoded once and
 * spliced.  tbs_build writes a TBSCertificate from it; tbs_check takes one apart and refuses whatever
 * tbs_build would not have made for the same organization, with a sentence that says which part.
 * Templates are immutable and shared by threads.
 */
#ifndef X509_TBS_H
#define X509_TBS_H

#include "x509/cert.h"
#include "x509/profile/profile.h"

#define TBS_MAX 8192		/* octets of one TBSCertificate */

/* Where this instance publishes: fills {public_url}, {ca} and {shard} in a profile's addresses. */
struct tbs_site {
	const char	*public_url;	/* "http://pki.example:8080", without a slash at the end */
	unsigned	 shards;	/* CRL shards of the issuer; 0 or 1: one list */
};

struct tbs_template;
/*
 * The profile must outlive the template; the issuer is copied.  ERR_INVALID issuer_algorithm when the
 * issuer's key cannot make the profile's signature; profile_site when an address needs a public_url.
 */
must_check bool tbs_template_new(const struct profile *, const struct issuer *, const struct tbs_site *,
    struct tbs_template **out, struct err *);
/* NULL is fine. */
void tbs_template_free(struct tbs_template *);
/* Do certificates point at a CRL shard? */
bool tbs_template_sharded(const struct tbs_template *);
OWN_TYPE(struct tbs_template, tbs_template_free)
const struct profile *tbs_template_profile(const struct tbs_template *);
const struct issuer *tbs_template_issuer(const struct tbs_template *);

struct tbs_in {
	const char	*inputs[PROFILE_INPUTS_MAX];		/* normal form by index; NULL or "": none */
	const char	*organization[PROFILE_INPUTS_MAX];	/* by profile_parameters() index */
	struct der	 spki;			/* whole SubjectPublicKeyInfo, copied as it is */
	uint8_t		 serial[16];		/* top bit 0, first octet not 0 */
	int64_t		 not_before_s, not_after_s;	/* from profile_dates() */
};

/*
 * `out` points into buf (TBS_MAX octets always do).  ERR_INVALID input_missing, parameter_missing,
 * input_value.
 */
must_check bool tbs_build(const struct tbs_template *, const struct tbs_in *, uint8_t *buf, size_t cap,
    struct der *out, struct err *);

/* What the signer knows beside the template. */
struct tbs_expect {
	const char *const	*organization;	/* by profile_parameters() index */
	int64_t			 now_s;
	int64_t			 clock_skew_s;	/* how far notBefore may be off now, both ways */
};
struct tbs_found {
	uint8_t		serial[16];
	struct der	spki;
	struct der	subject;
	int64_t		not_before_s, not_after_s;
	const char	*inputs[PROFILE_INPUTS_MAX];	/* recovered; NULL: absent; point into text */
	char		text[4096];
};
/*
 * ERR_FORBIDDEN tbs_refused, the message says why: "extension keyUsage is not the profile's".  ERR_RETRY clock
 * where it was built under another clock than ours.
 */
must_check bool tbs_check(const struct tbs_template *, const struct tbs_expect *, struct der tbs,
    struct tbs_found *out, struct err *);

#endif
