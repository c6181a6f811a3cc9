#include "domain/delivery/zip.h"

#include <time.h>

#include "base/str.h"

#define MADE_BY (3u << 8 | 45)		/* Unix, version 4.5 */
#define MODE (UINT32_C(0100644) << 16)

static void
le16(struct str *s, unsigned v)
{
	uint8_t b[2] = { (uint8_t)v, (uint8_t)(v >> 8) };

	str_add(s, b, sizeof(b));
}

static void
le32(struct str *s, uint32_t v)
{
	le16(s, v & 0xffff);
	le16(s, v >> 16);
}

static void
le64(struct str *s, uint64_t v)
{
	le32(s, (uint32_t)v);
	le32(s, (uint32_t)(v >> 32));
}

/* MS-DOS time and date, in UTC; its years are 1980 to 2107. */
static uint32_t
dos_time(int64_t unix_s)
{
	time_t t = (time_t)unix_s;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || tm.tm_year < 80)
		return 1u << 21 | 1u << 16;
	if (tm.tm_year > 207)
		return 127u << 25 | 12u << 21 | 31u << 16;
	return (uint32_t)(tm.tm_year - 80) << 25 | (uint32_t)(tm.tm_mon + 1) << 21 | (uint32_t)tm.tm_mday << 16 |
	    (uint32_t)tm.tm_hour << 11 | (uint32_t)tm.tm_min << 5 | (uint32_t)tm.tm_sec / 2;
}

/* What local header and directory have in common, from "version needed" to the length of the name. */
static void
common(struct str *s, const struct zip_entry *z, int64_t unix_s, unsigned needed)
{
	le16(s, z->sealed ? 51 : needed);
	le16(s, z->sealed ? 1 : 0);	/* flags: encrypted */
	le16(s, z->sealed ? 99 : 0);	/* stored, or AES with the method in the extra field */
	le32(s, dos_time(unix_s));
	le32(s, z->crc32);
	le32(s, (uint32_t)zip_stored_octets(z));
	le32(s, z->size);
	le16(s, (unsigned)z->name_len);
}

static void
seal_extra(struct str *s)
{
	le16(s, 0x9901);
	le16(s, 7);
	le16(s, 2);			/* AE-2: no CRC of the plain file */
	str_add(s, "AE", 2);
	str_addc(s, 3);			/* AES-256 */
	le16(s, 0);			/* stored */
}

void
zip_local(struct str *s, const struct zip_entry *z, int64_t unix_s)
{
	le32(s, 0x04034b50);
	common(s, z, unix_s, 10);
	le16(s, z->sealed ? ZIP_SEAL_EXTRA : 0);
	str_add(s, z->name, z->name_len);
	if (z->sealed)
		seal_extra(s);
}

void
zip_central(struct str *s, const struct zip_entry *z, int64_t unix_s, uint64_t offset)
{
	bool far = offset >= ZIP_FAR;

	le32(s, 0x02014b50);
	le16(s, MADE_BY);
	common(s, z, unix_s, far ? 45 : 10);
	le16(s, (far ? ZIP_CENTRAL_FAR : 0u) + (z->sealed ? ZIP_SEAL_EXTRA : 0u));
	le16(s, 0);			/* comment */
	le16(s, 0);			/* disk */
	le16(s, 0);			/* internal attributes */
	le32(s, MODE);
	le32(s, far ? UINT32_MAX : (uint32_t)offset);
	str_add(s, z->name, z->name_len);
	if (far) {
		le16(s, 0x0001);
		le16(s, 8);
		le64(s, offset);
	}
	if (z->sealed)
		seal_extra(s);
}

void
zip_end(struct str *s, uint64_t entries, uint64_t directory_offset, uint64_t directory_octets)
{
	uint64_t end = directory_offset + directory_octets;

	if (entries >= 0xffff || directory_offset >= ZIP_FAR || directory_octets >= ZIP_FAR) {
		le32(s, 0x06064b50);
		le64(s, 44);		/* of the rest of this record */
		le16(s, MADE_BY);
		le16(s, 45);
		le32(s, 0);
		le32(s, 0);
		le64(s, entries);
		le64(s, entries);
		le64(s, directory_octets);
		le64(s, directory_offset);
		le32(s, 0x07064b50);
		le32(s, 0);
		le64(s, end);
		le32(s, 1);
	}
	le32(s, 0x06054b50);
	le16(s, 0);
	le16(s, 0);
	le16(s, entries >= 0xffff ? 0xffff : (unsigned)entries);
	le16(s, entries >= 0xffff ? 0xffff : (unsigned)entries);
	le32(s, directory_octets >= ZIP_FAR ? UINT32_MAX : (uint32_t)directory_octets);
	le32(s, directory_offset >= ZIP_FAR ? UINT32_MAX : (uint32_t)directory_offset);
	le16(s, 0);
}
