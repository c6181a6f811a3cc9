/*
 * gentime - GeneralizedTime whatever the year, as OCSP (RFC 6960 section 4.2.2.1) and invalidityDate
 * (RFC 5280 section 5.3.2) want it: YYYYMMDDHHMMSSZ.
 */
#ifndef X509_GENTIME_H
#define X509_GENTIME_H

#include "x509/der.h"

/* Seconds from 1950 to the end of 9999, as for der_put_time. */
void gentime_put(struct der_writer *, int64_t unix_s);
must_check bool gentime_get(struct der_reader *, int64_t *unix_s);

#endif
