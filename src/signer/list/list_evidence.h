/* list_evidence - when the certificate of a serial ends: from the journal, or shown by the certificate itself. */
#ifndef SIGNER_LIST_EVIDENCE_H
#define SIGNER_LIST_EVIDENCE_H

#include "base/err.h"
#include "base/own.h"
#include "signer/cas.h"
#include "signer/journal/journal.h"

struct evidence;

/* Certificates from a file, each verified by the CA's key; fd -1: none. */
must_check bool evidence_open(const struct ca *, struct journal *, int fd, struct evidence **, struct err *);
void evidence_free(struct evidence *);
OWN_TYPE(struct evidence, evidence_free)
/* *known is false when nobody can tell. */
must_check bool evidence_ends(struct evidence *, const uint8_t *serial, size_t len, bool *known, int64_t *not_after_s,
    struct err *);

#endif
