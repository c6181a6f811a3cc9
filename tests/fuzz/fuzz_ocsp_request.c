/* Any octets as an OCSP request; what is taken for one is answered, and the answer read back. */
#include <stdlib.h>

#include "base/str.h"
#include "x509/revocation/ocsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
inside(struct der part, const uint8_t *in, size_t len)
{
	if (part.p < in || part.len > len || (size_t)(part.p - in) > len - part.len)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	static struct ocsp_request q;
	static struct ocsp_answer a, back;
	OWN_STR struct str tbs = { 0 }, again = { 0 };
	struct err e = { 0 };

	if (!ocsp_request_parse((struct der){ in, len }, &q, &e)) {
		if (e.kind != ERR_MALFORMED)
			abort();
		return 0;
	}
	if (q.n < 1 || q.n > OCSP_SINGLES_MAX || q.nonce.len > OCSP_NONCE_MAX)
		abort();
	a = (struct ocsp_answer){ .produced_at_s = 1800000000, .n = q.n, .nonce = q.nonce };
	for (size_t i = 0; i < q.n; i++) {
		inside(q.ids[i].whole, in, len);
		inside(q.ids[i].name_hash, in, len);
		inside(q.ids[i].key_hash, in, len);
		inside(q.ids[i].serial, in, len);
		a.singles[i] = (struct ocsp_single){ q.ids[i].whole, (enum ocsp_status)(i % 3), 1700000000,
		    i % 2 == 0 ? 0 : 1, 1800000000, 1800003600 };
	}
	ocsp_tbs_make(&a, &tbs);
	if (!ocsp_tbs_read((struct der){ (const uint8_t *)tbs.p, tbs.len }, &back, &e))
		abort();
	ocsp_tbs_make(&back, &again);
	if (!der_equal((struct der){ (const uint8_t *)tbs.p, tbs.len }, again.p, again.len))
		abort();
	return 0;
}
