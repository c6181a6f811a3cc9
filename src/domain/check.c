#include "domain/check_run.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "base/str.h"
#include "domain/audit/audit_chain.h"
#include "signlink/signlink.h"
#include "store/check.h"
#include "store/profile.h"
#include "x509/seal.h"

#define SCRATCH_MAX ((size_t)256 * 1024 * 1024)
#define CERT_MAX 8192

void
check_fault(struct check *r, const char *rule, const char *fmt, ...)
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
	struct check *r = arg;

	arena_reset(r->arena);
	return store_check_run(db, r->rule, CHECK_FAULTS_MAX, r->arena, &r->lines, &r->n, e);
}

static bool
rules_run(struct check *r, struct err *e)
{
	const struct check_rule *rules;
	size_t n = store_check_rules(&rules);

	for (r->rule = 0; r->rule < n; r->rule++) {
		if (!app_tx(r->app, DB_READ, rule_tx, r, e))
			return false;
		for (size_t i = 0; i < r->n; i++)
			check_fault(r, rules[r->rule].name, "%s", r->lines[i]);
		r->report->rule(r->report->arg, rules[r->rule].name, rules[r->rule].holds, r->n);
	}
	return true;
}

/* ---- the store against the journal ---- */

/* Where a page's certificates stand: in one journal each, the same octets. */
bool
check_page_in_journals(struct check *r, struct err *e)
{
	uint8_t (*serials)[SIGNLINK_SERIAL_LEN] = arena_array(r->arena, r->n, SIGNLINK_SERIAL_LEN);
	struct der *certs = arena_array(r->arena, r->n, sizeof(*certs));
	unsigned *times = arena_array(r->arena, r->n, sizeof(*times));

	memset(times, 0, r->n * sizeof(*times));
	for (size_t i = 0; i < r->n; i++)
		memcpy(serials[i], r->certificates[i].serial, SIGNLINK_SERIAL_LEN);
	for (size_t k = 0; k < r->signers_n; k++) {
		if (!signlink_journal_look(r->signers[k], (const uint8_t (*)[SIGNLINK_SERIAL_LEN])serials, r->n, r->arena, certs,
		    e))
			return false;
		for (size_t i = 0; i < r->n; i++) {
			if (certs[i].p == NULL)
				continue;
			times[i]++;
			if (certs[i].len != r->certificates[i].der_len ||
			    memcmp(certs[i].p, r->certificates[i].der, certs[i].len) != 0)
				check_fault(r, "journal", "certificate %lld differs from the one that was signed",
				    (long long)r->certificates[i].id);
		}
	}
	for (size_t i = 0; i < r->n; i++)
		if (times[i] != 1)
			check_fault(r, "journal", "certificate %lld of batch %lld was %s", (long long)r->certificates[i].id,
			    (long long)r->certificates[i].batch_id, times[i] == 0 ? "never signed here" : "signed by two signers");
	return true;
}

static bool
record_tx(struct db *db, void *arg, struct err *e)
{
	struct check *r = arg;
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
internal(struct check *r, const struct signlink_record *record)
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
	struct check *r = arg;

	return store_ca_list(db, r->keep, &r->cas, &r->cas_n, e);
}

static bool
record_check(struct check *r, const struct signlink_record *record, struct err *e)
{
	char serial[2 * SIGNLINK_SERIAL_LEN + 1];

	r->totals->journaled++;
	r->record = record;
	if (!app_tx(r->app, DB_READ, record_tx, r, e))
		return false;
	r->totals->planned += r->planned;
	if (r->found || r->admin || r->planned || internal(r, record))
		return true;
	/* It may have been stored since its slice was looked at. */
	if (!app_tx(r->app, DB_READ, record_tx, r, e))
		return false;
	hex_upper(record->serial.p, SIGNLINK_SERIAL_LEN, serial);
	if (!r->found)
		check_fault(r, "unknown", "%s was signed, but the store does not know it", serial);
	return true;
}

static bool
journal_in_store(struct check *r, struct signlink *signer, struct err *e)
{
	OWN(arena_free) struct arena *pages = arena_new(SCRATCH_MAX);
	struct signlink_place place = { 0 };
	struct signlink_record *records;
	size_t n;

	do {
		arena_reset(pages);
		if (!signlink_journal_scan(signer, &place, pages, &records, &n, e)) {
			if (strcmp(e->code, "journal_damaged") != 0)
				return false;
			check_fault(r, "unknown", "%s", e->msg);
			err_clear(e);
			return true;
		}
		for (size_t i = 0; i < n; i++)
			if (records[i].kind == SIGNLINK_CERT && !record_check(r, &records[i], e))
				return false;
	} while (n > 0);
	return true;
}

static bool
journals_in_store(struct check *r, struct err *e)
{
	size_t before = r->totals->faults;

	for (size_t i = 0; i < r->signers_n; i++)
		if (!journal_in_store(r, r->signers[i], e))
			return false;
	r->report->rule(r->report->arg, "unknown", "every certificate that was signed is in the store, or about to be",
	    r->totals->faults - before);
	return true;
}

/* ---- the audit chain ---- */

static bool
audit_cert_get(struct check *r, struct signlink *signer, struct der *out, struct err *e)
{
	OWN_STR struct str info = { 0 };
	uint8_t cert[CERT_MAX];
	json_t *o;
	const char *b64;
	size_t len = 0;
	bool ok;

	if (!signlink_info(signer, &info, e))
		return false;
	o = json_loadb(info.p, info.len, 0, NULL);
	b64 = json_string_value(json_object_get(o, "audit_certificate"));
	ok = b64 != NULL && b64_decode(b64, strlen(b64), cert, sizeof(cert), &len);
	json_decref(o);
	*out = (struct der){ ok ? arena_memdup(r->keep, cert, len) : NULL, len };
	return out->p != NULL || err_sys(e, "the signer names no audit certificate");
}

/* Heads may be signed by any of them. */
static bool
audit_certs_get(struct check *r, struct err *e)
{
	r->audit_certs = arena_array(r->keep, r->signers_n, sizeof(*r->audit_certs));
	for (size_t i = 0; i < r->signers_n; i++)
		if (!audit_cert_get(r, r->signers[i], &r->audit_certs[i], e))
			return false;
	return true;
}

static bool
head_check(void *arg, int64_t seq, const uint8_t hash[32], const uint8_t *signature, size_t len)
{
	struct check *r = arg;
	OWN_STR struct str said = { 0 };
	OWN_STR struct str wanted = { 0 };
	struct err e = { 0 };
	size_t by;

	signlink_audit_text(seq, hash, &wanted);
	return signed_doc_open((struct der){ signature, len }, r->audit_certs, r->signers_n, &said, &by, &e) && said.len == wanted.len &&
	    memcmp(said.p, wanted.p, said.len) == 0;
}

static bool
audit_run(struct check *r, struct err *e)
{
	struct audit_check c;

	if (!audit_verify(r->app, r->signers_n == 0 ? NULL : head_check, r, &c, e))
		return false;
	if (c.fault[0] != '\0')
		check_fault(r, "audit", "%s", c.fault);
	r->totals->audit_records = c.records;
	r->report->rule(r->report->arg, "audit", "the audit log is one unbroken chain", c.fault[0] == '\0' ? 0 : 1);
	return true;
}

static bool
run_all(struct check *r, struct err *e)
{
	if (!rules_run(r, e) || !app_tx(r->app, DB_READ, cas_tx, r, e) || !check_histories(r, e) ||
	    (r->signers_n > 0 && !audit_certs_get(r, e)) || !check_certificates(r, e) ||
	    (r->signers_n > 0 && !journals_in_store(r, e)) || (r->report->files && !check_downloads(r, e)))
		return false;
	return audit_run(r, e);
}

bool
check_run(const struct app *app, const char *const *signer_sockets, size_t n, const struct check_report *report,
    struct check_totals *totals, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	bool ok;
	struct check *r = arena_alloc(a, sizeof(*r));
	OWN(arena_free) struct arena *pages = arena_new(SCRATCH_MAX);

	memset(totals, 0, sizeof(*totals));
	*r = (struct check){ .app = app, .report = report, .totals = totals, .arena = pages, .keep = a, .signers_n = n };
	r->signers = arena_array(a, n + 1, sizeof(struct signlink *));
	for (size_t i = 0; i < n; i++)
		r->signers[i] = signlink_new(signer_sockets[i]);
	ok = run_all(r, e);
	for (size_t i = 0; i < n; i++)
		signlink_free(r->signers[i]);
	return ok;
}
