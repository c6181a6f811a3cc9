#include "domain/certificate/revoke_filter.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "domain/certificate/revoke_run.h"
#include "x509/profile/profile.h"

#define TOGETHER	500		/* certificates in a transaction */
#define PAGE		1000
#define SCRATCH_MAX	((size_t)16 << 20)

struct filtered {
	struct revoke_run		 run;
	const struct certificate_search	*search;
	struct arena			*scratch;
	struct certificate		*found;		/* at most REVOKE_FILTER_MOST; texts are gone */
	size_t				 n, done;
	int64_t				 standing;
};

static bool
stands(const struct filtered *f, const struct certificate *c)
{
	return c->state == CERTIFICATE_ISSUED ||
	    (c->state == CERTIFICATE_ON_HOLD && f->run.how->reason != REASON_CERTIFICATE_HOLD);
}

static void
page_take(struct filtered *f, const struct certificate_page *p, struct revoke_filter_result *out)
{
	for (size_t i = 0; i < p->n; i++) {
		struct certificate c = p->list[i];

		out->certificates++;
		if (!stands(f, &c)) {
			out->already++;
			continue;
		}
		f->standing++;
		if (f->n == REVOKE_FILTER_MOST)
			continue;
		c.subject = c.batch_name = c.batch_method = NULL;
		c.der = NULL;
		f->found[f->n++] = c;
	}
}

static bool
look(struct filtered *f, struct revoke_filter_result *out, struct err *e)
{
	struct certificate_search s = *f->search;
	struct certificate_page p;

	s.sort = CERTIFICATE_BY_CREATED_AT;
	s.descending = false;
	s.after = false;
	s.limit = PAGE;
	s.uncounted = true;
	do {
		arena_reset(f->scratch);
		if (!certificate_list(f->run.app, f->run.who, &s, f->scratch, &p, e))
			return false;
		page_take(f, &p, out);
		s.after = true;
		s.after_id = p.next_id;
		s.after_int = p.next_int;
		memcpy(s.after_serial, p.next_serial, sizeof(s.after_serial));
	} while (p.more);
	return true;
}

static bool
reasons_tx(struct db *db, void *arg, struct err *e)
{
	struct filtered *f = arg;

	arena_reset(f->scratch);
	return revoke_reasons_ok(&f->run, db, f->found, f->n, f->scratch, e);
}

static bool
some_tx(struct db *tx, void *arg, struct err *e)
{
	struct filtered *f = arg;
	size_t n = f->n - f->done < TOGETHER ? f->n - f->done : TOGETHER;

	f->run.revoked = f->run.already = 0;
	arena_reset(f->scratch);
	return revoke_found(&f->run, tx, f->found + f->done, n, f->scratch, e);
}

static bool
revoke_some(struct filtered *f, struct revoke_filter_result *out, struct err *e)
{
	for (; f->done < f->n; f->done += TOGETHER) {
		if (!app_tx(f->run.app, DB_WRITE, some_tx, f, e))
			return err_in(e, "after %zu of %zu", f->done, f->n);
		out->revoked += f->run.revoked;
		out->already += f->run.already;
	}
	out->remaining = f->standing - (int64_t)f->n;
	return true;
}

static bool
narrow(const struct certificate_search *s)
{
	return s->organization_id != 0 || s->batch_id != 0 || s->profile_id != 0 || s->from != 0 || s->to != 0 ||
	    s->name != NULL || s->subject != NULL || s->serial_number != NULL || s->status >= 0;
}

static bool
carry(struct filtered *f, int64_t expected, struct revoke_filter_result *out, struct err *e)
{
	if (!look(f, out, e))
		return false;
	revoke_sort(f->found, f->n);
	if (!app_tx(f->run.app, DB_READ, reasons_tx, f, e))
		return false;
	if (expected < 0) {
		out->revoked = f->standing;
		return true;
	}
	if (f->standing != expected)
		return err_set(e, ERR_CONFLICT, "expected", "nothing was revoked: %" PRId64 " certificates match and stand, not %"
		    PRId64 "; look again", f->standing, expected);
	return revoke_some(f, out, e);
}

bool
revoke_filter(const struct app *app, const struct actor *who, const struct certificate_search *s, int64_t expected,
    const struct revocation *how, struct revoke_filter_result *out, struct err *e)
{
	OWN(arena_free) struct arena *scratch = arena_new(SCRATCH_MAX);
	struct filtered f = { .run = { .app = app, .who = who, .how = how }, .search = s, .scratch = scratch };
	bool ok;

	*out = (struct revoke_filter_result){ 0 };
	if (!actor_may(who, RIGHT_REVOKE, e) || !revocation_ok(how, e))
		return false;
	if (!narrow(s))
		return err_set(e, ERR_INVALID, "filter", "a filter that finds everything; name at least one condition");
	f.found = calloc(REVOKE_FILTER_MOST, sizeof(*f.found));
	if (f.found == NULL)
		abort();
	ok = carry(&f, expected, out, e);
	free(f.found);
	return ok;
}
