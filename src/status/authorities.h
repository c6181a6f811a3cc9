/*
 * authorities - the CAs whose certificates we speak about.  They are added and never leave, so that a
 * pointer to one is good as long as the table.
 */
#ifndef STATUS_AUTHORITIES_H
#define STATUS_AUTHORITIES_H

#include "domain/app.h"
#include "x509/cert.h"
#include "x509/revocation/ocsp.h"

struct authority {
	int64_t		 id, parent_id;		/* parent 0: none */
	int64_t		 shards;
	int64_t		 added_at;
	struct str	 der;
	struct issuer	 issuer;		/* points into der; issuer.id is {ca} */
	struct der	 serial;		/* its own, without sign octet */
	enum signature_algorithm signature;	/* its lists are signed with */
	uint8_t		 name_sha1[20], key_sha1[20];
	uint8_t		 name_sha256[32], key_sha256[32];
	char		 etag[36];
};

struct authorities;
struct authorities *authorities_new(void);
void authorities_free(struct authorities *);
/* Takes in those that are new in the store. */
must_check bool authorities_refresh(struct authorities *, const struct app *, struct err *);

size_t authorities_count(const struct authorities *);
const struct authority *authorities_at(const struct authorities *, size_t);
/* NULL: unknown. */
const struct authority *authorities_by_id(const struct authorities *, int64_t id);
const struct authority *authorities_by_ski(const struct authorities *, const char *ski);
const struct authority *authorities_by_certid(const struct authorities *, const struct ocsp_certid *);
/* Whether the serial is that of a CA which `issuer` certified (itself too). */
bool authorities_issued(const struct authorities *, const struct authority *issuer, struct der serial);

#endif
