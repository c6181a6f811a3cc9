/* Any octets as a CRL, read in pieces whose size the first octet chooses. */
#include <stdlib.h>

#include "x509/revocation/crl.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct input {
	const uint8_t	*p;
	size_t		 left, step;
};

static bool
input_read(void *arg, uint8_t *out, size_t cap, size_t *got, struct err *e)
{
	struct input *in = arg;

	(void)e;
	*got = in->left < in->step ? in->left : in->step;
	if (*got > cap)
		*got = cap;
	memcpy(out, in->p, *got);
	in->p += *got;
	in->left -= *got;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	OWN(crl_reader_free) struct crl_reader *r = NULL;
	struct input in = { p, len, 0 };
	struct crl_entry entry;
	struct err e = { 0 };
	bool more = true;

	if (len == 0)
		return 0;
	in.step = *in.p++ + 1u;
	in.left--;
	if (!crl_reader_new((in.step & 1) != 0 ? CRL_WHOLE : CRL_TBS, input_read, &in, &r, &e))
		return 0;
	while (more)
		if (!crl_reader_next(r, &entry, &more, &e))
			return 0;
		else if (more && (entry.serial_len == 0 || entry.serial_len > CRL_SERIAL_MAX))
			abort();
	if (in.left != 0)
		abort();
	return 0;
}
