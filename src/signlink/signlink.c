#include "signlink/signlink.h"

#include <inttypes.h>
#include <string.h>

#include "signlink/link.h"

/* ---- worker ---- */

bool
signlink_sign_certs(struct signlink *l, const struct signlink_request *q, struct arena *a,
    struct signlink_result *results, struct err *e)
{
	struct str *s = link_request(l);

	if (q->n == 0 || q->n > SIGNLINK_ITEMS_MAX)
		return err_set(e, ERR_TOO_LARGE, "signer_request", "1 to %d certificates at once", SIGNLINK_ITEMS_MAX);
	if (!link_pack_ca(l, q->ca, e))
		return false;
	pack_u64(s, (uint64_t)q->profile_id);
	pack_u64(s, (uint64_t)q->profile_version);
	pack_u64(s, (uint64_t)q->organization_id);
	pack_u64(s, (uint64_t)q->organization_version);
	pack_u32(s, (uint32_t)q->n);
	for (size_t i = 0; i < q->n; i++)
		pack_octets(s, q->tbs[i].p, q->tbs[i].len);
	return link_call(l, OP_SIGN_CERTS, e) && link_results(l, q->n, a, results, e);
}

static bool
found_take(struct signlink *l, struct arena *a, struct der *cert, struct err *e)
{
	size_t n;

	cert->p = NULL;
	cert->len = 0;
	if (unpack_u8(&l->in) != 1)
		return true;		/* absent or barred */
	(void)unpack_octets(&l->in, &n);
	(void)unpack_u64(&l->in);
	(void)unpack_u64(&l->in);
	return link_take(l, a, cert, e);
}

static bool
find(struct signlink *l, bool bar, const uint8_t (*serials)[SIGNLINK_SERIAL_LEN], size_t n, struct arena *a,
    struct der *certs, struct err *e)
{
	struct str *s = link_request(l);

	if (n > SIGNLINK_ITEMS_MAX)
		return err_set(e, ERR_TOO_LARGE, "signer_request", "at most %d serials at once", SIGNLINK_ITEMS_MAX);
	pack_u8(s, bar);
	pack_u32(s, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		pack_octets(s, serials[i], SIGNLINK_SERIAL_LEN);
	if (!link_call(l, OP_JOURNAL_FIND, e))
		return false;
	if (unpack_u32(&l->in) != n)
		l->in.bad = true;
	for (size_t i = 0; i < n; i++)
		if (!found_take(l, a, &certs[i], e))
			return false;
	return link_done(l, e);
}

bool
signlink_journal_find(struct signlink *l, const uint8_t (*serials)[SIGNLINK_SERIAL_LEN], size_t n, struct arena *a,
    struct der *certs, struct err *e)
{
	return find(l, true, serials, n, a, certs, e);
}

bool
signlink_journal_look(struct signlink *l, const uint8_t (*serials)[SIGNLINK_SERIAL_LEN], size_t n, struct arena *a,
    struct der *certs, struct err *e)
{
	return find(l, false, serials, n, a, certs, e);
}

/* ---- worker, ops ---- */

void
signlink_audit_text(int64_t sequence, const uint8_t hash[SHA256_LEN], struct str *out)
{
	char hex[2 * SHA256_LEN + 1];

	hex_lower(hash, SHA256_LEN, hex);
	str_addf(out, "certmill audit head\nsequence: %" PRId64 "\nsha256: %s\n", sequence, hex);
}

/* The octets of a reply that has nothing else. */
static bool
only_octets(struct signlink *l, struct str *out, struct err *e)
{
	size_t n;
	const uint8_t *p = unpack_octets(&l->in, &n);

	if (!link_done(l, e))
		return false;
	if (n != 0)
		str_add(out, p, n);
	return true;
}

bool
signlink_audit_sign(struct signlink *l, int64_t sequence, const uint8_t hash[SHA256_LEN], struct str *out,
    struct err *e)
{
	struct str *s = link_request(l);

	pack_u64(s, (uint64_t)sequence);
	pack_octets(s, hash, SHA256_LEN);
	return link_call(l, OP_AUDIT_SIGN, e) && only_octets(l, out, e);
}

/* ---- ops ---- */

static bool
record_take(struct signlink *l, struct arena *a, struct signlink_record *r, struct err *e)
{
	r->kind = (enum signlink_kind)unpack_u8(&l->in);
	if (!link_take(l, a, &r->serial, e) || !link_take(l, a, &r->ski, e))
		return false;
	r->profile_id = (int64_t)unpack_u64(&l->in);
	r->profile_version = (int64_t)unpack_u64(&l->in);
	r->time_s = (int64_t)unpack_u64(&l->in);
	return link_take(l, a, &r->data, e);
}

bool
signlink_journal_scan(struct signlink *l, struct signlink_place *at, struct arena *a, struct signlink_record **out,
    size_t *n, struct err *e)
{
	struct str *s = link_request(l);
	struct signlink_record *r;
	struct signlink_place next;
	size_t count;

	pack_u32(s, at->segment);
	pack_u64(s, at->offset);
	if (!link_call(l, OP_JOURNAL_SCAN, e))
		return false;
	next.segment = unpack_u32(&l->in);
	next.offset = unpack_u64(&l->in);
	count = unpack_u32(&l->in);
	if (count > l->in.left)
		l->in.bad = true;
	r = l->in.bad ? NULL : arena_array(a, count + 1, sizeof(*r));
	if (r == NULL && !l->in.bad)
		return err_set(e, ERR_TOO_LARGE, "signer_reply",
		    "a page of the journal does not fit into the memory allowed");
	for (size_t i = 0; i < count && !l->in.bad; i++)
		if (!record_take(l, a, &r[i], e))
			return false;
	if (!link_done(l, e))
		return false;
	*at = next;
	*out = r;
	*n = count;
	return true;
}

bool
signlink_activate(struct signlink *l, const void *doc, size_t len, struct signlink_activated *out, struct err *e)
{
	pack_octets(link_request(l), doc, len);
	if (!link_call(l, OP_ACTIVATE, e))
		return false;
	out->organization = unpack_u8(&l->in) == 1;
	out->id = (int64_t)unpack_u64(&l->in);
	out->version = (int64_t)unpack_u64(&l->in);
	out->anew = unpack_u8(&l->in) == 1;
	return link_done(l, e);
}

bool
signlink_reload(struct signlink *l, struct err *e)
{
	(void)link_request(l);
	return link_call(l, OP_RELOAD, e) && link_done(l, e);
}

bool
signlink_info(struct signlink *l, struct str *json, struct err *e)
{
	(void)link_request(l);
	return link_call(l, OP_INFO, e) && only_octets(l, json, e);
}

/* ---- status ---- */

bool
signlink_ocsp_delegate(struct signlink *l, const char *ca, struct arena *a, struct signlink_delegate *out,
    struct err *e)
{
	struct der responder;

	(void)link_request(l);
	if (!link_pack_ca(l, ca, e) || !link_call(l, OP_OCSP_DELEGATE, e) || !link_take(l, a, &responder, e)
	    || !link_take(l, a, &out->algorithm, e) || !link_take(l, a, &out->cert, e))
		return false;
	out->not_before_s = (int64_t)unpack_u64(&l->in);
	out->not_after_s = (int64_t)unpack_u64(&l->in);
	if (responder.len != sizeof(out->responder))
		l->in.bad = true;
	else
		memcpy(out->responder, responder.p, sizeof(out->responder));
	return link_done(l, e);
}

bool
signlink_sign_ocsp(struct signlink *l, const char *ca, const struct der *tbs, size_t n, struct arena *a,
    struct signlink_result *results, struct err *e)
{
	struct str *s = link_request(l);

	if (n == 0 || n > SIGNLINK_ITEMS_MAX)
		return err_set(e, ERR_TOO_LARGE, "signer_request", "1 to %d answers at once", SIGNLINK_ITEMS_MAX);
	if (!link_pack_ca(l, ca, e))
		return false;
	pack_u32(s, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		pack_octets(s, tbs[i].p, tbs[i].len);
	return link_call(l, OP_SIGN_OCSP, e) && link_results(l, n, a, results, e);
}

bool
signlink_sign_list(struct signlink *l, const struct signlink_list *q, struct arena *a, struct signlink_list_signed *out,
    struct err *e)
{
	struct str *s = link_request(l);

	if (!link_pack_ca(l, q->ca, e))
		return false;
	pack_u32(s, q->shard);
	pack_u8(s, q->delta);
	pack_u64(s, q->tbs_at);
	pack_u64(s, q->tbs_len);
	pack_u8(s, q->evidence_fd >= 0);
	if (!link_call_fds(l, OP_SIGN_CRL, q->fd, q->evidence_fd, e) || !link_take(l, a, &out->algorithm, e)
	    || !link_take(l, a, &out->signature, e))
		return false;
	out->entries = unpack_u64(&l->in);
	return link_done(l, e);
}

bool
signlink_ocsp_requests(struct signlink *l, struct arena *a, struct der **out, size_t *n, struct err *e)
{
	struct der *requests;
	size_t count;

	(void)link_request(l);
	if (!link_call(l, OP_OCSP_REQUEST, e))
		return false;
	count = unpack_u32(&l->in);
	if (count > SIGNLINK_ITEMS_MAX)
		l->in.bad = true;
	requests = l->in.bad ? NULL : arena_array(a, count + 1, sizeof(*requests));
	if (requests == NULL && !l->in.bad)
		return err_set(e, ERR_TOO_LARGE, "signer_reply", "the requests do not fit into the memory allowed");
	for (size_t i = 0; i < count && !l->in.bad; i++)
		if (!link_take(l, a, &requests[i], e))
			return false;
	if (!link_done(l, e))
		return false;
	*out = requests;
	*n = count;
	return true;
}

bool
signlink_ocsp_certify(struct signlink *l, struct der request, struct arena *a, struct der *cert, struct err *e)
{
	pack_octets(link_request(l), request.p, request.len);
	return link_call(l, OP_OCSP_CERTIFY, e) && link_take(l, a, cert, e) && link_done(l, e);
}

bool
signlink_ocsp_install(struct signlink *l, struct der cert, struct err *e)
{
	pack_octets(link_request(l), cert.p, cert.len);
	return link_call(l, OP_OCSP_INSTALL, e) && link_done(l, e);
}
