/* Any octets as an upload of requests; what decodes lies inside them, and is judged. */
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "x509/csr.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char profile_text[] =
    "{\"id\":1,\"version\":1,\"name\":\"T\",\"ecosystem\":\"t\",\"ca\":\"c\",\"methods\":[\"csr\"],"
    "\"keys\":{\"csr\":[{\"algorithm\":\"EC\",\"curve\":\"P-256\"}]},\"signature\":\"ecdsa-with-SHA256\","
    "\"subject\":[{\"type\":\"O\",\"from\":\"csr\",\"optional\":true},"
    "{\"type\":\"OU\",\"from\":\"template\",\"template\":\"a{unit}b\",\"optional\":true},"
    "{\"type\":\"CN\",\"from\":\"input\",\"name\":\"mac_address\"}],\"validity\":{\"days\":1},\"extensions\":"
    "[],"
    "\"inputs\":[{\"name\":\"mac_address\",\"title\":\"M\",\"type\":\"mac_address\",\"sources\":[\"csr\"]},"
    "{\"name\":\"unit\",\"title\":\"U\",\"type\":\"text\",\"required\":false,\"sources\":[\"csr\"],\"max_"
    "length\":30}]}";

static struct profile *profile;
static struct csr_verifier *verifier;

static void
inside(struct der part, const uint8_t *in, size_t len)
{
	if (part.len > 0 && (part.p < in || part.len > len || (size_t)(part.p - in) > len - part.len))
		abort();
}

static void
one(const uint8_t *der, size_t len)
{
	OWN(arena_free) struct arena *a = arena_new(1 << 20);
	struct faults f = { .arena = a };
	struct csr_taken t;
	struct err e = { 0 };
	struct csr c;
	char why[INPUT_WHY_MAX];

	if (!csr_decode(der, len, &c, &e)) {
		if (e.kind != ERR_INVALID || e.msg[0] == '\0')
			abort();
		return;
	}
	inside(c.info, der, len);
	inside(c.subject, der, len);
	inside(c.key.spki, der, len);
	inside(c.attributes, der, len);
	inside(c.signature, der, len);
	(void)!csr_verify(verifier, &c, &e);
	if (!csr_judge(profile, &c, NULL, 1, &t, &f))
		return;
	for (size_t i = 0; i < PROFILE_INPUTS_MAX; i++) {
		size_t n;

		if (t.inputs[i] != NULL &&
		    !input_is_normal(&profile_inputs(profile, &n)[i], t.inputs[i], why))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	struct csr_upload u = { .text = (const char *)in, .len = len };
	uint8_t der[CSR_DER_MAX];
	struct err e = { 0 };
	enum csr_upload_step step;
	size_t n, at = 0;

	if (profile == NULL && !profile_parse(profile_text, strlen(profile_text), &profile, NULL, &e))
		abort();
	if (verifier == NULL)
		verifier = csr_verifier_new();
	while ((step = csr_upload_next(&u, der, &n, &e)) != CSR_UPLOAD_END) {
		if (u.line < 1 || u.at <= at)
			abort();
		at = u.at;
		if (step == CSR_UPLOAD_REQUEST)
			one(der, n);
		else if (strcmp(e.code, "private_key_in_upload") == 0 && !upload_has_private_key(in, len))
			abort();
	}
	one(in, len);
	return 0;
}
