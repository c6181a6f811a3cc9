/*
 * audit - the instance's audit key: signs the heads of the audit log's hash chain.
 *
 * What is signed is a document of x509/seal.h, to be opened with the audit certificate (OP_INFO, and
 * audit.pem beside signer.conf):
 *	certmill audit head
 *	sequence: 1234
 *	sha256: 64 lower-case hex digits
 * (each line ends with a line feed).  The sequence only rises; the same head may be signed again.
 */
#ifndef SIGNER_AUDIT_H
#define SIGNER_AUDIT_H

#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/own.h"
#include "signer/conf.h"
#include "signer/journal/journal.h"
#include "x509/der.h"

struct audit;
struct secret;
struct str;

/* *out NULL where there is no audit key.  Before the program is confined; audit_start when the journal is open. */
must_check bool audit_open(const struct conf *, const struct secret *kek, struct audit **, struct err *);
must_check bool audit_start(struct audit *, struct journal *, struct err *);
void audit_free(struct audit *);
OWN_TYPE(struct audit, audit_free)

/* ERR_CONFLICT audit_sequence: a later head was signed, or another of this number. */
must_check bool audit_sign(struct audit *, uint64_t sequence, const uint8_t hash[SHA256_LEN], struct str *signed_doc,
    struct err *);
struct der audit_cert(const struct audit *);

#endif
