/* What the signer is: for web, status and doctor. */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "signer/audit.h"
#include "signer/signer.h"

OWN_TYPE(json_t, json_decref)

static json_t *
base64(struct der d)
{
	OWN_STR struct str text = { 0 };

	b64_encode(d.p, d.len, &text);
	return json_stringn(text.p != NULL ? text.p : "", text.len);
}

static json_t *
ca_json(const struct ca *ca)
{
	json_t *chain = json_array();
	size_t n = 0;

	for (const struct ca *p = ca->parent; p != NULL && n < CHAIN_MAX; p = p->parent, n++)
		json_array_append_new(chain, base64(p->issuer.cert));
	return json_pack("{s:s, s:s, s:o, s:o, s:s?, s:i, s:i, s:b, s:I, s:I}", "id", ca->id, "ski", ca->issuer.id,
	    "certificate", base64(ca->issuer.cert), "chain", chain,
	    "key", ca->key != NULL ? signkey_store_name(ca->key) : NULL, "shards", (int)ca_shards(ca),
	    "shard_lists", (int)ca_shard_lists(ca),
	    "self_signed", ca->issuer.self_signed, "not_before", (json_int_t)ca->issuer.not_before_s,
	    "not_after", (json_int_t)ca->issuer.not_after_s);
}

static json_t *
doc_json(const struct doc *d)
{
	char hex[2 * SHA256_LEN + 1];

	hex_lower(d->sha256, SHA256_LEN, hex);
	if (d->kind == DOC_ORGANIZATION)
		return json_pack("{s:I, s:I, s:s}", "id", (json_int_t)d->id, "version", (json_int_t)d->version,
		    "sha256", hex);
	return json_pack("{s:I, s:I, s:s, s:s, s:s?, s:s?}", "id", (json_int_t)d->id, "version", (json_int_t)d->version,
	    "sha256", hex, "name", profile_about(d->profile)->name, "ca", d->ca != NULL ? d->ca->id : NULL,
	    "unusable", d->why_not[0] != '\0' ? d->why_not : NULL);
}

static json_t *
journal_json(struct journal *j)
{
	struct journal_head h;
	char hex[2 * SHA256_LEN + 1];

	journal_head(j, &h);
	hex_lower(h.chain, SHA256_LEN, hex);
	return json_pack("{s:I, s:I, s:I, s:s}", "records", (json_int_t)h.records, "blocks", (json_int_t)h.blocks,
	    "segments", (json_int_t)h.segments, "head", hex);
}

bool
op_info(struct call *c, struct err *e)
{
	const struct signer *s = c->signer;
	OWN(json_decref) json_t *root = NULL;
	json_t *cas = json_array(), *profiles = json_array(), *organizations = json_array();
	size_t n;
	const struct ca *all = cas_all(s->cas, &n);
	char *text;

	for (size_t i = 0; i < n; i++)
		json_array_append_new(cas, ca_json(&all[i]));
	for (const struct doc *d = docs_first(s->docs); d != NULL; d = d->next)
		json_array_append_new(d->kind == DOC_PROFILE ? profiles : organizations, doc_json(d));
	root = json_pack("{s:I, s:I, s:s?, s:o, s:o, s:o, s:o, s:o?}", "started", (json_int_t)s->started_s,
	    "uptime_s", (json_int_t)(clock_now_s() - s->started_s), "public_url", s->conf->public_url,
	    "cas", cas, "profiles", profiles, "organizations", organizations, "journal", journal_json(s->journal),
	    "audit_certificate", s->audit != NULL ? base64(audit_cert(s->audit)) : NULL);
	text = root != NULL && call_complete(c, e) ? json_dumps(root, JSON_COMPACT) : NULL;
	if (text == NULL)
		return e->kind != ERR_NONE ? false : err_set(e, ERR_INTERNAL, "internal", "JSON");
	pack_octets(&c->out, text, strlen(text));
	free(text);
	return true;
}

bool
op_audit_sign(struct call *c, struct err *e)
{
	const uint64_t sequence = unpack_u64(&c->in);
	OWN_STR struct str doc = { 0 };
	size_t n;
	const uint8_t *hash = unpack_octets(&c->in, &n);

	if (!call_complete(c, e))
		return false;
	if (n != SHA256_LEN)
		return err_set(e, ERR_MALFORMED, "signer_request", "the head of the chain is a SHA-256 value");
	if (c->signer->audit == NULL)
		return err_set(e, ERR_NOT_FOUND, "audit_key", "this signer holds no audit key");
	if (!audit_sign(c->signer->audit, sequence, hash, &doc, e))
		return false;
	pack_octets(&c->out, doc.p, doc.len);
	return true;
}
