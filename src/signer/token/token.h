/*
 * token - CA keys in a PKCS#11 token: an HSM, or SoftHSM in tests.
 *
 * The key is named by a PKCS#11 URI (RFC 7512), the module is called directly.  The module is that of
 * the URI's module-path, else the configured one; the PIN comes from the URI's pin-source (a file) or
 * pin-value, else the configured PIN file.  A token that lost its session (restarted, unplugged) is
 * logged in to again before the next signature.
 */
#ifndef SIGNER_TOKEN_H
#define SIGNER_TOKEN_H

#include "base/err.h"
#include "base/str.h"
#include "signer/signkey.h"
#include "x509/key.h"

struct token_conf {
	const char	*module;	/* path of the shared object, or NULL */
	const char	*pin_file;	/* or NULL */
};

/* ERR_INVALID token_uri; ERR_NOT_FOUND token_key: no such token or key; ERR_UNAVAILABLE token_failed. */
must_check bool signkey_from_token(const char *uri, const struct token_conf *, struct der spki, struct signkey **,
    struct err *);

/*
 * The public key of a pair in the token: the one that the URI names, else a new one, made there with
 * the URI's `object` and `id`.  Appends the SubjectPublicKeyInfo.
 */
must_check bool token_keypair(const char *uri, const struct token_conf *, struct key_type, struct str *spki,
    bool *made, struct err *);

/* Closes all modules, at the end of the program. */
void token_close_all(void);

#endif
