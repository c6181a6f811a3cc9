#include "domain/order/order.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "domain/order/order_run.h"
#include "domain/order/room.h"
#include "x509/name.h"
#include "x509/p12/p12.h"
#include "x509/tbs.h"

/* Uploads from this size on are read one at a time in a process, so that its memory stays bounded. */
#define LARGE_OCTETS ((uint64_t)4 * 1024 * 1024)
#define LARGE_ITEMS 100000
#define LARGE_WAIT_S 30
#define LARGE_WAITING_MAX 2		/* threads that wait serve nobody else */

static pthread_mutex_t large_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int large_waiting;

bool
order_wrong(const struct order_run *r)
{
	return r->errors->total > 0;
}

bool
order_file_read(const struct order *o, uint64_t at, void *buf, size_t n, size_t *got, struct err *e)
{
	size_t have = 0;

	while (have < n) {
		ssize_t k = pread(o->fd, (char *)buf + have, n - have, (off_t)(at + have));

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return err_sys(e, "the upload can't be read");
		if (k == 0)
			break;
		have += (size_t)k;
	}
	*got = have;
	return true;
}

void
order_run_clear(struct order_run *r)
{
	for (size_t i = 0; i < PROFILE_INPUTS_MAX; i++)
		if (r->seen[i] != NULL)
			names_free(r->seen[i]);
	if (r->seen_keys != NULL)
		names_free(r->seen_keys);
	if (r->seen_warnings != NULL)
		names_free(r->seen_warnings);
	if (r->ledger != NULL)
		ledger_free(r->ledger);
	for (size_t i = 0; i < COUNT(r->last_arena); i++)
		if (r->last_arena[i] != NULL)
			arena_free(r->last_arena[i]);
	*r = (struct order_run){ 0 };
}
#define OWN_RUN __attribute__((cleanup(order_run_clear)))

/* ---- what can be said before a device is looked at ---- */

static bool
method_of(const char *name, enum profile_method *method, enum input_source *source)
{
	static const struct {
		const char		*name;
		enum profile_method	 method;
		enum input_source	 source;
	} methods[] = {
		{ "form", METHOD_FORM, SOURCE_FORM }, { "single", METHOD_SINGLE, SOURCE_FORM },
		{ "csr", METHOD_CSR, SOURCE_CSR }, { "csv", METHOD_CSV, SOURCE_CSV },
	};

	for (size_t i = 0; i < COUNT(methods); i++) {
		if (strcmp(methods[i].name, name) == 0) {
			*method = methods[i].method;
			*source = methods[i].source;
			return true;
		}
	}
	return false;
}

static void
check_password(struct order_run *r)
{
	const struct secret *p = r->order->password;
	int64_t least = profile_download(r->doc)->password_min;
	struct err e = { 0 };

	if (r->csr) {
		if (p != NULL)
			fault_add(r->errors, NULL, 0, "pkcs12_password", NULL,
			    "certificate requests bring their own keys: there is nothing to protect");
		return;
	}
	if (p == NULL)
		fault_add(r->errors, NULL, 0, "pkcs12_password", NULL, "is missing");
	else if ((int64_t)p->len < least)
		fault_add(r->errors, NULL, 0, "pkcs12_password", NULL, "at least %" PRId64 " characters", least);
	else if (!p12_password_check((const char *)p->p, p->len, &e))
		fault_add(r->errors, NULL, 0, "pkcs12_password", NULL, "%s", e.msg);
}

static void
check_packaging(struct order_run *r)
{
	enum packaging allowed[PACKAGINGS], asked = packaging_parse(r->order->packaging);
	size_t n = packaging_ordered(r->doc, allowed);
	OWN_STR struct str names = { 0 };

	r->packaging = allowed[0];
	if (r->csr)
		r->packaging = PACKAGING_PEM;
	else if (r->order->packaging != NULL)
		r->packaging = asked;
	for (size_t i = 0; i < n; i++) {
		if (allowed[i] == r->packaging)
			return;
		str_addf(&names, "%s%s", i == 0 ? "" : ", ", packaging_names[allowed[i]]);
	}
	if (!r->csr)
		fault_add(r->errors, NULL, 0, "packaging", r->order->packaging, "the profile allows %s", names.p);
	else if (r->order->packaging != NULL)
		fault_add(r->errors, NULL, 0, "packaging", NULL,
		    "certificate requests bring their own keys: choose the format when you download");
}

/* Typed values and defaults in normal form. */
static bool
check_inputs(struct order_run *r, struct err *e)
{
	struct order_item it = { 0 };

	for (size_t i = 0; i < r->order->inputs_n; i++) {
		const struct order_input *in = &r->order->inputs[i];
		int at = profile_input_find(r->doc, in->name);
		char *room = arena_alloc(r->arena, INPUT_VALUE_MAX);

		if (room == NULL)
			return err_set(e, ERR_TOO_LARGE, "order", "too many inputs");
		if (at < 0 && r->paired)
			continue;	/* another one's; order_pair.c looks whether it is */
		/* Beside requests, what the form has may be typed for all that lack it. */
		if (at < 0 || (r->inputs[at].sources &
				  (r->source == SOURCE_CSR ? SOURCE_FORM | SOURCE_CSR : r->source)) == 0) {
			fault_add(r->errors, NULL, 0, in->name, in->value, "the profile has no such input");
			continue;
		}
		if (!order_value(r, &it, (size_t)at, in->value, strlen(in->value), room))
			continue;
		r->fixed[at] = room[0] == '\0' ? NULL : room;
		r->typed[at] = r->fixed[at] != NULL;
	}
	for (size_t i = 0; i < r->inputs_n; i++) {
		const char *value = r->inputs[i].default_value;
		char *room = r->fixed[i] != NULL || value == NULL ? NULL : arena_alloc(r->arena, INPUT_VALUE_MAX);

		if (room != NULL && order_value(r, &it, i, value, strlen(value), room) && room[0] != '\0')
			r->fixed[i] = room;
	}
	return true;
}

static bool
find_profile(struct order_run *r, struct err *e)
{
	struct db *db;

	if (!db_pool_get(r->app->store, DB_READ, &db, e))
		return false;
	if (!store_organization_get(db, r->who->organization_id, r->arena, &r->organization, e))
		return false;
	if (!profile_find_in(r->app, db, r->who, r->order->profile_id, r->arena, &r->ref, e)) {
		if (e->kind != ERR_NOT_FOUND)
			return false;
		/* One text for a profile that does not exist and one that is not open to this actor. */
		fault_add(r->errors, NULL, 0, "profile_id", NULL,
		    "there is no such profile, or it is not open to you");
		return err_set(e, ERR_INVALID, "order", "there is no such profile, or it is not open to you");
	}
	r->doc = r->ref.document;
	r->name = r->order->name;
	if (r->paired && r->name != NULL)
		r->name = arena_printf(r->arena, "%s (%s)", r->name, r->ref.row.name);
	r->about = profile_about(r->doc);
	r->inputs = profile_inputs(r->doc, &r->inputs_n);
	return profile_issuer(r->app, db, r->ref.row.ca_id, &r->issuer, NULL, e) &&
	    organization_prefixes(&r->organization, r->arena, &r->prefixes, &r->prefixes_n, e);
}

bool
order_prepare(struct order_run *r, struct err *e)
{
	const struct order *o = r->order;

	if (!method_of(o->method, &r->method, &r->source)) {
		fault_add(r->errors, NULL, 0, "method", o->method, "form, single, csr or csv");
		return err_set(e, ERR_INVALID, "order", "there is no such way to order");
	}
	if (!find_profile(r, e))
		return false;
	r->csr = r->method == METHOD_CSR;
	if (strcmp(r->organization.status, "active") != 0)
		return err_set(e, ERR_FORBIDDEN, "organization_suspended", "the organization is suspended");
	if (strcmp(r->ref.row.status, "active") != 0)
		fault_add(r->errors, NULL, 0, "profile_id", NULL, "the profile is retired");
	if ((r->about->methods & r->method) == 0)
		fault_add(r->errors, NULL, 0, "method", NULL, "the profile can't be ordered this way");
	if (r->name == NULL || !text_name_ok(r->name, 200))
		fault_add(r->errors, NULL, 0, "name", NULL,
		    "1 to 200 characters, no control, bidirectional or surrogate characters");
	if ((r->method & (METHOD_CSR | METHOD_CSV)) != 0 && o->fd < 0)
		fault_add(r->errors, NULL, 0, "file", NULL, "is missing");
	if ((r->method & (METHOD_FORM | METHOD_SINGLE)) != 0 && o->fd >= 0)
		fault_add(r->errors, NULL, 0, "file", NULL, "a form takes no file");
	check_password(r);
	check_packaging(r);
	if (!check_inputs(r, e))
		return false;
	return (r->method & (METHOD_FORM | METHOD_SINGLE)) == 0 || order_form_prepare(r, e);
}

bool
order_read(struct order_run *r, enum order_pass pass, struct err *e)
{
	r->pass = pass;
	r->size = 0;
	if (pass == PASS_CHECK) {
		r->each = order_check_item;
		r->ledger = ledger_new();
	}
	switch (r->method) {
	case METHOD_FORM:
	case METHOD_SINGLE:
		if (!order_form_read(r, e))
			return false;
		break;
	case METHOD_CSV:
		if (r->order->fd >= 0 && !order_csv_read(r, e))
			return false;
		break;
	case METHOD_CSR:
		if (r->order->fd >= 0 && !order_csr_read(r, e))
			return false;
		break;
	}
	return pass != PASS_CHECK || order_check_end(r, e);
}

static bool
large(const struct order *o)
{
	return (o->fd >= 0 && o->file_size > LARGE_OCTETS) || o->size > LARGE_ITEMS;
}

bool
order_large_enter(const struct order *o, struct err *e)
{
	struct timespec until;
	bool ours = true;

	if (!large(o) || pthread_mutex_trylock(&large_lock) == 0)
		return true;
	if (atomic_fetch_add(&large_waiting, 1) < LARGE_WAITING_MAX) {
		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += LARGE_WAIT_S;
		ours = pthread_mutex_timedlock(&large_lock, &until) == 0;
	} else {
		ours = false;
	}
	(void)atomic_fetch_sub(&large_waiting, 1);
	if (ours)
		return true;
	(void)err_set(e, ERR_UNAVAILABLE, "busy", "other large orders are being read; try again soon");
	e->retry_after_s = 20;
	return false;
}

void
order_large_leave(const struct order *o)
{
	if (large(o))
		(void)pthread_mutex_unlock(&large_lock);
}

/* ---- preview ---- */

void
order_preview_clear(struct order_preview *p)
{
	for (size_t i = 0; i < p->samples; i++)
		json_decref(p->sample[i].inputs);
	p->samples = 0;
}

/* The organization's constants in the order of the profile. */
static bool
constants(struct order_run *r, const char *out[PROFILE_INPUTS_MAX], struct err *e)
{
	size_t n;
	const struct profile_parameter *p = profile_parameters(r->doc, &n);
	json_error_t why;
	json_t *object = json_loads(r->organization.parameters, JSON_REJECT_DUPLICATES, &why);

	if (object == NULL)
		return err_sys(e, "parameters of organization %" PRId64, r->organization.id);
	for (size_t i = 0; i < n && i < PROFILE_INPUTS_MAX; i++) {
		const char *value = json_string_value(json_object_get(object, p[i].name));

		out[i] = value == NULL ? NULL : arena_strdup(r->arena, value);
		if (value == NULL && p[i].required)
			fault_add(r->errors, NULL, 0, "profile_id", NULL,
			    "the organization has no \"%s\" yet, which this profile needs; ask the operator",
			    p[i].name);
	}
	json_decref(object);
	return true;
}

/* The subject, by building what a worker would build. */
static const char *
subject_of(struct order_run *r, const struct tbs_template *t, const char *const *organization,
    const struct order_item *it, struct err *e)
{
	struct tbs_in in = { .spki = r->issuer->spki, .serial = { 1 } };
	uint8_t buf[TBS_MAX];
	OWN_STR struct str s = { 0 };
	struct der tbs, name;
	struct der_reader body, reader;
	struct der_item item;

	for (size_t i = 0; i < PROFILE_INPUTS_MAX; i++) {
		in.inputs[i] = it->values[i];
		in.organization[i] = organization[i];
	}
	in.not_before_s = r->issuer->not_before_s;
	in.not_after_s = r->issuer->not_after_s;
	if (!tbs_build(t, &in, buf, sizeof(buf), &tbs, e))
		return NULL;
	/* [0] version, serial, algorithm, issuer, validity, subject. */
	reader = der_reader_of(tbs);
	if (!der_enter(&reader, DER_SEQUENCE, &body))
		return NULL;
	for (int i = 0; i < 5; i++)
		if (!der_next(&body, &item))
			return NULL;
	if (!der_get_whole(&body, DER_SEQUENCE, &name) || !name_text(name, &s, e))
		return NULL;
	return arena_strdup(r->arena, s.len == 0 ? "" : s.p);
}

static bool
sample_add(struct order_run *r, const struct tbs_template *t, const char *const *organization,
    const struct order_item *it, struct order_preview *p)
{
	struct order_sample *s = &p->sample[p->samples];
	struct err why = { 0 };

	if (it->bad)
		return true;
	s->index = it->index;
	s->subject = subject_of(r, t, organization, it, &why);
	if (s->subject == NULL) {
		fault_add(r->errors, NULL, it->line, NULL, NULL, "%s",
		    why.kind == ERR_NONE ? "no subject" : why.msg);
		return false;
	}
	s->inputs = json_object();
	for (size_t i = 0; i < r->inputs_n; i++)
		if (it->values[i] != NULL && it->values[i][0] != '\0')
			(void)json_object_set_new(s->inputs, r->inputs[i].name, json_string(it->values[i]));
	p->samples++;
	return true;
}

/* Builds the first and last devices, so that what would fail for all fails before anything is ordered. */
static bool
samples(struct order_run *r, struct order_preview *p, struct err *e)
{
	const size_t half = COUNT(r->first);
	const struct tbs_site site = { .public_url = r->app->public_url, .shards = (unsigned)r->ref.ca->shards };
	const char *organization[PROFILE_INPUTS_MAX] = { NULL };
	OWN(tbs_template_free) struct tbs_template *t = NULL;
	int64_t from = r->size > (int64_t)(2 * half) ? r->size - (int64_t)half : (int64_t)half;

	if (!constants(r, organization, e))
		return false;
	if (!r->sampled)
		return true;
	if (!tbs_template_new(r->doc, r->issuer, &site, &t, e))
		return err_in(e, "profile %" PRId64, r->ref.row.id);
	for (int64_t i = 0; i < r->size && i < (int64_t)half; i++)
		if (r->first[i].index == i && !sample_add(r, t, organization, &r->first[i], p))
			return true;
	for (int64_t i = from; i < r->size; i++) {
		const struct order_item *it = &r->last[(size_t)i % half];

		if (it->index == i && !sample_add(r, t, organization, it, p))
			return true;
	}
	return true;
}

bool
order_check(struct order_run *r, struct order_preview *p, struct err *e)
{
	if (!order_prepare(r, e) || !order_read(r, PASS_CHECK, e))
		return false;
	p->size = r->size;
	p->quota_after = r->ref.quota.available - r->size;
	return samples(r, p, e);
}

bool
order_preview(const struct app *app, const struct actor *who, const struct order *o, struct arena *a,
    struct order_preview *p, struct faults *errors, struct faults *warnings, struct err *e)
{
	OWN_RUN struct order_run r = { .app = app, .who = who, .order = o, .arena = a, .errors = errors,
	    .warnings = warnings };
	bool ok;

	*p = (struct order_preview){ 0 };
	if (!actor_may(who, RIGHT_ORDER, e) || !order_large_enter(o, e))
		return false;
	ok = order_check(&r, p, e);
	order_large_leave(o);
	if (ok && p->quota_after < 0)
		fault_add(errors, NULL, 0, "size", NULL, "%" PRId64 " ordered, but only %" PRId64
		    " certificates are available", p->size, r.ref.quota.available);
	if (!ok)
		order_preview_clear(p);
	return ok;
}

/* ---- placing ---- */

bool
order_checked(const struct order_run *r, const struct order_preview *p, struct err *e)
{
	if (order_wrong(r))
		return err_set(e, ERR_INVALID, "order", "nothing was ordered: %" PRIu64 " %s wrong",
		    r->errors->total, r->errors->total == 1 ? "thing is" : "things are");
	if (p->quota_after < 0)
		return err_set(e, ERR_CONFLICT, "quota_exceeded", "%" PRId64 " ordered, but only %" PRId64
		    " certificates are available", p->size, r->ref.quota.available);
	return true;
}

static bool
place(struct order_run *r, const uint8_t *fingerprint, struct batch *out, struct err *e)
{
	struct order_preview p = { 0 };
	bool ok = order_check(r, &p, e);

	order_preview_clear(&p);
	return ok && order_checked(r, &p, e) && room_for(r->app, p.size, e) && order_stage(r, fingerprint, out, e);
}

bool
order_place(const struct app *app, const struct actor *who, const struct order *o, struct arena *a,
    struct batch *out, bool *replayed, struct faults *errors, struct err *e)
{
	OWN_RUN struct order_run r = { .app = app, .who = who, .order = o, .arena = a, .errors = errors };
	uint8_t fingerprint[64];
	bool ok;

	*replayed = false;
	if (!actor_may(who, RIGHT_ORDER, e))
		return false;
	if (o->idempotency_key != NULL) {
		if (!order_fingerprint(app, o, fingerprint, e) ||
		    !order_key_find(app, who, o, fingerprint, a, out, replayed, e))
			return false;
		if (*replayed)
			return true;
	}
	if (!order_large_enter(o, e))
		return false;
	ok = place(&r, o->idempotency_key == NULL ? NULL : fingerprint, out, e);
	order_large_leave(o);
	if (!ok && o->idempotency_key != NULL && (e->kind == ERR_INVALID || e->kind == ERR_CONFLICT)) {
		struct err why = { 0 };

		return order_overtaken(order_key_find(app, who, o, fingerprint, a, out, replayed, &why) && *replayed, &why,
		    errors, e);
	}
	return ok;
}
