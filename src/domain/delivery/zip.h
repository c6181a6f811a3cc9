/*
 * zip - the parts of a ZIP archive whose files are stored as they are (APPNOTE 6.3).
 *
 * Sizes and CRC stand in the local headers, so that readers of streams understand it; ZIP64 where a
 * number does not fit, and only there.  The caller knows what goes where: nothing is remembered.
 *
 * A sealed file is encrypted under a password as WinZip's AE-2 has it: AES-256 in counter mode, keys by
 * PBKDF2-HMAC-SHA1 (1,000 iterations, 16 octets of salt a file), HMAC-SHA1 over the ciphertext.  7-Zip,
 * WinZip, libarchive and what is built on them open it.
 */
#ifndef DOMAIN_ZIP_H
#define DOMAIN_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct secret;
struct str;

struct zip_entry {
	const char	*name;		/* ASCII, name_len octets */
	size_t		 name_len;
	uint32_t	 crc32;		/* 0 when sealed */
	uint32_t	 size;		/* of the file itself, below 4 GiB */
	bool		 sealed;
};

/* What a sealed file is longer than the file: salt, password check, authentication code. */
#define ZIP_SEAL_OCTETS 28
static inline uint64_t
zip_stored_octets(const struct zip_entry *z)
{
	return (uint64_t)z->size + (z->sealed ? ZIP_SEAL_OCTETS : 0);
}
/* Appends the sealed form of a file. */
must_check bool zip_seal(const struct secret *password, const void *, size_t, struct str *out, struct err *);

/* Local header; the file's octets, or its sealed form, follow. */
void zip_local(struct str *out, const struct zip_entry *, int64_t unix_s);
#define ZIP_LOCAL_OCTETS(name_len) (30 + (uint64_t)(name_len))
#define ZIP_SEAL_EXTRA 11		/* more in both headers of a sealed file */
/* Header and what follows it. */
static inline uint64_t
zip_entry_octets(const struct zip_entry *z)
{
	return ZIP_LOCAL_OCTETS(z->name_len) + (z->sealed ? ZIP_SEAL_EXTRA : 0) + zip_stored_octets(z);
}
/* Entry of the central directory, for a local header at `offset`. */
void zip_central(struct str *out, const struct zip_entry *, int64_t unix_s, uint64_t offset);
#define ZIP_CENTRAL_OCTETS(name_len) (46 + (uint64_t)(name_len))
static inline uint64_t
zip_central_octets(const struct zip_entry *z)
{
	return ZIP_CENTRAL_OCTETS(z->name_len) + (z->sealed ? ZIP_SEAL_EXTRA : 0);
}
#define ZIP_CENTRAL_FAR 12		/* more where the offset is ZIP_FAR or more */
#define ZIP_FAR UINT64_C(0xffffffff)	/* an offset from here on needs ZIP64 */
/* Behind the central directory. */
void zip_end(struct str *out, uint64_t entries, uint64_t directory_offset, uint64_t directory_octets);

#endif
