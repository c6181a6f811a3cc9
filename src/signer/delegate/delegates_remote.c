/* Delegates whose CA is elsewhere: a request signed by this signer's own key, a certificate for it. */
#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "base/frame.h"
#include "base/log.h"
#include "base/secret.h"
#include "signer/delegate/delegate_cert.h"
#include "signer/delegate/delegates_impl.h"
#include "x509/seal.h"

#define REQUEST_AGE_S	(24 * 3600)	/* how old a request may be */

OWN_TYPE(json_t, json_decref)

/* A pair that waits for its certificate already, or a new one. */
static bool
waiting(struct delegates *s, const struct ca *ca, struct delegate **out, struct err *e)
{
	struct delegate *d;

	pthread_rwlock_rdlock(&s->lock);
	for (d = s->first; d != NULL && (d->ca != ca || d->cert.len != 0);)
		d = d->next;
	pthread_rwlock_unlock(&s->lock);
	if (d == NULL) {
		if (!delegate_make(s, ca, &d, e))
			return false;
		delegates_add(s, d);
	}
	*out = d;
	return true;
}

static bool
request_one(struct delegates *s, const struct ca *ca, const struct secret *key, struct der cert, struct str *out,
    struct err *e)
{
	OWN_STR struct str spki = { 0 }, doc = { 0 }, signed_doc = { 0 };
	struct delegate *d;

	if (!waiting(s, ca, &d, e))
		return false;
	b64_encode(d->spki.p, d->spki.len, &spki);
	str_addf(&doc, "{\"document\":\"ocsp_request\",\"ca\":\"%s\",\"spki\":\"%s\",\"time\":%lld}", ca->issuer.id,
	    spki.p, (long long)clock_now_s());
	if (!signed_doc_make(key, cert, doc.p, doc.len, &signed_doc, e))
		return false;
	pack_octets(out, signed_doc.p, signed_doc.len);
	return true;
}

bool
delegates_request(struct delegates *s, struct str *out, uint32_t *n, struct err *e)
{
	const struct der cert = { (const uint8_t *)s->request_cert.p, s->request_cert.len };
	size_t n_cas;
	const struct ca *cas = cas_all(s->cas, &n_cas);
	bool ok = true;

	*n = 0;
	if (s->request_key == NULL)
		return true;
	pthread_mutex_lock(&s->making);
	for (size_t i = 0; i < n_cas && ok; i++) {
		if (cas[i].key != NULL || !delegate_is_due(delegates_best(s, &cas[i], clock_now_s()), clock_now_s()))
			continue;
		ok = request_one(s, &cas[i], s->request_key, cert, out, e);
		*n += ok;
	}
	pthread_mutex_unlock(&s->making);
	return ok;
}

static bool
request_read(struct delegates *s, struct der request, const struct ca **ca, struct str *spki, struct err *e)
{
	OWN(json_decref) json_t *root = NULL;
	OWN_STR struct str doc = { 0 };
	const char *kind, *ski, *b64;
	uint8_t raw[1024];
	json_int_t at;
	size_t len, n, by;
	const struct ca *all = cas_all(s->cas, &n);

	if (s->conf->n_responders == 0)
		return err_set(e, ERR_FORBIDDEN, "signed_doc_signer", "signer.conf names no [ocsp] responder");
	if (!signed_doc_open(request, s->responders, s->conf->n_responders, &doc, &by, e))
		return false;
	root = json_loadb(doc.p, doc.len, JSON_REJECT_DUPLICATES, NULL);
	if (root == NULL || json_unpack(root, "{s:s, s:s, s:s, s:I !}", "document", &kind, "ca", &ski, "spki", &b64,
	    "time", &at) != 0 || strcmp(kind, "ocsp_request") != 0
	    || !b64_decode(b64, strlen(b64), raw, sizeof(raw), &len))
		return err_set(e, ERR_INVALID, "ocsp_request", "not a request for an OCSP certificate");
	if (at > clock_now_s() + 300 || at < clock_now_s() - REQUEST_AGE_S)
		return err_set(e, ERR_INVALID, "ocsp_request", "the request is older than a day, or the clocks differ");
	str_add(spki, raw, len);
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].issuer.id, ski) == 0) {
			*ca = &all[i];
			return true;
		}
	return err_set(e, ERR_NOT_FOUND, "ca_unknown", "the signer knows no CA %.40s", ski);
}

bool
delegates_certify(struct delegates *s, struct der request, struct str *cert, struct err *e)
{
	OWN_STR struct str spki = { 0 };
	const struct ca *ca;
	struct key_info info;
	struct der key;

	if (!request_read(s, request, &ca, &spki, e))
		return false;
	key = (struct der){ (const uint8_t *)spki.p, spki.len };
	if (!key_decode(key, &info, e))
		return false;
	if (info.type.algorithm == KEY_RSA && info.type.bits < 2048)
		return err_set(e, ERR_INVALID, "ocsp_request", "RSA keys need 2048 bits");
	if (ca->key == NULL)
		return err_set(e, ERR_FORBIDDEN, "ca_key", "the key of CA %s is not in this signer", ca->id);
	return delegate_cert_make(ca, key, clock_now_s(), s->conf->ocsp_delegate_s, s->journal, cert, e);
}

bool
delegates_install(struct delegates *s, struct der der, struct err *e)
{
	struct delegate *d, *fresh;
	struct cert c;
	bool ok;

	if (!cert_decode(der.p, der.len, &c, e))
		return false;
	pthread_mutex_lock(&s->making);
	pthread_rwlock_wrlock(&s->lock);	/* nobody reads a certificate while it comes */
	for (d = s->first; d != NULL && !der_equal(c.spki, d->spki.p, d->spki.len);)
		d = d->next;
	fresh = d != NULL && d->cert.len == 0 ? d : NULL;
	ok = fresh != NULL ? delegate_keep_cert(s, fresh, der, e)
	    : d != NULL || err_set(e, ERR_NOT_FOUND, "ocsp_certificate", "the certificate is of no key here");
	pthread_rwlock_unlock(&s->lock);
	pthread_mutex_unlock(&s->making);
	if (ok && fresh != NULL)
		log_info("ocsp.delegate", "ca=%s not_after=%lld", fresh->ca->id, (long long)fresh->not_after_s);
	return ok;
}
