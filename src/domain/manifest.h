/* manifest - manifest.csv of a download: one line a device, cells safe for spreadsheets. */
#ifndef DOMAIN_MANIFEST_H
#define DOMAIN_MANIFEST_H

#include "base/str.h"

struct profile;

void manifest_header(const struct profile *, struct str *out);
/* The input whose value names the files, or -1: by index. */
int manifest_name_input(const struct profile *);

#endif
