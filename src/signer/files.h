/*
 * files - small files read whole, and written so that they exist whole or not at all.
 */
#ifndef SIGNER_FILES_H
#define SIGNER_FILES_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

struct secret;

/* ERR_NOT_FOUND file_missing; ERR_TOO_LARGE over max octets.  Appends. */
must_check bool file_read(const char *path, size_t max, struct str *out, struct err *);
/*
 * Into secure memory.  Refused (ERR_INVALID file_mode) when anybody but the owner may read it:
 * the message says which chmod helps.
 */
must_check bool file_read_secret(const char *path, size_t max, struct secret **out, struct err *);
/* Written beside it, synced, renamed, folder synced.  `mode` as for open. */
must_check bool file_write(const char *path, unsigned mode, const void *, size_t, struct err *);
/* The same, but ERR_CONFLICT file_exists when there is one. */
must_check bool file_write_new(const char *path, unsigned mode, const void *, size_t, struct err *);
/* ERR_NONE also when it is there. */
must_check bool dir_make(const char *path, unsigned mode, struct err *);

/* The certificates of a PEM file, one DER behind the other: `ends[i]` is where the i-th ends. */
must_check bool pem_file_certs(const char *path, struct str *der, size_t *ends, size_t max, size_t *n, struct err *);

#endif
