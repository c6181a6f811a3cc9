#include <string.h>

#include "base/str.h"
#include "x509/cert.h"
#include "x509/name.h"
#include "x509/oid.h"

static const uint8_t oid_ski[] = { 0x55, 0x1d, 0x0e }, oid_usage[] = { 0x55, 0x1d, 0x0f },
    oid_basic[] = { 0x55, 0x1d, 0x13 };

static bool
find(const struct cert *c, const uint8_t oid[3], struct cert_extension *out)
{
	return cert_extension_find(c, (struct der){ oid, 3 }, out);
}

static bool
is_ca(const struct cert *c)
{
	struct cert_extension x;
	struct der_reader r, seq;
	bool ca = false;

	if (!find(c, oid_basic, &x))
		return false;
	r = der_reader_of(x.value);
	return der_enter(&r, DER_SEQUENCE, &seq) && der_at_end(&r) && der_get_bool(&seq, &ca) && ca;
}

/* Bits of keyUsage, bit 0 first; all when the extension is absent. */
static bool
usages(const struct cert *c, unsigned *bits)
{
	struct cert_extension x;
	struct der_reader r;
	struct der octets;
	unsigned unused;

	*bits = ~0u;
	if (!find(c, oid_usage, &x))
		return true;
	r = der_reader_of(x.value);
	if (!der_get_bits(&r, &octets, &unused) || !der_at_end(&r))
		return false;
	*bits = 0;
	for (unsigned i = 0; i < octets.len * 8 && i < 16; i++)
		*bits |= (unsigned)(octets.p[i / 8] >> (7 - i % 8) & 1) << i;
	return true;
}

bool
issuer_load(const void *der, size_t len, struct issuer *out, struct err *e)
{
	struct cert c;
	struct cert_extension x;
	struct issuer i = { 0 };
	struct der_reader r;
	unsigned bits;

	if (!cert_decode(der, len, &c, e))
		return false;
	if (!is_ca(&c) || !usages(&c, &bits) || !(bits & 1u << 5))
		return err_set(e, ERR_INVALID, "issuer_not_ca",
		    "not a CA's certificate: CA:TRUE and keyCertSign are needed (RFC 5280 section 4.2.1.9)");
	if (!name_valid(c.subject, 1))
		return err_set(e, ERR_INVALID, "issuer_not_ca", "the CA's certificate has no subject");
	if (c.key.type.algorithm == KEY_NONE)
		return err_set(e, ERR_INVALID, "key_algorithm", "the CA's key is neither RSA nor EC");
	if (!find(&c, oid_ski, &x))
		return err_set(e, ERR_INVALID, "issuer_ski",
		    "the CA's certificate has no subjectKeyIdentifier");
	r = der_reader_of(x.value);
	if (!der_get(&r, DER_OCTETS, &i.ski) || !der_at_end(&r) || i.ski.len < 1 || i.ski.len > 20)
		return err_set(e, ERR_INVALID, "issuer_ski",
		    "the CA's subjectKeyIdentifier does not have 1 to 20 octets");
	i.cert = c.der;
	i.subject = c.subject;
	i.spki = c.spki;
	i.key = c.key.type;
	i.not_before_s = c.not_before_s;
	i.not_after_s = c.not_after_s;
	i.signs_crls = (bits & 1u << 6) != 0;
	i.self_signed = der_equal(c.issuer, c.subject.p, c.subject.len);
	hex_lower(i.ski.p, i.ski.len, i.id);
	*out = i;
	return true;
}
