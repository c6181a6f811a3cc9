#include "store/check.h"

/* One column, one line a row that should not be. */
static const struct {
	struct check_rule	 rule;
	const char		*sql;
} rules[] = {
	{ { "items", "every item of a finished batch is issued once or failed once" },
	  "SELECT 'batch ' || CAST(b.id AS TEXT) || ' of ' || CAST(b.size AS TEXT) || ': ' || CAST(b.made AS TEXT)"
	  " || ' issued, ' || CAST(b.failures AS TEXT) || ' failed' FROM (SELECT id, size, state,"
	  " (SELECT COUNT(*) FROM certificate c WHERE c.batch_id = batch.id AND c.state <> 3) AS made,"
	  " (SELECT COUNT(*) FROM item_failure f WHERE f.batch_id = batch.id) AS failures FROM batch) b"
	  " WHERE b.state IN ('preparing_download', 'ready_for_download', 'downloaded', 'issued_partly', 'failed', 'expired')"
	  " AND b.made + b.failures <> b.size LIMIT $1" },
	{ { "devices", "every device of a batch stands there once" },
	  "SELECT 'batch ' || CAST(b.id AS TEXT) || ' of ' || CAST(b.size AS TEXT) || ': ' || CAST(COUNT(i.item_index) AS TEXT)"
	  " || ' devices' FROM batch b LEFT JOIN item i ON i.batch_id = b.id"
	  " WHERE b.state <> 'pending_creation' GROUP BY b.id, b.size HAVING COUNT(i.item_index) <> b.size"
	  " OR MIN(i.item_index) <> 0 OR MAX(i.item_index) <> b.size - 1 LIMIT $1" },
	{ { "results", "every certificate and every failure is of a device that was ordered" },
	  "SELECT 'certificate ' || CAST(c.id AS TEXT) FROM certificate c LEFT JOIN batch b ON b.id = c.batch_id"
	  " WHERE b.id IS NULL OR c.item_index < 0 OR c.item_index >= b.size OR c.organization_id <> b.organization_id"
	  " OR c.profile_id <> b.profile_id"
	  " UNION ALL SELECT 'failure of item ' || CAST(f.item_index AS TEXT) || ' of batch ' || CAST(f.batch_id AS TEXT)"
	  " FROM item_failure f LEFT JOIN batch b ON b.id = f.batch_id"
	  " WHERE b.id IS NULL OR f.item_index < 0 OR f.item_index >= b.size LIMIT $1" },
	{ { "counters", "a batch's counters are those of its rows" },
	  "SELECT 'batch ' || CAST(b.id AS TEXT) || ' says ' || CAST(b.succeeded AS TEXT) || ' and ' ||"
	  " CAST(b.failed AS TEXT) || ', there are ' || CAST(b.made AS TEXT) || ' and ' || CAST(b.failures AS TEXT)"
	  " FROM (SELECT id, state, succeeded, failed,"
	  " (SELECT COUNT(*) FROM certificate c WHERE c.batch_id = batch.id AND c.state <> 3) AS made,"
	  " (SELECT COUNT(*) FROM item_failure f WHERE f.batch_id = batch.id) AS failures FROM batch) b"
	  " WHERE b.made <> b.succeeded OR b.failures <> b.failed LIMIT $1" },
	{ { "twice", "no item is issued and failed" },
	  "SELECT 'batch ' || CAST(f.batch_id AS TEXT) || ' item ' || CAST(f.item_index AS TEXT) FROM item_failure f"
	  " JOIN certificate c ON c.batch_id = f.batch_id AND c.item_index = f.item_index AND c.state <> 3 LIMIT $1" },
	{ { "serials", "every certificate has its serial number and its DER" },
	  "SELECT 'certificate ' || CAST(c.id AS TEXT) FROM certificate c"
	  " LEFT JOIN certificate_serial s ON s.serial = c.serial AND s.certificate_id = c.id"
	  " LEFT JOIN certificate_der d ON d.certificate_id = c.id"
	  " WHERE s.serial IS NULL OR d.certificate_id IS NULL LIMIT $1" },
	{ { "strays", "no serial number or DER without its certificate" },
	  "SELECT 'serial of certificate ' || CAST(s.certificate_id AS TEXT) FROM certificate_serial s"
	  " LEFT JOIN certificate c ON c.id = s.certificate_id WHERE c.id IS NULL"
	  " UNION ALL SELECT 'DER of certificate ' || CAST(d.certificate_id AS TEXT) FROM certificate_der d"
	  " LEFT JOIN certificate c ON c.id = d.certificate_id WHERE c.id IS NULL LIMIT $1" },
	{ { "slices", "what is finished has nothing queued, and what is being issued counts what is left" },
	  "SELECT 'batch ' || CAST(b.id AS TEXT) || ' in ' || b.state || ': ' || CAST(b.queued AS TEXT) ||"
	  " ' slices queued, ' || CAST(b.slices_left AS TEXT) || ' counted' FROM (SELECT id, state, slices_left,"
	  " (SELECT COUNT(*) FROM slice s WHERE s.batch_id = batch.id AND s.state = 'queued') AS queued FROM batch) b"
	  " WHERE (b.state = 'pending_issue' AND b.queued <> b.slices_left)"
	  " OR (b.state NOT IN ('pending_issue', 'pending_approval', 'pending_creation', 'rejected') AND b.queued <> 0) LIMIT $1" },
	{ { "cut", "a batch is cut into slices without a gap, and a finished slice has as many results as devices" },
	  "SELECT 'batch ' || CAST(b.id AS TEXT) || ' of ' || CAST(b.size AS TEXT) || ' in slices of ' ||"
	  " CAST(COALESCE(SUM(s.size), 0) AS TEXT) FROM batch b LEFT JOIN slice s ON s.batch_id = b.id"
	  " WHERE b.state <> 'pending_creation' GROUP BY b.id, b.size HAVING COALESCE(SUM(s.size), 0) <> b.size"
	  " OR MIN(s.first_index) <> 0 OR MAX(s.first_index + s.size) <> b.size"
	  " UNION ALL SELECT 'slice ' || CAST(s.slice_no AS TEXT) || ' of batch ' || CAST(s.batch_id AS TEXT) FROM slice s"
	  " WHERE s.state = 'done' AND s.succeeded + s.failed <> s.size LIMIT $1" },
	{ { "states", "a batch is in a state that fits what there is of it" },
	  "SELECT 'batch ' || CAST(id AS TEXT) || ' is ' || state || ' with ' || CAST(succeeded AS TEXT) || ' issued, ' ||"
	  " CAST(failed AS TEXT) || ' failed of ' || CAST(size AS TEXT) FROM batch WHERE"
	  " (state IN ('pending_approval', 'pending_creation') AND (succeeded <> 0 OR failed <> 0))"
	  " OR (state IN ('pending_approval', 'pending_creation', 'pending_issue') AND"
	  "  (ready_at IS NOT NULL OR downloaded_at IS NOT NULL OR revoked_at IS NOT NULL OR purged_at IS NOT NULL))"
	  " OR (state = 'preparing_download')"	/* only inside a transaction */
	  " OR (state = 'ready_for_download' AND (failed <> 0 OR succeeded <> size OR ready_at IS NULL OR downloaded_at IS NOT NULL))"
	  " OR (state = 'issued_partly' AND (failed = 0 OR succeeded = 0 OR ready_at IS NULL OR downloaded_at IS NOT NULL))"
	  " OR (state = 'failed' AND (succeeded <> 0 OR failed <> size))"
	  " OR (state = 'downloaded' AND (succeeded = 0 OR ready_at IS NULL OR downloaded_at IS NULL))"
	  " OR (state = 'expired' AND purged_at IS NULL)"
	  " OR (state = 'rejected' AND (revoked_at IS NULL OR purged_at IS NULL OR downloaded_at IS NOT NULL))"
	  " OR (state = 'revoked' AND (ready_at IS NULL OR succeeded = 0)) LIMIT $1" },
	{ { "history", "the history of a batch ends in its state" },
	  "SELECT 'batch ' || CAST(b.id AS TEXT) || ' is ' || b.state || ', its history says ' ||"
	  " COALESCE(v.status, 'nothing') FROM batch b LEFT JOIN batch_event v ON v.batch_id = b.id"
	  " AND v.seq = (SELECT MAX(w.seq) FROM batch_event w WHERE w.batch_id = b.id)"
	  " WHERE b.state <> 'pending_creation' AND (v.status IS NULL OR v.status <> b.state) LIMIT $1" },
	{ { "evidence", "every change of a batch's state has its audit record" },
	  "SELECT 'batch ' || CAST(v.batch_id AS TEXT) || ': ' || CAST(v.n AS TEXT) || ' changes, ' ||"
	  " CAST(COALESCE(a.n, 0) AS TEXT) || ' records' FROM"
	  " (SELECT batch_id, COUNT(*) AS n FROM batch_event WHERE seq > 1 GROUP BY batch_id) v LEFT JOIN"
	  " (SELECT object, COUNT(*) AS n FROM audit WHERE action IN ('batch.submitted', 'batch.accepted', 'batch.approved',"
	  "  'batch.rejected', 'batch.issued', 'batch.failed', 'batch.ready', 'batch.issued_partly', 'batch.downloaded',"
	  "  'batch.revoked', 'batch.expired') GROUP BY object) a ON a.object = 'batch ' || CAST(v.batch_id AS TEXT)"
	  " WHERE v.n <> COALESCE(a.n, 0) LIMIT $1" },
	{ { "charged", "an order is charged for what it got, a rejected one for nothing" },
	  "SELECT 'batch ' || CAST(id AS TEXT) || ' in ' || state || ' is charged ' || CAST(charged AS TEXT) FROM batch"
	  " WHERE charged <> CASE WHEN state IN ('rejected', 'pending_creation') THEN 0 ELSE size - failed END LIMIT $1" },
	{ { "ledger", "quota is the sum of its ledger" },
	  "SELECT 'organization ' || CAST(q.organization_id AS TEXT) || ' profile ' || CAST(q.profile_id AS TEXT)"
	  " FROM quota q LEFT JOIN (SELECT organization_id, profile_id, SUM(allocated) AS a, SUM(ordered) AS o,"
	  " SUM(issued) AS i FROM quota_entry GROUP BY organization_id, profile_id) l"
	  " ON l.organization_id = q.organization_id AND l.profile_id = q.profile_id"
	  " WHERE q.allocated <> COALESCE(l.a, 0) OR q.ordered <> COALESCE(l.o, 0) OR q.issued <> COALESCE(l.i, 0)"
	  " UNION ALL SELECT 'organization ' || CAST(l.organization_id AS TEXT) || ' profile ' || CAST(l.profile_id AS TEXT)"
	  " || ' has entries and no quota' FROM quota_entry l LEFT JOIN quota q ON q.organization_id = l.organization_id"
	  " AND q.profile_id = l.profile_id WHERE q.profile_id IS NULL GROUP BY l.organization_id, l.profile_id LIMIT $1" },
	{ { "quota", "what is ordered and issued is what exists" },
	  "SELECT 'organization ' || CAST(q.organization_id AS TEXT) || ' profile ' || CAST(q.profile_id AS TEXT) ||"
	  " ': ordered ' || CAST(q.ordered AS TEXT) || ' of ' || CAST(COALESCE(b.o, 0) AS TEXT) || ', issued ' ||"
	  " CAST(q.issued AS TEXT) || ' of ' || CAST(COALESCE(b.i, 0) AS TEXT) FROM quota q LEFT JOIN"
	  " (SELECT organization_id, profile_id, SUM(charged) AS o,"
	  " SUM(CASE WHEN state = 'rejected' THEN 0 ELSE succeeded END) AS i FROM batch"
	  " GROUP BY organization_id, profile_id) b"
	  " ON b.organization_id = q.organization_id AND b.profile_id = q.profile_id"
	  " WHERE q.ordered <> COALESCE(b.o, 0) OR q.issued <> COALESCE(b.i, 0) LIMIT $1" },
	{ { "seals", "every key pair that was made in advance is under a seal of its host, and the seal under its key" },
	  "SELECT 'a pair of ' || p.host FROM pool_key p LEFT JOIN pool_seal s ON s.worker_key_id = p.worker_key_id"
	  " AND s.host = p.host WHERE s.worker_key_id IS NULL"
	  " UNION ALL SELECT 'a seal of ' || s.host FROM pool_seal s LEFT JOIN worker_key k ON k.id = s.worker_key_id"
	  " AND k.host = s.host WHERE k.id IS NULL LIMIT $1" },
	{ { "secrets", "no password is kept of a batch that needs none any more" },
	  "SELECT 'batch ' || CAST(s.batch_id AS TEXT) FROM batch_secret s LEFT JOIN batch b ON b.id = s.batch_id"
	  " WHERE b.id IS NULL OR b.state NOT IN ('pending_creation', 'pending_approval', 'pending_issue')"
	  /* Of an order's octets with the password there is a keyed hash, too, until the password is gone. */
	  " UNION ALL SELECT 'key of batch ' || CAST(i.batch_id AS TEXT) || ' (' || i.key || ')' FROM idempotency i"
	  " LEFT JOIN batch b ON b.id = i.batch_id WHERE LENGTH(i.fingerprint) > 32"
	  " AND (b.id IS NULL OR b.state NOT IN ('pending_creation', 'pending_approval', 'pending_issue')) LIMIT $1" },
	{ { "dead", "nothing of a rejected or revoked batch is valid" },
	  "SELECT 'certificate ' || CAST(c.id AS TEXT) || ' of batch ' || CAST(b.id AS TEXT) FROM batch b"
	  " JOIN certificate c ON c.batch_id = b.id AND c.state = 0"
	  " WHERE b.state IN ('rejected', 'revoked') AND b.rest = 'none' LIMIT $1" },
	{ { "revoked", "a batch counts what is revoked of it" },
	  "SELECT 'batch ' || CAST(b.id AS TEXT) || ' says ' || CAST(b.revoked AS TEXT) || ', there are ' ||"
	  " CAST(b.gone AS TEXT) FROM (SELECT id, state, rest, revoked, (SELECT COUNT(*) FROM certificate c"
	  " WHERE c.batch_id = batch.id AND c.state = 1) AS gone FROM batch) b"
	  " WHERE b.rest = 'none' AND b.state <> 'rejected' AND b.gone <> b.revoked LIMIT $1" },
	{ { "files", "no file with a key is kept of a batch whose results are purged" },
	  "SELECT 'slice ' || CAST(f.slice_no AS TEXT) || ' of batch ' || CAST(f.batch_id AS TEXT) FROM slice_file f"
	  " JOIN batch b ON b.id = f.batch_id WHERE b.purged_at IS NOT NULL AND b.rest = 'none' LIMIT $1" },
	{ { "pieces", "a finished slice has what it brings to the download" },
	  "SELECT 'slice ' || CAST(s.slice_no AS TEXT) || ' of batch ' || CAST(s.batch_id AS TEXT) FROM slice s"
	  " JOIN batch b ON b.id = s.batch_id LEFT JOIN slice_file f ON f.batch_id = s.batch_id AND f.slice_no = s.slice_no"
	  " WHERE s.state = 'done' AND s.succeeded > 0 AND b.purged_at IS NULL AND f.batch_id IS NULL LIMIT $1" },
	{ { "told", "relying parties are told of every certificate that is not valid any more" },
	  "SELECT 'certificate ' || CAST(id AS TEXT) FROM certificate WHERE state <> 0 AND (status_seq IS NULL"
	  " OR status_seq > (SELECT value FROM counter WHERE name = 'status')) LIMIT $1" },
	{ { "names", "a device name or key in use belongs to a batch" },
	  "SELECT n.input || ' ' || n.value || ' of batch ' || CAST(n.batch_id AS TEXT) FROM device_name n"
	  " LEFT JOIN batch b ON b.id = n.batch_id WHERE b.id IS NULL"
	  " UNION ALL SELECT 'key of item ' || CAST(k.item_index AS TEXT) || ' of batch ' || CAST(k.batch_id AS TEXT)"
	  " FROM key_use k LEFT JOIN batch b ON b.id = k.batch_id WHERE b.id IS NULL LIMIT $1" },
	{ { "certificates", "a revoked certificate says when, an issued one does not" },
	  "SELECT 'certificate ' || CAST(id AS TEXT) FROM certificate WHERE state NOT IN (0, 1, 2, 3, 4)"
	  " OR (state IN (1, 2, 3, 4) AND revoked_at IS NULL) OR (state = 0 AND revoked_at IS NOT NULL) LIMIT $1" },
	{ { "pairs", "batches that were ordered together are there together" },
	  "SELECT 'batch ' || CAST(p.batch_id AS TEXT) || ' with ' || CAST(p.first_id AS TEXT) FROM batch_pair p"
	  " LEFT JOIN batch b ON b.id = p.batch_id LEFT JOIN batch f ON f.id = p.first_id"
	  " WHERE b.id IS NULL OR f.id IS NULL LIMIT $1" },
};

size_t
store_check_rules(const struct check_rule **out)
{
	static struct check_rule list[COUNT(rules)];

	for (size_t i = 0; i < COUNT(rules); i++)
		list[i] = rules[i].rule;
	*out = list;
	return COUNT(rules);
}

bool
store_check_run(struct db *db, size_t i, int64_t limit, struct arena *a, const char ***lines, size_t *n,
    struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	const char **list = arena_array(a, (size_t)limit, sizeof(*list));

	*n = 0;
	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "check", "too many faults asked for");
	if (!db_query(db, rules[i].sql, ARGS(arg_int(limit)), &rows, e))
		return err_in(e, "rule %s", rules[i].rule.name);
	while (*n < (size_t)limit && db_next(rows, e))
		list[(*n)++] = db_text_in(rows, 0, a);
	*lines = list;
	return e->kind == ERR_NONE;
}
