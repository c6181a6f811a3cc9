/*
 * certificate - what was issued: found, shown, fetched and revoked one by one or by list.
 */
#ifndef DOMAIN_CERTIFICATE_H
#define DOMAIN_CERTIFICATE_H

#include "base/arena.h"
#include "base/fault.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "store/certificate.h"

enum certificate_status {
	STATUS_ISSUED, STATUS_REVOKED, STATUS_EXPIRED, STATUS_REJECTED, CERTIFICATE_STATUSES
};
extern const char *const certificate_status_names[];	/* NULL-terminated, in that order */
enum certificate_status certificate_status(const struct certificate *, int64_t now);

struct certificate_search {
	int64_t		 organization_id, batch_id, profile_id;		/* 0: any the actor sees */
	const char	*name, *subject;	/* parts; NULL: any */
	const char	*serial_number;		/* whole or part, any case, colons and blanks do not matter */
	int		 status;		/* -1: any */
	int64_t		 from, to;
	enum certificate_sort sort;
	bool		 descending;
	bool		 after;			/* from here on: the end of the page before */
	int64_t		 after_int;		/* the sort key, where it is a number */
	uint8_t		 after_serial[16];
	int64_t		 after_id;
	int64_t		 limit;
	bool		 uncounted;		/* the total is not asked for: -1 */
};
struct certificate_page {
	struct certificate	*list;
	size_t			 n;
	int64_t			 total;		/* -1: not counted */
	bool			 more;		/* go on after: */
	int64_t			 next_int, next_id;
	uint8_t			 next_serial[16];
};
/*
 * A search by profile, or by part of a name, subject or serial number reads a bounded piece of a large table: a page may
 * then be short, even empty, and still have `more`.
 */
must_check bool certificate_list(const struct app *, const struct actor *, const struct certificate_search *,
    struct arena *, struct certificate_page *, struct err *);

struct certificate_detail {
	struct certificate	 c;
	const uint8_t		*der;
	size_t			 der_len;
	const char		*inputs;	/* JSON object */
	const char		*profile_name, *ca_ski;
};
/* ERR_NOT_FOUND "certificate" for another organization's, an orphan, or no serial number at all. */
must_check bool certificate_get(const struct app *, const struct actor *, const char *serial_number, struct arena *,
    struct certificate_detail *, struct err *);
/* The certificate itself: ERR_CONFLICT "not_downloaded" while its batch was never downloaded. */
must_check bool certificate_fetch(const struct app *, const struct actor *, const char *serial_number, struct arena *,
    struct certificate_detail *, struct err *);
/* What stands in it, in words. */
struct certificate_extension {
	const char	*oid, *name;	/* name: the OID where it has none */
	bool		 critical;
	const char	*value;
};
struct certificate_words {
	const char			*issuer;
	const char			*key_algorithm;		/* "RSA", "EC" */
	const char			*curve;			/* "P-256"; NULL: none */
	unsigned			 key_bits;
	const char			*signature;		/* "sha256WithRSAEncryption" */
	const char			*sha256;		/* lower-case hex of the DER */
	struct certificate_extension	*extensions;
	size_t				 extensions_n;
};
must_check bool certificate_words(const struct certificate_detail *, struct arena *, struct certificate_words *,
    struct err *);
/* RFC 7468 text. */
must_check bool certificate_pem(const struct certificate_detail *, struct arena *, const char **pem, struct err *);

/* ---- revocation ---- */

struct revocation {
	int	 reason;		/* RFC 5280's; certificate_hold where the profile allows it */
	int64_t	 invalid_since;		/* 0: not said */
};
/*
 * All or none: a serial number that is unknown or another organization's is a fault, ERR_INVALID.  One
 * already revoked stays as it is, its reason too; one on hold can be revoked for good.
 */
must_check bool certificate_revoke(const struct app *, const struct actor *, const char *const *serial_numbers,
    size_t n, const struct revocation *, int64_t *revoked, int64_t *already, struct faults *, struct err *);
/* Takes back holds; all or none.  One that is not on hold is a fault. */
must_check bool certificate_release(const struct app *, const struct actor *, const char *const *serial_numbers,
    size_t n, int64_t *released, struct faults *, struct err *);

#endif
