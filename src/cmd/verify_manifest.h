/* verify_manifest - the manifest of a downloaded batch: what each file should be. */
#ifndef CMD_VERIFY_MANIFEST_H
#define CMD_VERIFY_MANIFEST_H

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/own.h"

struct manifest_line {
	const char	*file, *serial_number, *subject;
	const char	*beside;	/* another file of the same device: the main one's name; it has no hash */
	uint8_t		 sha256[SHA256_LEN];
	bool		 seen;
};

struct manifest;
/* From the text of manifest.csv, in any size of piece.  ERR_INVALID says which line and why. */
struct manifest *manifest_new(void);
void manifest_free(struct manifest *);
OWN_TYPE(struct manifest, manifest_free)
must_check bool manifest_feed(struct manifest *, const void *, size_t, struct err *);
must_check bool manifest_end(struct manifest *, struct err *);
size_t manifest_count(const struct manifest *);
/* NULL: no such file in it. */
struct manifest_line *manifest_find(struct manifest *, const char *file);
/* The next line whose file was not seen, from *at on, which moves; NULL: none. */
const struct manifest_line *manifest_missing(const struct manifest *, size_t *at);

#endif
