/* Any octets as what a worker sends to be signed: what tbs_check takes, tbs_build makes again. */
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "x509/tbs.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define NOW INT64_C(1800000000)

static const char profile_text[] =
    "{\"id\":1,\"version\":1,\"name\":\"T\",\"ecosystem\":\"t\",\"ca\":\"c\",\"methods\":[\"csr\"],"
    "\"keys\":{\"csr\":[{\"algorithm\":\"EC\",\"curve\":\"P-256\"}]},\"signature\":\"ecdsa-with-SHA256\","
    "\"subject\":[{\"type\":\"O\",\"from\":\"input\",\"name\":\"maker\",\"optional\":true},"
    "{\"type\":\"OU\",\"from\":\"template\",\"template\":\"a{unit}b\",\"optional\":true},"
    "{\"type\":\"CN\",\"from\":\"input\",\"name\":\"mac_address\"}],\"validity\":{\"days\":1},\"extensions\":"
    "["
    "{\"type\":\"keyUsage\",\"usages\":[\"digitalSignature\"]},"
    "{\"type\":\"subjectAltName\",\"names\":[{\"dns\":\"{hosts}\",\"optional\":true},{\"ip\":\"{ips}\","
    "\"optional\":true}]},"
    "{\"type\":\"other\",\"oid\":\"1.2.3\",\"optional\":true,\"value\":{\"SEQUENCE\":[{\"INTEGER\":\"{number}"
    "\"},"
    "{\"OCTET STRING\":{\"octets\":\"{mac_address}\"}}]}}],"
    "\"inputs\":[{\"name\":\"mac_address\",\"title\":\"M\",\"type\":\"mac_address\"},"
    "{\"name\":\"maker\",\"title\":\"U\",\"type\":\"text\",\"required\":false},"
    "{\"name\":\"unit\",\"title\":\"U\",\"type\":\"text\",\"required\":false,\"max_length\":30},"
    "{\"name\":\"number\",\"title\":\"U\",\"type\":\"decimal\",\"required\":false},"
    "{\"name\":\"hosts\",\"title\":\"U\",\"type\":\"dns_name\",\"required\":false,\"multiple\":true},"
    "{\"name\":\"ips\",\"title\":\"U\",\"type\":\"ip_address\",\"required\":false,\"multiple\":true}]}";

static struct tbs_template *
make(void)
{
	/* An issuer needs no certificate here: a name, a key and a key identifier. */
	static const uint8_t name[] = { 0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03,
		0x0c, 0x01, 'C' };
	struct issuer i = { .cert = { name, sizeof(name) },
		.subject = { name, sizeof(name) },
		.ski = { name, 4 },
		.spki = { name, 1 },
		.key = { KEY_EC, 256 },
		.not_before_s = NOW - 100,
		.not_after_s = NOW + 86400 * 5 };
	struct tbs_template *t = NULL;
	struct profile *p = NULL;
	struct err e = { 0 };

	if (!profile_parse(profile_text, strlen(profile_text), &p, NULL, &e) ||
	    !tbs_template_new(p, &i, NULL, &t, &e))
		abort();
	return t;
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	static struct tbs_template *t;
	struct tbs_expect want = { NULL, NOW, 1000 };
	struct tbs_found found;
	struct tbs_in back = { 0 };
	uint8_t buf[TBS_MAX];
	struct err e = { 0 };
	struct der again;

	if (t == NULL)
		t = make();
	if (!tbs_check(t, &want, (struct der){ in, len }, &found, &e)) {
		if ((e.kind != ERR_FORBIDDEN && (e.kind != ERR_RETRY || strcmp(e.code, "clock") != 0)) || e.msg[0] == '\0')
			abort();
		return 0;
	}
	memcpy(back.inputs, found.inputs, sizeof(back.inputs));
	memcpy(back.serial, found.serial, sizeof(back.serial));
	back.spki = found.spki;
	back.not_before_s = found.not_before_s;
	back.not_after_s = found.not_after_s;
	if (!tbs_build(t, &back, buf, sizeof(buf), &again, &e) || !der_equal(again, in, len))
		abort();
	return 0;
}
