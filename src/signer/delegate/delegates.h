/*
 * delegates - the short-lived keys that sign OCSP answers (RFC 6960 section 4.2.2.2), one a CA.
 *
 * Where the CA's key is here, a delegate is made when the first is asked for and renewed when half
 * of its life is over; the one before it still signs what was prepared for it until it ends.  Where
 * the CA's key is elsewhere, the pair is made here and its certificate comes in three steps
 * (proto.h); the private key never travels.
 *
 * A folder: CA-RESPONDER.key is the sealed key, CA-RESPONDER.pem its certificate, where RESPONDER are
 * 16 hex digits of the key's hash; a key without certificate waits for one.
 */
#ifndef SIGNER_DELEGATES_H
#define SIGNER_DELEGATES_H

#include "base/err.h"
#include "base/own.h"
#include "signer/cas.h"
#include "signer/journal/journal.h"
#include "signer/signkey.h"
#include "x509/revocation/ocsp.h"

struct delegates;

struct delegate {
	const struct ca		*ca;
	uint8_t			 responder[OCSP_KEY_HASH_LEN];
	struct str		 cert;		/* DER; empty while it waits for one */
	struct der		 spki;		/* in spki_buf */
	struct str		 spki_buf;
	enum signature_algorithm algorithm;
	struct signkey		*key;
	int64_t			 not_before_s, not_after_s;
	struct ocsp_rule	 rule;		/* but the times */
	struct delegate		*next;
};

/* Reads keys and certificates, before the program is confined; delegates_start when the journal is open. */
must_check bool delegates_open(const struct conf *, const struct secret *kek, const struct cas *, struct delegates **,
    struct err *);
void delegates_start(struct delegates *, struct journal *);
void delegates_free(struct delegates *);
OWN_TYPE(struct delegates, delegates_free)

/* The one that answers now; made or renewed if it can be.  ERR_UNAVAILABLE ocsp_no_delegate. */
must_check bool delegates_current(struct delegates *, const struct ca *, const struct delegate **, struct err *);
/* By responder id, while it is valid; NULL: none. */
const struct delegate *delegates_find(struct delegates *, const struct ca *,
    const uint8_t responder[OCSP_KEY_HASH_LEN]);

/*
 * For CAs whose key is elsewhere and whose delegate is missing or past half of its life: appends a
 * signed request for each, as counted octets.
 */
must_check bool delegates_request(struct delegates *, struct str *out, uint32_t *n, struct err *);
/* A request of another signer, by one of the responder certificates in signer.conf: appends the certificate. */
must_check bool delegates_certify(struct delegates *, struct der request, struct str *cert, struct err *);
must_check bool delegates_install(struct delegates *, struct der cert, struct err *);

#endif
