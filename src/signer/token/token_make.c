#include <string.h>

#include "base/secret.h"
#include "signer/token/token_module.h"
#include "x509/oid.h"

static bool
attribute(const struct token_place *t, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type,
    uint8_t *buf, size_t cap, size_t *len, struct err *e)
{
	CK_ATTRIBUTE a = { type, buf, cap };
	CK_RV rv = t->fn->C_GetAttributeValue(s, o, &a, 1);

	if (rv != CKR_OK || a.ulValueLen > cap)
		return token_fail(e, "C_GetAttributeValue", rv);
	*len = a.ulValueLen;
	return true;
}

static void
skip_zeros(struct der *d)
{
	while (d->len > 1 && d->p[0] == 0) {
		d->p++;
		d->len--;
	}
}

/* SubjectPublicKeyInfo from the attributes of a public key object. */
static bool
spki_read(const struct token_place *t, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, struct key_type type,
    struct str *out, struct err *e)
{
	uint8_t a[1024], b[16], buf[2048];
	struct der_writer w = der_writer(buf, sizeof(buf));
	size_t a_len = 0, b_len = 0;
	struct der spki, point;
	struct key_info info;

	if (type.algorithm == KEY_RSA) {
		struct der n, x;

		if (!attribute(t, s, o, CKA_MODULUS, a, sizeof(a), &a_len, e)
		    || !attribute(t, s, o, CKA_PUBLIC_EXPONENT, b, sizeof(b), &b_len, e))
			return false;
		n = (struct der){ a, a_len };
		x = (struct der){ b, b_len };
		skip_zeros(&n);
		skip_zeros(&x);
		key_put_rsa(&w, n.p, n.len, x.p, x.len);
	} else {
		if (!attribute(t, s, o, CKA_EC_POINT, a, sizeof(a), &a_len, e))
			return false;
		point = (struct der){ a, a_len };
		if (!der_only(a, a_len, DER_OCTETS, &point) || point.len == 0 || point.p[0] != 4)
			point = (struct der){ a, a_len };	/* some tokens leave the OCTET STRING out */
		key_put_ec(&w, type.bits, point.p, point.len);
	}
	if (!der_written(&w, &spki) || !key_decode(spki, &info, e))
		return err_set(e, ERR_INVALID, "token_key", "the public key on token \"%s\" is not understood",
		    t->token);
	if (info.type.algorithm != type.algorithm || info.type.bits != type.bits)
		return err_set(e, ERR_INVALID, "token_key",
		    "the key on token \"%s\" is of another kind or size", t->token);
	str_add(out, spki.p, spki.len);
	return true;
}

static bool
curve_params(unsigned bits, uint8_t *buf, size_t cap, struct der *out)
{
	struct der_writer w = der_writer(buf, cap);
	struct oid oid;

	if (!oid_lookup(OID_CURVE, bits == 256 ? "P-256" : bits == 384 ? "P-384" : "P-521", &oid))
		return false;
	der_put(&w, DER_OID, oid.b, oid.len);
	return der_written(&w, out);
}

static bool
generate(const struct token_place *t, CK_SESSION_HANDLE s, struct key_type type, CK_OBJECT_HANDLE *public,
    struct err *e)
{
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ULONG bits = type.bits, n_pub, n_priv;
	CK_BYTE exponent[] = { 1, 0, 1 };
	uint8_t params[32];
	struct der curve = { NULL, 0 };
	CK_MECHANISM how = { .mechanism = type.algorithm == KEY_RSA ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN };
	CK_ATTRIBUTE pub[8] = { { CKA_TOKEN, &yes, sizeof(yes) }, { CKA_VERIFY, &yes, sizeof(yes) } };
	CK_ATTRIBUTE priv[8] = { { CKA_TOKEN, &yes, sizeof(yes) }, { CKA_PRIVATE, &yes, sizeof(yes) },
		{ CKA_SENSITIVE, &yes, sizeof(yes) }, { CKA_EXTRACTABLE, &no, sizeof(no) }, { CKA_SIGN, &yes,
		    sizeof(yes) } };
	CK_ATTRIBUTE_PTR named[2] = { p11_kit_uri_get_attribute(t->uri, CKA_LABEL),
		p11_kit_uri_get_attribute(t->uri, CKA_ID) };
	CK_OBJECT_HANDLE private;
	CK_RV rv;

	n_pub = 2;
	n_priv = 5;
	if (type.algorithm == KEY_RSA) {
		pub[n_pub++] = (CK_ATTRIBUTE){ CKA_MODULUS_BITS, &bits, sizeof(bits) };
		pub[n_pub++] = (CK_ATTRIBUTE){ CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent) };
	} else {
		if (!curve_params(type.bits, params, sizeof(params), &curve))
			return err_set(e, ERR_INVALID, "token_key", "no such curve");
		pub[n_pub++] = (CK_ATTRIBUTE){ CKA_EC_PARAMS, (void *)(uintptr_t)curve.p, curve.len };
	}
	for (size_t i = 0; i < COUNT(named); i++)
		if (named[i] != NULL) {
			pub[n_pub++] = *named[i];
			priv[n_priv++] = *named[i];
		}
	rv = t->fn->C_GenerateKeyPair(s, &how, pub, n_pub, priv, n_priv, public, &private);
	return rv == CKR_OK || token_fail(e, "C_GenerateKeyPair", rv);
}

static bool
keypair_on(const struct token_place *t, CK_SESSION_HANDLE s, struct key_type type, struct str *spki, bool *made,
    struct err *e)
{
	CK_OBJECT_HANDLE o;
	bool found;

	if (!token_login(t, s, e) || !token_object(t, s, CKO_PUBLIC_KEY, &o, &found, e))
		return false;
	if (!found && !generate(t, s, type, &o, e))
		return false;
	*made = !found;
	return spki_read(t, s, o, type, spki, e);
}

bool
token_keypair(const char *uri, const struct token_conf *conf, struct key_type type, struct str *spki, bool *made,
    struct err *e)
{
	struct token_place t;
	CK_SESSION_HANDLE s;
	CK_SLOT_ID slot;
	bool ok = token_place_init(&t, uri, conf, e) && token_slot(&t, &slot, e) && token_session(&t, slot,
	    true, &s, e);

	if (ok) {
		ok = keypair_on(&t, s, type, spki, made, e);
		t.fn->C_CloseSession(s);
	}
	token_place_clear(&t);
	return ok;
}
