#include <string.h>

#include "x509/cert.h"
#include "x509/name.h"
#include "x509/oid.h"

static const char *
keep(struct arena *a, const struct str *s)
{
	return arena_strndup(a, s->p == NULL ? "" : s->p, s->len);
}

static bool
extension_view(struct arena *a, const struct cert_extension *x, struct cert_extension_text *out)
{
	OWN_STR struct str text = { 0 };
	char dotted[OID_TEXT_MAX];

	extension_words(x->oid, x->value, &text);
	out->oid = arena_strdup(a, oid_text(x->oid, dotted) ? dotted : "?");
	out->name = oid_name(OID_EXTENSION, x->oid);
	out->critical = x->critical;
	out->value = keep(a, &text);
	return out->oid != NULL && out->value != NULL;
}

static bool
too_large(struct err *e)
{
	return err_set(e, ERR_TOO_LARGE, "cert_view", "the certificate has more to show than fits");
}

static bool
extensions_view(const struct cert *c, struct arena *a, struct cert_view *v, struct err *e)
{
	struct der_reader r = der_reader_of(c->extensions);
	struct cert_extension x;
	size_t n = 0;

	while (cert_extension_next(&r, &x))
		n++;
	v->extensions = arena_array(a, n, sizeof(*v->extensions));
	if (n > 0 && v->extensions == NULL)
		return too_large(e);
	r = der_reader_of(c->extensions);
	while (v->n_extensions < n && cert_extension_next(&r, &x))
		if (!extension_view(a, &x, &v->extensions[v->n_extensions++]))
			return too_large(e);
	return true;
}

bool
cert_view(const struct cert *c, struct arena *a, struct cert_view *out, struct err *e)
{
	OWN_STR struct str subject = { 0 }, issuer = { 0 }, serial = { 0 };
	struct cert_view v = { .not_before_s = c->not_before_s, .not_after_s = c->not_after_s };
	char key[24], hash[2 * SHA256_LEN + 1];

	if (!name_text(c->subject, &subject, e) || !name_text(c->issuer, &issuer, e))
		return false;
	cert_serial_text(c->serial, &serial);
	sha256_hex(c->der.p, c->der.len, hash);
	v.subject = keep(a, &subject);
	v.issuer = keep(a, &issuer);
	v.serial_number = keep(a, &serial);
	v.key =
	    arena_strdup(a, c->key.type.algorithm == KEY_NONE ? "unknown" : key_type_text(c->key.type, key));
	v.signature = signature_algorithm_name(c->signature_algorithm);
	v.sha256 = arena_strdup(a, hash);
	if (v.subject == NULL || v.issuer == NULL || v.serial_number == NULL || v.key == NULL ||
	    v.sha256 == NULL)
		return too_large(e);
	if (!extensions_view(c, a, &v, e))
		return false;
	*out = v;
	return true;
}
