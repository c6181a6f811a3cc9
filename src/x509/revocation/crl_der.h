/* crl_der - inside crl: identifiers and headers that writer and reader share. */
#ifndef X509_CRL_DER_H
#define X509_CRL_DER_H

#include "x509/revocation/crl.h"

#define CRL_HEADER_MAX 10	/* octets of a tag and a length of 64 bits */

extern const uint8_t crl_oid_number[3], crl_oid_reason[3], crl_oid_invalidity[3], crl_oid_delta[3],
    crl_oid_idp[3], crl_oid_key_id[3];

/* Tag and length in the fewest octets; returns how many. */
size_t crl_header(uint8_t out[CRL_HEADER_MAX], uint8_t tag, uint64_t len);
bool crl_reason_valid(int reason);

#endif
