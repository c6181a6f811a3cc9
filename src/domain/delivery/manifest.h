/*
 * manifest - manifest.csv of a download: one line a device, cells safe for spreadsheets.  Where a device
 * has several files, `file` and `sha256` are of the main one, and other_files names the others.
 */
#ifndef DOMAIN_MANIFEST_H
#define DOMAIN_MANIFEST_H

#include "base/str.h"
#include "domain/delivery/packaging.h"

struct profile;

void manifest_header(const struct profile *, enum packaging, struct str *out);
/* The input whose value names the files, or -1: by index. */
int manifest_name_input(const struct profile *);

#endif
