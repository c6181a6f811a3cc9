/*
 * key - public keys as SubjectPublicKeyInfo: what kind, how large, and whether one may trust the form.
 */
#ifndef X509_KEY_H
#define X509_KEY_H

#include "base/hash.h"
#include "x509/der.h"

enum key_algorithm {
	KEY_NONE = 0,
	KEY_RSA,
	KEY_EC
};

/* RSA: modulus bits.  EC: 256, 384 or 521 for the NIST curves. */
struct key_type {
	enum key_algorithm	algorithm;
	unsigned		bits;
};

/* A decoded SubjectPublicKeyInfo; slices point into it. */
struct key_info {
	struct key_type	type;
	struct der	spki;		/* whole */
	struct der	bits;		/* of the BIT STRING: RSAPublicKey, or the point 04 || X || Y */
	struct der	modulus;	/* RSA: without leading zero */
	uint64_t	exponent;	/* RSA; 0: does not fit 64 bits */
};

/*
 * Strict: rsaEncryption with NULL parameters, odd modulus, odd exponent >= 3 (RFC 8017);
 * id-ecPublicKey with a named curve P-256, P-384 or P-521 and an uncompressed point (RFC 5480).  Whether
 * the point is on its curve is found when the key is used; key_on_curve tells by itself.
 * ERR_INVALID: key_form, key_algorithm, key_curve.
 */
must_check bool key_decode(struct der spki, struct key_info *out, struct err *);
must_check bool key_on_curve(const struct key_info *, struct err *);
/* "RSA 2048", "EC P-256". */
const char *key_type_text(struct key_type, char buf[24]);
/* "RSA" / "EC"; and the size as the API shows it: 2048, 256. */
const char *key_algorithm_name(enum key_algorithm);
/* Infineon's RSA library of CVE-2017-15361 left a fingerprint in the modulus. */
bool key_roca(struct der modulus);
void key_spki_sha256(struct der spki, uint8_t out[SHA256_LEN]);

/*
 * The SubjectPublicKeyInfo of an RSA key or of an EC point (04 || X || Y), written before what stands
 * in the writer.
 */
void key_put_rsa(struct der_writer *, const void *modulus, size_t, const void *exponent, size_t);
void key_put_ec(struct der_writer *, unsigned curve_bits, const void *point, size_t);

/* Signature algorithms, as profiles name them. */
enum signature_algorithm {
	SIGNATURE_NONE = 0,
	SIGNATURE_RSA_SHA1,	/* "sha1WithRSAEncryption" */
	SIGNATURE_RSA_SHA256,
	SIGNATURE_RSA_SHA384,
	SIGNATURE_RSA_SHA512,
	SIGNATURE_ECDSA_SHA256,	/* "ecdsa-with-SHA256" */
	SIGNATURE_ECDSA_SHA384,
	SIGNATURE_ECDSA_SHA512
};

/* AlgorithmIdentifier, whole. */
struct der signature_algorithm_der(enum signature_algorithm);
const char *signature_algorithm_name(enum signature_algorithm);
enum signature_algorithm signature_algorithm_find(const char *name);	/* SIGNATURE_NONE: unknown */
/* From a whole AlgorithmIdentifier; RSA needs NULL parameters, ECDSA none. */
enum signature_algorithm signature_algorithm_of(struct der algorithm_identifier);
enum key_algorithm signature_algorithm_key(enum signature_algorithm);
/* "SHA1", "SHA256", ...: OpenSSL's digest names. */
const char *signature_algorithm_digest(enum signature_algorithm);
/* SHA-256 with RSA or P-256, SHA-384 with P-384, SHA-512 with P-521: what a key signs with by itself. */
enum signature_algorithm signature_natural(struct key_type);

#endif
