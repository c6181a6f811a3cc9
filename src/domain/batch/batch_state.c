#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "domain/audit/audit.h"
#include "domain/batch/batch.h"

const char *const batch_state_names[] = {
	[BATCH_PENDING_APPROVAL] = "pending_approval",
	[BATCH_PENDING_CREATION] = "pending_creation",
	[BATCH_PENDING_ISSUE] = "pending_issue",
	[BATCH_PREPARING] = "preparing_download",
	[BATCH_READY] = "ready_for_download",
	[BATCH_DOWNLOADED] = "downloaded",
	[BATCH_ISSUED_PARTLY] = "issued_partly",
	[BATCH_FAILED] = "failed",
	[BATCH_REJECTED] = "rejected",
	[BATCH_REVOKED] = "revoked",
	[BATCH_EXPIRED] = "expired",
	[BATCH_STATES] = NULL,
};

static const char *const titles[] = {
	[BATCH_PENDING_APPROVAL] = "Pending Approval",
	[BATCH_PENDING_CREATION] = "Pending Creation",
	[BATCH_PENDING_ISSUE] = "Pending Issue",
	[BATCH_PREPARING] = "Preparing Download",
	[BATCH_READY] = "Ready For Download",
	[BATCH_DOWNLOADED] = "Downloaded",
	[BATCH_ISSUED_PARTLY] = "Issued Partly",
	[BATCH_FAILED] = "Failed",
	[BATCH_REJECTED] = "Rejected",
	[BATCH_REVOKED] = "Revoked",
	[BATCH_EXPIRED] = "Expired",
};

static const char *const step_names[] = {
	[BATCH_ACCEPT] = "accept", [BATCH_ASK] = "ask", [BATCH_APPROVE] = "approve", [BATCH_ISSUED] = "issued",
	[BATCH_NONE_ISSUED] = "none issued", [BATCH_PACK] = "pack", [BATCH_PACK_PARTLY] = "pack partly",
	[BATCH_REJECT] = "reject", [BATCH_DOWNLOAD] = "download", [BATCH_REVOKE] = "revoke",
	[BATCH_ALL_REVOKED] = "all revoked", [BATCH_EXPIRE] = "expire",
};

/* The message is the history's; its words are those of the portal's users. */
static const struct edge {
	enum batch_state from;
	enum batch_step	 on;
	enum batch_state to;
	const char	*audit;
	const char	*message;
} edges[] = {
	{ BATCH_PENDING_CREATION, BATCH_ASK,	     BATCH_PENDING_APPROVAL, "batch.submitted",	  "Waiting for approval" },
	{ BATCH_PENDING_CREATION, BATCH_ACCEPT,	     BATCH_PENDING_ISSUE,    "batch.accepted",	  "" },
	{ BATCH_PENDING_APPROVAL, BATCH_APPROVE,     BATCH_PENDING_ISSUE,    "batch.approved",	  "Approved" },
	{ BATCH_PENDING_APPROVAL, BATCH_REJECT,	     BATCH_REJECTED,	     "batch.rejected",	  "Approval refused" },
	{ BATCH_PENDING_ISSUE,	  BATCH_ISSUED,	     BATCH_PREPARING,	     "batch.issued",	  "" },
	{ BATCH_PENDING_ISSUE,	  BATCH_NONE_ISSUED, BATCH_FAILED,	     "batch.failed",	  "No certificate could be made" },
	{ BATCH_PENDING_ISSUE,	  BATCH_REJECT,	     BATCH_REJECTED,	     "batch.rejected",	  "Batch rejected" },
	{ BATCH_PREPARING,	  BATCH_PACK,	     BATCH_READY,	     "batch.ready",	  "Processing batch CERT_RESULTS..." },
	{ BATCH_PREPARING,	  BATCH_PACK_PARTLY, BATCH_ISSUED_PARTLY,    "batch.issued_partly", "Processing batch CERT_RESULTS..." },
	{ BATCH_PREPARING,	  BATCH_REJECT,	     BATCH_REJECTED,	     "batch.rejected",	  "Batch rejected" },
	{ BATCH_READY,		  BATCH_REJECT,	     BATCH_REJECTED,	     "batch.rejected",	  "Batch rejected" },
	{ BATCH_READY,		  BATCH_DOWNLOAD,    BATCH_DOWNLOADED,	     "batch.downloaded",  "Batch downloaded" },
	{ BATCH_READY,		  BATCH_REVOKE,	     BATCH_REVOKED,	     "batch.revoked",	  "Batch revoked" },
	{ BATCH_READY,		  BATCH_ALL_REVOKED, BATCH_REVOKED,	     "batch.revoked",	  "Last certificate revoked" },
	{ BATCH_READY,		  BATCH_EXPIRE,	     BATCH_EXPIRED,	     "batch.expired",	  "Results purged" },
	{ BATCH_ISSUED_PARTLY,	  BATCH_REJECT,	     BATCH_REJECTED,	     "batch.rejected",	  "Batch rejected" },
	{ BATCH_ISSUED_PARTLY,	  BATCH_DOWNLOAD,    BATCH_DOWNLOADED,	     "batch.downloaded",  "Batch downloaded" },
	{ BATCH_ISSUED_PARTLY,	  BATCH_REVOKE,	     BATCH_REVOKED,	     "batch.revoked",	  "Batch revoked" },
	{ BATCH_ISSUED_PARTLY,	  BATCH_ALL_REVOKED, BATCH_REVOKED,	     "batch.revoked",	  "Last certificate revoked" },
	{ BATCH_ISSUED_PARTLY,	  BATCH_EXPIRE,	     BATCH_EXPIRED,	     "batch.expired",	  "Results purged" },
	{ BATCH_DOWNLOADED,	  BATCH_REVOKE,	     BATCH_REVOKED,	     "batch.revoked",	  "Batch revoked" },
	{ BATCH_DOWNLOADED,	  BATCH_ALL_REVOKED, BATCH_REVOKED,	     "batch.revoked",	  "Last certificate revoked" },
	{ BATCH_DOWNLOADED,	  BATCH_EXPIRE,	     BATCH_EXPIRED,	     "batch.expired",	  "Results purged" },
	{ BATCH_EXPIRED,	  BATCH_ALL_REVOKED, BATCH_REVOKED,	     "batch.revoked",	  "Last certificate revoked" },
};

const char *
batch_state_name(enum batch_state s)
{
	return s < BATCH_STATES ? batch_state_names[s] : "unknown";
}

const char *
batch_state_title(enum batch_state s)
{
	return s < BATCH_STATES ? titles[s] : "Unknown";
}

enum batch_state
batch_state_parse(const char *name)
{
	unsigned s = 0;

	while (s < BATCH_STATES && strcmp(batch_state_names[s], name) != 0)
		s++;
	return (enum batch_state)s;
}

const char *
batch_step_name(enum batch_step step)
{
	return step < BATCH_STEPS ? step_names[step] : "unknown";
}

static const struct edge *
edge_find(enum batch_state from, enum batch_step on)
{
	for (size_t i = 0; i < COUNT(edges); i++)
		if (edges[i].from == from && edges[i].on == on)
			return &edges[i];
	return NULL;
}

enum batch_state
batch_next(enum batch_state from, enum batch_step on)
{
	const struct edge *edge = edge_find(from, on);

	return edge == NULL ? BATCH_STATES : edge->to;
}

bool
batch_step(struct db *tx, const struct actor *who, struct batch *b, enum batch_step step, const json_t *detail,
    struct err *e)
{
	enum batch_state from = batch_state_parse(b->state);
	const struct edge *edge = edge_find(from, step);
	struct batch_event event;
	char label[96] = "", object[32];
	int64_t now = clock_now_s();

	if (edge == NULL)
		return err_set(e, ERR_CONFLICT, "batch_state", "batch %" PRId64 " is \"%s\": %s is not possible now", b->id,
		    batch_state_title(from), batch_step_name(step));
	if (!store_batch_move(tx, b, batch_state_name(edge->to), now, e))
		return false;
	/* Accepting an order is no act of its own: the line before it has the name. */
	if (who != &actor_system && edge->message[0] != '\0')
		actor_label(who, label, sizeof(label));
	event = (struct batch_event){ .at = now, .status = b->state, .user_name = label, .message = edge->message };
	(void)snprintf(object, sizeof(object), "batch %" PRId64, b->id);
	return store_batch_event_add(tx, b->id, &event, e) &&
	    audit_append(tx, who, b->organization_id, edge->audit, object, detail, e);
}

unsigned
batch_actions(const struct batch *b, const struct actor *who)
{
	enum batch_state s = batch_state_parse(b->state);
	bool own = who->organization_id == b->organization_id;
	unsigned actions = 0;

	if (own && (who->rights & RIGHT_ORDER) != 0 &&
	    (s == BATCH_READY || s == BATCH_ISSUED_PARTLY || s == BATCH_DOWNLOADED))
		actions |= ACTION_DOWNLOAD;
	if (own && (who->rights & RIGHT_ORDER) != 0 && edge_find(s, BATCH_REJECT) != NULL)
		actions |= ACTION_REJECT;
	if ((who->rights & RIGHT_REVOKE) != 0 && edge_find(s, BATCH_REVOKE) != NULL)
		actions |= ACTION_REVOKE;
	if (own && (who->rights & RIGHT_ORDER) != 0 && s == BATCH_PENDING_APPROVAL && who->user_id != b->created_by)
		actions |= ACTION_APPROVE;
	return actions;
}
