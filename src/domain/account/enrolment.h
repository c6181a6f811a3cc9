/*
 * enrolment - how a person gets an admin certificate or a passkey: by a one-time link that an administrator
 * has mailed to him.
 *
 * A public key waits in the store until a worker has it certified by the instance's own admin CA; only the
 * worker talks to the signer.  The link is used up in the transaction that registers the certificate, so
 * whoever asks again with the same key meanwhile, or afterwards, gets that certificate and no second one.
 */
#ifndef DOMAIN_ENROLMENT_H
#define DOMAIN_ENROLMENT_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/secret.h"
#include "base/str.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "domain/account/session.h"
#include "store/user.h"
#include "x509/p12/p12.h"

/* The profile that admin certificates are made by is the one of this CA. */
#define ADMIN_CA "internal-admin"

/* ---- invitations ---- */

struct invitation {
	char	id[33];			/* of the link's hash */
	int64_t	created_at, expires_at;
};
/* Mails a link; earlier ones of the user open nothing any more.  ERR_CONFLICT "user_disabled". */
must_check bool invitation_send(const struct app *, const struct actor *, int64_t user_id, struct invitation *,
    struct err *);
/* The same inside a transaction that made the user; the welcome's text has the link. */
must_check bool invitation_make(struct db *tx, int64_t user_id, char link[65], struct invitation *, struct err *);
must_check bool invitation_list(const struct app *, const struct actor *, int64_t user_id, struct arena *,
    struct invitation **, size_t *n, struct err *);
must_check bool invitation_withdraw(const struct app *, const struct actor *, int64_t user_id, const char *id,
    struct err *);

/* ---- the one who was invited ---- */

struct enrolment_view {
	int64_t		 user_id;
	const char	*username, *full_name;
	const char	*organization;		/* as in the subject */
	const char	*subject;		/* of the certificate to be */
	int64_t		 expires_at;
	bool		 passkeys;		/* one may stand for the certificate */
	int64_t		 password_min;		/* of the PKCS#12 file */
};
/* ERR_NOT_FOUND "enrolment" for a link that is unknown, used or over. */
must_check bool enrolment_find(const struct app *, const char *token, struct arena *, struct enrolment_view *,
    struct err *);
/* Inside a transaction; *hash of the link. */
must_check bool enrolment_open(struct db *, const char *token, struct arena *, uint8_t hash[32], int64_t *user_id,
    int64_t *expires_at, struct err *);

struct enrolled {
	const char		*username;
	struct user_certificate	 certificate;	/* with its subject */
	struct str		 pem, chain_pem, pkcs12;	/* the caller's: enrolled_clear; pkcs12 empty for a CSR */
};
void enrolled_clear(struct enrolled *);
#define OWN_ENROLLED __attribute__((cleanup(enrolled_clear)))
/*
 * A request in PEM.  ERR_INVALID with faults for what is wrong with it; ERR_UNAVAILABLE when no worker
 * made it in time.
 */
must_check bool enrol_csr(const struct app *, const char *token, const char *pem, const struct origin *,
    struct arena *, struct enrolled *, struct faults *, struct err *);
/* A key made here, that leaves in the PKCS#12 file only. */
must_check bool enrol_pkcs12(const struct app *, const char *token, const struct secret *password, enum p12_mode,
    const struct origin *, struct arena *, struct enrolled *, struct faults *, struct err *);

/* ---- the worker ---- */

struct enrolment_work {
	const char	*id;
	const char	*username, *organization;	/* inputs of the profile */
	const uint8_t	*spki;
	size_t		 spki_len;
	int64_t		 profile_id, profile_version, ca_id;
	int64_t		 attempts;
};
/* Inside a transaction: organization, profile and CA of what is to be made for this user. */
must_check bool enrolment_inputs(const struct app *, struct db *, int64_t user_id, struct arena *,
    struct enrolment_work *, struct err *);
/* Leases the oldest for a minute; *found false: none waits. */
must_check bool enrolment_lease(const struct app *, struct arena *, struct enrolment_work *, bool *found, struct err *);
/* Registers the certificate and uses the link up; when it was used meanwhile, the certificate is revoked at once. */
must_check bool enrolment_store(const struct app *, const struct enrolment_work *, const uint8_t *der, size_t len,
    struct err *);
must_check bool enrolment_fail(const struct app *, const struct enrolment_work *, const char *why, struct err *);

/* ---- housekeeping ---- */

/*
 * Tells one person whose certificate ends in 30 days, and again in 7, with a link to enrol a new one; *did
 * false: nobody is to be told.
 */
must_check bool enrolment_warn(const struct app *, bool *did, struct err *);
must_check bool enrolment_sweep(const struct app *, struct err *);

#endif
