/*
 * zip - the parts of a ZIP archive whose files are stored as they are (APPNOTE 6.3).
 *
 * Sizes and CRC stand in the local headers, so that readers of streams understand it; ZIP64 where a
 * number does not fit, and only there.  The caller knows what goes where: nothing is remembered.
 */
#ifndef DOMAIN_ZIP_H
#define DOMAIN_ZIP_H

#include <stddef.h>
#include <stdint.h>

struct str;

struct zip_entry {
	const char	*name;		/* ASCII, name_len octets */
	size_t		 name_len;
	uint32_t	 crc32;
	uint32_t	 size;		/* below 4 GiB */
};

/* Local header; the file's octets follow. */
void zip_local(struct str *out, const struct zip_entry *, int64_t unix_s);
#define ZIP_LOCAL_OCTETS(name_len) (30 + (uint64_t)(name_len))
/* Entry of the central directory, for a local header at `offset`. */
void zip_central(struct str *out, const struct zip_entry *, int64_t unix_s, uint64_t offset);
#define ZIP_CENTRAL_OCTETS(name_len) (46 + (uint64_t)(name_len))
#define ZIP_CENTRAL_FAR 12		/* more where the offset is ZIP_FAR or more */
#define ZIP_FAR UINT64_C(0xffffffff)	/* an offset from here on needs ZIP64 */
/* Behind the central directory. */
void zip_end(struct str *out, uint64_t entries, uint64_t directory_offset, uint64_t directory_octets);

#endif
