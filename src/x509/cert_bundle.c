/* Certificates and nothing else: SignedData without a signer (RFC 5652 section 5.1, RFC 8551 section 3.8). */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "x509/cert.h"

#define BUNDLE_MAX 32

static int
by_octets(const void *a, const void *b)
{
	const struct der *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int order = memcmp(x->p, y->p, n);

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

bool
cert_bundle(const struct der *certs, size_t n, struct str *out, struct err *e)
{
	static const uint8_t signed_data[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02 };
	static const uint8_t data[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01 };
	struct der sorted[BUNDLE_MAX], whole;
	OWN_STR struct str buf = { 0 };
	struct der_writer w;
	size_t all, mark, octets = 128;

	if (n > BUNDLE_MAX)
		return err_sys(e, "a bundle of %zu certificates", n);
	memcpy(sorted, certs, n * sizeof(*certs));
	for (size_t i = 0; i < n; i++)
		octets += certs[i].len;
	w = der_writer(str_room(&buf, octets), octets);
	all = der_mark(&w);
	qsort(sorted, n, sizeof(*sorted), by_octets);	/* SET OF, in DER */
	der_put(&w, DER_SET, NULL, 0);
	mark = der_mark(&w);
	for (size_t i = n; i-- > 0;)
		der_put_raw(&w, sorted[i].p, sorted[i].len);
	der_wrap(&w, DER_CONTEXT_CONS(0), mark);
	mark = der_mark(&w);
	der_put(&w, DER_OID, data, sizeof(data));
	der_wrap(&w, DER_SEQUENCE, mark);
	der_put(&w, DER_SET, NULL, 0);
	der_put_u64(&w, DER_INTEGER, 1);
	der_wrap(&w, DER_SEQUENCE, all);
	der_wrap(&w, DER_CONTEXT_CONS(0), all);
	der_put(&w, DER_OID, signed_data, sizeof(signed_data));
	der_wrap(&w, DER_SEQUENCE, all);
	if (!der_written(&w, &whole))
		return err_sys(e, "no room for a bundle");
	str_add(out, whole.p, whole.len);
	return true;
}
