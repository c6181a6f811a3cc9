/*
 * revoke_run - one revocation of many certificates, found before: what certificate_revoke.c and
 * revoke_list.c share.
 */
#ifndef DOMAIN_REVOKE_RUN_H
#define DOMAIN_REVOKE_RUN_H

#include "domain/certificate/certificate.h"

struct revoke_run {
	const struct app		*app;
	const struct actor		*who;
	const struct revocation		*how;
	int64_t				 revoked, already;	/* counted up */
};

/* "6F:51:B1..." in any spelling into 16 octets. */
bool serial_parse(const char *text, uint8_t out[16]);
/* The time makes sense: ERR_INVALID "invalid_since". */
must_check bool revocation_ok(const struct revocation *, struct err *);
/* In one order always, so that two requests never wait for each other in a circle. */
void revoke_sort(struct certificate *, size_t n);
/* The reason, for each profile among them; sorted. */
must_check bool revoke_reasons_ok(const struct revoke_run *, struct db *, const struct certificate *, size_t n,
    struct arena *, struct err *);
/* Only id, batch, index, organization and serial are looked at; sorted. */
must_check bool revoke_found(struct revoke_run *, struct db *tx, const struct certificate *, size_t n, struct arena *,
    struct err *);

#endif
