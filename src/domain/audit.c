#include "domain/audit.h"

#include <string.h>

#include "base/clock.h"
#include "base/rand.h"
#include "store/audit.h"

bool
audit_append(struct db *tx, const struct actor *who, int64_t organization_id, const char *action,
    const char *object, const json_t *detail, struct err *e)
{
	char id[33], label[96];
	char *text = detail == NULL ? NULL : json_dumps(detail, JSON_COMPACT | JSON_SORT_KEYS);
	struct audit_row row = { .id = id, .at = clock_now_s(), .actor = label, .organization_id = organization_id,
	    .action = action, .object = object, .detail = text == NULL ? "{}" : text, .address = who->address,
	    .request_id = who->request_id };
	bool ok;

	rand_id(id);
	actor_label(who, label, sizeof(label));
	ok = store_audit_add(tx, &row, e);
	free(text);
	return ok;
}
