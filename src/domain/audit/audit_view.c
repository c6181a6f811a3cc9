#include "domain/audit/audit_view.h"

#include <string.h>

#include "base/clock.h"
#include "domain/order/csv.h"
#include "store/organization.h"

#define PAGE 500
#define LOOSE_MAX 20000
#define SCRATCH_MAX ((size_t)32 * 1024 * 1024)

static bool
narrow(const struct actor *who, struct audit_filter *f, struct err *e)
{
	if (!actor_may(who, RIGHT_AUDIT, e))
		return false;
	if (who->role != ROLE_OPERATOR && who->role != ROLE_AUDITOR) {
		/* Asked for another's, there is nothing. */
		if (f->organization_id != -1 && f->organization_id != who->organization_id)
			f->to = f->from = 1;
		f->organization_id = who->organization_id;
	}
	return true;
}

struct listing {
	const struct audit_filter	*filter;
	struct arena			*arena;
	struct audit_row		*rows;
	size_t				 n;
	int64_t				 total;
};

static bool
list_tx(struct db *db, void *arg, struct err *e)
{
	struct listing *q = arg;

	return store_audit_list(db, q->filter, q->arena, &q->rows, &q->n, e) &&
	    store_audit_count(db, q->filter, AUDIT_COUNT_MAX + 1, q->arena, &q->total, e);
}

bool
audit_list(const struct app *app, const struct actor *who, struct audit_filter *f, struct arena *a,
    struct audit_row **out, size_t *n, int64_t *total, struct err *e)
{
	struct listing q = { .filter = f, .arena = a };

	if (!narrow(who, f, e) || !app_tx(app, DB_READ, list_tx, &q, e))
		return false;
	*out = q.rows;
	*n = q.n;
	*total = q.total > AUDIT_COUNT_MAX ? -1 : q.total;
	return true;
}

/* ---- export ---- */

static const char header[] = "time,user,organization,action,object,detail,address,request_id\r\n";

struct audit_export {
	const struct app	*app;
	struct audit_filter	 filter;
	struct arena		*texts;		/* the filter's */
	int64_t			 last;		/* place in the chain up to which it goes */
	uint64_t		 length;
	struct str		 tail;		/* lines of the records without a place */
	/* where the reading is */
	struct arena		*page;
	struct str		 lines;		/* what was made and not read yet, from octet `at` on */
	uint64_t		 at;
	int64_t			 seq;		/* up to where it was made */
	bool			 ended;		/* the tail is in `lines` */
};

static void
add_line(struct str *out, const struct audit_row *r, const char *organization)
{
	char at[TIME_TEXT_LEN];
	const char *cells[] = { at, r->actor, organization == NULL ? "" : organization, r->action, r->object, r->detail,
	    r->address, r->request_id };

	time_text(r->at, at);
	for (size_t i = 0; i < COUNT(cells); i++) {
		if (i > 0)
			str_addc(out, ',');
		csv_cell(out, cells[i] == NULL ? "" : cells[i]);
	}
	str_adds(out, "\r\n");
}

/* Names are looked up once a page; there are few organizations on one. */
struct names {
	struct { int64_t id; const char *name; } v[16];
	size_t n, turn;
};

static bool
name_of(struct db *db, struct names *known, int64_t id, struct arena *a, const char **name, struct err *e)
{
	*name = "";
	if (id == 0)
		return true;
	for (size_t i = 0; i < known->n; i++)
		if (known->v[i].id == id) {
			*name = known->v[i].name;
			return true;
		}
	if (!store_organization_name(db, id, a, name, e))
		return false;
	known->v[known->turn].id = id;
	known->v[known->turn].name = *name;
	known->turn = (known->turn + 1) % COUNT(known->v);
	if (known->n < COUNT(known->v))
		known->n++;
	return true;
}

static bool
add_lines(struct db *db, struct str *out, const struct audit_row *rows, size_t n, struct arena *a, struct err *e)
{
	struct names known = { .n = 0 };
	const char *name;

	for (size_t i = 0; i < n; i++) {
		if (!name_of(db, &known, rows[i].organization_id, a, &name, e))
			return false;
		add_line(out, &rows[i], name);
	}
	return true;
}

struct piece {
	struct audit_export	*x;
	struct str		 lines;
	int64_t			 seq;
	bool			 ended;
};

static bool
piece_tx(struct db *db, void *arg, struct err *e)
{
	struct piece *q = arg;
	struct audit_export *x = q->x;
	struct audit_row *rows;
	size_t n;

	arena_reset(x->page);
	str_clear(&q->lines);
	x->filter.limit = PAGE;
	if (!store_audit_chained(db, &x->filter, x->seq, x->last, x->page, &rows, &n, e) ||
	    !add_lines(db, &q->lines, rows, n, x->page, e))
		return false;
	q->seq = n == 0 ? x->seq : rows[n - 1].seq;
	q->ended = n < PAGE;
	return true;
}

/* Puts the lines behind x->seq in the place of those that were read; at the chain's end the tail too. */
static bool
go_on(struct audit_export *x, struct err *e)
{
	struct piece q = { .x = x };

	if (!app_tx(x->app, DB_READ, piece_tx, &q, e)) {
		str_free(&q.lines);
		return false;
	}
	if (q.ended)
		str_add(&q.lines, x->tail.p, x->tail.len);
	x->at += x->lines.len;
	str_free(&x->lines);
	x->lines = q.lines;
	x->seq = q.seq;
	x->ended = q.ended;
	return true;
}

static void
rewind_to_start(struct audit_export *x)
{
	str_clear(&x->lines);
	str_adds(&x->lines, header);
	x->at = 0;
	x->seq = 0;
	x->ended = false;
}

/* Where the chain ends now, and what has no place in it: one state of the store. */
static bool
begin_tx(struct db *db, void *arg, struct err *e)
{
	struct audit_export *x = arg;
	struct audit_row *rows;
	uint8_t hash[32];
	size_t n;

	arena_reset(x->page);
	str_clear(&x->tail);
	x->filter.limit = LOOSE_MAX;
	return store_audit_last(db, &x->last, hash, e) &&
	    store_audit_loose(db, &x->filter, x->page, &rows, &n, e) &&
	    add_lines(db, &x->tail, rows, n, x->page, e);
}

static const char *
keep(struct arena *a, const char *text)
{
	return text == NULL ? NULL : arena_strdup(a, text);
}

bool
audit_export_new(const struct app *app, const struct actor *who, const struct audit_filter *f,
    struct audit_export **out, struct err *e)
{
	OWN(audit_export_free) struct audit_export *x = calloc(1, sizeof(*x));

	if (x == NULL)
		abort();
	x->app = app;
	x->filter = *f;
	if (!narrow(who, &x->filter, e))
		return false;
	x->texts = arena_new((size_t)64 * 1024);
	x->page = arena_new(SCRATCH_MAX);
	x->filter.actor_part = keep(x->texts, f->actor_part);
	x->filter.action_prefix = keep(x->texts, f->action_prefix);
	x->filter.object = keep(x->texts, f->object);
	if (!app_tx(app, DB_READ, begin_tx, x, e))
		return false;
	rewind_to_start(x);
	while (!x->ended)
		if (!go_on(x, e))
			return false;
	x->length = x->at + x->lines.len;
	rewind_to_start(x);
	*out = give(x);
	return true;
}

void
audit_export_free(struct audit_export *x)
{
	if (x == NULL)
		return;
	str_free(&x->tail);
	str_free(&x->lines);
	arena_free(x->page);
	arena_free(x->texts);
	free(x);
}

uint64_t
audit_export_length(const struct audit_export *x)
{
	return x->length;
}

ssize_t
audit_export_read(struct audit_export *x, uint64_t offset, void *buf, size_t cap, struct err *e)
{
	uint64_t skip;
	size_t n;

	if (offset < x->at)
		rewind_to_start(x);
	while (offset >= x->at + x->lines.len) {
		if (x->ended) {
			(void)err_sys(e, "audit export ended at %llu of %llu octets",
			    (unsigned long long)(x->at + x->lines.len), (unsigned long long)x->length);
			return -1;
		}
		if (!go_on(x, e))
			return -1;
	}
	skip = offset - x->at;
	n = x->lines.len - (size_t)skip;
	if (n > cap)
		n = cap;
	memcpy(buf, x->lines.p + skip, n);
	return (ssize_t)n;
}
