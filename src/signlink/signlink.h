/*
 * signlink - our end of the signer's socket.
 *
 * A link belongs to one thread.  It connects when it is first used and again after a failure, so that
 * a signer that was restarted is found by the next call.  While the signer is down, busy past the time
 * limit or its journal full, calls fail with ERR_UNAVAILABLE: wait, and try again.  A call whose
 * connection broke half-way may have been done: what was signed stands in the journal.
 *
 * Results live in the arena that the caller gives.
 */
#ifndef SIGNLINK_SIGNLINK_H
#define SIGNLINK_SIGNLINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/own.h"
#include "x509/der.h"

struct str;
struct signlink;

#define SIGNLINK_SERIAL_LEN 16
#define SIGNLINK_ITEMS_MAX 10000	/* in one call */
#define SIGNLINK_WHOLE_LIST UINT32_MAX

/* Copies the path of the role's socket; connects later. */
struct signlink *signlink_new(const char *socket);
void signlink_free(struct signlink *);
OWN_TYPE(struct signlink, signlink_free)
/* For one call to be answered, connecting included; 60 s when nothing is said. */
void signlink_timeout(struct signlink *, int ms);

/* ---- worker ---- */

struct signlink_request {
	const char		*ca;			/* key identifier, hex, as in the store */
	int64_t			 profile_id, profile_version;
	int64_t			 organization_id;	/* 0: none, for profiles without constants */
	int64_t			 organization_version;	/* of its constants */
	const struct der	*tbs;			/* TBSCertificates */
	size_t			 n;			/* 1 to SIGNLINK_ITEMS_MAX */
};

struct signlink_result {
	bool		 ok;
	struct der	 signature;
	const char	*code, *why;	/* refused: "tbs_refused", "extension keyUsage is not the profile's" */
};

/*
 * What is signed is in the signer's journal before this returns.  True: results[i] says for each, signed
 * or refused for good.  False: nothing can be said (ERR_UNAVAILABLE: ask the journal), or the whole was
 * refused (ERR_FORBIDDEN doc_unknown, profile_ca ...; ERR_NOT_FOUND ca_unknown).
 */
must_check bool signlink_sign_certs(struct signlink *, const struct signlink_request *, struct arena *,
    struct signlink_result *results, struct err *);

/*
 * The certificates of these serials; p NULL for those that were never signed - and never will be: the
 * signer bars them, so that a request still on its way comes too late.
 */
must_check bool signlink_journal_find(struct signlink *, const uint8_t (*serials)[SIGNLINK_SERIAL_LEN], size_t n,
    struct arena *, struct der *certs, struct err *);
/* The same without barring anything. */
must_check bool signlink_journal_look(struct signlink *, const uint8_t (*serials)[SIGNLINK_SERIAL_LEN], size_t n,
    struct arena *, struct der *certs, struct err *);

/* ---- worker, ops ---- */

/*
 * Appends the signed head of the audit chain, a document for signed_doc_open (x509/seal.h) with the
 * "audit_certificate" of signlink_info; signlink_audit_text gives what it says.  Sequences only rise.
 */
must_check bool signlink_audit_sign(struct signlink *, int64_t sequence, const uint8_t hash[SHA256_LEN],
    struct str *out,
    struct err *);
void signlink_audit_text(int64_t sequence, const uint8_t hash[SHA256_LEN], struct str *out);

/* ---- ops ---- */

struct signlink_place {			/* { 0 }: the beginning of the journal */
	uint32_t	 segment;
	uint64_t	 offset;
};

enum signlink_kind {			/* of journal records; others may follow */
	SIGNLINK_CERT = 1,		/* signed for a worker */
	SIGNLINK_BARRED = 2,
	SIGNLINK_CRL = 3,
	SIGNLINK_AUDIT = 4,
	SIGNLINK_DOCUMENT = 5,
	SIGNLINK_OWN = 6		/* the signer's own: CAs it made, OCSP delegates */
};

struct signlink_record {
	enum signlink_kind kind;
	struct der	 serial;
	struct der	 ski;		/* of the CA */
	int64_t		 profile_id, profile_version;
	int64_t		 time_s;
	struct der	 data;		/* SHA-256 of the certificate for CERT and OWN */
};
/* The next page of the journal; *n = 0 at its end. */
must_check bool signlink_journal_scan(struct signlink *, struct signlink_place *, struct arena *,
    struct signlink_record **, size_t *n, struct err *);

struct signlink_activated {
	bool	 organization;		/* false: a profile */
	int64_t	 id, version;
	bool	 anew;			/* false: it was active */
};
/* Hands in a document signed by an operator. */
must_check bool signlink_activate(struct signlink *, const void *signed_doc, size_t len, struct signlink_activated *,
    struct err *);
must_check bool signlink_reload(struct signlink *, struct err *);

/* ---- any role ---- */

/*
 * Appends JSON: started, uptime_s, public_url, cas [{id, ski, certificate, chain, key, shards, shard_lists, self_signed,
 * not_before, not_after}], profiles [{id, version, sha256, name, ca, unusable}], organizations
 * [{id, version, sha256}], journal {records, blocks, segments, head}, audit_certificate; DER in base64.
 */
must_check bool signlink_info(struct signlink *, struct str *json, struct err *);

/* ---- status ---- */

struct signlink_delegate {
	uint8_t		 responder[20];	/* SHA-1 of its key: the responder id of answers */
	struct der	 algorithm;	/* AlgorithmIdentifier */
	struct der	 cert;
	int64_t		 not_before_s, not_after_s;
};
/*
 * The delegate that signs a CA's answers now.  It changes when half of its life is over: ask again
 * from time to time, and on "ocsp_delegate_changed".  ERR_UNAVAILABLE ocsp_no_delegate.
 */
must_check bool signlink_ocsp_delegate(struct signlink *, const char *ca, struct arena *, struct signlink_delegate *,
    struct err *);
/* Signs ResponseData, each by the delegate whose id it bears; results as for certificates. */
must_check bool signlink_sign_ocsp(struct signlink *, const char *ca, const struct der *tbs, size_t n, struct arena *,
    struct signlink_result *results, struct err *);

struct signlink_list {
	const char	*ca;
	uint32_t	 shard;		/* SIGNLINK_WHOLE_LIST: none */
	bool		 delta;
	int		 fd;		/* the file; stays the caller's */
	uint64_t	 tbs_at, tbs_len;	/* where the TBSCertList stands: struct crl_file */
	int		 evidence_fd;	/* certificates (DER, one behind the other) of entries that leave because they
					   expired and that another signer signed; -1: none */
};
struct signlink_list_signed {
	struct der	 algorithm, signature;
	uint64_t	 entries;
};
/* ERR_FORBIDDEN crl_refused says which entry or field. */
must_check bool signlink_sign_list(struct signlink *, const struct signlink_list *, struct arena *,
    struct signlink_list_signed *, struct err *);

/*
 * A status signer without CA keys: requests from it, a certificate for each from the signer that has
 * the CA's key (worker or ops socket), which is brought back.
 */
must_check bool signlink_ocsp_requests(struct signlink *, struct arena *, struct der **, size_t *n, struct err *);
must_check bool signlink_ocsp_certify(struct signlink *, struct der request, struct arena *, struct der *cert,
    struct err *);
must_check bool signlink_ocsp_install(struct signlink *, struct der cert, struct err *);

#endif
