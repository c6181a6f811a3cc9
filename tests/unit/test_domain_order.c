/* Orders: what is refused and how, previews, staging, races and idempotency; all on both engines. */
#include <pthread.h>
#include <sys/stat.h>

#include "check_orders.h"
#include "store/batch.h"

static const char *
fault_at(const struct faults *f, int64_t line)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->list[i].line == line)
			return f->list[i].message;
	return NULL;
}

static bool
has_field(const struct faults *f, const char *field)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->list[i].field != NULL && strcmp(f->list[i].field, field) == 0)
			return true;
	return false;
}

static void
nothing_left(struct orders_world *w, const char *after)
{
	CHECK(orders_count(w, "SELECT count(*) FROM batch WHERE state = 'pending_creation'") == 0, "%s: staging after %s",
	    check_on, after);
	CHECK(orders_count(w, "SELECT count(*) FROM item WHERE batch_id NOT IN (SELECT id FROM batch)") == 0,
	    "%s: items after %s", check_on, after);
	CHECK(orders_count(w, "SELECT count(*) FROM device_name WHERE batch_id NOT IN (SELECT id FROM batch)") == 0,
	    "%s: names after %s", check_on, after);
	CHECK(orders_count(w, "SELECT count(*) FROM slice WHERE batch_id NOT IN (SELECT id FROM batch)") == 0,
	    "%s: slices after %s", check_on, after);
}

/* ---- CSV ---- */

static int
sample_file(const char *name, uint64_t *size)
{
	const char *source = getenv("CERTMILL_SOURCE");
	char path[512];
	struct stat st;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/tests/data/csv/%s", source == NULL ? "." : source, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && fstat(fd, &st) == 0, "%s", path);
	*size = fd < 0 ? 0 : (uint64_t)st.st_size;
	return fd;
}

static void
samples(struct orders_world *w)
{
	struct order o = { .method = "csv", .profile_id = PROFILE_ID, .name = "errors", .password = w->password };
	struct order_preview p;
	struct faults f = { .arena = w->arena }, warn = { .arena = w->arena };
	struct batch b;
	struct err e = { 0 };

	o.fd = sample_file("modems-with-errors.csv", &o.file_size);
	CHECK(!orders_place(w, &w->ann, &o, &b, &f, &e) && e.kind == ERR_INVALID, "%s: rows in error", check_on);
	CHECK(f.total == 5, "%s: %d faults, not 5", check_on, (int)f.total);
	CHECK(fault_at(&f, 6) != NULL && strstr(fault_at(&f, 6), "scientific") != NULL, "%s: line 6: %s", check_on,
	    fault_at(&f, 6));
	CHECK(fault_at(&f, 9) != NULL, "%s: five octets", check_on);
	CHECK(fault_at(&f, 13) != NULL && strstr(fault_at(&f, 13), "line 5") != NULL, "%s: line 13: %s", check_on,
	    fault_at(&f, 13));
	CHECK(fault_at(&f, 17) != NULL && fault_at(&f, 20) != NULL, "%s: multicast and no hexadecimal", check_on);
	(void)close(o.fd);

	o.fd = sample_file("modems-excel-semicolon.csv", &o.file_size);
	o.name = "excel";
	f = (struct faults){ .arena = w->arena };
	CHECK(order_preview(&w->app, &w->ann, &o, w->arena, &p, &f, &warn, &e), "%s: %s %s", check_on, e.msg, e.trail);
	CHECK(f.total == 0 && warn.total == 1 && has_field(&warn, "note"), "%s: %d errors, %d warnings", check_on,
	    (int)f.total, (int)warn.total);
	CHECK(p.samples > 1 && strcmp(p.sample[0].subject, "O=Acme, CN=00:1D:D1:01:00:00") == 0, "%s: subject %s", check_on,
	    p.sample[0].subject);
	order_preview_clear(&p);
	(void)close(o.fd);

	o.fd = sample_file("modems-1000.csv", &o.file_size);
	o.name = "modems-1000.csv";
	f = (struct faults){ .arena = w->arena };
	CHECK(order_preview(&w->app, &w->ann, &o, w->arena, &p, &f, &warn, &e), "%s: %s %s", check_on, e.msg, e.trail);
	CHECK(p.size == 1000 && p.samples == ORDER_SAMPLES_MAX && p.sample[9].index == 999 &&
	    strcmp(p.sample[9].subject, "O=Acme, CN=00:1D:D1:00:07:CE") == 0, "%s: last sample %s", check_on,
	    p.sample[9].subject);
	order_preview_clear(&p);
	CHECK(orders_count(w, "SELECT count(*) FROM batch") == 0 && orders_quota(w, w->acme.id).ordered == 0,
	    "%s: a preview changed something", check_on);
	b = orders_placed(w, &w->ann, &o);
	CHECK(strcmp(b.state, "pending_issue") == 0 && b.size == 1000, "%s: %s of %d", check_on, b.state, (int)b.size);
	CHECK(orders_quota(w, w->acme.id).ordered == 1000, "%s: quota", check_on);
	CHECK(orders_count(w, "SELECT sum(size) FROM slice WHERE state = 'queued'") == 1000, "%s: slices", check_on);
	CHECK(!orders_place(w, &w->ann, &o, &b, &f, &e) && f.total == 1000, "%s: ordered twice", check_on);
	nothing_left(w, "an order of known names");
	(void)close(o.fd);
}

static void
refused(struct orders_world *w, const char *text, int64_t line, const char *says)
{
	struct order o = orders_csv(w, "refused", text);
	struct faults f = { 0 };
	struct batch b;
	struct err e;
	bool said = false, taken = orders_place(w, &w->ann, &o, &b, &f, &e);

	CHECK(!taken, "%s: %s was taken", check_on, text);
	CHECK(e.kind == ERR_INVALID, "%s: %s: %s", check_on, text, e.msg);
	for (size_t i = 0; i < f.n; i++)
		said = said || (f.list[i].line == line && strstr(f.list[i].message, says) != NULL);
	CHECK(said, "%s: %.40s: no \"%s\" in line %d, but %s in line %d", check_on, text, says, (int)line,
	    f.n > 0 ? f.list[0].message : "nothing", f.n > 0 ? (int)f.list[0].line : 0);
	(void)close(o.fd);
}

static void
tables(struct orders_world *w)
{
	struct order o;

	refused(w, "", 0, "empty");
	refused(w, "mac_address\r\n", 0, "no rows");
	refused(w, "00:1A:2B:00:00:01\n00:1A:2B:00:00:02\n", 1, "must name the columns");
	refused(w, "note;mac\nx;y\n", 1, "must name the columns");
	refused(w, "mac_address;MAC Address\n1;2\n", 1, "twice");
	refused(w, "mac_address,note\n00:1A:2B:00:00:01,x,y\n", 2, "more cells");
	refused(w, "note,mac_address\nx,\n", 2, "missing");
	refused(w, "mac_address\n00:1A:2C:00:00:01\n", 2, "outside");
	refused(w, "mac_address\n\"00:1A:2B:00:00:01\n", 2, "never closed");
	refused(w, "mac_address\n00:1A:2B:00:00:01\n\xff\n", 3, "UTF-8");
	refused(w, "mac_address\n\n\"00:1A:2B:00:00:01\"\n001a2b000001\n", 4, "line 3");
	o = orders_csv(w, "spelling", "note\tMAC-Address\n\"a\nb\"\t00-1a-2b-0a-00-01\r\nx\t001A.2B0A.0002\r\n");
	CHECK(orders_placed(w, &w->ann, &o).size == 2, "%s: spellings", check_on);
	nothing_left(w, "tables");
}

/* ---- fields ---- */

static void
wrong_field(struct orders_world *w, struct order o, const char *field)
{
	struct faults f;
	struct batch b;
	struct err e;

	CHECK(!orders_place(w, &w->ann, &o, &b, &f, &e) && e.kind == ERR_INVALID && has_field(&f, field),
	    "%s: no fault for %s: %s", check_on, field, e.msg);
}

static void
forms(struct orders_world *w)
{
	struct order o = orders_form(w, "form", "00:1A:2B:10:00:00", 20), x;
	OWN(secret_free) struct secret *weak = secret_from("short", 5), *umlaut = secret_from("umlaut\xc3\xa4.", 9);
	struct faults f;
	struct batch b;
	struct err e;

	x = o, x.profile_id = 4711, wrong_field(w, x, "profile_id");
	x = o, x.name = "evil\xe2\x80\xaename", wrong_field(w, x, "name");
	x = o, x.name = "", wrong_field(w, x, "name");
	x = o, x.size = 0, wrong_field(w, x, "size");
	x = o, x.size = 1000001, wrong_field(w, x, "size");
	x = o, x.generator_input = NULL, wrong_field(w, x, "generator");
	x = o, x.generator_input = "nonsense", wrong_field(w, x, "generator.input");
	x = o, x.increment = 0, wrong_field(w, x, "generator.increment");
	x = o, x.password = NULL, wrong_field(w, x, "pkcs12_password");
	x = o, x.password = weak, wrong_field(w, x, "pkcs12_password");
	x = o, x.password = umlaut, wrong_field(w, x, "pkcs12_password");
	x = o, x.inputs_n = 0, wrong_field(w, x, "mac_address");
	x = o, x.method = "guess", wrong_field(w, x, "method");
	x = o, x.method = "csv", wrong_field(w, x, "file");
	x = orders_form(w, "end", "00:1A:2B:FF:FF:F8", 20), wrong_field(w, x, "mac_address");
	x = orders_form(w, "foreign", "02:1A:2B:00:00:00", 20), wrong_field(w, x, "mac_address");
	nothing_left(w, "wrong fields");

	b = orders_placed(w, &w->ann, &o);
	CHECK(b.size == 20, "%s: form", check_on);
	x = orders_form(w, "single", "00:1A:2B:10:00:05", 1);
	x.method = "single";
	CHECK(!orders_place(w, &w->ann, &x, &b, &f, &e) && f.n == 1 && strstr(f.list[0].message, "already") != NULL,
	    "%s: a name in use: %s", check_on, e.msg);
	CHECK(orders_placed(w, &w->carl, &(struct order){ .method = "single", .profile_id = PROFILE_ID, .name = "theirs",
	    .password = w->password, .inputs = x.inputs, .inputs_n = 1, .fd = -1 }).size == 1,
	    "%s: another organization may have the same name", check_on);
	CHECK(!orders_place(w, &w->operator, &o, &b, &f, &e) && e.kind == ERR_FORBIDDEN, "%s: operators don't order", check_on);
}

/* ---- quota and approval ---- */

struct racer {
	struct orders_world	*w;
	const struct actor	*who;
	struct order		 o;
	bool			 ok, replayed;
	struct batch		 b;
	struct err		 e;
	struct arena		*arena;
	struct faults		 f;
};

static void *
race(void *arg)
{
	struct racer *r = arg;

	r->arena = arena_new((size_t)4 << 20);
	r->f.arena = r->arena;
	r->ok = order_place(&r->w->app, r->who, &r->o, r->arena, &r->b, &r->replayed, &r->f, &r->e);
	return NULL;
}

#define RACERS 6

static void
races(struct orders_world *w)
{
	struct racer r[RACERS] = { 0 };
	pthread_t t[RACERS];
	struct quota before = orders_quota(w, w->other.id);
	int64_t each = before.available / 4 + 1;	/* three of six fit */
	int took = 0;

	for (int i = 0; i < RACERS; i++) {
		r[i] = (struct racer){ .w = w, .who = &w->carl };
		r[i].o = orders_form(w, "race", arena_printf(w->arena, "00:1D:D1:%02X:00:00", 0x40 + i), each);
		(void)pthread_create(&t[i], NULL, race, &r[i]);
	}
	for (int i = 0; i < RACERS; i++) {
		(void)pthread_join(t[i], NULL);
		took += r[i].ok;
		CHECK(r[i].ok || (r[i].e.kind == ERR_CONFLICT && strcmp(r[i].e.code, "quota_exceeded") == 0),
		    "%s: %s %s", check_on, r[i].e.msg, r[i].e.trail);
		arena_free(r[i].arena);
	}
	CHECK(took == 3, "%s: %d orders of a fourth each were taken", check_on, took);
	CHECK(orders_quota(w, w->other.id).ordered == before.ordered + took * each, "%s: quota after a race", check_on);
	nothing_left(w, "a race for the quota");

	/* The same names at once: one gets them. */
	took = 0;
	for (int i = 0; i < RACERS; i++) {
		r[i] = (struct racer){ .w = w, .who = &w->ann, .o = orders_form(w, "same", "00:1D:D1:80:00:00", 40) };
		(void)pthread_create(&t[i], NULL, race, &r[i]);
	}
	for (int i = 0; i < RACERS; i++) {
		(void)pthread_join(t[i], NULL);
		took += r[i].ok;
		CHECK(r[i].ok || (r[i].e.kind == ERR_INVALID && r[i].f.total > 0), "%s: %s %s", check_on, r[i].e.msg,
		    r[i].e.trail);
		arena_free(r[i].arena);
	}
	CHECK(took == 1, "%s: %d orders got the same names", check_on, took);
	nothing_left(w, "a race for names");
}

static void
approval(struct orders_world *w)
{
	struct organization_change c = { .approval_above = 10, .set_approval_above = true };
	struct order small = orders_form(w, "small", "00:1A:2B:20:00:00", 10);
	struct order large = orders_form(w, "large", "00:1A:2B:21:00:00", 11);
	struct quota before = orders_quota(w, w->acme.id);
	struct organization changed;
	struct faults f = { .arena = w->arena };
	struct batch b;
	struct err e = { 0 };

	MUST(organization_update(&w->app, &w->operator, w->acme.id, &c, w->arena, &changed, &f, me));
	CHECK(strcmp(orders_placed(w, &w->ann, &small).state, "pending_issue") == 0, "%s: small", check_on);
	b = orders_placed(w, &w->ann, &large);
	CHECK(strcmp(b.state, "pending_approval") == 0, "%s: large is %s", check_on, b.state);
	CHECK(orders_quota(w, w->acme.id).ordered == before.ordered + 21, "%s: charged at acceptance", check_on);
	CHECK(!batch_approve(&w->app, &w->ann, b.id, w->arena, &b, &e) && strcmp(e.code, "own_order") == 0,
	    "%s: own order: %s", check_on, e.msg);
	CHECK((batch_actions(&b, &w->bea) & ACTION_APPROVE) != 0 && (batch_actions(&b, &w->ann) & ACTION_APPROVE) == 0,
	    "%s: who may approve", check_on);
	e = (struct err){ 0 };
	CHECK(batch_approve(&w->app, &w->bea, b.id, w->arena, &b, &e), "%s: %s %s", check_on, e.msg, e.trail);
	CHECK(strcmp(b.state, "pending_issue") == 0, "%s: approved is %s", check_on, b.state);
	large = orders_form(w, "refused", "00:1A:2B:22:00:00", 12);
	b = orders_placed(w, &w->ann, &large);
	e = (struct err){ 0 };
	CHECK(batch_reject(&w->app, &w->bea, b.id, w->arena, &b, &e), "%s: %s %s", check_on, e.msg, e.trail);
	CHECK(orders_quota(w, w->acme.id).ordered == before.ordered + 21, "%s: a refused approval credits", check_on);
	b = orders_placed(w, &w->ann, &large);
	CHECK(strcmp(b.state, "pending_approval") == 0, "%s: its names are free again", check_on);
	MUST(batch_reject(&w->app, &w->ann, b.id, w->arena, &b, me));
	c.approval_above = -1;
	MUST(organization_update(&w->app, &w->operator, w->acme.id, &c, w->arena, &changed, &f, me));
}

/* ---- Idempotency-Key ---- */

static void
keys(struct orders_world *w)
{
	struct order o = orders_form(w, "once", "00:1A:2B:30:00:00", 3), x;
	OWN(secret_free) struct secret *other = secret_from("another password", 16);
	struct racer r[RACERS] = { 0 };
	pthread_t t[RACERS];
	struct faults f = { .arena = w->arena };
	struct batch b, again;
	struct err e = { 0 };
	bool replayed;

	o.idempotency_key = "key-1";
	b = orders_placed(w, &w->ann, &o);
	CHECK(order_place(&w->app, &w->bea, &o, w->arena, &again, &replayed, &f, &e) && replayed && again.id == b.id,
	    "%s: the same again: %s", check_on, e.msg);
	x = o, x.size = 4;
	CHECK(!orders_place(w, &w->ann, &x, &again, &f, &e) && e.kind == ERR_CONFLICT && strcmp(e.code, "idempotency_key") == 0,
	    "%s: another order under the key: %s", check_on, e.msg);
	x = o, x.password = other;
	CHECK(!orders_place(w, &w->ann, &x, &again, &f, &e) && strcmp(e.code, "idempotency_key") == 0,
	    "%s: another password under the key: %s", check_on, e.msg);
	orders_work_all(w);
	CHECK(orders_count(w, "SELECT count(*) FROM batch WHERE state = 'pending_issue'") == 0, "%s: work is left", check_on);
	CHECK(orders_count(w, "SELECT count(*) FROM batch_secret") == 0, "%s: a password outlived its use", check_on);
	CHECK(orders_count(w, "SELECT max(length(fingerprint)) FROM idempotency") == 32,
	    "%s: the fingerprint outlived the password", check_on);
	e = (struct err){ 0 };
	CHECK(order_place(&w->app, &w->ann, &o, w->arena, &again, &replayed, &f, &e) && replayed && again.id == b.id,
	    "%s: the same when it is done: %s", check_on, e.msg);
	x = o, x.name = "twice";
	CHECK(!orders_place(w, &w->ann, &x, &again, &f, &e) && strcmp(e.code, "idempotency_key") == 0, "%s: another name", check_on);

	/* A refused order does not burn it. */
	x = orders_form(w, "burn", "00:1A:2B:30:00:00", 3);
	x.idempotency_key = "key-2";
	CHECK(!orders_place(w, &w->ann, &x, &again, &f, &e) && e.kind == ERR_INVALID, "%s: names in use", check_on);
	x = orders_form(w, "burn", "00:1A:2B:31:00:00", 3);
	x.idempotency_key = "key-2";
	CHECK(orders_placed(w, &w->ann, &x).size == 3, "%s: the key is good", check_on);

	/* All at once: one batch, all get it. */
	for (int i = 0; i < RACERS; i++) {
		r[i] = (struct racer){ .w = w, .who = &w->ann, .o = orders_form(w, "at once", "00:1A:2B:32:00:00", 5) };
		r[i].o.idempotency_key = "key-3";
		(void)pthread_create(&t[i], NULL, race, &r[i]);
	}
	for (int i = 0; i < RACERS; i++) {
		(void)pthread_join(t[i], NULL);
		CHECK(r[i].ok && r[i].b.id == r[0].b.id, "%s: %d: %s %s", check_on, i, r[i].e.msg, r[i].e.trail);
	}
	for (int i = 0; i < RACERS; i++)
		arena_free(r[i].arena);
	nothing_left(w, "keys");
}

/* ---- a staging whose maker died ---- */

static bool
dead_tx(struct db *tx, void *arg, struct err *e)
{
	const struct batch *b = arg;
	struct item it = { .index = 0, .inputs = "{}" };
	struct device_name d = { "mac_address", "00:1A:2B:40:00:00", 0 };
	bool again;

	return store_batch_add(tx, b, e) && store_batch_staging(tx, b->id, 1, 1, clock_now_s() + 60, &again, e) &&
	    store_item_add(tx, b->id, &it, 1, e) &&
	    store_device_name_add(tx, b->organization_id, b->profile_id, b->id, &d, 1, e);
}

static void
dead(struct orders_world *w)
{
	struct batch b = { .id = 99, .organization_id = w->acme.id, .profile_id = PROFILE_ID, .profile_version = 1,
	    .parameters = "{}", .method = "form", .name = "dead", .state = "pending_creation", .packaging = "{}",
	    .created_at = clock_now_s(), .created_by_name = "ann", .staged_until = clock_now_s() + 60 }, found;
	struct order o = orders_form(w, "after", "00:1A:2B:40:00:00", 1);
	struct faults f;
	struct err e = { 0 };
	bool did = true;

	MUST(app_tx(&w->app, DB_WRITE, dead_tx, &b, me));
	CHECK(!batch_find(&w->app, &w->ann, 99, w->arena, &found, &e) && e.kind == ERR_NOT_FOUND, "%s: staged is invisible", check_on);
	CHECK(!orders_place(w, &w->ann, &o, &found, &f, &e) && f.n == 1 && strstr(f.list[0].message, "being ordered") != NULL,
	    "%s: staged names are held: %s", check_on, e.msg);
	for (int i = 0; i < 5; i++)
		MUST(work_housekeeping(&w->app, &did, me));
	CHECK(orders_count(w, "SELECT count(*) FROM batch WHERE id = 99") == 1, "%s: swept while alive", check_on);
	clock_shift(3600);
	for (int i = 0; i < 20 && did; i++)
		MUST(work_housekeeping(&w->app, &did, me));
	for (did = true; did;)
		MUST(work_housekeeping(&w->app, &did, me));
	clock_shift(0);
	CHECK(orders_count(w, "SELECT count(*) FROM batch WHERE id = 99") == 0, "%s: not swept", check_on);
	nothing_left(w, "a sweep");
	CHECK(orders_placed(w, &w->ann, &o).size == 1, "%s: its names are free", check_on);
}

static void
no_worker(struct orders_world *w)
{
	struct order o = orders_form(w, "nobody", "00:1A:2B:50:00:00", 2);
	struct work_key *list;
	struct faults f;
	struct batch b;
	struct err e;
	size_t n;

	MUST(work_key_list(&w->app, HOST, w->arena, &list, &n, me));
	CHECK(n == 1, "%s: %zu keys", check_on, n);
	MUST(work_key_retire(&w->app, list[0].id, me));
	CHECK(!orders_place(w, &w->ann, &o, &b, &f, &e) && e.kind == ERR_UNAVAILABLE && e.retry_after_s > 0,
	    "%s: nobody to seal to: %s", check_on, e.msg);
	nothing_left(w, "no worker");
	orders_worker_key(w, HOST);
	CHECK(orders_placed(w, &w->ann, &o).size == 2, "%s: with a key again", check_on);
	e = (struct err){ 0 };
	orders_work_all(w);
	MUST(work_key_drop(&w->app, list[0].id, me));
	MUST(work_key_list(&w->app, HOST, w->arena, &list, &n, me));
	CHECK(n == 1 && !work_key_drop(&w->app, list[0].id, &e) && e.kind == ERR_CONFLICT, "%s: a live key stays", check_on);
}

static void
all(enum db_engine engine, const char *uri)
{
	struct orders_world w;

	(void)engine;
	orders_world_make(&w, uri, 5000);
	samples(&w);
	tables(&w);
	forms(&w);
	approval(&w);
	keys(&w);
	dead(&w);
	no_worker(&w);
	races(&w);
	orders_world_free(&w);
}

int
main(void)
{
	secret_init();
	check_db_on_both(all);
	return check_done();
}
