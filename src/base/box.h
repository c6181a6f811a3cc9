/*
 * box - octets encrypted and authenticated under one key: AES-256-GCM with a random nonce, so at most 2^32 boxes
 * a key (NIST SP 800-38D section 8.3).
 *
 * Written as nonce (12 octets), ciphertext, tag (16).  What a box is for goes into `about`: it opens with the
 * same octets only.
 */
#ifndef BASE_BOX_H
#define BASE_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct secret;
struct str;

#define BOX_KEY_LEN 32

struct secret *box_key_make(void);
/* Appends to *out. */
must_check bool box_seal(const struct secret *key, const void *about, size_t about_len, const struct secret *plain,
    struct str *out, struct err *);
/* ERR_INVALID "box_altered": another key, other `about`, or not what was sealed. */
must_check bool box_open(const struct secret *key, const void *about, size_t about_len, const uint8_t *box, size_t len,
    struct secret **out, struct err *);

#endif
