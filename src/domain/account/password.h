/*
 * password - log-in passwords: the rules, and Argon2id (RFC 9106) hashes in the encoded form.
 */
#ifndef DOMAIN_PASSWORD_H
#define DOMAIN_PASSWORD_H

#include <stdbool.h>

#include "base/err.h"
#include "base/secret.h"

#define PASSWORD_MIN 12
#define PASSWORD_MAX 128
#define PASSWORD_HASH_MAX 128

/* ERR_INVALID "password_weak" says which rule: length, the user name inside, one character repeated. */
must_check bool password_ok(const struct secret *, const char *username, int min_chars, struct err *);
/* t=2, m=19 MiB, p=1.  At most two run at once in a process; others wait. */
must_check bool password_hash(const struct secret *, char out[PASSWORD_HASH_MAX], struct err *);
/*
 * Whether it matches.  encoded NULL (no such user, or no password set yet) takes the same time and is
 * never a match.
 */
bool password_verify(const char *encoded, const struct secret *);

#endif
