#include "store/slice.h"

#include <string.h>

#include "base/str.h"

bool
store_slice_add(struct db *tx, const struct slice *s, size_t n, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO slice (batch_id, slice_no, organization_id, first_index, size, state, turn, version, sealed)"
	    " VALUES ($1, $2, $3, $4, $5, 'staged', 0, 1, $6)";
	enum { K = 6 };
	struct db_arg args[64 * K];

	while (n > 0) {
		size_t some = n < 64 ? n : 64;

		for (size_t i = 0; i < some; i++) {
			struct db_arg *a = &args[i * K];

			a[0] = arg_int(s[i].batch_id);
			a[1] = arg_int(s[i].slice_no);
			a[2] = arg_int(s[i].organization_id);
			a[3] = arg_int(s[i].first_index);
			a[4] = arg_int(s[i].size);
			a[5] = arg_int(s[i].sealed);
		}
		if (!db_run_many(tx, sql, args, K, some, NULL, e))
			return err_in(e, "slices of batch %lld", (long long)s->batch_id);
		s += some;
		n -= some;
	}
	return true;
}

bool
store_slice_queue(struct db *tx, int64_t batch_id, int64_t first, int64_t step, struct err *e)
{
	static const char sql[] =
	    "UPDATE slice SET state = 'queued', turn = $2 + slice_no * $3 WHERE batch_id = $1 AND state = 'staged'";

	if (!db_run(tx, sql, ARGS(arg_int(batch_id), arg_int(first), arg_int(step)), NULL, e))
		return err_in(e, "slices of batch %lld", (long long)batch_id);
	return true;
}

bool
store_slice_front(struct db *db, int64_t *turn, bool *found, struct err *e)
{
	/* Those that were tried and wait for a signer or a dead worker's lease are few, and stand in front. */
	static const char sql[] =
	    "SELECT turn FROM slice WHERE state = 'queued' AND attempts = 0 ORDER BY turn LIMIT 1";

	return db_get_int(db, sql, NO_ARGS, turn, found, e);
}

bool
store_slice_lease(struct db *tx, const char *owner, const char *host, int64_t now, int64_t until, struct arena *a,
    struct slice *s, bool *found, struct err *e)
{
	/*
	 * Materialized: a planner may run a plain sub-select once a row, and with SKIP LOCKED each run finds
	 * another.  The repeated condition makes the claim exclusive.  What nobody has the password of, since its host
	 * was lost, is anybody's: to be failed.
	 */
	static const char sql[] =
	    "WITH next AS MATERIALIZED (SELECT s.batch_id, s.slice_no FROM slice s"
	    "  WHERE s.state = 'queued' AND s.lease_until_s < $3"
	    "  AND (s.sealed = 0 OR EXISTS (SELECT 1 FROM batch_secret x JOIN worker_key k ON k.id = x.worker_key_id"
	    "   WHERE x.batch_id = s.batch_id AND k.host = $4)"
	    "   OR NOT EXISTS (SELECT 1 FROM batch_secret x WHERE x.batch_id = s.batch_id))"
	    "  ORDER BY s.turn, s.batch_id, s.slice_no LIMIT 1 /* skip_locked */)"
	    " UPDATE slice SET lease_owner = $1, lease_until_s = $2, version = version + 1, attempts = attempts + 1"
	    " WHERE (batch_id, slice_no) IN (SELECT batch_id, slice_no FROM next)"
	    " AND state = 'queued' AND lease_until_s < $3"
	    " RETURNING batch_id, slice_no, organization_id, first_index, size, version, lease_until_s, attempts,"
	    " sealed, plan, certificate_base, turn, plan_host";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	const uint8_t *plan;

	if (!db_query(tx, sql, ARGS(arg_text(owner), arg_int(until), arg_int(now), arg_text(host)), &rows, e))
		return err_in(e, "lease");
	*found = db_next(rows, e);
	if (!*found)
		return e->kind == ERR_NONE;
	*s = (struct slice){
		.batch_id = db_int(rows, 0), .slice_no = db_int(rows, 1), .organization_id = db_int(rows, 2),
		.first_index = db_int(rows, 3), .size = db_int(rows, 4), .state = "queued", .version = db_int(rows, 5),
		.lease_until_s = db_int(rows, 6), .attempts = db_int(rows, 7), .sealed = db_int(rows, 8) != 0,
		.certificate_base = db_int(rows, 10), .turn = db_int(rows, 11),
	};
	plan = db_blob(rows, 9, &s->plan_len);
	if (plan != NULL)
		s->plan = arena_memdup(a, plan, s->plan_len);
	s->plan_host = db_text_in(rows, 12, a);
	s->lease_owner = arena_strdup(a, owner);
	return true;
}

bool
store_slice_waiting(struct db *db, int64_t now, bool *found, struct err *e)
{
	static const char sql[] =
	    "SELECT turn FROM slice WHERE state = 'queued' AND lease_until_s < $1 ORDER BY turn LIMIT 1";
	int64_t turn;

	return db_get_int(db, sql, ARGS(arg_int(now)), &turn, found, e);
}

bool
store_slice_for_host(struct db *db, const char *host, bool *found, struct err *e)
{
	static const char sql[] =
	    "SELECT s.turn FROM slice s WHERE s.state = 'queued' AND (s.sealed = 0 OR EXISTS"
	    " (SELECT 1 FROM batch_secret x JOIN worker_key k ON k.id = x.worker_key_id"
	    "  WHERE x.batch_id = s.batch_id AND k.host = $1)) LIMIT 1";
	int64_t turn;

	return db_get_int(db, sql, ARGS(arg_text(host)), &turn, found, e);
}

bool
store_slice_waiting_items(struct db *db, int64_t *items, struct err *e)
{
	bool found;

	/* Each by its index; those that are staged or wait for approval belong to few batches. */
	return db_get_int(db, "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM (SELECT size FROM slice WHERE state = 'queued'"
	    " UNION ALL SELECT s.size FROM batch b JOIN slice s ON s.batch_id = b.id AND s.state = 'staged'"
	    " WHERE b.state IN ('pending_creation', 'pending_approval')) w", NO_ARGS, items, &found, e);
}

bool
store_slice_begin(struct db *tx, int64_t batch_id, int64_t slice_no, int64_t base, const uint8_t *plan, size_t len,
    const char *host, struct err *e)
{
	static const char with[] =
	    "UPDATE slice SET certificate_base = $3, plan = $4, plan_host = $5 WHERE batch_id = $1 AND slice_no = $2";
	static const char without[] = "UPDATE slice SET certificate_base = $3 WHERE batch_id = $1 AND slice_no = $2";

	return plan != NULL ? db_run(tx, with, ARGS(arg_int(batch_id), arg_int(slice_no), arg_int(base), arg_blob(plan, len),
	    arg_text(host)), NULL, e) : db_run(tx, without, ARGS(arg_int(batch_id), arg_int(slice_no), arg_int(base)), NULL, e);
}

static bool
held_run(struct db *tx, const char *sql, struct db_args args, bool *held, struct err *e)
{
	int64_t changed;

	if (!db_run(tx, sql, args, &changed, e))
		return err_in(e, "slice %lld of batch %lld", (long long)args.v[1].i, (long long)args.v[0].i);
	*held = changed == 1;
	return true;
}

bool
store_slice_plan(struct db *tx, const struct slice *s, const uint8_t *plan, size_t len, bool *held, struct err *e)
{
	static const char sql[] =
	    "UPDATE slice SET plan = $4, plan_host = $5, version = version + 1"
	    " WHERE batch_id = $1 AND slice_no = $2 AND version = $3 AND state = 'queued'";

	return held_run(tx, sql, ARGS(arg_int(s->batch_id), arg_int(s->slice_no), arg_int(s->version),
	    arg_blob(plan, len), arg_text(s->plan_host)), held, e);
}

bool
store_slice_extend(struct db *tx, const struct slice *s, int64_t until, bool *held, struct err *e)
{
	static const char sql[] =
	    "UPDATE slice SET lease_until_s = $4, version = version + 1"
	    " WHERE batch_id = $1 AND slice_no = $2 AND version = $3 AND state = 'queued'";

	return held_run(tx, sql, ARGS(arg_int(s->batch_id), arg_int(s->slice_no), arg_int(s->version), arg_int(until)),
	    held, e);
}

bool
store_slice_release(struct db *tx, const struct slice *s, int64_t after, bool *held, struct err *e)
{
	static const char sql[] =
	    "UPDATE slice SET lease_owner = NULL, lease_until_s = $4, version = version + 1"
	    " WHERE batch_id = $1 AND slice_no = $2 AND version = $3 AND state = 'queued'";

	return held_run(tx, sql, ARGS(arg_int(s->batch_id), arg_int(s->slice_no), arg_int(s->version), arg_int(after)),
	    held, e);
}

bool
store_slice_owners(struct db *db, const char *prefix, int64_t now, struct arena *a, const char ***owners, size_t *n,
    struct err *e)
{
	static const char sql[] =
	    "SELECT DISTINCT lease_owner FROM slice WHERE state = 'queued' AND lease_until_s >= $2"
	    " AND substr(lease_owner, 1, length($1)) = $1";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	size_t cap = 0;

	*owners = NULL;
	*n = 0;
	if (!db_query(db, sql, ARGS(arg_text(prefix), arg_int(now)), &rows, e))
		return err_in(e, "owners of slices");
	while (db_next(rows, e)) {
		if (*n == cap) {
			const char **more = arena_array(a, cap = cap * 2 + 16, sizeof(*more));

			if (more == NULL)
				return err_sys(e, "no room for the owners of slices");
			if (*n > 0)
				memcpy(more, *owners, *n * sizeof(*more));
			*owners = more;
		}
		if (((*owners)[*n] = db_text_in(rows, 0, a)) == NULL)
			return err_sys(e, "no room for the owners of slices");
		++*n;
	}
	return e->kind == ERR_NONE || err_in(e, "owners of slices");
}

bool
store_slice_free(struct db *tx, const char *owner, struct err *e)
{
	static const char sql[] =
	    "UPDATE slice SET lease_owner = NULL, lease_until_s = 0, version = version + 1"
	    " WHERE lease_owner = $1 AND state = 'queued'";

	return db_run(tx, sql, ARGS(arg_text(owner)), NULL, e) || err_in(e, "slices of %s", owner);
}

bool
store_slice_done(struct db *tx, const struct slice *s, bool *held, struct err *e)
{
	static const char sql[] =
	    "UPDATE slice SET state = 'done', version = version + 1, lease_owner = NULL, lease_until_s = 0, plan = NULL,"
	    " plan_host = NULL,"
	    " succeeded = $4, failed = $5, entry_octets = $6, directory_octets = $7, manifest_octets = $8,"
	    " manifest_crc32 = $9"
	    " WHERE batch_id = $1 AND slice_no = $2 AND version = $3 AND state = 'queued'";

	return held_run(tx, sql, ARGS(arg_int(s->batch_id), arg_int(s->slice_no), arg_int(s->version),
	    arg_int(s->succeeded), arg_int(s->failed), arg_int(s->entry_octets), arg_int(s->directory_octets),
	    arg_int(s->manifest_octets), arg_int(s->manifest_crc32)), held, e);
}

bool
store_slice_void(struct db *tx, int64_t batch_id, struct err *e)
{
	static const char sql[] =
	    "UPDATE slice SET state = 'void', version = version + 1, lease_owner = NULL"
	    " WHERE batch_id = $1 AND state IN ('queued', 'staged')";

	return db_run(tx, sql, ARGS(arg_int(batch_id)), NULL, e);
}

bool
store_slice_unsettled(struct db *db, const char *host, struct arena *a, struct slice *s, bool *found, struct err *e)
{
	static const char sql[] =
	    "SELECT batch_id, slice_no, organization_id, first_index, size, version, plan FROM slice"
	    " WHERE state = 'void' AND plan IS NOT NULL AND (plan_host IS NULL OR plan_host = $1)"
	    " ORDER BY batch_id, slice_no LIMIT 1";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	const uint8_t *plan;

	if (!db_query(db, sql, ARGS(arg_text(host)), &rows, e))
		return err_in(e, "slices to settle");
	*found = db_next(rows, e);
	if (!*found)
		return e->kind == ERR_NONE;
	*s = (struct slice){
		.batch_id = db_int(rows, 0), .slice_no = db_int(rows, 1), .organization_id = db_int(rows, 2),
		.first_index = db_int(rows, 3), .size = db_int(rows, 4), .state = "void", .version = db_int(rows, 5),
	};
	plan = db_blob(rows, 6, &s->plan_len);
	s->plan = plan == NULL ? NULL : arena_memdup(a, plan, s->plan_len);
	return s->plan != NULL || err_set(e, ERR_TOO_LARGE, "slices", "no room for the plan of a slice");
}

bool
store_slice_settled(struct db *tx, const struct slice *s, bool *held, struct err *e)
{
	static const char sql[] =
	    "UPDATE slice SET plan = NULL, plan_host = NULL, version = version + 1"
	    " WHERE batch_id = $1 AND slice_no = $2 AND version = $3 AND state = 'void'";

	return held_run(tx, sql, ARGS(arg_int(s->batch_id), arg_int(s->slice_no), arg_int(s->version)), held, e);
}

bool
store_slice_leave_plan(struct db *tx, const struct slice *s, int64_t now, struct err *e)
{
	static const char leave[] =
	    "INSERT INTO plan_left (host, batch_id, slice_no, version, first_index, size, organization_id, plan, created_at)"
	    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
	static const char clear[] = "UPDATE slice SET plan = NULL, plan_host = NULL WHERE batch_id = $1 AND slice_no = $2";

	return (db_run(tx, leave, ARGS(arg_text(s->plan_host), arg_int(s->batch_id), arg_int(s->slice_no),
	    arg_int(s->version), arg_int(s->first_index), arg_int(s->size), arg_int(s->organization_id),
	    arg_blob(s->plan, s->plan_len), arg_int(now)), NULL, e) &&
	    db_run(tx, clear, ARGS(arg_int(s->batch_id), arg_int(s->slice_no)), NULL, e)) ||
	    err_in(e, "plan of slice %lld of batch %lld", (long long)s->slice_no, (long long)s->batch_id);
}

bool
store_slice_left(struct db *db, const char *host, struct arena *a, struct slice *s, bool *found, struct err *e)
{
	static const char sql[] =
	    "SELECT batch_id, slice_no, organization_id, first_index, size, version, plan FROM plan_left"
	    " WHERE host = $1 ORDER BY batch_id, slice_no, version LIMIT 1";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	const uint8_t *plan;

	if (!db_query(db, sql, ARGS(arg_text(host)), &rows, e))
		return err_in(e, "plans left");
	*found = db_next(rows, e);
	if (!*found)
		return e->kind == ERR_NONE;
	*s = (struct slice){
		.batch_id = db_int(rows, 0), .slice_no = db_int(rows, 1), .organization_id = db_int(rows, 2),
		.first_index = db_int(rows, 3), .size = db_int(rows, 4), .state = "left", .version = db_int(rows, 5),
		.plan_host = host,
	};
	plan = db_blob(rows, 6, &s->plan_len);
	s->plan = plan == NULL ? NULL : arena_memdup(a, plan, s->plan_len);
	return s->plan != NULL || err_set(e, ERR_TOO_LARGE, "slices", "no room for the plan of a slice");
}

bool
store_slice_left_drop(struct db *tx, const struct slice *s, struct err *e)
{
	static const char sql[] =
	    "DELETE FROM plan_left WHERE host = $1 AND batch_id = $2 AND slice_no = $3 AND version = $4";

	return db_run(tx, sql, ARGS(arg_text(s->plan_host), arg_int(s->batch_id), arg_int(s->slice_no),
	    arg_int(s->version)), NULL, e);
}

bool
store_slice_far(struct db *db, int64_t until, size_t limit, struct slice *list, size_t *n, struct err *e)
{
	static const char sql[] =
	    "SELECT batch_id, slice_no, version FROM slice WHERE state = 'queued' AND lease_until_s > $1 LIMIT $2";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*n = 0;
	if (!db_query(db, sql, ARGS(arg_int(until), arg_int((int64_t)limit)), &rows, e))
		return err_in(e, "leases");
	while (*n < limit && db_next(rows, e))
		list[(*n)++] = (struct slice){ .batch_id = db_int(rows, 0), .slice_no = db_int(rows, 1),
		    .version = db_int(rows, 2) };
	return e->kind == ERR_NONE;
}

bool
store_slice_list(struct db *db, int64_t batch_id, int64_t from, int64_t limit, struct arena *a, struct slice **out,
    size_t *n, struct err *e)
{
	static const char sql[] =
	    "SELECT slice_no, first_index, size, state, certificate_base, succeeded, failed, entry_octets,"
	    " directory_octets, manifest_octets, manifest_crc32"
	    " FROM slice WHERE batch_id = $1 AND slice_no >= $2 ORDER BY slice_no LIMIT $3";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct slice *list = arena_array(a, (size_t)limit, sizeof(*list));
	size_t count = 0;

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "slices", "no room for the slices of a batch");
	if (!db_query(db, sql, ARGS(arg_int(batch_id), arg_int(from), arg_int(limit)), &rows, e))
		return err_in(e, "slices of batch %lld", (long long)batch_id);
	while (count < (size_t)limit && db_next(rows, e)) {
		list[count++] = (struct slice){
			.batch_id = batch_id, .slice_no = db_int(rows, 0), .first_index = db_int(rows, 1),
			.size = db_int(rows, 2), .state = db_text_in(rows, 3, a), .certificate_base = db_int(rows, 4),
			.succeeded = db_int(rows, 5), .failed = db_int(rows, 6), .entry_octets = db_int(rows, 7),
			.directory_octets = db_int(rows, 8), .manifest_octets = db_int(rows, 9),
			.manifest_crc32 = db_int(rows, 10),
		};
	}
	if (e->kind != ERR_NONE)
		return false;
	*out = list;
	*n = count;
	return true;
}

bool
store_slice_file_add(struct db *tx, int64_t batch_id, int64_t slice_no, const void *directory, size_t directory_len,
    const void *manifest, size_t manifest_len, const void *body, size_t body_len, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO slice_file (batch_id, slice_no, directory, manifest, body) VALUES ($1, $2, $3, $4, $5)";

	return db_run(tx, sql, ARGS(arg_int(batch_id), arg_int(slice_no), arg_blob(directory, directory_len),
	    arg_blob(manifest, manifest_len), arg_blob(body, body_len)), NULL, e);
}

bool
store_slice_file_get(struct db *db, int64_t batch_id, int64_t slice_no, enum slice_file_part part, struct str *out,
    struct err *e)
{
	static const char *const sql[] = {
		[SLICE_DIRECTORY] = "SELECT directory FROM slice_file WHERE batch_id = $1 AND slice_no = $2",
		[SLICE_MANIFEST] = "SELECT manifest FROM slice_file WHERE batch_id = $1 AND slice_no = $2",
		[SLICE_BODY] = "SELECT body FROM slice_file WHERE batch_id = $1 AND slice_no = $2",
	};
	OWN(db_rows_free) struct db_rows *rows = NULL;
	const uint8_t *p;
	size_t len;

	str_clear(out);
	if (!db_query(db, sql[part], ARGS(arg_int(batch_id), arg_int(slice_no)), &rows, e))
		return err_in(e, "files of slice %lld of batch %lld", (long long)slice_no, (long long)batch_id);
	if (!db_next(rows, e))
		return e->kind != ERR_NONE ? false : err_set(e, ERR_NOT_FOUND, "slice_file", "the results were purged");
	p = db_blob(rows, 0, &len);
	if (p != NULL)
		str_add(out, p, len);
	return true;
}

bool
store_slice_file_drop(struct db *tx, int64_t batch_id, int64_t from, int64_t limit, int64_t *next, struct err *e)
{
	static const char ahead[] = "SELECT min(slice_no) FROM slice_file WHERE batch_id = $1 AND slice_no >= $2";
	bool found;

	if (!db_run(tx, "DELETE FROM slice_file WHERE batch_id = $1 AND slice_no >= $2 AND slice_no < $3",
	    ARGS(arg_int(batch_id), arg_int(from), arg_int(from + limit)), NULL, e))
		return err_in(e, "files of batch %lld", (long long)batch_id);
	OWN(db_rows_free) struct db_rows *rows = NULL;
	if (!db_query(tx, ahead, ARGS(arg_int(batch_id), arg_int(from + limit)), &rows, e))
		return false;
	found = db_next(rows, e) && !db_null(rows, 0);
	*next = found ? db_int(rows, 0) : -1;
	return e->kind == ERR_NONE;
}
