/*
 * cert - certificates: what we show of them, CA certificates as issuers, PEM and DER.
 */
#ifndef X509_CERT_H
#define X509_CERT_H

#include "base/arena.h"
#include "base/str.h"
#include "x509/key.h"

#define CERT_DER_MAX 16384

/* A decoded certificate; slices point into its DER. */
struct cert {
	struct der			 der;		/* whole */
	struct der			 tbs;		/* whole */
	struct der			 serial;	/* INTEGER contents */
	struct der			 issuer;	/* Name, whole */
	struct der			 subject;
	struct key_info			 key;		/* algorithm KEY_NONE when it is one we do not know */
	struct der			 spki;		/* whole, also then */
	int64_t				 not_before_s, not_after_s;
	struct der			 extensions;	/* contents of SEQUENCE OF Extension; empty: none */
	enum signature_algorithm	 signature_algorithm;
	struct der			 signature;
};

/* Strict DER, version 3 (or 1 without extensions), both algorithms alike.  ERR_INVALID cert_der. */
must_check bool cert_decode(const void *der, size_t len, struct cert *out, struct err *);

/* One extension by its OID contents. */
struct cert_extension {
	struct der	oid;
	bool		critical;
	struct der	value;		/* contents of the OCTET STRING */
};
bool cert_extension_find(const struct cert *, struct der oid, struct cert_extension *out);
/* Walks them: start with a reader of cert.extensions.  False at the end. */
bool cert_extension_next(struct der_reader *, struct cert_extension *out);

/* Upper-case hex of the serial number, without sign octet; 32 digits for ours. */
void cert_serial_text(struct der serial, struct str *out);

struct cert_extension_text {
	const char	*oid, *name;	/* name NULL: unknown */
	bool		 critical;
	const char	*value;		/* in words */
};
/* Everything for a detail view; strings live in the arena. */
struct cert_view {
	const char			*subject, *issuer, *serial_number;
	const char			*key;		/* "RSA 2048" */
	const char			*signature;	/* "sha256WithRSAEncryption" */
	const char			*sha256;	/* lower-case hex of the DER */
	int64_t				 not_before_s, not_after_s;
	struct cert_extension_text	*extensions;
	size_t				 n_extensions;
};
must_check bool cert_view(const struct cert *, struct arena *, struct cert_view *out, struct err *);
/* An extension's value in words (also for previews). */
void extension_words(struct der oid, struct der value, struct str *out);

/* A CA certificate as what signs others.  Slices point into the DER given to issuer_load. */
struct issuer {
	struct der	 cert;		/* whole */
	struct der	 subject;	/* Name, whole: the issuer of what it signs, byte for byte */
	struct der	 ski;		/* contents of the key identifier: copied, never computed */
	struct der	 spki;
	struct key_type	 key;
	int64_t		 not_before_s, not_after_s;
	bool		 signs_crls;
	bool		 self_signed;	/* names are equal; nothing was verified */
	char		 id[41];	/* lower-case hex of the SKI: {ca} of public paths */
};
/* ERR_INVALID: cert_der, issuer_not_ca (CA:TRUE, keyCertSign), issuer_ski (1..20 octets needed). */
must_check bool issuer_load(const void *der, size_t len, struct issuer *out, struct err *);

/* The CRL shard of a serial number: its last two octets modulo `shards` (0 or 1: always 0). */
unsigned cert_shard(const uint8_t serial[16], unsigned shards);
/* The shard whose list (".../crl/{ca}/N.crl") the certificate points at; false: at none. */
bool cert_shard_pointed(const struct cert *, unsigned *shard);
/* A serial number: 16 octets from the CSPRNG, top bit 0, first octet not 0. */
void cert_serial_make(uint8_t serial[16]);

/*
 * Certificate { tbs, algorithm, signature } into buf; `out` points into it.  ERR_INTERNAL when it is too
 * small: tbs + signature + 64 octets are enough.
 */
must_check bool cert_assemble(struct der tbs, enum signature_algorithm, const void *signature, size_t len,
    uint8_t *buf, size_t cap, struct der *out, struct err *);

/* Appends n certificates (up to 32) as SignedData without a signer, DER: what .p7b and .p7c files hold. */
must_check bool cert_bundle(const struct der *certs, size_t n, struct str *out, struct err *);

/* "-----BEGIN label-----", lines of 64. */
void pem_encode(const char *label, const void *, size_t, struct str *out);
/*
 * The first block of that label in a text.  ERR_INVALID: pem_none, pem_base64, pem_end; ERR_TOO_LARGE
 * when it is over `cap` octets.
 */
must_check bool pem_decode(const char *text, size_t len, const char *label, uint8_t *out, size_t cap,
    size_t *out_len, struct err *);
/* The next block from *at, which moves behind it; false at the end. */
struct pem_block {
	const char	*label;		/* points into the text, label_len characters */
	size_t		 label_len;
	const char	*body;		/* base64 with line ends */
	size_t		 body_len;
	size_t		 begin;		/* offset of the BEGIN line */
	bool		 ended;		/* an END line with the same label was there */
};
bool pem_next(const char *text, size_t len, size_t *at, struct pem_block *out);
must_check bool pem_body(const struct pem_block *, uint8_t *out, size_t cap, size_t *len);

#endif
