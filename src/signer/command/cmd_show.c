/* profile list, journal show, check: what is there, and whether it is whole. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "signer/cas.h"
#include "signer/command/commands.h"
#include "signer/docs.h"
#include "signer/journal/journal.h"
#include "x509/cert.h"

OWN_TYPE(json_t, json_decref)

/* The words behind a command that has one verb; false: usage was wrong. */
static int
verb_options(const char *command, const char *verb, const char *help, int argc, char **argv, struct common *c,
    const struct command_option *own, size_t n)
{
	int rest, status;

	if (verb != NULL && argc > 1 && strcmp(argv[1], verb) == 0) {
		argc--;
		argv++;
	} else if (verb != NULL && (argc < 2 || strcmp(argv[1], "--help") != 0))
		return command_usage(command, "say %s", verb);
	status = command_options(command, help, argc, argv, c, own, n, &rest);
	if (status != -1)
		return status;
	if (rest != argc)
		return command_usage(command, "too many arguments");
	return command_needs_conf(command, c);
}

static const char profile_help[] =
"certmill-signer profile list --dir DIR [--json]\n"
"\n"
"Shows every active profile and organization's constants; refused documents are named on stderr.\n";

static json_t *
doc_line(const struct doc *d, bool json)
{
	const bool profile = d->kind == DOC_PROFILE;
	const char *name = profile ? profile_about(d->profile)->name : "";
	char hex[2 * SHA256_LEN + 1];

	hex_lower(d->sha256, SHA256_LEN, hex);
	if (!json)
		printf("%-12s %6" PRId64 " version %" PRId64 "  %s  %s%s%s\n",
		    profile ? "profile" : "organization", d->id, d->version, hex, name, d->why_not[0] != '\0'
		    ? "  unusable: " : "", d->why_not);
	return json_pack("{s:s, s:I, s:I, s:s, s:s, s:s?}", "kind", profile ? "profile" : "organization", "id",
	    (json_int_t)d->id, "version", (json_int_t)d->version, "sha256", hex, "name", name, "unusable",
	    d->why_not[0] != '\0' ? d->why_not : NULL);
}

static bool
profile_list(const struct common *c, struct err *e)
{
	OWN(conf_free) struct conf *conf = NULL;
	OWN(cas_free) struct cas *cas = NULL;
	OWN(docs_free) struct docs *docs = NULL;
	OWN(json_decref) json_t *list = json_array();

	if (!conf_load(c->conf, &conf, e) || !cas_load(conf, NULL, false, &cas, e) || !docs_open(conf, cas, &docs, e))
		return false;
	for (const struct doc *d = docs_first(docs); d != NULL; d = d->next)
		json_array_append_new(list, doc_line(d, c->json));
	if (c->json) {
		json_dumpf(list, stdout, JSON_INDENT(2));
		puts("");
	}
	return true;
}

int
cmd_profile(int argc, char **argv)
{
	struct common c;
	struct err e = { 0 };
	int status = verb_options("profile", "list", profile_help, argc, argv, &c, NULL, 0);

	if (status != -1)
		return status;
	return profile_list(&c, &e) ? EXIT_DONE : command_failed("profile", &e);
}

static const char journal_help[] =
"certmill-signer journal show --dir DIR [--serial HEX] [--json]\n"
"\n"
"Prints every record, oldest first, one a line; or that of one serial number.  Also beside a running signer.\n";

struct showing {
	bool			 json, one;
	struct journal_serial	 serial;
	uint64_t		 shown;
};

static bool
show_record(void *arg, const struct journal_record *r, struct err *e)
{
	struct showing *s = arg;
	char serial[2 * JOURNAL_SERIAL_MAX + 1], ca[41], sha[2 * SHA256_LEN + 1] = "", when[TIME_TEXT_LEN];

	(void)e;
	if (s->one && (r->serial.len != s->serial.len || memcmp(r->serial.b, s->serial.b, r->serial.len) != 0))
		return true;
	s->shown++;
	hex_upper(r->serial.b, r->serial.len, serial);
	hex_lower(r->ca.p, r->ca.len < 20 ? r->ca.len : 20, ca);
	if (r->kind == JOURNAL_CERT || r->kind == JOURNAL_OWN)
		sha256_hex(r->data.p, r->data.len, sha);
	else if (r->data.len <= SHA256_LEN)
		hex_lower(r->data.p, r->data.len, sha);
	time_text(r->time_s, when);
	if (s->json)
		printf("{\"time\":\"%s\",\"kind\":\"%s\",\"serial_number\":\"%s\",\"ca\":\"%s\",\"profile\":%" PRId64
		    ",\"version\":%" PRId64 ",\"sha256\":\"%s\"}\n", when, journal_kind_name(r->kind), serial, ca,
		    r->profile, r->version, sha);
	else
		printf("%s  %-11s %-32s  ca %-40s profile %" PRId64 " version %" PRId64 "  %s\n", when,
		    journal_kind_name(r->kind), serial, ca, r->profile, r->version, sha);
	if (s->one && r->data.len != 0 && !s->json && (r->kind == JOURNAL_CERT || r->kind == JOURNAL_OWN)) {
		OWN_STR struct str pem = { 0 };

		pem_encode("CERTIFICATE", r->data.p, r->data.len, &pem);
		fputs(pem.p, stdout);
	}
	return true;
}

int
cmd_journal(int argc, char **argv)
{
	const char *serial = NULL;
	const struct command_option own[] = { { "serial", &serial, NULL, NULL, 0 } };
	OWN(conf_free) struct conf *conf = NULL;
	struct journal_report report;
	struct showing s = { .json = false };
	struct common c;
	struct err e = { 0 };
	int status = verb_options("journal", "show", journal_help, argc, argv, &c, own, COUNT(own));

	if (status != -1)
		return status;
	s.json = c.json;
	if (serial != NULL) {
		const size_t n = strlen(serial);

		s.one = true;
		s.serial.len = (uint8_t)(n / 2);
		if (n == 0 || n % 2 != 0 || n / 2 > JOURNAL_SERIAL_MAX || !hex_decode(serial, n, s.serial.b, n / 2))
			return command_usage("journal", "%.50s is no serial number", serial);
	}
	if (!conf_load(c.conf, &conf, &e) || !journal_walk(conf->journal, show_record, &s, &report, &e))
		return command_failed("journal", &e);
	if (s.one && s.shown == 0) {
		err_set(&e, ERR_NOT_FOUND, "serial_unknown", "serial number %s is not in the journal", serial);
		return command_failed("journal", &e);
	}
	return EXIT_DONE;
}

static const char check_help[] =
"certmill-signer check --dir DIR [--json]\n"
"\n"
"Reads the whole journal and verifies its chain and that every certificate in it is one; reads all documents\n"
"and CA certificates.  Also beside a running signer.  Exit status 1 when anything is wrong.\n";

struct counts { uint64_t certificates, own, barred, other; };

static bool
count_record(void *arg, const struct journal_record *r, struct err *e)
{
	struct counts *n = arg;
	struct cert c;

	if (r->kind == JOURNAL_BARRED)
		n->barred++;
	else if (r->kind != JOURNAL_CERT && r->kind != JOURNAL_OWN)
		n->other++;
	else {
		struct der serial;

		if (!cert_decode(r->data.p, r->data.len, &c, e))
			return err_in(e, "journal");
		serial = c.serial;
		if (serial.len > 1 && serial.p[0] == 0) {
			serial.p++;
			serial.len--;
		}
		if (!der_equal(serial, r->serial.b, r->serial.len))
			return err_set(e, ERR_INTERNAL, "journal_damaged",
			    "a record's certificate has another serial number");
		*(r->kind == JOURNAL_CERT ? &n->certificates : &n->own) += 1;
	}
	return true;
}

static bool
check(const struct common *c, struct err *e)
{
	OWN(conf_free) struct conf *conf = NULL;
	OWN(cas_free) struct cas *cas = NULL;
	OWN(docs_free) struct docs *docs = NULL;
	struct journal_report report;
	struct counts n = { 0 };
	char head[2 * SHA256_LEN + 1];
	size_t n_cas, n_docs = 0;

	if (!conf_load(c->conf, &conf, e) || !cas_load(conf, NULL, false, &cas, e) || !docs_open(conf, cas, &docs, e)
	    || !journal_walk(conf->journal, count_record, &n, &report, e))
		return false;
	(void)cas_all(cas, &n_cas);
	for (const struct doc *d = docs_first(docs); d != NULL; d = d->next)
		n_docs++;
	hex_lower(report.head.chain, SHA256_LEN, head);
	if (c->json)
		printf("{\"records\":%" PRIu64 ",\"certificates\":%" PRIu64 ",\"own\":%" PRIu64 ",\"barred\":%" PRIu64
		    ",\"segments\":%" PRIu64 ",\"torn\":%" PRIu64 ",\"head\":\"%s\",\"cas\":%zu,\"documents\":%zu}\n",
		    report.head.records, n.certificates, n.own, n.barred, report.head.segments, report.torn, head,
		    n_cas, n_docs);
	else {
		printf("journal whole: %" PRIu64 " records in %" PRIu64 " segments: %" PRIu64 " certificates for workers, %"
		    PRIu64 " of its own, %" PRIu64 " serials barred\n", report.head.records, report.head.segments,
		    n.certificates, n.own, n.barred);
		if (report.torn != 0)
			printf("%" PRIu64 " octets behind it are torn, or being written just now\n", report.torn);
		printf("head %s\n%zu CAs, %zu documents\n", head, n_cas, n_docs);
	}
	return docs_refused(docs) == 0 || err_set(e, ERR_INVALID, "doc_invalid",
	    "%zu documents are refused, as said above; replace or remove them", docs_refused(docs));
}

int
cmd_check(int argc, char **argv)
{
	struct common c;
	struct err e = { 0 };
	int status = verb_options("check", NULL, check_help, argc, argv, &c, NULL, 0);

	if (status != -1)
		return status;
	return check(&c, &e) ? EXIT_DONE : command_failed("check", &e);
}
