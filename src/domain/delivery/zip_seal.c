/* Files encrypted under a password, by libarchive. */
#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "domain/delivery/zip.h"

#define LOCAL_HEADER 30

static la_ssize_t
collect(struct archive *z, void *arg, const void *data, size_t len)
{
	(void)z;
	str_add(arg, data, len);
	return (la_ssize_t)len;
}

static bool
archive_make(struct archive *z, const struct secret *password, const void *data, size_t len, struct str *out)
{
	struct archive_entry *entry = archive_entry_new();
	bool ok;

	archive_entry_set_pathname(entry, "a");
	archive_entry_set_size(entry, (la_int64_t)len);
	archive_entry_set_filetype(entry, AE_IFREG);
	ok = archive_write_set_format_zip(z) == ARCHIVE_OK &&
	    archive_write_set_options(z, "zip:compression=store,zip:encryption=aes256") == ARCHIVE_OK &&
	    archive_write_set_passphrase(z, (const char *)password->p) == ARCHIVE_OK &&
	    archive_write_open(z, out, NULL, collect, NULL) == ARCHIVE_OK &&
	    archive_write_header(z, entry) == ARCHIVE_OK && archive_write_data(z, data, len) == (la_ssize_t)len &&
	    archive_write_close(z) == ARCHIVE_OK;
	archive_entry_free(entry);
	return ok;
}

static size_t
le16_at(const struct str *s, size_t at)
{
	return (size_t)((uint8_t)s->p[at] | (unsigned)(uint8_t)s->p[at + 1] << 8);
}

/* What stands between the local header and the rest of an archive of one file. */
bool
zip_seal(const struct secret *password, const void *data, size_t len, struct str *out, struct err *e)
{
	OWN_STR struct str all = { 0 };
	struct archive *z = archive_write_new();
	bool ok = z != NULL && archive_make(z, password, data, len, &all);
	size_t at;

	archive_write_free(z);
	if (!ok || all.len < LOCAL_HEADER || memcmp(all.p, "PK\x03\x04", 4) != 0 || le16_at(&all, 8) != 99)
		return err_sys(e, "a file cannot be encrypted");
	at = LOCAL_HEADER + le16_at(&all, 26) + le16_at(&all, 28);
	if (at + len + ZIP_SEAL_OCTETS > all.len)
		return err_sys(e, "an encrypted file is shorter than it should be");
	str_add(out, all.p + at, len + ZIP_SEAL_OCTETS);
	return true;
}
