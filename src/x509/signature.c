#include "base/own.h"
#include "x509/key.h"

/* AlgorithmIdentifiers, whole: RSA with NULL (RFC 4055 section 5), ECDSA without (RFC 5758 section 3.2). */
static const struct algorithm {
	const char		*name, *digest;
	enum key_algorithm	 key;
	uint8_t			 len;
	uint8_t			 der[15];
} algorithms[] = {
	[SIGNATURE_NONE] = { "none", "", KEY_NONE, 0, { 0 } },
	[SIGNATURE_RSA_SHA1] = { "sha1WithRSAEncryption", "SHA1", KEY_RSA, 15,
	    { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00 } },
	[SIGNATURE_RSA_SHA256] = { "sha256WithRSAEncryption", "SHA256", KEY_RSA, 15,
	    { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00 } },
	[SIGNATURE_RSA_SHA384] = { "sha384WithRSAEncryption", "SHA384", KEY_RSA, 15,
	    { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c, 0x05, 0x00 } },
	[SIGNATURE_RSA_SHA512] = { "sha512WithRSAEncryption", "SHA512", KEY_RSA, 15,
	    { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d, 0x05, 0x00 } },
	[SIGNATURE_ECDSA_SHA256] = { "ecdsa-with-SHA256", "SHA256", KEY_EC, 12,
	    { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 } },
	[SIGNATURE_ECDSA_SHA384] = { "ecdsa-with-SHA384", "SHA384", KEY_EC, 12,
	    { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03 } },
	[SIGNATURE_ECDSA_SHA512] = { "ecdsa-with-SHA512", "SHA512", KEY_EC, 12,
	    { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04 } },
};

struct der
signature_algorithm_der(enum signature_algorithm a)
{
	return (struct der){ algorithms[a].der, algorithms[a].len };
}

const char *
signature_algorithm_name(enum signature_algorithm a)
{
	return algorithms[a].name;
}

enum signature_algorithm
signature_algorithm_find(const char *name)
{
	for (size_t i = 1; i < COUNT(algorithms); i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return (enum signature_algorithm)i;
	return SIGNATURE_NONE;
}

enum signature_algorithm
signature_algorithm_of(struct der whole)
{
	for (size_t i = 1; i < COUNT(algorithms); i++)
		if (der_equal(whole, algorithms[i].der, algorithms[i].len))
			return (enum signature_algorithm)i;
	return SIGNATURE_NONE;
}

enum signature_algorithm
signature_natural(struct key_type t)
{
	if (t.algorithm == KEY_RSA)
		return SIGNATURE_RSA_SHA256;
	if (t.algorithm != KEY_EC)
		return SIGNATURE_NONE;
	return t.bits <= 256 ? SIGNATURE_ECDSA_SHA256 : t.bits <= 384 ? SIGNATURE_ECDSA_SHA384 : SIGNATURE_ECDSA_SHA512;
}

enum key_algorithm
signature_algorithm_key(enum signature_algorithm a)
{
	return algorithms[a].key;
}

const char *
signature_algorithm_digest(enum signature_algorithm a)
{
	return algorithms[a].digest;
}
