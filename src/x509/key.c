#include <stdio.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/own.h"
#include "x509/key.h"

OWN_TYPE(EVP_PKEY, EVP_PKEY_free)
OWN_TYPE(EVP_PKEY_CTX, EVP_PKEY_CTX_free)

/* AlgorithmIdentifiers of keys, whole (RFC 3279 section 2.3.1, RFC 5480 section 2.1). */
static const uint8_t alg_rsa[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
	0x01, 0x05, 0x00 };
static const uint8_t oid_ec[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };
static const uint8_t oid_rsa[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01 };

static const struct curve {
	unsigned	bits;
	const char	*name, *group;
	uint8_t		len;
	uint8_t		oid[8];
} curves[] = {
	{ 256, "P-256", "prime256v1", 8, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 } },
	{ 384, "P-384", "secp384r1", 5, { 0x2b, 0x81, 0x04, 0x00, 0x22 } },
	{ 521, "P-521", "secp521r1", 5, { 0x2b, 0x81, 0x04, 0x00, 0x23 } },
};

static const struct curve *
curve_of_bits(unsigned bits)
{
	for (size_t i = 0; i < COUNT(curves); i++)
		if (curves[i].bits == bits)
			return &curves[i];
	return NULL;
}

static unsigned
bit_length(struct der magnitude)
{
	unsigned bits = (unsigned)(magnitude.len - 1) * 8;

	for (unsigned top = magnitude.p[0]; top != 0; top >>= 1)
		bits++;
	return bits;
}

static bool
decode_rsa(struct key_info *k, struct err *e)
{
	struct der_reader bits = der_reader_of(k->bits), seq;
	struct der exponent;

	if (!der_enter(&bits, DER_SEQUENCE, &seq) || !der_at_end(&bits) ||
	    !der_get_unsigned(&seq, &k->modulus) || !der_get_unsigned(&seq, &exponent) || !der_at_end(&seq))
		return err_set(e, ERR_INVALID, "key_form",
		    "the RSA key is not DER (RFC 8017 appendix A.1.1)");
	if (k->modulus.len > 2048)
		return err_set(e, ERR_INVALID, "key_form", "the RSA modulus is longer than 16384 bits");
	k->type = (struct key_type){ KEY_RSA, bit_length(k->modulus) };
	if (k->type.bits < 512 || !(k->modulus.p[k->modulus.len - 1] & 1))
		return err_set(e, ERR_INVALID, "key_form",
		    "the RSA modulus is even or shorter than 512 bits");
	k->exponent = 0;
	if (exponent.len <= 8)
		for (size_t i = 0; i < exponent.len; i++)
			k->exponent = k->exponent << 8 | exponent.p[i];
	if (!(exponent.p[exponent.len - 1] & 1) || (exponent.len <= 8 && k->exponent < 3))
		return err_set(e, ERR_INVALID, "key_form",
		    "the RSA exponent is even or below 3 (RFC 8017 section 3.1)");
	return true;
}

static bool
decode_ec(struct key_info *k, struct der_reader *alg, struct err *e)
{
	struct der oid;

	if (!der_get_oid(alg, &oid))
		return err_set(e, ERR_INVALID, "key_curve",
		    "the EC key does not name its curve (RFC 5480 section 2.1.1)");
	if (!der_at_end(alg))
		return err_set(e, ERR_INVALID, "key_form", "the EC key's algorithm has superfluous parts");
	for (size_t i = 0; i < COUNT(curves); i++) {
		size_t field = (curves[i].bits + 7) / 8;

		if (!der_equal(oid, curves[i].oid, curves[i].len))
			continue;
		if (k->bits.len != 1 + 2 * field || k->bits.p[0] != 0x04)
			return err_set(e, ERR_INVALID, "key_form",
			    "the EC point is not in uncompressed form (RFC 5480 section 2.2)");
		k->type = (struct key_type){ KEY_EC, curves[i].bits };
		return true;
	}
	return err_set(e, ERR_INVALID, "key_curve", "the EC key's curve is none of P-256, P-384, P-521");
}

bool
key_decode(struct der spki, struct key_info *out, struct err *e)
{
	struct der_reader top = der_reader_of(spki), seq, alg;
	struct der whole, oid;
	struct key_info k = { .spki = spki };

	if (!der_enter(&top, DER_SEQUENCE, &seq) || !der_at_end(&top))
		goto form;
	if (!der_get_whole(&seq, DER_SEQUENCE, &whole) || !der_get_octet_bits(&seq, &k.bits) ||
	    !der_at_end(&seq))
		goto form;
	alg = der_reader_of(whole);
	if (!der_enter(&alg, DER_SEQUENCE, &alg) || !der_get_oid(&alg, &oid))
		goto form;
	if (der_equal(oid, oid_rsa, sizeof(oid_rsa))) {
		if (!der_equal(whole, alg_rsa, sizeof(alg_rsa)))
			return err_set(e, ERR_INVALID, "key_form",
			    "the RSA key's algorithm lacks its NULL (RFC 3279 section 2.3.1)");
		if (!decode_rsa(&k, e))
			return false;
	} else if (der_equal(oid, oid_ec, sizeof(oid_ec))) {
		if (!decode_ec(&k, &alg, e))
			return false;
	} else {
		return err_set(e, ERR_INVALID, "key_algorithm", "the key is neither RSA nor EC");
	}
	*out = k;
	return true;
form:
	return err_set(e, ERR_INVALID, "key_form", "the public key is not DER (RFC 5280 section 4.1.2.7)");
}

bool
key_on_curve(const struct key_info *k, struct err *e)
{
	OWN(EVP_PKEY_CTX_free) EVP_PKEY_CTX *ctx = NULL;
	OWN(EVP_PKEY_free) EVP_PKEY *pkey = NULL;
	const struct curve *c = curve_of_bits(k->type.bits);
	OSSL_PARAM params[3];

	if (k->type.algorithm != KEY_EC || c == NULL)
		return true;
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)c->group, 0);
	params[1] =
	    OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)k->bits.p, k->bits.len);
	params[2] = OSSL_PARAM_construct_end();
	ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) <= 0)
		return err_sys(e, "EC key context");
	if (EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		return err_set(e, ERR_INVALID, "key_point", "the EC point does not lie on its curve");
	return true;
}

const char *
key_algorithm_name(enum key_algorithm a)
{
	return a == KEY_RSA ? "RSA" : a == KEY_EC ? "EC" : "unknown";
}

const char *
key_type_text(struct key_type t, char buf[24])
{
	const struct curve *c = curve_of_bits(t.bits);

	if (t.algorithm == KEY_EC && c != NULL)
		(void)snprintf(buf, 24, "EC %s", c->name);
	else
		(void)snprintf(buf, 24, "%s %u", key_algorithm_name(t.algorithm), t.bits);
	return buf;
}

void
key_spki_sha256(struct der spki, uint8_t out[SHA256_LEN])
{
	sha256(spki.p, spki.len, out);
}

void
key_put_rsa(struct der_writer *w, const void *modulus, size_t modulus_len, const void *exponent,
    size_t exponent_len)
{
	size_t mark = der_mark(w);

	der_put_unsigned(w, exponent, exponent_len);
	der_put_unsigned(w, modulus, modulus_len);
	der_wrap(w, DER_SEQUENCE, mark);
	der_wrap_bits(w, mark);
	der_put_raw(w, alg_rsa, sizeof(alg_rsa));
	der_wrap(w, DER_SEQUENCE, mark);
}

void
key_put_ec(struct der_writer *w, unsigned curve_bits, const void *point, size_t len)
{
	const struct curve *c = curve_of_bits(curve_bits);
	size_t mark = der_mark(w), alg;

	if (c == NULL) {
		w->full = true;
		return;
	}
	der_put_octet_bits(w, point, len);
	alg = der_mark(w);
	der_put(w, DER_OID, c->oid, c->len);
	der_put(w, DER_OID, oid_ec, sizeof(oid_ec));
	der_wrap(w, DER_SEQUENCE, alg);
	der_wrap(w, DER_SEQUENCE, mark);
}
