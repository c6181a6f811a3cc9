#include "domain/audit/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/rand.h"
#include "store/audit.h"

/* Microseconds, then chance: records of one second list in the order in which they were made. */
static void
record_id(char out[33])
{
	struct timespec now;
	uint64_t chance;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	rand_octets(&chance, sizeof(chance));
	(void)snprintf(out, 33, "%016" PRIx64 "%016" PRIx64,
	    (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000, chance);
}

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

	record_id(id);
	actor_label(who, label, sizeof(label));
	ok = store_audit_add(tx, &row, e);
	free(text);
	return ok;
}
