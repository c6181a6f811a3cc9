/*
 * csr - certificate requests (PKCS#10, RFC 2986): decoded strictly, held to their proof of possession,
 * and judged by a profile.
 */
#ifndef X509_CSR_H
#define X509_CSR_H

#include "base/arena.h"
#include "base/fault.h"
#include "x509/key.h"
#include "x509/profile/profile.h"

#define CSR_DER_MAX 16384	/* octets of one request */

/* Slices point into the DER given. */
struct csr {
	struct der			 info;		/* CertificationRequestInfo, whole: what is signed */
	struct der			 subject;	/* Name, whole */
	struct key_info			 key;
	struct der			 attributes;	/* contents of [0] */
	enum signature_algorithm	 signature_algorithm;	/* SIGNATURE_NONE: see signature_oid */
	struct der			 signature_oid;
	struct der			 signature;	/* octets of the BIT STRING */
};

/* ERR_INVALID: csr_der, key_form, key_algorithm, key_curve, csr_too_large. */
must_check bool csr_decode(const void *der, size_t len, struct csr *out, struct err *);

/*
 * Kept contexts for checking signatures, one a thread.  Keys enter by EVP_PKEY_fromdata; nothing is
 * decoded through the object API.
 */
struct csr_verifier;
struct csr_verifier *csr_verifier_new(void);
void csr_verifier_free(struct csr_verifier *);
OWN_TYPE(struct csr_verifier, csr_verifier_free)
/* ERR_INVALID csr_signature: "not signed by its own key (RFC 2986 section 3)"; key_point: off its curve. */
must_check bool csr_verify(struct csr_verifier *, const struct csr *, struct err *);

/*
 * A crew proves many requests at once: this thread and others, which start with the first long list.  A list is
 * begun, the caller does something else meanwhile, then finishes it (and helps).  One list at a time; it stays
 * where it is until it is finished, or the crew is freed.
 */
struct csr_proof {
	const uint8_t	*der;
	size_t		 len;
	bool		 proved;	/* out: a request signed by its own key; else csr_decode or csr_verify says why not */
};
struct csr_crew;
struct csr_crew *csr_crew_new(int threads);	/* beside the caller's; -1: as many as there are other CPUs */
void csr_crew_free(struct csr_crew *);
OWN_TYPE(struct csr_crew, csr_crew_free)
struct csr_verifier *csr_crew_verifier(struct csr_crew *);	/* the caller's own */
void csr_crew_begin(struct csr_crew *, struct csr_proof *, size_t n);
void csr_crew_finish(struct csr_crew *);

/* What a profile takes from a request. */
struct csr_taken {
	uint8_t		 spki_sha256[SHA256_LEN];
	const char	*inputs[PROFILE_INPUTS_MAX];	/* normal form by input index; NULL: not there */
	const char	**ignored;	/* "subject attribute O=Acme", "requested extension keyUsage" */
	size_t		 n_ignored;
};

/*
 * Key, hash and subject values against the profile.  Every objection becomes a fault (file, line); the
 * texts of *out live in the faults' arena.  False when there was one.  Possession is csr_verify's.
 */
must_check bool csr_judge(const struct profile *, const struct csr *, const char *file, int64_t line,
    struct csr_taken *out, struct faults *);

/*
 * Requests out of an upload.  Start with { .text = ..., .len = ... }: PEM with any number of requests
 * and text between them, or one DER request.  Other PEM labels are skipped and counted.
 */
struct csr_upload {
	const char	*text;
	size_t		 len;
	size_t		 at;		/* private */
	int64_t		 line;		/* of the last BEGIN; 1 for DER */
	int64_t		 lines_seen;	/* private */
	size_t		 found, skipped;
};
enum csr_upload_step { CSR_UPLOAD_REQUEST, CSR_UPLOAD_END, CSR_UPLOAD_BAD };
/*
 * Next request into buf (CSR_DER_MAX octets).  CSR_UPLOAD_BAD with err set: private_key_in_upload (any
 * kind of private key, in PEM or DER: the whole upload is to be refused and forgotten), pem_base64,
 * pem_end, csr_too_large; the reader may go on after the last three, `line` says where.
 */
enum csr_upload_step csr_upload_next(struct csr_upload *, uint8_t *buf, size_t *len, struct err *);
/* A private key anywhere in the text (PEM labels), or the octets are one (PKCS#8, PKCS#1, SEC 1, PKCS#12). */
bool upload_has_private_key(const void *, size_t);

#endif
