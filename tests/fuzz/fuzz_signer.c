/*
 * Any octets as a request to a signer with CAs, documents and a journal: every operation, every role.
 *
 *	role, operation, payload; twenty '@' stand for the key identifier of its CA
 *
 * What it signs, it finds again in its journal.
 */
#include <stdlib.h>
#include <string.h>

#include "signer/signer.h"
#include "signer_box.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct box box;
static struct signer *signer;

static void
end(void)
{
	signer_free(signer);
	box_free(&box);
}

static void
begin(void)
{
	char conf[512];
	struct err e = { 0 };

	log_init("fuzz", LOG_ERROR_ + 1);
	secret_init();
	box_make(&box);
	snprintf(conf, sizeof(conf), "%s", box_path(&box, "signer.conf"));
	if (!signer_open(conf, &signer, &e) || !signer_start(signer, &e))
		abort();
	atexit(end);
}

static void
fill_in(uint8_t *p, size_t len)
{
	const struct issuer *ca = &ca_by_id(box.cas, "idevid-ca1")->issuer;

	for (size_t i = 0; i + 20 <= len; i++)
		if (memcmp(p + i, "@@@@@@@@@@@@@@@@@@@@", 20) == 0)
			memcpy(p + i, ca->ski.p, 20);
}

/* The reply to a slice has a result for each item, and nothing behind them. */
static void
slice_reply(const struct call *c)
{
	struct unpack u = { (const uint8_t *)c->out.p, c->out.len, false };
	const uint32_t n = unpack_u32(&u);
	size_t len;

	for (uint32_t i = 0; i < n; i++)
		if (unpack_u8(&u) == 0)
			(void)unpack_octets(&u, &len);
		else {
			(void)unpack_octets(&u, &len);
			(void)unpack_octets(&u, &len);
		}
	if (!unpack_done(&u))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	struct call c = { .fd = -1 };
	struct err e = { 0 };
	uint8_t *payload;

	if (signer == NULL)
		begin();
	if (len < 2 || in[1] == OP_SIGN_CRL)	/* which waits for a descriptor: fuzz_crl has the list */
		return 0;
	payload = malloc(len);
	if (payload == NULL)
		abort();
	memcpy(payload, in + 2, len - 2);
	fill_in(payload, len - 2);
	c.signer = signer;
	c.role = in[0] % ROLES;
	c.in = (struct unpack){ payload, len - 2, false };
	if (ops_run(&c, in[1], &e)) {
		if (in[1] == OP_SIGN_CERTS || in[1] == OP_SIGN_OCSP)
			slice_reply(&c);
	} else if (e.kind == ERR_NONE || e.code == NULL)
		abort();
	str_free(&c.out);
	free(payload);
	return 0;
}
