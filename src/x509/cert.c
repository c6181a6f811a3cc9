#include <string.h>

#include "base/rand.h"
#include "x509/cert.h"
#include "x509/name.h"

static bool
not_a_certificate(struct err *e, const char *what)
{
	return err_set(e, ERR_INVALID, "cert_der", "not a certificate: %s (RFC 5280 section 4.1)", what);
}

static bool
decode_head(struct der_reader *r, struct cert *c, uint64_t *version, struct err *e)
{
	struct der_reader v;
	struct der algorithm;

	*version = 0;
	if (der_peek(r) == DER_CONTEXT_CONS(0) &&
	    (!der_enter(r, DER_CONTEXT_CONS(0), &v) || !der_get_u64(&v, version) || !der_at_end(&v) ||
	    *version < 1 || *version > 2))
		return not_a_certificate(e, "version");
	if (!der_get_integer(r, &c->serial) || c->serial.len > 21)
		return not_a_certificate(e, "serial number");
	if (!der_get_whole(r, DER_SEQUENCE, &algorithm))
		return not_a_certificate(e, "signature algorithm");
	c->signature_algorithm = signature_algorithm_of(algorithm);
	return true;
}

/* The outer form of a SubjectPublicKeyInfo, whatever the algorithm. */
static bool
key_shaped(struct der spki)
{
	struct der_reader r = der_reader_of(spki), seq, algorithm;
	struct der oid, bits;
	unsigned unused;

	return der_enter(&r, DER_SEQUENCE, &seq) && der_enter(&seq, DER_SEQUENCE, &algorithm) &&
	    der_get_oid(&algorithm, &oid) && der_get_bits(&seq, &bits, &unused) && der_at_end(&seq);
}

static bool
decode_body(struct der_reader *r, struct cert *c, struct err *e)
{
	struct der_reader validity;
	struct err unknown = { 0 };

	if (!der_get_whole(r, DER_SEQUENCE, &c->issuer) || !name_valid(c->issuer, 0))
		return not_a_certificate(e, "issuer");
	if (!der_enter(r, DER_SEQUENCE, &validity) || !der_get_time(&validity, &c->not_before_s) ||
	    !der_get_time(&validity, &c->not_after_s) || !der_at_end(&validity))
		return not_a_certificate(e, "validity");
	if (!der_get_whole(r, DER_SEQUENCE, &c->subject) || !name_valid(c->subject, 0))
		return not_a_certificate(e, "subject");
	if (!der_get_whole(r, DER_SEQUENCE, &c->spki) || !key_shaped(c->spki))
		return not_a_certificate(e, "public key");
	if (!key_decode(c->spki, &c->key, &unknown))
		c->key = (struct key_info){ .spki = c->spki };	/* of a kind we do not know */
	return true;
}

static bool
decode_extensions(struct der_reader *r, struct cert *c, uint64_t version, struct err *e)
{
	struct der_reader outer, list;
	struct cert_extension x;
	struct der id;

	/* Unique identifiers, long out of use. */
	for (uint8_t tag = DER_CONTEXT(1); tag <= DER_CONTEXT(2); tag++)
		if (der_peek(r) == tag && !der_get(r, tag, &id))
			return not_a_certificate(e, "unique identifier");
	if (der_at_end(r))
		return true;
	if (version != 2 || !der_enter(r, DER_CONTEXT_CONS(3), &outer) || !der_at_end(r) ||
	    !der_get(&outer, DER_SEQUENCE, &c->extensions) || !der_at_end(&outer) || c->extensions.len == 0)
		return not_a_certificate(e, "extensions");
	list = der_reader_of(c->extensions);
	while (cert_extension_next(&list, &x))
		;
	return der_at_end(&list) ? true : not_a_certificate(e, "extensions");
}

bool
cert_decode(const void *der, size_t len, struct cert *out, struct err *e)
{
	struct der_reader top, r, tbs;
	struct cert c = { .der = { der, len } };
	struct der body, outer;
	uint64_t version;

	if (len > CERT_DER_MAX)
		return err_set(e, ERR_INVALID, "cert_der",
		    "a certificate of more than %d octets", CERT_DER_MAX);
	if (!der_only(der, len, DER_SEQUENCE, &body))
		return not_a_certificate(e, "not one DER sequence");
	top = der_reader_of(body);
	if (!der_get_whole(&top, DER_SEQUENCE, &c.tbs) || !der_get_whole(&top, DER_SEQUENCE, &outer) ||
	    !der_get_octet_bits(&top, &c.signature) || !der_at_end(&top))
		return not_a_certificate(e, "not its three parts");
	tbs = der_reader_of(c.tbs);
	if (!der_enter(&tbs, DER_SEQUENCE, &r))
		return not_a_certificate(e, "not its three parts");
	if (!decode_head(&r, &c, &version, e))
		return false;
	if (signature_algorithm_of(outer) != c.signature_algorithm)
		return not_a_certificate(e, "two different signature algorithms");
	if (!decode_body(&r, &c, e) || !decode_extensions(&r, &c, version, e))
		return false;
	*out = c;
	return true;
}

bool
cert_extension_next(struct der_reader *r, struct cert_extension *out)
{
	const uint8_t *at = r->p;
	struct der_reader x;
	struct cert_extension found = { .critical = false };

	if (!der_enter(r, DER_SEQUENCE, &x))
		return false;
	if (!der_get_oid(&x, &found.oid) ||
	    (der_peek(&x) == DER_BOOLEAN && (!der_get_bool(&x, &found.critical) || !found.critical)) ||
	    !der_get(&x, DER_OCTETS, &found.value) || !der_at_end(&x)) {
		r->p = at;
		return false;
	}
	*out = found;
	return true;
}

bool
cert_extension_find(const struct cert *c, struct der oid, struct cert_extension *out)
{
	struct der_reader r = der_reader_of(c->extensions);
	struct cert_extension x;

	while (cert_extension_next(&r, &x))
		if (der_equal(x.oid, oid.p, oid.len)) {
			*out = x;
			return true;
		}
	return false;
}

void
cert_serial_text(struct der serial, struct str *out)
{
	static const char digits[] = "0123456789ABCDEF";

	if (serial.len > 1 && serial.p[0] == 0) {
		serial.p++;
		serial.len--;
	}
	for (size_t i = 0; i < serial.len; i++) {
		str_addc(out, digits[serial.p[i] >> 4]);
		str_addc(out, digits[serial.p[i] & 15]);
	}
}

void
cert_serial_make(uint8_t serial[16])
{
	do {
		rand_octets(serial, 16);
		serial[0] &= 0x7f;
	} while (serial[0] == 0);
}

unsigned
cert_shard(const uint8_t serial[16], unsigned shards)
{
	return shards < 2 ? 0 : ((unsigned)serial[14] << 8 | serial[15]) % shards;
}

#define SHARD_PATH 46	/* "/crl/", a key identifier's 40 digits, "/" */

/* The first address among the distribution points (RFC 5280 section 4.2.1.13). */
static bool
point_uri(struct der value, struct der *uri)
{
	struct der_reader r = der_reader_of(value), points, point, name, full;

	return der_enter(&r, DER_SEQUENCE, &points) && der_enter(&points, DER_SEQUENCE, &point) &&
	    der_enter(&point, DER_CONTEXT_CONS(0), &name) && der_enter(&name, DER_CONTEXT_CONS(0), &full) &&
	    der_get(&full, DER_CONTEXT(6), uri);
}

bool
cert_shard_pointed(const struct cert *c, unsigned *shard)
{
	static const uint8_t oid[] = { 0x55, 0x1d, 0x1f };
	struct cert_extension x;
	const uint8_t *p;
	unsigned n = 0, digits = 0;
	struct der uri;

	if (!cert_extension_find(c, (struct der){ oid, sizeof(oid) }, &x) || !point_uri(x.value, &uri) || uri.len < 4 ||
	    memcmp(uri.p + uri.len - 4, ".crl", 4) != 0)
		return false;
	for (p = uri.p + uri.len - 4; p > uri.p && p[-1] != '/'; p--)
		if (p[-1] < '0' || p[-1] > '9' || ++digits > 4)
			return false;
	if (digits == 0 || p - uri.p < SHARD_PATH || memcmp(p - SHARD_PATH, "/crl/", 5) != 0)
		return false;
	for (; *p != '.'; p++)
		n = n * 10 + (unsigned)(*p - '0');
	*shard = n;
	return true;
}

bool
cert_assemble(struct der tbs, enum signature_algorithm a, const void *signature, size_t len, uint8_t *buf,
    size_t cap, struct der *out, struct err *e)
{
	struct der_writer w = der_writer(buf, cap);
	struct der algorithm = signature_algorithm_der(a);

	der_put_octet_bits(&w, signature, len);
	der_put_raw(&w, algorithm.p, algorithm.len);
	der_put_raw(&w, tbs.p, tbs.len);
	der_wrap(&w, DER_SEQUENCE, 0);
	if (!der_written(&w, out))
		return err_set(e, ERR_INTERNAL, "internal", "no room for a certificate");
	return true;
}
