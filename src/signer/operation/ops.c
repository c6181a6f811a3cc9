#include <string.h>

#include "base/clock.h"
#include "signer/journal/journal_form.h"
#include "signer/signer.h"

#define WORKER	(1u << ROLE_WORKER)
#define STATUS	(1u << ROLE_STATUS)
#define OPS	(1u << ROLE_OPS)

/* Who may ask for what.  Nobody gets both certificates and answers about them. */
static const struct row {
	enum proto_op	 op;
	unsigned	 roles;
	bool		(*fn)(struct call *, struct err *);
} rows[] = {
	{ OP_INFO,		WORKER | STATUS | OPS,	op_info },
	{ OP_SIGN_CERTS,	WORKER,			op_sign_certs },
	{ OP_JOURNAL_FIND,	WORKER | OPS,		op_journal_find },
	{ OP_JOURNAL_SCAN,	OPS,			op_journal_scan },
	{ OP_OCSP_DELEGATE,	STATUS,			op_ocsp_delegate },
	{ OP_SIGN_OCSP,		STATUS,			op_sign_ocsp },
	{ OP_SIGN_CRL,		STATUS,			op_sign_crl },
	{ OP_AUDIT_SIGN,	WORKER | OPS,		op_audit_sign },
	{ OP_ACTIVATE,		OPS,			op_activate },
	{ OP_RELOAD,		OPS,			op_reload },
	{ OP_OCSP_REQUEST,	STATUS | OPS,		op_ocsp_request },
	{ OP_OCSP_CERTIFY,	WORKER | OPS,		op_ocsp_certify },
	{ OP_OCSP_INSTALL,	STATUS | OPS,		op_ocsp_install },
};

bool
ops_run(struct call *c, uint8_t op, struct err *e)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].op != op)
			continue;
		if ((rows[i].roles & 1u << c->role) == 0)
			return err_set(e, ERR_FORBIDDEN, "signer_role", "operation %u is not for the %s role", op,
			    socket_role_name(c->role));
		return rows[i].fn(c, e);
	}
	return err_set(e, ERR_MALFORMED, "signer_request", "there is no operation %u", op);
}

bool
call_ca(struct call *c, struct der ski, const struct ca **out, struct err *e)
{
	*out = ca_by_ski(c->signer->cas, ski);
	return *out != NULL || err_set(e, ERR_NOT_FOUND, "ca_unknown",
	    "the signer knows no CA with this key identifier");
}

bool
call_complete(const struct call *c, struct err *e)
{
	return unpack_done(&c->in) || err_set(e, ERR_MALFORMED, "signer_request",
	    "the request is cut short or too long");
}

void
pack_refusal(struct str *out, const struct err *e)
{
	const char *code = e->code != NULL ? e->code : "internal";

	pack_u8(out, (uint8_t)e->kind);
	pack_octets(out, code, strlen(code));
	pack_octets(out, e->msg, strlen(e->msg));
}

static bool
serial_take(struct unpack *u, struct journal_serial *s)
{
	size_t n;
	const uint8_t *p = unpack_octets(u, &n);

	memset(s, 0, sizeof(*s));
	if (u->bad || n == 0 || n > JOURNAL_SERIAL_MAX)
		return false;
	s->len = (uint8_t)n;
	memcpy(s->b, p, n);
	return true;
}

static void
pack_found(struct str *out, const struct journal_record *r)
{
	if (r->kind == JOURNAL_CERT || r->kind == JOURNAL_OWN) {
		pack_u8(out, 1);
		pack_octets(out, r->ca.p, r->ca.len);
		pack_u64(out, (uint64_t)r->profile);
		pack_u64(out, (uint64_t)r->version);
		pack_octets(out, r->data.p, r->data.len);
	} else
		pack_u8(out, r->kind == JOURNAL_BARRED ? 2 : 0);
}

bool
op_journal_find(struct call *c, struct err *e)
{
	const bool bar = unpack_u8(&c->in) == 1;
	const uint32_t n = unpack_u32(&c->in);
	struct journal_serial *serials;
	struct journal_record *found;
	OWN_STR struct str buf = { 0 };
	bool ok = true;

	if (bar && c->role != ROLE_WORKER)
		return err_set(e, ERR_FORBIDDEN, "signer_role", "serials are barred by workers only");
	if (c->in.bad || n > PROTO_ITEMS_MAX)
		return err_set(e, ERR_MALFORMED, "signer_request", "at most %d serials at once", PROTO_ITEMS_MAX);
	serials = calloc((size_t)n + 1, sizeof(*serials));
	found = calloc((size_t)n + 1, sizeof(*found));
	if (serials == NULL || found == NULL)
		abort();
	for (uint32_t i = 0; i < n && ok; i++)
		ok = serial_take(&c->in, &serials[i])
		    || err_set(e, ERR_MALFORMED, "signer_request", "a serial has 1 to %d octets", JOURNAL_SERIAL_MAX);
	ok = ok && call_complete(c, e) && journal_find(c->signer->journal, serials, n, bar, found, &buf, e);
	if (ok) {
		pack_u32(&c->out, n);
		for (uint32_t i = 0; i < n; i++)
			pack_found(&c->out, &found[i]);
	}
	free(serials);
	free(found);
	return ok;
}

#define SCAN_LEAST 2000			/* records of a page, unless the journal ends */

static void
pack_scanned(struct str *out, const struct journal_record *r)
{
	uint8_t digest[SHA256_LEN];
	struct der data = r->data;

	if (r->kind == JOURNAL_CERT || r->kind == JOURNAL_OWN) {
		sha256(r->data.p, r->data.len, digest);
		data = (struct der){ digest, sizeof(digest) };
	}
	pack_u8(out, (uint8_t)r->kind);
	pack_octets(out, r->serial.b, r->serial.len);
	pack_octets(out, r->ca.p, r->ca.len);
	pack_u64(out, (uint64_t)r->profile);
	pack_u64(out, (uint64_t)r->version);
	pack_u64(out, (uint64_t)r->time_s);
	pack_octets(out, data.p, data.len);
}

bool
op_journal_scan(struct call *c, struct err *e)
{
	struct journal_cursor at = { .segment = unpack_u32(&c->in) };
	OWN_STR struct str buf = { 0 }, rows_out = { 0 };
	struct journal_record *r;
	uint32_t total = 0;
	size_t n = 1;

	at.offset = unpack_u64(&c->in);
	if (!call_complete(c, e))
		return false;
	while (n != 0 && total < SCAN_LEAST) {
		if (!journal_page(c->signer->journal, &at, &buf, &r, &n, e))
			return false;
		for (size_t i = 0; i < n; i++)
			pack_scanned(&rows_out, &r[i]);
		free(r);
		total += (uint32_t)n;
	}
	pack_u32(&c->out, at.segment);
	pack_u64(&c->out, at.offset);
	pack_u32(&c->out, total);
	str_add(&c->out, rows_out.p, rows_out.len);
	return true;
}

bool
op_activate(struct call *c, struct err *e)
{
	struct journal_record r = { .kind = JOURNAL_DOCUMENT };
	const struct doc *d;
	struct der cms;
	bool anew;

	cms.p = unpack_octets(&c->in, &cms.len);
	if (!call_complete(c, e) || !docs_activate(c->signer->docs, cms, &d, &anew, e))
		return false;
	if (anew) {
		r.profile = d->id;
		r.version = d->version;
		r.data = (struct der){ d->sha256, SHA256_LEN };
		if (!journal_append(c->signer->journal, &r, 1, e))
			return false;
	}
	pack_u8(&c->out, d->kind == DOC_ORGANIZATION);
	pack_u64(&c->out, (uint64_t)d->id);
	pack_u64(&c->out, (uint64_t)d->version);
	pack_u8(&c->out, anew);
	return true;
}

bool
op_reload(struct call *c, struct err *e)
{
	if (!call_complete(c, e))
		return false;
	docs_reload(c->signer->docs);
	return true;
}
