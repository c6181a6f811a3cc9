/* batch_row - columns of a batch as they are read, private to the store. */
#ifndef STORE_BATCH_ROW_H
#define STORE_BATCH_ROW_H

#include "store/batch.h"
#include "store/query.h"

#define BATCH_COLUMNS \
	"b.id, b.organization_id, b.profile_id, b.profile_version, b.parameters, b.parameters_version, b.method," \
	" b.name, b.size, b.state, b.version, b.packaging, b.p12_salt, b.created_at, b.created_by, b.created_by_name," \
	" b.staged_until, b.succeeded, b.failed, b.revoked, b.slices_left, b.sealed, b.charged, b.ready_at," \
	" b.downloaded_at, b.expires_at, b.purged_at, b.revoked_at, b.revoke_reason, b.changed_at, b.rest, b.rest_next," \
	" o.name, p.name"
#define BATCH_FROM \
	" FROM batch b LEFT JOIN organization o ON o.id = b.organization_id LEFT JOIN profile p ON p.id = b.profile_id"

void batch_read(const struct db_rows *, struct arena *, struct batch *);

#endif
