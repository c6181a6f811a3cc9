/* Memberships, with the profiles that they are narrowed to, and lists of users with theirs. */
#include "store/query.h"
#include "store/user.h"

#define LIST_MAX 1000
#define NARROW_MAX 1000

bool
store_membership_put(struct db *tx, int64_t user_id, int64_t organization_id, const char *role, int64_t at,
    struct err *e)
{
	static const char sql[] =
	    "INSERT INTO membership (user_id, organization_id, role, created_at) VALUES ($1, $2, $3, $4)"
	    " ON CONFLICT (user_id, organization_id) DO UPDATE SET role = excluded.role";

	return db_run(tx, sql, ARGS(arg_int(user_id), arg_int(organization_id), arg_text(role), arg_int(at)), NULL, e);
}

bool
store_membership_profiles(struct db *tx, int64_t user_id, int64_t organization_id, const int64_t *profile_ids,
    size_t n, struct err *e)
{
	static const char clear[] = "DELETE FROM user_profile WHERE user_id = $1 AND organization_id = $2";
	static const char add[] =
	    "INSERT INTO user_profile (user_id, organization_id, profile_id) VALUES ($1, $2, $3)"
	    " ON CONFLICT (user_id, organization_id, profile_id) DO NOTHING";

	if (!db_run(tx, clear, ARGS(arg_int(user_id), arg_int(organization_id)), NULL, e))
		return err_in(e, "profiles of user %lld", (long long)user_id);
	for (size_t i = 0; i < n; i++)
		if (!db_run(tx, add, ARGS(arg_int(user_id), arg_int(organization_id), arg_int(profile_ids[i])), NULL, e))
			return err_in(e, "profiles of user %lld", (long long)user_id);
	return true;
}

bool
store_membership_drop(struct db *tx, int64_t user_id, int64_t organization_id, bool *dropped, struct err *e)
{
	static const char sql[] = "DELETE FROM membership WHERE user_id = $1 AND organization_id = $2";
	int64_t changed;

	if (!store_membership_profiles(tx, user_id, organization_id, NULL, 0, e) ||
	    !db_run(tx, sql, ARGS(arg_int(user_id), arg_int(organization_id)), &changed, e))
		return false;
	*dropped = changed != 0;
	return true;
}

bool
store_membership_role(struct db *db, int64_t user_id, int64_t organization_id, struct arena *a, const char **role,
    struct err *e)
{
	static const char sql[] = "SELECT role FROM membership WHERE user_id = $1 AND organization_id = $2";
	OWN(db_rows_free) struct db_rows *rows = NULL;

	*role = NULL;
	if (!db_query(db, sql, ARGS(arg_int(user_id), arg_int(organization_id)), &rows, e))
		return false;
	if (db_next(rows, e))
		*role = db_text_in(rows, 0, a);
	return e->kind == ERR_NONE;
}

/* ---- rows of a join: one a profile that a membership is narrowed to, at least one a membership ---- */

#define MEMBERSHIP_COLUMNS "m.organization_id, COALESCE(o.name, ''), m.role, n.profile_id"
#define MEMBERSHIP_JOINS " LEFT JOIN organization o ON o.id = m.organization_id" \
	" LEFT JOIN user_profile n ON n.user_id = m.user_id AND n.organization_id = m.organization_id"

/* Memberships of one user, as rows come; profile ids gather behind `ids`. */
struct gathering {
	struct membership	 list[LIST_MAX];
	size_t			 n;
	int64_t			 ids[NARROW_MAX];
	size_t			 ids_n;
};

/* Adds what the row says; its columns stand from `column` on. */
static void
gather(struct gathering *g, const struct db_rows *rows, int column, int64_t user_id, struct arena *a)
{
	int64_t organization_id = db_int(rows, column);
	struct membership *m = g->n == 0 ? NULL : &g->list[g->n - 1];

	if (m == NULL || m->organization_id != organization_id) {
		if (g->n == LIST_MAX)
			return;
		m = &g->list[g->n++];
		*m = (struct membership){ .user_id = user_id, .organization_id = organization_id,
		    .organization_name = db_text_in(rows, column + 1, a), .role = db_text_in(rows, column + 2, a) };
		g->ids_n = 0;
	}
	if (db_null(rows, column + 3) || g->ids_n == NARROW_MAX)
		return;
	g->ids[g->ids_n++] = db_int(rows, column + 3);
	m->profile_ids = arena_memdup(a, g->ids, g->ids_n * sizeof(g->ids[0]));
	m->profile_ids_n = m->profile_ids == NULL ? 0 : g->ids_n;
}

/* What was gathered for a user, for good. */
static bool
keep(const struct gathering *g, struct user_row *r, struct arena *a, struct err *e)
{
	r->memberships_n = g->n;
	r->memberships = arena_memdup(a, g->list, g->n * sizeof(g->list[0]));
	return r->memberships != NULL || g->n == 0 ||
	    err_set(e, ERR_TOO_LARGE, "user_list", "too many memberships");
}

bool
store_membership_list(struct db *db, int64_t user_id, struct arena *a, struct membership **out, size_t *n,
    struct err *e)
{
	static const char sql[] =
	    "SELECT " MEMBERSHIP_COLUMNS " FROM membership m" MEMBERSHIP_JOINS " WHERE m.user_id = $1"
	    " ORDER BY m.organization_id, n.profile_id";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	struct gathering *g = ARENA_NEW(a, struct gathering);

	if (g == NULL)
		return err_set(e, ERR_TOO_LARGE, "membership_list", "too many memberships");
	if (!db_query(db, sql, ARGS(arg_int(user_id)), &rows, e))
		return err_in(e, "memberships of user %lld", (long long)user_id);
	while (db_next(rows, e))
		gather(g, rows, 0, user_id, a);
	if (e->kind != ERR_NONE)
		return false;
	*out = g->list;
	*n = g->n;
	return true;
}

/* ---- lists of users ---- */

static void
filter_add(struct query *q, const struct user_filter *f, struct arena *a)
{
	query_add(q, " FROM app_user u WHERE u.id > 0", NO_ARGS);
	if (f->username_part != NULL)
		query_add(q, " AND u.username LIKE ? ESCAPE '\\'", ARGS(arg_text(query_like(a, f->username_part))));
	if (f->organization_id < 0 && f->role == NULL)
		return;
	query_add(q, " AND EXISTS (SELECT 1 FROM membership f WHERE f.user_id = u.id", NO_ARGS);
	if (f->organization_id >= 0)
		query_add(q, " AND f.organization_id = ?", ARGS(arg_int(f->organization_id)));
	if (f->role != NULL)
		query_add(q, " AND f.role = ?", ARGS(arg_text(f->role)));
	query_add(q, ")", NO_ARGS);
}

static void
order_add(struct query *q, const struct user_filter *f)
{
	const char *way = f->descending ? "DESC" : "ASC";

	if (f->by_id)
		str_addf(&q->sql, " ORDER BY u.id %s", way);
	else
		str_addf(&q->sql, " ORDER BY u.username %s", way);
}

static bool
read_page(struct db_rows *rows, int64_t limit, struct arena *a, struct user_row **out, size_t *n, struct err *e)
{
	struct user_row *list = arena_array(a, (size_t)limit, sizeof(*list));
	struct gathering *g = ARENA_NEW(a, struct gathering);
	size_t count = 0;

	if (list == NULL || g == NULL)
		return err_set(e, ERR_TOO_LARGE, "user_list", "too many users asked for");
	while (db_next(rows, e)) {
		int64_t id = db_int(rows, 0);

		if (count == 0 || list[count - 1].user.id != id) {
			if (count > 0 && !keep(g, &list[count - 1], a, e))
				return false;
			if (count == (size_t)limit)
				break;
			user_read(rows, a, &list[count++].user);
			g->n = 0;
		}
		if (!db_null(rows, USER_COLUMNS_N))	/* else a user of no organization */
			gather(g, rows, USER_COLUMNS_N, id, a);
	}
	if (e->kind == ERR_NONE && count > 0 && !keep(g, &list[count - 1], a, e))
		return false;
	if (e->kind != ERR_NONE)
		return false;
	*out = list;
	*n = count;
	return true;
}

bool
store_user_search(struct db *db, const struct user_filter *f, struct arena *a, struct user_row **out, size_t *n,
    struct err *e)
{
	const char *past = f->descending ? "<" : ">";
	OWN(db_rows_free) struct db_rows *rows = NULL;
	OWN_QUERY struct query q = { 0 };

	query_add(&q, "WITH u AS (SELECT " USER_COLUMNS, NO_ARGS);
	filter_add(&q, f, a);
	if (f->after_id != 0) {
		str_addf(&q.sql, f->by_id ? " AND u.id %s " : " AND u.username %s ", past);
		query_add(&q, "?", ARGS(f->by_id ? arg_int(f->after_id) : arg_text(f->after_username)));
	}
	order_add(&q, f);
	query_add(&q, " LIMIT ?) SELECT " USER_COLUMNS ", " MEMBERSHIP_COLUMNS " FROM u"
	    " LEFT JOIN membership m ON m.user_id = u.id" MEMBERSHIP_JOINS, ARGS(arg_int(f->limit)));
	order_add(&q, f);
	query_add(&q, ", m.organization_id, n.profile_id", NO_ARGS);
	return query_run(db, &q, &rows, e) && read_page(rows, f->limit, a, out, n, e);
}

bool
store_user_count(struct db *db, const struct user_filter *f, struct arena *a, int64_t *n, struct err *e)
{
	OWN(db_rows_free) struct db_rows *rows = NULL;
	OWN_QUERY struct query q = { 0 };

	query_add(&q, "SELECT count(*)", NO_ARGS);
	filter_add(&q, f, a);
	if (!query_run(db, &q, &rows, e))
		return err_in(e, "count of users");
	*n = db_next(rows, e) ? db_int(rows, 0) : 0;
	return e->kind == ERR_NONE;
}
