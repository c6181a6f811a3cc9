/*
 * ocsp - requests read, responses built (RFC 6960, RFC 9919's profile, nonces of RFC 9654).
 *
 * Whoever builds a ResponseData and whoever signs it may be two processes: ocsp_tbs_make here,
 * ocsp_tbs_read and ocsp_tbs_check in the signer, ocsp_response_make with the signature here again.
 */
#ifndef X509_OCSP_H
#define X509_OCSP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "x509/key.h"

struct str;

#define OCSP_SINGLES_MAX	64	/* certificates in one request or response */
#define OCSP_REQUEST_MAX	16384	/* octets */
#define OCSP_NONCE_MAX		128	/* octets, RFC 9654 section 2.1 */
#define OCSP_SERIAL_MAX		20	/* octets */
#define OCSP_NO_TIME		INT64_MIN

enum ocsp_hash { OCSP_SHA1, OCSP_SHA256, OCSP_OTHER_HASH };

/* Pointers stay inside the input. */
struct ocsp_certid {
	enum ocsp_hash	 hash;		/* OCSP_OTHER_HASH: well-formed, but nobody we can know */
	struct der	 name_hash, key_hash;
	struct der	 serial;	/* big-endian, without the sign octet; a zero is one octet */
	struct der	 whole;		/* to be echoed */
};

struct ocsp_request {
	struct ocsp_certid	 ids[OCSP_SINGLES_MAX];
	size_t			 n;		/* 1 or more */
	struct der		 nonce;		/* p NULL: none asked */
};

/* A whole CertID; false when it is none, or out of the limits above. */
must_check bool ocsp_certid_parse(struct der, struct ocsp_certid *);

/*
 * ERR_MALFORMED ("ocsp_malformed"): answer OCSP_MALFORMED.  A signature on the request is allowed
 * and not looked at.  Explicitly encoded DEFAULT values are let pass, everything else is strict DER.
 */
must_check bool ocsp_request_parse(struct der, struct ocsp_request *, struct err *);

enum ocsp_status { OCSP_GOOD, OCSP_REVOKED, OCSP_UNKNOWN };

struct ocsp_single {
	struct der	 certid;	/* whole CertID */
	enum ocsp_status status;
	int64_t		 revoked_at_s;	/* with OCSP_REVOKED */
	int		 reason;	/* ... CRLReason; 0: not said */
	int64_t		 this_update_s;
	int64_t		 next_update_s;	/* OCSP_NO_TIME: left out */
};

#define OCSP_KEY_HASH_LEN 20		/* SHA-1 of the responder's public key BIT STRING content */

struct ocsp_answer {
	uint8_t		 responder[OCSP_KEY_HASH_LEN];
	int64_t		 produced_at_s;
	struct ocsp_single singles[OCSP_SINGLES_MAX];
	size_t		 n;
	struct der	 nonce;		/* p NULL for none */
};

/* Appends the CertID of a serial, for answers made ahead of any request. */
void ocsp_certid_make(enum ocsp_hash, const uint8_t *name_hash, const uint8_t *key_hash, struct der serial,
    struct str *out);
/* SHA-1 of the content of the BIT STRING in a SubjectPublicKeyInfo.  False: not one. */
must_check bool ocsp_key_hash(struct der spki, uint8_t out[OCSP_KEY_HASH_LEN]);

/* Appends the ResponseData, DER. */
void ocsp_tbs_make(const struct ocsp_answer *, struct str *out);
/* Reads back what ocsp_tbs_make writes, and nothing else; pointers stay inside the input. */
must_check bool ocsp_tbs_read(struct der, struct ocsp_answer *, struct err *);

/* What a signer lets pass. */
struct ocsp_rule {
	uint8_t		 responder[OCSP_KEY_HASH_LEN];	/* its own key */
	uint8_t		 name_sha1[20], name_sha256[32];	/* of the one issuer it answers for */
	uint8_t		 key_sha1[20], key_sha256[32];
	int64_t		 now_s;
	int64_t		 skew_s;	/* how far clocks may differ */
	int64_t		 lifetime_s;	/* nextUpdate - thisUpdate at most; nextUpdate must be there */
};
/* ERR_FORBIDDEN ("ocsp_refused") with the reason. */
must_check bool ocsp_tbs_check(const struct ocsp_answer *, const struct ocsp_rule *, struct err *);

/* Appends the OCSPResponse: successful, basic; `certs` are the delegate's certificates, DER one behind the other, may be none. */
void ocsp_response_make(struct der tbs, enum signature_algorithm, const uint8_t *sig, size_t sig_len,
    struct der certs, struct str *out);

enum ocsp_error {
	OCSP_MALFORMED = 1,
	OCSP_INTERNAL = 2,
	OCSP_TRY_LATER = 3,
	OCSP_SIG_REQUIRED = 5,
	OCSP_UNAUTHORIZED = 6
};
#define OCSP_ERROR_LEN 5
/* The OCSPResponse that says so: OCSP_ERROR_LEN octets, constant. */
const uint8_t *ocsp_error_response(enum ocsp_error);

#endif
