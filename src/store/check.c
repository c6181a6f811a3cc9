#include "store/check.h"

#include <string.h>

#include "base/hash.h"

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
	{ { "ledger", "quota is the sum of its ledger" },
	  "SELECT 'organization ' || CAST(q.organization_id AS TEXT) || ' profile ' || CAST(q.profile_id AS TEXT)"
	  " FROM quota q LEFT JOIN (SELECT organization_id, profile_id, SUM(allocated) AS a, SUM(ordered) AS o,"
	  " SUM(issued) AS i FROM quota_entry GROUP BY organization_id, profile_id) l"
	  " ON l.organization_id = q.organization_id AND l.profile_id = q.profile_id"
	  " WHERE q.allocated <> COALESCE(l.a, 0) OR q.ordered <> COALESCE(l.o, 0) OR q.issued <> COALESCE(l.i, 0) LIMIT $1" },
	{ { "quota", "what is ordered and issued is what exists" },
	  "SELECT 'organization ' || CAST(q.organization_id AS TEXT) || ' profile ' || CAST(q.profile_id AS TEXT) ||"
	  " ': ordered ' || CAST(q.ordered AS TEXT) || ' of ' || CAST(COALESCE(b.o, 0) AS TEXT) || ', issued ' ||"
	  " CAST(q.issued AS TEXT) || ' of ' || CAST(COALESCE(b.i, 0) AS TEXT) FROM quota q LEFT JOIN"
	  " (SELECT organization_id, profile_id, SUM(charged) AS o,"
	  " SUM(CASE WHEN state = 'rejected' THEN 0 ELSE succeeded END) AS i FROM batch"
	  " GROUP BY organization_id, profile_id) b"
	  " ON b.organization_id = q.organization_id AND b.profile_id = q.profile_id"
	  " WHERE q.ordered <> COALESCE(b.o, 0) OR q.issued <> COALESCE(b.i, 0) LIMIT $1" },
	{ { "secrets", "no password is kept of a batch that needs none any more" },
	  "SELECT 'batch ' || CAST(s.batch_id AS TEXT) FROM batch_secret s LEFT JOIN batch b ON b.id = s.batch_id"
	  " WHERE b.id IS NULL OR b.state NOT IN ('pending_creation', 'pending_approval', 'pending_issue') LIMIT $1" },
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
	{ { "orphans", "what was signed for nobody belongs to no quota and is revoked" },
	  "SELECT 'certificate ' || CAST(id AS TEXT) FROM certificate WHERE state = 3 AND status_seq IS NULL LIMIT $1" },
	{ { "names", "a device name belongs to a batch that may have one" },
	  "SELECT n.input || ' ' || n.value || ' of batch ' || CAST(n.batch_id AS TEXT) FROM device_name n"
	  " LEFT JOIN batch b ON b.id = n.batch_id WHERE b.id IS NULL LIMIT $1" },
	{ { "certificates", "a revoked certificate says when, an issued one does not" },
	  "SELECT 'certificate ' || CAST(id AS TEXT) FROM certificate"
	  " WHERE (state IN (1, 2, 3, 4) AND revoked_at IS NULL) OR (state = 0 AND revoked_at IS NOT NULL) LIMIT $1" },
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

bool
store_check_certificates(struct db *db, int64_t after, int64_t limit, struct arena *a,
    struct check_certificate **out, size_t *n, struct err *e)
{
	static const char sql[] =
	    "SELECT c.id, c.batch_id, c.serial, d.der FROM certificate c JOIN certificate_der d ON d.certificate_id = c.id"
	    " WHERE c.id > $1 ORDER BY c.id LIMIT $2";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct check_certificate *list = arena_array(a, (size_t)limit, sizeof(*list));

	*n = 0;
	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "check", "too many certificates asked for");
	if (!db_query(db, sql, ARGS(arg_int(after), arg_int(limit)), &rows, e))
		return false;
	while (*n < (size_t)limit && db_next(rows, e)) {
		struct check_certificate *c = &list[(*n)++];
		const uint8_t *p;
		size_t len;

		c->id = db_int(rows, 0);
		c->batch_id = db_int(rows, 1);
		p = db_blob(rows, 2, &len);
		if (p != NULL && len == sizeof(c->serial))
			memcpy(c->serial, p, len);
		p = db_blob(rows, 3, &len);
		sha256(p, len, c->sha256);
	}
	*out = list;
	return e->kind == ERR_NONE;
}

bool
store_check_serial(struct db *db, const uint8_t serial[16], uint8_t hash[32], bool *found, struct err *e)
{
	static const char sql[] =
	    "SELECT d.der FROM certificate_serial s JOIN certificate_der d ON d.certificate_id = s.certificate_id"
	    " WHERE s.serial = $1";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*found = false;
	if (!db_query(db, sql, ARGS(arg_blob(serial, 16)), &rows, e))
		return false;
	if (db_next(rows, e)) {
		size_t len;
		const uint8_t *p = db_blob(rows, 0, &len);

		sha256(p, len, hash);
		*found = true;
	}
	return e->kind == ERR_NONE;
}

bool
store_check_planned(struct db *db, const uint8_t serial[16], bool *planned, struct err *e)
{
	static const char sql[] = "SELECT plan FROM slice WHERE plan IS NOT NULL AND state IN ('queued', 'void')"
	    " UNION ALL SELECT plan FROM plan_left";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*planned = false;
	if (!db_query(db, sql, NO_ARGS, &rows, e))
		return false;
	while (db_next(rows, e)) {
		size_t len;
		const uint8_t *p = db_blob(rows, 0, &len);

		for (size_t i = 0; p != NULL && i + 16 <= len && !*planned; i += 16)
			*planned = memcmp(p + i, serial, 16) == 0;
	}
	return e->kind == ERR_NONE;
}

bool
store_check_admin(struct db *db, const uint8_t hash[32], bool *found, struct err *e)
{
	static const char sql[] = "SELECT 1 FROM user_certificate WHERE sha256 = $1";
	int64_t one;

	return db_get_int(db, sql, ARGS(arg_blob(hash, 32)), &one, found, e);
}
