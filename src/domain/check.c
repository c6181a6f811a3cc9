#include "domain/check.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "base/str.h"
#include "domain/audit_chain.h"
#include "signlink/signlink.h"
#include "store/check.h"
#include "store/profile.h"
#include "x509/seal.h"

#define PAGE 1000
#define SCRATCH_MAX ((size_t)256 * 1024 * 1024)
#define CERT_MAX 8192

struct run {
	const struct app		*app;
	const struct check_report	*report;
	struct check_totals		*totals;
	struct arena			*arena;		/* reset for every page */
	struct arena			*keep;
	struct ca			*cas;
	size_t				 cas_n;
	struct signlink			*signer;
	size_t				 rule;
	const char			**lines;
	size_t				 n;
	int64_t				 after;
	struct check_certificate	*certificates;
	const struct signlink_record	*record;
	uint8_t				 hash[SHA256_LEN];
	bool				 found, planned, admin;
	uint8_t				 audit_cert[CERT_MAX];
	size_t				 audit_cert_len;
};

__attribute__((format(printf, 3, 4)))
static void
fault(struct run *r, const char *rule, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->totals->faults++;
	r->report->fault(r->report->arg, rule, text);
}

/* ---- rows against rows ---- */

static bool
rule_tx(struct db *db, void *arg, struct err *e)
{
	struct run *r = arg;

	arena_reset(r->arena);
	return store_check_run(db, r->rule, CHECK_FAULTS_MAX, r->arena, &r->lines, &r->n, e);
}

static bool
rules_run(struct run *r, struct err *e)
{
	const struct check_rule *rules;
	size_t n = store_check_rules(&rules);

	for (r->rule = 0; r->rule < n; r->rule++) {
		if (!app_tx(r->app, DB_READ, rule_tx, r, e))
			return false;
		for (size_t i = 0; i < r->n; i++)
			fault(r, rules[r->rule].name, "%s", r->lines[i]);
		r->report->rule(r->report->arg, rules[r->rule].name, rules[r->rule].holds, r->n);
	}
	return true;
}

/* ---- the store against the journal ---- */

static bool
page_tx(struct db *db, void *arg, struct err *e)
{
	struct run *r = arg;

	arena_reset(r->arena);
	return store_check_certificates(db, r->after, PAGE, r->arena, &r->certificates, &r->n, e);
}

static bool
store_in_journal(struct run *r, struct err *e)
{
	size_t before = r->totals->faults;

	for (r->after = 0, r->n = PAGE; r->n == PAGE;) {
		uint8_t (*serials)[SIGNLINK_SERIAL_LEN];
		struct der *certs;

		if (!app_tx(r->app, DB_READ, page_tx, r, e))
			return false;
		if (r->n == 0)
			break;
		serials = arena_array(r->arena, r->n, SIGNLINK_SERIAL_LEN);
		certs = arena_array(r->arena, r->n, sizeof(*certs));
		for (size_t i = 0; i < r->n; i++)
			memcpy(serials[i], r->certificates[i].serial, SIGNLINK_SERIAL_LEN);
		if (!signlink_journal_look(r->signer, (const uint8_t (*)[SIGNLINK_SERIAL_LEN])serials, r->n, r->arena, certs, e))
			return false;
		for (size_t i = 0; i < r->n; i++) {
			const struct check_certificate *c = &r->certificates[i];
			uint8_t hash[SHA256_LEN];

			if (certs[i].p == NULL) {
				fault(r, "journal", "certificate %lld of batch %lld was never signed here", (long long)c->id,
				    (long long)c->batch_id);
				continue;
			}
			sha256(certs[i].p, certs[i].len, hash);
			if (memcmp(hash, c->sha256, sizeof(hash)) != 0)
				fault(r, "journal", "certificate %lld differs from the one that was signed", (long long)c->id);
		}
		r->totals->certificates += (int64_t)r->n;
		r->after = r->certificates[r->n - 1].id;
	}
	r->report->rule(r->report->arg, "journal", "every certificate in the store was signed by the signer, octet for octet",
	    r->totals->faults - before);
	return true;
}

static bool
record_tx(struct db *db, void *arg, struct err *e)
{
	struct run *r = arg;
	uint8_t hash[SHA256_LEN];

	r->planned = r->admin = false;
	if (r->record->data.len != SHA256_LEN || r->record->serial.len != SIGNLINK_SERIAL_LEN)
		return err_sys(e, "the journal speaks another language");
	if (!store_check_serial(db, r->record->serial.p, hash, &r->found, e))
		return false;
	if (r->found)
		return true;
	return store_check_admin(db, r->record->data.p, &r->admin, e) &&
	    (r->admin || store_check_planned(db, r->record->serial.p, &r->planned, e));
}

/* Certificates of the instance itself (its TLS server) belong to no batch and to no user. */
static bool
internal(struct run *r, const struct signlink_record *record)
{
	char ski[2 * SHA256_LEN + 1] = "";

	if (record->ski.len <= SHA256_LEN)
		hex_lower(record->ski.p, record->ski.len, ski);
	for (size_t i = 0; i < r->cas_n; i++)
		if (strcmp(r->cas[i].ski, ski) == 0)
			return strcmp(r->cas[i].purpose, "internal") == 0;
	return false;
}

static bool
cas_tx(struct db *db, void *arg, struct err *e)
{
	struct run *r = arg;

	return store_ca_list(db, r->keep, &r->cas, &r->cas_n, e);
}

static bool
journal_in_store(struct run *r, struct err *e)
{
	OWN(arena_free) struct arena *pages = arena_new(SCRATCH_MAX);
	struct signlink_place place = { 0 };
	struct signlink_record *records;
	size_t n, before = r->totals->faults;

	if (!app_tx(r->app, DB_READ, cas_tx, r, e))
		return false;
	for (;;) {
		arena_reset(pages);
		if (!signlink_journal_scan(r->signer, &place, pages, &records, &n, e))
			return false;
		if (n == 0)
			break;
		for (size_t i = 0; i < n; i++) {
			char serial[2 * SIGNLINK_SERIAL_LEN + 1];

			if (records[i].kind != SIGNLINK_CERT)
				continue;
			r->totals->journaled++;
			r->record = &records[i];
			if (!app_tx(r->app, DB_READ, record_tx, r, e))
				return false;
			if (r->found || r->admin || r->planned || internal(r, &records[i]))
				continue;
			/* It may have been stored since its slice was looked at. */
			if (!app_tx(r->app, DB_READ, record_tx, r, e))
				return false;
			hex_upper(records[i].serial.p, SIGNLINK_SERIAL_LEN, serial);
			if (!r->found)
				fault(r, "unknown", "%s was signed, but the store does not know it", serial);
		}
	}
	r->report->rule(r->report->arg, "unknown", "every certificate that was signed is in the store, or about to be",
	    r->totals->faults - before);
	return true;
}

/* ---- the audit chain ---- */

static bool
audit_cert_get(struct run *r, struct err *e)
{
	OWN_STR struct str info = { 0 };
	json_t *o;
	const char *b64;
	bool ok;

	if (!signlink_info(r->signer, &info, e))
		return false;
	o = json_loadb(info.p, info.len, 0, NULL);
	b64 = json_string_value(json_object_get(o, "audit_certificate"));
	ok = b64 != NULL && b64_decode(b64, strlen(b64), r->audit_cert, sizeof(r->audit_cert), &r->audit_cert_len);
	json_decref(o);
	return ok || err_sys(e, "the signer names no audit certificate");
}

static bool
head_check(void *arg, int64_t seq, const uint8_t hash[32], const uint8_t *signature, size_t len)
{
	struct run *r = arg;
	struct der trusted = { r->audit_cert, r->audit_cert_len };
	OWN_STR struct str said = { 0 };
	OWN_STR struct str wanted = { 0 };
	struct err e = { 0 };
	size_t by;

	signlink_audit_text(seq, hash, &wanted);
	return signed_doc_open((struct der){ signature, len }, &trusted, 1, &said, &by, &e) && said.len == wanted.len &&
	    memcmp(said.p, wanted.p, said.len) == 0;
}

static bool
audit_run(struct run *r, struct err *e)
{
	struct audit_check c;

	if (!audit_verify(r->app, r->signer == NULL ? NULL : head_check, r, &c, e))
		return false;
	if (c.fault[0] != '\0')
		fault(r, "audit", "%s", c.fault);
	r->totals->audit_records = c.records;
	r->report->rule(r->report->arg, "audit", "the audit log is one unbroken chain", c.fault[0] == '\0' ? 0 : 1);
	return true;
}

bool
check_run(const struct app *app, const char *signer_socket, const struct check_report *report,
    struct check_totals *totals, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	OWN(signlink_free) struct signlink *signer = signer_socket == NULL ? NULL : signlink_new(signer_socket);
	struct run *r = arena_alloc(a, sizeof(*r));
	OWN(arena_free) struct arena *pages = arena_new(SCRATCH_MAX);

	memset(totals, 0, sizeof(*totals));
	*r = (struct run){ .app = app, .report = report, .totals = totals, .arena = pages, .keep = a, .signer = signer };
	if (!rules_run(r, e))
		return false;
	if (signer != NULL && (!audit_cert_get(r, e) || !store_in_journal(r, e) || !journal_in_store(r, e)))
		return false;
	return audit_run(r, e);
}
