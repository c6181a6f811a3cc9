#include "domain/certificate/certificate.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "domain/batch/batch.h"
#include "domain/profile/profile.h"
#include "store/item.h"
#include "store/tally.h"
#include "x509/cert.h"

#define TOTAL_MAX 1000000		/* past this, a total is not counted */
#define PIECE 100000			/* rows that a search by part reads at a time */
#define PIECES_MS 400			/* and for how long before it answers with what it has */
#define RANGES_MAX ((size_t)10000)	/* of ids, in which names that hold a part can be */
#define LEASE_S (6 * 3600)		/* ids run in order of time but for this */

const char *const certificate_status_names[] = {
	[STATUS_ISSUED] = "issued", [STATUS_REVOKED] = "revoked", [STATUS_EXPIRED] = "expired",
	[STATUS_REJECTED] = "rejected", [CERTIFICATE_STATUSES] = NULL,
};

enum certificate_status
certificate_status(const struct certificate *c, int64_t now)
{
	if (c->state == CERTIFICATE_REJECTED)
		return STATUS_REJECTED;
	if (c->state != CERTIFICATE_ISSUED)
		return STATUS_REVOKED;
	return c->not_after < now ? STATUS_EXPIRED : STATUS_ISSUED;
}

/* Hex digits in upper case without colons and blanks; NULL when there is anything else. */
static char *
serial_digits(struct arena *a, const char *text)
{
	char *out = arena_alloc(a, strlen(text) + 1), *p = out;

	for (; out != NULL && *text != '\0'; text++) {
		if (*text == ':' || *text == ' ')
			continue;
		if (strchr("0123456789abcdefABCDEF", *text) == NULL)
			return NULL;
		*p++ = (char)(*text >= 'a' ? *text - 0x20 : *text);
	}
	return out;
}

/* ---- lists ---- */

struct listing {
	const struct certificate_search	*s;
	struct certificate_filter	 f;
	bool				 by_part;
	struct arena			*arena;
	struct certificate_page		*page;
};

static bool
bounds(struct listing *q, struct db *db, struct err *e)
{
	if (q->f.from > LEASE_S && !store_certificate_id_at(db, q->f.from - LEASE_S, &q->f.id_min, e))
		return false;
	if (q->f.to == 0)
		return true;
	if (!store_certificate_id_at(db, q->f.to + LEASE_S, &q->f.id_max, e))
		return false;
	q->f.id_max = q->f.id_max == 0 ? -1 : q->f.id_max;	/* nothing is that old */
	return true;
}

static bool
count(struct listing *q, struct db *db, int64_t last_id, struct err *e)
{
	const struct certificate_filter *f = &q->f;

	/* A batch knows how many it made, the tally how many all did: a row a day, where batches are many. */
	if (f->state == -1 && f->from == 0 && f->to == 0 && !q->by_part && f->serial_part == NULL)
		return f->batch_id != 0 ?
		    store_batch_made(db, f->organization_id, f->profile_id, f->batch_id, &q->page->total, e) :
		    store_tally_total(db, TALLY_ISSUED, f->organization_id, f->profile_id, &q->page->total, e);
	q->page->total = -1;
	if (last_id > TOTAL_MAX && q->f.batch_id == 0)
		return true;
	return store_certificate_count(db, &q->f, TOTAL_MAX + 1, q->arena, &q->page->total, e);
}

static void
next_set(struct certificate_page *p, const struct certificate_filter *f, const struct certificate *last)
{
	bool by_index =
	    f->sort == CERTIFICATE_BY_BATCH || (f->sort == CERTIFICATE_BY_CREATED_AT && f->batch_id != 0);

	p->more = true;
	p->next_id = by_index ? last->item_index : last->id;
	p->next_int = f->sort == CERTIFICATE_BY_BATCH ? last->batch_id : last->not_after;
	memcpy(p->next_serial, last->serial, sizeof(p->next_serial));
}

static bool
list_whole(struct listing *q, struct db *db, struct err *e)
{
	struct certificate_page *p = q->page;

	q->f.limit = q->s->limit + 1;
	if (!store_certificate_list(db, &q->f, q->arena, &p->list, &p->n, e))
		return false;
	if (p->n > (size_t)q->s->limit) {
		p->n = (size_t)q->s->limit;
		next_set(p, &q->f, &p->list[p->n - 1]);
	}
	return true;
}

/* The page, as far as pieces from lo to hi bring it. */
struct pieces {
	struct listing			*q;
	struct certificate_filter	 f;
	int64_t				 began_ms;
	bool				 over;		/* full, or time is up: *page says where to go on */
};

static bool
pieces_read(struct pieces *t, struct db *db, int64_t lo, int64_t hi, struct err *e)
{
	struct certificate_page *p = t->q->page;
	struct certificate_filter *f = &t->f;

	while (lo <= hi && !t->over) {
		struct certificate *some;
		size_t n;

		f->id_min = f->descending && hi - lo >= PIECE ? hi - PIECE + 1 : lo;
		f->id_max = !f->descending && hi - lo >= PIECE ? lo + PIECE - 1 : hi;
		f->limit = t->q->s->limit - (int64_t)p->n;
		if (!store_certificate_list(db, f, t->q->arena, &some, &n, e))
			return false;
		memcpy(p->list + p->n, some, n * sizeof(*some));
		p->n += n;
		if (n == (size_t)f->limit) {
			next_set(p, f, &p->list[p->n - 1]);
			t->over = true;
			return true;
		}
		if (f->descending)
			hi = f->id_min - 1;
		else
			lo = f->id_max + 1;
		if (clock_mono_ms() - t->began_ms > PIECES_MS) {
			p->more = true;
			p->next_id = f->descending ? hi + 1 : lo - 1;
			t->over = true;
		}
	}
	return true;
}

/* Where to look: for a part of a name the ids of batches that can have it, else all. */
static bool
ranges_find(struct listing *q, struct db *db, int64_t lo, int64_t hi, struct certificate_range **out, size_t *n,
    struct err *e)
{
	struct certificate_range *list = arena_array(q->arena, q->f.name_part == NULL ? 1 : RANGES_MAX, sizeof(*list));

	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "certificate_list", "too many certificates asked for");
	*out = list;
	*n = RANGES_MAX + 1;
	if (q->f.name_part != NULL &&
	    !store_certificate_named_ranges(db, q->f.organization_id, q->f.name_part, q->arena, list, RANGES_MAX, n, e))
		return false;
	if (*n > RANGES_MAX) {
		list[0] = (struct certificate_range){ lo, hi };
		*n = 1;
	}
	return true;
}

/* Piece by piece along the ids, until the page is full, the table over, or time up. */
static bool
list_pieces(struct listing *q, struct db *db, int64_t last_id, struct err *e)
{
	int64_t lo = q->f.id_min > 0 ? q->f.id_min : 1;
	int64_t hi = q->f.id_max != 0 && q->f.id_max < last_id ? q->f.id_max : last_id;
	struct pieces t = { .q = q, .f = q->f, .began_ms = clock_mono_ms() };
	struct certificate_range *ranges = NULL;
	size_t n = 0;

	q->page->list = arena_array(q->arena, (size_t)q->s->limit, sizeof(*q->page->list));
	if (q->page->list == NULL)
		return err_set(e, ERR_TOO_LARGE, "certificate_list", "too many certificates asked for");
	if (t.f.after && t.f.descending)
		hi = t.f.after_id - 1 < hi ? t.f.after_id - 1 : hi;
	else if (t.f.after)
		lo = t.f.after_id + 1 > lo ? t.f.after_id + 1 : lo;
	t.f.after = false;
	if (!ranges_find(q, db, lo, hi, &ranges, &n, e))
		return false;
	for (size_t i = 0; i < n && !t.over; i++) {
		const struct certificate_range *r = &ranges[t.f.descending ? n - 1 - i : i];

		if (!pieces_read(&t, db, r->first > lo ? r->first : lo, r->last < hi ? r->last : hi, e))
			return false;
	}
	return true;
}

static bool
list_tx(struct db *db, void *arg, struct err *e)
{
	struct listing *q = arg;
	int64_t last_id;

	*q->page = (struct certificate_page){ 0 };
	if (!store_certificate_last_id(db, &last_id, e) || !bounds(q, db, e))
		return false;
	q->page->total = -1;
	if (!q->s->uncounted && !count(q, db, last_id, e))
		return false;
	if (q->page->total == 0)
		return true;
	/* A profile with few certificates among many is no better found than a part of a name. */
	if ((q->by_part || q->f.profile_id != 0) && q->f.batch_id == 0 && q->f.sort == CERTIFICATE_BY_CREATED_AT)
		return list_pieces(q, db, last_id, e);
	return list_whole(q, db, e);
}

bool
certificate_list(const struct app *app, const struct actor *who, const struct certificate_search *s,
    struct arena *a, struct certificate_page *page, struct err *e)
{
	static const int64_t states[] = { [STATUS_ISSUED] = CERTIFICATE_ISSUED,
		[STATUS_REVOKED] = CERTIFICATE_REVOKED,
		[STATUS_EXPIRED] = CERTIFICATE_EXPIRED,
		[STATUS_REJECTED] = CERTIFICATE_REJECTED };
	struct listing q = { .s = s, .arena = a, .page = page };
	bool all = who->role == ROLE_OPERATOR || who->role == ROLE_AUDITOR;
	const char *digits = s->serial_number == NULL ? NULL : serial_digits(a, s->serial_number);

	*page = (struct certificate_page){ 0 };
	if (s->serial_number != NULL && (digits == NULL || digits[0] == '\0' || strlen(digits) > 32))
		return true;			/* no serial number reads like that */
	if (!all && s->organization_id != 0 && s->organization_id != who->organization_id)
		return true;
	if (!all && who->organization_id == 0)
		return true;
	q.f = (struct certificate_filter){
		.organization_id = all ? s->organization_id : who->organization_id,
		.batch_id = s->batch_id,
		.profile_id = s->profile_id,
		.name_part = s->name,
		.subject_part = s->subject,
		.serial_part = digits,
		.state = s->status < 0 ? -1 : states[s->status],
		.now = clock_now_s(),
		.from = s->from,
		.to = s->to,
		.sort = s->sort,
		.descending = s->descending,
		.after = s->after,
		.after_int = s->after_int,
		.after_id = s->after_id,
	};
	memcpy(q.f.after_serial, s->after_serial, sizeof(q.f.after_serial));
	q.by_part = s->name != NULL || s->subject != NULL || (digits != NULL && strlen(digits) < 32);
	return app_tx(app, DB_READ, list_tx, &q, e);
}

/* ---- one ---- */

struct finding {
	const struct app		*app;
	const struct actor		*who;
	const uint8_t			*serial;
	struct arena			*arena;
	struct certificate_detail	*d;
};

static bool
none(struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "certificate", "there is no such certificate");
}

static bool
get_tx(struct db *db, void *arg, struct err *e)
{
	struct finding *f = arg;
	struct certificate_detail *d = f->d;
	struct profile_row row;
	const struct ca *ca;
	struct item *item;
	size_t got;
	bool found;

	if (!store_certificate_get(db, f->serial, f->arena, &d->c, &found, e))
		return false;
	if (!found || !actor_sees(f->who, d->c.organization_id))
		return none(e);
	if (!store_certificate_der(db, d->c.id, f->arena, &d->der, &d->der_len, e) ||
	    !store_item_read(db, d->c.batch_id, d->c.item_index, 1, f->arena, &item, &got, e) ||
	    !store_profile_get(db, d->c.profile_id, f->arena, &row, &found, e) ||
	    !profile_issuer(f->app, db, d->c.ca_id, NULL, &ca, e))
		return false;
	d->inputs = got == 1 ? item->inputs : "{}";
	d->profile_name = found ? row.name : "";
	d->ca_ski = ca->ski;
	return true;
}

bool
certificate_get(const struct app *app, const struct actor *who, const char *serial_number, struct arena *a,
    struct certificate_detail *d, struct err *e)
{
	const char *digits = serial_digits(a, serial_number);
	uint8_t serial[16];
	struct finding f = { .app = app, .who = who, .serial = serial, .arena = a, .d = d };

	*d = (struct certificate_detail){ 0 };
	if (digits == NULL || !hex_decode(digits, strlen(digits), serial, sizeof(serial)))
		return none(e);
	return app_tx(app, DB_READ, get_tx, &f, e);
}

bool
certificate_fetch(const struct app *app, const struct actor *who, const char *serial_number, struct arena *a,
    struct certificate_detail *d, struct err *e)
{
	if (!certificate_get(app, who, serial_number, a, d, e))
		return false;
	if (d->c.batch_downloaded_at == 0)
		return err_set(e, ERR_CONFLICT, "not_downloaded",
		    "batch %" PRId64 " was never downloaded: its certificates "
		    "can't be had one by one yet",
		    d->c.batch_id);
	return true;
}

/* ---- its contents ---- */

bool
certificate_words(
    const struct certificate_detail *d, struct arena *a, struct certificate_words *out, struct err *e)
{
	struct cert_view view;
	struct cert cert;

	if (!cert_decode(d->der, d->der_len, &cert, e) || !cert_view(&cert, a, &view, e))
		return err_sys(e, "certificate %" PRId64 ": %s", d->c.id, e->msg);
	*out = (struct certificate_words){
		.issuer = view.issuer, .key_algorithm = key_algorithm_name(cert.key.type.algorithm),
		.key_bits = cert.key.type.bits, .signature = view.signature, .sha256 = view.sha256,
		.extensions = arena_alloc(a, (view.n_extensions + 1) * sizeof(*out->extensions)),
		.extensions_n = view.n_extensions,
	};
	if (cert.key.type.algorithm == KEY_EC)
		out->curve = arena_printf(a, "P-%u", cert.key.type.bits);
	if (out->extensions == NULL)
		return err_sys(e, "certificate %" PRId64 ": no room", d->c.id);
	for (size_t i = 0; i < view.n_extensions; i++) {
		const struct cert_extension_text *x = &view.extensions[i];

		out->extensions[i] = (struct certificate_extension){
			.oid = x->oid,
			.name = x->name == NULL ? x->oid : x->name,
			.critical = x->critical,
			.value = x->value,
		};
	}
	return true;
}

bool
certificate_pem(const struct certificate_detail *d, struct arena *a, const char **pem, struct err *e)
{
	OWN_STR struct str text = { 0 };

	pem_encode("CERTIFICATE", d->der, d->der_len, &text);
	*pem = arena_strndup(a, text.p, text.len);
	return *pem != NULL || err_sys(e, "certificate %" PRId64 ": no room", d->c.id);
}
