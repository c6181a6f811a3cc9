/* certmill audit: the audit log, its export, and the proof that nothing in it was changed. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "cmd/admin/admin.h"
#include "cmd/command.h"
#include "domain/audit/audit_chain.h"
#include "domain/audit/audit_view.h"
#include "domain/account/organization.h"
#include "http/json.h"
#include "signlink/signlink.h"
#include "x509/seal.h"

#define PAGE 500
#define CERTIFICATE_MAX 16384

static bool
filter_read(struct admin *a, struct audit_filter *f, struct err *e)
{
	const char *text = admin_option(a, "org", 0);
	struct organization o;

	*f = (struct audit_filter){ .organization_id = -1, .actor_part = admin_option(a, "user", 0),
	    .action_prefix = admin_option(a, "action", 0), .object = admin_option(a, "object", 0) };
	if (!admin_time(a, "from", false, &f->from, e) || !admin_time(a, "to", true, &f->to, e))
		return false;
	if (text != NULL) {
		if (!admin_organization(a, text, &o, e))
			return false;
		f->organization_id = o.id;
	}
	return true;
}

static json_t *
row_json(const struct audit_row *r)
{
	json_t *detail = json_loads(r->detail, 0, NULL);

	return json_pack("{s:s, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "id", r->id, "seq",
	    r->seq == 0 ? json_null() : json_integer((json_int_t)r->seq), "time", json_time(r->at), "user",
	    json_text(r->actor), "organization_id", (json_int_t)r->organization_id, "action", json_text(r->action), "object",
	    json_text(r->object), "detail", detail == NULL ? json_object() : detail, "address", json_text(r->address),
	    "request_id", json_text(r->request_id));
}

static bool
list(struct admin *a, struct err *e)
{
	const char *most = admin_option(a, "limit", 0);
	struct audit_filter f;
	struct audit_row *rows;
	json_t *items;
	int64_t total, limit = 50;
	size_t n;

	if ((most != NULL && !admin_int(a, "--limit", most, 1, 100000, &limit, e)) || !filter_read(a, &f, e))
		return false;
	items = json_array();
	do {
		f.limit = limit < PAGE ? limit : PAGE;
		if (!audit_list(a->app, &a->who, &f, a->arena, &rows, &n, &total, e)) {
			json_decref(items);
			return false;
		}
		for (size_t i = 0; i < n; i++)
			json_array_append_new(items, row_json(&rows[i]));
		if (n > 0) {
			f.before_at = rows[n - 1].at;
			f.before_id = rows[n - 1].id;
		}
		limit -= (int64_t)n;
	} while (n == PAGE && limit > 0);
	return admin_print_list(a, items, "time:Time user:User action:Action object:Object detail:Detail address:Address");
}

/* ---- export ---- */

static bool
export(struct admin *a, struct err *e)
{
	OWN(audit_export_free) struct audit_export *x = NULL;
	const char *path = admin_option(a, "out", 0);
	OWN_FD int file = -1;
	struct audit_filter f;
	uint64_t at = 0;
	char buf[65536];
	int fd = STDOUT_FILENO;

	if (!filter_read(a, &f, e) || !audit_export_new(a->app, &a->who, &f, &x, e))
		return false;
	if (path != NULL) {
		file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (file < 0)
			return err_set(e, ERR_INVALID, "file", "%.120s: %s", path, strerror(errno));
		fd = file;
	}
	while (at < audit_export_length(x)) {
		uint64_t left = audit_export_length(x) - at;
		ssize_t n = audit_export_read(x, at, buf, left < sizeof(buf) ? (size_t)left : sizeof(buf), e), put = 0;

		if (n < 0)
			return false;
		while (put < n) {
			ssize_t k = write(fd, buf + put, (size_t)(n - put));

			if (k < 0)
				return err_set(e, ERR_INVALID, "file", "%.120s: %s", path == NULL ? "standard output" : path,
				    strerror(errno));
			put += k;
		}
		at += (uint64_t)n;
	}
	return true;
}

/* ---- verify ---- */

/* The certificate that signed heads are held against: a file's, else what the running signer says. */
static bool
head_certificate(struct admin *a, struct str *der, const char **why_not, struct err *e)
{
	const char *path = admin_option(a, "certificate", 0), *text;
	OWN(signlink_free) struct signlink *link = NULL;
	OWN_STR struct str info = { 0 };
	uint8_t buf[CERTIFICATE_MAX];
	struct err no = { 0 };
	json_t *o;
	size_t len;

	if (path != NULL)
		return admin_certificate(path, der, e);
	link = signlink_new(a->in.config->signer.ops_socket);
	signlink_timeout(link, 5000);
	if (!signlink_info(link, &info, &no)) {
		*why_not = "the signer does not answer: name its audit certificate with --certificate FILE";
		return true;
	}
	o = json_loadb(info.p, info.len, 0, NULL);
	text = json_string_value(json_object_get(o, "audit_certificate"));
	if (text != NULL && b64_decode(text, strlen(text), buf, sizeof(buf), &len))
		str_add(der, buf, len);
	else
		*why_not = "this signer has no audit key";
	json_decref(o);
	return true;
}

static bool
head_check(void *arg, int64_t seq, const uint8_t hash[32], const uint8_t *signature, size_t len)
{
	const struct str *certificate = arg;
	const struct der trusted = { (const uint8_t *)certificate->p, certificate->len };
	OWN_STR struct str says = { 0 }, should = { 0 };
	struct err e = { 0 };
	size_t by;

	signlink_audit_text(seq, hash, &should);
	return signed_doc_open((struct der){ signature, len }, &trusted, 1, &says, &by, &e) && says.len == should.len &&
	    memcmp(says.p, should.p, says.len) == 0;
}

static bool
verify(struct admin *a, struct err *e)
{
	OWN_STR struct str certificate = { 0 };
	const char *why_not = NULL;
	struct audit_check c;
	bool checks;

	if (!head_certificate(a, &certificate, &why_not, e))
		return false;
	checks = certificate.len > 0;
	if (!audit_verify(a->app, checks ? head_check : NULL, &certificate, &c, e))
		return false;
	if (c.fault[0] != '\0')
		a->status = EXIT_FAILED;
	if (a->json)
		return admin_print(a, json_pack("{s:b, s:o, s:I, s:I, s:I, s:b}", "whole", c.fault[0] == '\0', "fault",
		    c.fault[0] == '\0' ? json_null() : json_text(c.fault), "records", (json_int_t)c.records, "unsealed",
		    (json_int_t)c.unsealed, "heads", (json_int_t)c.heads, "signatures_checked", checks));
	if (c.fault[0] != '\0') {
		(void)fprintf(stderr, "certmill audit verify: %s; keep a copy of the store, and find out who could write to it\n",
		    c.fault);
		return true;
	}
	admin_say(a, "whole: %" PRId64 " records in the chain, %" PRId64 " signed heads, %" PRId64 " records not sealed yet",
	    c.records, c.heads, c.unsealed);
	if (!checks)
		admin_say(a, "signatures were not checked: %s", why_not);
	return true;
}

#define FILTERS \
	{ "from", "TIME", "from this time or day on" }, \
	{ "to", "TIME", "up to this time or day" }, \
	{ "user", "PART", "with this in the user's name" }, \
	{ "action", "PREFIX", "beginning with this: batch., user.created" }, \
	{ "object", "OBJECT", "of exactly this: \"batch 322189\"" }, \
	{ "org", "ORGANIZATION", "of this one; 0: of the instance" }

static const struct admin_option list_options[] = {
	FILTERS,
	{ "limit", "N", "the newest N; 50 when left out" },
	{ 0 },
};
static const struct admin_option export_options[] = {
	FILTERS,
	{ "out", "FILE", "write it there, not to standard output" },
	{ 0 },
};
static const struct admin_option verify_options[] = {
	{ "certificate", "FILE", "the signer's audit certificate; asked of the running signer when left out" },
	{ 0 },
};
static const struct admin_action actions[] = {
	{ "list", "", 0, 0, list, "shows records, newest first", list_options },
	{ "export", "", 0, 0, export, "writes all that match as CSV, oldest first", export_options },
	{ "verify", "", 0, 0, verify, "walks the chain of records, and checks the signatures on its heads", verify_options },
};
static const struct admin_command command = { "audit", "The audit log.", actions, COUNT(actions), false };

int
cmd_audit(int argc, char **argv)
{
	return admin_main(&command, argc, argv);
}
