/* profile_files - what the Certificate Profiles tab downloads: the CA chain as a ZIP, the CSV template. */
#ifndef DOMAIN_PROFILE_FILES_H
#define DOMAIN_PROFILE_FILES_H

#include "base/str.h"
#include "domain/profile/profile.h"

/*
 * Root and intermediates of a profile: NAME.pem and NAME.der each, and chain.pem from the issuing CA up.
 * Appends the ZIP to *out.
 */
must_check bool profile_chain_zip(const struct app *, const struct actor *, int64_t profile_id, struct arena *,
    struct str *out, struct err *);
/* One header line with the columns an upload may have, required ones first. */
void profile_csv_template(const struct profile *, struct str *out);

#endif
