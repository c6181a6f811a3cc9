/* Any octets as a certificate; what decodes is shown, taken for a CA, and for what a profile makes. */
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "x509/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
inside(struct der part, const uint8_t *in, size_t len)
{
	if (part.len > 0 && (part.p < in || part.len > len || (size_t)(part.p - in) > len - part.len))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	OWN(arena_free) struct arena *a = arena_new(1 << 20);
	OWN_STR struct str pem = { 0 };
	uint8_t back[CERT_DER_MAX];
	struct err e = { 0 };
	struct cert_view v;
	struct issuer i;
	struct cert c;
	size_t n;

	if (pem_decode((const char *)in, len, "CERTIFICATE", back, sizeof(back), &n, &e) && n > sizeof(back))
		abort();
	if (!cert_decode(in, len, &c, &e)) {
		if (e.kind != ERR_INVALID || e.msg[0] == '\0')
			abort();
		return 0;
	}
	inside(c.tbs, in, len);
	inside(c.issuer, in, len);
	inside(c.subject, in, len);
	inside(c.spki, in, len);
	inside(c.extensions, in, len);
	inside(c.signature, in, len);
	if (!cert_view(&c, a, &v, &e) && e.kind != ERR_INVALID && e.kind != ERR_TOO_LARGE)
		abort();
	if (issuer_load(in, len, &i, &e))
		inside(i.ski, in, len);
	pem_encode("CERTIFICATE", in, len, &pem);
	if (!pem_decode(pem.p, pem.len, "CERTIFICATE", back, sizeof(back), &n, &e) || n != len ||
	    memcmp(back, in, len) != 0)
		abort();
	return 0;
}
