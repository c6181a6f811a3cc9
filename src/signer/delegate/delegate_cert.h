/* delegate_cert - the certificate of an OCSP delegate: made by the CA, recognized by who gets it. */
#ifndef SIGNER_DELEGATE_CERT_H
#define SIGNER_DELEGATE_CERT_H

#include "signer/cas.h"
#include "signer/journal/journal.h"
#include "x509/cert.h"

#define DELEGATE_BACKDATE_S 3600	/* for clients whose clocks are late */

/*
 * Signed, journaled: digitalSignature, OCSPSigning, id-pkix-ocsp-nocheck; ends after life_s, never
 * later than the CA.  Appends the DER.
 */
must_check bool delegate_cert_make(const struct ca *, struct der spki, int64_t now_s, int64_t life_s,
    struct journal *, struct str *der, struct err *);
/* Signed by this CA for OCSP signing.  ERR_INVALID ocsp_certificate. */
must_check bool delegate_cert_check(const struct ca *, struct der der, struct cert *out, struct err *);

#endif
