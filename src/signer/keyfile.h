/*
 * keyfile - private keys at rest: PKCS#8 EncryptedPrivateKeyInfo (RFC 5958) in PEM, PBES2 with scrypt
 * (RFC 7914) and AES-256-CBC, under a key-encryption key that stands in a file of its own.
 *
 * The key-encryption key is 32 random octets or more, so that scrypt's cost protects nothing that
 * needs it; it is chosen low, and a signer with forty keys starts at once.  The file may stand on
 * other media, or be a systemd credential.  Made here it is one line of hex, so that
 * `openssl pkcs8 -in KEY -passin file:KEK` opens a key too.
 */
#ifndef SIGNER_KEYFILE_H
#define SIGNER_KEYFILE_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

struct secret;

#define KEK_LEN 64		/* of a new one: hex digits of 32 random octets, and a line end */

/* ERR_INVALID kek_short: under 32 octets; file_mode: others may read it. */
must_check bool kek_load(const char *path, struct secret **, struct err *);
/* ERR_CONFLICT file_exists. */
must_check bool kek_make(const char *path, struct err *);

/* Appends "-----BEGIN ENCRYPTED PRIVATE KEY-----". */
must_check bool key_seal(const struct secret *kek, const struct secret *pkcs8, struct str *pem, struct err *);
/* ERR_INVALID key_sealed: another key-encryption key, or altered. */
must_check bool key_open(const struct secret *kek, const char *pem, size_t len, struct secret **pkcs8, struct err *);
/* The same from a file of mode 0600. */
must_check bool key_open_file(const struct secret *kek, const char *path, struct secret **pkcs8, struct err *);

#endif
