/*
 * webauthn - what a passkey says (W3C Web Authentication, level 2): registrations and assertions taken apart
 * and verified by libfido2.  No attestation is asked for: which maker's authenticator it is does not matter.
 */
#ifndef DOMAIN_WEBAUTHN_H
#define DOMAIN_WEBAUTHN_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define WEBAUTHN_CHALLENGE_LEN 32

/* Who we are to a browser. */
struct webauthn_party {
	const char	*origin;	/* "https://localhost:8443" */
	const char	*id;		/* its host: "localhost" */
};
/* *id is in the arena; ERR_CONFLICT "passkey_host" when the origin's host is an address, not a name. */
must_check bool webauthn_party_of(const char *origin, struct arena *, struct webauthn_party *, struct err *);

/* COSE algorithms that are taken, the preferred one first. */
extern const int webauthn_algorithms[];
extern const size_t webauthn_algorithms_n;

/* Octets of the caller's. */
struct webauthn_octets {
	const uint8_t	*p;
	size_t		 len;
};

/* Texts and octets live in the arena. */
struct webauthn_credential {
	const uint8_t	*id;
	size_t		 id_len;
	int		 algorithm;
	const uint8_t	*public_key;
	size_t		 public_key_len;
	uint32_t	 sign_count;
};
/*
 * ERR_INVALID "passkey": not of this origin, no user was present, an algorithm that is not taken, or not to be
 * read at all.  The challenge is the caller's to compare.
 */
must_check bool webauthn_registration(const struct webauthn_party *, struct webauthn_octets client_data,
    struct webauthn_octets authenticator_data, struct arena *, uint8_t challenge[WEBAUTHN_CHALLENGE_LEN],
    struct webauthn_credential *, struct err *);
/* The same for a log-in; the signature is the credential's. */
must_check bool webauthn_assertion(const struct webauthn_party *, const struct webauthn_credential *,
    struct webauthn_octets client_data, struct webauthn_octets authenticator_data, struct webauthn_octets signature,
    uint8_t challenge[WEBAUTHN_CHALLENGE_LEN], uint32_t *sign_count, struct err *);

#endif
