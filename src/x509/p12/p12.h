/*
 * p12 - PKCS#12 files (RFC 7292): a device's key, its certificate and the chain above it.
 *
 * Modern: PBES2 (PBKDF2-HMAC-SHA256, AES-256-CBC) for both bags, HMAC-SHA256 over the whole.
 * Compatible, for old readers: pbeWithSHAAnd3-KeyTripleDES-CBC for both bags, HMAC-SHA1.
 *
 * The files of a batch share one password: who finds it by trying on one file has them all.  With
 * P12_SALT_BATCH the costly derivations are made once a batch, from random salts of 32 octets: one key
 * for the bags of all files, each bag under a random IV of its own, and one MAC key.  With
 * P12_SALT_DEVICE every file has its own (the two bags of a file share a key, never an IV).
 * Compatible mode derives the IV from the salt too, so a shared salt would repeat key and IV: there
 * every bag of every file has a salt and a derivation of its own, and P12_SALT_BATCH shares the MAC key only.
 */
#ifndef X509_P12_H
#define X509_P12_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/own.h"
#include "x509/der.h"

struct secret;
struct str;
struct p12_batch;
struct p12_writer;

enum p12_mode { P12_MODERN, P12_COMPATIBLE };
enum p12_salt { P12_SALT_BATCH, P12_SALT_DEVICE };

#define P12_ITERATIONS_MIN	1000u
#define P12_ITERATIONS_MAX	5000000u	/* what the readers' own limits allow */
#define P12_PASSWORD_MAX	128		/* octets */
#define P12_CHAIN_MAX		8

struct p12_setting {
	enum p12_mode	 mode;
	enum p12_salt	 salt;
	uint32_t	 iterations;
};

struct p12_content {
	struct der		 cert;		/* the device's certificate */
	const struct secret	*pkcs8;		/* its PrivateKeyInfo */
	const struct der	*chain;			/* issuing CA first; may be none */
	size_t			 chain_n;	/* up to P12_CHAIN_MAX */
	const char		*friendly_name;	/* UTF-8; NULL for none */
};

/* "modern", "compatible"; "batch", "device". */
must_check bool p12_mode_parse(const char *, enum p12_mode *);
must_check bool p12_salt_parse(const char *, enum p12_salt *);

/*
 * What PKCS#12 can carry everywhere: 1 to P12_PASSWORD_MAX printable ASCII characters.  ERR_INVALID
 * ("pkcs12_password") says what is wrong without repeating any of it.
 */
must_check bool p12_password_check(const char *, size_t, struct err *);

/*
 * Derives what the setting lets a batch share.  The password is UTF-8 in Unicode's NFC (not checked
 * here), not empty; the batch keeps its own copy.  Read-only afterwards: threads may share it.
 */
must_check bool p12_batch_new(const struct p12_setting *, const struct secret *password, struct p12_batch **,
    struct err *);
void p12_batch_free(struct p12_batch *);	/* wipes */
OWN_TYPE(struct p12_batch, p12_batch_free)

/* The kept contexts of one thread; serves any number of batches. */
struct p12_writer *p12_writer_new(void);
void p12_writer_free(struct p12_writer *);
OWN_TYPE(struct p12_writer, p12_writer_free)

/* Appends one DER file to *out.  localKeyID of key and certificate is the certificate's SHA-1. */
must_check bool p12_make(struct p12_writer *, const struct p12_batch *, const struct p12_content *,
    struct str *out, struct err *);

/* What a file holds, for those who check one. */
struct p12_opened {
	struct secret	*pkcs8;		/* NULL when the file holds no key */
	uint8_t		*cert;		/* the certificate that belongs to the key; NULL when none */
	size_t		 cert_len;
	uint8_t		*chain;		/* the other certificates, DER one behind the other */
	size_t		 chain_len;
	size_t		 chain_n;
	char		 mac[24];	/* "SHA256" ... ; "none" */
	uint32_t	 mac_iterations;
};

/* ERR_MALFORMED: no PKCS#12 file; ERR_INVALID ("pkcs12_password"): another password. */
must_check bool p12_open(struct der file, const struct secret *password, struct p12_opened *,
    struct err *);
void p12_opened_clear(struct p12_opened *);	/* wipes and releases; safe on { 0 } */

#endif
