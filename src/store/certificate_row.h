/* certificate_row - columns of a certificate as they are read, private to the store. */
#ifndef STORE_CERTIFICATE_ROW_H
#define STORE_CERTIFICATE_ROW_H

#include "store/certificate.h"

#define CERTIFICATE_COLUMNS \
	"c.id, c.serial, c.batch_id, c.item_index, c.organization_id, c.profile_id, c.ca_id, c.state, c.created_at," \
	" c.not_before, c.not_after, c.subject, c.revoked_at, c.reason, c.shard, b.name, b.method, b.downloaded_at"

void certificate_read(const struct db_rows *, struct arena *, struct certificate *);

#endif
