#include "domain/certificate/revoke_list.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "domain/order/csv.h"
#include "domain/profile/profile.h"
#include "domain/certificate/revoke_run.h"
#include "x509/profile/input.h"

#define TOGETHER	500		/* certificates in a transaction */
#define NAMESAKES	8		/* certificates under one address in one profile */
#define SCRATCH_MAX	((size_t)16 << 20)

struct list {
	struct revoke_run		 run;
	struct faults			*faults;
	int				 fd;
	bool				 dry_run;
	int64_t				 column;	/* -1: not known yet */
	int64_t				 lines;
	struct certificate		*found;
	size_t				 n, cap, done;
	struct arena			*scratch, *profiles_arena;
	struct profile_row		*profiles;	/* of the actor's organization */
	size_t				 profiles_n;
	struct db			*db;
};

/* ---- what a line names ---- */

static bool
add(struct list *l, const struct certificate *c)
{
	if (l->n == l->cap) {
		l->cap = l->cap == 0 ? 1024 : 2 * l->cap;
		l->found = realloc(l->found, l->cap * sizeof(*l->found));
		if (l->found == NULL)
			abort();
	}
	/* What points into the scratch arena is not needed any more. */
	l->found[l->n] = *c;
	l->found[l->n].subject = l->found[l->n].batch_name = l->found[l->n].batch_method = NULL;
	l->found[l->n++].der = NULL;
	return true;
}

static bool
by_serial(struct list *l, const uint8_t serial[16], bool *known, struct err *e)
{
	struct certificate c;

	arena_reset(l->scratch);
	if (!store_certificate_get(l->db, serial, l->scratch, &c, known, e))
		return false;
	*known = *known && actor_sees(l->run.who, c.organization_id);
	return !*known || add(l, &c);
}

static bool
by_input(struct list *l, const struct profile_row *p, const struct profile_input *in, const char *value, bool *known,
    struct err *e)
{
	uint8_t serials[NAMESAKES][16];
	size_t n;

	if (!store_certificate_named(l->db, l->run.who->organization_id, p->id, in->name, value, serials, NAMESAKES, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		bool one;

		if (!by_serial(l, serials[i], &one, e))
			return false;
		*known = *known || one;
	}
	return true;
}

/* Every profile of the organization where the address has a living certificate. */
static bool
by_address(struct list *l, const char *value, size_t octets, bool *known, struct err *e)
{
	*known = false;
	for (size_t i = 0; i < l->profiles_n; i++) {
		const struct profile_input *in;
		const struct profile *doc;
		size_t n;

		if (!profile_document(l->run.app, l->db, l->profiles[i].id, l->profiles[i].version, &doc, e))
			return false;
		in = profile_inputs(doc, &n);
		for (size_t k = 0; k < n; k++)
			if (in[k].unique && in[k].type == (octets == 6 ? INPUT_MAC_ADDRESS : INPUT_EUI64) &&
			    !by_input(l, &l->profiles[i], &in[k], value, known, e))
				return false;
	}
	return true;
}

/* Digits without what people put between them; false when there is anything else. */
static bool
digits_of(const char *text, char out[33])
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (strchr(":-. ", *text) != NULL)
			continue;
		if (n == 32 || strchr("0123456789abcdefABCDEF", *text) == NULL)
			return false;
		out[n++] = *text;
	}
	out[n] = '\0';
	return n > 0;
}

static bool
line_value(struct list *l, const struct csv_row *row, const struct csv_field *f, struct err *e)
{
	char digits[33], mac[24];
	uint8_t octets[16];
	size_t n = 0;
	bool known = false;

	if (digits_of(f->p, digits))
		n = strlen(digits);
	if ((n != 32 && n != 12 && n != 16) || !hex_decode(digits, n, octets, n / 2)) {
		fault_add(l->faults, NULL, row->line, "list", f->p, "is neither a serial number nor a device's address");
		return true;
	}
	if (n == 32) {
		if (!by_serial(l, octets, &known, e))
			return false;
	} else {
		mac_text(octets, n / 2, mac);
		if (!by_address(l, mac, n / 2, &known, e))
			return false;
	}
	l->lines++;
	if (!known)
		fault_add(l->faults, NULL, row->line, "list", f->p, n == 32 ? "is no certificate of this organization" :
		    "has no certificate that stands");
	return true;
}

static int64_t
column_find(const struct csv_row *row)
{
	static const char *const names[] = { "serial_number", "serial number", "serial", "mac_address", "mac address", "mac",
	    "eui64" };

	for (size_t k = 0; k < COUNT(names); k++)
		for (size_t i = 0; i < row->n; i++)
			if (strcasecmp(row->fields[i].p, names[k]) == 0)
				return (int64_t)i;
	return -1;
}

static bool
on_row(void *arg, const struct csv_row *row, struct err *e)
{
	struct list *l = arg;

	if (row->number == 0) {
		l->column = column_find(row);
		if (l->column >= 0)
			return true;
		l->column = 0;
	}
	if (row->number > l->run.app->csv_rows_max)
		return err_set(e, ERR_TOO_LARGE, "list", "the list has more than %" PRId64 " lines", l->run.app->csv_rows_max);
	if ((size_t)l->column >= row->n) {
		fault_add(l->faults, NULL, row->line, "list", NULL, "the line has no column %" PRId64, l->column + 1);
		return true;
	}
	return line_value(l, row, &row->fields[l->column], e);
}

/* ---- passes ---- */

static bool
read_all(struct list *l, struct err *e)
{
	OWN(csv_free) struct csv *csv = csv_new(on_row, l);
	char buf[16384];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(l->fd, buf, sizeof(buf), at)) > 0) {
		if (!csv_feed(csv, buf, (size_t)n, e))
			return false;
		at += n;
	}
	return n < 0 ? err_sys(e, "reading a list") : csv_end(csv, e);
}

static bool
same(const struct certificate *a, const struct certificate *b)
{
	return a->id == b->id;
}

/* A certificate named twice, by serial number and by address, counts once. */
static void
squeeze(struct list *l)
{
	size_t n = 0;

	revoke_sort(l->found, l->n);
	for (size_t i = 0; i < l->n; i++)
		if (n == 0 || !same(&l->found[n - 1], &l->found[i]))
			l->found[n++] = l->found[i];
	l->n = n;
}

static bool
look_tx(struct db *db, void *arg, struct err *e)
{
	struct list *l = arg;

	l->db = db;
	l->n = 0;
	l->lines = 0;
	l->faults->n = 0;
	l->faults->total = 0;
	arena_reset(l->profiles_arena);
	if (!store_profile_list(db, l->run.who->organization_id, NULL, l->profiles_arena, &l->profiles, &l->profiles_n, e) ||
	    !read_all(l, e))
		return false;
	if (l->faults->total > 0)
		return err_set(e, ERR_INVALID, "list", "nothing was revoked: %" PRIu64 " lines are wrong", l->faults->total);
	if (l->n == 0)
		return err_set(e, ERR_INVALID, "list", "the list names no certificate");
	squeeze(l);
	arena_reset(l->scratch);
	return revoke_reasons_ok(&l->run, db, l->found, l->n, l->scratch, e);
}

static bool
some_tx(struct db *tx, void *arg, struct err *e)
{
	struct list *l = arg;
	size_t n = l->n - l->done < TOGETHER ? l->n - l->done : TOGETHER;

	l->run.revoked = l->run.already = 0;
	arena_reset(l->scratch);
	return revoke_found(&l->run, tx, l->found + l->done, n, l->scratch, e);
}

static void
count_only(const struct list *l, struct revoke_list_result *out)
{
	for (size_t i = 0; i < l->n; i++) {
		bool stands = l->found[i].state == CERTIFICATE_ISSUED ||
		    (l->found[i].state == CERTIFICATE_ON_HOLD && l->run.how->reason != REASON_CERTIFICATE_HOLD);

		out->revoked += stands;
		out->already += !stands;
	}
}

static bool
revoke_all(struct list *l, struct revoke_list_result *out, struct err *e)
{
	for (; l->done < l->n; l->done += TOGETHER) {
		if (!app_tx(l->run.app, DB_WRITE, some_tx, l, e))
			return err_in(e, "after %zu of %zu", l->done, l->n);
		out->revoked += l->run.revoked;
		out->already += l->run.already;
	}
	return true;
}

bool
revoke_list(const struct app *app, const struct actor *who, int fd, const struct revocation *how, bool dry_run,
    struct revoke_list_result *out, struct faults *faults, struct err *e)
{
	OWN(arena_free) struct arena *scratch = arena_new(SCRATCH_MAX), *profiles = NULL;
	struct list l = { .run = { .app = app, .who = who, .how = how }, .faults = faults, .fd = fd, .dry_run = dry_run,
		.column = -1, .scratch = scratch };
	bool ok;

	profiles = l.profiles_arena = arena_new(SCRATCH_MAX);
	*out = (struct revoke_list_result){ 0 };
	if (!actor_may(who, RIGHT_REVOKE, e) || !revocation_ok(how, e))
		return false;
	ok = app_tx(app, DB_READ, look_tx, &l, e);
	out->lines = l.lines;
	out->certificates = (int64_t)l.n;
	if (ok && dry_run)
		count_only(&l, out);
	else if (ok)
		ok = revoke_all(&l, out, e);
	free(l.found);
	return ok;
}
